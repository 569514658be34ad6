/*
 * worker.c
 *	  A worker of one database: wait, claim, run, finish.
 *
 * A dynamic background worker, started by the launcher only.  The first one of
 * a database holds the event loop and drives the jobs of the network, with
 * short transactions; the others run SQL handlers, however slow, so that none
 * of them freezes a transfer.
 *
 * A worker leaves when it has had nothing to do for three seconds, so that an
 * idle database can be dropped, renamed and used as a template; before that it
 * writes when it is next needed.  An error in the bookkeeping ends the
 * process; the launcher starts it again, with back-off.  Errors of jobs do not.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "storage/procsignal.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "inflight.h"
#include "job/call.h"
#include "job/cancel.h"
#include "job/lane.h"
#include "job/promote.h"
#include "job/queue.h"
#include "job/ready.h"
#include "job/running.h"
#include "job/settle.h"
#include "job/suspect.h"
#include "job/unique.h"
#include "keeper.h"
#include "process/step.h"
#include "process/tasks.h"
#include "process/tidier.h"
#include "process/worker.h"
#include "slot.h"

#define LEAVE_AFTER_MS 3000
#define LOOK_AT_OPEN_EVERY_MS 20	/* for retries and scheduled jobs, while the lanes are busy */
#define TIDY_EVERY_MS 500
#define COME_BACK_AFTER_MS (60 * 60 * 1000)
#define LOOK_FOR_PREPARED_MS 1000
#define LOOK_AT_INSTALLATION_EVERY_MS 1000
#define CLAIM_LEAST_ROOM 32
#define COMPLAIN_EVERY_MS (10 * 60 * 1000)

static EstateDatabaseSlot *my_database;
static EstateWorkerSlot *my_worker;
static int	my_number;
static EstateWorkerKind my_kind;
static TimestampTz in_order_at = 0; /* when the installation was last found to be; 0: it has to be looked at */
static MemoryContext cycle_context;

PGDLLEXPORT void estate_worker_main(Datum argument);

static void
give_slot_back(int code, Datum arg)
{
	slot_lock(my_database, LW_EXCLUSIVE);
	if (my_worker->pid == MyProcPid)
	{
		my_worker->pid = 0;
		my_worker->latch = NULL;
	}
	estate_unlock_slot(my_database);
}

/* Takes the slot; false when it is not ours to take any more */
static bool
take_slot(int argument, Oid database)
{
	bool		mine;

	my_database = &estate_shared->databases[WORKER_SLOT(argument)];
	my_number = WORKER_NUMBER(argument);
	my_worker = &my_database->workers[my_number];
	my_kind = WORKER_KIND(my_number);
	before_shmem_exit(give_slot_back, (Datum) 0);

	slot_lock(my_database, LW_EXCLUSIVE);
	mine = my_database->database == database && my_worker->pid == 0;
	if (mine)
	{
		my_worker->pid = MyProcPid;
		my_worker->latch = MyLatch;
	}
	estate_unlock_slot(my_database);
	return mine;
}

/* Nothing that a postgresql.conf or ALTER DATABASE sets may break the bookkeeping */
static void
settle_session(void)
{
	static const char *const settings[][2] = {
		{"search_path", "pg_catalog, pg_temp"},
		{"statement_timeout", "0"},
		{"lock_timeout", "0"},
		{"idle_in_transaction_session_timeout", "0"},
		{"idle_session_timeout", "0"},
		{"default_transaction_isolation", "read committed"},
		{"default_transaction_read_only", "off"},
		{"default_transaction_deferrable", "off"},
		{"row_security", "on"},
		{"transaction_timeout", "0"},	/* 17 and later */
	};

	for (int i = 0; i < lengthof(settings); i++)
		if (GetConfigOption(settings[i][0], true, false))
			SetConfigOption(settings[i][0], settings[i][1], PGC_SUSET, PGC_S_OVERRIDE);

	/*
	 * The effects of an SQL handler and the end of its job are one commit: if
	 * a crash of the machine loses it, it loses both, and the job runs again.
	 */
	if (my_kind == WORKER_SQL)
		SetConfigOption("synchronous_commit", "off", PGC_SUSET, PGC_S_OVERRIDE);
	else
		/* one row that a client keeps locked must not stop all feeds and effects; see run_step() */
		SetConfigOption("lock_timeout", "2s", PGC_SUSET, PGC_S_OVERRIDE);
}

