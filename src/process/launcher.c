/*
 * launcher.c
 *	  Starts the workers of the databases in estate.databases.
 *
 * One static background worker, connected to no database, so that it never
 * stands in the way of CREATE or DROP DATABASE.  It is the only one that starts
 * workers, and restarts them: dynamic workers with a restart time of their own
 * would be restarted for ever after their database is dropped.  It compares
 * what should run with what runs, on every wake and every ten seconds, rather
 * than reacting to single events, of which one is always missed.
 *
 * Touches no table of ours.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/procsignal.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "job/hand.h"
#include "process/served.h"
#include "process/start.h"
#include "process/worker.h"
#include "slot.h"

#define LOOK_EVERY_MS 10000
/*
 * in a database that had nothing for us, where nobody wakes us: a wake may have
 * been missed
 */
#define START_EVERY_MS (10 * 60 * 1000)
#define START_AGAIN_MS 1000		/* when all processes are in use */
#define BACKOFF_MOST_MS 60000
#define SOON_MS 10000			/* one that ended later was able to begin its work */

/* What the launcher alone knows of a worker */
typedef struct Child
{
	BackgroundWorkerHandle *handle; /* NULL: not running */
	int			failures;		/* in a row */
	TimestampTz not_before;
	TimestampTz started_at;
} Child;

EstateArea process_area = {
	.name = "pg_estate processes",
	.bytes = sizeof(ProcessState),
	.npieces = ESTATE_MAX_DATABASES
};

static Child children[ESTATE_MAX_DATABASES][ESTATE_MAX_WORKERS];

PGDLLEXPORT void estate_launcher_main(Datum argument);

static void
forget_launcher(int code, Datum arg)
{
	slot_set_launcher(0, NULL);
}

static bool
has_workers(const EstateDatabaseSlot *slot)
{
	for (int i = 0; i < ESTATE_MAX_WORKERS; i++)
		if (slot->workers[i].pid != 0)
			return true;
	return false;
}

/* A database that is not wanted any more loses its slot; its workers see that and leave */
static void
take_away_if_unwanted(EstateDatabaseSlot *slot, List *oids)
{
	if (!OidIsValid(slot->database) || list_member_oid(oids, slot->database))
		return;
	slot_lock(slot, LW_EXCLUSIVE);
	slot->database = InvalidOid;
	slot_call_workers(slot);
	estate_unlock_slot(slot);
}

/*
 * Whether a slot can be given to another database.  Not while somebody has
 * asked its workers to leave: that session will still say that they may come
 * back.
 */
static bool
is_free(EstateDatabaseSlot *slot)
{
	ProcessState *state = slot_lock_piece(&process_area, slot, LW_SHARED);
	bool		is_free = state->asked_to_leave == 0;

	estate_unlock_piece(&process_area, state);
	slot_lock(slot, LW_SHARED);
	is_free &= !OidIsValid(slot->database) && !has_workers(slot);
	estate_unlock_slot(slot);
	return is_free;
}

/* Brings the slots in line with the wanted databases; nobody but us gives or takes them */
static void
assign_slots(List *databases)
{
	List	   *oids = NIL;
	ListCell   *cell;

	foreach(cell, databases)
		if (((const ServedDatabase *) lfirst(cell))->state == SERVED)
			oids = lappend_oid(oids, ((const ServedDatabase *) lfirst(cell))->database);

	for (int i = 0; i < ESTATE_MAX_DATABASES; i++)
		take_away_if_unwanted(&estate_shared->databases[i], oids);
	foreach(cell, oids)
	{
		if (estate_find_slot(lfirst_oid(cell)))
			continue;
		for (int i = 0; i < ESTATE_MAX_DATABASES; i++)
			if (is_free(&estate_shared->databases[i]))
			{
				slot_give(&estate_shared->databases[i], lfirst_oid(cell));
				memset(children[i], 0, sizeof(children[i]));
				break;
			}
	}
}

/* After a reload all workers look, as if each database had been committed to */
static void
wake_all(void)
{
	for (int i = 0; i < ESTATE_MAX_DATABASES; i++)
	{
		EstateDatabaseSlot *slot = &estate_shared->databases[i];

		slot_lock(slot, LW_EXCLUSIVE);
		memset(slot->wake, true, sizeof(slot->wake));
		slot_call_workers(slot);
		estate_unlock_slot(slot);
	}
}

/*
 * Notices a child that is gone.  One that left without saying so may have failed:
 * if it died soon, and without having done anything, the next one has to wait.
 * Others are ended in the middle of their work, however often that is.
 */
static void
launcher_reap(int slot, int number)
{
	EstateDatabaseSlot *database = &estate_shared->databases[slot];
	Child	   *child = &children[slot][number];
	TimestampTz now = GetCurrentTimestamp();
	bool		left;
	bool		worked;
	pid_t		pid;

	if (child->handle == NULL || GetBackgroundWorkerPid(child->handle, &pid) != BGWH_STOPPED)
		return;
	pfree(child->handle);
	child->handle = NULL;
	slot_lock(database, LW_EXCLUSIVE);
	left = database->workers[number].left;
	worked = database->workers[number].worked;
	if (!left)
		database->wake[number] = true;	/* what it had in hand is still there */
	estate_unlock_slot(database);
	if (left || worked || TimestampDifferenceExceeds(child->started_at, now, SOON_MS))
		child->failures = 0;
	else
	{
		long		wait = Min(1000L << Min(child->failures, 6), BACKOFF_MOST_MS);

		child->failures++;
		child->not_before = TimestampTzPlusMilliseconds(now, wait);
	}
}

