/*
 * wish.h
 *	  Wishes to cancel jobs that are being run: who decides, and when.
 */
#ifndef ESTATE_WISH_H
#define ESTATE_WISH_H

#include "estate.h"

typedef enum Wish
{
	WISH_NONE,					/* and none can come before the transaction has ended */
	WISH_COMMITTED,				/* the job has to be cancelled */
	WISH_UNDECIDED				/* somebody wishes so, in a transaction that has not ended */
} Wish;

/* Whoever wishes */
extern bool wish_begin(int64 id);
extern void wish_give_up(int64 id);
extern void wish_under_way(void);
extern void wish_write(int64 id);
extern void wish_ended(bool left);

/* Whoever has the job */
extern bool wish_any(void);
extern Wish wish_of(int64 id, bool wait);
extern Wish wish_before_start(int64 id, bool wait);
extern void wish_fulfilled(int64 id);

#endif							/* ESTATE_WISH_H */
