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
#include "miscadmin.h"

#include "inflight.h"
#include "job/count.h"
#include "job/lock.h"
#include "job/open.h"
#include "job/queue.h"
#include "job/ready.h"
#include "job/settle.h"
#include "job/suspect.h"

static bool
was_alone(const Suspect *suspects, int n, int64 id)
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
				(errmsg("job " INT64_FORMAT " is dead: the server or the worker has crashed"
						" in its handler %s", job->id, job->handler)));
	else if (in_lane)
	{
		if (settle_keeps_key(settlement, job))
			ready_insert(job);
	}
	else
		settle_wait(settlement, job, job->run_at);
	settle_write(settlement);
}

/* Jobs that were taken away, whose last column says who does them */
static int
settle_rows(KeeperRows rows, bool in_lane, const Suspect *suspects, int n)
{
	for (uint64 i = 0; i < rows.n; i++)
	{
		JobDoer		done_by = keeper_char(rows, i, JOB_COLUMNS + 1);
		Job		   *job = record_of_row(rows, i);

		CHECK_FOR_INTERRUPTS();
		count_jobs(job->queue, in_lane ? COUNTED_READY : count_open(job, WAITS_FOR_TIME), -1);
		settle_one(job, done_by, was_alone(suspects, n, job->id), in_lane);
	}
	return (int) rows.n;
}

static Datum
ids_of(const Suspect *suspects, int n)
{
	int64	   *ids = palloc(sizeof(int64) * n);

	for (int i = 0; i < n; i++)
		ids[i] = suspects[i].id;
	return keeper_ids(ids, n);
}

/*
 * Settles the suspects of this database.  The commit has to be on disk when
 * the next crash comes: that may be a moment later, by the first that is run
 * alone.
 */
void
suspect_settle(void)
{
	static KeeperStatement take_ready = {
		"SELECT " JOB_COLUMN_NAMES ", 's'::pg_catalog.\"char\", tableoid, ctid"
		" FROM estate_internal.job_ready"
		" WHERE id OPERATOR(pg_catalog.=) ANY ($1)"
		" FOR UPDATE SKIP LOCKED",
		1, {INT8ARRAYOID}, KEEPER_PASSING
	};
	Suspect    *suspects = palloc(sizeof(Suspect) * SUSPECTS_MOST);
	EstateUser	user;
	KeeperRows	rows;
	Datum		ids;
	int			n;
	int			found;

	/* the others wait: they must not find the jobs as they were */
	job_lock_suspects();
	n = inflight_suspects(suspects);
	if (n == 0)
		return;					/* another worker has, while we waited */
	ids = ids_of(suspects, n);
	keeper_begin(&user);
	/* a row that is locked is of a job that a session runs, or is cancelling */
	rows = keeper_run(&take_ready, &ids, NULL);
	ready_take_found(rows, JOB_COLUMNS + 2);
	found = settle_rows(rows, true, suspects, n);

	/*
	 * those of the network, and SQL ones if the crash has lost the commit that
	 * had moved them to their lanes
	 */
	found += settle_rows(open_take_suspects(ids), false, suspects, n);
	keeper_end(&user);
	ForceSyncCommit();
	ereport(LOG,
			(errmsg("%d jobs were running when the server or a worker crashed", found),
			 errdetail("Each is run by itself next, unless it was already.")));
}

/* After the commit: the workers may go on */
void
suspect_forget(void)
{
	inflight_forget_suspects();
	job_unlock_suspects();
	estate_wake_now(WORKER_NETWORK);
}
