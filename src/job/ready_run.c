/*
 * ready_run.c
 *	  Run jobs of the lanes in batches.
 *
 * Runs in workers and in sessions that call run_jobs(), inside a transaction
 * that the process room opened.  Handlers and the end of their jobs share that
 * transaction: exactly once.
 *
 * A batch has jobs of one role and ends after 1000 of them or 5 ms.  Handlers
 * that have been quick and have not failed run without a subtransaction each;
 * if one of them throws after all, the batch is rolled back, nothing has
 * happened, and its jobs are run again with a subtransaction for each.  A
 * handler that is slow, or not known yet, runs alone, and the other jobs of
 * its pages are given back first: it holds up nobody.
 *
 * A handler of jsonb[] is called once for all jobs of the batch that are for
 * it; when it throws, once for each half of them, and so on, until the job at
 * fault is alone.
 */
#include "postgres.h"

#include <math.h>

#include "access/detoast.h"
#include "access/table.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "job/call.h"
#include "job/count.h"
#include "job/handler.h"
#include "job/lane.h"
#include "job/limit.h"
#include "job/metric.h"
#include "job/queue.h"
#include "job/ready.h"
#include "job/running.h"
#include "job/settle.h"
#include "job/unique.h"
#include "job/wish.h"

#define BATCH_MOST_JOBS 1000
#define BATCH_MOST_MS 5.0
#define QUICK_MS 1.0
#define PAGES_AT_ONCE 16

/* Args of one call of a jsonb[] handler, and one job more: they are all in memory at once */
#define CALL_MOST_BYTES (8 * 1024 * 1024)

/*
 * Subtransactions that write, in one transaction: more, and every snapshot in
 * the cluster has to look them up (PGPROC_MAX_CACHED_SUBXIDS).
 */
#define BATCH_MOST_SUBTRANSACTIONS 60

/* What this process knows of a handler */
typedef struct HandlerRecord
{
	char		name[NAMEDATALEN * 2 + 16];
	double		ms;				/* of late; negative: not run yet */
	double		failing;		/* share of its late runs that failed */
} HandlerRecord;

/* A batch being run */
typedef struct Batch
{
	JobScope   *scope;
	ReadyHand  *hand;
	bool		careful;		/* a subtransaction for each call */
	int			subtransactions;
	Settlement *settlement;
	TimestampTz began_at;
	instr_time	began;			/* the same moment */
	instr_time	returned;		/* when the last handler did */
	int			nrun;
	TimestampTz *until;			/* when a limit lets more jobs start */
	bool		full;			/* the queue's limit is reached */
	bool		freed;			/* it has only freed unique keys */
	bool		moved;			/* jobs have gone to other lanes */
	bool		durable;		/* a job, its queue or its handler asks for a durable commit */
	Oid			role_of_batch;
	Relation	relation;		/* the heap of the hand's pages */
	QueueKeep	keep;
	int64		timeout_ms;		/* of the queue */
	bool		durable_queue;
	const char *queue_taken;	/* jobs of it have been taken, and not been counted yet */
	int			ntaken;
	JobMetric  *metric;			/* of the job that was run last, */
	const char *metric_queue;	/* which had these */
	const char *metric_handler;
	const char *recorded;		/* the handler whose record was asked for last */
	HandlerRecord *record;
	const char *found;			/* the queue whose number was asked for last */
	int			found_number;
	JobCaller  *caller;
} Batch;

static HTAB *records = NULL;
static int	pages_next = 1; /* few while handlers are slow */
static bool distrusted[QUEUES][LANES];	/* the last batch of the lane was rolled back */
static const ReadyHand *trusting = NULL;	/* runs a batch without subtransactions */
static HandlerRecord *called = NULL;	/* whose handler that batch called last, and when */
static instr_time called_at;

