/*
 * lane.h
 *	  Where in the lanes of ready jobs the workers are.
 */
#ifndef ESTATE_LANE_H
#define ESTATE_LANE_H

#include "job/queue.h"

#include "access/xact.h"
#include "storage/block.h"
#include "utils/relcache.h"

/*
 * Positions in the lanes of ready jobs.  A hint only: what is lost here is
 * found again by reading the lane from its start.
 */
#define LANES 3					/* before, with and after priority 0 */
#define LANE_SEGMENTS 3			/* tables of a lane, filled and emptied in turn */
#define LANE_REVISITS 32

typedef struct LaneBlocks
{
	uint32		from;			/* block numbers, to is not included */
	uint32		to;
} LaneBlocks;

typedef struct LaneSegment
{
	uint64		turn;			/* when jobs were last directed here */
	Oid			filenode;		/* what the positions are of: VACUUM FULL moves all rows */
	uint32		next;			/* blocks before it have been taken */
	int			in_hand;		/* ranges that workers are at */
	TimestampTz drained_at;		/* when all of it was first found taken; 0: it is not */
	TransactionId drained_before;	/* no later one has deleted its rows */
	int			nrevisits;
	LaneBlocks	revisits[LANE_REVISITS];	/* to be taken again: rows came or stayed behind */
} LaneSegment;

/* One heap of a lane */
typedef struct LaneHeap
{
	int			queue;			/* its number */
	int			lane;
	int			segment;
} LaneHeap;

/* Some of its pages */
typedef struct LanePages
{
	LaneHeap	heap;
	LaneBlocks	blocks;
} LanePages;

extern EstateArea lane_area;

/* lane.c */
extern int	lane_of_priority(int priority);
extern Oid	lane_table(LaneHeap heap);
extern LaneHeap lane_heap(Oid table);
extern int	lane_current(int queue, int lane);
extern void lane_note_row(LaneHeap heap, BlockNumber block);
extern bool lane_take(LaneHeap heap, Oid filenode, BlockNumber nblocks, int pages,
					  LaneBlocks *taken);
extern void lane_finish(LaneHeap heap, const LaneBlocks *taken, bool again);
extern void lane_share(LaneHeap heap, const LaneBlocks *taken);
extern void lane_order(int queue, int lane, int *segments);
extern void lane_rotate(LaneHeap to);
extern bool lane_is_drained(LaneHeap heap, BlockNumber nblocks, TimestampTz *since,
							TransactionId *before);
extern bool lane_forget(LaneHeap heap, BlockNumber nblocks);
extern bool lane_take_again(const LanePages *pages);
extern const LanePages *lane_end_touched(int *n);
extern void lane_read_from_start(void);
extern TimestampTz lane_emptied_at(void);
extern void lane_note_emptied(void);
extern bool lane_position(LaneHeap heap, LaneSegment *position);

/* a step of transaction_end.c */
extern void lane_at_end(XactEvent event);

/* lane_tables.c */
extern int	lane_create(void);
extern bool lane_heap_exists(LaneHeap heap);
extern void lane_add_heap(LaneHeap heap);
extern void lane_lock_all(int queue);
extern bool lane_any_job(int queue);
extern void lane_drop(int queue);

#endif							/* ESTATE_LANE_H */
