/*
 * settle.h
 *	  What becomes of the jobs that a transaction has run: collected, then
 *	  written at its end.
 */
#ifndef ESTATE_SETTLE_H
#define ESTATE_SETTLE_H

#include "job/depend.h"
#include "job/history.h"
#include "job/limit.h"
#include "job/open.h"
#include "job/queue.h"

typedef struct Settlement
{
	JobDoer		done_by;
	int			most;
	JobEnding  *endings;
	int			nendings;
	JobOpening *openings;
	int			nopenings;
	Job		  **freed;			/* whose unique keys are free now */
	int			nfreed;
	EndedJobs	ended;
} Settlement;

extern Settlement *settle_begin(int most, JobDoer done_by);
extern void settle_done(Settlement *settlement, Job *job, QueueKeep keep);
extern void settle_cancelled(Settlement *settlement, Job *job, QueueKeep keep);
extern bool settle_failed(Settlement *settlement, Job *job, const ErrorData *error,
						  TimestampTz retry_at, QueueKeep keep);
extern void settle_attempt_failed(Settlement *settlement, Job *job, const ErrorData *error,
								  TimestampTz retry_at, QueueKeep keep);
extern bool settle_crashed(Settlement *settlement, Job *job, bool alone, QueueKeep keep);
extern void settle_wait(Settlement *settlement, Job *job, TimestampTz run_at);
extern void settle_held(Settlement *settlement, Job *job, const AdmissionAnswer *answer);
extern void settle_lost(Job *job, JobDoer done_by, int64 blocker);
extern void settle_ended(const EndedJobs *ended);
extern bool settle_keeps_key(Settlement *settlement, Job *job);
extern void settle_write(Settlement *settlement);

#endif							/* ESTATE_SETTLE_H */
