/*
 * queue.h
 *	  Queues: what they are called and how they are limited.
 */
#ifndef ESTATE_QUEUE_H
#define ESTATE_QUEUE_H

#include "estate.h"

#define QUEUE_DEFAULT 0
#define QUEUES 64				/* at most, for each database */

/* Which ended jobs of a queue stay in the history */
typedef enum QueueKeep
{
	KEEP_ALL,
	KEEP_FAILED,				/* dead and cancelled ones */
	KEEP_NONE
} QueueKeep;

/* Where fetch_jobs() has found the first job of a queue, see lease_fetch.c */
typedef struct QueueLeaseHint
{
	int			priority;
	TimestampTz run_at;
	int64		id;
	TimestampTz until;			/* good until then */
} QueueLeaseHint;

/*
 * A queue: what estate_internal.queue says of it, and what is remembered of
 * its jobs.  Zero: no limit.
 */
typedef struct Queue
{
	bool		defined;
	bool		paused;
	char		name[NAMEDATALEN];
	int			concurrency;	/* in all processes */
	int			concurrency_local;	/* in one process */
	char		key[NAMEDATALEN * 2];	/* path into args; empty: none */
	int			concurrency_by_key;
	int			rate;			/* jobs started in a period */
	int			rate_by_key;
	double		rate_period;	/* microseconds */
	int64		timeout_ms;
	QueueKeep	keep;
	bool		durable;		/* its jobs' ends have to be on disk when they can be seen */

	/* not read from there */
	TimestampTz named_at;		/* when this became the queue of its number */
	TimestampTz generation;		/* of its rates: when they were last changed */
	QueueLeaseHint lease_hint;	/* under the lock */
	TimestampTz expired_to;		/* keep_for has taken what ended before this; the tidier's alone */
} Queue;

typedef struct QueueState
{
	uint32		read;			/* number of changes when the queues were read, plus one; 0: not
								 * read */
	uint32		tidied;			/* the same when expired_to of the queues was set */
	Queue		queues[QUEUES];
} QueueState;

extern EstateArea queue_area;

extern Queue *queue_at(int number);
extern int	queue_find(const char *name);
extern void queue_refresh(void);
extern void queue_forget(void);

#endif							/* ESTATE_QUEUE_H */
