/*
 * lock.c
 *	  Locks of ours in the lock manager: a job, a feed, a queue.
 *
 * Runs in any process.  They are shown as advisory locks, and differ from those
 * of users in their last field and in how they are kept: among the locks of
 * relations and transactions, where pg_advisory_unlock_all() of a handler does
 * not reach them.  A transaction that aborts gives up those too that outlive
 * transactions; whoever has one then is about to end its work anyway.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lock.h"

#include "job/lock.h"

/* Last field of the lock; pg_advisory_lock() uses 1 and 2 */
typedef enum LockClass
{
	LOCK_JOB = 1017,
	LOCK_FEED,
	LOCK_QUEUE,					/* its leases are being counted */
	LOCK_SUSPECTS				/* what becomes of jobs that may have crashed the server */
} LockClass;

static LOCKTAG
lock_tag(LockClass class, int64 key)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (key >> 32), (uint32) key, class);
	tag.locktag_lockmethodid = DEFAULT_LOCKMETHOD;
	return tag;
}

static bool
lock_session(LockClass class, int64 key)
{
	LOCKTAG		tag = lock_tag(class, key);

	switch (LockAcquire(&tag, ExclusiveLock, true, true))
	{
		case LOCKACQUIRE_OK:
			return true;
		case LOCKACQUIRE_NOT_AVAIL:
			return false;
		default:				/* ours already: it was only counted once more */
			LockRelease(&tag, ExclusiveLock, true);
			return false;
	}
}

static void
unlock_session(LockClass class, int64 key)
{
	LOCKTAG		tag = lock_tag(class, key);

	/* not after an abort that took it along */
	if (lock_held_by_me(&tag, ExclusiveLock))
		LockRelease(&tag, ExclusiveLock, true);
}

static bool
lock_in_transaction(LockClass class, int64 key)
{
	LOCKTAG		tag = lock_tag(class, key);

	return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

bool
job_lock(int64 id)
{
	return lock_session(LOCK_JOB, id);
}

void
job_unlock(int64 id)
{
	unlock_session(LOCK_JOB, id);
}

bool
job_lock_feed(int feed_id)
{
	return lock_session(LOCK_FEED, feed_id);
}

void
job_unlock_feed(int feed_id)
{
	unlock_session(LOCK_FEED, feed_id);
}

bool
job_lock_in_transaction(int64 id)
{
	return lock_in_transaction(LOCK_JOB, id);
}

bool
job_lock_feed_in_transaction(int feed_id)
{
	return lock_in_transaction(LOCK_FEED, feed_id);
}

/* The same for a feed that nobody is running, not even this process */
bool
job_lock_free_feed(int feed_id)
{
	LOCKTAG		tag = lock_tag(LOCK_FEED, feed_id);

	return LockAcquire(&tag, ExclusiveLock, false, true) == LOCKACQUIRE_OK;
}

/* One at a time counts the leases of a queue, until the end of its transaction */
void
job_lock_queue(int number)
{
	LOCKTAG		tag = lock_tag(LOCK_QUEUE, number);

	(void) LockAcquire(&tag, ExclusiveLock, false, false);
}

/* One worker settles the suspects of a database, until it gives the lock back after its commit */
void
job_lock_suspects(void)
{
	LOCKTAG		tag = lock_tag(LOCK_SUSPECTS, 0);

	(void) LockAcquire(&tag, ExclusiveLock, true, false);
}

void
job_unlock_suspects(void)
{
	unlock_session(LOCK_SUSPECTS, 0);
}
