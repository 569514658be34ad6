/*
 * job.h
 *	  Work to do later: enqueue, claim, run, finish.
 */
#ifndef ESTATE_JOB_H
#define ESTATE_JOB_H

#include "estate.h"

#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

#define WAITED_FOR_RATE 1
#define WAITED_FOR_KEY 2
#define WAITED_FOR_ROOM 4		/* for one that could be counted: it is asked again */

/* Who does a job, as the tables say it */
typedef enum JobDoer
{
	DONE_BY_SQL = 's',			/* a function, in a worker or a session */
	DONE_BY_NETWORK = 'n',		/* the event loop */
	DONE_OUTSIDE = 'x'			/* a client that fetches it, see lease.c */
} JobDoer;

/*
 * A job, and what enqueue takes; zero or NULL: the default, or none.  What may
 * be large is a Datum as it is stored, compressed or out of line, until it is
 * needed: DatumGetJsonbP() and its like make it whole.
 */
typedef struct Job
{
	int64		id;
	const char *handler;
	const char *queue;
	int			priority;		/* lower runs first */
	int			max_attempts;
	Oid			role;			/* who enqueued it, and whose rights it has */
	TimestampTz enqueued_at;
	Datum		args;			/* jsonb */
	TimestampTz run_at;
	int			attempt;		/* attempts that have ended */
	pg_uuid_t  *effect_key;		/* idempotency key of its outside effects */
	const char *unique_key;		/* of the role */
	const char *unique_until;	/* NULL: until it is done; "start", or an interval */
	Interval   *timeout;
	Datum		backoff;		/* interval[]: waits after failures, the last for all that follow */
	Datum		tags;			/* text[] */
	Datum		errors;			/* jsonb, an array; 0: none */
	bool		alone;			/* it may have crashed the server: runs by itself */
	int			waited;			/* which limits it has waited for: they let it through */
	bool		durable;		/* its end has to be on disk when it can be seen */
	Jsonb	   *result;
} Job;

typedef struct JobRequest
{
	Job			job;
	bool		replace;		/* what waits with the same unique key takes this over */
	ArrayType  *depends_on;		/* ids of jobs that have to be done first */
	bool		when_ended;		/* dead and cancelled ones will do */
	JobDoer		done_by;		/* filled in */
} JobRequest;

/* enqueue.c */
extern int64 job_enqueue(JobRequest *request);
extern void job_write(const Job *job, JobDoer done_by);
extern void job_warn_without_workers(void);
extern void job_bring_forward(int64 id);
extern void job_give(const char *reserved_key, Oid role);

/* finish.c */
extern void job_done(const Job *job);
extern void job_failed(const Job *job, const ErrorData *error, TimestampTz retry_at);
extern void job_cancelled(const Job *job);
extern void job_snooze(const Job *job, TimestampTz run_at);

#endif							/* ESTATE_JOB_H */
