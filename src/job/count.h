/*
 * count.h
 *	  How many jobs there are, by queue and state, without counting rows.
 */
#ifndef ESTATE_COUNT_H
#define ESTATE_COUNT_H

#include "job/record.h"

/* What a row of job_open is counted as: a function of its columns alone, so that it leaves as what it came; see count_open() */
#define COUNTED_OPEN_ROW(row) \
	"CASE WHEN " row "waits_for OPERATOR(pg_catalog.=) 'jobs' THEN 4" \
	" WHEN " row "waits_for OPERATOR(pg_catalog.=) 'key' OR " row "waited IS NOT NULL THEN 1" \
	" WHEN " row "attempt OPERATOR(pg_catalog.>) 0 THEN 3" \
	" WHEN " row "run_at OPERATOR(pg_catalog.<=) " row "enqueued_at THEN 1 ELSE 2 END"

/* The same for job_ended */
#define COUNTED_ENDED_ROW "CASE state WHEN 'done' THEN 5 WHEN 'dead' THEN 6 ELSE 7 END"

extern EstateCounted count_open(const Job *job, JobWait waits_for);
extern EstateCounted count_ended(const char *state);
extern void count_jobs(const char *queue, EstateCounted as, int64 n);
extern int64 count_rows(KeeperRows rows, int64 sign);
extern void count_anew_at_commit(void);
extern bool count_is_wanted(void);
extern void count_all(void);
extern int64 count_of_ended(const char *queue);

#endif							/* ESTATE_COUNT_H */
