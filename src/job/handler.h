/*
 * handler.h
 *	  What does a job.
 */
#ifndef ESTATE_HANDLER_H
#define ESTATE_HANDLER_H

#include "estate.h"

typedef struct JobKind
{
	bool		network;		/* done by the event loop */
	bool		batch;			/* of jsonb[]: one call for many jobs */
	Oid			function;		/* else: of one jsonb */
} JobKind;

extern bool job_is_for_batch(const char *handler);
extern char *job_resolve_handler(const char *text, Oid role, JobKind *kind);

#endif							/* ESTATE_HANDLER_H */
