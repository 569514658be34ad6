/*
 * running.c
 *	  Which jobs the workers have in hand, and how far they are.
 *
 * Workers write what they run; anybody reads it, or asks for a job to be
 * stopped.  running_cancel() is called while a transaction commits: it neither
 * allocates nor throws.
 */
#include "postgres.h"

#include <signal.h>

#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/tuplestore.h"

#include "job/running.h"
#include "slot.h"

typedef struct RunningWorker
{
	pid_t		pid;			/* 0: none */
	Latch	   *latch;
	int			njobs;
	Running		jobs[RUNNING_MOST];
	RunningProgress progress;
} RunningWorker;

typedef struct RunningState
{
	RunningWorker workers[ESTATE_MAX_WORKERS];
} RunningState;

EstateArea running_area = {
	.name = "pg_estate running jobs",
	.bytes = sizeof(RunningState),
	.npieces = ESTATE_MAX_DATABASES
};

/* our own, in which we say what we run; NULL: this process is no worker */
static const EstateDatabaseSlot *my_slot = NULL;
static RunningWorker *my_entry = NULL;

/*
 * Also when the database has lost its workers meanwhile: until we are gone no
 * other gets the slot.
 */
static RunningState *
lock_mine(LWLockMode mode)
{
	return slot_lock_piece(&running_area, my_slot, mode);
}

static void
unlock_mine(RunningState *state)
{
	estate_unlock_piece(&running_area, state);
}

/* After the abort of what is under way, which needs the list, and before the slot is given back */
static void
running_leave(int code, Datum arg)
{
	RunningState *state = lock_mine(LW_EXCLUSIVE);

	if (my_entry->pid == MyProcPid)
	{
		my_entry->pid = 0;
		my_entry->latch = NULL;
		my_entry->njobs = 0;
	}
	unlock_mine(state);
}

/* A worker begins, with its number; before it connects: see running_leave() */
void
running_join(const EstateDatabaseSlot *slot, int worker)
{
	RunningState *state;

	my_slot = slot;
	before_shmem_exit(running_leave, (Datum) 0);
	state = lock_mine(LW_EXCLUSIVE);
	my_entry = &state->workers[worker];
	my_entry->pid = MyProcPid;
	my_entry->latch = MyLatch;
	my_entry->njobs = 0;
	my_entry->progress.id = 0;
	unlock_mine(state);
}

void
running_add(const Running *running)
{
	RunningState *state;

	if (my_entry == NULL)
		return;
	state = lock_mine(LW_EXCLUSIVE);
	if (my_entry->njobs < RUNNING_MOST)
	{
		Running    *mine = &my_entry->jobs[my_entry->njobs++];

		*mine = *running;
		mine->started_at = GetCurrentTimestamp();
		mine->cancel = false;
	}
	unlock_mine(state);
}

void
running_remove(int64 id)
{
	RunningState *state;

	if (my_entry == NULL)
		return;
	state = lock_mine(LW_EXCLUSIVE);
	for (int i = 0; i < my_entry->njobs; i++)
		if (my_entry->jobs[i].id == id)
		{
			my_entry->jobs[i] = my_entry->jobs[--my_entry->njobs];
			break;
		}
	if (my_entry->progress.id == id)
		my_entry->progress.id = 0;
	unlock_mine(state);
}

/* Nothing of ours is being run any more */
void
running_remove_all(void)
{
	RunningState *state = lock_mine(LW_EXCLUSIVE);

	/* whoever has left his slot may have a successor there already */
	if (my_entry->pid == MyProcPid)
	{
		my_entry->njobs = 0;
		my_entry->progress.id = 0;
	}
	unlock_mine(state);
}

/* When we took a job in hand; 0: it is not in a worker's */
TimestampTz
running_since(int64 id)
{
	/* only we write there */
	for (int i = 0; my_entry && i < my_entry->njobs; i++)
		if (my_entry->jobs[i].id == id)
			return my_entry->jobs[i].started_at;
	return 0;
}

