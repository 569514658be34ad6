/*
 * lane.h
 *	  Where in the lanes of ready jobs the workers are.
 */
#ifndef ESTATE_LANE_H
#define ESTATE_LANE_H

#include "estate.h"

#include "storage/block.h"
#include "utils/relcache.h"

extern int	lane_of_priority(int priority);
extern Oid	lane_table(int lane, int segment);
extern int	lane_current(int lane);
extern void lane_note_row(int lane, int segment, BlockNumber block);
extern bool lane_take(int lane, int segment, Oid filenode, BlockNumber nblocks, int pages, EstateBlocks *taken);
extern void lane_finish(int lane, int segment, const EstateBlocks *taken, bool again);
extern void lane_order(int lane, int *segments);
extern void lane_rotate(int lane, int to);
extern bool lane_forget(int lane, int segment, BlockNumber nblocks);
extern bool lane_restart_after_prepare(void);

#endif							/* ESTATE_LANE_H */
