/*
 * start.c
 *	  Start the processes of databases, as far as there are any to be had.
 *
 * Runs in the launcher; what it says of a shortage is read by anybody.
 *
 * Workers stay, so they may use up max_worker_processes.  When one that a
 * database keeps is refused, processes are short for a while: then workers
 * leave when they are idle, and the databases take turns with what there is.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "process/start.h"
#include "process/worker.h"
#include "slot.h"

#define SHORT_MS (10 * 60 * 1000)
#define COMPLAIN_EVERY_MS (60 * 1000)

/* One for all databases */
typedef struct Shortage
{
	TimestampTz refused_at;		/* a process was refused; 0: none was */
	TimestampTz until;			/* so long do idle workers leave */
} Shortage;

EstateArea start_area = {
	.name = "pg_estate shortage",
	.bytes = sizeof(Shortage),
	.npieces = 1
};

static Shortage
read_shortage(void)
{
	Shortage   *shared = estate_lock_piece(&start_area, LW_SHARED);
	Shortage	shortage = *shared;

	estate_unlock_piece(&start_area, shared);
	return shortage;
}

/* Whether idle workers are to leave */
bool
start_is_short(void)
{
	return read_shortage().until > GetCurrentTimestamp();
}

/* When a process was last refused; 0: none was */
TimestampTz
start_refused_at(void)
{
	return read_shortage().refused_at;
}

/* Those that rest have to hear that they may not stay */
static void
wake_resting(void)
{
	for (int i = 0; i < ESTATE_MAX_DATABASES; i++)
	{
		EstateDatabaseSlot *slot = &estate_shared->databases[i];

		slot_lock(slot, LW_SHARED);
		slot_call_workers(slot);
		estate_unlock_slot(slot);
	}
}

/* A process was refused; kept: one that its database should always have */
static void
note_refusal(bool kept)
{
	TimestampTz now = GetCurrentTimestamp();
	Shortage   *shared = estate_lock_piece(&start_area, LW_EXCLUSIVE);
	bool		begins = kept && shared->until <= now;

	shared->refused_at = now;
	if (kept)
		shared->until = TimestampTzPlusMilliseconds(now, SHORT_MS);
	estate_unlock_piece(&start_area, shared);
	if (begins)
		wake_resting();
}

static void
complain_of_refusal(void)
{
	static TimestampTz complained_at = 0;
	TimestampTz now = GetCurrentTimestamp();

	if (complained_at != 0 && !TimestampDifferenceExceeds(complained_at, now, COMPLAIN_EVERY_MS))
		return;
	complained_at = now;
	ereport(WARNING,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("pg_estate could not start a worker: all max_worker_processes are in use"),
			 errhint("Raise max_worker_processes and restart the server.")));
}

/* The launcher is told when it ends, and starts it again if it should: never the postmaster */
static bool
start_process(BackgroundWorker *worker, Oid database, bool kept, BackgroundWorkerHandle **handle)
{
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker->bgw_restart_time = BGW_NEVER_RESTART;
	worker->bgw_notify_pid = MyProcPid;
	snprintf(worker->bgw_library_name, BGW_MAXLEN, "pg_estate");
	memcpy(worker->bgw_extra, &database, sizeof(database));
	if (RegisterDynamicBackgroundWorker(worker, handle))
		return true;
	note_refusal(kept);
	complain_of_refusal();
	return false;
}

/* A worker; its handle is allocated in the current context.  False: it was refused. */
bool
start_worker(int slot, int number, Oid database, BackgroundWorkerHandle **handle)
{
	EstateDatabaseSlot *shared = &estate_shared->databases[slot];
	BackgroundWorker worker;

	memset(&worker, 0, sizeof(worker));
	snprintf(worker.bgw_function_name, BGW_MAXLEN, "estate_worker_main");
	snprintf(worker.bgw_name, BGW_MAXLEN, "pg_estate worker %d of database %u", number, database);
	snprintf(worker.bgw_type, BGW_MAXLEN, "pg_estate worker");
	worker.bgw_main_arg = Int32GetDatum(WORKER_ARGUMENT(slot, number));
	slot_lock(shared, LW_EXCLUSIVE);
	shared->workers[number].left = false;
	shared->workers[number].worked = false;
	estate_unlock_slot(shared);
	return start_process(&worker, database, number < estate_workers, handle);
}

/* The tidier of a database.  If it is refused, a worker will ask for it again. */
void
start_tidier(int slot, Oid database)
{
	BackgroundWorker worker;

	memset(&worker, 0, sizeof(worker));
	snprintf(worker.bgw_function_name, BGW_MAXLEN, "estate_tidier_main");
	snprintf(worker.bgw_name, BGW_MAXLEN, "pg_estate tidier of database %u", database);
	snprintf(worker.bgw_type, BGW_MAXLEN, "pg_estate tidier");
	worker.bgw_main_arg = Int32GetDatum(slot);
	(void) start_process(&worker, database, false, NULL);
}
