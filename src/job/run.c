/*
 * run.c
 *	  Claim network jobs for the event loop; when the next job is due.
 *
 * Runs in workers and in sessions that call run_jobs(), inside a transaction
 * that the process room opened.  Statements on jobs run as the keeper, and
 * nothing else does: never a handler.
 *
 * A network job is claimed by a session-level lock on its id, since no
 * transaction is open while it waits; the lock goes with the process.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "job/count.h"
#include "job/limit.h"
#include "job/lock.h"
#include "job/queue.h"
#include "job/record.h"
#include "job/run.h"
#include "shared.h"

/* After the commit, or abort, of a batch: its jobs are no longer running */
void
job_batch_ended(JobScope *scope)
{
	for (int i = 0; i < scope->nran; i++)
		estate_running_remove(scope->ran[i]);
	scope->nran = 0;
}

JobScope *
job_scope_create(Oid caller, const char *queue)
{
	JobScope   *scope = palloc0(sizeof(JobScope));

	scope->caller = caller;
	scope->queue = queue;
	scope->ran = palloc(sizeof(int64) * ESTATE_MAX_RUNNING);
	return scope;
}

/* Names of the queues that nothing is to be claimed of */
static Datum
queues_without_room(TimestampTz now, TimestampTz *until)
{
	Datum		names[ESTATE_MAX_QUEUES];
	int			n = 0;

	for (int i = 0; i < ESTATE_MAX_QUEUES; i++)
		if (queue_at(i)->defined && !limit_has_room(i, now, until))
			names[n++] = CStringGetTextDatum(queue_at(i)->name);
	return PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* Remembers that we have a job's lock, and what its limits gave it */
static void
note_claimed(JobScope *scope, int64 id)
{
	MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(scope));
	int64	   *claimed = palloc(sizeof(int64));

	*claimed = id;
	scope->claimed = lappend(scope->claimed, claimed);
	MemoryContextSwitchTo(caller);
}

/* A limit of its key does not let it start: it waits, and is not looked at in vain.  Within SPI, as the keeper. */
void
job_hold_back(const Job *job, const AdmissionAnswer *answer)
{
	Oid			types[] = {INT8OID, TEXTOID, TIMESTAMPTZOID, INT2OID};
	Datum		values[4] = {Int64GetDatum(job->id)};
	char		nulls[] = "    ";
	bool		key = answer->admission == KEY_FULL;

	values[1] = key ? CStringGetTextDatum(answer->key) : (Datum) 0;
	nulls[1] = key ? ' ' : 'n';
	values[2] = TimestampTzGetDatum(key ? job->run_at : answer->until);
	values[3] = Int16GetDatum(job->waited | (key ? WAITED_FOR_KEY : WAITED_FOR_RATE));
	SPI_execute_with_args("UPDATE estate_internal.job_open SET waits_for = CASE WHEN $2 IS NULL THEN 'time' ELSE 'key' END,"
						  " held_key = $2, run_at = $3, waited = $4 WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY("
						  "SELECT ctid FROM estate_internal.job_open WHERE id OPERATOR(pg_catalog.=) $1 FOR UPDATE SKIP LOCKED))",
						  4, types, values, nulls, false, 0);
	count_jobs(job->queue, count_open(job, WAITS_FOR_TIME), -1);
	count_jobs(job->queue, COUNTED_OPEN, 1);
}

/* Whether the limits of its queue let a job start; then it has what they give until limit_release() */
static bool
is_admitted(const Job *job, bool *full, TimestampTz *until)
{
	int			number = queue_find(job->queue);
	AdmissionAnswer answer;

	if (full[number])
		return false;
	if (strcmp(queue_at(number)->name, job->queue) != 0)
		return true;			/* of a queue that was not created */
	if (!limit_enter(number, false))
	{
		full[number] = true;
		return false;
	}
	answer = limit_ask(number, job);
	limit_keep(job->id);
	if (answer.admission == ADMITTED)
		return true;
	limit_release(job->id);
	if (answer.until)
		*until = Min(*until, answer.until);
	if (answer.admission == KEY_FULL || answer.admission == KEY_TOO_FAST)
		job_hold_back(job, &answer);
	else if (answer.admission == QUEUE_FULL)
		full[number] = true;
	return false;
}

static bool
claim(JobScope *scope, const Job *job, bool *full, TimestampTz *until)
{
	if (scope->inside ? !job_lock_in_transaction(job->id) : !job_lock(job->id))
		return false;
	if (is_admitted(job, full, until))
	{
		note_claimed(scope, job->id);
		return true;
	}
	if (!scope->inside)
		job_unlock(job->id);
	return false;
}

/*
 * Claims due network jobs, at most `most`, in the current context; those in
 * hand in this or another process are passed over, and so are those of queues
 * that have no room, which get no look at all.
 */