static HandlerRecord *
record_of(const char *handler)
{
	HandlerRecord *record;
	HASHCTL		control = {.keysize = sizeof(record->name), .entrysize = sizeof(HandlerRecord)};
	char		key[sizeof(record->name)] = {0};
	bool		found;

	if (records == NULL)
		records = hash_create("pg_estate handlers", 64, &control, HASH_ELEM | HASH_BLOBS);
	strlcpy(key, handler, sizeof(key));
	record = hash_search(records, key, HASH_ENTER, &found);
	if (!found)
	{
		record->ms = -1;
		record->failing = 0;
	}
	return record;
}

/* The same for a job of the batch, whose neighbours mostly share the text of their handler */
static HandlerRecord *
batch_record(Batch *batch, const char *handler)
{
	if (batch->recorded != handler)
	{
		batch->record = record_of(handler);
		batch->recorded = handler;
	}
	return batch->record;
}

/* The figures that a job of the batch adds to */
static JobMetric *
batch_metric(Batch *batch, const Job *job)
{
	if (batch->metric_queue != job->queue || batch->metric_handler != job->handler)
	{
		batch->metric = metric_of(job);
		batch->metric_queue = job->queue;
		batch->metric_handler = job->handler;
	}
	return batch->metric;
}

static bool
is_quick(const HandlerRecord *record)
{
	return record->ms >= 0 && record->ms < QUICK_MS;
}

static void
note_run(HandlerRecord *record, double ms, bool failed)
{
	record->ms = record->ms < 0 ? ms : record->ms * 0.9 + ms * 0.1;
	/* one slow run is a warning, not an average */
	if (ms > BATCH_MOST_MS)
		record->ms = Max(record->ms, ms);
	record->failing = record->failing * 0.99 + (failed ? 0.01 : 0);
}

/*
 * Whether the caller's own cancel stopped the handler: then it is his CALL that
 * ends, not the job
 */
static bool
is_callers_cancel(const Batch *batch, const JobCall *call, const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_QUERY_CANCELED && OidIsValid(batch->scope->caller) &&
		!call->timed_out && !call->cancelled;
}

static void
settle_error(Batch *batch, JobCall *call, ErrorData *error)
{
	Job		   *job = call->jobs[0];
	MetricNumbers *numbers;

	if (is_callers_cancel(batch, call, error))
		ReThrowError(error);
	numbers = metric_add(batch_metric(batch, job));
	/* one that has failed, too, if somebody wishes so; and from now on nobody can */
	if (call->listed && wish_of(job->id, true) == WISH_COMMITTED)
		call->cancelled = true;
	if (call->cancelled)
	{
		settle_cancelled(batch->settlement, job, batch->keep);
		wish_fulfilled(job->id);
		numbers->cancelled++;
	}
	else if (settle_failed(batch->settlement, job, error, 0, batch->keep))
	{
		batch->scope->failed++;
		numbers->failed++;
		numbers->dead += job->attempt >= job->max_attempts;
	}
}

static void
settle_success(Batch *batch, JobCall *call)
{
	MetricNumbers *numbers = metric_add(batch_metric(batch, call->jobs[0]));

	call->jobs[0]->alone = false;	/* it has run, and the server is there */
	batch->durable |= call->durable;
	if (call->verdict == VERDICT_SNOOZE)
	{
		settle_wait(batch->settlement, call->jobs[0], call->run_at);
		numbers->snoozed++;
	}
	else if (call->verdict == VERDICT_CANCEL)
	{
		settle_cancelled(batch->settlement, call->jobs[0], batch->keep);
		numbers->cancelled++;
	}
	else
	{
		for (int i = 0; i < call->count; i++)
			settle_done(batch->settlement, call->jobs[i], batch->keep);
		batch->scope->done += call->count;
		numbers->done += call->count;
	}
}

static int64
timeout_of(const Batch *batch, const Job *job)
{
	if (job->timeout == NULL)
		return batch->timeout_ms;
	return (int64) ceil((job->timeout->time +
						 (job->timeout->day + job->timeout->month * 30.0) * USECS_PER_DAY) / 1000);
}

/*
 * Calls the handler for some jobs, which it may halve until it finds the one
 * that fails.  Returns whether any did.
 */
