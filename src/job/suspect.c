/*
 * suspect.c
 *	  Jobs that may have crashed the server: a worker was in their handlers.
 *
 * Runs in SQL workers, before they run anything.  src/inflight.c has found
 * who is suspected; here their jobs are told so:
 *
 *	runs with others -> crash -> runs alone -> crash -> dead
 *									 \-> done, failed: as any other
 *
 * Reads all jobs that wait, once for each crash: the lanes have no index.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "job/count.h"
#include "job/lock.h"
#include "job/queue.h"
#include "job/ready.h"
#include "job/settle.h"
#include "job/suspect.h"

/* Whether there are any of this database */
bool
suspect_any(void)
{
	bool		any = false;

	if (((volatile EstateShared *) estate_shared)->nsuspects == 0)
		return false;
	LWLockAcquire(estate_shared->lock, LW_SHARED);
	for (int i = 0; i < estate_shared->nsuspects && !any; i++)
		any = estate_shared->suspects[i].database == MyDatabaseId;
	LWLockRelease(estate_shared->lock);
	return any;
}

/* Those of this database, in the current context */
static int
read_suspects(EstateSuspect **suspects)
{
	int			n = 0;

	*suspects = palloc(sizeof(EstateSuspect) * ESTATE_MAX_SUSPECTS);
	LWLockAcquire(estate_shared->lock, LW_SHARED);
	for (int i = 0; i < estate_shared->nsuspects; i++)
		if (estate_shared->suspects[i].database == MyDatabaseId)
			(*suspects)[n++] = estate_shared->suspects[i];
	LWLockRelease(estate_shared->lock);
	return n;
}

static bool
was_alone(const EstateSuspect *suspects, int n, int64 id)
{
	for (int i = 0; i < n; i++)
		if (suspects[i].id == id)
			return suspects[i].alone;
	return false;
}

/* What becomes of one; its row has been taken away */
static void
settle_one(Job *job, JobDoer done_by, bool alone, bool in_lane)
{
	Settlement *settlement = settle_begin(1, done_by);

	if (settle_crashed(settlement, job, alone, queue_at(queue_find(job->queue))->keep))
		ereport(WARNING,
				(errmsg("job " INT64_FORMAT " is dead: the server or the worker has crashed in its handler %s", job->id, job->handler)));
	else if (in_lane)
		ready_insert(job);
	else
		settle_wait(settlement, job, job->run_at);
	settle_write(settlement);
}

/* The rows that a statement takes away, whose last column says who does the job */
static int
settle_rows(const char *statement, bool in_lane, const EstateSuspect *suspects, int n)
{
	MemoryContext caller = CurrentMemoryContext;
	Oid			type = INT8ARRAYOID;
	Datum	   *ids = palloc(sizeof(Datum) * n);
	Datum		value;
	SPITupleTable *rows;
	int			found;
	EstateUser	user;
	bool		isnull;

	for (int i = 0; i < n; i++)
		ids[i] = Int64GetDatum(suspects[i].id);
	value = PointerGetDatum(construct_array(ids, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	estate_become_keeper(&user);
	SPI_connect();
	SPI_execute_with_args(statement, 1, &type, &value, NULL, false, 0);
	rows = SPI_tuptable;
	found = SPI_processed;
	for (int i = 0; i < found; i++)
	{
		JobDoer		done_by = DatumGetChar(SPI_getbinval(rows->vals[i], rows->tupdesc, JOB_COLUMNS + 1, &isnull));
		MemoryContext spi = MemoryContextSwitchTo(caller);
		Job		   *job = record_of_row(rows->vals[i], rows->tupdesc);

		CHECK_FOR_INTERRUPTS();
		count_jobs(job->queue, in_lane ? COUNTED_READY : count_open(job, WAITS_FOR_TIME), -1);
		settle_one(job, done_by, was_alone(suspects, n, job->id), in_lane);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	estate_resume_user(&user);
	return found;
}

/*
 * Settles the suspects of this database.  The commit has to be on disk when
 * the next crash comes: that may be a moment later, by the first that is run
 * alone.
 */
void
suspect_settle(void)
{
	EstateSuspect *suspects;
	int			n;
	int			found;

	/* the others wait: they must not find the jobs as they were */
	job_lock_suspects();
	n = read_suspects(&suspects);
	if (n == 0)
		return;					/* another worker has, while we waited */
	/* whoever has a row locked runs the job in his session, or has it cancelled */
	found = settle_rows("DELETE FROM estate_internal.job_ready r USING (SELECT tableoid AS heap, ctid AS place FROM estate_internal.job_ready"
						" WHERE id OPERATOR(pg_catalog.=) ANY ($1) FOR UPDATE SKIP LOCKED) s"
						" WHERE r.tableoid OPERATOR(pg_catalog.=) s.heap AND r.ctid OPERATOR(pg_catalog.=) s.place"
						" RETURNING " JOB_COLUMN_NAMES ", 's'::pg_catalog.\"char\"", true, suspects, n);
	/* those of the network, and SQL ones if the crash has lost the commit that had moved them to their lanes */
	found += settle_rows("DELETE FROM estate_internal.job_open o USING (SELECT ctid AS place FROM estate_internal.job_open"
						 " WHERE id OPERATOR(pg_catalog.=) ANY ($1) FOR UPDATE SKIP LOCKED) s"
						 " WHERE o.ctid OPERATOR(pg_catalog.=) s.place RETURNING " JOB_COLUMN_NAMES ", done_by", false, suspects, n);
	ForceSyncCommit();
	ereport(LOG,
			(errmsg("%d jobs were running when the server or a worker crashed", found),
			 errdetail("Each is run by itself next, unless it was already.")));
}

/* After the commit: the workers may go on */
void
suspect_forget(void)
{
	int			kept = 0;

	LWLockAcquire(estate_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < estate_shared->nsuspects; i++)
		if (estate_shared->suspects[i].database != MyDatabaseId)
			estate_shared->suspects[kept++] = estate_shared->suspects[i];
	estate_shared->nsuspects = kept;
	LWLockRelease(estate_shared->lock);
	job_unlock_suspects();
	estate_wake_now(WORKER_NETWORK);
}
