/*
 * hand.h
 *	  The pages of ready jobs that each worker has in hand, as others see them.
 */
#ifndef ESTATE_HAND_H
#define ESTATE_HAND_H

#include "job/lane.h"

extern EstateArea hand_area;

extern void hand_join(const EstateDatabaseSlot *slot, int worker);
extern void hand_show(LaneHeap heap, const LaneBlocks *blocks);
extern void hand_hide(void);
extern bool hand_is_shown(const EstateDatabaseSlot *slot, int worker);
extern void hand_share_held_up(void);

#endif							/* ESTATE_HAND_H */
