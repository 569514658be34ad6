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
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "job/call.h"
#include "job/lane.h"
#include "job/ready.h"
#include "shared.h"

#define BATCH_MOST_JOBS 1000
#define BATCH_MOST_MS 5.0
#define QUICK_MS 1.0
#define PAGES_AT_ONCE 16

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
	bool		careful;		/* a subtransaction for each job */
	ReadyJob  **done;
	int			ndone;
	int			nrun;
	Oid			role_of_batch;
	Relation	relation;		/* the heap of the hand's pages */
	const char *recorded;		/* the handler whose record was asked for last */
	HandlerRecord *record;
	JobCaller	caller;
} Batch;

static HTAB *records = NULL;
static int	pages_next = 1; /* few while handlers are slow */
static bool trust = true;		/* false: the last batch was rolled back */
static bool trusting = false;	/* a batch without subtransactions is under way */

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

/* A failed job waits in job_open for its next attempt, or is dead */
static void
settle_failure(Batch *batch, ReadyJob *ready, const ErrorData *error)
{
	static const char insert[] =
		"INSERT INTO estate_internal.job_open (id, handler, network, queue, priority, run_at, max_attempts, role,"
		" effect_key, enqueued_at, args)"
		" VALUES ($1, $2, false, $3, $4, $5, $6, $7, pg_catalog.gen_random_uuid(), $5, $8)";
	Oid			types[] = {INT8OID, TEXTOID, TEXTOID, INT2OID, TIMESTAMPTZOID, INT4OID, REGROLEOID, JSONBOID};
	Datum		values[8];
	EstateUser	user;

	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED && OidIsValid(batch->scope->caller))
		ReThrowError(unconstify(ErrorData *, error));	/* the user cancelled his own CALL, not the job */
	values[0] = Int64GetDatum(ready->job.id);
	values[1] = CStringGetTextDatum(ready->job.handler);
	values[2] = CStringGetTextDatum(ready->queue);
	values[3] = Int16GetDatum(ready->job.priority);
	values[4] = TimestampTzGetDatum(ready->job.enqueued_at);
	values[5] = Int32GetDatum(ready->job.max_attempts);
	values[6] = ObjectIdGetDatum(ready->job.role);
	values[7] = JsonbPGetDatum(ready->job.args);
	estate_become_keeper(&user);
	SPI_connect();
	if (SPI_execute_with_args(insert, 8, types, values, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not keep a failed job");
	SPI_finish();
	estate_resume_user(&user);
	if (!job_met_another(&ready->job, error))
	{
		job_failed(&ready->job, error, 0);
		batch->scope->failed++;
	}
}

static void
run_job(Batch *batch, ReadyJob *ready)
{
	HandlerRecord *record = batch_record(batch, ready->job.handler);
	ErrorData  *error = NULL;
	instr_time	start,
				end;

	INSTR_TIME_SET_CURRENT(start);
	if (batch->careful)
		error = job_call_carefully(&batch->caller, &ready->job);
	else
		job_call(&batch->caller, &ready->job);
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	note_run(record, INSTR_TIME_GET_MILLISEC(end), error != NULL);
	batch->nrun++;
	if (error)
		settle_failure(batch, ready, error);
	else
		batch->done[batch->ndone++] = ready;
}

/* columns of estate_internal.job_ended in their order; write_history() refuses a table that has others */
enum
{
	ENDED_ID, ENDED_STATE, ENDED_HANDLER, ENDED_NETWORK, ENDED_QUEUE, ENDED_PRIORITY, ENDED_RUN_AT, ENDED_ATTEMPT,
	ENDED_MAX_ATTEMPTS, ENDED_ROLE, ENDED_EFFECT_KEY, ENDED_UNIQUE_KEY, ENDED_ENQUEUED_AT, ENDED_ENDED_AT,
	ENDED_ARGS, ENDED_ERRORS, ENDED_COLUMNS
};

#define HISTORY_CHUNK 128

static void
fill_history(TupleTableSlot *slot, const ReadyJob *ready, Datum handler, Datum no_errors)
{
	Datum	   *values = slot->tts_values;

	ExecClearTuple(slot);
	memset(slot->tts_isnull, false, sizeof(bool) * ENDED_COLUMNS);
	values[ENDED_ID] = Int64GetDatum(ready->job.id);
	values[ENDED_STATE] = CStringGetTextDatum("done");
	values[ENDED_HANDLER] = handler;
	values[ENDED_NETWORK] = BoolGetDatum(false);
	values[ENDED_QUEUE] = CStringGetTextDatum(ready->queue);
	values[ENDED_PRIORITY] = Int16GetDatum(ready->job.priority);
	values[ENDED_RUN_AT] = TimestampTzGetDatum(ready->job.enqueued_at);
	values[ENDED_ATTEMPT] = Int32GetDatum(1);
	values[ENDED_MAX_ATTEMPTS] = Int32GetDatum(ready->job.max_attempts);
	values[ENDED_ROLE] = ObjectIdGetDatum(ready->job.role);
	slot->tts_isnull[ENDED_EFFECT_KEY] = slot->tts_isnull[ENDED_UNIQUE_KEY] = true;
	values[ENDED_ENQUEUED_AT] = TimestampTzGetDatum(ready->job.enqueued_at);
	values[ENDED_ENDED_AT] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[ENDED_ARGS] = JsonbPGetDatum(ready->job.args);
	values[ENDED_ERRORS] = no_errors;
	ExecStoreVirtualTuple(slot);
}

/*
 * The history of a batch.  Written as the catalogs are, many rows at once and
 * past the executor, which would take longer than all the rest.
 */
static void
write_history(Batch *batch)
{
	Relation	relation;
	CatalogIndexState indexes;
	TupleTableSlot *slots[HISTORY_CHUNK];
	Datum		no_errors = DirectFunctionCall1(jsonb_in, CStringGetDatum("[]"));
	Datum		handler = (Datum) 0;
	const char *handler_text = NULL;
	int			nslots = Min(batch->ndone, HISTORY_CHUNK);

	if (batch->ndone == 0)
		return;
	relation = table_open(get_relname_relid("job_ended", get_namespace_oid("estate_internal", false)), RowExclusiveLock);
	if (RelationGetDescr(relation)->natts != ENDED_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table estate_internal.job_ended has %d columns, not %d",
						RelationGetDescr(relation)->natts, ENDED_COLUMNS),
				 errhint("Drop what was added to it; what one wants to keep of jobs belongs in a table of one's own.")));
	indexes = CatalogOpenIndexes(relation);
	for (int i = 0; i < nslots; i++)
		slots[i] = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsVirtual);
	for (int from = 0; from < batch->ndone; from += HISTORY_CHUNK)
	{
		int			n = Min(batch->ndone - from, HISTORY_CHUNK);

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < n; i++)
		{
			const ReadyJob *ready = batch->done[from + i];

			if (ready->job.handler != handler_text)
			{
				handler_text = ready->job.handler;
				handler = CStringGetTextDatum(handler_text);
			}
			fill_history(slots[i], ready, handler, no_errors);
		}
		CatalogTuplesMultiInsertWithInfo(relation, slots, n, indexes);
	}
	for (int i = 0; i < nslots; i++)
		ExecDropSingleTupleTableSlot(slots[i]);
	CatalogCloseIndexes(indexes);
	table_close(relation, NoLock);
}