/* Whether all SQL workers before this one are held up by long batches; caller holds the lock */
static bool
is_help_needed(const EstateDatabaseSlot *database, int number)
{
	for (int i = 0; i < number; i++)
	{
		const EstateWorkerSlot *worker = &database->workers[i];

		if (WORKER_KIND(i) == WORKER_SQL && (worker->pid == 0 || !worker->held_up))
			return false;
	}
	return true;
}

/*
 * Whether a worker should be started; if not, `*next` is lowered to when it
 * should.  One above estate.workers only helps: while all before it are held
 * up it is started, or if it is there, and there is something to do, woken.
 */
static bool
is_wanted(int slot, int number, TimestampTz *next)
{
	EstateDatabaseSlot *database = &estate_shared->databases[slot];
	Child	   *child = &children[slot][number];
	const EstateWorkerSlot *worker = &database->workers[number];
	bool		kept = number < estate_workers;
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz due;
	bool		wanted;
	bool		runs;

	slot_lock(database, LW_SHARED);
	due = database->wake[number] ? now : database->due[WORKER_KIND(number)];
	wanted = kept || is_help_needed(database, number);
	/* perhaps started by a launcher before this one */
	runs = worker->pid != 0;
	if (runs && wanted && !kept && database->wake[number] && worker->latch)
		SetLatch(worker->latch);
	estate_unlock_slot(database);
	if (!wanted || runs || child->handle)
		return false;
	if (kept)
		due = Min(due, child->started_at == 0 ? now :
				  TimestampTzPlusMilliseconds(child->started_at, START_EVERY_MS));
	due = Max(due, child->not_before);
	*next = Min(*next, due);
	return due <= now;
}

static void
start_child(int slot, int number, Oid database)
{
	Child	   *child = &children[slot][number];
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);

	child->started_at = GetCurrentTimestamp();
	if (!start_worker(slot, number, database, &child->handle))
	{
		child->handle = NULL;
		child->not_before = TimestampTzPlusMilliseconds(child->started_at, START_AGAIN_MS);
	}
	MemoryContextSwitchTo(caller);
}

/* What a database's workers have asked for; false: they are to stay away */
static bool
take_wishes(const EstateDatabaseSlot *database, bool *tidier)
{
	ProcessState *state = slot_lock_piece(&process_area, database, LW_EXCLUSIVE);
	bool		may_run = state->asked_to_leave == 0;

	*tidier = may_run && state->tidier_wanted && state->tidier == 0;
	if (*tidier)
		state->tidier_wanted = false;
	estate_unlock_piece(&process_area, state);
	return may_run;
}

/*
 * Where one of its SQL workers is held up with pages in hand, the jobs on them
 * are work for the others: as if they had been enqueued now.
 */
static void
call_for_hands(EstateDatabaseSlot *database)
{
	bool		any = false;

	for (int i = 0; i < ESTATE_MAX_WORKERS; i++)
		any |= database->workers[i].held_up && hand_is_shown(database, i);
	if (!any)
		return;
	slot_lock(database, LW_EXCLUSIVE);
	for (int i = 0; i < ESTATE_MAX_WORKERS; i++)
	{
		const EstateWorkerSlot *worker = &database->workers[i];

		if (WORKER_KIND(i) != WORKER_SQL || worker->held_up)
			continue;
		database->wake[i] = true;
		if (i < estate_workers && worker->pid != 0 && worker->latch)
			SetLatch(worker->latch);
	}
	estate_unlock_slot(database);
}

/* What should run in a database against what runs; `*next` is lowered to when to look again */
static void
reconcile_database(int slot, TimestampTz *next)
{
	EstateDatabaseSlot *database = &estate_shared->databases[slot];
	int			most = Max(estate_workers, estate_max_workers);
	bool		tidier;

	for (int number = 0; number < ESTATE_MAX_WORKERS; number++)
		launcher_reap(slot, number);
	if (!OidIsValid(database->database) || !take_wishes(database, &tidier))
		return;
	call_for_hands(database);
	for (int number = 0; number < most; number++)
		if (is_wanted(slot, number, next))
			start_child(slot, number, database->database);
	if (tidier)
		start_tidier(slot, database->database);
}

/* What should run against what runs.  Returns when to look again. */
static TimestampTz
launcher_reconcile(void)
{
	TimestampTz next = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), LOOK_EVERY_MS);
	List	   *databases = served_databases();

	served_complain(databases);
	assign_slots(databases);
	for (int slot = 0; slot < ESTATE_MAX_DATABASES; slot++)
		reconcile_database(slot, &next);
	return next;
}

void
estate_launcher_main(Datum argument)
{
	pqsignal(SIGTERM, die);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	before_shmem_exit(forget_launcher, (Datum) 0);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	pgstat_report_appname("pg_estate launcher");

	slot_set_launcher(MyProcPid, MyLatch);

	MessageContext = AllocSetContextCreate(TopMemoryContext, "pg_estate launcher",
										   ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		TimestampTz next;
		long		timeout;

		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			wake_all();
		}
		MemoryContextSwitchTo(MessageContext);
		MemoryContextReset(MessageContext);
		next = launcher_reconcile();
		timeout = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), next);
		/* not in a tight loop, whatever happens */
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 Max(timeout, 1), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}
