/*
 * settle.c
 *	  What becomes of jobs that were run: done, tried again, dead, cancelled,
 *	  or put off.
 *
 * Runs in workers and in sessions that run jobs, inside the transaction of
 * the handlers' effects: that is what makes them exactly once.  The jobs' rows
 * have been deleted where they waited; here they are written where they go,
 * all at once at the end of the transaction.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "failure.h"
#include "job/await.h"
#include "job/queue.h"
#include "job/settle.h"
#include "job/unique.h"

/* Back-off after a failure: 1 s doubling to an hour, with a fifth of jitter */
#define BACKOFF_FIRST_US 1e6
#define BACKOFF_MOST_US 3600e6
/* What is asked for may be longer, but now and it have to remain a time */
#define BACKOFF_ASKED_MOST_US (10 * 365.0 * USECS_PER_DAY)

/*
 * What is kept of a failure, and how many of a job's: one that is tried for
 * ever must not grow for ever
 */
#define ERROR_MOST_BYTES 4096
#define ERRORS_KEPT 100

/* For this long after it was enqueued a job's collisions do not count as attempts */
#define COLLISIONS_MOST_US (INT64CONST(5) * 60 * 1000000)

Settlement *
settle_begin(int most, JobDoer done_by)
{
	Settlement *settlement = palloc0(sizeof(Settlement));

	settlement->done_by = done_by;
	settlement->most = most;
	/* of those that may not start yet and of those that were run, at most so many each */
	settlement->endings = palloc(sizeof(JobEnding) * most * 2);
	settlement->openings = palloc(sizeof(JobOpening) * most * 2);
	settlement->freed = palloc(sizeof(Job *) * most * 2);
	settlement->ended.done = palloc(sizeof(int64) * most);
	settlement->ended.failed = palloc(sizeof(int64) * most * 2);
	return settlement;
}

static void
end_job(Settlement *settlement, Job *job, const char *state, bool done, bool keep)
{
	EndedJobs  *ended = &settlement->ended;

	if (done)
		ended->done[ended->ndone++] = job->id;
	else
	{
		ended->failed[ended->nfailed++] = job->id;

		/*
		 * the job may have been the next run of a feed: after a change workers
		 * look for feeds that have lost their job
		 */
		if (settlement->done_by == DONE_BY_NETWORK && job->unique_key)
			estate_change_at_commit();
	}
	/* a key that was held until the start is free already, unless the job never started */
	if (job->unique_key && !(done && unique_ends_at_start(job)))
		settlement->freed[settlement->nfreed++] = job;
	if (!keep)
	{
		await_note(job->id, state);
		return;
	}
	settlement->endings[settlement->nendings++] = (JobEnding) {job, settlement->done_by, state};
}

static void
open_again(Settlement *settlement, Job *job, JobWait wait, const char *held_key)
{
	settlement->openings[settlement->nopenings++] =
		(JobOpening) {job, settlement->done_by, wait, held_key, 0};
}

void
settle_done(Settlement *settlement, Job *job, QueueKeep keep)
{
	job->attempt++;
	end_job(settlement, job, "done", true, keep == KEEP_ALL);
}

void
settle_cancelled(Settlement *settlement, Job *job, QueueKeep keep)
{
	end_job(settlement, job, "cancelled", false, keep != KEEP_NONE);
}

/* Put off until a time, as if it had not been tried; then the limits are asked again */
void
settle_wait(Settlement *settlement, Job *job, TimestampTz run_at)
{
	job->run_at = run_at;
	job->waited = 0;
	open_again(settlement, job, WAITS_FOR_TIME, NULL);
}

/* A limit does not let it start */
void
settle_held(Settlement *settlement, Job *job, const AdmissionAnswer *answer)
{
	if (answer->admission == KEY_FULL)
	{
		job->waited |= WAITED_FOR_KEY;
		open_again(settlement, job, WAITS_FOR_KEY, answer->key);
		return;
	}
	job->waited |= answer->admission == KEY_UNCOUNTED ? WAITED_FOR_ROOM : WAITED_FOR_RATE;
	job->run_at = answer->until;
	open_again(settlement, job, WAITS_FOR_TIME, NULL);
}

static void
push_text(JsonbParseState **state, const char *key, const char *text)
{
	JsonbValue	value;
	int			len = text ? strlen(text) : 0;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, key);
	value.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &value);
	/* cut: a handler may raise what is too long for jsonb, and that must not stop the queue */
	value.val.string.val = unconstify(char *, text ? text : "");
	value.val.string.len = pg_mbcliplen(value.val.string.val, len, ERROR_MOST_BYTES);
	pushJsonbValue(state, WJB_VALUE, &value);
}

