/*
 * lock.h
 *	  Locks of ours in the lock manager: a job, a feed, a queue.
 */
#ifndef ESTATE_LOCK_H
#define ESTATE_LOCK_H

#include "estate.h"

/* Until they are given back, or the process ends; false: somebody else has it */
extern bool job_lock(int64 id);
extern void job_unlock(int64 id);
extern bool job_lock_feed(int feed_id);
extern void job_unlock_feed(int feed_id);

/* The same until the end of the transaction */
extern bool job_lock_in_transaction(int64 id);
extern bool job_lock_feed_in_transaction(int feed_id);
extern bool job_lock_free_feed(int feed_id);

/* These wait */
extern void job_lock_queue(int number);
extern void job_lock_suspects(void);
extern void job_unlock_suspects(void);

#endif							/* ESTATE_LOCK_H */
