/*
 * schedule.c
 *	  A feed that has an interval is never lost: whatever has become of its job,
 *	  the next run is there.
 *
 * Runs in the network worker, when it starts and whenever a job of the network
 * has come to an end that was not its own (it was cancelled, is dead, or was
 * dropped with its queue); where there are no workers, in sessions that call
 * run_jobs().  A run that ends by itself has enqueued the next one already, in
 * its own transaction: see feed_enqueue_next().
 *
 * Looks at what is there rather than at what has happened: a feed without a
 * job has lost it, in whichever way.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "feed/run.h"
#include "feed/state.h"
#include "job/lock.h"
#include "job/run.h"
#include "keeper.h"

#define HAS_NO_JOB \
	" NOT EXISTS (SELECT FROM estate_internal.job_unique u" \
	"  JOIN estate_internal.job_open o ON o.id OPERATOR(pg_catalog.=) u.job" \
	"  WHERE u.unique_key OPERATOR(pg_catalog.=) ('feed:' OPERATOR(pg_catalog.||) f.feed_id))"

/* A run whose process is gone, and whose job too, may have crashed the server: a failure */
static void
note_crash(int feed_id)
{
	static KeeperStatement statement = {
		"UPDATE estate_internal.feed_cursor f SET failures = failures OPERATOR(pg_catalog.+) 1,"
		"  last_error = 'the server or its worker crashed in the last run, and its job is gone'"
		" WHERE f.feed_id OPERATOR(pg_catalog.=) $1 AND" HAS_NO_JOB,
		1, {INT4OID}
	};
	Datum		value = Int32GetDatum(feed_id);

	(void) keeper_do(&statement, &value, NULL);
}

/*
 * Runs that say they are running, of processes that are gone: interrupted.
 * Facts, so as their owner.
 */
static void
end_broken_runs(void)
{
	MemoryContext caller = CurrentMemoryContext;
	List	   *feeds = NIL;
	ListCell   *cell;
	bool		isnull;

	SPI_connect();
	SPI_execute("SELECT feed_id FROM estate.feed_run"
				" WHERE outcome OPERATOR(pg_catalog.=) 'running'", false, 0);
	MemoryContextSwitchTo(caller);
	for (uint64 i = 0; i < SPI_processed; i++)
		feeds = lappend_int(feeds, DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[i],
															   SPI_tuptable->tupdesc, 1, &isnull)));
	foreach(cell, feeds)
	{
		Oid			type = INT4OID;
		Datum		value = Int32GetDatum(lfirst_int(cell));

		CHECK_FOR_INTERRUPTS();
		if (!job_lock_free_feed(lfirst_int(cell)))
			continue;			/* it is being run */
		SPI_execute_with_args("UPDATE estate.feed_run"
							  " SET outcome = 'interrupted',"
							  "  ended_at = pg_catalog.clock_timestamp()"
							  " WHERE feed_id OPERATOR(pg_catalog.=) $1"
							  " AND outcome OPERATOR(pg_catalog.=) 'running'",
							  1, &type, &value, NULL, false, 0);
		if (SPI_processed > 0)
			note_crash(lfirst_int(cell));
	}
	SPI_finish();
}

/* A key of a job that is not there any more would keep the next one out */
static void
free_key(int feed_id)
{
	static KeeperStatement statement = {
		"DELETE FROM estate_internal.job_unique k USING estate.feed f"
		" WHERE f.feed_id OPERATOR(pg_catalog.=) $1"
		" AND k.unique_key OPERATOR(pg_catalog.=) ('feed:' OPERATOR(pg_catalog.||) f.feed_id)"
		" AND" HAS_NO_JOB,
		1, {INT4OID}
	};
	Datum		value = Int32GetDatum(feed_id);

	(void) keeper_do(&statement, &value, NULL);
}

/*
 * Feeds that have lost their jobs run next after their interval, or later if
 * they have failed: a page that crashes the server is to do so less and less
 * often.  And each time once: alone says that it may be the cause.
 */
static void
enqueue_lost(void)
{
	static KeeperStatement statement = {
		"SELECT f.feed_id, f.owner::pg_catalog.oid, c.failures OPERATOR(pg_catalog.>) 0,"
		"  pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+)"
		"  GREATEST(f.every, CASE WHEN c.failures OPERATOR(pg_catalog.>) 0"
		"   THEN LEAST(interval '1 day', interval '1 minute' OPERATOR(pg_catalog.*)"
		"    (2::pg_catalog.float8 OPERATOR(pg_catalog.^)"
		"     LEAST(c.failures, 11)::pg_catalog.float8)) END)"
		" FROM estate.feed f"
		" JOIN estate_internal.feed_cursor c ON c.feed_id OPERATOR(pg_catalog.=) f.feed_id"
		" WHERE f.every IS NOT NULL AND NOT f.paused AND f.url IS NOT NULL AND" HAS_NO_JOB,
		.flags = KEEPER_NEWEST | KEEPER_PLAN_ONCE
	};
	EstateUser	user;
	KeeperRows	rows;

	keeper_begin(&user);
	rows = keeper_run(&statement, NULL, NULL);
	for (uint64 i = 0; i < rows.n; i++)
	{
		int			feed_id = keeper_int32(rows, i, 1);

		CHECK_FOR_INTERRUPTS();
		free_key(feed_id);
		(void) feed_enqueue_run(feed_id, keeper_oid(rows, i, 2),
								DatumGetTimestampTz(keeper_value(rows, i, 4)),
								keeper_bool(rows, i, 3));
	}
	keeper_end(&user);
}

/* Sees that each feed with an interval has a next run, and that what its last one says is true */
void
feed_keep_schedules(void)
{
	end_broken_runs();
	enqueue_lost();
}