static Jsonb *
error_object(int attempt, const ErrorData *error)
{
	JsonbParseState *state = NULL;
	JsonbValue	value;
	char		at[MAXDATELEN + 1];

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	value.type = jbvString;
	value.val.string.val = "attempt";
	value.val.string.len = strlen("attempt");
	pushJsonbValue(&state, WJB_KEY, &value);
	value.type = jbvNumeric;
	value.val.numeric = int64_to_numeric(attempt);
	pushJsonbValue(&state, WJB_VALUE, &value);
	push_text(&state, "at",
			  JsonEncodeDateTime(at, TimestampTzGetDatum(estate_now()), TIMESTAMPTZOID, NULL));
	push_text(&state, "sqlstate", unpack_sql_state(error->sqlerrcode));
	push_text(&state, "message", error->message);
	push_text(&state, "context", error->context);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* Adds a failure to those of the job, of which the first are forgotten when there are too many */
static void
settle_remember(Job *job, const ErrorData *error)
{
	Datum		list = job->errors;

	if (list == 0)
		list = DirectFunctionCall1(jsonb_in, CStringGetDatum("[]"));
	if (JB_ROOT_COUNT(DatumGetJsonbP(list)) >= ERRORS_KEPT)
		list = DirectFunctionCall2(jsonb_delete_idx, list, Int32GetDatum(0));
	job->errors = DirectFunctionCall2(jsonb_concat, list,
									  JsonbPGetDatum(error_object(job->attempt + 1, error)));
}

/* The wait after this many failures */
static double
backoff_us(const Job *job)
{
	double		us = BACKOFF_FIRST_US;

	if (job->backoff)
	{
		Datum	   *spans;
		int			n;
		Interval   *span;

		deconstruct_array(DatumGetArrayTypeP(job->backoff), INTERVALOID, sizeof(Interval), false,
						  TYPALIGN_DOUBLE, &spans, NULL, &n);
		span = DatumGetIntervalP(spans[Min(job->attempt, n) - 1]);
		return Min(span->time + (span->day + span->month * 30.0) * USECS_PER_DAY,
				   BACKOFF_ASKED_MOST_US);
	}
	for (int i = 1; i < job->attempt && us < BACKOFF_MOST_US; i++)
		us *= 2;
	return Min(us, BACKOFF_MOST_US);
}

/*
 * A deadlock or serialization failure is neither the job's fault nor an
 * attempt: the transaction met another one.  The job waits a twentieth of its
 * age and runs again.  Not for ever: a handler may raise these by itself, and
 * the job may come from a session whose clock was set to a time to come.
 */
static bool
met_another(const Job *job, const ErrorData *error)
{
	TimestampTz now = estate_now();

	return (error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
			error->sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE) &&
		now >= job->enqueued_at && now - job->enqueued_at <= COLLISIONS_MOST_US;
}

/* A job has failed for good */
static void
end_dead(Settlement *settlement, Job *job, const ErrorData *error, QueueKeep keep)
{
	const char *role = GetUserNameFromId(job->role, true);

	failure_note(error->sqlerrcode,
				 psprintf("job " INT64_FORMAT " of handler \"%s\" is dead after %d %s",
						  job->id, job->handler, job->attempt,
						  job->attempt == 1 ? "attempt" : "attempts"),
				 error->message,
				 psprintf("queue \"%s\", role \"%s\"", job->queue,
						  role ? role : "that was dropped"));
	end_job(settlement, job, "dead", false, keep != KEEP_NONE);
}

/*
 * An attempt failed, and counts: tried again at a time, or with retry_at 0
 * after the usual back-off, or dead.
 */
void
settle_attempt_failed(Settlement *settlement, Job *job, const ErrorData *error,
					  TimestampTz retry_at, QueueKeep keep)
{
	settle_remember(job, error);
	if (++job->attempt >= job->max_attempts)
		end_dead(settlement, job, error, keep);
	else if (retry_at != 0)
		settle_wait(settlement, job, retry_at);
	else
	{
		double		jitter = 0.8 + 0.4 * pg_prng_double(&pg_global_prng_state);

		settle_wait(settlement, job, estate_now() + (int64) (backoff_us(job) * jitter));
	}
}

/*
 * The job failed: tried again after a while, or dead.  retry_at 0 means the
 * usual back-off; another value also means that the failure does not bring
 * the job nearer to its end.  Whether it counts as a failure.
 */
bool
settle_failed(Settlement *settlement, Job *job, const ErrorData *error, TimestampTz retry_at,
			  QueueKeep keep)
{
	TimestampTz now = estate_now();

	if (retry_at == 0 && met_another(job, error))
	{
		settle_wait(settlement, job, now + 50000 + (now - job->enqueued_at) / 20);
		return false;
	}
	if (retry_at == 0)
		settle_attempt_failed(settlement, job, error, 0, keep);
	else
	{
		settle_remember(job, error);
		settle_wait(settlement, job, retry_at);
	}
	return true;
}

/* Says in a job's history why it never ran */
static void
settle_blame(Job *job, int64 blocker)
{
	ErrorData	error = {.sqlerrcode = ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE};

	error.message = blocker ?
		psprintf("job " INT64_FORMAT ", which it depends on, failed or was cancelled", blocker) :
		pstrdup("a job that it depends on failed or was cancelled");
	settle_remember(job, &error);
}

/* A job that was to wait for one that has failed already */
void
settle_lost(Job *job, JobDoer done_by, int64 blocker)
{
	Settlement *settlement = settle_begin(1, done_by);

	settle_blame(job, blocker);
	settle_cancelled(settlement, job, KEEP_ALL);
	settle_write(settlement);
}

/* What waits for jobs that have ended goes on, or is cancelled, and then what waits for that */
void
settle_ended(const EndedJobs *ended)
{
	List	   *lost = depend_ended(ended);

	while (lost != NIL)
	{
		EndedJobs	more = {0};
		ListCell   *cell;

		CHECK_FOR_INTERRUPTS();
		more.failed = palloc(sizeof(int64) * list_length(lost));
		foreach(cell, lost)
		{
			JobEnding  *ending = lfirst(cell);
			Job		   *job = unconstify(Job *, ending->job);

			settle_blame(job, 0);
			more.failed[more.nfailed++] = job->id;
			if (job->unique_key)
				unique_free(&job, 1);
			history_write(ending, 1);
		}
		lost = depend_ended(&more);
	}
}

/*
 * The server, or its worker, has crashed in the job's handler, which is an attempt.  True: it
 * is dead, as nothing else can have been the cause.  Else it is for the caller
 * to put it where it runs by itself next.  max_attempts speaks only where a
 * suspect is never alone: others died with it each time.
 */
bool
settle_crashed(Settlement *settlement, Job *job, bool alone, QueueKeep keep)
{
	ErrorData	error = {.sqlerrcode = ERRCODE_CRASH_SHUTDOWN};

	error.message = alone ?
		"the server or the worker crashed while this job was running by itself" :
		"the server or the worker crashed while this job was running";
	settle_remember(job, &error);
	job->attempt++;
	if (!alone && !(job->alone && job->attempt >= job->max_attempts))
	{
		job->alone = true;
		return false;
	}
	end_dead(settlement, job, &error, keep);
	return true;
}

/*
 * A job that has its unique key until it starts is to wait again.  False:
 * another one has the key by now and does the work, and this one is cancelled.
 */
bool
settle_keeps_key(Settlement *settlement, Job *job)
{
	ErrorData	error = {.sqlerrcode = ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE};
	int64		has;

	if (!unique_ends_at_start(job))
		return true;
	has = unique_take_again(job);
	if (has == 0 || has == job->id)
		return true;
	error.message = psprintf("job " INT64_FORMAT " has its unique key by now", has);
	settle_remember(job, &error);
	settle_cancelled(settlement, job, queue_at(queue_find(job->queue))->keep);
	return false;
}

/* Those that are to wait again without their keys do not */
static void
keep_keys(Settlement *settlement)
{
	int			kept = 0;

	for (int i = 0; i < settlement->nopenings; i++)
	{
		JobOpening	opening = settlement->openings[i];

		if (settle_keeps_key(settlement, unconstify(Job *, opening.job)))
			settlement->openings[kept++] = opening;
	}
	settlement->nopenings = kept;
}

/* Writes it all; the rows' own transaction does the rest */
void
settle_write(Settlement *settlement)
{
	keep_keys(settlement);
	history_write(settlement->endings, settlement->nendings);
	open_write(settlement->openings, settlement->nopenings);
	unique_free(settlement->freed, settlement->nfreed);
	if (settlement->ended.ndone + settlement->ended.nfailed > 0 && depend_any())
		settle_ended(&settlement->ended);
	if (settlement->nopenings > 0 && settlement->done_by != DONE_OUTSIDE)
		estate_wake_at_commit(settlement->done_by == DONE_BY_NETWORK ? WORKER_NETWORK : WORKER_SQL);
}
