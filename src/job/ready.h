/*
 * ready.h
 *	  Jobs in the lanes: put one there, take pages of them in hand, run them.
 */
#ifndef ESTATE_READY_H
#define ESTATE_READY_H

#include "job/job.h"
#include "job/run.h"

#include "storage/itemptr.h"
#include "utils/relcache.h"

typedef struct ReadyJob
{
	Job			job;
	char	   *queue;
	ItemPointerData tid;
	bool		settled;		/* run, or not ours any more */
} ReadyJob;

/* Pages that this process has taken, and the jobs that were on them */
typedef struct ReadyHand
{
	MemoryContext context;		/* of the jobs; reset when other pages are taken */
	bool		private;		/* a session's: reads all lanes from their start, the positions are the workers' */
	bool		any_in_pass;	/* private: something was run since the start */
	uint32		at[ESTATE_LANES][ESTATE_SEGMENTS];	/* private: how far it is */
	bool		holds;			/* pages are taken and not given back */
	int			lane;
	int			segment;
	EstateBlocks blocks;
	ReadyJob   *jobs;
	int			count;
	int			left;			/* not settled */
} ReadyHand;

/* ready.c */
extern void ready_insert(const JobRequest *request, const char *handler, int64 id);
extern ReadyHand *ready_hand(bool private);
extern bool ready_take(ReadyHand *hand, int pages);
extern bool ready_delete(const ReadyHand *hand, Relation relation, ReadyJob *job);
extern void ready_give_back(ReadyHand *hand);
extern void ready_sweep(void);
extern bool ready_cancel(int64 id);
extern Oid	ready_role(int64 id);

/* ready_run.c */
extern bool job_run_ready(JobScope *scope);
extern bool job_ready_should_retry(void);

#endif							/* ESTATE_READY_H */
