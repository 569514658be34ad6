/*
 * lane.c
 *	  Where in the lanes of ready jobs the workers are.
 *
 * Runs in any process.  A lane is a ring of heaps without an index; a row is a
 * job, and no row is ever updated.  Workers take pages in their order, each
 * page once: a position in shared memory says how far they are, so that
 * nobody reads the dead rows before it again, however long an old snapshot
 * keeps them from being removed.
 *
 * A page may get rows after it was taken: its inserter commits late, or found
 * room there.  So whoever inserts says at his commit, after his rows have
 * become visible, which pages they are on; those before the position are
 * taken again.  Either a worker's snapshot sees a row, or the inserter sees
 * the worker's position: none is missed.  What a worker took and could not
 * finish is taken again as well.
 *
 * The positions are a hint.  After a crash they begin at 0, and the lanes are
 * read from their start; so they are where the list of pages is full.  For
 * prepared transactions, whose end tells nobody, see prepared.c.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "job/lane.h"

typedef struct Lane
{
	int			current;		/* segment that new jobs go to */
	uint64		turns;
	LaneSegment segments[LANE_SEGMENTS];
} Lane;

typedef struct LaneState
{
	Lane		lanes[QUEUES][LANES];
	TimestampTz emptied_at;		/* when some of them were last emptied */
} LaneState;

EstateArea lane_area = {
	.name = "pg_estate lanes",
	.bytes = sizeof(LaneState),
	.npieces = ESTATE_MAX_DATABASES
};

/* pages that this transaction has put rows on */
static LanePages *touched = NULL;
static int	ntouched = 0;
static int	most_touched = 0;

/* A lane for each side of priority 0; within a lane the first come is the first served */
int
lane_of_priority(int priority)
{
	return priority < 0 ? 0 : priority == 0 ? 1 : 2;
}

/*
 * Its table; InvalidOid: the queue has been dropped.  The last answer of the
 * transaction holds until its end.
 */
Oid
lane_table(LaneHeap heap)
{
	static LocalTransactionId when = InvalidLocalTransactionId;
	static LaneHeap asked;
	static Oid	answer;
	char		name[NAMEDATALEN];

	if (when == MyLocalTransactionId && OidIsValid(answer) &&
		asked.queue == heap.queue && asked.lane == heap.lane && asked.segment == heap.segment)
		return answer;
	when = MyLocalTransactionId;
	asked = heap;
	snprintf(name, sizeof(name), "job_ready_%d_%d_%d", heap.queue, heap.lane, heap.segment);
	answer = get_relname_relid(name, get_namespace_oid("estate_internal", false));
	return answer;
}

/* The lane and segment that a table is */
LaneHeap
lane_heap(Oid table)
{
	LaneHeap	heap;
	char	   *name = get_rel_name(table);

	if (name == NULL ||
		sscanf(name, "job_ready_%d_%d_%d", &heap.queue, &heap.lane, &heap.segment) != 3)
		elog(ERROR, "relation %u is no heap of a lane", table);
	return heap;
}

static LaneSegment *
segment_of(LaneState *state, LaneHeap heap)
{
	return &state->lanes[heap.queue][heap.lane].segments[heap.segment];
}

/* The same, with the state locked; NULL: the database has no workers, or has lost them */
static LaneSegment *
lock_segment(LaneHeap heap, LaneState **state)
{
	*state = estate_lock_piece(&lane_area, LW_EXCLUSIVE);
	return *state ? segment_of(*state, heap) : NULL;
}

static void
lane_unlock(LaneState *state)
{
	if (state)
		estate_unlock_piece(&lane_area, state);
}

/* Segment that a new job goes to */
int
lane_current(int queue, int lane)
{
	LaneState  *state = estate_piece(&lane_area);

	return state ? state->lanes[queue][lane].current : 0;
}

/* Caller holds the lock.  When there is no room, everything is taken again. */
static void
revisit(LaneSegment *segment, const LaneBlocks *blocks)
{
	for (int i = 0; i < segment->nrevisits; i++)
		if (segment->revisits[i].from <= blocks->from && segment->revisits[i].to >= blocks->to)
			return;
	if (segment->nrevisits == LANE_REVISITS)
	{
		segment->nrevisits = 0;
		segment->next = 0;
	}
	else
		segment->revisits[segment->nrevisits++] = *blocks;
}

/*
 * Pages have got rows, or have them again, that can be seen from now on: those
 * that lie behind the position are taken again.  Whether there were any.
 */
