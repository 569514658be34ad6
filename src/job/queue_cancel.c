/*
 * queue_cancel.c
 *	  Cancel all that waits in a queue, before it is dropped.
 *
 * Runs in client backends.  So many at a time are in memory as one statement
 * takes; the ids of all are for the caller, in his context.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "job/count.h"
#include "job/history.h"
#include "job/queue_cancel.h"
#include "job/ready.h"
#include "job/record.h"
#include "job/unique.h"

#define CANCEL_MOST 10000

/* Columns after those of the job; the last two are of rows of the lanes */
enum
{
	CANCEL_DONE_BY = JOB_COLUMNS + 1, CANCEL_COUNTED, CANCEL_TABLE, CANCEL_PLACE
};

/* Those of the lanes; who is running one has its row locked */
static KeeperStatement find_ready = {
	"SELECT " JOB_COLUMN_NAMES ", 's'::pg_catalog.\"char\", 0, tableoid, ctid"
	" FROM estate_internal.job_ready"
	" WHERE queue OPERATOR(pg_catalog.=) $1"
	" LIMIT " CppAsString2(CANCEL_MOST) " FOR UPDATE SKIP LOCKED",
	1, {TEXTOID}
};

static KeeperStatement take_open = {
	"WITH gone AS ("
	"  DELETE FROM estate_internal.job_open WHERE id OPERATOR(pg_catalog.=) ANY (ARRAY("
	"   SELECT id FROM estate_internal.job_open"
	"   WHERE queue OPERATOR(pg_catalog.=) $1"
	"   AND id OPERATOR(pg_catalog.<>) ALL (ARRAY(SELECT estate.running_jobs()))"
	"   LIMIT " CppAsString2(CANCEL_MOST) "))"
	"  RETURNING *),"
	" free AS ("
	"  DELETE FROM estate_internal.job_dependency d USING gone g"
	"  WHERE d.job OPERATOR(pg_catalog.=) g.id)"
	" SELECT " JOB_COLUMN_NAMES ", done_by, " COUNTED_OPEN_ROW("") " FROM gone",
	1, {TEXTOID}
};

/* Jobs that were taken away go to the history, and their keys are free */
static void
cancel_rows(KeeperRows rows, EndedJobs *ended)
{
	JobEnding  *endings = palloc(sizeof(JobEnding) * rows.n);

	for (uint64 i = 0; i < rows.n; i++)
	{
		Job		   *job = record_of_row(rows, i);

		CHECK_FOR_INTERRUPTS();
		count_jobs(job->queue, keeper_int32(rows, i, CANCEL_COUNTED), -1);
		if (job->unique_key)
			unique_free(&job, 1);
		endings[i] = (JobEnding) {job, keeper_char(rows, i, CANCEL_DONE_BY), "cancelled"};
		ended->failed[ended->nfailed++] = job->id;
	}
	history_write(endings, rows.n);
}

/* All jobs that such a statement finds, until it finds none */
static void
cancel_found(KeeperStatement *statement, Datum queue, bool in_lanes, EndedJobs *ended)
{
	MemoryContext some = AllocSetContextCreate(CurrentMemoryContext, "pg_estate cancelled jobs",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = CurrentMemoryContext;
	uint64		found;
	EstateUser	user;

	do
	{
		KeeperRows	rows;

		keeper_begin(&user);
		rows = keeper_run(statement, &queue, NULL);
		found = rows.n;
		ended->failed = repalloc_huge(ended->failed, sizeof(int64) * (ended->nfailed + found + 1));
		MemoryContextSwitchTo(some);
		if (in_lanes)
			ready_take_found(rows, CANCEL_TABLE);
		cancel_rows(rows, ended);
		MemoryContextSwitchTo(caller);
		keeper_end(&user);
		CommandCounterIncrement();
		MemoryContextReset(some);
	} while (found > 0);
	MemoryContextDelete(some);
}

/* Which jobs were cancelled */
EndedJobs
queue_cancel_all(const char *name)
{
	Datum		queue = CStringGetTextDatum(name);
	EndedJobs	ended = {.failed = palloc(sizeof(int64))};

	cancel_found(&find_ready, queue, true, &ended);
	cancel_found(&take_open, queue, false, &ended);
	/* if it is undone, workers have passed by what we had locked */
	estate_wake_at_end(WORKER_SQL);
	estate_wake_at_end(WORKER_NETWORK);
	return ended;
}
