/*
 * clock.c
 *	  What time it is for jobs.
 *
 * Runs in any process.  It is the server's clock, but in a session that has
 * called set_clock(), so that a test need not wait for what it has put off:
 * what it enqueues, runs with run_jobs(), and sees in estate.job, goes by the
 * time that it has set.  Workers know nothing of it, nor do limits that they
 * share.
 */
#include "postgres.h"

#include "estate.h"
#include "job/call.h"

static bool is_stopped = false;
static TimestampTz stopped_at;

TimestampTz
estate_now(void)
{
	return is_stopped ? stopped_at : GetCurrentTimestamp();
}

PG_FUNCTION_INFO_V1(estate_set_clock);

/* estate.set_clock(at) -> timestamptz: what it is now; NULL: the server's clock again */
Datum
estate_set_clock(PG_FUNCTION_ARGS)
{
	/* it would outlive the handler, and hold for the jobs of others */
	if (job_in_handler())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a handler cannot set the clock")));
	is_stopped = !PG_ARGISNULL(0);
	stopped_at = is_stopped ? PG_GETARG_TIMESTAMPTZ(0) : 0;
	if (TIMESTAMP_NOT_FINITE(stopped_at))
	{
		is_stopped = false;
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the clock cannot be set to infinity")));
	}
	PG_RETURN_TIMESTAMPTZ(estate_now());
}

PG_FUNCTION_INFO_V1(estate_clock);

/* estate.clock() -> timestamptz */
Datum
estate_clock(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(estate_now());
}
