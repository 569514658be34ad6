/*
 * run.c
 *	  Claim and run jobs: SQL handlers here, network jobs for the event loop.
 *
 * Runs in workers and in sessions that call run_jobs(), inside a transaction
 * that the process room opened.  Statements on jobs run as the keeper, and
 * nothing else does: never a handler.
 *
 * An SQL handler runs in the transaction that ends its job, so a crash rolls
 * both back and the job is simply still there: exactly once.  The claim is the
 * row lock; no more is locked than is run, so that a slow handler holds up
 * nobody behind it.  A batch has one role and ends after 1000 jobs or 5 ms.
 *
 * A network job is claimed by a session-level lock on its id, since no
 * transaction is open while it waits; the lock goes with the process.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "job/call.h"
#include "job/job.h"
#include "job/run.h"
#include "shared.h"

#define BATCH_MOST_JOBS 1000
#define BATCH_MOST_MS 5.0
#define COLLISIONS_MOST_US (INT64CONST(5) * 60 * 1000000)

#define CLAIM_COLUMNS "id, handler, role, attempt, max_attempts, effect_key, args, priority, run_at, enqueued_at"

/* last field of our advisory locks; pg_advisory_lock() uses 1 and 2 */
#define LOCK_CLASS_JOB 1017
#define LOCK_CLASS_FEED 1018

/*
 * Locks that outlive transactions: one network job, one feed.  False when
 * another process holds it.
 */
static bool
lock_session(int64 key, uint16 class)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (key >> 32), (uint32) key, class);
	switch (LockAcquire(&tag, ExclusiveLock, true, true))
	{
		case LOCKACQUIRE_OK:
			return true;
		case LOCKACQUIRE_NOT_AVAIL:
			return false;
		default:				/* ours already: it was only counted once more */
			LockRelease(&tag, ExclusiveLock, true);
			return false;
	}
}

static void
unlock_session(int64 key, uint16 class)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (key >> 32), (uint32) key, class);
	LockRelease(&tag, ExclusiveLock, true);
}

bool
job_lock_feed(int feed_id)
{
	return lock_session(feed_id, LOCK_CLASS_FEED);
}

/* The same until the end of the transaction */
static bool
lock_in_transaction(int64 key, uint16 class)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (key >> 32), (uint32) key, class);
	return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

bool
job_lock_feed_in_transaction(int feed_id)
{
	return lock_in_transaction(feed_id, LOCK_CLASS_FEED);
}

bool
job_lock_in_transaction(int64 id)
{
	return lock_in_transaction(id, LOCK_CLASS_JOB);
}

void
job_unlock_feed(int feed_id)
{
	unlock_session(feed_id, LOCK_CLASS_FEED);
}

void
job_unlock(int64 id)
{
	unlock_session(id, LOCK_CLASS_JOB);
}

/* Copies a row of CLAIM_COLUMNS into the current context */
static Job *
job_from_row(HeapTuple row, TupleDesc desc)
{
	Job		   *job = palloc0(sizeof(Job));
	bool		isnull;

	job->id = DatumGetInt64(SPI_getbinval(row, desc, 1, &isnull));
	job->handler = SPI_getvalue(row, desc, 2);
	job->role = DatumGetObjectId(SPI_getbinval(row, desc, 3, &isnull));
	job->attempt = DatumGetInt32(SPI_getbinval(row, desc, 4, &isnull)) + 1;
	job->max_attempts = DatumGetInt32(SPI_getbinval(row, desc, 5, &isnull));
	job->effect_key = *DatumGetUUIDP(SPI_getbinval(row, desc, 6, &isnull));
	job->args = DatumGetJsonbPCopy(SPI_getbinval(row, desc, 7, &isnull));
	job->priority = DatumGetInt16(SPI_getbinval(row, desc, 8, &isnull));
	job->run_at = DatumGetTimestampTz(SPI_getbinval(row, desc, 9, &isnull));
	job->enqueued_at = DatumGetTimestampTz(SPI_getbinval(row, desc, 10, &isnull));
	return job;
}

/*
 * Claims the next due SQL job behind `after` (NULL: the first), in the
 * caller's context; NULL when there is none.  The lock is the claim.
 */
