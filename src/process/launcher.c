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

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/procsignal.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"

#include "process/worker.h"
#include "slot.h"

#define LOOK_EVERY_MS 10000
#define START_EVERY_MS 60000	/* even without a wake: something may have been missed */
#define BACKOFF_MOST_MS 60000

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
is_named(List *names, const char *name)
{
	ListCell   *cell;

	foreach(cell, names)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

/*
 * The databases that should have workers: those named that exist, can be
 * connected to and are no templates.  A scan, as the autovacuum launcher does
 * it: without a database of our own there are no catalog caches.
 */
static List *
wanted_databases(void)
{
	List	   *names = NIL;
	List	   *oids = NIL;
	Relation	relation;
	TableScanDesc scan;
	HeapTuple	tuple;

	if (!SplitIdentifierString(pstrdup(estate_databases), ',', &names) || names == NIL)
		return NIL;
	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	relation = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(relation, 0, NULL);
	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);

		if (is_named(names, NameStr(database->datname)) && database->datallowconn && !database->datistemplate)
		{
			MemoryContext transaction = MemoryContextSwitchTo(MessageContext);

			oids = lappend_oid(oids, database->oid);
			MemoryContextSwitchTo(transaction);
		}
	}
	table_endscan(scan);
	table_close(relation, AccessShareLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(MessageContext);
	return oids;
}

static bool
has_workers(const EstateDatabaseSlot *slot)
{
	for (int i = 0; i < ESTATE_MAX_WORKERS; i++)
		if (slot->workers[i].pid != 0)
			return true;
	return false;
}

/* Caller holds its lock */
static void
wake_workers_of(const EstateDatabaseSlot *slot)
{
	for (int w = 0; w < ESTATE_MAX_WORKERS; w++)
		if (slot->workers[w].pid != 0 && slot->workers[w].latch)
			SetLatch(slot->workers[w].latch);
}

/* A database that is not wanted any more loses its slot; its workers see that and leave */
static void
take_away_if_unwanted(EstateDatabaseSlot *slot, List *oids)
{
	if (!OidIsValid(slot->database) || list_member_oid(oids, slot->database))
		return;
	slot_lock(slot, LW_EXCLUSIVE);
	slot->database = InvalidOid;
	wake_workers_of(slot);
	estate_unlock_slot(slot);
}

static bool
is_free(EstateDatabaseSlot *slot)
{
	bool		is_free;

	slot_lock(slot, LW_SHARED);
	is_free = !OidIsValid(slot->database) && !has_workers(slot);
	estate_unlock_slot(slot);
	return is_free;
}

/* Brings the slots in line with the wanted databases; nobody but us gives them, or takes them away */
static void
assign_slots(List *oids)
{
	ListCell   *cell;

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
		wake_workers_of(slot);
		estate_unlock_slot(slot);
	}
}

/* Notices a child that is gone; one that left without saying so has failed, and has to wait */
static void
reap(int slot, int number)
{
	EstateDatabaseSlot *database = &estate_shared->databases[slot];
	Child	   *child = &children[slot][number];
	bool		left;
	pid_t		pid;

	if (child->handle == NULL || GetBackgroundWorkerPid(child->handle, &pid) != BGWH_STOPPED)
		return;
	pfree(child->handle);
	child->handle = NULL;
	slot_lock(database, LW_EXCLUSIVE);
	left = database->workers[number].left;
	if (!left)
		database->wake[number] = true;	/* what it had in hand is still there */
	estate_unlock_slot(database);
	if (left)
		child->failures = 0;
	else
	{
		long		wait = Min(1000L << Min(child->failures, 6), BACKOFF_MOST_MS);

		child->failures++;
		child->not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), wait);
	}
}

static void
complain_of_slots(void)
{
	static TimestampTz complained_at = 0;
	TimestampTz now = GetCurrentTimestamp();

	if (complained_at != 0 && !TimestampDifferenceExceeds(complained_at, now, START_EVERY_MS))
		return;
	complained_at = now;
	ereport(WARNING,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("pg_estate could not start a worker: all max_worker_processes are in use"),
			 errhint("Raise max_worker_processes and restart the server.")));
}

static void
start(int slot, int number, Oid database)
{
	Child	   *child = &children[slot][number];
	BackgroundWorker worker;
	MemoryContext caller;
	bool		registered;

	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	snprintf(worker.bgw_library_name, BGW_MAXLEN, "pg_estate");
	snprintf(worker.bgw_function_name, BGW_MAXLEN, "estate_worker_main");
	snprintf(worker.bgw_name, BGW_MAXLEN, "pg_estate worker %d of database %u", number, database);
	snprintf(worker.bgw_type, BGW_MAXLEN, "pg_estate worker");
	worker.bgw_main_arg = Int32GetDatum(WORKER_ARGUMENT(slot, number));
	worker.bgw_notify_pid = MyProcPid;
	memcpy(worker.bgw_extra, &database, sizeof(database));

	slot_lock(&estate_shared->databases[slot], LW_EXCLUSIVE);
	estate_shared->databases[slot].workers[number].left = false;
	estate_unlock_slot(&estate_shared->databases[slot]);
	caller = MemoryContextSwitchTo(TopMemoryContext);
	registered = RegisterDynamicBackgroundWorker(&worker, &child->handle);
	MemoryContextSwitchTo(caller);
	child->started_at = GetCurrentTimestamp();
	if (!registered)
	{
		child->handle = NULL;
		child->not_before = TimestampTzPlusMilliseconds(child->started_at, 1000);
		complain_of_slots();
	}
}

/*
 * Whether a worker should be running; if not, `*next` is lowered to when it
 * should.
 */
static bool
is_wanted(int slot, int number, TimestampTz *next)
{
	EstateDatabaseSlot *database = &estate_shared->databases[slot];
	EstateWorkerKind kind = WORKER_KIND(number);
	Child	   *child = &children[slot][number];
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz due;
	bool		runs;

	slot_lock(database, LW_SHARED);
	/* started by a launcher before this one */
	runs = database->workers[number].pid != 0;
	due = database->wake[number] ? now : database->due[kind];
	estate_unlock_slot(database);
	if (runs)
		return false;
	due = Min(due, child->started_at == 0 ? now : TimestampTzPlusMilliseconds(child->started_at, START_EVERY_MS));
	due = Max(due, child->not_before);
	*next = Min(*next, due);
	return due <= now;
}

/* What should run against what runs.  Returns when to look again. */
static TimestampTz
reconcile(void)
{
	TimestampTz next = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), LOOK_EVERY_MS);

	assign_slots(wanted_databases());
	for (int slot = 0; slot < ESTATE_MAX_DATABASES; slot++)
		for (int number = 0; number < ESTATE_MAX_WORKERS; number++)
		{
			Oid			database = estate_shared->databases[slot].database;

			reap(slot, number);
			if (OidIsValid(database) && number < estate_workers &&
				children[slot][number].handle == NULL && is_wanted(slot, number, &next))
				start(slot, number, database);
		}
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

	MessageContext = AllocSetContextCreate(TopMemoryContext, "pg_estate launcher", ALLOCSET_DEFAULT_SIZES);
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
		next = reconcile();
		timeout = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), next);
		/* not in a tight loop, whatever happens */
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 Max(timeout, 1), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}
