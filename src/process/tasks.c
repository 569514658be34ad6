/*
 * tasks.c
 *	  Drive tasks, jobs that wait for the network: many at once.
 *
 * Runs in the first worker of a database, and in sessions that call run_feed()
 * or run_jobs().  Each task has a memory context of its own, child of the
 * set's, that is deleted when the task ends.  A task's step is a transaction;
 * while tasks wait, none is open.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/memutils.h"

#include "effect/media.h"
#include "feed/run.h"
#include "inflight.h"
#include "job/count.h"
#include "job/limit.h"
#include "job/lock.h"
#include "job/metric.h"
#include "job/running.h"
#include "job/wish.h"
#include "process/tasks.h"

/* of one process; a connection is one descriptor */
#define MOST_CONNECTIONS 512
#define MOST_CONNECTIONS_PER_HOST 256

static const TaskHandler *const handlers[] = {&feed_task_handler, &media_task_handler};

static const TaskHandler *
find_handler(const char *name)
{
	for (int i = 0; i < lengthof(handlers); i++)
		if (strcmp(handlers[i]->name, name) == 0)
			return handlers[i];
	return NULL;
}

static void
free_waits(void *arg)
{
	FreeWaitEventSet(((TaskSet *) arg)->waits);
}

/*
 * One set of events for as long as the tasks live: a new one for each wait
 * would need a descriptor when the transfers have taken all there are to have.
 */
TaskSet *
tasks_create(MemoryContext context, StepMode mode)
{
	TaskSet    *set = MemoryContextAllocZero(context, sizeof(TaskSet));

	set->context = context;
	set->mode = mode;
	set->waits = CreateWaitEventSetInTop(3);
	set->cleanup.func = free_waits;
	set->cleanup.arg = set;
	MemoryContextRegisterResetCallback(context, &set->cleanup);
	set->loop = net_loop_create(context, MOST_CONNECTIONS, MOST_CONNECTIONS_PER_HOST);
	AddWaitEventToSet(set->waits, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set->waits, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	AddWaitEventToSet(set->waits, WL_SOCKET_READABLE, net_loop_fd(set->loop), NULL, NULL);
	return set;
}

/*
 * Before the job ends: somebody may wish that it be cancelled, whom it was too
 * late to heed before.  Then what the step has done is undone; also while that
 * is not decided, for which the event loop does not wait.
 */
static void
heed_wish(Wish wish)
{
	if (wish == WISH_COMMITTED)
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("cancelled while it was running")));
	if (wish == WISH_UNDECIDED)
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("the job may be about to be cancelled")));
}

/* What the step left behind, in the same transaction */
static void
settle(Task *task)
{
	if (task->job.id == 0)
		return;
	if (task->wants == TASK_DONE || task->wants == TASK_SNOOZE)
		heed_wish(wish_of(task->job.id, !IsBackgroundWorker));
	if (task->wants == TASK_DONE)
	{
		job_done(&task->job);
		if (task->handler->after)
			task->handler->after(task);
	}
	else if (task->wants == TASK_SNOOZE)
		job_snooze(&task->job, task->wake_at);
}

static void
start_step(void *arg)
{
	Task	   *task = arg;

	if (task->job.id != 0 && !job_still_open(&task->job))
	{
		task->job.id = 0;		/* ended elsewhere before we had its lock */
		task->wants = TASK_DONE;
		return;
	}
	if (task->handler == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("network handler \"%s\" does not exist", task->job.handler)));
	/* of before it came to us: its worker was ended, or the server crashed */
	if (task->job.id != 0 && wish_any())
		heed_wish(wish_before_start(task->job.id, !IsBackgroundWorker));
	task->handler->start(task);
	settle(task);
}

static void
next_step(void *arg)
{
	Task	   *task = arg;

	task->handler->step(task);
	settle(task);
}

