/*
 * running.h
 *	  Which jobs workers have in hand, as others see them.
 */
#ifndef ESTATE_RUNNING_H
#define ESTATE_RUNNING_H

#include "estate.h"

#define RUNNING_MOST 512		/* jobs shown, of each worker */

/* A job in a worker's hands */
typedef struct Running
{
	int64		id;
	TimestampTz started_at;
	Oid			role;
	int16		metric;			/* of its queue and handler */
	uint8		counted;		/* Counted, as which it is counted until it ends */
	bool		cancel;			/* somebody wants it to stop */
} Running;

/* What the handler of a running job has reported of itself */
typedef struct RunningProgress
{
	int64		id;
	float8		done;
	float8		total;			/* 0: not known */
	char		note[128];
} RunningProgress;

/* One of the rows that running_all() returns */
typedef struct RunningRow
{
	Running		running;
	pid_t		pid;
	RunningProgress progress;	/* of this worker: not always of this job */
} RunningRow;

extern EstateArea running_area;

extern void running_join(const EstateDatabaseSlot *slot, int worker);
extern void running_add(const Running *running);
extern TimestampTz running_since(int64 id);
extern void running_remove(int64 id);
extern bool running_cancelled(int64 id);
extern bool running_is(int64 id);
extern void running_cancel(int64 id);
extern bool running_report(int64 id, double done, double total, const char *note);
extern RunningRow *running_all(int *n);

#endif							/* ESTATE_RUNNING_H */
