/*
 * shared.c
 *	  What processes tell each other in shared memory: that there is work, and
 *	  which jobs are running.
 *
 * Runs in any process.  The callbacks here run while a transaction commits,
 * where an error would be a PANIC: they neither allocate nor throw.
 */
#include "postgres.h"

#include <signal.h>

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"
#include "utils/varlena.h"

#include "estate.h"
#include "shared.h"

/* what this transaction's commit has to tell */
static bool wake_pending[WORKER_KINDS] = {false, false};
static bool change_pending = false;
static EstateWorkerSlot *my_slot = NULL;

/* flags of shared memory that this transaction has taken down to look, see estate_begin_look() */
#define MOST_LOOKS 3
static bool *looks[MOST_LOOKS];
static int	nlooks = 0;
static bool look_again = false; /* also if it commits */

/*
 * Finds the slot of a database.  The caller holds the lock, or is its worker,
 * or is content with what was so a moment ago: the array itself does not move.
 */
EstateDatabaseSlot *
estate_find_slot(Oid database)
{
	static int	last = 0;		/* where it was found before */

	if (estate_shared == NULL || !OidIsValid(database))
		return NULL;
	if (estate_shared->databases[last].database == database)
		return &estate_shared->databases[last];
	for (int i = 0; i < ESTATE_MAX_DATABASES; i++)
		if (estate_shared->databases[i].database == database)
		{
			last = i;
			return &estate_shared->databases[i];
		}
	return NULL;
}

/* Whether the launcher is told to keep workers for this database */
bool
estate_workers_configured(void)
{
	List	   *names = NIL;
	ListCell   *cell;

	if (estate_shared == NULL || !SplitIdentifierString(pstrdup(estate_databases), ',', &names))
		return false;
	foreach(cell, names)
		if (strcmp(lfirst(cell), get_database_name(MyDatabaseId)) == 0)
			return true;
	return false;
}

/*
 * Wakes all workers of a kind: the one that looks first may take a slow job
 * and leave the others lying.
 */
static void
wake(EstateDatabaseSlot *slot, EstateWorkerKind kind)
{
	bool		all_running = true;

	for (int i = 0; i < ESTATE_MAX_WORKERS; i++)
	{
		if (WORKER_KIND(i) != kind)
			continue;
		slot->wake[i] = true;
		if (slot->workers[i].pid != 0 && slot->workers[i].latch)
			SetLatch(slot->workers[i].latch);
		else if (i < estate_workers)
			all_running = false;
	}
	if (!all_running && estate_shared->launcher_latch)
		SetLatch(estate_shared->launcher_latch);
}

/*
 * Whether each of them will look anyway.  Read without the lock: a worker
 * clears its flag before it takes its snapshot, so that one whose flag is
 * still set after our commit will see what we committed.
 */
static bool
is_awake(const EstateDatabaseSlot *slot, EstateWorkerKind kind)
{
	pg_memory_barrier();
	for (int i = 0; i < estate_workers; i++)
		if (WORKER_KIND(i) == kind && !((volatile const EstateDatabaseSlot *) slot)->wake[i])
			return false;
	return true;
}

void
estate_wake_now(EstateWorkerKind kind)
{
	EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);

	if (slot == NULL || is_awake(slot, kind))
		return;
	/* shared will do: all who are here write the same */
	LWLockAcquire(estate_shared->lock, LW_SHARED);
	if (slot->database == MyDatabaseId)
		wake(slot, kind);
	LWLockRelease(estate_shared->lock);
}

static void
tell_change(void)
{
	EstateDatabaseSlot *slot;

	LWLockAcquire(estate_shared->lock, LW_EXCLUSIVE);
	slot = estate_find_slot(MyDatabaseId);
	if (slot)
		slot->changes++;
	LWLockRelease(estate_shared->lock);
}

/* What the look has found, and perhaps dealt with, may be there again */
static void
end_looks(bool again)
{
	for (int i = 0; again && i < nlooks; i++)
		*(volatile bool *) looks[i] = true;
	if (again && nlooks > 0)
		estate_wake_now(WORKER_SQL);
	nlooks = 0;
	look_again = false;
}

