/*
 * tidier.c
 *	  A process of its own for what takes long and is not urgent: counts the
 *	  jobs after a start of the server, forgets old ones.
 *
 * A dynamic background worker.  Once a minute, while there is work, a worker of
 * the database asks the launcher for it, and it is gone when it is through: to
 * count ten million rows must not keep jobs waiting.  What it does is done in transactions of its
 * own.  After an error the next one tries again.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"

#include "job/count.h"
#include "job/history.h"
#include "process/step.h"
#include "process/tidier.h"
#include "process/worker.h"
#include "slot.h"

#define TIDY_EVERY_MS (60 * 1000)
#define WAIT_MS 100
#define WAITS_MOST 300			/* half a minute: then another time */
#define COUNT_EVERY_MS 5000		/* when it is wanted, and could not be done */

static EstateDatabaseSlot *my_database;
static volatile const ProcessState *my_state;

PGDLLEXPORT void estate_tidier_main(Datum argument);

static void
tidier_give_slot_back(int code, Datum arg)
{
	ProcessState *state = slot_lock_piece(&process_area, my_database, LW_EXCLUSIVE);

	if (state->tidier == MyProcPid)
		state->tidier = 0;
	estate_unlock_piece(&process_area, state);
}

static bool
tidier_take_slot(int number, Oid database)
{
	ProcessState *state;
	bool		mine;

	my_database = &estate_shared->databases[number];
	before_shmem_exit(tidier_give_slot_back, (Datum) 0);
	state = slot_lock_piece(&process_area, my_database, LW_EXCLUSIVE);
	my_state = state;
	mine = my_database->database == database && state->tidier == 0 && state->asked_to_leave == 0;
	if (mine)
		state->tidier = MyProcPid;
	estate_unlock_piece(&process_area, state);
	return mine;
}

/* Nothing that a postgresql.conf or ALTER DATABASE sets may break the bookkeeping */
static void
tidier_settle_session(void)
{
	static const char *const settings[][2] = {
		{"search_path", "pg_catalog, pg_temp"},
		{"statement_timeout", "0"},
		{"lock_timeout", "2s"},
		{"idle_in_transaction_session_timeout", "0"},
		{"default_transaction_isolation", "read committed"},
		{"default_transaction_read_only", "off"},
		{"default_transaction_deferrable", "off"},
		{"row_security", "on"},
		{"max_parallel_workers_per_gather", "0"},
		{"synchronous_commit", "off"},
		{"transaction_timeout", "0"},	/* 17 and later */
	};

	for (int i = 0; i < lengthof(settings); i++)
		if (GetConfigOption(settings[i][0], true, false))
			SetConfigOption(settings[i][0], settings[i][1], PGC_SUSET, PGC_S_OVERRIDE);
}

/* One transaction */
static HistoryMore
tidy_step(void)
{
	EstateUser	user;
	HistoryMore more = HISTORY_MORE;

	step_begin(STEP_WORKER, &user);
	if (count_is_wanted())
		count_all();
	else
		more = history_tidy();
	step_commit(STEP_WORKER, &user);
	return more;
}

void
estate_tidier_main(Datum argument)
{
	Oid			database;
	HistoryMore more = HISTORY_MORE;
	int			waits = 0;

	pqsignal(SIGTERM, die);
	memcpy(&database, MyBgworkerEntry->bgw_extra, sizeof(database));
	if (!tidier_take_slot(DatumGetInt32(argument), database))
		proc_exit(0);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	tidier_settle_session();
	pgstat_report_appname("pg_estate tidier");
	pgstat_report_activity(STATE_RUNNING, "counting jobs, forgetting old ones");
	/* stop as soon as the database is not ours any more: others may be waiting for it */
	while (more != HISTORY_TIDY && my_database->database == database &&
		   my_state->asked_to_leave == 0)
	{
		CHECK_FOR_INTERRUPTS();
		more = tidy_step();
		/* transactions that still write an old part do so until they end: wait a little */
		if (more == HISTORY_BUSY && ++waits < WAITS_MOST)
		{
			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
							 WAIT_MS, PG_WAIT_EXTENSION);
			ResetLatch(MyLatch);
		}
		else if (more == HISTORY_BUSY)
			break;
	}
	proc_exit(0);
}

/*
 * Asks the launcher for the tidier of a worker's own database, if it is time;
 * inside a transaction.  Whether jobs have to be counted.
 */
bool
tidier_ask_if_due(EstateDatabaseSlot *slot)
{
	TimestampTz now = GetCurrentTimestamp();
	bool		wanted = count_is_wanted();
	bool		large = history_is_large();
	ProcessState *state = slot_lock_piece(&process_area, slot, LW_EXCLUSIVE);
	bool		due = state->tidier == 0 &&
		(large || now >= (wanted ? state->count_at : state->tidy_at));

	if (due)
	{
		state->tidy_at = TimestampTzPlusMilliseconds(now, TIDY_EVERY_MS);
		state->count_at = TimestampTzPlusMilliseconds(now, COUNT_EVERY_MS);
		state->tidier_wanted = true;
	}
	estate_unlock_piece(&process_area, state);
	if (due)
		slot_wake_launcher();
	return wanted;
}
