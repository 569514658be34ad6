/*
 * handler.h
 *	  What does a job.
 */
#ifndef ESTATE_HANDLER_H
#define ESTATE_HANDLER_H

#include "job/job.h"

typedef struct JobKind
{
	JobDoer		done_by;
	bool		batch;			/* of jsonb[]: one call for many jobs */
	Oid			function;		/* DONE_BY_SQL */
} JobKind;

extern bool job_is_for_batch(const char *handler);
extern char *job_resolve_handler(const char *text, Oid role, JobKind *kind);

#endif							/* ESTATE_HANDLER_H */
