/*
 * metric.c
 *	  What handlers do: how often, how late, how long.
 *
 * Runs in any process that runs jobs, inside a transaction.  What it adds is
 * collected here and goes to shared memory when the transaction has committed,
 * once for a batch, by metric_at_end(), which neither allocates nor throws;
 * what an abort has undone is not told.  Cumulative since the server started.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/hsearch.h"

#include "job/metric.h"

#define BUCKET_FIRST_US 100

typedef struct MetricState
{
	int			n;
	Metric		metrics[METRICS];
} MetricState;

EstateArea metric_area = {
	.name = "pg_estate metrics",
	.bytes = sizeof(MetricState),
	.npieces = ESTATE_MAX_DATABASES
};

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
static Metric *
find_shared(MetricState *state, const JobMetric *metric)
{
	Metric	   *shared = state->metrics;
	int			n = state->n;

	for (int i = 0; i < n; i++, shared++)
		if (strcmp(shared->handler, metric->handler) == 0 &&
			strcmp(shared->queue, metric->queue) == 0)
			return shared;
	if (n == METRICS - 1)
		return &state->metrics[METRICS - 1];
	memset(shared, 0, sizeof(*shared));
	strlcpy(shared->queue, metric->queue, sizeof(shared->queue));
	strlcpy(shared->handler, metric->handler, sizeof(shared->handler));
	state->n++;
	return shared;
}

/* Jobs that have ended, by the time they did: those of the last minute are kept apart */
static void
add_throughput(Metric *shared, int64 ended, TimestampTz now)
{
	int64		span = now / METRIC_SPAN_US;

	for (int64 empty = Max(shared->span, span - METRIC_SPANS) + 1; empty <= span; empty++)
		shared->ended[empty % METRIC_SPANS] = 0;
	shared->span = Max(shared->span, span);
	shared->ended[span % METRIC_SPANS] += ended;
}

static void
add_numbers(MetricNumbers *to, const MetricNumbers *from)
{
	to->done += from->done;
	to->failed += from->failed;
	to->dead += from->dead;
	to->snoozed += from->snoozed;
	to->cancelled += from->cancelled;
	for (int i = 0; i < METRIC_BUCKETS; i++)
	{
		to->latency[i] += from->latency[i];
		to->run_time[i] += from->run_time[i];
	}
}

static void
tell_metrics(void)
{
	MetricState *state = estate_lock_piece(&metric_area, LW_EXCLUSIVE);
	TimestampTz now = GetCurrentTransactionStopTimestamp();

	if (state == NULL)
		return;
	for (JobMetric *metric = changed; metric; metric = metric->next)
	{
		Metric	   *shared = find_shared(state, metric);
		MetricNumbers *add = &metric->add;

		add_numbers(&shared->total, add);
		add_throughput(shared, add->done + add->dead + add->cancelled, now);
	}
	estate_unlock_piece(&metric_area, state);
}

void
metric_at_end(XactEvent event)
{
	if (changed == NULL)
		return;
	if (event == XACT_EVENT_COMMIT)
		tell_metrics();
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
		metrics = hash_create("pg_estate metrics", 64, &control, HASH_ELEM | HASH_BLOBS);
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
	MetricState *state = estate_lock_piece(&metric_area, LW_EXCLUSIVE);
	int			number;

	if (state == NULL)
		return METRICS - 1;
	number = find_shared(state, metric) - state->metrics;
	estate_unlock_piece(&metric_area, state);
	return number;
}

/* The numbers that are added when this transaction commits */
MetricNumbers *
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
metric_bucket(int64 us)
{
	if (us < BUCKET_FIRST_US)
		return 0;
	return Min(pg_leftmost_one_pos64(us / BUCKET_FIRST_US) + 1, METRIC_BUCKETS - 1);
}

/* A job has started, so long after it could have */
void
metric_started(JobMetric *metric, int64 latency)
{
	metric_add(metric)->latency[metric_bucket(latency)]++;
}

/* Its handler took so long, for all of these jobs */
void
metric_ran(JobMetric *metric, int64 us, int jobs)
{
	metric_add(metric)->run_time[metric_bucket(jobs == 1 ? us : us / jobs)] += jobs;
}

/* All of them, as they are; false: this database has no workers, and none */
bool
metric_copy(Metric *copy)
{
	MetricState *state = estate_lock_piece(&metric_area, LW_SHARED);

	if (state == NULL)
		return false;
	memcpy(copy, state->metrics, sizeof(state->metrics));
	estate_unlock_piece(&metric_area, state);
	return true;
}

/* The queue of a metric, by metric_number(); names do not change once they are there */
const char *
metric_queue(int number)
{
	const MetricState *state = estate_piece(&metric_area);

	return state == NULL || number == METRICS - 1 ? METRIC_OTHERS : state->metrics[number].queue;
}

const char *
metric_handler(int number)
{
	const MetricState *state = estate_piece(&metric_area);

	return state == NULL || number == METRICS - 1 ? METRIC_OTHERS : state->metrics[number].handler;
}