static void
wake_callback(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
			if (change_pending)
				tell_change();
			for (EstateWorkerKind kind = 0; kind < WORKER_KINDS; kind++)
				if (wake_pending[kind])
					estate_wake_now(kind);
			end_looks(look_again);
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
		case XACT_EVENT_PREPARE:	/* the launcher's regular look finds it */
			/* COMMIT PREPARED tells nobody: looked at again when none is prepared any more */
			if (event == XACT_EVENT_PREPARE && change_pending)
				estate_note_prepared();
			end_looks(true);
			break;
		default:
			return;
	}
	change_pending = wake_pending[WORKER_NETWORK] = wake_pending[WORKER_SQL] = false;
}

/* Once for each backend: a callback for each transaction made commits quadratic elsewhere */
static void
register_callback(void)
{
	static bool registered = false;

	if (registered)
		return;
	RegisterXactCallback(wake_callback, NULL);
	registered = true;
}

/* Called where a job is written: its transaction's commit wakes the workers that can do it */
void
estate_wake_at_commit(EstateWorkerKind kind)
{
	if (estate_shared == NULL)
		return;
	register_callback();
	wake_pending[kind] = true;
}

/* Called where the installation or a queue is changed: the workers read them anew */
void
estate_change_at_commit(void)
{
	if (estate_shared == NULL)
		return;
	estate_wake_at_commit(WORKER_NETWORK);
	estate_wake_at_commit(WORKER_SQL);
	change_pending = true;
}

/*
 * Takes a flag of shared memory down that says there may be something to look
 * for; whoever leaves more from now on puts it up again.  The look has to have a
 * snapshot that is taken after this.  When the transaction is undone, the flag
 * is up again; in somebody else's transaction also when it is not, for it may
 * be undone in part.  Whether the flag has to go up again whatever is found: a
 * prepared transaction may have more.
 */
bool
estate_begin_look(EstateDatabaseSlot *slot, bool *flag)
{
	bool		known = false;

	register_callback();
	for (int i = 0; i < nlooks; i++)
		known |= looks[i] == flag;
	Assert(known || nlooks < MOST_LOOKS);
	if (!known)
		looks[nlooks++] = flag;
	look_again |= IsTransactionBlock() || IsSubTransaction();
	*(volatile bool *) flag = false;
	pg_memory_barrier();
	return ((volatile EstateDatabaseSlot *) slot)->prepared;
}

/* A transaction is being prepared that leaves what its commit would have told of; neither allocates nor throws */
void
estate_note_prepared(void)
{
	EstateDatabaseSlot *slot;

	LWLockAcquire(estate_shared->lock, LW_EXCLUSIVE);
	slot = estate_find_slot(MyDatabaseId);
	if (slot)
	{
		slot->prepared = true;
		slot->prepares++;
	}
	LWLockRelease(estate_shared->lock);
}

/* The worker's own slot, in which it says what it runs */
void
estate_set_my_slot(EstateWorkerSlot *slot)
{
	my_slot = slot;
}

void
estate_running_add(const EstateRunning *running)
{
	if (my_slot == NULL)
		return;
	LWLockAcquire(estate_shared->lock, LW_EXCLUSIVE);
	if (my_slot->nrunning < ESTATE_MAX_RUNNING)
	{
		EstateRunning *mine = &my_slot->running[my_slot->nrunning++];

		*mine = *running;
		mine->started_at = GetCurrentTimestamp();
		mine->cancel = false;
	}
	LWLockRelease(estate_shared->lock);
}

void
estate_running_remove(int64 id)
{
	if (my_slot == NULL)
		return;
	LWLockAcquire(estate_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < my_slot->nrunning; i++)
		if (my_slot->running[i].id == id)
		{
			my_slot->running[i] = my_slot->running[--my_slot->nrunning];
			break;
		}
	if (my_slot->progress.id == id)
		my_slot->progress.id = 0;
	LWLockRelease(estate_shared->lock);
}

/* When we took a job in hand; 0: it is not in a worker's */
TimestampTz
estate_running_since(int64 id)
{
	/* only we write there */
	for (int i = 0; my_slot && i < my_slot->nrunning; i++)
		if (my_slot->running[i].id == id)
			return my_slot->running[i].started_at;
	return 0;
}