/* Says once in a while that there is something a human has to do */
static void
complain(const char *message, const char *hint)
{
	TimestampTz now = GetCurrentTimestamp();
	ProcessState *state;
	bool		now_then;

	state = estate_lock_piece(&process_area, LW_EXCLUSIVE);
	if (state == NULL)
		return;					/* nobody wants us here any more */
	now_then = state->complained_at == 0 ||
		TimestampDifferenceExceeds(state->complained_at, now, COMPLAIN_EVERY_MS);
	if (now_then)
		state->complained_at = now;
	estate_unlock_piece(&process_area, state);
	if (now_then)
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("pg_estate stays quiet in database \"%s\": %s", get_database_name(MyDatabaseId), message),
				 errhint("%s", hint)));
}

/* Reads whose database the installation says this is */
static bool
is_enabled(void)
{
	static KeeperStatement statement = {
		"SELECT system_id, database_oid FROM estate_internal.installation",
		.flags = KEEPER_READS | KEEPER_FIRST
	};
	bool		enabled = false;
	EstateUser	user;
	KeeperRows	rows;

	keeper_begin(&user);
	rows = keeper_run(&statement, NULL, NULL);
	if (rows.n == 1)
	{
		char	   *system_id = keeper_text(rows, 0, 1);

		if (system_id == NULL)
			;					/* disabled, as somebody wished: no complaint */
		else if (strcmp(system_id, psprintf(UINT64_FORMAT, GetSystemIdentifier())) != 0 ||
				 keeper_oid(rows, 0, 2) != MyDatabaseId)
			complain("it is a copy, or was restored", "SELECT estate.enable_workers();");
		else
			enabled = true;
	}
	keeper_end(&user);
	return enabled;
}

/* Reads whether there is anything for us in this database */
static bool
look_at_installation(void)
{
	bool		ready = false;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (OidIsValid(get_extension_oid("pg_estate", true)) && estate_tables_exist())
	{
		int			version = estate_tables_version();

		if (version != ESTATE_TABLES_VERSION)
			complain(psprintf("its tables are of version %d, the code needs %d", version, ESTATE_TABLES_VERSION),
					 estate_update_commands());
		else
		{
			ready = is_enabled();
			queue_refresh();
		}
	}
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(true);
	return ready;
}

/*
 * Whether there is anything for us in this database.  Read when somebody has
 * changed something about it, and now and then; not for each wake.
 */
static bool
is_ready(void)
{
	static uint32 changes;
	TimestampTz now = GetCurrentTimestamp();

	if (in_order_at != 0 && changes == my_database->changes &&
		!TimestampDifferenceExceeds(in_order_at, now, LOOK_AT_INSTALLATION_EVERY_MS))
		return true;
	changes = my_database->changes;
	in_order_at = look_at_installation() ? now : 0;
	return in_order_at != 0;
}

/* Takes note of the wake flag; false when the launcher wants us gone */
static bool
look_at_slot(bool *woken)
{
	bool		wanted;

	slot_lock(my_database, LW_EXCLUSIVE);
	*woken = my_database->wake[my_number];
	my_database->wake[my_number] = false;
	wanted = my_database->database == MyDatabaseId;
	estate_unlock_slot(my_database);
	return wanted;
}

/* Leaves unless work has come in the meantime */
static bool
may_leave(TimestampTz due)
{
	bool		leave;

	slot_lock(my_database, LW_EXCLUSIVE);
	leave = !my_database->wake[my_number];
	if (leave)
	{
		my_database->due[my_kind] = due;
		my_worker->left = true;
		/* from here on a commit must wake the launcher instead of us */
		my_worker->pid = 0;
		my_worker->latch = NULL;
	}
	estate_unlock_slot(my_database);
	return leave;
}

/* After a crash, before anything is run: the jobs that may have been the cause */
static void
settle_suspects(void)
{
	EstateUser	user;

	if (!inflight_any_suspect())
		return;
	step_begin(STEP_WORKER, &user);
	MemoryContextSwitchTo(cycle_context);
	suspect_settle();
	step_commit(STEP_WORKER, &user);
	MemoryContextSwitchTo(cycle_context);
	suspect_forget();
}

/*
 * Moves jobs that have waited long enough to the lanes.  Returns how many;
 * `*due` is when the next one will have.
 */
static int
promote(JobScope *scope, TimestampTz *due)
{
	EstateUser	user;
	int			moved;

	step_begin(STEP_WORKER, &user);
	MemoryContextSwitchTo(cycle_context);
	moved = job_promote_due(scope) + job_promote_held();
	*due = job_next_due(scope, false);
	step_commit(STEP_WORKER, &user);
	MemoryContextSwitchTo(cycle_context);
	return moved;
}

