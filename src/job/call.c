/*
 * call.c
 *	  Call the handler of SQL jobs, with the rights of their role.
 *
 * Runs in workers and in sessions that call run_jobs(), inside the transaction
 * that ends the jobs.  What a handler returns is left in the job, in the
 * context of the caller.
 */
#include "postgres.h"

#include <signal.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timeout.h"

#include "inflight.h"
#include "job/call.h"
#include "job/handler.h"
#include "job/running.h"
#include "job/session.h"
#include "job/wish.h"

/* the call that this process is in; NULL: none */
static JobCall *volatile current = NULL;
static volatile sig_atomic_t timed_out = false;
static TimeoutId timeout_id = MAX_TIMEOUTS;
static bool listening = false;	/* a worker: SIGINT is for the handler alone */

/*
 * A handler that ran jobs would find its own: the row that it is being run for
 * is this transaction's
 */
void
job_refuse_in_handler(void)
{
	if (current)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a handler cannot run jobs"),
				 errhint("Enqueue them: they run after the handler's transaction.")));
}

bool
job_in_handler(void)
{
	return current != NULL;
}

/* The job whose handler is running in this process; NULL: none, or many at once */
const Job *
job_running_here(void)
{
	return current && current->count == 1 ? current->jobs[0] : NULL;
}

/* A handler says what is to become of its job, once it has returned */
void
job_decide(JobVerdict verdict, TimestampTz run_at)
{
	current->verdict = verdict;
	current->run_at = run_at;
}

/*
 * The handler has returned, or thrown.  What came too late to stop it must not
 * stop the bookkeeping that follows; in a session, the user's own cancel may.
 */
static void
leave_handler(void)
{
	current = NULL;
	inflight_end();
	if (timeout_id != MAX_TIMEOUTS)
		disable_timeout(timeout_id, false);
	if (timed_out || listening)
		QueryCancelPending = false;
}

/* After an error that job_call() did not catch */
void
job_call_forget(void)
{
	leave_handler();
}

static void
call_interrupt(void)
{
	InterruptPending = true;
	QueryCancelPending = true;
	SetLatch(MyLatch);
}

static void
on_timeout(void)
{
	if (current == NULL)
		return;
	timed_out = true;
	call_interrupt();
}

/*
 * SIGINT in a worker stops a handler, and never the bookkeeping around it, unless
 * that is what a lock_timeout of our own sends: else we would wait for ever.
 */
static void
on_cancel(SIGNAL_ARGS)
{
	int			save_errno = errno;

	if (current || get_timeout_indicator(LOCK_TIMEOUT, false))
		call_interrupt();
	errno = save_errno;
}

void
job_listen_to_cancel(void)
{
	listening = true;
	pqsignal(SIGINT, on_cancel);
}

static void
start_clock(const JobCall *call)
{
	timed_out = false;
	if (call->timeout_ms == 0)
		return;
	if (timeout_id == MAX_TIMEOUTS)
		timeout_id = RegisterTimeout(USER_TIMEOUT, on_timeout);
	enable_timeout_after(timeout_id, Min(call->timeout_ms, PG_INT32_MAX));
}

/* Resolves the handler, unless it is the one called last; the role's rights are taken already */
static void
call_resolve(JobCaller *caller, const Job *job)
{
	JobKind		kind;

	if (caller->handler && caller->role == job->role &&
		(caller->handler == job->handler || strcmp(caller->handler, job->handler) == 0))
		return;
	caller->handler = NULL;
	(void) job_resolve_handler(job->handler, job->role, &kind);
	/* outlives the subtransaction that it may be resolved in */
	fmgr_info_cxt(kind.function, &caller->function, GetMemoryChunkContext(caller));
	caller->batch = kind.batch;
	caller->recorded = !kind.batch && get_func_rettype(kind.function) == JSONBOID;
	caller->role = job->role;
	caller->handler = job->handler;
}

/*
 * What the handler is called with: args are made whole only here, after the
 * job was noted as being run, since there may be more than this process has
 * memory for.
 */