static bool
call_carefully(Batch *batch, Job **jobs, int count)
{
	JobCall		call = {
		.jobs = jobs,
		.count = count,
		.timeout_ms = timeout_of(batch, jobs[0]),
		.listed = batch->scope->nran > 0
	};
	ErrorData  *error;

	if (batch->subtransactions >= BATCH_MOST_SUBTRANSACTIONS)
	{
		/* too many in one transaction: they come to the end of the lane */
		for (int i = 0; i < count; i++)
			if (settle_keeps_key(batch->settlement, jobs[i]))
				ready_insert(jobs[i]);
		return true;
	}
	batch->subtransactions++;
	error = job_call_carefully(batch->caller, &call);
	if (error == NULL)
	{
		settle_success(batch, &call);
		return false;
	}
	if (count == 1)
	{
		settle_error(batch, &call, error);
		return true;
	}
	if (is_callers_cancel(batch, &call, error))
		ReThrowError(error);
	call_carefully(batch, jobs, count / 2);
	call_carefully(batch, jobs + count / 2, count - count / 2);
	return true;
}

/* Notes how long jobs had to wait that start now; the clock was read when the batch began */
static void
note_started(const Batch *batch, JobMetric *metric, Job **jobs, int count, instr_time now)
{
	TimestampTz at;

	INSTR_TIME_SUBTRACT(now, batch->began);
	at = batch->began_at + (int64) (INSTR_TIME_GET_MILLISEC(now) * 1000);
	for (int i = 0; i < count; i++)
		metric_started(metric, at - Max(jobs[i]->run_at, jobs[i]->enqueued_at));
}

static void
run_jobs(Batch *batch, Job **jobs, int count)
{
	JobMetric  *metric = batch_metric(batch, jobs[0]);
	HandlerRecord *record = batch_record(batch, jobs[0]->handler);
	bool		failed = false;
	instr_time	start,
				took;

	INSTR_TIME_SET_CURRENT(start);
	note_started(batch, metric, jobs, count, start);
	batch->nrun += count;
	for (int i = 0; i < count; i++)
		batch->durable |= jobs[i]->durable || batch->durable_queue;
	if (batch->careful)
		failed = call_carefully(batch, jobs, count);
	else
	{
		JobCall		call = {.jobs = jobs, .count = count, .timeout_ms = timeout_of(batch, jobs[0])};

		called = record;
		called_at = start;
		job_call(batch->caller, &call);
		called = NULL;
		settle_success(batch, &call);
	}
	INSTR_TIME_SET_CURRENT(batch->returned);
	took = batch->returned;
	INSTR_TIME_SUBTRACT(took, start);
	note_run(record, INSTR_TIME_GET_MILLISEC(took), failed);
	metric_ran(metric, (int64) (INSTR_TIME_GET_MILLISEC(took) * 1000), count);
}

/* May this session's caller run jobs of the role? */
static bool
is_in_scope(const JobScope *scope, const Job *job)
{
	if (scope->queue && strcmp(scope->queue, job->queue) != 0)
		return false;
	return !OidIsValid(scope->caller) || is_member_of_role(scope->caller, job->role);
}

static void
count_taken(Batch *batch)
{
	if (batch->ntaken > 0)
		count_jobs(batch->queue_taken, COUNTED_READY, -batch->ntaken);
	batch->ntaken = 0;
}

/* Its row is deleted: whatever becomes of the job is for this transaction to say */
static bool
take_job(Batch *batch, ReadyJob *ready)
{
	ready->settled = true;
	batch->hand->left--;
	if (!ready_delete(batch->hand, batch->relation, ready))
		return false;
	if (batch->queue_taken != ready->job.queue)
		count_taken(batch);
	batch->queue_taken = ready->job.queue;
	batch->ntaken++;
	batch->scope->got_on = true;
	return true;
}

/* A job whose queue was created after it was enqueued goes where its queue's jobs wait */
static bool
is_elsewhere(Batch *batch, const Job *job)
{
	/* of this batch only: the next hand may have another name at the same address */
	if (batch->found != job->queue)
	{
		batch->found_number = queue_find(job->queue);
		batch->found = job->queue;
	}
	return batch->found_number != batch->hand->heap.queue;
}

