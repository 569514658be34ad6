/*
 * hand.c
 *	  The pages of ready jobs that each worker has in hand, as others see them.
 *
 * A worker whose handlers are quick takes up to 16 pages and runs their jobs
 * in batches.  When one of them takes long for once, the others must not wait
 * behind it: another worker has the pages taken again.  Both may then come
 * upon the same job; whoever deletes its row runs it, and the other passes it
 * by.
 *
 * Runs in workers; the launcher asks whether there is anything to share.
 */
#include "postgres.h"

#include "job/hand.h"
#include "slot.h"

typedef struct ShownHand
{
	bool		shown;			/* there are pages, and nobody has shared them */
	LaneHeap	heap;
	LaneBlocks	blocks;
} ShownHand;

typedef struct HandState
{
	ShownHand	hands[ESTATE_MAX_WORKERS];
} HandState;

EstateArea hand_area = {
	.name = "pg_estate hands",
	.bytes = sizeof(HandState),
	.npieces = ESTATE_MAX_DATABASES
};

/* our own; NULL: this process is no worker */
static const EstateDatabaseSlot *my_slot = NULL;
static int	my_number;

/* A worker begins, with its number */
void
hand_join(const EstateDatabaseSlot *slot, int worker)
{
	my_slot = slot;
	my_number = worker;
	hand_hide();
}

static void
set_mine(const ShownHand *hand)
{
	HandState  *state;

	if (my_slot == NULL)
		return;
	state = slot_lock_piece(&hand_area, my_slot, LW_EXCLUSIVE);
	state->hands[my_number] = *hand;
	estate_unlock_piece(&hand_area, state);
}

/* These pages are ours now */
void
hand_show(LaneHeap heap, const LaneBlocks *blocks)
{
	set_mine(&(ShownHand) {true, heap, *blocks});
}

/*
 * This process has no pages any more.  Called while a transaction ends, too:
 * neither allocates nor throws.
 */
void
hand_hide(void)
{
	set_mine(&(ShownHand) {false});
}

/* Whether a worker has pages that others could share */
bool
hand_is_shown(const EstateDatabaseSlot *slot, int worker)
{
	HandState  *state = slot_lock_piece(&hand_area, slot, LW_SHARED);
	bool		shown = state->hands[worker].shown;

	estate_unlock_piece(&hand_area, state);
	return shown;
}

/* The pages of workers that are in the middle of long batches are taken again: we can do it */
void
hand_share_held_up(void)
{
	for (int i = 0; i < ESTATE_MAX_WORKERS; i++)
	{
		HandState  *state;
		ShownHand	hand;

		if (i == my_number || !((volatile const EstateDatabaseSlot *) my_slot)->workers[i].held_up)
			continue;
		state = slot_lock_piece(&hand_area, my_slot, LW_EXCLUSIVE);
		hand = state->hands[i];
		state->hands[i].shown = false;
		estate_unlock_piece(&hand_area, state);
		if (hand.shown)
			lane_share(hand.heap, &hand.blocks);
	}
}
