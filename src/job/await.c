/*
 * await.c
 *	  Sessions that wait for a job to end, and are told.
 *
 * Runs in any process.  Whoever waits has an entry in shared memory, with the
 * job and his latch.  Whoever ends jobs notes which, and when his transaction
 * has committed looks whether somebody waits for one of them.  The entry is
 * made before the waiting session looks at the job's row, and read after that
 * row has changed for all to see: one of the two finds the other.
 *
 * COMMIT PREPARED tells nobody, and a database without workers has no shared
 * memory: so whoever waits looks by himself from time to time, too.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/memutils.h"

#include "job/await.h"

#define AWAIT_MOST 64			/* sessions of a database; others look by themselves */

typedef struct AwaitEntry
{
	int64		job;
	Latch	   *latch;			/* NULL: free */
	char		state[AWAIT_STATE_SIZE];	/* in which the job has ended; empty: not yet */
} AwaitEntry;

typedef struct AwaitState
{
	int			n;				/* entries in use */
	AwaitEntry	entries[AWAIT_MOST];
} AwaitState;

/*
 * A job that this transaction has ended.  Where a subtransaction that did so is
 * undone, a session that waits for the job looks once in vain.
 */
typedef struct AwaitNote
{
	int64		job;
	const char *state;			/* a constant */
} AwaitNote;

EstateArea await_area = {
	.name = "pg_estate waiting sessions",
	.bytes = sizeof(AwaitState),
	.npieces = ESTATE_MAX_DATABASES
};

static AwaitNote *notes = NULL; /* in the transaction's memory */
static int	nnotes = 0;
static int	most_notes = 0;
static int	mine = -1;			/* this session's entry */

/* This transaction ends a job; state: "done", "dead" or "cancelled" */
void
await_note(int64 job, const char *state)
{
	if (estate_piece(&await_area) == NULL)
		return;
	if (nnotes == most_notes)
	{
		most_notes = Max(most_notes * 2, 64);
		notes = notes ? repalloc_huge(notes, sizeof(AwaitNote) * most_notes) :
			MemoryContextAllocHuge(TopTransactionContext, sizeof(AwaitNote) * most_notes);
	}
	notes[nnotes++] = (AwaitNote) {job, state};
}

static void
await_tell(AwaitEntry *entry)
{
	for (int i = 0; i < nnotes; i++)
		if (notes[i].job == entry->job)
		{
			strlcpy(entry->state, notes[i].state, sizeof(entry->state));
			SetLatch(entry->latch);
			return;
		}
}

void
await_at_end(XactEvent event)
{
	const volatile AwaitState *look = nnotes > 0 ? estate_piece(&await_area) : NULL;

	/*
	 * our rows are visible: a session that looked before that has made its
	 * entry, which we see
	 */
	pg_memory_barrier();
	if (event == XACT_EVENT_COMMIT && look && look->n > 0)
	{
		AwaitState *state = estate_lock_piece(&await_area, LW_EXCLUSIVE);

		for (int i = 0; state && i < AWAIT_MOST; i++)
			if (state->entries[i].latch)
				await_tell(&state->entries[i]);
		if (state)
			estate_unlock_piece(&await_area, state);
	}
	notes = NULL;
	nnotes = most_notes = 0;
}

/* From now on this session is told when the job ends; false: it has to look by itself */
bool
await_begin(int64 job)
{
	AwaitState *state = estate_lock_piece(&await_area, LW_EXCLUSIVE);

	mine = -1;
	if (state == NULL)
		return false;
	for (int i = 0; i < AWAIT_MOST && mine < 0; i++)
		if (state->entries[i].latch == NULL)
		{
			state->entries[i] = (AwaitEntry) {job, MyLatch};
			state->n++;
			mine = i;
		}
	estate_unlock_piece(&await_area, state);
	return mine >= 0;
}

/* Whether it was told since it asked last, and in which state the job has ended */
bool
await_told(char *ended_as)
{
	AwaitState *state = mine < 0 ? NULL : estate_lock_piece(&await_area, LW_EXCLUSIVE);
	bool		told = false;

	if (state == NULL)
		return false;
	if (state->entries[mine].latch == MyLatch && state->entries[mine].state[0] != '\0')
	{
		told = true;
		strlcpy(ended_as, state->entries[mine].state, AWAIT_STATE_SIZE);
		state->entries[mine].state[0] = '\0';
	}
	estate_unlock_piece(&await_area, state);
	return told;
}

void
await_end(void)
{
	AwaitState *state = mine < 0 ? NULL : estate_lock_piece(&await_area, LW_EXCLUSIVE);

	if (state)
	{
		/* the database may have lost its workers, and the piece with them */
		if (state->entries[mine].latch == MyLatch)
		{
			state->entries[mine].latch = NULL;
			state->n--;
		}
		estate_unlock_piece(&await_area, state);
	}
	mine = -1;
}
