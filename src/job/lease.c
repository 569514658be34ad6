/*
 * lease.c
 *	  Jobs that clients do: what becomes of a lease.
 *
 * Runs in client backends, each call inside one transaction; nothing is kept
 * in the session, so that any connection of a pool will do.
 *
 * A lease is three columns of the job's row in job_open, written by
 * lease_fetch.c.  What decides whether a client still has a job is the token
 * alone: a lease that has run out is still his until fetch_jobs() takes it
 * away to give the job to the next one, and nobody else has to come by to do
 * that.
 *
 * Jobs are read into the context of the caller.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "job/count.h"
#include "job/lease.h"
#include "job/metric.h"
#include "job/queue.h"
#include "job/record.h"

/*
 * Runs a statement along the indexes, whatever statistics say: they may be of
 * a moment when the queue was empty, and a job's row is never far.
 */
uint64
lease_run(LeaseStatement *statement, Datum *values, const char *nulls)
{
	static const char *const without[] = {"enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_hashjoin", "enable_mergejoin", "jit"};
	int			level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(without); i++)
		(void) set_config_option(without[i], "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	if (statement->plan == NULL)
	{
		statement->plan = SPI_prepare_cursor(statement->sql, statement->nargs, statement->types, CURSOR_OPT_GENERIC_PLAN);
		SPI_keepplan(statement->plan);
	}
	if (SPI_execute_plan(statement->plan, values, nulls, false, 0) < 0)
		elog(ERROR, "could not run: %s", statement->sql);
	AtEOXact_GUC(true, level);
	return SPI_processed;
}

/* A number in the result of the last statement */
int64
lease_number(uint64 row, int column)
{
	bool		isnull;

	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull));
}

/* Takes the row of a leased job away, for the caller to settle; NULL: the lease is lost */
Job *
lease_end(int64 id, int64 token)
{
	static LeaseStatement statement = {
		"DELETE FROM estate_internal.job_open WHERE id OPERATOR(pg_catalog.=) $1 AND lease_token OPERATOR(pg_catalog.=) $2"
		" AND " OF_CALLER("$3") " RETURNING " JOB_COLUMN_NAMES,
	3, {INT8OID, INT8OID, OIDOID}};
	Datum		values[] = {Int64GetDatum(id), Int64GetDatum(token), ObjectIdGetDatum(GetUserId())};
	MemoryContext caller = CurrentMemoryContext;
	EstateUser	user;
	Job		   *job = NULL;

	queue_refresh();
	estate_become_keeper(&user);
	SPI_connect();
	if (lease_run(&statement, values, NULL) == 1)
	{
		MemoryContextSwitchTo(caller);
		job = record_of_row(SPI_tuptable->vals[0], SPI_tuptable->tupdesc);
		count_jobs(job->queue, count_open(job, WAITS_FOR_TIME), -1);
	}
	SPI_finish();
	estate_resume_user(&user);
	return job;
}

/* An attempt at a job, whose row has been taken away, has failed */
void
lease_failed(Settlement *settlement, Job *job, const ErrorData *error, TimestampTz retry_at)
{
	MetricNumbers *numbers = metric_add(metric_of(job));

	settle_attempt_failed(settlement, job, error, retry_at, queue_at(queue_find(job->queue))->keep);
	numbers->failed++;
	numbers->dead += job->attempt >= job->max_attempts;
}

/* The rows of the jobs that a client has, as far as nobody else is at them */
#define CLAIMED_ROWS \
	"SELECT o.ctid FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) c (id, token) JOIN estate_internal.job_open o" \
	" ON o.id OPERATOR(pg_catalog.=) c.id AND o.lease_token OPERATOR(pg_catalog.=) c.token" \
	" WHERE " OF_CALLER("$3") " FOR UPDATE OF o SKIP LOCKED"

/*
 * Has leases run until a time; returns the ids of those that are not lost, as
 * pointers to int64.  A row that is locked is being settled, or taken away, by
 * another transaction: it is not waited for, and counts as leased until that
 * has committed.
 */
List *
lease_extend(LeaseClaims claims, TimestampTz until)
{
	static LeaseStatement statement = {
		"WITH extended AS (UPDATE estate_internal.job_open SET leased_until = $4"
		" WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(" CLAIMED_ROWS ")))"
		" SELECT o.id FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) c (id, token) JOIN estate_internal.job_open o"
		" ON o.id OPERATOR(pg_catalog.=) c.id AND o.lease_token OPERATOR(pg_catalog.=) c.token WHERE " OF_CALLER("$3"),
	4, {INT8ARRAYOID, INT8ARRAYOID, OIDOID, TIMESTAMPTZOID}};
	Datum		values[] = {claims.ids, claims.tokens, ObjectIdGetDatum(GetUserId()), TimestampTzGetDatum(until)};
	MemoryContext caller = CurrentMemoryContext;
	List	   *held = NIL;
	EstateUser	user;
	uint64		n;

	estate_become_keeper(&user);
	SPI_connect();
	n = lease_run(&statement, values, NULL);
	MemoryContextSwitchTo(caller);
	for (uint64 i = 0; i < n; i++)
	{
		int64	   *id = palloc(sizeof(int64));

		*id = lease_number(i, 1);
		held = lappend(held, id);
	}
	SPI_finish();
	estate_resume_user(&user);
	return held;
}

/* Gives jobs back, as if they had not been fetched; returns how many */
uint64
lease_release(LeaseClaims claims)
{
	static LeaseStatement statement = {
		"UPDATE estate_internal.job_open SET lease_token = NULL, leased_until = NULL, leased_to = NULL, held_key = NULL"
		" WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(" CLAIMED_ROWS "))",
	3, {INT8ARRAYOID, INT8ARRAYOID, OIDOID}};
	Datum		values[] = {claims.ids, claims.tokens, ObjectIdGetDatum(GetUserId())};
	EstateUser	user;
	uint64		n;

	estate_become_keeper(&user);
	SPI_connect();
	n = lease_run(&statement, values, NULL);
	SPI_finish();
	estate_resume_user(&user);
	return n;
}