/* Whether somebody wants a job of ours to stop */
bool
running_cancelled(int64 id)
{
	RunningState *state;
	bool		cancel = false;

	if (my_entry == NULL)
		return false;
	state = lock_mine(LW_SHARED);
	for (int i = 0; i < my_entry->njobs; i++)
		if (my_entry->jobs[i].id == id)
			cancel = my_entry->jobs[i].cancel;
	unlock_mine(state);
	return cancel;
}

/*
 * The worker that says it has a job in hand, and its entry; NULL: none does.
 * Caller holds the lock.
 */
static Running *
find_running(RunningState *state, int64 id, int *worker)
{
	for (int w = 0; w < ESTATE_MAX_WORKERS; w++)
		for (int i = 0; state->workers[w].pid != 0 && i < state->workers[w].njobs; i++)
			if (state->workers[w].jobs[i].id == id)
			{
				*worker = w;
				return &state->workers[w].jobs[i];
			}
	return NULL;
}

/* Whether a worker says that it has a job in hand */
bool
running_is(int64 id)
{
	RunningState *state = estate_lock_piece(&running_area, LW_SHARED);
	int			worker;
	bool		found;

	if (state == NULL)
		return false;
	found = find_running(state, id, &worker) != NULL;
	estate_unlock_piece(&running_area, state);
	return found;
}

/*
 * Asks the worker that has a job in hand to stop it.  The network worker sees
 * that when it wakes; a handler of SQL has to be interrupted.
 */
void
running_cancel(int64 id)
{
	RunningState *state = estate_lock_piece(&running_area, LW_EXCLUSIVE);
	Running    *running;
	int			worker;

	if (state == NULL)
		return;
	running = find_running(state, id, &worker);
	if (running)
	{
		const RunningWorker *entry = &state->workers[worker];

		running->cancel = true;
		if (WORKER_KIND(worker) == WORKER_SQL)
			kill(entry->pid, SIGINT);
		else if (entry->latch)
			SetLatch(entry->latch);
	}
	estate_unlock_piece(&running_area, state);
}

/* Says how far a job of ours is; false: it is not in a worker's hands */
bool
running_report(int64 id, double done, double total, const char *note)
{
	RunningState *state;
	int			len = pg_mbcliplen(note, strlen(note), sizeof(my_entry->progress.note) - 1);

	if (my_entry == NULL)
		return false;
	state = lock_mine(LW_EXCLUSIVE);
	my_entry->progress.id = id;
	my_entry->progress.done = done;
	my_entry->progress.total = total;
	memcpy(my_entry->progress.note, note, len);
	my_entry->progress.note[len] = '\0';
	unlock_mine(state);
	return true;
}

/* All jobs that this database's workers have in hand, in the current context */
RunningRow *
running_all(int *n)
{
	RunningRow *rows;
	RunningState *state;

	*n = 0;
	/* copied: nothing that can throw runs under the lock */
	rows = palloc(sizeof(RunningRow) * ESTATE_MAX_WORKERS * RUNNING_MOST);
	state = estate_lock_piece(&running_area, LW_SHARED);
	if (state == NULL)
		return rows;
	for (int w = 0; w < ESTATE_MAX_WORKERS; w++)
		for (int i = 0; state->workers[w].pid != 0 && i < state->workers[w].njobs; i++)
			rows[(*n)++] = (RunningRow) {
				state->workers[w].jobs[i], state->workers[w].pid, state->workers[w].progress
			};
	estate_unlock_piece(&running_area, state);
	return rows;
}

PG_FUNCTION_INFO_V1(estate_running_jobs);

/*
 * estate.running_jobs() -> setof bigint: ids of the jobs that this database's
 * workers have in hand
 */
Datum
estate_running_jobs(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RunningRow *rows;
	int			n;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	rows = running_all(&n);
	for (int i = 0; i < n; i++)
	{
		Datum		value = Int64GetDatum(rows[i].running.id);
		bool		isnull = false;

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
	}
	return (Datum) 0;
}
