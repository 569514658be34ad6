/*
 * metric.h
 *	  What handlers do: how often, how late, how long.
 */
#ifndef ESTATE_METRIC_H
#define ESTATE_METRIC_H

#include "job/job.h"

/* What this transaction adds to the figures of a queue's handler; it stays where it is as long as the process lives */
typedef struct JobMetric
{
	struct JobMetric *next;		/* of those that have something to add */
	bool		changed;
	char		queue[NAMEDATALEN];
	char		handler[NAMEDATALEN * 2 + 16];
	EstateMetricNumbers add;
} JobMetric;

extern JobMetric *metric_of(const Job *job);
extern int	metric_number(JobMetric *metric);
extern void metric_started(JobMetric *metric, int64 latency);
extern void metric_ran(JobMetric *metric, int64 us, int jobs);
extern EstateMetricNumbers *metric_add(JobMetric *metric);

#endif							/* ESTATE_METRIC_H */
