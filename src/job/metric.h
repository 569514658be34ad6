/*
 * metric.h
 *	  What handlers do: how often, how late, how long.
 */
#ifndef ESTATE_METRIC_H
#define ESTATE_METRIC_H

#include "job/job.h"

#include "access/xact.h"

/* What handlers do, by queue and handler, since the server started; the last is for all others */
#define METRICS 128
#define METRIC_OTHERS "(others)"
#define METRIC_BUCKETS 24		/* of 100 us, doubling: the last begins at 7 minutes */
#define METRIC_SPANS 12			/* of 5 s */
#define METRIC_SPAN_US (INT64CONST(60) * 1000000 / METRIC_SPANS)

typedef struct MetricNumbers
{
	int64		done;
	int64		failed;			/* attempts */
	int64		dead;
	int64		snoozed;
	int64		cancelled;		/* while running */
	int64		latency[METRIC_BUCKETS];	/* from when it could start to when it did */
	int64		run_time[METRIC_BUCKETS];
} MetricNumbers;

/* In shared memory */
typedef struct Metric
{
	char		queue[NAMEDATALEN];
	char		handler[NAMEDATALEN * 2 + 16];
	MetricNumbers total;
	int64		span;			/* number of the newest span of ended[] */
	int64		ended[METRIC_SPANS];
} Metric;

/*
 * What this transaction adds to the figures of a queue's handler; it stays
 * where it is as long as the process lives
 */
typedef struct JobMetric
{
	struct JobMetric *next;		/* of those that have something to add */
	bool		changed;
	char		queue[NAMEDATALEN];
	char		handler[NAMEDATALEN * 2 + 16];
	MetricNumbers add;
} JobMetric;

extern EstateArea metric_area;

extern JobMetric *metric_of(const Job *job);
extern int	metric_number(JobMetric *metric);
extern void metric_started(JobMetric *metric, int64 latency);
extern void metric_ran(JobMetric *metric, int64 us, int jobs);
extern MetricNumbers *metric_add(JobMetric *metric);
extern bool metric_copy(Metric *metrics);
extern const char *metric_queue(int number);
extern const char *metric_handler(int number);

/* a step of transaction_end.c */
extern void metric_at_end(XactEvent event);

#endif							/* ESTATE_METRIC_H */