bool
lane_take_again(const LanePages *pages)
{
	LaneState  *state = estate_piece(&lane_area);
	LaneSegment *segment;
	LaneBlocks	behind = pages->blocks;

	/*
	 * Mostly none: looked at without the lock, so that enqueuers do not queue
	 * for it.  A worker moves the position under the lock, and takes its
	 * snapshot after that; our rows have become visible before we look.
	 */
	pg_memory_barrier();
	if (state == NULL ||
		behind.from >= ((volatile LaneSegment *) segment_of(state, pages->heap))->next)
		return false;
	segment = lock_segment(pages->heap, &state);
	if (segment && behind.from < segment->next)
	{
		behind.to = Min(behind.to, segment->next);
		revisit(segment, &behind);
	}
	lane_unlock(state);
	return true;
}

/*
 * Neither allocates nor throws.  Also at abort: the rows may be those of a
 * cancelled cancel_job(), which a worker passed by.
 */
void
lane_at_end(XactEvent event)
{
	if (ntouched == 0 || event == XACT_EVENT_PREPARE)
		return;
	for (int i = 0; i < ntouched; i++)
		if (lane_take_again(&touched[i]))
			estate_wake_at_end(WORKER_SQL); /* an abort has no wake of its own */
	ntouched = 0;
}

/*
 * The same of a transaction that is prepared: these pages are for whoever sees
 * its end.  Good until the next transaction begins.
 */
const LanePages *
lane_end_touched(int *n)
{
	*n = ntouched;
	ntouched = 0;
	return touched;
}

/* Remembers until the end of the transaction that it has a row on this page */
void
lane_note_row(LaneHeap heap, BlockNumber block)
{
	LanePages *last = ntouched > 0 ? &touched[ntouched - 1] : NULL;

	if (estate_shared == NULL)
		return;
	if (last && last->heap.queue == heap.queue && last->heap.lane == heap.lane &&
		last->heap.segment == heap.segment &&
		block >= last->blocks.from && block <= last->blocks.to)
	{
		last->blocks.to = Max(last->blocks.to, block + 1);
		return;
	}
	if (ntouched == most_touched)
	{
		int			most = Max(64, most_touched * 2);

		touched = touched ? repalloc(touched, sizeof(LanePages) * most) :
			MemoryContextAlloc(TopMemoryContext, sizeof(LanePages) * most);
		most_touched = most;
	}
	touched[ntouched].heap = heap;
	touched[ntouched].blocks.from = block;
	touched[ntouched].blocks.to = block + 1;
	ntouched++;
}

/*
 * Takes pages of a segment that has nblocks now: at most so many.  False:
 * there are none.  For workers only.
 */
bool
lane_take(LaneHeap heap, Oid filenode, BlockNumber nblocks, int pages, LaneBlocks *taken)
{
	LaneState  *state;
	LaneSegment *segment = lock_segment(heap, &state);
	bool		any = true;

	if (segment && segment->filenode != filenode)
	{
		segment->filenode = filenode;
		segment->next = 0;
		segment->nrevisits = 0;
	}
	if (segment == NULL)
		any = false;			/* the database is not ours any more */
	else if (segment->nrevisits > 0)
	{
		LaneBlocks *last = &segment->revisits[segment->nrevisits - 1];

		taken->from = last->from;
		taken->to = Min(last->to, last->from + pages);
		last->from = taken->to;
		if (last->from >= last->to)
			segment->nrevisits--;
		segment->in_hand++;
	}
	else if (segment->next < nblocks)
	{
		taken->from = segment->next;
		taken->to = Min(nblocks, segment->next + pages);
		segment->next = taken->to;
		segment->in_hand++;
	}
	else
		any = false;
	if (any)
		segment->drained_at = 0;
	lane_unlock(state);
	return any;
}

/* Done with taken pages; again: rows are left on them */
void
lane_finish(LaneHeap heap, const LaneBlocks *taken, bool again)
{
	LaneState  *state;
	LaneSegment *segment = lock_segment(heap, &state);

	if (segment && segment->in_hand > 0)
	{
		segment->in_hand--;
		if (again && taken->from < segment->next)
			revisit(segment, taken);
	}
	lane_unlock(state);
}

/* Pages that somebody has in hand, and is long about, are to be taken by others too */
void
lane_share(LaneHeap heap, const LaneBlocks *taken)
{
	LaneState  *state;
	LaneSegment *segment = lock_segment(heap, &state);

	if (segment && taken->from < segment->next)
		revisit(segment, taken);
	lane_unlock(state);
}