static Job *
claim_next(const JobScope *scope, const Job *after)
{
	static SPIPlanPtr plan = NULL;
	static Oid	types[] = {TIMESTAMPTZOID, INT2OID, TIMESTAMPTZOID, INT8OID, TEXTOID, OIDOID};
	MemoryContext caller = CurrentMemoryContext;
	Datum		values[6];
	char		nulls[] = "      ";
	Job		   *job = NULL;
	EstateUser	user;

	estate_become_keeper(&user);
	SPI_connect();
	if (plan == NULL)
	{
		/* priority by priority: jobs of the future, however many, are not read */
		plan = SPI_prepare("WITH RECURSIVE p(priority) AS ("
						   " SELECT pg_catalog.min(priority) FROM estate_internal.job_open"
						   " WHERE NOT network AND priority OPERATOR(pg_catalog.>=) $2"
						   " UNION ALL SELECT (SELECT pg_catalog.min(o.priority) FROM estate_internal.job_open o"
						   " WHERE NOT o.network AND o.priority OPERATOR(pg_catalog.>) p.priority)"
						   " FROM p WHERE p.priority IS NOT NULL)"
						   " SELECT j.* FROM p CROSS JOIN LATERAL (SELECT " CLAIM_COLUMNS " FROM estate_internal.job_open"
						   " WHERE NOT network AND priority OPERATOR(pg_catalog.=) p.priority"
						   " AND run_at OPERATOR(pg_catalog.<=) $1"
						   " AND ROW(run_at, id) OPERATOR(pg_catalog.>) ROW("
						   "CASE WHEN p.priority OPERATOR(pg_catalog.=) $2 THEN $3 ELSE '-infinity' END,"
						   " CASE WHEN p.priority OPERATOR(pg_catalog.=) $2 THEN $4 ELSE 0 END)"
						   " AND ($5 IS NULL OR queue OPERATOR(pg_catalog.=) $5)"
						   " AND ($6 IS NULL OR pg_catalog.pg_has_role($6, role::pg_catalog.oid, 'MEMBER'))"
						   " ORDER BY run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) j LIMIT 1",
						   6, types);
		SPI_keepplan(plan);
	}
	values[0] = TimestampTzGetDatum(scope->now);
	values[1] = Int16GetDatum(after ? after->priority : PG_INT16_MIN);
	values[2] = TimestampTzGetDatum(after ? after->run_at : DT_NOBEGIN);
	values[3] = Int64GetDatum(after ? after->id : PG_INT64_MIN);
	values[4] = scope->queue ? CStringGetTextDatum(scope->queue) : (Datum) 0;
	nulls[4] = scope->queue ? ' ' : 'n';
	values[5] = ObjectIdGetDatum(scope->caller);
	nulls[5] = OidIsValid(scope->caller) ? ' ' : 'n';
	SPI_execute_plan(plan, values, nulls, false, 1);
	if (SPI_processed == 1)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		job = job_from_row(SPI_tuptable->vals[0], SPI_tuptable->tupdesc);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	estate_resume_user(&user);
	return job;
}

/*
 * A deadlock or serialization failure is neither the job's fault nor an
 * attempt: the transaction met another one.  The job waits a twentieth of its
 * age and runs again.  True when that was done.  Not for ever: a handler may
 * raise these by itself.
 */
bool
job_met_another(const Job *job, const ErrorData *error)
{
	TimestampTz now = GetCurrentTimestamp();
	long		age = TimestampDifferenceMilliseconds(job->enqueued_at, now);

	if (error->sqlerrcode != ERRCODE_T_R_DEADLOCK_DETECTED && error->sqlerrcode != ERRCODE_T_R_SERIALIZATION_FAILURE)
		return false;
	if (now - job->enqueued_at > COLLISIONS_MOST_US)
		return false;
	job_snooze(job, TimestampTzPlusMilliseconds(now, 50 + age / 20));
	return true;
}

static void
run_one(JobScope *scope, Job *job)
{
	JobCaller	caller = {0};
	ErrorData  *error;

	estate_running_add(job->id);
	error = job_call_carefully(&caller, job);
	if (error == NULL)
	{
		job_done(job);
		scope->done++;
		return;
	}
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED && OidIsValid(scope->caller))
		ReThrowError(error);	/* the user cancelled his own CALL, not the job */
	if (!job_met_another(job, error))
	{
		job_failed(job, error, 0);
		scope->failed++;
	}
}