static Datum
call_argument(const JobCaller *caller, const JobCall *call)
{
	Datum	   *args;
	ArrayType  *array;

	if (!caller->batch)
		return JsonbPGetDatum(DatumGetJsonbP(call->jobs[0]->args));
	args = palloc(sizeof(Datum) * call->count);
	for (int i = 0; i < call->count; i++)
		args[i] = JsonbPGetDatum(DatumGetJsonbP(call->jobs[i]->args));
	array = construct_array(args, call->count, JSONBOID, -1, false, TYPALIGN_INT);
	for (int i = 0; i < call->count; i++)
		if (args[i] != call->jobs[i]->args)
			pfree(DatumGetPointer(args[i]));
	return PointerGetDatum(array);
}

/* Calls the handler; what it throws goes through, and undoes the whole transaction */
void
job_call(JobCaller *caller, JobCall *call)
{
	LOCAL_FCINFO(fcinfo, 1);
	PgStat_FunctionCallUsage usage;
	EstateUser	user;
	Oid			role = call->jobs[0]->role;
	bool		may_be_lost = synchronous_commit == SYNCHRONOUS_COMMIT_OFF;
	Datum		result;

	if (caller->role != role && !SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the role that enqueued the job does not exist any more")));
	call->verdict = VERDICT_NONE;
	session_enter_role(role);
	/* before its library is loaded */
	inflight_begin(call->jobs[0]->alone);
	for (int i = 0; i < call->count; i++)
		inflight_add(call->jobs[i]->id);
	/* found with his own rights: nobody else need be let into his schemas */
	estate_become(&user, role);
	call_resolve(caller, call->jobs[0]);
	PushActiveSnapshot(GetTransactionSnapshot());
	InitFunctionCallInfoData(*fcinfo, &caller->function, 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = call_argument(caller, call);
	fcinfo->args[0].isnull = false;
	current = call;
	start_clock(call);
	/* before this, a signal would have gone unheard */
	if (call->listed && running_cancelled(call->jobs[0]->id))
		call_interrupt();
	CHECK_FOR_INTERRUPTS();
	pgstat_init_function_usage(fcinfo, &usage);
	result = FunctionCallInvoke(fcinfo);
	pgstat_end_function_usage(&usage, true);
	/* it has caught the interrupt and gone on */
	if (timed_out)
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("the handler took longer than its timeout")));
	leave_handler();
	/* SET LOCAL synchronous_commit = on; it is undone with all that the handler has set */
	call->durable = may_be_lost && synchronous_commit > SYNCHRONOUS_COMMIT_OFF;
	if (caller->recorded && !fcinfo->isnull)
		call->jobs[0]->result = DatumGetJsonbPCopy(result);

	/*
	 * freed for the args of the next job; not earlier, as what was returned may
	 * point into them
	 */
	if (fcinfo->args[0].value != call->jobs[0]->args)
		pfree(DatumGetPointer(fcinfo->args[0].value));
	PopActiveSnapshot();
	estate_resume_user(&user);
	inflight_end();
}

/* Says in the error why a handler was interrupted, where that was ours to do */
static void
call_explain(ErrorData *error, JobCall *call)
{
	if (error->sqlerrcode != ERRCODE_QUERY_CANCELED)
		return;
	call->timed_out = timed_out;
	if (timed_out)
		error->message = psprintf("the handler took longer than its timeout of " INT64_FORMAT " ms",
								  call->timeout_ms);
	else if (call->cancelled ||
			 (call->count == 1 && running_cancelled(call->jobs[0]->id)))
	{
		call->cancelled = true;
		error->message = pstrdup("cancelled while it was running");
	}
}

/*
 * The handler has returned, and its job is about to end: unless somebody
 * wishes that it be cancelled, whom it was too late to heed before.
 */
static void
call_heed_wish(JobCall *call)
{
	if (!call->listed || wish_of(call->jobs[0]->id, true) != WISH_COMMITTED)
		return;
	call->cancelled = true;
	ereport(ERROR,
			(errcode(ERRCODE_QUERY_CANCELED),
			 errmsg("cancelled while it was running")));
}

/* Calls the handler in a subtransaction; NULL, or what went wrong */
ErrorData *
job_call_carefully(JobCaller *caller, JobCall *call)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		job_call(caller, call);
		call_heed_wish(call);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		job_call_forget();
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		/* what the function remembers of itself may be in the middle of something */
		caller->handler = NULL;
		call_explain(error, call);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}
