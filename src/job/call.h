/*
 * call.h
 *	  Call the handler of an SQL job, with the rights of the job's role.
 */
#ifndef ESTATE_CALL_H
#define ESTATE_CALL_H

#include "job/job.h"

/* The handler that was called last, resolved; all zero: none */
typedef struct JobCaller
{
	const char *handler;
	Oid			role;
	FmgrInfo	function;
} JobCaller;

extern void job_call(JobCaller *caller, const Job *job);
extern ErrorData *job_call_carefully(JobCaller *caller, const Job *job);
extern void job_call_forget(void);
extern void job_refuse_in_handler(void);

#endif							/* ESTATE_CALL_H */
