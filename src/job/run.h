/*
 * run.h
 *	  Claim and run jobs.
 */
#ifndef ESTATE_RUN_H
#define ESTATE_RUN_H

#include "job/job.h"
#include "nodes/pg_list.h"

/* Whose jobs a process works off, and what it has in hand */
typedef struct JobScope
{
	Oid			caller;			/* only jobs of roles that it is a member of; InvalidOid: all */
	const char *queue;			/* NULL: all */
	bool		inside;			/* claims end with the transaction */
	List	   *claimed;		/* network jobs whose locks nobody has taken over yet */
	TimestampTz now;			/* time of the last claim */
	int64	   *ran;			/* jobs of the batch that others see running */
	int			nran;
	int64		done;			/* since the scope was created */
	int64		failed;
	bool		durable;		/* the last batch has to be on disk when it can be seen */
	bool		got_on;			/* a batch has done something; the caller unsets it */
} JobScope;

extern JobScope *job_scope_create(Oid caller, const char *queue);
extern void job_batch_ended(JobScope *scope);
extern List *job_claim_network(JobScope *scope, int most, TimestampTz *until);
extern bool job_still_open(const Job *job);
extern TimestampTz job_next_due(const JobScope *scope, bool network);
extern void job_claim_taken(JobScope *scope);
extern void job_unlock_claimed(JobScope *scope);

#endif							/* ESTATE_RUN_H */
