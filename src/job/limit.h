/*
 * limit.h
 *	  May this job start now?  Concurrency and rate of queues and keys.
 */
#ifndef ESTATE_LIMIT_H
#define ESTATE_LIMIT_H

#include "job/job.h"

#include "access/xact.h"

typedef enum Admission
{
	ADMITTED,
	QUEUE_FULL,					/* no more of this queue for now */
	KEY_BUSY,					/* for a moment: leave the job where it is */
	KEY_FULL,					/* the job has to wait for others of its key */
	KEY_TOO_FAST,				/* the job has to wait until a time */
	KEY_UNCOUNTED				/* until a time, too: too many other keys are in use */
} Admission;

/* What came of asking */
typedef struct AdmissionAnswer
{
	Admission	admission;
	TimestampTz until;			/* QUEUE_FULL by its rate, KEY_BUSY, KEY_TOO_FAST: when
								 * that may end; else 0 */
	const char *key;			/* of the job; NULL: none */
} AdmissionAnswer;

extern bool limit_has_room(int queue, TimestampTz now, TimestampTz *until);
extern bool limit_enter(int queue, bool batch);
extern AdmissionAnswer limit_ask(int queue, const Job *job);
extern AdmissionAnswer limit_ask_rate(int queue, const Job *job);
extern int	limit_room_of_queue(int queue);
extern void limit_undo(void);
extern void limit_mark_slow(void);
extern void limit_keep(int64 id);
extern void limit_release(int64 id);
extern int	limit_room_of_key(int queue, const char *key, bool *slow);
extern void limit_key_is_held(int queue, const char *key, bool held);

/* limit_key.c: the value in args that is the job's key; NULL: none */
extern char *limit_key_of(int queue, const Job *job);

/* a step of transaction_end.c */
extern void limit_at_end(XactEvent event);

#endif							/* ESTATE_LIMIT_H */
