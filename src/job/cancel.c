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
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "job/call.h"
#include "job/cancel.h"
#include "job/queue.h"
#include "job/settle.h"
#include "job/waiting.h"
#include "job/wish.h"
#include "shared.h"

/* A job that is to stop when the transaction commits, unless this subtransaction of it aborts */
typedef struct Told
{
	int64		id;
	SubTransactionId by;
} Told;

static Told *told = NULL;
static int	ntold = 0;
static int	most_told = 0;

/* Runs while a transaction ends; but for a PREPARE TRANSACTION that is still to come, neither allocates nor throws */
static void
tell(XactEvent event, void *arg)
{
	/* whoever runs the job would wait for what may be prepared for days */
	if (event == XACT_EVENT_PRE_PREPARE && ntold > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot PREPARE a transaction that has cancelled a job while it was running"),
				 errhint("Cancel the job in a transaction of its own.")));
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	wish_ended(event == XACT_EVENT_COMMIT && ntold > 0);
	if (event == XACT_EVENT_COMMIT)
		for (int i = 0; i < ntold; i++)
			estate_running_cancel(told[i].id);
	ntold = 0;
}

static void
tell_subtransaction(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
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

/* Once for each backend that cancels */
static void
listen_to_transactions(void)
{
	static bool registered = false;

	if (registered)
		return;
	RegisterXactCallback(tell, NULL);
	RegisterSubXactCallback(tell_subtransaction, NULL);
	registered = true;
}

static void
tell_at_commit(int64 id)
{
	if (ntold == most_told)
	{
		int			most = Max(64, most_told * 2);

		told = told ? repalloc(told, sizeof(Told) * most) : MemoryContextAlloc(TopMemoryContext, sizeof(Told) * most);
		most_told = most;
	}
	told[ntold++] = (Told) {id, GetCurrentSubTransactionId()};
	estate_wake_at_commit(WORKER_SQL);
}

/* The role of a job that has not ended by now, even if the transaction began before it did; InvalidOid: it has */
static Oid
role_now(int64 id)
{
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(id);
	Oid			role = InvalidOid;
	EstateUser	user;
	bool		isnull;

	estate_become_keeper(&user);
	SPI_connect();
	PushActiveSnapshot(GetLatestSnapshot());
	SPI_execute_with_args("SELECT role FROM estate_internal.job_open WHERE id OPERATOR(pg_catalog.=) $1"
						  " UNION ALL SELECT role FROM estate_internal.job_ready WHERE id OPERATOR(pg_catalog.=) $1",
						  1, &type, &value, NULL, true, 1);
	PopActiveSnapshot();
	if (SPI_processed == 1)
		role = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	estate_resume_user(&user);
	return role;
}

static void
write_wish(int64 id)
{
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(id);
	EstateUser	user;

	estate_become_keeper(&user);
	SPI_connect();
	SPI_execute_with_args("INSERT INTO estate_internal.job_cancel (job) VALUES ($1) ON CONFLICT DO NOTHING",
						  1, &type, &value, NULL, false, 0);
	SPI_finish();
	estate_resume_user(&user);
}

/* A job that a worker says it has in hand; others are done in a moment, or are a session's own affair: false */
static bool
stop_running(int64 id)
{
	Oid			role;

	listen_to_transactions();
	if (!wish_begin(id))
		return false;			/* it is at its end */
	role = role_now(id);
	if (OidIsValid(role))
		waiting_require_rights(id, role);
	if (!OidIsValid(role) || !estate_is_running(id))
	{
		wish_give_up(id);
		return false;
	}
	write_wish(id);
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
	/* one of before it came back to where it waits */
	if (wish_any())
		wish_fulfilled(id);
	return true;
}

/* Does what is still wished, and forgets what has come to pass */
static void
do_wish(int64 id)
{
	if (cancel_waiting(id, false))
		return;
	if (OidIsValid(role_now(id)))
		estate_running_cancel(id);
	else
		wish_fulfilled(id);
}

/* Looks after wishes to cancel that were made while the job was being run */
void
cancel_sweep(void)
{
	EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);
	MemoryContext context = CurrentMemoryContext;
	int64	   *ids;
	int			n;
	bool		again = false;
	EstateUser	user;

	if (slot && !slot->cancels)
		return;
	/* while we look the flag is down, and there may be wishes all the same */
	listen_to_transactions();
	wish_under_way();
	/* before we look: whoever wishes from now on says so again */
	if (slot)
		again = estate_begin_look(slot, &slot->cancels);
	estate_become_keeper(&user);
	SPI_connect();
	PushActiveSnapshot(GetLatestSnapshot());
	SPI_execute("SELECT job FROM estate_internal.job_cancel LIMIT 1000", true, 0);
	PopActiveSnapshot();
	n = (int) SPI_processed;
	ids = MemoryContextAlloc(context, sizeof(int64) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		bool		isnull;

		ids[i] = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
	}
	SPI_finish();
	estate_resume_user(&user);
	if (slot && (n > 0 || again))
		slot->cancels = true;
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
