/*
 * count.h
 *	  How many jobs there are, by queue and state, without counting rows.
 */
#ifndef ESTATE_COUNT_H
#define ESTATE_COUNT_H

#include "job/record.h"

#include "access/xact.h"
#include "port/atomics.h"

/* What the jobs of a queue are counted by */
typedef enum Counted
{
	COUNTED_READY,				/* in the lanes */
	COUNTED_OPEN,				/* could run, too: of the network, or a limit keeps it waiting */
	COUNTED_SCHEDULED,
	COUNTED_RETRYABLE,
	COUNTED_BLOCKED,
	COUNTED_DONE,
	COUNTED_DEAD,
	COUNTED_CANCELLED
} Counted;

#define COUNTED_STATES (COUNTED_CANCELLED + 1)

/*
 * Jobs of each queue, by its name.  The last name is for all that found no
 * room, or are too long.
 */
#define COUNTED_QUEUES 128
#define COUNTS_XIDS 1024

typedef struct CountedQueue
{
	char		name[NAMEDATALEN];
	TimestampTz trimmed_to;		/* keep_most has taken all that ended before this */
	pg_atomic_uint64 jobs[COUNTED_STATES];
} CountedQueue;

typedef enum CountState
{
	COUNTS_NONE,
	COUNTS_BEGUN,				/* rows are counted; what commits meanwhile is added already */
	COUNTS_KEPT
} CountState;

/* The lock is shared to add to them, exclusive to begin them anew */
typedef struct Counts
{
	CountState	state;
	bool		stale;			/* something was not seen: to be counted again */
	Oid			table;			/* job_ended: after teardown() and setup() it is another */
	uint64		xmax;			/* the count's snapshot: what it saw is in it, and is not added */
	int			nxids;
	TransactionId xids[COUNTS_XIDS];
	int			nqueues;
	CountedQueue queues[COUNTED_QUEUES];
} Counts;

extern EstateArea count_area;

/*
 * What a row of job_open is counted as: a function of its columns alone, so
 * that it leaves as what it came; see count_open()
 */
#define COUNTED_OPEN_ROW(row) \
	"CASE WHEN " row "waits_for OPERATOR(pg_catalog.=) 'jobs' THEN 4" \
	" WHEN " row "waits_for OPERATOR(pg_catalog.=) 'key' OR " row "waited IS NOT NULL THEN 1" \
	" WHEN " row "attempt OPERATOR(pg_catalog.>) 0 THEN 3" \
	" WHEN " row "run_at OPERATOR(pg_catalog.<=) " row "enqueued_at THEN 1 ELSE 2 END"

/* The same for job_ended */
#define COUNTED_ENDED_ROW "CASE state WHEN 'done' THEN 5 WHEN 'dead' THEN 6 ELSE 7 END"

extern Counted count_open(const Job *job, JobWait waits_for);
extern Counted count_ended(const char *state);
extern void count_jobs(const char *queue, Counted as, int64 n);
extern int64 count_rows(KeeperRows rows, int64 sign);
extern void count_anew_at_commit(void);
extern bool count_is_wanted(void);
extern void count_all(void);
extern int64 count_of_ended(const char *queue);

/* steps of transaction_end.c */
extern void count_at_end(XactEvent event);
extern void count_at_subtransaction_end(SubXactEvent event,
										 SubTransactionId mine, SubTransactionId parent);

#endif							/* ESTATE_COUNT_H */
