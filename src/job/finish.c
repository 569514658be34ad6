/*
 * finish.c
 *	  How a job ends, or comes back: done, failed and tried again, dead,
 *	  cancelled, snoozed.
 *
 * Runs in workers and in sessions that run jobs, inside a transaction; each
 * statement runs as the keeper.  For an SQL handler this is the transaction of
 * its effects: that is what makes them exactly once.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "job/job.h"
#include "job/ready.h"
#include "job/run.h"

/* Back-off after a failure: 1 s doubling to an hour, with a fifth of jitter */
#define BACKOFF_FIRST_MS 1000.0
#define BACKOFF_MOST_MS (3600.0 * 1000)

/* What is kept of a failure, and how many of a job's: one that is tried for ever must not grow for ever */
#define ERROR_MOST_BYTES 4096
#define ERRORS_KEPT "100"

#define JOB_COLUMNS \
	"id, handler, network, queue, priority, run_at, max_attempts, role, effect_key, unique_key, enqueued_at, args"

static uint64
run(const char *sql, int nargs, Oid *types, Datum *values)
{
	EstateUser	user;
	uint64		processed;

	estate_become_keeper(&user);
	SPI_connect();
	if (SPI_execute_with_args(sql, nargs, types, values, NULL, false, 0) < 0)
		elog(ERROR, "could not run: %s", sql);
	processed = SPI_processed;
	SPI_finish();
	estate_resume_user(&user);
	return processed;
}

/* The job is done: it leaves job_open with the effects of its handler */
void
job_done(const Job *job)
{
	Oid			types[] = {INT8OID, INT4OID};
	Datum		values[] = {Int64GetDatum(job->id), Int32GetDatum(job->attempt)};

	run("WITH ended AS (DELETE FROM estate_internal.job_open WHERE id OPERATOR(pg_catalog.=) $1 RETURNING *)"
		" INSERT INTO estate_internal.job_ended (" JOB_COLUMNS ", attempt, errors, state, ended_at)"
		" SELECT " JOB_COLUMNS ", $2, errors, 'done', pg_catalog.clock_timestamp() FROM ended",
		2, types, values);
}

/* An error's text, cut: a handler may raise what is too long for jsonb, and that must not stop the queue */
static Datum
clipped(const char *text)
{
	int			len = text ? strlen(text) : 0;

	return PointerGetDatum(cstring_to_text_with_len(text ? text : "", pg_mbcliplen(text, len, ERROR_MOST_BYTES)));
}

static TimestampTz
backoff_until(int attempt)
{
	double		ms = BACKOFF_FIRST_MS;

	for (int i = 1; i < attempt && ms < BACKOFF_MOST_MS; i++)
		ms *= 2;
	ms = Min(ms, BACKOFF_MOST_MS);
	ms *= 0.8 + 0.4 * pg_prng_double(&pg_global_prng_state);
	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), (int64) ms);
}

/*
 * The job failed: tried again after a while, or dead.  retry_at 0 means the
 * usual back-off; another value also means that the failure does not bring
 * the job nearer to its end.
 */
void
job_failed(const Job *job, const ErrorData *error, TimestampTz retry_at)
{
	static const char remember[] =
		" CASE WHEN pg_catalog.jsonb_array_length(errors) OPERATOR(pg_catalog.<) " ERRORS_KEPT " THEN errors"
		" ELSE errors OPERATOR(pg_catalog.-) 0 END OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('attempt', $2, 'at', pg_catalog.clock_timestamp(),"
		" 'sqlstate', $3, 'message', $4, 'context', $5)";
	Oid			types[] = {INT8OID, INT4OID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID};
	Datum		values[6];
	bool		dead = retry_at == 0 && job->attempt >= job->max_attempts;

	values[0] = Int64GetDatum(job->id);
	values[1] = Int32GetDatum(job->attempt);
	values[2] = CStringGetTextDatum(unpack_sql_state(error->sqlerrcode));
	values[3] = clipped(error->message);
	values[4] = clipped(error->context);
	values[5] = TimestampTzGetDatum(retry_at ? retry_at : backoff_until(job->attempt));

	if (dead)
		run(psprintf("WITH ended AS (DELETE FROM estate_internal.job_open WHERE id OPERATOR(pg_catalog.=) $1 RETURNING *)"
					 " INSERT INTO estate_internal.job_ended (" JOB_COLUMNS ", attempt, errors, state, ended_at)"
					 " SELECT " JOB_COLUMNS ", $2, %s, 'dead', pg_catalog.clock_timestamp() FROM ended", remember),
			5, types, values);
	else
		run(psprintf("UPDATE estate_internal.job_open SET attempt = %s, run_at = $6, errors = %s"
					 " WHERE id OPERATOR(pg_catalog.=) $1",
					 retry_at ? "attempt" : "$2", remember),
			6, types, values);
	estate_wake_at_commit();
}

