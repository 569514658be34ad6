/*
 * promote.c
 *	  SQL jobs that have waited long enough go from job_open to the lanes: when
 *	  their time has come, or the limit of their key has room.
 *
 * Runs in workers and in sessions that run jobs, inside a transaction of its
 * own.  Moves; never runs.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "job/count.h"
#include "job/limit.h"
#include "job/look.h"
#include "job/promote.h"
#include "job/queue.h"
#include "job/ready.h"
#include "job/record.h"

#define PROMOTE_MOST 1000
#define PROMOTE_MOST_OF_KEY 100

/* Puts the rows of a DELETE .. RETURNING into the lanes */
static int
move_rows(JobWait waited_for)
{
	SPITupleTable *rows = SPI_tuptable;
	uint64		n = SPI_processed;
	MemoryContext one = AllocSetContextCreate(CurrentMemoryContext, "pg_estate promoted job", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(one);

	for (uint64 i = 0; i < n; i++)
	{
		Job		   *job;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(one);
		job = record_of_row(rows->vals[i], rows->tupdesc);
		count_jobs(job->queue, count_open(job, waited_for), -1);
		ready_insert(job);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(one);
	return (int) n;
}

/*
 * Moves the jobs whose time has come, the longest due first.  Returns how
 * many; as many as at most: there may be more.
 */
int
job_promote_due(JobScope *scope)
{
	static SPIPlanPtr plan = NULL;
	Oid			types[] = {TIMESTAMPTZOID, TEXTOID, OIDOID, INT4OID};
	Datum		values[4];
	char		nulls[] = "    ";
	EstateUser	user;
	int			n;

	scope->now = estate_now();
	values[0] = TimestampTzGetDatum(scope->now);
	values[1] = scope->queue ? CStringGetTextDatum(scope->queue) : (Datum) 0;
	nulls[1] = scope->queue ? ' ' : 'n';
	values[2] = ObjectIdGetDatum(scope->caller);
	nulls[2] = OidIsValid(scope->caller) ? ' ' : 'n';
	values[3] = Int32GetDatum(PROMOTE_MOST);
	estate_become_keeper(&user);
	SPI_connect();
	if (plan == NULL)
	{
		plan = SPI_prepare("WITH due AS MATERIALIZED (SELECT ctid FROM estate_internal.job_open"
						   " WHERE done_by OPERATOR(pg_catalog.=) 's' AND waits_for OPERATOR(pg_catalog.=) 'time' AND run_at OPERATOR(pg_catalog.<=) $1"
						   " AND ($2 IS NULL OR queue OPERATOR(pg_catalog.=) $2)"
						   " AND ($3 IS NULL OR pg_catalog.pg_has_role($3, role::pg_catalog.oid, 'MEMBER'))"
						   " ORDER BY run_at, id LIMIT $4 FOR UPDATE SKIP LOCKED),"
						   " gone AS (DELETE FROM estate_internal.job_open o USING due WHERE o.ctid OPERATOR(pg_catalog.=) due.ctid"
						   " RETURNING o.*) SELECT " JOB_COLUMN_NAMES " FROM gone ORDER BY run_at, id", 4, types);
		SPI_keepplan(plan);
	}
	SPI_execute_plan(plan, values, nulls, false, 0);
	n = move_rows(WAITS_FOR_TIME);
	SPI_finish();
	estate_resume_user(&user);
	return n;
}

/* Moves jobs of one key, as far as it has room */
static int
promote_key(const char *queue, const char *key)
{
	Oid			types[] = {TEXTOID, TEXTOID, INT4OID};
	Datum		values[3];
	int			number = queue_find(queue);
	bool		slow;
	int			room = limit_room_of_key(number, key, &slow);
	int			most = slow ? Min(room, PROMOTE_MOST_OF_KEY) : PROMOTE_MOST_OF_KEY;
	int			n;

	if (room == 0)
		return 0;
	values[0] = CStringGetTextDatum(queue);
	values[1] = CStringGetTextDatum(key);
	values[2] = Int32GetDatum(most);
	SPI_execute_with_args("WITH next AS MATERIALIZED (SELECT ctid FROM estate_internal.job_open WHERE waits_for OPERATOR(pg_catalog.=) 'key'"
						  " AND done_by OPERATOR(pg_catalog.=) 's' AND queue OPERATOR(pg_catalog.=) $1 AND held_key OPERATOR(pg_catalog.=) $2"
						  " ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED),"
						  " gone AS (DELETE FROM estate_internal.job_open o USING next WHERE o.ctid OPERATOR(pg_catalog.=) next.ctid RETURNING o.*)"
						  " SELECT " JOB_COLUMN_NAMES " FROM gone ORDER BY id", 3, types, values, NULL, false, 0);
	n = move_rows(WAITS_FOR_KEY);
	/* those of the network only have to be claimed again, as many as there is room for */
	values[2] = Int32GetDatum(Min(room, PROMOTE_MOST_OF_KEY));
	SPI_execute_with_args("UPDATE estate_internal.job_open SET waits_for = 'time', held_key = NULL WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY("
						  "SELECT ctid FROM estate_internal.job_open WHERE waits_for OPERATOR(pg_catalog.=) 'key' AND done_by OPERATOR(pg_catalog.=) 'n'"
						  " AND queue OPERATOR(pg_catalog.=) $1 AND held_key OPERATOR(pg_catalog.=) $2 ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED))",
						  3, types, values, NULL, false, 0);
	if (SPI_processed > 0)
		estate_wake_at_commit(WORKER_NETWORK);
	limit_key_is_held(number, key, n == most || SPI_processed > 0);
	return n;
}

/*
 * Moves jobs that the limit of their key had held back, a few of each key that
 * has room.  Returns how many.
 */
int
job_promote_held(void)
{
	static uint64 turn = 0;
	SPITupleTable *found;
	uint64		nfound;
	bool		again;
	EstateUser	user;
	int			n = 0;

	if (!look_is_up(LOOK_HELD))
		return 0;
	/* before we look: whoever holds one back from now on says so again */
	again = look_begin(LOOK_HELD);
	estate_become_keeper(&user);
	SPI_connect();
	PushActiveSnapshot(GetLatestSnapshot());
	/* key by key along the index, however many jobs each has */
	SPI_execute("WITH RECURSIVE k(queue, held_key) AS ("
				" (SELECT queue, held_key FROM estate_internal.job_open WHERE waits_for OPERATOR(pg_catalog.=) 'key' AND done_by OPERATOR(pg_catalog.<>) 'x' ORDER BY queue, held_key LIMIT 1)"
				" UNION ALL SELECT o.queue, o.held_key FROM k CROSS JOIN LATERAL (SELECT queue, held_key FROM estate_internal.job_open"
				" WHERE waits_for OPERATOR(pg_catalog.=) 'key' AND done_by OPERATOR(pg_catalog.<>) 'x' AND ROW(queue, held_key) OPERATOR(pg_catalog.>) ROW(k.queue, k.held_key)"
				" ORDER BY queue, held_key LIMIT 1) o) SELECT queue, held_key FROM k", true, 0);
	found = SPI_tuptable;
	nfound = SPI_processed;
	PopActiveSnapshot();
	if (nfound > 0 || again)
		look_put_up(LOOK_HELD);
	/* those who have room are many, perhaps: each gets its turn */
	for (uint64 i = 0; i < nfound && n < PROMOTE_MOST; i++)
	{
		HeapTuple	row = found->vals[turn++ % nfound];

		CHECK_FOR_INTERRUPTS();
		n += promote_key(SPI_getvalue(row, found->tupdesc, 1), SPI_getvalue(row, found->tupdesc, 2));
	}
	SPI_finish();
	estate_resume_user(&user);
	return n;
}
