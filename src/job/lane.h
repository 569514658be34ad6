/*
 * lane.h
 *	  Where in the lanes of ready jobs the workers are.
 */
#ifndef ESTATE_LANE_H
#define ESTATE_LANE_H

#include "estate.h"

#include "storage/block.h"
#include "utils/relcache.h"

/* One heap of a lane */
typedef struct LaneHeap
{
	int			queue;			/* its number */
	int			lane;
	int			segment;
} LaneHeap;

/* lane.c */
extern int	lane_of_priority(int priority);
extern Oid	lane_table(LaneHeap heap);
extern LaneHeap lane_heap(Oid table);
extern int	lane_current(int queue, int lane);
extern void lane_note_row(LaneHeap heap, BlockNumber block);
extern bool lane_take(LaneHeap heap, Oid filenode, BlockNumber nblocks, int pages, EstateBlocks *taken);
extern void lane_finish(LaneHeap heap, const EstateBlocks *taken, bool again);
extern void lane_order(int queue, int lane, int *segments);
extern void lane_rotate(LaneHeap to);
extern bool lane_is_drained(LaneHeap heap, BlockNumber nblocks, TimestampTz *since, TransactionId *before);
extern bool lane_forget(LaneHeap heap, BlockNumber nblocks);
extern bool lane_restart_after_prepare(void);
extern bool lane_any_prepared(void);

/* lane_tables.c */
extern int	lane_create(void);
extern void lane_lock_all(int queue);
extern bool lane_any_job(int queue);
extern void lane_drop(int queue);

#endif							/* ESTATE_LANE_H */
