/*
 * depend.h
 *	  Jobs that wait for other jobs.
 */
#ifndef ESTATE_DEPEND_H
#define ESTATE_DEPEND_H

#include "job/job.h"
#include "access/xact.h"
#include "nodes/pg_list.h"

/* Jobs that a transaction ends */
typedef struct EndedJobs
{
	int64	   *done;
	int			ndone;
	int64	   *failed;			/* dead and cancelled ones */
	int			nfailed;
} EndedJobs;

extern int	depend_on(const Job *job, ArrayType *blockers, bool when_ended, int64 *lost);
extern void depend_require_end(const Job *job, ArrayType *blockers);
extern bool depend_any(void);
extern List *depend_ended(const EndedJobs *ended);
extern bool depend_sweep(EndedJobs *ended);

/* a step of transaction_end.c */
extern void depend_at_end(XactEvent event);

#endif							/* ESTATE_DEPEND_H */
