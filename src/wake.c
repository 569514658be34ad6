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
static bool prepare_leaves = false;

/*
 * Wakes all workers of a kind that a database keeps: the one that looks first
 * may take a slow job and leave the others lying.  Those that came while long
 * jobs held up the others are left alone while one of the others can look:
 * when nobody needs them they leave.  Caller holds the slot's lock; whether
 * somebody will look, and all are there that should be.
 */
static bool
wake_workers(EstateDatabaseSlot *slot, EstateWorkerKind kind)
{
	bool		missing = false;
	bool		able = false;

	for (int i = 0; i < ESTATE_MAX_WORKERS; i++)
	{
		const EstateWorkerSlot *worker = &slot->workers[i];

		if (WORKER_KIND(i) != kind)
			continue;
		slot->wake[i] = true;
		if (worker->pid == 0 || worker->latch == NULL)
		{
			missing |= i < estate_workers;
			continue;
		}
		if (i >= estate_workers && able)
			continue;
		SetLatch(worker->latch);
		able |= !worker->held_up;
	}
	return able && !missing;
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
	for (int i = 0; i < Max(estate_workers, estate_max_workers); i++)
		if (WORKER_KIND(i) == kind && !((volatile const EstateDatabaseSlot *) slot)->wake[i])
			return false;
	return true;
}

void
estate_wake_now(EstateWorkerKind kind)
{
	EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);
	bool		done;

	if (slot == NULL || is_awake(slot, kind))
		return;
	/* shared will do: all who are here write the same */
	slot = estate_lock_slot(LW_SHARED);
	if (slot == NULL)
		return;
	done = wake_workers(slot, kind);
	estate_unlock_slot(slot);
	if (!done)
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
	/* COMMIT PREPARED tells nobody: see prepared.c */
	if (event == XACT_EVENT_PREPARE &&
		(commit_changes || end_wakes[WORKER_SQL] || end_wakes[WORKER_NETWORK] ||
		 commit_wakes[WORKER_SQL] || commit_wakes[WORKER_NETWORK]))
		estate_note_prepared();
	for (EstateWorkerKind kind = 0; kind < WORKER_KINDS; kind++)
	{
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

/* A transaction is being prepared; its commit, in another session, will wake nobody */
void
estate_note_prepared(void)
{
	prepare_leaves = true;
}

/* Whether the transaction being prepared leaves something, see estate_note_prepared() */
bool
estate_take_prepared_note(void)
{
	bool		leaves = prepare_leaves;

	prepare_leaves = false;
	return leaves;
}
