/*
 * failure.c
 *	  Failures of what runs by itself, in the server's log: jobs that have
 *	  failed for good, runs of feeds, photos that are given up.
 *
 * Runs in workers and in sessions that run jobs.  Nobody reads an error there,
 * and whoever looks after the server reads its log.  A failure is written down
 * in the transaction that settles it, which may be rolled back and run again;
 * so it is logged when that is about to commit, and only then: once.
 *
 * A handler that fails always must not fill the disk: a process logs at most
 * MOST_IN_A_SPAN failures in a span of time, then says that it stops, and
 * afterwards how many there were.  For the same reason a long message is cut:
 * a handler may raise hundreds of megabytes.  estate.job has them all, and
 * more of each.
 */
#include "postgres.h"

#include "commands/dbcommands.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "failure.h"

#define MOST_IN_A_SPAN 20
#define SPAN_MS 60000
#define MESSAGE_MOST_BYTES 1024

typedef struct Failure
{
	int			sqlerrcode;
	char	   *message;
	char	   *detail;
	SubTransactionId noted_in;
} Failure;

/* of this transaction, in its memory */
static List *failures = NIL;

/* of this process */
static TimestampTz span_began = 0;
static int	logged = 0;			/* in the span */
static int64 passed_over = 0;

/*
 * Notes a failure: `what` has failed, saying `message`; `of` is what else
 * there is to say of it, as words that continue a list.
 */
void
failure_note(int sqlerrcode, const char *what, const char *message, const char *of)
{
	MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
	Failure    *failure = palloc(sizeof(Failure));
	const char *said = message ? message : "unknown error";
	int			length = strlen(said);
	int			shown = pg_mbcliplen(said, length, MESSAGE_MOST_BYTES);

	failure->sqlerrcode = sqlerrcode;
	failure->message = psprintf("%s: %.*s%s", what, shown, said, shown < length ? "..." : "");
	failure->detail = psprintf("database \"%s\", %s, SQLSTATE %s", get_database_name(MyDatabaseId),
							   of, unpack_sql_state(sqlerrcode));
	failure->noted_in = GetCurrentSubTransactionId();
	failures = lappend(failures, failure);
	MemoryContextSwitchTo(caller);
}

static void
begin_span(void)
{
	TimestampTz now = GetCurrentTimestamp();

	if (span_began != 0 && !TimestampDifferenceExceeds(span_began, now, SPAN_MS))
		return;
	if (passed_over > 0)
		ereport(LOG_SERVER_ONLY,
				(errmsg("%lld more failures of pg_estate were not logged",
						(long long) passed_over)));
	span_began = now;
	logged = 0;
	passed_over = 0;
}

static void
log_failure(const Failure *failure)
{
	if (logged >= MOST_IN_A_SPAN)
	{
		if (passed_over++ == 0)
			ereport(LOG_SERVER_ONLY,
					(errmsg("further failures of pg_estate are not logged by this process"
							" for a while"),
					 errhint("SELECT * FROM estate.doctor();")));
		return;
	}
	logged++;
	ereport(LOG_SERVER_ONLY,
			(errcode(failure->sqlerrcode),
			 errmsg_internal("%s", failure->message),
			 errdetail_log("%s.", failure->detail)));
}

/* At the end of what can fail */
void
failure_before_end(XactEvent event)
{
	ListCell   *cell;

	if (failures == NIL && passed_over == 0)
		return;
	begin_span();
	foreach(cell, failures)
		log_failure(lfirst(cell));
	failures = NIL;
}

/* What was noted has not happened; its memory goes with the transaction's */
void
failure_at_end(XactEvent event)
{
	failures = NIL;
}

void
failure_at_subtransaction_end(SubXactEvent event, SubTransactionId mine, SubTransactionId parent)
{
	ListCell   *cell;

	foreach(cell, failures)
	{
		Failure    *failure = lfirst(cell);

		if (failure->noted_in != mine)
			continue;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			failure->noted_in = parent;
		else
			failures = foreach_delete_current(failures, cell);
	}
}