/* May this session's caller run jobs of the role? */
static bool
is_in_scope(const JobScope *scope, const ReadyJob *ready)
{
	if (scope->queue && strcmp(scope->queue, ready->queue) != 0)
		return false;
	return !OidIsValid(scope->caller) || is_member_of_role(scope->caller, ready->job.role);
}

/* The next job of the batch, with its row deleted; NULL: the batch is at its end */
static ReadyJob *
next_job(Batch *batch, int *at)
{
	ReadyHand  *hand = batch->hand;

	for (; *at < hand->count; (*at)++)
	{
		ReadyJob   *ready = &hand->jobs[*at];

		if (ready->settled || !is_in_scope(batch->scope, ready) ||
			(batch->nrun > 0 && ready->job.role != batch->role_of_batch))
			continue;
		if (batch->nrun > 0 && !is_quick(batch_record(batch, ready->job.handler)))
			return NULL;		/* it will be the first of a batch of its own */
		ready->settled = true;
		hand->left--;
		if (ready_delete(hand, batch->relation, ready))
		{
			batch->role_of_batch = ready->job.role;
			return ready;
		}
	}
	return NULL;
}

/*
 * The job runs alone.  The others on its pages are given back before it
 * starts; its own row is noted, so that an abort brings the page back too.
 */
