/*
 * unique.h
 *	  Unique keys: which job has one, and until when.
 */
#ifndef ESTATE_UNIQUE_H
#define ESTATE_UNIQUE_H

#include "job/job.h"

extern void unique_check(const char *until);
extern int64 unique_take(const Job *job, const char **handler);
extern int64 unique_take_again(const Job *job);
extern void unique_prolong(const Job *job);
extern void unique_free(Job *const *jobs, int n);
extern bool unique_ends_at_start(const Job *job);
extern void unique_sweep(void);

#endif							/* ESTATE_UNIQUE_H */
