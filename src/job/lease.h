/*
 * lease.h
 *	  Jobs that clients fetch, do, and report back.
 */
#ifndef ESTATE_LEASE_H
#define ESTATE_LEASE_H

#include "job/settle.h"
#include "keeper.h"
#include "nodes/pg_list.h"

/* In a statement with the caller's role as a parameter: jobs of roles that he is a member of */
#define OF_CALLER(n) "pg_catalog.pg_has_role(" n ", role::pg_catalog.oid, 'MEMBER')"

typedef struct LeaseRequest
{
	const char *queue;
	int			count;
	TimestampTz until;
	const char *worker;			/* NULL: he does not say */
	const char *handler;		/* NULL: any */
} LeaseRequest;

/* A job in the hands of a client */
typedef struct Lease
{
	Job		   *job;
	int64		token;			/* whoever has the job later has a greater one */
	const char *key;			/* of the job, where its queue limits the running ones of a key */
} Lease;

/* Jobs that a client says it has: parallel arrays of bigint */
typedef struct LeaseClaims
{
	Datum		ids;
	Datum		tokens;
} LeaseClaims;

/* lease_fetch.c */
extern List *lease_fetch(const LeaseRequest *request);

/* lease.c */
extern Job *lease_end(int64 id, int64 token);
extern void lease_failed(Settlement *settlement, Job *job, const ErrorData *error,
						 TimestampTz retry_at);
extern List *lease_extend(LeaseClaims claims, TimestampTz until);
extern uint64 lease_release(LeaseClaims claims);

#endif							/* ESTATE_LEASE_H */
