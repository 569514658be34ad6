/*
 * sql_turn.c
 *	  What a worker for SQL jobs does each time that it wakes: runs all there are.
 *
 * Runs in workers, which call sql_turn() outside of a transaction.  Each batch
 * is a transaction, and so is each look at what waits for its time.  What can
 * run is run first: somebody may be waiting for just that.
 *
 * A batch that takes long holds up the jobs behind it: the launcher is told,
 * and may find another worker for them.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "utils/memutils.h"
#include "utils/timeout.h"

#include "inflight.h"
#include "job/cancel.h"
#include "job/depend.h"
#include "job/hand.h"
#include "job/look.h"
#include "job/prepared.h"
#include "job/promote.h"
#include "job/ready.h"
#include "job/settle.h"
#include "job/suspect.h"
#include "job/unique.h"
#include "process/sql_turn.h"
#include "process/step.h"
#include "process/tidier.h"

#define LOOK_AT_OPEN_EVERY_MS 20	/* for retries and scheduled jobs, while the lanes are busy */
#define TIDY_EVERY_MS 500
#define HELD_UP_AFTER_MS 200
#define REST_LEAST_MS (30 * 1000)
#define REST_MOST_MS (60 * 60 * 1000)
#define COUNT_AGAIN_MS 5000		/* the tidier has been asked to, and could not */
#define LOOK_FOR_PREPARED_MS 1000

static EstateDatabaseSlot *database;
static EstateWorkerSlot *worker;	/* our own */
static MemoryContext turn_context;
static TimeoutId held_up_timeout;
static bool count_wanted = false;	/* jobs have not been counted yet */

/* After a crash, before anything is run: the jobs that may have been the cause */
static void
settle_suspects(void)
{
	EstateUser	user;

	if (!inflight_any_suspect())
		return;
	step_begin(STEP_WORKER, &user);
	MemoryContextSwitchTo(turn_context);
	suspect_settle();
	step_commit(STEP_WORKER, &user);
	MemoryContextSwitchTo(turn_context);
	suspect_forget();
}

/*
 * Moves jobs that have waited long enough to the lanes.  Returns how many;
 * `*due` is when the next one will have.
 */
static int
sql_turn_promote(JobScope *scope, TimestampTz *due)
{
	EstateUser	user;
	int			moved;

	step_begin(STEP_WORKER, &user);
	MemoryContextSwitchTo(turn_context);
	moved = prepared_look();
	moved += job_promote_due(scope) + job_promote_held();
	*due = job_next_due(scope, false);
	step_commit(STEP_WORKER, &user);
	MemoryContextSwitchTo(turn_context);
	return moved;
}

/* In the middle of a batch: the launcher may find another worker for the jobs behind it */
static void
say_held_up(void)
{
	/*
	 * a signal handler cannot take a lock: should the latch be another
	 * process's by now, that one wakes up in vain
	 */
	Latch	   *launcher = estate_shared->launcher_latch;

	worker->held_up = true;
	if (launcher)
		SetLatch(launcher);
}

/* One batch of the lanes' jobs, in a transaction */
static bool
run_ready_batch(JobScope *scope, TimestampTz *until)
{
	EstateUser	user;
	bool		any;

	enable_timeout_after(held_up_timeout, HELD_UP_AFTER_MS);
	step_begin(STEP_WORKER, &user);
	MemoryContextSwitchTo(turn_context);
	any = job_run_ready(scope, until);
	if (scope->durable)
		step_must_last();
	step_commit(STEP_WORKER, &user);
	return any;
}

/*
 * The same; when a handler without a subtransaction has thrown, the batch is
 * rolled back, and will be run again with them.
 */
static bool
try_ready_batch(JobScope *scope, TimestampTz *until)
{
	volatile bool any = true;

	MemoryContextReset(turn_context);
	MemoryContextSwitchTo(turn_context);
	PG_TRY();
	{
		any = run_ready_batch(scope, until);
	}
	PG_CATCH();
	{
		int			code = geterrcode();

		/*
		 * nothing has happened: again, with subtransactions, or as the
		 * collision was none of theirs
		 */
		if (!job_ready_should_retry() && code != ERRCODE_T_R_DEADLOCK_DETECTED &&
			code != ERRCODE_T_R_SERIALIZATION_FAILURE)
			PG_RE_THROW();
		MemoryContextSwitchTo(turn_context);
		FlushErrorState();
		job_batch_ended(scope); /* before others can have the jobs: see src/job/wish.c */
		AbortCurrentTransaction();
	}
	PG_END_TRY();
	disable_timeout(held_up_timeout, false);
	worker->held_up = false;
	worker->worked |= any;
	job_batch_ended(scope);
	LockReleaseAll(USER_LOCKMETHOD, true);
	MemoryContextSwitchTo(turn_context);
	return any;
}

