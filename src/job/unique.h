/*
 * unique.h
 *	  Unique keys: which job has one, and until when.
 */
#ifndef ESTATE_UNIQUE_H
#define ESTATE_UNIQUE_H

#include "job/job.h"

/* Frees the keys of the ended jobs in the rows of a statement: a clause for WITH */
#define UNIQUE_FREED_BY(rows) \
	"freed AS (DELETE FROM estate_internal.job_unique u USING " rows " e" \
	" WHERE u.unique_key OPERATOR(pg_catalog.=) e.unique_key AND u.role OPERATOR(pg_catalog.=) e.role" \
	" AND u.job OPERATOR(pg_catalog.=) e.id AND u.until IS NULL)"

extern void unique_check(const char *until);
extern int64 unique_take(const Job *job);
extern void unique_prolong(const Job *job);
extern void unique_free(Job *const *jobs, int n);
extern bool unique_ends_at_start(const Job *job);
extern bool unique_ends_when_done(const Job *job);
extern void unique_sweep(void);

#endif							/* ESTATE_UNIQUE_H */