/* The segments of a lane, the one filled longest ago first */
void
lane_order(int queue, int lane, int *segments)
{
	LaneState  *state;
	const LaneSegment *all;

	for (int i = 0; i < LANE_SEGMENTS; i++)
		segments[i] = i;
	state = estate_lock_piece(&lane_area, LW_SHARED);
	if (state == NULL)
		return;
	all = state->lanes[queue][lane].segments;
	for (int i = 1; i < LANE_SEGMENTS; i++)
		for (int j = i; j > 0 && all[segments[j]].turn < all[segments[j - 1]].turn; j--)
		{
			int			swap = segments[j];

			segments[j] = segments[j - 1];
			segments[j - 1] = swap;
		}
	lane_unlock(state);
}

/* New jobs go to this heap from now on */
void
lane_rotate(LaneHeap to)
{
	LaneState  *state = estate_lock_piece(&lane_area, LW_EXCLUSIVE);
	Lane	   *lane;

	if (state == NULL)
		return;
	lane = &state->lanes[to.queue][to.lane];
	lane->current = to.segment;
	lane->segments[to.segment].turn = ++lane->turns;
	lane_unlock(state);
}

/* Where the workers are; false: there are none */
bool
lane_position(LaneHeap heap, LaneSegment *position)
{
	LaneState  *state = estate_lock_piece(&lane_area, LW_SHARED);

	if (state == NULL)
		return false;
	*position = *segment_of(state, heap);
	lane_unlock(state);
	return true;
}

static bool
is_idle(const LaneSegment *segment, BlockNumber nblocks)
{
	return segment->in_hand == 0 && segment->nrevisits == 0 && segment->next >= nblocks;
}

/*
 * Whether all pages of a segment have been taken and nobody is at them; since
 * when that is known, and before which transaction its last row was deleted.
 * Where no workers are, nobody knows: then it is taken to be so from now on.
 */
bool
lane_is_drained(LaneHeap heap, BlockNumber nblocks, TimestampTz *since, TransactionId *before)
{
	LaneState  *state;
	LaneSegment *segment;
	bool		drained;

	*since = GetCurrentTimestamp();
	*before = ReadNextTransactionId();
	segment = lock_segment(heap, &state);
	drained = segment == NULL || is_idle(segment, nblocks);
	if (segment && drained)
	{
		if (segment->drained_at == 0)
		{
			segment->drained_at = *since;
			segment->drained_before = *before;
		}
		*since = segment->drained_at;
		*before = segment->drained_before;
	}
	lane_unlock(state);
	return drained;
}

/*
 * Before a segment is emptied: true when all of its pages have been taken and
 * nobody is at them; then its position is 0 again.  The caller holds the
 * table exclusively.  Where no workers are, there is no position either, and
 * it is for the caller to see that no row is left.
 */
bool
lane_forget(LaneHeap heap, BlockNumber nblocks)
{
	LaneState  *state;
	LaneSegment *segment = lock_segment(heap, &state);
	bool		idle = true;

	if (segment)
		idle = is_idle(segment, nblocks);
	if (segment && idle)
	{
		segment->next = 0;
		segment->drained_at = 0;
	}
	lane_unlock(state);
	return idle;
}

/* When heaps of this database were last emptied; where nobody keeps that, long ago */
TimestampTz
lane_emptied_at(void)
{
	LaneState  *state = estate_lock_piece(&lane_area, LW_SHARED);
	TimestampTz at = state ? state->emptied_at : 0;

	lane_unlock(state);
	return at;
}

void
lane_note_emptied(void)
{
	LaneState  *state = estate_lock_piece(&lane_area, LW_EXCLUSIVE);

	if (state)
		state->emptied_at = GetCurrentTimestamp();
	lane_unlock(state);
}

/* All lanes are read again from their start: somebody may have left something anywhere */
void
lane_read_from_start(void)
{
	LaneState  *state = estate_lock_piece(&lane_area, LW_EXCLUSIVE);

	if (state == NULL)
		return;
	for (int q = 0; q < QUEUES; q++)
		for (int l = 0; l < LANES; l++)
			for (int s = 0; s < LANE_SEGMENTS; s++)
			{
				state->lanes[q][l].segments[s].next = 0;
				state->lanes[q][l].segments[s].nrevisits = 0;
			}
	lane_unlock(state);
}