/* Whether the limits let it start now; where they put it off, it is moved */
static bool
ready_is_admitted(Batch *batch, ReadyJob *ready)
{
	AdmissionAnswer answer;

	/* a key is looked for in the args; where they are out of line they may be gone with the row */
	if (VARATT_IS_EXTERNAL(DatumGetPointer(ready->job.args)) &&
		queue_at(batch->hand->heap.queue)->key[0] != '\0' &&
		!ready_is_alive(batch->relation, ready))
	{
		ready->settled = true;
		batch->hand->left--;
		return false;
	}
	answer = limit_ask(batch->hand->heap.queue, &ready->job);
	switch (answer.admission)
	{
		case ADMITTED:
			return true;
		case QUEUE_FULL:
			batch->full = true;
			if (answer.until)
				*batch->until = Min(*batch->until, answer.until);
			return false;
		case KEY_BUSY:
			*batch->until = Min(*batch->until, answer.until);
			return false;
		case KEY_FULL:
		case KEY_TOO_FAST:
		case KEY_UNCOUNTED:
			if (take_job(batch, ready))
				settle_held(batch->settlement, &ready->job, &answer);
			return false;
	}
	return false;
}

/* Whether it has to begin a batch of its own */
static bool
begins_batch(Batch *batch, const ReadyJob *ready)
{
	return ready->job.alone || (unique_ends_at_start(&ready->job) && !ready->key_freed) ||
		!is_quick(batch_record(batch, ready->job.handler));
}

/*
 * Somebody wished so before the job came to us: its worker was ended, or the
 * server crashed.  Settled by itself, as it may be of another role than the
 * batch.  Its row has been taken.
 */
static bool
is_cancelled(Batch *batch, ReadyJob *ready)
{
	Settlement *settlement;

	if (!wish_any() || wish_before_start(ready->job.id, true) != WISH_COMMITTED)
		return false;
	limit_undo();
	settlement = settle_begin(1, DONE_BY_SQL);
	settle_cancelled(settlement, &ready->job, batch->keep);
	settle_write(settlement);
	wish_fulfilled(ready->job.id);
	return true;
}

static bool
is_waiting_for_start(const Job *job)
{
	const ReadyJob *ready = (const ReadyJob *) job;	/* its first member */

	return unique_ends_at_start(job) && !ready->key_freed;
}

/* Whether one call can have both */
static bool
is_alike(const Batch *batch, const Job *job, const Job *like)
{
	return job->handler == like->handler && !job->alone &&
		timeout_of(batch, job) == timeout_of(batch, like);
}

/*
 * The next job of the batch, with its row deleted, or one whose unique key has
 * to be freed first; NULL: the batch is at its end.  like: only one for the
 * same call.
 */
static Job *
next_job(Batch *batch, int *at, const Job *like)
{
	ReadyHand  *hand = batch->hand;

	for (; *at < hand->count && batch->settlement->nopenings < batch->settlement->most; (*at)++)
	{
		ReadyJob   *ready = &hand->jobs[*at];

		if (ready->settled || !is_in_scope(batch->scope, &ready->job) ||
			((batch->nrun > 0 || like) && ready->job.role != batch->role_of_batch))
			continue;
		if (like ? !is_alike(batch, &ready->job, like) :
			batch->nrun > 0 && begins_batch(batch, ready))
			return NULL;
		if (is_elsewhere(batch, &ready->job))
		{
			if (take_job(batch, ready))
			{
				ready_insert(&ready->job);
				batch->moved = true;
			}
			continue;
		}
		if (!ready_is_admitted(batch, ready))
		{
			if (batch->full)
				return NULL;
			continue;
		}
		if (is_waiting_for_start(&ready->job))
		{
			limit_undo();		/* it starts in the next batch */
			return &ready->job;
		}
		if (take_job(batch, ready) && !is_cancelled(batch, ready))
		{
			batch->role_of_batch = ready->job.role;
			return &ready->job;
		}
	}
	return NULL;
}

