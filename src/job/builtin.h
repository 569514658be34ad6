/*
 * builtin.h
 *	  What a role must be allowed to do to have a built-in of the network run.
 */
#ifndef ESTATE_BUILTIN_H
#define ESTATE_BUILTIN_H

#include "job/job.h"

extern void job_require_builtin_rights(const Job *job);
extern void job_require_feed_rights(Oid role);

#endif							/* ESTATE_BUILTIN_H */
