/*
 * job.h
 *	  Work to do later: enqueue, claim, run, finish.
 */
#ifndef ESTATE_JOB_H
#define ESTATE_JOB_H

#include "estate.h"

#include "utils/jsonb.h"
#include "utils/uuid.h"

typedef struct Job
{
	int64		id;
	char	   *handler;
	Oid			role;			/* who enqueued it, and whose rights it has */
	int			attempt;		/* this one, counted from 1 */
	int			max_attempts;
	int			priority;
	TimestampTz run_at;
	TimestampTz enqueued_at;
	pg_uuid_t	effect_key;		/* idempotency key of its outside effects */
	Jsonb	   *args;
} Job;

/* what enqueue takes; zero or NULL: the default */
typedef struct JobRequest
{
	const char *handler;
	Jsonb	   *args;			/* NULL: {} */
	const char *queue;			/* NULL: default */
	int			priority;		/* lower runs first */
	TimestampTz run_at;			/* 0: now */
	const char *unique_key;		/* of the role; NULL: none */
	int			max_attempts;	/* 0: 20 */
	Oid			role;			/* whose rights it will have */
} JobRequest;

/* enqueue.c */
extern int64 job_enqueue(const JobRequest *request);
extern void job_warn_without_workers(void);
extern void job_bring_forward(int64 id);
extern void job_give(const char *reserved_key, Oid role);

/* finish.c */
extern void job_done(const Job *job);
extern void job_failed(const Job *job, const ErrorData *error, TimestampTz retry_at);
extern void job_snooze(const Job *job, TimestampTz run_at);

#endif							/* ESTATE_JOB_H */