static void
break_off(Task *task, const char *why)
{
	if (task->handler && task->handler->broken_off)
		task->handler->broken_off(task, why);
}

/* Somebody has cancelled the job while it was in hand */
static void
cancel_step(void *arg)
{
	Task	   *task = arg;

	(void) wish_of(task->job.id, false);	/* from now on nobody can wish so again */
	job_cancelled(&task->job);
	break_off(task, "its job was cancelled");
	task->job.id = 0;
	task->wants = TASK_DONE;
}

typedef struct FailedStep
{
	Task	   *task;
	ErrorData  *error;
} FailedStep;

static void
failed_step(void *arg)
{
	FailedStep *failed = arg;
	Task	   *task = failed->task;
	TimestampTz retry_at;

	if (task->job.id != 0)
	{
		Wish		wish = wish_of(task->job.id, !IsBackgroundWorker);

		if (wish == WISH_COMMITTED)
		{
			cancel_step(task);
			return;
		}
		/* somebody else's lock is no fault of the job */
		if (wish == WISH_UNDECIDED || failed->error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
		{
			job_snooze(&task->job, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), 2000));
			break_off(task, failed->error->message);
			return;
		}
	}
	retry_at = task->handler ? task->handler->failed(task, failed->error) : 0;
	if (task->job.id != 0)
		job_failed(&task->job, failed->error, retry_at);
}

/* The task is over, well or not: its locks and memory go */
static void
end_task(TaskSet *set, Task *task)
{
	int64		lock = task->lock_id;

	set->tasks = list_delete_ptr(set->tasks, task);
	if (task->handler)
		task->handler->ended(task);
	if (lock != 0)
	{
		running_remove(lock);
		limit_release(lock);
		if (set->mode != STEP_INSIDE)
			job_unlock(lock);	/* else it is the transaction's */
	}
	MemoryContextDelete(task->context);
}

/* The little of an error that outlives its task, in the current context */
static ErrorData *
copy_error(const ErrorData *error)
{
	ErrorData  *copy = palloc0(sizeof(ErrorData));

	copy->elevel = ERROR;
	copy->sqlerrcode = error->sqlerrcode;
	copy->assoc_context = CurrentMemoryContext;
	copy->message = pstrdup(error->message ? error->message : "unknown error");
	copy->detail = error->detail ? pstrdup(error->detail) : NULL;
	copy->hint = error->hint ? pstrdup(error->hint) : NULL;
	copy->context = error->context ? pstrdup(error->context) : NULL;
	return copy;
}

/* Runs a step and sees what the task wants next */
static void
run_step(TaskSet *set, Task *task, StepFunction step)
{
	MemoryContext caller = MemoryContextSwitchTo(task->context);
	FailedStep	failed = {task, NULL};

	task->wants = TASK_WAIT;
	task->wake_at = 0;
	if (task->job.id != 0)
	{
		/* no other task's step runs beside it: alone means only that it has crashed the server before */
		inflight_begin(task->job.alone);
		inflight_add(task->job.id);
	}
	failed.error = step_try(set->mode, step, task);
	inflight_end();
	if (failed.error)
	{
		ErrorData  *again = step_try(set->mode, failed_step, &failed);

		set->failed++;
		if (set->mode != STEP_WORKER)
		{
			MemoryContextSwitchTo(set->context);
			set->last_error = copy_error(failed.error);
		}
		if (again)				/* not even the failure could be written: leave it to the launcher */
			ReThrowError(again);
	}
	MemoryContextSwitchTo(caller);
	if (failed.error || task->wants == TASK_DONE || task->wants == TASK_SNOOZE)
	{
		set->done += failed.error == NULL && task->wants == TASK_DONE;
		end_task(set, task);
	}
}

