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
#include "miscadmin.h"

#include "job/count.h"
#include "job/lease.h"
#include "job/metric.h"
#include "job/queue.h"
#include "job/settle.h"

/* Takes the row of a leased job away, for the caller to settle; NULL: the lease is lost */
Job *
lease_end(int64 id, int64 token)
{
	static KeeperStatement statement = {
		"DELETE FROM estate_internal.job_open"
		" WHERE id OPERATOR(pg_catalog.=) $1"
		" AND lease_token OPERATOR(pg_catalog.=) $2"
		" AND " OF_CALLER("$3")
		" RETURNING " JOB_COLUMN_NAMES,
		3, {INT8OID, INT8OID, OIDOID}, KEEPER_BY_INDEX
	};
	Datum		values[] = {Int64GetDatum(id), Int64GetDatum(token), ObjectIdGetDatum(GetUserId())};
	EstateUser	user;
	KeeperRows	rows;
	Job		   *job = NULL;

	queue_refresh();
	keeper_begin(&user);
	rows = keeper_run(&statement, values, NULL);
	if (rows.n == 1)
	{
		job = record_of_row(rows, 0);
		count_jobs(job->queue, count_open(job, WAITS_FOR_TIME), -1);
	}
	keeper_end(&user);
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
	"SELECT o.ctid FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) c (id, token)" \
	" JOIN estate_internal.job_open o ON o.id OPERATOR(pg_catalog.=) c.id" \
	" AND o.lease_token OPERATOR(pg_catalog.=) c.token" \
	" WHERE " OF_CALLER("$3") \
	" FOR UPDATE OF o SKIP LOCKED"

/*
 * Has leases run until a time; returns the ids of those that are not lost, as
 * pointers to int64.  A row that is locked is being settled, or taken away, by
 * another transaction: it is not waited for, and counts as leased until that
 * has committed.
 */
List *
lease_extend(LeaseClaims claims, TimestampTz until)
{
	static KeeperStatement statement = {
		"WITH extended AS ("
		"  UPDATE estate_internal.job_open SET leased_until = $4"
		"  WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(" CLAIMED_ROWS ")))"
		" SELECT o.id FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) c (id, token)"
		" JOIN estate_internal.job_open o ON o.id OPERATOR(pg_catalog.=) c.id"
		" AND o.lease_token OPERATOR(pg_catalog.=) c.token"
		" WHERE " OF_CALLER("$3"),
		4, {INT8ARRAYOID, INT8ARRAYOID, OIDOID, TIMESTAMPTZOID}, KEEPER_BY_INDEX
	};
	Datum		values[] = {claims.ids, claims.tokens, ObjectIdGetDatum(GetUserId()),
		TimestampTzGetDatum(until)};
	List	   *held = NIL;
	EstateUser	user;
	KeeperRows	rows;

	keeper_begin(&user);
	rows = keeper_run(&statement, values, NULL);
	for (uint64 i = 0; i < rows.n; i++)
	{
		int64	   *id = palloc(sizeof(int64));

		*id = keeper_int64(rows, i, 1);
		held = lappend(held, id);
	}
	keeper_end(&user);
	return held;
}

/* Gives jobs back, as if they had not been fetched; returns how many */
uint64
lease_release(LeaseClaims claims)
{
	static KeeperStatement release = {
		"UPDATE estate_internal.job_open"
		" SET lease_token = NULL, leased_until = NULL, leased_to = NULL, held_key = NULL"
		" WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(" CLAIMED_ROWS "))"
		" AND (unique_key IS NULL OR unique_until IS DISTINCT FROM 'start')",
		3, {INT8ARRAYOID, INT8ARRAYOID, OIDOID}, KEEPER_BY_INDEX
	};
	/* those that have given up their unique keys when they were fetched */
	static KeeperStatement take = {
		"DELETE FROM estate_internal.job_open"
		" WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(" CLAIMED_ROWS "))"
		" RETURNING " JOB_COLUMN_NAMES,
		3, {INT8ARRAYOID, INT8ARRAYOID, OIDOID}, KEEPER_BY_INDEX
	};
	Datum		values[] = {claims.ids, claims.tokens, ObjectIdGetDatum(GetUserId())};
	uint64		n = keeper_do(&release, values, NULL);
	EstateUser	user;
	KeeperRows	rows;

	queue_refresh();
	keeper_begin(&user);
	rows = keeper_run(&take, values, NULL);
	for (uint64 i = 0; i < rows.n; i++)
	{
		Settlement *settlement = settle_begin(1, DONE_OUTSIDE);
		Job		   *job = record_of_row(rows, i);

		CHECK_FOR_INTERRUPTS();
		count_jobs(job->queue, count_open(job, WAITS_FOR_TIME), -1);
		settle_wait(settlement, job, job->run_at);
		settle_write(settlement);
	}
	keeper_end(&user);
	return n + rows.n;
}
