/*
 * history.h
 *	  Jobs that have ended: the part of the history that is written, and what
 *	  is forgotten.
 */
#ifndef ESTATE_HISTORY_H
#define ESTATE_HISTORY_H

#include "job/record.h"

#define HISTORY_PART_PAGES 4096 /* 32 MB: then another part is begun */

/* A job on its way to job_ended */
typedef struct JobEnding
{
	const Job  *job;
	JobDoer		done_by;
	const char *state;
} JobEnding;

extern Relation history_open_newest(void);
extern const char *history_newest_name(void);
extern void history_write(const JobEnding *endings, int n);
extern bool history_is_large(void);
extern bool history_tidy(void);

#endif							/* ESTATE_HISTORY_H */
