/*
 * wake.c
 *	  Tell the workers that there is work, or that they have to read anew what
 *	  they remember.
 *
 * Runs in any process.  What a transaction has to tell it tells when it ends,
 * after all else: wake_at_end() is the last step of transaction_end.c, and
 * neither allocates nor throws.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "slot.h"
#include "wake.h"

/* what this transaction's commit has to tell, and its end whatever it is */
static bool commit_wakes[WORKER_KINDS] = {false, false};
static bool end_wakes[WORKER_KINDS] = {false, false};
static bool commit_changes = false;

/*
 * Wakes all workers of a kind: the one that looks first may take a slow job
 * and leave the others lying.  Caller holds the slot's lock; whether all run.
 */
static bool
wake_workers(EstateDatabaseSlot *slot, EstateWorkerKind kind)
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
	return all_running;
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
	bool		all_running;

	if (slot == NULL || is_awake(slot, kind))
		return;
	/* shared will do: all who are here write the same */
	slot = estate_lock_slot(LW_SHARED);
	if (slot == NULL)
		return;
	all_running = wake_workers(slot, kind);
	estate_unlock_slot(slot);
	if (!all_running)
		slot_wake_launcher();
}

static void
tell_change(void)
{
	EstateDatabaseSlot *slot = estate_lock_slot(LW_EXCLUSIVE);

	if (slot == NULL)
		return;
	slot->changes++;
	estate_unlock_slot(slot);
}

void
wake_at_end(XactEvent event)
{
	if (commit_changes && event == XACT_EVENT_COMMIT)
		tell_change();
	/* COMMIT PREPARED tells nobody: looked at again when none is prepared any more */
	if ((commit_changes || end_wakes[WORKER_SQL] || end_wakes[WORKER_NETWORK]) &&
		event == XACT_EVENT_PREPARE)
		estate_note_prepared();
	for (EstateWorkerKind kind = 0; kind < WORKER_KINDS; kind++)
	{
		/* what was prepared is found by the launcher's regular look */
		if (end_wakes[kind] || (commit_wakes[kind] && event == XACT_EVENT_COMMIT))
			estate_wake_now(kind);
		commit_wakes[kind] = end_wakes[kind] = false;
	}
	commit_changes = false;
}

/* Called where a job is written: its transaction's commit wakes the workers that can do it */
void
estate_wake_at_commit(EstateWorkerKind kind)
{
	if (estate_shared)
		commit_wakes[kind] = true;
}

/*
 * An abort, too, leaves something to do: workers have passed by what this
 * transaction had locked.
 */
void
estate_wake_at_end(EstateWorkerKind kind)
{
	if (estate_shared)
		end_wakes[kind] = true;
}

/* Called where the installation or a queue is changed: the workers read them anew */
void
estate_change_at_commit(void)
{
	if (estate_shared == NULL)
		return;
	estate_wake_at_commit(WORKER_NETWORK);
	estate_wake_at_commit(WORKER_SQL);
	commit_changes = true;
}

/*
 * A transaction is being prepared that leaves what its commit would have told
 * of; neither allocates nor throws.
 */
void
estate_note_prepared(void)
{
	EstateDatabaseSlot *slot = estate_lock_slot(LW_EXCLUSIVE);

	if (slot == NULL)
		return;
	slot->prepared = true;
	slot->prepares++;
	estate_unlock_slot(slot);
}
