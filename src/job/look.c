/*
 * look.c
 *	  Flags that say that there may be something to look for: jobs that are held
 *	  back, to be cancelled, or waiting for others.
 *
 * Runs in any process.  Whoever leaves some puts the flag up when his
 * transaction ends; SQL workers take it down and look, and put it up again
 * when they have not dealt with all.  Where a database has no workers nobody
 * keeps flags, and they count as up.
 *
 * The flags are read and written without a lock: each is one byte, and to
 * look once too often does no harm.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "job/look.h"

typedef struct LookState
{
	bool		up[LOOKS];
	int			depending;		/* transactions that make jobs wait for others; under the lock */
	int			cancelling;		/* and those that wish jobs that are being run to be cancelled */
} LookState;

/* flags that this transaction has taken down */
static bool taken_down[LOOKS];
static bool any_taken_down = false;
static bool look_again = false; /* also if it commits */

/* There may be some of everything since before we started */
static void
look_begin_piece(void *piece)
{
	LookState  *state = piece;

	memset(state, 0, sizeof(*state));
	memset(state->up, true, sizeof(state->up));
}

EstateArea look_area = {
	.name = "pg_estate looks",
	.bytes = sizeof(LookState),
	.npieces = ESTATE_MAX_DATABASES,
	.begin = look_begin_piece
};

void
look_put_up(Look look)
{
	volatile LookState *state = estate_piece(&look_area);

	if (state)
		state->up[look] = true;
}

bool
look_is_up(Look look)
{
	const volatile LookState *state = estate_piece(&look_area);

	return state == NULL || state->up[look];
}

/*
 * Whether a prepared transaction may leave something: its end tells nobody, so
 * somebody has to look.
 */
bool
look_is_prepared(void)
{
	const volatile EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);

	return slot && slot->prepared;
}

/*
 * Takes a flag down; whoever leaves more from now on puts it up again.  The
 * look has to have a snapshot that is taken after this.  When the transaction
 * is undone, the flag is up again; in somebody else's transaction also when it
 * is not, for it may be undone in part.  Whether the flag has to go up again
 * whatever is found: a prepared transaction may have more.
 */
bool
look_begin(Look look)
{
	volatile LookState *state = estate_piece(&look_area);

	if (state == NULL)
		return false;
	taken_down[look] = any_taken_down = true;
	look_again |= IsTransactionBlock() || IsSubTransaction();
	state->up[look] = false;
	pg_memory_barrier();
	return look_is_prepared();
}

/* What the look has found, and perhaps dealt with, may be there again */
void
look_at_end(XactEvent event)
{
	if (!any_taken_down)
		return;
	if (event != XACT_EVENT_COMMIT || look_again)
	{
		for (Look look = 0; look < LOOKS; look++)
			if (taken_down[look])
				look_put_up(look);
		estate_wake_at_end(WORKER_SQL);
	}
	memset(taken_down, false, sizeof(taken_down));
	any_taken_down = look_again = false;
}

/*
 * A transaction begins to make jobs wait for others, before anybody can see
 * them; false: nobody wants to know.
 */
bool
look_depending_begins(void)
{
	LookState  *state = estate_lock_piece(&look_area, LW_EXCLUSIVE);

	if (state == NULL)
		return false;
	state->depending++;
	estate_unlock_piece(&look_area, state);
	return true;
}

/* It has ended, and has left some */
void
look_depending_ends(bool left)
{
	LookState  *state = estate_lock_piece(&look_area, LW_EXCLUSIVE);

	if (state == NULL)
		return;
	if (left)
		state->up[LOOK_DEPENDENCIES] = true;
	if (state->depending > 0)
		state->depending--;
	estate_unlock_piece(&look_area, state);
}

/* Whether jobs may be waiting for others, or be about to */
bool
look_any_depending(void)
{
	const volatile LookState *state = estate_piece(&look_area);

	return state == NULL || state->up[LOOK_DEPENDENCIES] || state->depending > 0 ||
		look_is_prepared();
}

/* The same for a transaction that may wish jobs that are being run to be cancelled, see wish.c */
bool
look_cancelling_begins(void)
{
	LookState  *state = estate_lock_piece(&look_area, LW_EXCLUSIVE);

	if (state == NULL)
		return false;
	state->cancelling++;
	estate_unlock_piece(&look_area, state);
	return true;
}

void
look_cancelling_ends(bool left)
{
	LookState  *state = estate_lock_piece(&look_area, LW_EXCLUSIVE);

	if (state == NULL)
		return;
	if (left)
		state->up[LOOK_CANCELS] = true;
	if (state->cancelling > 0)
		state->cancelling--;
	estate_unlock_piece(&look_area, state);
}

/*
 * Whether there may be such wishes, or be in a moment.  Where a database has no
 * workers, nobody is seen running, and no more can come; those of before are
 * done away with by each look.
 */
bool
look_any_cancelling(void)
{
	const volatile LookState *state = estate_piece(&look_area);

	pg_memory_barrier();
	return state != NULL && (state->up[LOOK_CANCELS] || state->cancelling > 0);
}
