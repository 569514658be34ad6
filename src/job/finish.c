/*
 * finish.c
 *	  How a network job ends, or comes back.
 *
 * Runs in the network worker and in sessions that run jobs, inside the
 * transaction of the job's last step.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "job/job.h"
#include "job/metric.h"
#include "job/queue.h"
#include "job/running.h"
#include "job/settle.h"

static QueueKeep
keep_of(const Job *job)
{
	return queue_at(queue_find(job->queue))->keep;
}

/* Where to add what became of a job that a worker had in hand */
static MetricNumbers *
note_end(const Job *job)
{
	JobMetric  *metric = metric_of(job);
	TimestampTz started = running_since(job->id);

	if (started != 0)
	{
		metric_started(metric, started - Max(job->run_at, job->enqueued_at));
		metric_ran(metric, GetCurrentTimestamp() - started, 1);
	}
	return metric_add(metric);
}

/* A copy, which is settled, while the task keeps the job as it was claimed */
static Job *
copy_of(const Job *job)
{
	Job		   *copy = palloc(sizeof(Job));

	*copy = *job;
	return copy;
}

void
job_done(const Job *job)
{
	Settlement *settlement = settle_begin(1, DONE_BY_NETWORK);

	if (!open_remove(job->id))
		return;
	settle_done(settlement, copy_of(job), keep_of(job));
	note_end(job)->done++;
	settle_write(settlement);
}

/* retry_at: see settle_failed() */
void
job_failed(const Job *job, const ErrorData *error, TimestampTz retry_at)
{
	Settlement *settlement = settle_begin(1, DONE_BY_NETWORK);
	Job		   *copy;

	if (!open_remove(job->id))
		return;
	copy = copy_of(job);
	if (settle_failed(settlement, copy, error, retry_at, keep_of(job)))
	{
		MetricNumbers *numbers = note_end(job);

		numbers->failed++;
		numbers->dead += copy->attempt >= copy->max_attempts;
	}
	settle_write(settlement);
}

void
job_cancelled(const Job *job)
{
	Settlement *settlement = settle_begin(1, DONE_BY_NETWORK);

	if (!open_remove(job->id))
		return;
	settle_cancelled(settlement, copy_of(job), keep_of(job));
	note_end(job)->cancelled++;
	settle_write(settlement);
}

/* Try again at a time, as if it had not been tried: a feed that is being run elsewhere */
void
job_snooze(const Job *job, TimestampTz run_at)
{
	Settlement *settlement = settle_begin(1, DONE_BY_NETWORK);

	if (!open_remove(job->id))
		return;
	settle_wait(settlement, copy_of(job), run_at);
	metric_add(metric_of(job))->snoozed++;
	settle_write(settlement);
}
