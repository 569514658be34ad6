/*
 * call.h
 *	  Call the handler of SQL jobs, with the rights of their role.
 */
#ifndef ESTATE_CALL_H
#define ESTATE_CALL_H

#include "job/job.h"

/*
 * The handler that was called last, resolved; all zero: none.  Allocated where
 * what it remembers may live, for one transaction.
 */
typedef struct JobCaller
{
	const char *handler;
	Oid			role;
	FmgrInfo	function;
	bool		batch;			/* one call for many jobs */
	bool		recorded;		/* what it returns is kept */
} JobCaller;

/* What a handler has decided about its own job */
typedef enum JobVerdict
{
	VERDICT_NONE,
	VERDICT_SNOOZE,
	VERDICT_CANCEL
} JobVerdict;

/* One call: the jobs, all of one handler and role, and what came of it */
typedef struct JobCall
{
	Job		  **jobs;
	int			count;			/* more than one for a batch handler only */
	int64		timeout_ms;		/* 0: none */
	bool		listed;			/* others see the job running, and may cancel it */
	JobVerdict	verdict;
	TimestampTz run_at;			/* VERDICT_SNOOZE */
	bool		cancelled;		/* it was told to stop, or is undone because somebody wishes so */
	bool		timed_out;		/* it failed because it took too long */
	bool		durable;		/* the handler has asked for a commit that is waited for */
} JobCall;

extern void job_call(JobCaller *caller, JobCall *call);
extern ErrorData *job_call_carefully(JobCaller *caller, JobCall *call);
extern void job_call_forget(void);
extern void job_refuse_in_handler(void);
/* Whether a handler is running in this process */
extern bool job_in_handler(void);
extern const Job *job_running_here(void);
extern void job_decide(JobVerdict verdict, TimestampTz run_at);
extern void job_listen_to_cancel(void);

#endif							/* ESTATE_CALL_H */
