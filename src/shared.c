/*
 * shared.c
 *	  Shared memory: the slots of databases with workers, and the areas of rooms.
 *
 * Runs in any process; made in the postmaster, zeroed, and made anew after a
 * crash.  A room's area is reached from here by its pointer alone.
 *
 * A slot gets and loses its database in the launcher.  Whoever has found a
 * piece of his database, and then waited for its lock, may find that it is
 * another one's by now: so it is looked at again under the lock.
 */
#include "postgres.h"

#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/varlena.h"

#include "estate.h"
#include "module.h"
#include "slot.h"

#define SLOT_LOCKS "pg_estate slots"	/* one for each, and the launcher's */
#define LAUNCHER_LOCK ESTATE_MAX_DATABASES

EstateShared *estate_shared = NULL;

static LWLockPadded *slot_locks = NULL;
static EstateArea *const *all_areas = NULL;
static int	nall_areas = 0;

/* How much is needed of memory and locks */
void
estate_request_memory(EstateArea *const *areas, int nareas)
{
	all_areas = areas;
	nall_areas = nareas;
	RequestAddinShmemSpace(MAXALIGN(sizeof(EstateShared)));
	RequestNamedLWLockTranche(SLOT_LOCKS, ESTATE_MAX_DATABASES + 1);
	for (int i = 0; i < nareas; i++)
	{
		RequestAddinShmemSpace(MAXALIGN(mul_size(areas[i]->bytes, areas[i]->npieces)));
		if (areas[i]->more_bytes)
			RequestAddinShmemSpace(areas[i]->more_bytes());
		RequestNamedLWLockTranche(areas[i]->name, areas[i]->npieces);
	}
}

static void *
make_zeroed(const char *name, Size bytes)
{
	bool		found;
	void	   *memory = ShmemInitStruct(name, bytes, &found);

	if (!found)
		memset(memory, 0, bytes);
	return memory;
}

void
estate_make_memory(void)
{
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	estate_shared = make_zeroed("pg_estate slots", sizeof(EstateShared));
	slot_locks = GetNamedLWLockTranche(SLOT_LOCKS);
	for (int i = 0; i < nall_areas; i++)
	{
		EstateArea *area = all_areas[i];

		area->pieces = make_zeroed(area->name, mul_size(area->bytes, area->npieces));
		area->locks = GetNamedLWLockTranche(area->name);
		if (area->start)
			area->start();
	}
	LWLockRelease(AddinShmemInitLock);
}

/*
 * Finds the slot of a database.  The caller holds its lock, or is its worker,
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

static LWLock *
lock_of_slot(const EstateDatabaseSlot *slot)
{
	return &slot_locks[slot - estate_shared->databases].lock;
}

/* Locks a slot, whoever owns it */
void
slot_lock(EstateDatabaseSlot *slot, LWLockMode mode)
{
	LWLockAcquire(lock_of_slot(slot), mode);
}

void
estate_unlock_slot(EstateDatabaseSlot *slot)
{
	LWLockRelease(lock_of_slot(slot));
}

/* The slot of this database, locked; NULL: it has none */
EstateDatabaseSlot *
estate_lock_slot(LWLockMode mode)
{
	EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);

	if (slot == NULL)
		return NULL;
	slot_lock(slot, mode);
	if (slot->database == MyDatabaseId)
		return slot;
	estate_unlock_slot(slot);
	return NULL;
}

static void *
piece_of_slot(const EstateArea *area, const EstateDatabaseSlot *slot)
{
	return slot ? area->pieces + area->bytes * (slot - estate_shared->databases) : NULL;
}

/* This database's piece of an area, as it is; NULL: it has no workers */
void *
estate_piece(const EstateArea *area)
{
	return piece_of_slot(area, estate_find_slot(MyDatabaseId));
}

static LWLock *
lock_of_piece(const EstateArea *area, const void *piece)
{
	return &area->locks[((const char *) piece - area->pieces) / area->bytes].lock;
}

/* The same, locked; of an area that is not of databases its one piece.  NULL: there is none. */
void *
estate_lock_piece(const EstateArea *area, LWLockMode mode)
{
	/* looked for once: the launcher may give us a slot, or take it away, at any moment */
	EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);
	void	   *piece = area->npieces == 1 ? area->pieces : piece_of_slot(area, slot);

	if (piece == NULL)
		return NULL;
	LWLockAcquire(lock_of_piece(area, piece), mode);
	if (area->npieces == 1 || slot->database == MyDatabaseId)
		return piece;
	estate_unlock_piece(area, piece);
	return NULL;
}

/*
 * The piece of a slot, locked, whoever owns the slot: for processes that the
 * launcher has started for it
 */
void *
slot_lock_piece(const EstateArea *area, const EstateDatabaseSlot *slot, LWLockMode mode)
{
	int			number = slot - estate_shared->databases;

	LWLockAcquire(&area->locks[number].lock, mode);
	return area->pieces + area->bytes * number;
}

void
estate_unlock_piece(const EstateArea *area, void *piece)
{
	LWLockRelease(lock_of_piece(area, piece));
}

/*
 * Gives a free slot to a database: its pieces begin anew, before anybody can
 * find them.
 */
void
slot_give(EstateDatabaseSlot *slot, Oid database)
{
	for (int i = 0; i < nall_areas; i++)
	{
		const EstateArea *area = all_areas[i];
		void	   *piece;

		if (area->npieces == 1)
			continue;
		piece = slot_lock_piece(area, slot, LW_EXCLUSIVE);
		if (area->begin)
			area->begin(piece);
		else
			memset(piece, 0, area->bytes);
		estate_unlock_piece(area, piece);
	}
	slot_lock(slot, LW_EXCLUSIVE);
	memset(slot, 0, sizeof(*slot));
	slot->prepared = true;		/* transactions may have been prepared before we started */
	memset(slot->wake, true, sizeof(slot->wake));
	slot->due[WORKER_NETWORK] = slot->due[WORKER_SQL] = DT_NOEND;
	slot->database = database;
	estate_unlock_slot(slot);
}

/* Wakes all workers of a database, whatever for; caller holds its lock */
void
slot_call_workers(const EstateDatabaseSlot *slot)
{
	for (int i = 0; i < ESTATE_MAX_WORKERS; i++)
		if (slot->workers[i].pid != 0 && slot->workers[i].latch)
			SetLatch(slot->workers[i].latch);
}

/* The launcher, while it runs; pid 0: it runs no more */
void
slot_set_launcher(pid_t pid, Latch *latch)
{
	LWLockAcquire(&slot_locks[LAUNCHER_LOCK].lock, LW_EXCLUSIVE);
	if (pid != 0 || estate_shared->launcher_pid == MyProcPid)
	{
		estate_shared->launcher_pid = pid;
		estate_shared->launcher_latch = latch;
	}
	LWLockRelease(&slot_locks[LAUNCHER_LOCK].lock);
}

void
slot_wake_launcher(void)
{
	LWLockAcquire(&slot_locks[LAUNCHER_LOCK].lock, LW_SHARED);
	if (estate_shared->launcher_latch)
		SetLatch(estate_shared->launcher_latch);
	LWLockRelease(&slot_locks[LAUNCHER_LOCK].lock);
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