/* One batch of the lanes' jobs, in a transaction */
static bool
run_ready_batch(JobScope *scope, TimestampTz *until)
{
	EstateUser	user;
	bool		any;

	step_begin(STEP_WORKER, &user);
	MemoryContextSwitchTo(cycle_context);
	any = job_run_ready(scope, until);
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

	MemoryContextReset(cycle_context);
	MemoryContextSwitchTo(cycle_context);
	PG_TRY();
	{
		any = run_ready_batch(scope, until);
	}
	PG_CATCH();
	{
		int			code = geterrcode();

		/* nothing has happened: again, with subtransactions, or as the collision was none of the handlers' */
		if (!job_ready_should_retry() && code != ERRCODE_T_R_DEADLOCK_DETECTED && code != ERRCODE_T_R_SERIALIZATION_FAILURE)
			PG_RE_THROW();
		MemoryContextSwitchTo(cycle_context);
		FlushErrorState();
		AbortCurrentTransaction();
	}
	PG_END_TRY();
	job_batch_ended(scope);
	LockReleaseAll(USER_LOCKMETHOD, true);
	MemoryContextSwitchTo(cycle_context);
	return any;
}

/* Empties what is drained, and has the tidier started; after a prepared transaction looks at everything again */
static bool
tidy_lanes(void)
{
	EstateUser	user;
	EndedJobs	slipped;
	bool		again;

	step_begin(STEP_WORKER, &user);
	again = lane_restart_after_prepare();
	ready_sweep();
	unique_sweep();
	if (depend_sweep(&slipped))
		settle_ended(&slipped);
	cancel_sweep();
	tidier_start_if_due(my_database, my_database - estate_shared->databases);
	step_commit(STEP_WORKER, &user);
	MemoryContextSwitchTo(cycle_context);
	return again;
}

static bool
sql_turn(JobScope *scope, TimestampTz *due)
{
	static TimestampTz tidied_at = 0;
	bool		worked = false;
	TimestampTz looked_at = 0;
	TimestampTz timed = DT_NOEND;	/* when the next job's time comes */
	TimestampTz limited = DT_NOEND; /* when a limit lets more start, of the queues that were left alone in this turn */

	pgstat_report_activity(STATE_RUNNING, "running jobs");
	settle_suspects();
	ready_skip_none();
	for (;;)
	{
		TimestampTz now = GetCurrentTimestamp();
		bool		any = false;

		CHECK_FOR_INTERRUPTS();
		/* disabled, torn down or dropped in the middle of it? */
		if (!is_ready())
			break;
		if (TimestampDifferenceExceeds(looked_at, now, LOOK_AT_OPEN_EVERY_MS))
		{
			MemoryContextReset(cycle_context);
			MemoryContextSwitchTo(cycle_context);
			any = promote(scope, &timed) > 0;
			if (!any)
				looked_at = now;
		}
		any |= try_ready_batch(scope, &limited);
		*due = Min(timed, limited);
		/* and before we rest: then there is most to give back */
		if (TimestampDifferenceExceeds(tidied_at, now, TIDY_EVERY_MS) || (!any && worked && looked_at == now))
		{
			tidied_at = now;
			if (tidy_lanes())
				any |= try_ready_batch(scope, &limited);
		}
		if (!any)
		{
			if (looked_at == now)
				break;
			looked_at = 0;		/* once more before we rest */
		}
		worked |= any;
	}
	/* also where nothing happens old jobs are to be forgotten */
	*due = Min(*due, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), lane_any_prepared() ? LOOK_FOR_PREPARED_MS : COME_BACK_AFTER_MS));
	pgstat_report_activity(STATE_IDLE, NULL);
	return worked;
}

/*
 * Flushes all that was written to the log so far.  At the start of a page the
 * next insertion goes behind a header that is not there yet, and that nobody
 * can flush.
 */
static void
flush_log(void)
{
	XLogRecPtr	until = GetXLogInsertRecPtr();

	if (XLogSegmentOffset(until, wal_segment_size) == SizeOfXLogLongPHD)
		until -= SizeOfXLogLongPHD;
	else if (until % XLOG_BLCKSZ == SizeOfXLogShortPHD)
		until -= SizeOfXLogShortPHD;
	XLogFlush(until);
}