/* Whether somebody wants a job of ours to stop */
bool
estate_running_cancelled(int64 id)
{
	bool		cancel = false;

	if (my_slot == NULL)
		return false;
	LWLockAcquire(estate_shared->lock, LW_SHARED);
	for (int i = 0; i < my_slot->nrunning; i++)
		if (my_slot->running[i].id == id)
			cancel = my_slot->running[i].cancel;
	LWLockRelease(estate_shared->lock);
	return cancel;
}

/* The worker that says it has a job in hand, and its entry; NULL: none does.  Caller holds the lock. */
static EstateRunning *
find_running(int64 id, int *worker)
{
	EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);

	for (int w = 0; slot != NULL && w < ESTATE_MAX_WORKERS; w++)
		for (int i = 0; slot->workers[w].pid != 0 && i < slot->workers[w].nrunning; i++)
			if (slot->workers[w].running[i].id == id)
			{
				*worker = w;
				return &slot->workers[w].running[i];
			}
	return NULL;
}

/* Whether a worker says that it has a job in hand */
bool
estate_is_running(int64 id)
{
	int			worker;
	bool		found;

	if (estate_shared == NULL)
		return false;
	LWLockAcquire(estate_shared->lock, LW_SHARED);
	found = find_running(id, &worker) != NULL;
	LWLockRelease(estate_shared->lock);
	return found;
}

/*
 * Asks the worker that has a job in hand to stop it.  The network worker sees
 * that when it wakes; a handler of SQL has to be interrupted.
 */
void
estate_running_cancel(int64 id)
{
	EstateRunning *running;
	int			worker;

	if (estate_shared == NULL)
		return;
	LWLockAcquire(estate_shared->lock, LW_EXCLUSIVE);
	running = find_running(id, &worker);
	if (running)
	{
		const EstateWorkerSlot *slot = &estate_find_slot(MyDatabaseId)->workers[worker];

		running->cancel = true;
		if (WORKER_KIND(worker) == WORKER_SQL)
			kill(slot->pid, SIGINT);
		else if (slot->latch)
			SetLatch(slot->latch);
	}
	LWLockRelease(estate_shared->lock);
}

/* Says how far a job of ours is; false: it is not in a worker's hands */
bool
estate_report_progress(int64 id, double done, double total, const char *note)
{
	int			len = pg_mbcliplen(note, strlen(note), sizeof(my_slot->progress.note) - 1);

	if (my_slot == NULL)
		return false;
	LWLockAcquire(estate_shared->lock, LW_EXCLUSIVE);
	my_slot->progress.id = id;
	my_slot->progress.done = done;
	my_slot->progress.total = total;
	memcpy(my_slot->progress.note, note, len);
	my_slot->progress.note[len] = '\0';
	LWLockRelease(estate_shared->lock);
	return true;
}

PG_FUNCTION_INFO_V1(estate_running_jobs);

/* estate.running_jobs() -> setof bigint: ids of the jobs that this database's workers have in hand */
Datum
estate_running_jobs(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	EstateDatabaseSlot *slot;
	int64	   *ids;
	int			n = 0;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (estate_shared == NULL)
		return (Datum) 0;

	/* copy first: nothing that can throw runs under the lock */
	ids = palloc(sizeof(int64) * ESTATE_MAX_WORKERS * ESTATE_MAX_RUNNING);
	LWLockAcquire(estate_shared->lock, LW_SHARED);
	slot = estate_find_slot(MyDatabaseId);
	for (int w = 0; slot != NULL && w < ESTATE_MAX_WORKERS; w++)
		if (slot->workers[w].pid != 0)
		{
			for (int i = 0; i < slot->workers[w].nrunning; i++)
				ids[n++] = slot->workers[w].running[i].id;
		}
	LWLockRelease(estate_shared->lock);

	for (int i = 0; i < n; i++)
	{
		Datum		value = Int64GetDatum(ids[i]);
		bool		isnull = false;

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
	}
	return (Datum) 0;
}
