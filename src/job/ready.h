/*
 * ready.h
 *	  Jobs in the lanes: put one there, take pages of them in hand, run them.
 */
#ifndef ESTATE_READY_H
#define ESTATE_READY_H

#include "job/job.h"
#include "keeper.h"
#include "job/lane.h"
#include "job/run.h"

#include "access/xact.h"
#include "storage/itemptr.h"
#include "storage/lockdefs.h"
#include "utils/relcache.h"

typedef struct ReadyJob
{
	Job			job;
	ItemPointerData tid;
	bool		settled;		/* run, moved, or not ours any more */
	bool		key_freed;		/* its unique key, which it has until it starts */
} ReadyJob;

/* Pages that this process has taken, and the jobs that were on them */
typedef struct ReadyHand
{
	MemoryContext context;		/* of what the jobs point to; reset when other pages are taken */
	bool		private;		/* a session's: reads all lanes from their start, as
								 * the positions are the workers' */
	bool		any_in_pass;	/* private: something was run since the start */
	uint32		at[QUEUES][LANES][LANE_SEGMENTS];	/* private: how far it is */
	bool		holds;			/* pages are taken and not given back */
	bool		unread;			/* what is on them is not known yet */
	LaneHeap	heap;
	LaneBlocks blocks;
	ReadyJob   *jobs;			/* there is room for `most`, which outlives what they point to */
	int			count;
	int			most;
	int			left;			/* not settled */
} ReadyHand;

/* ready.c */
extern void ready_insert(const Job *job);
extern Job *ready_remove(int64 id);
extern void ready_take_found(KeeperRows rows, int table_column);
extern Oid	ready_role(int64 id);

/* ready_take.c */
extern ReadyHand *ready_hand(bool private);
extern Relation ready_open(LaneHeap heap, LOCKMODE mode, TimestampTz *until);
extern void ready_begin(void);
extern bool ready_take(ReadyHand *hand, int pages, TimestampTz *until);
extern bool ready_is_alive(Relation relation, ReadyJob *job);
extern bool ready_delete(const ReadyHand *hand, Relation relation, ReadyJob *job);
extern void ready_unpin(void);
extern void ready_give_back(ReadyHand *hand);
extern void ready_skip(ReadyHand *hand);
extern void ready_skip_none(void);

/* a step of transaction_end.c */
extern void ready_at_end(XactEvent event);

/* ready_sweep.c */
extern TimestampTz ready_sweep(void);

/* ready_run.c */
extern bool job_run_ready(JobScope *scope, TimestampTz *until);
extern bool job_ready_should_retry(void);

#endif							/* ESTATE_READY_H */
