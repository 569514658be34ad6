/*
 * call.c
 *	  The procedures run_feed() and run_jobs(): what workers do, here and now.
 *
 * Runs in client backends.  Outside a transaction block each step commits;
 * inside one, everything happens in the caller's transaction, with a NOTICE.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "feed/run.h"
#include "job/call.h"
#include "job/cancel.h"
#include "job/history.h"
#include "job/promote.h"
#include "job/queue.h"
#include "job/ready.h"
#include "job/settle.h"
#include "job/run.h"
#include "job/session.h"
#include "job/running.h"
#include "process/step.h"
#include "process/tasks.h"

/*
 * For how long batches follow each other before the network is looked at;
 * workers do the same
 */
#define LOOK_AGAIN_AFTER_MS 20

/* Opens SPI so that steps can commit, if the caller's context lets them */
static StepMode
open_call(FunctionCallInfo fcinfo)
{
	CallContext *context = (CallContext *) fcinfo->context;
	bool		atomic = context == NULL || !IsA(context, CallContext) || context->atomic;

	SPI_connect_ext(atomic ? 0 : SPI_OPT_NONATOMIC);
	if (atomic)
		ereport(NOTICE,
				(errmsg("called inside a transaction block: everything"
						" happens in this transaction"),
				 errdetail("Its locks and snapshot are held until it ends.")));
	return atomic ? STEP_INSIDE : STEP_CALL;
}

static void
throw_again(const ErrorData *error)
{
	ereport(ERROR,
			(errcode(error->sqlerrcode),
			 errmsg_internal("%s", error->message),
			 error->detail ? errdetail_internal("%s", error->detail) : 0,
			 error->hint ? errhint("%s", error->hint) : 0));
}

/* Drives the tasks until all have ended */
static void
call_drive(TaskSet *set)
{
	while (set->tasks != NIL)
	{
		CHECK_FOR_INTERRUPTS();
		tasks_turn(set);
		if (set->tasks == NIL)
			break;
		tasks_wait(set, DT_NOEND);
		ResetLatch(MyLatch);
	}
}

static TaskSet *
open_tasks(StepMode mode)
{
	return tasks_create(AllocSetContextCreate(CurrentMemoryContext, "pg_estate tasks",
											  ALLOCSET_DEFAULT_SIZES), mode);
}

PG_FUNCTION_INFO_V1(estate_run_feed);

/*
 * CALL estate.run_feed(name, INOUT run_id, outcome, pages, seen, inserted,
 *						updated, unchanged, deleted, rejected, bytes)
 */
Datum
estate_run_feed(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	StepMode	mode;
	TaskSet    *set;
	Job			job;
	EstateUser	user;
	Datum		values[10];
	bool		nulls[10];
	HeapTuple	row;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the name of a feed must not be null")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	estate_require_tables();
	mode = open_call(fcinfo);
	set = open_tasks(mode);
	estate_become_owner(&user);
	feed_job(text_to_cstring(PG_GETARG_TEXT_PP(0)), &job);
	estate_resume_user(&user);
	if (mode == STEP_CALL)
		SPI_commit();
	PG_TRY();
	{
		(void) tasks_add(set, &job);
		call_drive(set);
	}
	PG_CATCH();
	{
		tasks_drop_all(set);	/* with their session-level locks */
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (set->last_error)
		throw_again(set->last_error);

	step_begin(mode, &user);
	feed_last_run(&job, values, nulls);
	row = heap_form_tuple(desc, values, nulls);
	row = SPI_copytuple(row);
	step_commit(mode, &user);
	SPI_finish();
	PG_RETURN_DATUM(HeapTupleHeaderGetDatum(row->t_data));
}

/* Moves what has waited long enough to the lanes, and claims what the network is to do */
static List *
look_for_jobs(TaskSet *set, JobScope *scope, MemoryContext batch, int *moved)
{
	EstateUser	user;
	List	   *jobs;
	EndedJobs	slipped;
	TimestampTz until = DT_NOEND;

	step_begin(set->mode, &user);
	MemoryContextSwitchTo(batch);
	queue_refresh();
	if (depend_sweep(&slipped))
		settle_ended(&slipped);
	cancel_sweep();
	*moved = job_promote_due(scope) + job_promote_held();
	jobs = job_claim_network(scope, RUNNING_MOST, &until);
	step_commit(set->mode, &user);
	return jobs;
}

/*
 * The commits of batches are not waited for: as with a worker, the effects of
 * a handler and the end of its job are one commit, and flush_batches() is
 * called before anybody can rely on them.
 */
static bool
run_ready(TaskSet *set, JobScope *scope, MemoryContext batch)
{
	EstateUser	user;
	TimestampTz until = DT_NOEND;
	bool		any;

	ready_skip_none();
	step_relax_commits(true);
	step_begin(set->mode, &user);
	MemoryContextSwitchTo(batch);
	any = job_run_ready(scope, &until);
	if (scope->durable)
		step_must_last();
	step_commit(set->mode, &user);
	step_relax_commits(false);
	job_batch_ended(scope);
	session_end_batch();
	return any;
}

/* Where no workers run, nobody else sees that feeds have a next run */
static void
call_keep_schedules(TaskSet *set)
{
	EstateUser	user;

	if (estate_find_slot(MyDatabaseId))
		return;
	step_begin(set->mode, &user);
	feed_keep_schedules();
	step_commit(set->mode, &user);
}

/*
 * What the batches have committed is as durable as the session's other commits:
 * before an outside effect that one of them has caused, and before the caller
 * goes on.
 */
static void
flush_batches(const TaskSet *set)
{
	if (set->mode == STEP_CALL)
		step_flush();
}

/*
 * Runs batches until there are no more, or until it is time to look again at
 * what has become due and at the network.  Whether any got on: jobs that are not
 * for this caller, or that a limit keeps waiting, are met again in each pass.
 */
static bool
run_batches(TaskSet *set, JobScope *scope, MemoryContext batch)
{
	TimestampTz began_at = GetCurrentTimestamp();

	scope->got_on = false;
	do
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(batch);
		if (!run_ready(set, scope, batch))
			return scope->got_on;
	} while (!TimestampDifferenceExceeds(began_at, GetCurrentTimestamp(), LOOK_AGAIN_AFTER_MS));
	return true;
}