/* Empties what is drained, asks for the tidier; when there will be more to empty */
static TimestampTz
tidy_lanes(void)
{
	EstateUser	user;
	EndedJobs	slipped;
	TimestampTz again;

	step_begin(STEP_WORKER, &user);
	again = ready_sweep();
	unique_sweep();
	if (depend_sweep(&slipped))
		settle_ended(&slipped);
	cancel_sweep();
	count_wanted = tidier_ask_if_due(database);
	step_commit(STEP_WORKER, &user);
	MemoryContextSwitchTo(turn_context);
	return again;
}

/*
 * When to look again though nobody has called.  There is something left to do
 * after the last job: heaps are given back when old snapshots are gone, old
 * jobs are forgotten.  So soon after work, and less and less often; never
 * often in a database that rests.
 */
static TimestampTz
rest_until(bool worked, bool woken)
{
	static int64 rest_ms = REST_LEAST_MS;
	int64		ms;

	if (worked)
		rest_ms = REST_LEAST_MS;
	else if (!woken)
		rest_ms = Min(rest_ms * 2, REST_MOST_MS);
	ms = rest_ms;
	if (look_is_prepared())
		ms = Min(ms, LOOK_FOR_PREPARED_MS);
	if (count_wanted)
		ms = Min(ms, COUNT_AGAIN_MS);
	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms);
}

/* Once, before the first turn; what is allocated in the context lasts for a batch */
void
sql_turn_begin(EstateDatabaseSlot *slot, EstateWorkerSlot *mine, MemoryContext context)
{
	database = slot;
	worker = mine;
	turn_context = context;
	held_up_timeout = RegisterTimeout(USER_TIMEOUT, say_held_up);
}

/*
 * Runs what SQL jobs can be run; true: there were some.  `*due` is when there
 * will be more, as far as is known.
 */
bool
sql_turn(JobScope *scope, bool woken, bool (*may_go_on) (void), TimestampTz *due)
{
	static TimestampTz tidied_at = 0;
	static TimestampTz tidy_again = DT_NOEND;	/* when there will be more to give back */
	bool		worked = false;
	TimestampTz looked_at = 0;
	TimestampTz timed = DT_NOEND;	/* when the next job's time comes */
	/* when a limit lets more start, of the queues that were left alone in this turn */
	TimestampTz limited = DT_NOEND;

	pgstat_report_activity(STATE_RUNNING, "running jobs");
	settle_suspects();
	hand_share_held_up();
	ready_skip_none();
	for (;;)
	{
		TimestampTz now = GetCurrentTimestamp();
		bool		any = false;

		CHECK_FOR_INTERRUPTS();
		if (!may_go_on())
			break;
		/* what can run is run first: somebody may be waiting for just that */
		any = try_ready_batch(scope, &limited);
		if (TimestampDifferenceExceeds(looked_at, now, LOOK_AT_OPEN_EVERY_MS))
		{
			MemoryContextReset(turn_context);
			MemoryContextSwitchTo(turn_context);
			if (sql_turn_promote(scope, &timed) > 0)
				any = true;
			else
				looked_at = now;
			/* if this process is held up by then, the launcher sees to it */
			((volatile EstateDatabaseSlot *) database)->due[WORKER_SQL] = Min(timed, limited);
		}
		*due = Min(timed, limited);
		/* when there is more to give back, else we would not rest; and before we do */
		if (TimestampDifferenceExceeds(tidied_at, now, TIDY_EVERY_MS) || now >= tidy_again ||
			(!any && worked && looked_at == now))
		{
			tidied_at = now;
			tidy_again = tidy_lanes();
		}
		if (!any)
		{
			if (looked_at == now)
				break;
			looked_at = 0;		/* once more before we rest */
		}
		worked |= any;
	}
	*due = Min(*due, Min(tidy_again, rest_until(worked, woken)));
	pgstat_report_activity(STATE_IDLE, NULL);
	return worked;
}