/*
 * Runs a batch of due SQL jobs of one role.  Returns how many; the caller
 * commits, then calls job_batch_ended().
 */
int
job_run_batch(JobScope *scope)
{
	instr_time	start,
				now;
	Job		   *last = NULL;
	int			count = 0;

	INSTR_TIME_SET_CURRENT(start);
	scope->now = GetCurrentTimestamp();
	while (count < BATCH_MOST_JOBS)
	{
		Job		   *job;

		CHECK_FOR_INTERRUPTS();
		job = claim_next(scope, last);
		if (job == NULL || (last && last->role != job->role))
			break;
		run_one(scope, job);
		scope->ran[count++] = job->id;
		last = job;
		INSTR_TIME_SET_CURRENT(now);
		INSTR_TIME_SUBTRACT(now, start);
		if (INSTR_TIME_GET_MILLISEC(now) > BATCH_MOST_MS)
			break;
	}
	scope->nran = count;
	return count;
}

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
	scope->ran = palloc(sizeof(int64) * BATCH_MOST_JOBS);
	return scope;
}

/*
 * Claims due network jobs, at most `most`, in the current context; those in
 * hand in this or another process are passed over.
 */
List *
job_claim_network(JobScope *scope, int most)
{
	Oid			types[] = {TIMESTAMPTZOID, INT8OID, TEXTOID, OIDOID};
	Datum		values[4];
	char		nulls[] = "    ";
	MemoryContext caller = CurrentMemoryContext;
	List	   *jobs = NIL;
	EstateUser	user;

	scope->now = GetCurrentTimestamp();
	values[0] = TimestampTzGetDatum(scope->now);
	/* others may hold the first ones: look a little further than we need */
	values[1] = Int64GetDatum((int64) most + ESTATE_MAX_RUNNING);
	values[2] = scope->queue ? CStringGetTextDatum(scope->queue) : (Datum) 0;
	nulls[2] = scope->queue ? ' ' : 'n';
	values[3] = ObjectIdGetDatum(scope->caller);
	nulls[3] = OidIsValid(scope->caller) ? ' ' : 'n';
	estate_become_keeper(&user);
	SPI_connect();
	SPI_execute_with_args("SELECT " CLAIM_COLUMNS " FROM estate_internal.job_open"
						  " WHERE network AND run_at OPERATOR(pg_catalog.<=) $1"
						  " AND ($3 IS NULL OR queue OPERATOR(pg_catalog.=) $3)"
						  " AND ($4 IS NULL OR pg_catalog.pg_has_role($4, role::pg_catalog.oid, 'MEMBER'))"
						  " ORDER BY priority, run_at, id LIMIT $2",
						  4, types, values, nulls, true, 0);
	for (uint64 i = 0; i < SPI_processed && list_length(jobs) < most; i++)
	{
		bool		isnull;
		int64		id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));

		if (scope->inside ? job_lock_in_transaction(id) : lock_session(id, LOCK_CLASS_JOB))
		{
			MemoryContext spi = MemoryContextSwitchTo(GetMemoryChunkContext(scope));
			int64	   *claimed = palloc(sizeof(int64));

			*claimed = id;
			scope->claimed = lappend(scope->claimed, claimed);
			MemoryContextSwitchTo(caller);
			jobs = lappend(jobs, job_from_row(SPI_tuptable->vals[i], SPI_tuptable->tupdesc));
			MemoryContextSwitchTo(spi);
		}
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
	Oid			types[] = {BOOLOID, TIMESTAMPTZOID};
	Datum		values[] = {BoolGetDatum(network), TimestampTzGetDatum(scope->now)};
	TimestampTz due = DT_NOEND;
	EstateUser	user;
	bool		isnull;

	estate_become_keeper(&user);
	SPI_connect();
	SPI_execute_with_args("SELECT pg_catalog.min(run_at) FROM estate_internal.job_open"
						  " WHERE network OPERATOR(pg_catalog.=) $1 AND run_at OPERATOR(pg_catalog.>) $2",
						  2, types, values, NULL, true, 1);
	if (SPI_processed == 1)
	{
		Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);

		if (!isnull)
			due = DatumGetTimestampTz(value);
	}
	SPI_finish();
	estate_resume_user(&user);
	return due;
}
