/*
 * open.h
 *	  Rows of job_open: jobs that wait for something, and those of the network.
 *
 * Functions that return rows are called between keeper_begin() and
 * keeper_end(), to which the rows belong.
 */
#ifndef ESTATE_OPEN_H
#define ESTATE_OPEN_H

#include "job/limit.h"
#include "job/record.h"
#include "job/run.h"

/* A job on its way to job_open */
typedef struct JobOpening
{
	const Job  *job;
	JobDoer		done_by;
	JobWait		waits_for;
	const char *held_key;
	int			blockers;
} JobOpening;

/* Which jobs open_lock() looks for */
typedef enum OpenKind
{
	OPEN_ANY,
	OPEN_NOT_LEASED,
	OPEN_BLOCKED
} OpenKind;

extern void open_write(const JobOpening *openings, int n);

/* one job, by its id */
extern bool open_exists(int64 id);
extern Oid	open_lock(int64 id, OpenKind kind);
extern bool open_remove(int64 id);
extern bool open_remove_unless_locked(int64 id);
extern Job *open_take(int64 id, JobDoer *done_by);
extern bool open_postpone_blocked(int64 id, TimestampTz until);
extern bool open_bring_forward(int64 id);
extern void open_hold_back(const Job *job, const AdmissionAnswer *answer);

/* open_due.c: those that are due, or were held back */
extern KeeperRows open_network_due(const JobScope *scope, int64 most, Datum queues_to_skip);
extern KeeperRows open_take_due(const JobScope *scope, int most);
extern KeeperRows open_held_keys(void);
extern KeeperRows open_take_held(const char *queue, const char *key, int most);
extern uint64 open_free_held_network(const char *queue, const char *key, int most);
extern KeeperRows open_take_suspects(Datum ids);
extern TimestampTz open_next_due(JobDoer done_by, TimestampTz after);

#endif							/* ESTATE_OPEN_H */