/* Try again at a time, as if it had not been tried: a serialization failure, a feed that is being run elsewhere */
void
job_snooze(const Job *job, TimestampTz run_at)
{
	Oid			types[] = {INT8OID, TIMESTAMPTZOID};
	Datum		values[] = {Int64GetDatum(job->id), TimestampTzGetDatum(run_at)};

	run("UPDATE estate_internal.job_open SET run_at = $2 WHERE id OPERATOR(pg_catalog.=) $1", 2, types, values);
	estate_wake_at_commit();
}

/*
 * Only the role that enqueued a job, those who have its rights, and the owner
 * of the facts may touch it.  Runs as the caller.
 */
static void
require_job_rights(int64 id, Oid job_role)
{
	if (has_privs_of_role(GetUserId(), job_role) || has_privs_of_role(GetUserId(), estate_owner()))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for job " INT64_FORMAT, id)));
}

/* The role of a job in a table of jobs; InvalidOid when it is not there, or is being run */
static Oid
job_role(const char *table, int64 id)
{
	EstateUser	user;
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(id);
	Oid			role = InvalidOid;
	bool		isnull;

	estate_become_keeper(&user);
	SPI_connect();
	SPI_execute_with_args(psprintf("SELECT role FROM estate_internal.%s WHERE id OPERATOR(pg_catalog.=) $1 FOR UPDATE SKIP LOCKED", table),
						  1, &type, &value, NULL, false, 1);
	if (SPI_processed == 1)
		role = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	estate_resume_user(&user);
	return role;
}

/* Moves a job between tables, if the caller may */
static bool
move_job(const char *table, int64 id, const char *sql)
{
	Oid			role = job_role(table, id);
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(id);
	bool		moved;

	if (!OidIsValid(role))
		return false;
	require_job_rights(id, role);
	moved = run(sql, 1, &type, &value) == 1;
	estate_wake_at_commit();
	return moved;
}

/* Cancels a job that waits in a lane */
static bool
cancel_ready(int64 id)
{
	Oid			role = ready_role(id);

	if (!OidIsValid(role))
		return false;
	require_job_rights(id, role);
	return ready_cancel(id);
}

PG_FUNCTION_INFO_V1(estate_cancel_job);

/* estate.cancel_job(id) -> bool: whether a job that had not started was cancelled */
Datum
estate_cancel_job(PG_FUNCTION_ARGS)
{
	int64		id = PG_GETARG_INT64(0);

	estate_require_tables();
	if (cancel_ready(id))
		PG_RETURN_BOOL(true);
	if (!job_lock_in_transaction(id))
		PG_RETURN_BOOL(false);	/* a network job that a process has in hand */
	PG_RETURN_BOOL(move_job("job_open", id,
							"WITH ended AS (DELETE FROM estate_internal.job_open WHERE id OPERATOR(pg_catalog.=) $1"
							" AND id OPERATOR(pg_catalog.<>) ALL (ARRAY(SELECT estate.running_jobs())) RETURNING *)"
							" INSERT INTO estate_internal.job_ended (" JOB_COLUMNS ", attempt, errors, state, ended_at)"
							" SELECT " JOB_COLUMNS ", attempt, errors, 'cancelled', pg_catalog.clock_timestamp() FROM ended"));
}

PG_FUNCTION_INFO_V1(estate_retry_job);

/* estate.retry_job(id) -> bool: runs a waiting, dead or cancelled job again, now */
Datum
estate_retry_job(PG_FUNCTION_ARGS)
{
	int64		id = PG_GETARG_INT64(0);
	bool		moved;

	estate_require_tables();
	moved = move_job("job_open", id,
					 "UPDATE estate_internal.job_open SET attempt = 0, run_at = pg_catalog.clock_timestamp()"
					 " WHERE id OPERATOR(pg_catalog.=) $1 AND run_at OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp()");
	if (!moved)
		moved = move_job("job_ended", id,
						 "WITH again AS (DELETE FROM estate_internal.job_ended e WHERE id OPERATOR(pg_catalog.=) $1"
						 " AND state OPERATOR(pg_catalog.<>) 'done' AND NOT EXISTS (SELECT FROM estate_internal.job_open o"
						 " WHERE o.unique_key OPERATOR(pg_catalog.=) e.unique_key AND o.role OPERATOR(pg_catalog.=) e.role) RETURNING *)"
						 " INSERT INTO estate_internal.job_open (id, handler, network, queue, priority, max_attempts, role, effect_key,"
						 " unique_key, enqueued_at, args, errors, attempt, run_at)"
						 " SELECT id, handler, network, queue, priority, max_attempts, role, effect_key,"
						 " unique_key, enqueued_at, args, errors, 0, pg_catalog.clock_timestamp() FROM again");
	PG_RETURN_BOOL(moved);
}
