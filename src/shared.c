/*
 * shared.c
 *	  What processes tell each other in shared memory: that there is work, and
 *	  which jobs are running.
 *
 * Runs in any process.  The callbacks here run while a transaction commits,
 * where an error would be a PANIC: they neither allocate nor throw.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"
#include "utils/varlena.h"

#include "estate.h"
#include "shared.h"

static bool wake_pending = false;
static EstateWorkerSlot *my_slot = NULL;

/* Find the slot of a database; caller holds the lock, or is its worker */
EstateDatabaseSlot *
estate_find_slot(Oid database)
{
	if (estate_shared == NULL || !OidIsValid(database))
		return NULL;
	for (int i = 0; i < ESTATE_MAX_DATABASES; i++)
		if (estate_shared->databases[i].database == database)
			return &estate_shared->databases[i];
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

void
estate_wake_now(void)
{
	EstateDatabaseSlot *slot;
	bool		all_running = true;

	/* shared will do: all who are here write the same */
	LWLockAcquire(estate_shared->lock, LW_SHARED);
	slot = estate_find_slot(MyDatabaseId);
	if (slot)
	{
		/* each of them: the one that looks first may take a slow job and leave the others lying */
		for (int i = 0; i < ESTATE_MAX_WORKERS; i++)
		{
			slot->wake[i] = true;
			if (slot->workers[i].pid != 0 && slot->workers[i].latch)
				SetLatch(slot->workers[i].latch);
			else if (i < estate_workers)
				all_running = false;
		}
		if (!all_running && estate_shared->launcher_latch)
			SetLatch(estate_shared->launcher_latch);
	}
	LWLockRelease(estate_shared->lock);
}

static void
wake_callback(XactEvent event, void *arg)
{
	if (!wake_pending)
		return;
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
			wake_pending = false;
			estate_wake_now();
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
		case XACT_EVENT_PREPARE:	/* the launcher's regular look finds it */
			wake_pending = false;
			break;
		default:
			break;
	}
}

/* Called where a job is written: its transaction's commit wakes the workers */
void
estate_wake_at_commit(void)
{
	static bool registered = false;

	if (estate_shared == NULL)
		return;
	/* once for each backend: a callback for each transaction made commits quadratic elsewhere */
	if (!registered)
	{
		RegisterXactCallback(wake_callback, NULL);
		registered = true;
	}
	wake_pending = true;
}

/* The worker's own slot, in which it says what it runs */
void
estate_set_my_slot(EstateWorkerSlot *slot)
{
	my_slot = slot;
}

void
estate_running_add(int64 id)
{
	if (my_slot == NULL)
		return;
	LWLockAcquire(estate_shared->lock, LW_EXCLUSIVE);
	if (my_slot->nrunning < ESTATE_MAX_RUNNING)
		my_slot->running[my_slot->nrunning++] = id;
	LWLockRelease(estate_shared->lock);
}

void
estate_running_remove(int64 id)
{
	if (my_slot == NULL)
		return;
	LWLockAcquire(estate_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < my_slot->nrunning; i++)
		if (my_slot->running[i] == id)
		{
			my_slot->running[i] = my_slot->running[--my_slot->nrunning];
			break;
		}
	LWLockRelease(estate_shared->lock);
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
			memcpy(ids + n, slot->workers[w].running, sizeof(int64) * slot->workers[w].nrunning);
			n += slot->workers[w].nrunning;
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