/* Runs what is due until nothing is */
static void
run_due_jobs(TaskSet *set, JobScope *scope)
{
	MemoryContext look = AllocSetContextCreate(CurrentMemoryContext, "pg_estate look",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext batch = AllocSetContextCreate(CurrentMemoryContext, "pg_estate batch",
												ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = CurrentMemoryContext;

	for (;;)
	{
		List	   *jobs;
		ListCell   *cell;
		int			moved;
		bool		any;

		MemoryContextReset(look);
		jobs = look_for_jobs(set, scope, look, &moved);
		any = run_batches(set, scope, batch);
		MemoryContextSwitchTo(caller);
		if (jobs != NIL)
			flush_batches(set);
		foreach(cell, jobs)
		{
			job_claim_taken(scope);
			(void) tasks_add(set, lfirst(cell));
		}
		call_drive(set);
		if (moved == 0 && !any && jobs == NIL)
			break;
	}
	flush_batches(set);
	if (set->mode == STEP_CALL)
	{
		EstateUser	user;

		/* where no workers run, nobody else empties what is drained and forgets what is old */
		step_begin(set->mode, &user);
		ready_sweep();
		step_commit(set->mode, &user);
		for (bool more = estate_find_slot(MyDatabaseId) == NULL; more;)
		{
			CHECK_FOR_INTERRUPTS();
			step_begin(set->mode, &user);
			more = history_tidy() == HISTORY_MORE;
			step_commit(set->mode, &user);
		}
	}
}

PG_FUNCTION_INFO_V1(estate_run_jobs);

/* CALL estate.run_jobs(queue, INOUT done bigint, INOUT failed bigint) */
Datum
estate_run_jobs(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	StepMode	mode;
	TaskSet    *set;
	JobScope   *scope;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	HeapTuple	row;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	estate_require_tables();
	job_refuse_in_handler();
	mode = open_call(fcinfo);
	set = open_tasks(mode);
	scope = job_scope_create(GetUserId(),
							 PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0)));
	scope->inside = mode == STEP_INSIDE;
	ready_begin();
	session_begin();
	if (mode == STEP_CALL)
		SPI_commit();
	PG_TRY();
	{
		call_keep_schedules(set);
		run_due_jobs(set, scope);
		session_end();
	}
	PG_CATCH();
	{
		step_relax_commits(false);
		/* session-level locks do not go with the transaction */
		tasks_drop_all(set);
		job_unlock_claimed(scope);
		session_end_batch();
		PG_RE_THROW();
	}
	PG_END_TRY();
	values[0] = Int64GetDatum(scope->done + set->done);
	values[1] = Int64GetDatum(scope->failed + set->failed);
	row = SPI_copytuple(heap_form_tuple(desc, values, nulls));
	SPI_finish();
	PG_RETURN_DATUM(HeapTupleHeaderGetDatum(row->t_data));
}