/* Takes on as many due network jobs as there is room for */
static bool
claim_network_jobs(TaskSet *set, JobScope *scope, TimestampTz *due)
{
	EstateUser	user;
	List	   *jobs;
	ListCell   *cell;
	int			room = RUNNING_MOST - list_length(set->tasks);
	TimestampTz limited = DT_NOEND;

	/*
	 * Not for each place that becomes free: a claim reads past all that are in
	 * hand.  And not before a worker of the other kind has settled what became
	 * of jobs that may have crashed the server: then it wakes us.
	 */
	if (room < CLAIM_LEAST_ROOM || inflight_any_suspect())
	{
		*due = DT_NOEND;		/* `true` makes us look again when tasks have ended */
		return true;
	}
	step_begin(STEP_WORKER, &user);
	MemoryContextSwitchTo(cycle_context);
	jobs = job_claim_network(scope, room, &limited);
	*due = Min(job_next_due(scope, true), limited);
	step_commit(STEP_WORKER, &user);
	MemoryContextSwitchTo(cycle_context);
	/* what caused an outside effect must not be lost after it: an asynchronous commit may have enqueued the job */
	if (jobs != NIL)
		flush_log();
	foreach(cell, jobs)
	{
		CHECK_FOR_INTERRUPTS();
		job_claim_taken(scope);
		(void) tasks_add(set, lfirst(cell));
	}
	return list_length(jobs) == room;
}

/* The event loop's share of a cycle.  True when something is in hand. */
static bool
network_turn(TaskSet *set, JobScope *scope, bool woken, TimestampTz *due)
{
	static bool more = true;	/* there may be more due jobs than we had room for */

	MemoryContextReset(cycle_context);
	MemoryContextSwitchTo(cycle_context);
	if (woken || more || *due <= GetCurrentTimestamp())
		more = claim_network_jobs(set, scope, due);
	if (set->tasks != NIL)
	{
		pgstat_report_activity(STATE_RUNNING, psprintf("driving %d network jobs", list_length(set->tasks)));
		tasks_turn(set);
	}
	else
		pgstat_report_activity(STATE_IDLE, NULL);
	return set->tasks != NIL;
}

static void
wait_for_work(TaskSet *set, TimestampTz until)
{
	/* whoever waited for a lock meanwhile may have taken the latch for his own */
	if (((volatile EstateDatabaseSlot *) my_database)->wake[my_number])
		return;
	if (set)
		tasks_wait(set, until);
	else
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until), PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
}

static void
work(TaskSet *set, JobScope *scope)
{
	TimestampTz idle_since = GetCurrentTimestamp();
	TimestampTz due = DT_NOBEGIN;	/* the first look is due at once */
	bool		lingers = false;	/* only one that was called, or has worked, waits for more */

	for (;;)
	{
		TimestampTz leave_at;
		bool		woken;

		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			in_order_at = 0;
		}
		if (!look_at_slot(&woken))
			return;
		if ((my_kind == WORKER_SQL || woken || due <= GetCurrentTimestamp()) && !is_ready())
		{
			if (may_leave(DT_NOEND))
				return;
			continue;
		}
		if ((my_kind == WORKER_NETWORK ? network_turn(set, scope, woken, &due) : sql_turn(scope, &due)) || woken)
		{
			idle_since = GetCurrentTimestamp();
			lingers = true;
		}
		leave_at = lingers ? TimestampTzPlusMilliseconds(idle_since, LEAVE_AFTER_MS) : DT_NOBEGIN;
		if (!(set && set->tasks != NIL) && leave_at <= GetCurrentTimestamp() && may_leave(due))
			return;
		wait_for_work(set, Min(due, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), LEAVE_AFTER_MS)));
	}
}

void
estate_worker_main(Datum argument)
{
	Oid			database;
	TaskSet    *set = NULL;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	memcpy(&database, MyBgworkerEntry->bgw_extra, sizeof(database));
	if (!take_slot(DatumGetInt32(argument), database))
		proc_exit(0);
	running_join(my_database, my_number);
	inflight_join(DatumGetInt32(argument), database);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	settle_session();
	job_listen_to_cancel();
	pgstat_report_appname(my_kind == WORKER_NETWORK ? "pg_estate network" : "pg_estate jobs");

	cycle_context = AllocSetContextCreate(TopMemoryContext, "pg_estate cycle", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(TopMemoryContext);
	if (my_kind == WORKER_NETWORK)
		set = tasks_create(AllocSetContextCreate(TopMemoryContext, "pg_estate tasks", ALLOCSET_DEFAULT_SIZES),
						   STEP_WORKER);
	work(set, job_scope_create(InvalidOid, NULL));
	proc_exit(0);
}
