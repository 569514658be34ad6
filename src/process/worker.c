/*
 * worker.c
 *	  A worker of one database: wait, claim, run, finish.
 *
 * A dynamic background worker, started by the launcher only.  The first one of
 * a database holds the event loop and drives the jobs of the network, with
 * short transactions; the others run SQL handlers, however slow, so that none
 * of them freezes a transfer.
 *
 * The first estate.workers of a database stay, and sleep until they are woken
 * or something is due, so that a job does not wait for a process; see
 * make_way.c for who may want them gone.  Those that the launcher starts above
 * that, while long jobs hold up the others, leave when they have had nothing
 * to do for three seconds; so do all while processes are short.  An error in
 * the bookkeeping ends the process; the launcher starts it again, with
 * back-off.  Errors of jobs do not.
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
#include "storage/sinval.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timeout.h"

#include "feed/run.h"
#include "inflight.h"
#include "job/call.h"
#include "job/cancel.h"
#include "job/hand.h"
#include "job/lane.h"
#include "job/prepared.h"
#include "job/promote.h"
#include "job/queue.h"
#include "job/ready.h"
#include "job/running.h"
#include "job/settle.h"
#include "job/suspect.h"
#include "job/unique.h"
#include "keeper.h"
#include "process/sql_turn.h"
#include "process/start.h"
#include "process/step.h"
#include "process/tasks.h"
#include "process/tidier.h"
#include "process/worker.h"
#include "slot.h"

#define LEAVE_AFTER_MS 3000
#define LOOK_AGAIN_AFTER_MS (30 * 1000)
/*
 * for how long transfers may go on: when a statement needs the database; before
 * we connect anew
 */
#define MAKE_WAY_AFTER_MS 1500
#define RENEW_AFTER_MS (60 * 1000)
#define CLAIM_LEAST_ROOM 32
#define COMPLAIN_EVERY_MS (10 * 60 * 1000)

static EstateDatabaseSlot *my_database;
static EstateWorkerSlot *my_worker;
static int	my_number;
static EstateWorkerKind my_kind;
static volatile const ProcessState *my_state;
static uint32 my_renewals;		/* of the database when we connected */
/* the installation was found to be, and nothing about it has changed */
static bool in_order = false;
static TimestampTz looked_at = 0;	/* at the installation */
static MemoryContext cycle_context;

PGDLLEXPORT void estate_worker_main(Datum argument);

static void
worker_give_slot_back(int code, Datum arg)
{
	slot_lock(my_database, LW_EXCLUSIVE);
	if (my_worker->pid == MyProcPid)
	{
		my_worker->pid = 0;
		my_worker->latch = NULL;
		my_worker->rests = my_worker->held_up = false;
	}
	estate_unlock_slot(my_database);
}

/* Before the abort of what is under way: then others can have the jobs, see src/job/wish.c */
static void
forget_running(int code, Datum arg)
{
	running_remove_all();
}

/* Takes the slot; false when it is not ours to take any more */
static bool
worker_take_slot(int argument, Oid database)
{
	ProcessState *state;
	bool		mine;

	my_database = &estate_shared->databases[WORKER_SLOT(argument)];
	state = slot_lock_piece(&process_area, my_database, LW_SHARED);
	my_state = state;
	my_renewals = state->renewals;
	estate_unlock_piece(&process_area, state);
	my_number = WORKER_NUMBER(argument);
	my_worker = &my_database->workers[my_number];
	my_kind = WORKER_KIND(my_number);
	before_shmem_exit(worker_give_slot_back, (Datum) 0);

	slot_lock(my_database, LW_EXCLUSIVE);
	mine = my_database->database == database && my_worker->pid == 0;
	/* else we would wait for the database's lock, and be in the way as soon as we had it */
	if (my_state->asked_to_leave > 0)
	{
		my_worker->left = my_database->wake[my_number] = true;
		mine = false;
	}
	if (mine)
	{
		my_worker->pid = MyProcPid;
		my_worker->latch = MyLatch;
		my_worker->rests = my_worker->held_up = false;
	}
	estate_unlock_slot(my_database);
	return mine;
}

/* Nothing that a postgresql.conf or ALTER DATABASE sets may break the bookkeeping */
static void
worker_settle_session(void)
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
		step_relax_commits(true);
}

