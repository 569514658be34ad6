/*
 * cancel.c
 *	  cancel_job(): jobs that somebody does not want any more.
 *
 * Runs in client backends, in workers when a handler cancels its own job, and
 * in whoever runs jobs.  A job that waits is cancelled in the caller's
 * transaction.  One that is being run has another transaction, which is told
 * to stop when the caller's commits; a row of job_cancel remembers the wish
 * until it is fulfilled.  Where cancel_job() has said true, and its transaction
 * has committed, the job is not done, whatever happens to whoever runs it: see
 * wish.c.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "job/call.h"
#include "job/cancel.h"
#include "job/look.h"
#include "job/queue.h"
#include "job/running.h"
#include "job/settle.h"
#include "job/waiting.h"
#include "job/wish.h"

/* A job that is to stop when the transaction commits, unless this subtransaction of it aborts */
typedef struct Told
{
	int64		id;
	SubTransactionId by;
} Told;

static Told *told = NULL;
static int	ntold = 0;
static int	most_told = 0;

/*
 * The process that runs the job would have to wait for a transaction that may
 * stay prepared for days
 */
void
cancel_before_prepare(void)
{
	if (ntold > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot PREPARE a transaction that has cancelled a job"
						" while it was running"),
				 errhint("Cancel the job in a transaction of its own.")));
}

void
cancel_at_end(XactEvent event)
{
	wish_ended(event == XACT_EVENT_COMMIT && ntold > 0);
	if (event == XACT_EVENT_COMMIT)
		for (int i = 0; i < ntold; i++)
			running_cancel(told[i].id);
	ntold = 0;
}

void
cancel_at_subtransaction_end(SubXactEvent event,
							 SubTransactionId mine, SubTransactionId parent)
{
	int			kept = 0;

	for (int i = 0; i < ntold; i++)
	{
		if (told[i].by == mine && event == SUBXACT_EVENT_ABORT_SUB)
			continue;
		if (told[i].by == mine && event == SUBXACT_EVENT_COMMIT_SUB)
			told[i].by = parent;
		told[kept++] = told[i];
	}
	ntold = kept;
}

static void
tell_at_commit(int64 id)
{
	if (ntold == most_told)
	{
		int			most = Max(64, most_told * 2);

		told = told ? repalloc(told, sizeof(Told) * most) :
			MemoryContextAlloc(TopMemoryContext, sizeof(Told) * most);
		most_told = most;
	}
	told[ntold++] = (Told) {id, GetCurrentSubTransactionId()};
	estate_wake_at_commit(WORKER_SQL);
}

/*
 * A job that a worker says it has in hand; others are done in a moment, or are
 * a session's own affair: false.
 */
static bool
stop_running(int64 id)
{
	Oid			role;

	if (!wish_begin(id))
		return false;			/* it is at its end */
	role = waiting_role(id);
	if (OidIsValid(role))
		waiting_require_rights(id, role);
	if (!OidIsValid(role) || !running_is(id))
	{
		wish_give_up(id);
		return false;
	}
	wish_write(id);
	tell_at_commit(id);
	return true;
}

/* Cancels a job that waits; false: it does not */
static bool
cancel_waiting(int64 id, bool checked)
{
	JobDoer		done_by;
	Job		   *job = waiting_take(id, checked, true, &done_by);
	Settlement *settlement;

	if (job == NULL)
		return false;
	queue_refresh();
	settlement = settle_begin(1, done_by);
	settle_cancelled(settlement, job, queue_at(queue_find(job->queue))->keep);
	settle_write(settlement);
	/* somebody may have wished so while it was being run, before it came back to wait */
	if (checked && wish_any())
		wish_fulfilled(id);
	return true;
}

/* Does what is still wished, and forgets what has come to pass */
static void
do_wish(int64 id)
{
	if (cancel_waiting(id, false) || !OidIsValid(waiting_role(id)))
		wish_fulfilled(id);
	else
		running_cancel(id);
}

/* Looks after wishes to cancel that were made while the job was being run */
void
cancel_sweep(void)
{
	static KeeperStatement statement = {
		"SELECT job FROM estate_internal.job_cancel",
		.flags = KEEPER_NEWEST | KEEPER_PLAN_ONCE
	};
	int64	   *ids;
	int			n;
	bool		again;
	EstateUser	user;
	KeeperRows	rows;

	if (!look_is_up(LOOK_CANCELS))
		return;
	/* while we look the flag is down, and there may be wishes all the same */
	wish_under_way();
	/* before we look: whoever wishes from now on says so again */
	again = look_begin(LOOK_CANCELS);
	keeper_begin(&user);
	rows = keeper_run(&statement, NULL, NULL);
	n = (int) rows.n;
	ids = palloc(sizeof(int64) * Max(n, 1));
	for (int i = 0; i < n; i++)
		ids[i] = keeper_int64(rows, i, 1);
	keeper_end(&user);
	if (n > 0 || again)
		look_put_up(LOOK_CANCELS);
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		do_wish(ids[i]);
	}
}

PG_FUNCTION_INFO_V1(estate_cancel_job);

/* estate.cancel_job(id) -> bool: whether the job was cancelled, or whoever runs it told to stop */
Datum
estate_cancel_job(PG_FUNCTION_ARGS)
{
	int64		id = PG_GETARG_INT64(0);
	const Job  *own = job_running_here();

	estate_require_tables();
	if (own && own->id == id)
	{
		job_decide(VERDICT_CANCEL, 0);
		PG_RETURN_BOOL(true);
	}
	PG_RETURN_BOOL(cancel_waiting(id, true) || stop_running(id));
}
