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
#include "executor/spi.h"
#include "miscadmin.h"

#include "feed/run.h"
#include "feed/state.h"
#include "job/run.h"

/* What a run says whose process is gone, and whose job too; the waits after such runs, one after the other */
#define CRASHED "the server or its worker crashed in the last run, and its job is gone"
#define BACKOFF_FIRST "interval '1 minute'"
#define BACKOFF_MOST "interval '1 day'"
#define BACKOFF_DOUBLINGS "11"

#define HAS_NO_JOB \
	" NOT EXISTS (SELECT FROM estate_internal.job_unique u JOIN estate_internal.job_open o ON o.id OPERATOR(pg_catalog.=) u.job" \
	" WHERE u.unique_key OPERATOR(pg_catalog.=) ('feed:' OPERATOR(pg_catalog.||) f.feed_id))"

/* As the keeper; feeds by their ids, or a number that the statement takes */
static uint64
schedule_run(const char *sql, int feed_id, bool keeper)
{
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(feed_id);
	EstateUser	user;

	if (keeper)
		estate_become_keeper(&user);
	if (SPI_execute_with_args(sql, 1, &type, &value, NULL, false, 0) < 0)
		elog(ERROR, "could not run: %s", sql);
	if (keeper)
		estate_resume_user(&user);
	return SPI_processed;
}

/* The first column of what was found, in the current context */
static List *
found_feeds(MemoryContext context)
{
	MemoryContext spi = MemoryContextSwitchTo(context);
	List	   *feeds = NIL;
	bool		isnull;

	for (uint64 i = 0; i < SPI_processed; i++)
		feeds = lappend_int(feeds, DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull)));
	MemoryContextSwitchTo(spi);
	return feeds;
}

/*
 * Runs that say they are running, of processes that are gone: interrupted.  Where
 * the job is gone as well, it may have crashed the server: that is a failure,
 * and not tried again at once.
 */
static void
end_broken_run(int feed_id)
{
	if (!job_lock_free_feed(feed_id))
		return;
	if (schedule_run("UPDATE estate.feed_run SET outcome = 'interrupted', ended_at = pg_catalog.clock_timestamp()"
					 " WHERE feed_id OPERATOR(pg_catalog.=) $1 AND outcome OPERATOR(pg_catalog.=) 'running'", feed_id, false) == 0)
		return;
	(void) schedule_run("UPDATE estate_internal.feed_cursor f SET failures = failures OPERATOR(pg_catalog.+) 1, last_error = '" CRASHED "'"
						" WHERE f.feed_id OPERATOR(pg_catalog.=) $1 AND" HAS_NO_JOB, feed_id, true);
}

/* When a feed that has lost its job runs next: after its interval, or later if it has failed again and again */
static void
enqueue_lost(int feed_id)
{
	bool		isnull;
	HeapTuple	row;
	TupleDesc	desc;

	/* a key of a job that is not there any more would keep the next one out */
	(void) schedule_run("DELETE FROM estate_internal.job_unique u USING estate.feed f WHERE f.feed_id OPERATOR(pg_catalog.=) $1"
						" AND u.unique_key OPERATOR(pg_catalog.=) ('feed:' OPERATOR(pg_catalog.||) f.feed_id) AND" HAS_NO_JOB,
						feed_id, true);
	if (schedule_run("SELECT pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) GREATEST(f.every, CASE WHEN c.failures OPERATOR(pg_catalog.>) 0"
					 " THEN LEAST(" BACKOFF_FIRST " OPERATOR(pg_catalog.*) (2 OPERATOR(pg_catalog.^) LEAST(c.failures, " BACKOFF_DOUBLINGS ")::pg_catalog.float8), " BACKOFF_MOST ") END),"
					 " f.owner, c.failures OPERATOR(pg_catalog.>) 0 FROM estate.feed f"
					 " JOIN estate_internal.feed_cursor c ON c.feed_id OPERATOR(pg_catalog.=) f.feed_id"
					 " WHERE f.feed_id OPERATOR(pg_catalog.=) $1 AND f.every IS NOT NULL AND NOT f.paused", feed_id, true) == 0)
		return;
	row = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	/* one that may have crashed the server is not given two more times to do so */
	feed_enqueue_run(feed_id, DatumGetObjectId(SPI_getbinval(row, desc, 2, &isnull)),
					 DatumGetTimestampTz(SPI_getbinval(row, desc, 1, &isnull)),
					 DatumGetBool(SPI_getbinval(row, desc, 3, &isnull)));
}

/* Sees that each feed with an interval has a next run, and that what its last one says is true */
void
feed_keep_schedules(void)
{
	MemoryContext caller = CurrentMemoryContext;
	ListCell   *cell;

	SPI_connect();
	(void) schedule_run("SELECT feed_id FROM estate.feed_run WHERE outcome OPERATOR(pg_catalog.=) 'running' AND $1 IS NOT NULL", 0, false);
	foreach(cell, found_feeds(caller))
	{
		CHECK_FOR_INTERRUPTS();
		end_broken_run(lfirst_int(cell));
	}
	(void) schedule_run("SELECT f.feed_id FROM estate.feed f WHERE f.every IS NOT NULL AND NOT f.paused AND f.url IS NOT NULL AND $1 IS NOT NULL AND"
						HAS_NO_JOB, 0, true);
	foreach(cell, found_feeds(caller))
	{
		CHECK_FOR_INTERRUPTS();
		enqueue_lost(lfirst_int(cell));
	}
	SPI_finish();
}