/* Says once in a while that there is something a human has to do */
static void
worker_complain(const char *message, const char *hint)
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
				 errmsg("pg_estate stays quiet in database \"%s\": %s",
						get_database_name(MyDatabaseId), message),
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
			worker_complain("it is a copy, or was restored", "SELECT estate.enable_workers();");
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
			worker_complain(psprintf("its tables are of version %d, the code needs %d",
									 version, ESTATE_TABLES_VERSION),
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

/* A schema or a function has come or gone, perhaps with the extension */
static void
doubt_installation(Datum argument, int cache, uint32 hash)
{
	in_order = false;
}

/*
 * Whether there is anything for us in this database.  Read when somebody has
 * changed something about it, not for each wake.
 */
static bool
is_ready(void)
{
	static uint32 changes;

	AcceptInvalidationMessages();
	if (in_order && changes == my_database->changes)
		return true;
	changes = my_database->changes;
	in_order = true;			/* unless we are told something else while we look */
	looked_at = GetCurrentTimestamp();
	if (!look_at_installation())
		in_order = false;
	return in_order;
}

/* Whether the database is to be without workers; read without the lock */
static bool
is_needed(void)
{
	return ((volatile EstateDatabaseSlot *) my_database)->database != MyDatabaseId ||
		my_state->asked_to_leave > 0;
}

/* Or at least without this process, which has read what is not so any more */
static bool
is_unwanted(void)
{
	return is_needed() || my_state->renewals != my_renewals;
}

/* Takes note of the wake flag */
static bool
take_wake(void)
{
	bool		woken;

	slot_lock(my_database, LW_EXCLUSIVE);
	woken = my_database->wake[my_number];
	my_database->wake[my_number] = false;
	my_worker->rests = false;
	estate_unlock_slot(my_database);
	return woken;
}

/* Whether an SQL worker may begin another batch: nobody has disabled us, or wants the database */
static bool
may_go_on(void)
{
	return !is_unwanted() && is_ready();
}

/* Leaves for whoever wants the database, or to connect anew.  What there is to do has to wait. */
static void
worker_make_way(void)
{
	slot_lock(my_database, LW_EXCLUSIVE);
	my_worker->left = true;
	my_database->wake[my_number] = true;
	estate_unlock_slot(my_database);
}

/* Whether this worker stays also when there is nothing to do */
static bool
worker_stays(void)
{
	return my_number < estate_workers && !start_is_short();
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
		my_worker->rests = false;
	}
	estate_unlock_slot(my_database);
	return leave;
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

	/*
	 * what caused an outside effect must not be lost after it: an asynchronous
	 * commit may have enqueued the job
	 */
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

/* At first, and when something has changed: feeds that have lost their jobs get others */
static void
worker_keep_schedules(void)
{
	static bool kept = false;
	static uint32 changes;
	EstateUser	user;

	/* what becomes of the jobs that a crash has left is not known yet: then we are woken again */
	if ((kept && changes == my_database->changes) || inflight_any_suspect())
		return;
	changes = my_database->changes;
	kept = true;
	step_begin(STEP_WORKER, &user);
	MemoryContextSwitchTo(cycle_context);
	feed_keep_schedules();
	step_commit(STEP_WORKER, &user);
	MemoryContextSwitchTo(cycle_context);
}

/* The event loop's share of a cycle.  True when something is in hand. */
static bool
network_turn(TaskSet *set, JobScope *scope, bool woken, TimestampTz *due)
{
	static bool more = true;	/* there may be more due jobs than we had room for */

	MemoryContextReset(cycle_context);
	MemoryContextSwitchTo(cycle_context);
	if (woken || *due <= GetCurrentTimestamp())
		worker_keep_schedules();
	if (woken || more || *due <= GetCurrentTimestamp())
		more = claim_network_jobs(set, scope, due);
	if (set->tasks != NIL)
	{
		pgstat_report_activity(STATE_RUNNING,
							   psprintf("driving %d network jobs", list_length(set->tasks)));
		tasks_turn(set);
		my_worker->worked |= set->done > 0 || set->failed > 0;
	}
	else
		pgstat_report_activity(STATE_IDLE, NULL);
	return set->tasks != NIL;
}

/*
 * Whether nobody has woken us since we looked.  If nothing is in hand either,
 * others can see that we rest.
 */
static bool
may_rest(const TaskSet *set)
{
	bool		may;

	slot_lock(my_database, LW_EXCLUSIVE);
	may = !my_database->wake[my_number];
	my_worker->rests = may && (set == NULL || set->tasks == NIL);
	estate_unlock_slot(my_database);
	return may;
}

static void
wait_for_work(TaskSet *set, TimestampTz until)
{
	/*
	 * a wait for a lock may have reset our latch since we were woken: the flag
	 * is still there
	 */
	if (!may_rest(set))
		return;
	if (set)
		tasks_wait(set, until);
	else
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until),
						 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
}