/* Whether all jobs that the batch could have start in a moment, once one does */
static bool
all_start_soon(Batch *batch, const Job *first)
{
	const Queue *queue = queue_at(batch->hand->heap.queue);

	return queue->rate == 0 && queue->rate_by_key == 0 && queue->concurrency_by_key == 0 &&
		!first->alone && is_quick(batch_record(batch, first->handler));
}

/*
 * Unique keys that are held until the job starts: they are free with this
 * transaction, and the jobs are run by the next one.  Else whoever enqueues
 * with such a key would wait for the handler to end.
 */
static void
free_keys(Batch *batch, const Job *first)
{
	ReadyHand  *hand = batch->hand;
	bool		all = all_start_soon(batch, first);
	Job		  **jobs = palloc(sizeof(Job *) * hand->count);
	int			n = 0;

	for (int i = 0; i < hand->count; i++)
	{
		ReadyJob   *ready = &hand->jobs[i];

		if (&ready->job != first &&
			(!all || ready->settled || !unique_ends_at_start(&ready->job) ||
			 ready->job.role != first->role || ready->job.handler != first->handler ||
			 !is_in_scope(batch->scope, &ready->job)))
			continue;
		ready->key_freed = true;
		jobs[n++] = &ready->job;
	}
	unique_free(jobs, n);
	batch->freed = true;
}

/*
 * The jobs run alone.  The others on their pages are given back before they
 * start; the rows that are gone are noted, so that an abort brings the pages
 * back too.
 */
static void
run_alone(Batch *batch, Job **jobs, int count)
{
	ReadyHand  *hand = batch->hand;

	batch->careful = true;
	pages_next = 1;
	/* pages whose jobs were moved before these are given back too, should we abort */
	for (int i = 0; i < hand->count; i++)
		if (hand->jobs[i].settled)
			lane_note_row(hand->heap, ItemPointerGetBlockNumber(&hand->jobs[i].tid));
	ready_unpin();
	ready_give_back(hand);
	/* workers that looked while we had the pages have found nothing */
	if (hand->left > 0)
		estate_wake_now(WORKER_SQL);
	limit_mark_slow();
	if (count == 1)
	{
		running_add(&(Running) {
			.id = jobs[0]->id,
			.role = jobs[0]->role,
			.metric = metric_number(metric_of(jobs[0])),
			.counted = COUNTED_READY
		});
		batch->scope->ran[batch->scope->nran++] = jobs[0]->id;
	}
	run_jobs(batch, jobs, count);
}

/* All jobs of the batch that go to one call */
static int
ready_gather(Batch *batch, int *at, Job **jobs, Job *first)
{
	int			count = 0;
	Size		bytes = toast_raw_datum_size(first->args);

	jobs[count++] = first;
	if (!job_is_for_batch(first->handler) || first->alone)
		return count;
	while (batch->nrun + count < BATCH_MOST_JOBS && bytes < CALL_MOST_BYTES)
	{
		Job		   *job = next_job(batch, at, first);

		if (job == NULL || is_waiting_for_start(job))
			break;
		bytes += toast_raw_datum_size(job->args);
		jobs[count++] = job;
	}
	return count;
}

static void
run_batch(Batch *batch)
{
	Job		  **jobs = palloc(sizeof(Job *) * BATCH_MOST_JOBS);
	instr_time	took;
	int			at = 0;
	Job		   *job;

	INSTR_TIME_SET_CURRENT(batch->began);
	batch->began_at = GetCurrentTimestamp();
	while ((job = next_job(batch, &at, NULL)) != NULL)
	{
		int			count;

		CHECK_FOR_INTERRUPTS();
		if (is_waiting_for_start(job))
		{
			if (batch->nrun == 0)
				free_keys(batch, job);
			return;
		}
		count = ready_gather(batch, &at, jobs, job);
		if (job->alone || !is_quick(batch_record(batch, job->handler)))
		{
			run_alone(batch, jobs, count);
			return;
		}
		pages_next = Min(pages_next * 2, PAGES_AT_ONCE);
		run_jobs(batch, jobs, count);
		took = batch->returned;
		INSTR_TIME_SUBTRACT(took, batch->began);
		if (batch->nrun >= BATCH_MOST_JOBS ||
			batch->subtransactions >= BATCH_MOST_SUBTRANSACTIONS ||
			INSTR_TIME_GET_MILLISEC(took) > BATCH_MOST_MS)
			return;
	}
}

