/*
 * clock.c
 *	  What time it is for jobs.
 *
 * Runs in any process.  It is the server's clock, but in a session that has
 * called set_clock(), so that a test need not wait for what it has put off:
 * when the session enqueues, is due, retries and is put off goes by the time
 * that it has set, for the jobs of roles that it may act for.
 *
 * What others hold or see goes by the server's clock in any session: leases,
 * which are a promise to whoever has them; when a job has ended, which is what
 * the history is kept by; rates and figures that processes share.  Workers
 * know nothing of it all.
 *
 * The time is the setting estate.clock, so that it is undone by a rollback,
 * and gone with RESET ALL, DISCARD ALL and the end of the session.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "estate.h"
#include "job/call.h"

TimestampTz
estate_now(void)
{
	return estate_stopped_clock == DT_NOBEGIN ? GetCurrentTimestamp() : estate_stopped_clock;
}

/* A time as the setting has it, whatever the session's time zone and style of dates are */
static char *
clock_text(TimestampTz at)
{
	struct pg_tm tm;
	fsec_t		fsec;
	char		text[MAXDATELEN + 1];

	if (timestamp2tm(at, NULL, &tm, &fsec, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	tm.tm_isdst = 0;			/* else the zone would be left out */
	EncodeDateTime(&tm, fsec, true, 0, NULL, USE_ISO_DATES, text);
	return pstrdup(text);
}

PG_FUNCTION_INFO_V1(estate_set_clock);

/* estate.set_clock(at) -> timestamptz: what it is now; NULL: the server's clock again */
Datum
estate_set_clock(PG_FUNCTION_ARGS)
{
	/* it would hold for the jobs of others that run after it */
	if (job_in_handler())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a handler cannot set the clock")));
	if (!PG_ARGISNULL(0) && TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(0)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the clock cannot be set to infinity")));
	(void) set_config_option("estate.clock",
							 PG_ARGISNULL(0) ? "" : clock_text(PG_GETARG_TIMESTAMPTZ(0)),
							 superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SET, true, 0, false);
	PG_RETURN_TIMESTAMPTZ(estate_now());
}

PG_FUNCTION_INFO_V1(estate_clock);

/* estate.clock() -> timestamptz */
Datum
estate_clock(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(estate_now());
}