static void
read_settings(void)
{
	if (!ConfigReloadPending)
		return;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	in_order = false;
}

/* Transfers may end, for a while; then they are broken off, and will be begun anew */
static void
end_transfers(TaskSet *set)
{
	TimestampTz begun = GetCurrentTimestamp();

	while (set && set->tasks != NIL)
	{
		int			ms = is_needed() ? MAKE_WAY_AFTER_MS : RENEW_AFTER_MS;
		TimestampTz until = TimestampTzPlusMilliseconds(begun, ms);

		CHECK_FOR_INTERRUPTS();
		if (GetCurrentTimestamp() >= until)
			break;
		MemoryContextReset(cycle_context);
		tasks_turn(set);
		if (set->tasks != NIL)
			tasks_wait(set, until);
		ResetLatch(MyLatch);
	}
}

/* Whether there was anything to do for this kind of worker; *due: when there will be */
static bool
worker_turn(TaskSet *set, JobScope *scope, bool woken, TimestampTz *due)
{
	if (my_kind == WORKER_NETWORK)
		return network_turn(set, scope, woken, due);
	return sql_turn(scope, woken, may_go_on, due);
}

static void
worker_work(TaskSet *set, JobScope *scope)
{
	/* one that finds nothing at all to do may leave at once; whoever came to help waits a little */
	TimestampTz idle_since = my_number < estate_workers ? DT_NOBEGIN : GetCurrentTimestamp();
	TimestampTz due = DT_NOBEGIN;	/* the first look is due at once */

	for (;;)
	{
		TimestampTz leave_at;
		bool		woken;
		bool		look;

		CHECK_FOR_INTERRUPTS();

		/*
		 * else invalidation messages would pile up until all caches have to be
		 * thrown away
		 */
		if (catchupInterruptPending)
			ProcessCatchupInterrupt();
		read_settings();
		woken = take_wake();
		if (is_unwanted())
		{
			end_transfers(set);
			worker_make_way();
			return;
		}
		look = woken || due <= GetCurrentTimestamp();
		/* nothing is urgent: look also for changes that nobody wakes us for */
		if (look && !woken &&
			TimestampDifferenceExceeds(looked_at, GetCurrentTimestamp(), LOOK_AGAIN_AFTER_MS))
			in_order = false;
		if (look && !is_ready())
		{
			if (may_leave(DT_NOEND))
				return;
			continue;
		}
		if ((look || set != NULL) && worker_turn(set, scope, woken, &due))
			idle_since = GetCurrentTimestamp();
		else if (woken && my_number < estate_workers)
			idle_since = GetCurrentTimestamp();
		leave_at = DT_NOEND;
		if (!worker_stays() && !(set && set->tasks != NIL))
		{
			leave_at = idle_since == DT_NOBEGIN ? DT_NOBEGIN :
				TimestampTzPlusMilliseconds(idle_since, LEAVE_AFTER_MS);
			if (leave_at <= GetCurrentTimestamp() && may_leave(due))
				return;
		}
		wait_for_work(set, Min(due, leave_at));
	}
}

void
estate_worker_main(Datum argument)
{
	Oid			database;
	TaskSet    *set = NULL;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	memcpy(&database, MyBgworkerEntry->bgw_extra, sizeof(database));
	if (!worker_take_slot(DatumGetInt32(argument), database))
		proc_exit(0);
	running_join(my_database, my_number);
	hand_join(my_database, my_number);
	inflight_join(DatumGetInt32(argument), database);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	before_shmem_exit(forget_running, (Datum) 0);
	worker_settle_session();
	CacheRegisterSyscacheCallback(NAMESPACEOID, doubt_installation, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, doubt_installation, (Datum) 0);
	job_listen_to_cancel();
	pgstat_report_appname(my_kind == WORKER_NETWORK ? "pg_estate network" : "pg_estate jobs");

	cycle_context = AllocSetContextCreate(TopMemoryContext, "pg_estate cycle",
										  ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(TopMemoryContext);
	if (my_kind == WORKER_NETWORK)
		set = tasks_create(AllocSetContextCreate(TopMemoryContext, "pg_estate tasks",
												 ALLOCSET_DEFAULT_SIZES),
						   STEP_WORKER);
	else
		sql_turn_begin(my_database, my_worker, cycle_context);
	worker_work(set, job_scope_create(InvalidOid, NULL));
	proc_exit(0);
}