/* Whether a batch was rolled back because a handler without a subtransaction threw */
bool
job_ready_should_retry(void)
{
	const ReadyHand *hand = trusting;
	instr_time	now;

	job_call_forget();
	trusting = NULL;
	if (hand == NULL)
		return false;
	/* of this lane only: what others do in between must not make us try it again and again */
	distrusted[hand->heap.queue][hand->heap.lane] = true;
	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, called_at);
	if (called)
		note_run(called, INSTR_TIME_GET_MILLISEC(now), true);
	return true;
}

/* Share of failures above which a handler gets its subtransaction at once */
#define FAILING_OFTEN 0.002

static bool
is_trusted(const Batch *batch)
{
	const ReadyHand *hand = batch->hand;

	/* in a session an abort would be the caller's */
	if (distrusted[hand->heap.queue][hand->heap.lane] || OidIsValid(batch->scope->caller))
		return false;
	for (int i = 0; i < hand->count; i++)
		if (!hand->jobs[i].settled)
			return record_of(hand->jobs[i].job.handler)->failing < FAILING_OFTEN;
	return true;
}

/*
 * As many pages as a batch can have all jobs of, when they are like the last
 * ones: else every second batch would have the few that the first one left.
 */
static int
pages_for_batch(const ReadyHand *hand)
{
	int			pages = hand->blocks.to - hand->blocks.from;

	if (hand->count == 0)
		return pages_next;
	return Max(1, Min(pages_next, BATCH_MOST_JOBS * pages / hand->count));
}

/*
 * Runs a batch of the lanes' jobs.  False: there are none that can start now;
 * `*until` is lowered to when a limit may let some.  The pages stay in hand
 * until the next ones are taken, after the commit.
 */
bool
job_run_ready(JobScope *scope, TimestampTz *until)
{
	Batch	   *batch = palloc0(sizeof(Batch));
	ReadyHand  *hand = ready_hand(OidIsValid(scope->caller));
	Queue	   *queue;
	int			before;

	scope->durable = false;
	/* a queue may have been paused, changed or dropped since the last batch */
	queue_refresh();
	if ((!hand->holds || hand->left == 0) && !ready_take(hand, pages_for_batch(hand), until))
		return false;
	queue = queue_at(hand->heap.queue);
	before = hand->left;
	batch->scope = scope;
	batch->hand = hand;
	batch->until = until;
	batch->keep = queue->keep;
	batch->durable_queue = queue->durable;
	batch->timeout_ms = queue->timeout_ms;
	batch->caller = palloc0(sizeof(JobCaller));
	batch->settlement = settle_begin(BATCH_MOST_JOBS, DONE_BY_SQL);
	batch->careful = !is_trusted(batch);
	trusting = batch->careful ? NULL : hand;
	batch->relation = ready_open(hand->heap, RowExclusiveLock, until);
	if (batch->relation && !queue->paused && limit_enter(hand->heap.queue, true))
	{
		run_batch(batch);
		ready_unpin();
		count_taken(batch);
		settle_write(batch->settlement);
	}
	if (batch->relation)
		table_close(batch->relation, NoLock);
	trusting = NULL;
	scope->durable = batch->durable;
	/* what was moved may have come to where this pass has been already */
	hand->any_in_pass |= batch->nrun > 0 || batch->moved;
	scope->got_on |= batch->freed;
	if (hand->left == before && !batch->freed)
		ready_skip(hand);		/* nothing of it can be run for now, or in this session's scope */
	/* given back when the next are taken: until the commit, an abort must bring the pages back */
	if (hand->left == 0)
		distrusted[hand->heap.queue][hand->heap.lane] = false;
	return true;
}