static void
run_alone(Batch *batch, ReadyJob *ready)
{
	ReadyHand  *hand = batch->hand;

	batch->careful = true;
	pages_next = 1;
	lane_note_row(hand->lane, hand->segment, ItemPointerGetBlockNumber(&ready->tid));
	ready_give_back(hand);
	estate_running_add(ready->job.id);
	batch->scope->ran[batch->scope->nran++] = ready->job.id;
	run_job(batch, ready);
}

static void
run_batch(Batch *batch)
{
	instr_time	start,
				now;
	int			at = 0;
	ReadyJob   *ready;

	INSTR_TIME_SET_CURRENT(start);
	while ((ready = next_job(batch, &at)) != NULL)
	{
		HandlerRecord *record = batch_record(batch, ready->job.handler);

		CHECK_FOR_INTERRUPTS();
		if (!is_quick(record))
		{
			run_alone(batch, ready);
			return;
		}
		pages_next = Min(pages_next * 2, PAGES_AT_ONCE);
		run_job(batch, ready);
		INSTR_TIME_SET_CURRENT(now);
		INSTR_TIME_SUBTRACT(now, start);
		if (batch->nrun == (batch->careful ? BATCH_MOST_SUBTRANSACTIONS : BATCH_MOST_JOBS) ||
			INSTR_TIME_GET_MILLISEC(now) > BATCH_MOST_MS)
			return;
	}
}

/* Whether a batch was rolled back because a handler without a subtransaction threw */
bool
job_ready_should_retry(void)
{
	bool		retry = trusting;

	job_call_forget();
	trusting = false;
	trust = !retry;
	return retry;
}

/* Share of failures above which a handler gets its subtransaction at once */
#define FAILING_OFTEN 0.002

static bool
is_trusted(const Batch *batch)
{
	const ReadyHand *hand = batch->hand;

	/* in a session an abort would be the caller's */
	if (!trust || OidIsValid(batch->scope->caller))
		return false;
	for (int i = 0; i < hand->count; i++)
		if (!hand->jobs[i].settled)
			return record_of(hand->jobs[i].job.handler)->failing < FAILING_OFTEN;
	return true;
}

/*
 * Runs a batch of the lanes' jobs.  False: there are none.  The pages stay in
 * hand until the next ones are taken, after the commit.
 */
bool
job_run_ready(JobScope *scope)
{
	Batch	   *batch = palloc0(sizeof(Batch));
	ReadyHand  *hand = ready_hand(OidIsValid(scope->caller));
	int			before;

	if ((!hand->holds || hand->left == 0) && !ready_take(hand, pages_next))
		return false;
	batch->scope = scope;
	batch->hand = hand;
	batch->done = palloc(sizeof(ReadyJob *) * BATCH_MOST_JOBS);
	batch->careful = !is_trusted(batch);
	trusting = !batch->careful;
	before = hand->left;
	batch->relation = table_open(lane_table(hand->lane, hand->segment), RowExclusiveLock);
	run_batch(batch);
	table_close(batch->relation, NoLock);
	write_history(batch);
	scope->done += batch->ndone;
	trusting = false;
	hand->any_in_pass |= batch->nrun > 0;
	if (hand->left == before)
		hand->left = 0;			/* all that is left is out of this session's scope */
	/* given back when the next are taken: until the commit, an abort must bring the pages back */
	if (hand->left == 0)
		trust = true;
	return true;
}