List *
job_claim_network(JobScope *scope, int most, TimestampTz *until)
{
	Oid			types[] = {TIMESTAMPTZOID, INT8OID, TEXTOID, OIDOID, TEXTARRAYOID};
	Datum		values[5];
	char		nulls[] = "     ";
	bool		full[ESTATE_MAX_QUEUES] = {false};
	MemoryContext caller = CurrentMemoryContext;
	List	   *jobs = NIL;
	EstateUser	user;
	SPITupleTable *rows;
	uint64		n;

	scope->now = estate_now();
	values[0] = TimestampTzGetDatum(scope->now);
	/* others may hold the first ones: look a little further than we need */
	values[1] = Int64GetDatum((int64) most + ESTATE_MAX_RUNNING);
	values[2] = scope->queue ? CStringGetTextDatum(scope->queue) : (Datum) 0;
	nulls[2] = scope->queue ? ' ' : 'n';
	values[3] = ObjectIdGetDatum(scope->caller);
	nulls[3] = OidIsValid(scope->caller) ? ' ' : 'n';
	values[4] = queues_without_room(scope->now, until);
	estate_become_keeper(&user);
	SPI_connect();
	SPI_execute_with_args("SELECT " JOB_COLUMN_NAMES " FROM estate_internal.job_open"
						  " WHERE done_by OPERATOR(pg_catalog.=) 'n' AND waits_for OPERATOR(pg_catalog.=) 'time' AND run_at OPERATOR(pg_catalog.<=) $1"
						  " AND ($3 IS NULL OR queue OPERATOR(pg_catalog.=) $3)"
						  " AND ($4 IS NULL OR pg_catalog.pg_has_role($4, role::pg_catalog.oid, 'MEMBER'))"
						  " AND queue OPERATOR(pg_catalog.<>) ALL ($5)"
						  " ORDER BY priority, run_at, id LIMIT $2",
						  5, types, values, nulls, true, 0);
	rows = SPI_tuptable;
	n = SPI_processed;
	for (uint64 i = 0; i < n && list_length(jobs) < most; i++)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);
		Job		   *job = record_of_row(rows->vals[i], rows->tupdesc);

		CHECK_FOR_INTERRUPTS();
		if (claim(scope, job, full, until))
			jobs = lappend(jobs, job);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	estate_resume_user(&user);
	return jobs;
}

/* A task has taken the first of the claimed jobs over */
void
job_claim_taken(JobScope *scope)
{
	pfree(linitial(scope->claimed));
	scope->claimed = list_delete_first(scope->claimed);
}

/* Gives back what was claimed and not taken over by a task */
void
job_unlock_claimed(JobScope *scope)
{
	ListCell   *cell;

	if (!scope->inside)
		foreach(cell, scope->claimed)
			job_unlock(*(int64 *) lfirst(cell));
	foreach(cell, scope->claimed)
		limit_release(*(int64 *) lfirst(cell));
	list_free_deep(scope->claimed);
	scope->claimed = NIL;
}

/* Whether a claimed job is still open: another process may just have ended it before we got its lock */
bool
job_still_open(const Job *job)
{
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(job->id);
	EstateUser	user;
	bool		open;

	estate_become_keeper(&user);
	SPI_connect();
	SPI_execute_with_args("SELECT 1 FROM estate_internal.job_open WHERE id OPERATOR(pg_catalog.=) $1",
						  1, &type, &value, NULL, true, 1);
	open = SPI_processed == 1;
	SPI_finish();
	estate_resume_user(&user);
	return open;
}

/* When the next job is due that was not due at the last claim; DT_NOEND: none */
TimestampTz
job_next_due(const JobScope *scope, bool network)
{
	Oid			type = TIMESTAMPTZOID;
	Datum		value = TimestampTzGetDatum(scope->now);
	TimestampTz due = DT_NOEND;
	EstateUser	user;
	bool		isnull;

	estate_become_keeper(&user);
	SPI_connect();
	/* the two kinds have an index each: a parameter would find neither */
	SPI_execute_with_args(psprintf("SELECT pg_catalog.min(run_at) FROM estate_internal.job_open"
						  " WHERE done_by OPERATOR(pg_catalog.=) '%c' AND waits_for OPERATOR(pg_catalog.=) 'time' AND run_at OPERATOR(pg_catalog.>) $1", network ? DONE_BY_NETWORK : DONE_BY_SQL),
						  1, &type, &value, NULL, true, 1);
	if (SPI_processed == 1)
	{
		Datum		first = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);

		if (!isnull)
			due = DatumGetTimestampTz(first);
	}
	SPI_finish();
	estate_resume_user(&user);
	return due;
}
