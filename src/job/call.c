/*
 * call.c
 *	  Call the handler of an SQL job, with the rights of the job's role.
 *
 * Runs in workers and in sessions that call run_jobs(), inside the transaction
 * that ends the job.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "job/call.h"
#include "job/handler.h"

/* A handler that ran jobs would find its own: the row that it is being run for is this transaction's */
static bool handler_running = false;

void
job_refuse_in_handler(void)
{
	if (handler_running)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a handler cannot run jobs"),
				 errhint("Enqueue them: they run after the handler's transaction.")));
}

/* After an error that job_call() did not catch */
void
job_call_forget(void)
{
	handler_running = false;
}

/* Resolves the handler, unless it is the one called last; the role's rights are taken already */
static void
resolve(JobCaller *caller, const Job *job)
{
	JobKind		kind;

	if (caller->handler && caller->role == job->role &&
		(caller->handler == job->handler || strcmp(caller->handler, job->handler) == 0))
		return;
	caller->handler = NULL;
	(void) job_resolve_handler(job->handler, job->role, &kind);
	fmgr_info_cxt(kind.function, &caller->function, CurTransactionContext);
	caller->role = job->role;
	caller->handler = job->handler;
}

/* Calls the handler; what it throws goes through, and undoes the whole transaction */
void
job_call(JobCaller *caller, const Job *job)
{
	LOCAL_FCINFO(fcinfo, 1);
	EstateUser	user;

	if (caller->role != job->role && !SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(job->role)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the role that enqueued the job does not exist any more")));
	handler_running = true;
	/* found with his own rights: nobody else need be let into his schemas */
	estate_become(&user, job->role);
	resolve(caller, job);
	PushActiveSnapshot(GetTransactionSnapshot());
	InitFunctionCallInfoData(*fcinfo, &caller->function, 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = JsonbPGetDatum(job->args);
	fcinfo->args[0].isnull = false;
	(void) FunctionCallInvoke(fcinfo);
	PopActiveSnapshot();
	estate_resume_user(&user);
	handler_running = false;
}

/* Calls the handler in a subtransaction; NULL, or what went wrong */
ErrorData *
job_call_carefully(JobCaller *caller, const Job *job)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	/* what is resolved inside a subtransaction does not outlive it */
	caller->handler = NULL;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		job_call(caller, job);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		handler_running = false;
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	caller->handler = NULL;
	return error;
}
