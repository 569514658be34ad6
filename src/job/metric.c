/*
 * metric.c
 *	  What handlers do: how often, how late, how long.
 *
 * Runs in any process that runs jobs, inside a transaction.  What it adds is
 * collected here and goes to shared memory when the transaction has committed,
 * once for a batch; what an abort has undone is not told.  Cumulative since the
 * server started.
 */
#include "postgres.h"

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/hsearch.h"

#include "job/metric.h"

#define BUCKET_FIRST_US 100
#define SPAN_US (INT64CONST(60) * 1000000 / ESTATE_THROUGHPUT_SPANS)

typedef struct MetricName
{
	char		queue[NAMEDATALEN];
	char		handler[NAMEDATALEN * 2 + 16];
} MetricName;

typedef struct MetricEntry
{
	MetricName	name;
	JobMetric	metric;
} MetricEntry;

static HTAB *metrics = NULL;
static JobMetric *changed = NULL;

/* Place of a metric in shared memory, made if there is room; the caller holds the lock */
static EstateMetric *
find_shared(EstateDatabaseSlot *slot, const JobMetric *metric)
{
	EstateMetric *shared = slot->metrics;
	int			n = slot->nmetrics;

	for (int i = 0; i < n; i++, shared++)
		if (strcmp(shared->handler, metric->handler) == 0 && strcmp(shared->queue, metric->queue) == 0)
			return shared;
	if (n == ESTATE_METRICS - 1)
		return &slot->metrics[ESTATE_METRICS - 1];
	memset(shared, 0, sizeof(*shared));
	strlcpy(shared->queue, metric->queue, sizeof(shared->queue));
	strlcpy(shared->handler, metric->handler, sizeof(shared->handler));
	slot->nmetrics++;
	return shared;
}

/* Jobs that have ended, by the time they did: those of the last minute are kept apart */
static void
add_throughput(EstateMetric *shared, int64 ended, TimestampTz now)
{
	int64		span = now / SPAN_US;

	for (int64 empty = Max(shared->span, span - ESTATE_THROUGHPUT_SPANS) + 1; empty <= span; empty++)
		shared->ended[empty % ESTATE_THROUGHPUT_SPANS] = 0;
	shared->span = Max(shared->span, span);
	shared->ended[span % ESTATE_THROUGHPUT_SPANS] += ended;
}

static void
add_numbers(EstateMetricNumbers *to, const EstateMetricNumbers *from)
{
	to->done += from->done;
	to->failed += from->failed;
	to->dead += from->dead;
	to->snoozed += from->snoozed;
	to->cancelled += from->cancelled;
	for (int i = 0; i < ESTATE_BUCKETS; i++)
	{
		to->latency[i] += from->latency[i];
		to->run_time[i] += from->run_time[i];
	}
}

static void
tell(void)
{
	EstateDatabaseSlot *slot;
	TimestampTz now = GetCurrentTransactionStopTimestamp();

	LWLockAcquire(estate_shared->metrics_lock, LW_EXCLUSIVE);
	slot = estate_find_slot(MyDatabaseId);
	for (JobMetric *metric = changed; metric && slot; metric = metric->next)
	{
		EstateMetric *shared = find_shared(slot, metric);
		EstateMetricNumbers *add = &metric->add;

		add_numbers(&shared->total, add);
		add_throughput(shared, add->done + add->dead + add->cancelled, now);
	}
	LWLockRelease(estate_shared->metrics_lock);
}

/* Runs while a transaction ends; neither allocates nor throws */
static void
end_callback(XactEvent event, void *arg)
{
	if (changed == NULL)
		return;
	if (event == XACT_EVENT_COMMIT)
		tell();
	else if (event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	for (JobMetric *metric = changed; metric; metric = metric->next)
		metric->changed = false;
	changed = NULL;
}

/* As much of a name as there is room for; the rest stays zero */
static void
copy_name(char *to, size_t size, const char *name)
{
	memcpy(to, name, pg_mbcliplen(name, strlen(name), size - 1));
}

/* Where to add what becomes of a job */
JobMetric *
metric_of(const Job *job)
{
	static JobMetric *last = NULL;
	MetricName	name = {{0}, {0}};
	HASHCTL		control = {.keysize = sizeof(MetricName), .entrysize = sizeof(MetricEntry)};
	MetricEntry *entry;
	bool		found;

	if (last && strncmp(last->handler, job->handler, sizeof(last->handler) - 1) == 0 &&
		strncmp(last->queue, job->queue, sizeof(last->queue) - 1) == 0)
		return last;
	if (metrics == NULL)
	{
		metrics = hash_create("pg_estate metrics", 64, &control, HASH_ELEM | HASH_BLOBS);
		if (estate_shared)
			RegisterXactCallback(end_callback, NULL);
	}
	copy_name(name.queue, sizeof(name.queue), job->queue);
	copy_name(name.handler, sizeof(name.handler), job->handler);
	entry = hash_search(metrics, &name, HASH_ENTER, &found);
	if (!found)
	{
		memset(&entry->metric, 0, sizeof(entry->metric));
		memcpy(entry->metric.queue, name.queue, sizeof(name.queue));
		memcpy(entry->metric.handler, name.handler, sizeof(name.handler));
	}
	return last = &entry->metric;
}

/* Its number in shared memory, by which others know a running job's handler */
int
metric_number(JobMetric *metric)
{
	EstateDatabaseSlot *slot;
	int			number = ESTATE_METRICS - 1;

	if (estate_shared == NULL)
		return number;
	LWLockAcquire(estate_shared->metrics_lock, LW_EXCLUSIVE);
	slot = estate_find_slot(MyDatabaseId);
	if (slot)
		number = find_shared(slot, metric) - slot->metrics;
	LWLockRelease(estate_shared->metrics_lock);
	return number;
}

/* The numbers that are added when this transaction commits */
EstateMetricNumbers *
metric_add(JobMetric *metric)
{
	if (!metric->changed)
	{
		memset(&metric->add, 0, sizeof(metric->add));
		metric->changed = true;
		metric->next = changed;
		changed = metric;
	}
	return &metric->add;
}

static int
bucket(int64 us)
{
	if (us < BUCKET_FIRST_US)
		return 0;
	return Min(pg_leftmost_one_pos64(us / BUCKET_FIRST_US) + 1, ESTATE_BUCKETS - 1);
}

/* A job has started, so long after it could have */
void
metric_started(JobMetric *metric, int64 latency)
{
	metric_add(metric)->latency[bucket(latency)]++;
}

/* Its handler took so long, for all of these jobs */
void
metric_ran(JobMetric *metric, int64 us, int jobs)
{
	metric_add(metric)->run_time[bucket(jobs == 1 ? us : us / jobs)] += jobs;
}