/* Copies what a network job has, into the current context */
static void
copy_job(Job *copy, const Job *job)
{
	*copy = *job;
	copy->handler = pstrdup(job->handler);
	copy->queue = job->queue ? pstrdup(job->queue) : NULL;
	copy->args = PointerGetDatum(PG_DETOAST_DATUM_COPY(job->args));
	if (job->effect_key)
	{
		copy->effect_key = palloc(sizeof(pg_uuid_t));
		*copy->effect_key = *job->effect_key;
	}
	copy->unique_key = job->unique_key ? pstrdup(job->unique_key) : NULL;
	copy->unique_until = job->unique_until ? pstrdup(job->unique_until) : NULL;
	if (job->timeout)
	{
		copy->timeout = palloc(sizeof(Interval));
		*copy->timeout = *job->timeout;
	}
	copy->backoff = job->backoff ? PointerGetDatum(PG_DETOAST_DATUM_COPY(job->backoff)) : 0;
	copy->tags = job->tags ? PointerGetDatum(PG_DETOAST_DATUM_COPY(job->tags)) : 0;
	copy->errors = job->errors ? PointerGetDatum(PG_DETOAST_DATUM_COPY(job->errors)) : 0;
}

/*
 * Takes a job on.  The job's own members are copied.  Returns the task, or
 * NULL when it has ended already.
 */
Task *
tasks_add(TaskSet *set, const Job *job)
{
	MemoryContext context = AllocSetContextCreate(set->context, "pg_estate task", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Task	   *task = palloc0(sizeof(Task));

	task->context = context;
	task->loop = set->loop;
	copy_job(&task->job, job);
	task->lock_id = job->id;
	task->inside = set->mode == STEP_INSIDE;
	task->handler = find_handler(job->handler);
	MemoryContextSwitchTo(set->context);
	set->tasks = lappend(set->tasks, task);
	MemoryContextSwitchTo(caller);

	if (job->id != 0)
		running_add(&(Running) {
			.id = job->id,
			.role = job->role,
			.metric = metric_number(metric_of(job)),
			.counted = count_open(job, WAITS_FOR_TIME)
		});
	run_step(set, task, start_step);
	return list_member_ptr(set->tasks, task) ? task : NULL;
}

static bool
is_due(Task *task)
{
	return task->wants == TASK_STEP ||
		(task->wake_at != 0 && task->wake_at <= GetCurrentTimestamp()) ||
		task->handler->ready(task);
}

/* Moves the network on and runs the steps that can be run */
void
tasks_turn(TaskSet *set)
{
	List	   *round;
	ListCell   *cell;

	net_loop_turn(set->loop);
	round = list_copy(set->tasks);
	foreach(cell, round)
	{
		Task	   *task = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (task->job.id != 0 && running_cancelled(task->job.id))
			run_step(set, task, cancel_step);
		else if (is_due(task))
			run_step(set, task, next_step);
	}
	list_free(round);
}

static long
milliseconds_until(TimestampTz until)
{
	if (until == DT_NOEND)
		return 60 * 1000;
	return Min(TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until), 60 * 1000);
}

/* Waits for the network, the latch, a task's own time, or `until` */
void
tasks_wait(TaskSet *set, TimestampTz until)
{
	long		timeout = milliseconds_until(until);
	long		net = net_loop_timeout_ms(set->loop);
	ListCell   *cell;
	WaitEvent	event;

	if (net >= 0)
		timeout = Min(timeout, net);
	foreach(cell, set->tasks)
	{
		Task	   *task = lfirst(cell);

		/* what came while the step ran makes no more noise */
		if (is_due(task))
			return;
		if (task->wake_at != 0)
			timeout = Min(timeout, milliseconds_until(task->wake_at));
	}
	if (timeout > 0)
		(void) WaitEventSetWait(set->waits, timeout, &event, 1, PG_WAIT_EXTENSION);
}

/* After an error: the tasks are given up, their jobs stay open */
void
tasks_drop_all(TaskSet *set)
{
	while (set->tasks != NIL)
		end_task(set, linitial(set->tasks));
}
