/*
 * limit_state.h
 *	  What is counted for the limits of queues and keys, and its lock.
 */
#ifndef ESTATE_LIMIT_STATE_H
#define ESTATE_LIMIT_STATE_H

#include "job/queue.h"

#include "lib/ilist.h"

typedef struct LimitName
{
	Oid			database;
	int16		slot;			/* the partition; of a database without a slot 0 */
	int16		queue;
	uint64		hash;			/* of the key's text */
} LimitName;

/* What is counted for a key of a limited queue */
typedef struct LimitKey
{
	LimitName	name;
	dlist_node	node;			/* in the keys of its database */
	TimestampTz generation;		/* of its queue, as which the following is counted */
	int			holds;			/* records that processes keep of it */
	int			running;
	bool		slow;			/* one of them, or of the last ones, is no quick batch */
	double		since;			/* when the first of them began, microseconds */
	bool		waited_for;		/* jobs are held back */
	pid_t		process;		/* who took it last, in which of its batches */
	uint64		batch;
	double		arrival;		/* theoretical one of the next job by its rate, microseconds */
} LimitKey;

typedef struct LimitQueue
{
	TimestampTz generation;		/* of the queue, as which the following is counted */
	int			running;		/* batches and network jobs in hand */
	double		arrival;		/* theoretical arrival time of the next job by its rate */
	bool		refused;		/* somebody found no room: to be woken when there is */
} LimitQueue;

typedef struct LimitCounts
{
	/* of its database in this slot: what was taken in another one is void; 0: of no slot */
	uint64		term;
	dlist_head	keys;
	LimitQueue	queues[QUEUES];
} LimitCounts;

extern EstateArea limit_area;

/*
 * The state that this process has locked: its database's in shared memory, or
 * its own where the database has no workers; NULL: none
 */
extern LimitCounts *limit_locked;

extern bool limit_is_shared(void);
extern void limit_lock(void);
extern void limit_unlock(void);
extern void limit_prepare_keys(void);
extern LimitQueue *limit_find_queue(int number);
extern LimitKey *limit_find_key(int queue, const char *text, bool make);

#endif							/* ESTATE_LIMIT_STATE_H */
