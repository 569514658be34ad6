/*
 * wish.c
 *	  Wishes to cancel jobs that are being run: who decides, and when.
 *
 * Runs in client backends that cancel, and in whoever runs jobs, inside a
 * transaction.
 *
 * The transaction that wishes and the one that ends the job are two, and one
 * of them has to be first, or a job would be done whose cancellation was
 * answered.  So each job has a lock:
 *
 *	whoever wishes		holds it, shared, from before he looks whether the
 *						job is being run until his transaction ends;
 *	whoever ends a job	that others have seen running takes it, exclusively,
 *						until his own transaction ends, and then looks for a
 *						row of job_cancel.
 *
 * Either the wish is first: then the end waits until it is decided, and heeds
 * it.  Or the end is: then there is nothing to wish any more, cancel_job()
 * does not get the lock, and says false.
 *
 * A job may come back before the wish is fulfilled: its worker was ended, its
 * transaction undone, or the server crashed.  Then another process has it,
 * which nobody has seen running.  So there is a flag, up while there may be
 * such wishes, and a count of the transactions that may be making some; while
 * either says so, a wish is looked for before each start.  Whoever wishes
 * counts himself before he looks whether the job is being run; a worker takes
 * his jobs off the list of what is being run before they can be seen again.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lock.h"

#include "job/look.h"
#include "job/wish.h"
#include "keeper.h"

/* see src/job/lock.c for its neighbours; this one ends with the transaction */
#define LOCK_CLASS_WISH 1021

static bool counted = false;	/* among the transactions that may be making wishes */

static void
set_tag(LOCKTAG *tag, int64 id)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (id >> 32), (uint32) id, LOCK_CLASS_WISH);
}

/* Before the look whether the job is being run; false: it is at its end already */
bool
wish_begin(int64 id)
{
	LOCKTAG		tag;

	wish_under_way();
	set_tag(&tag, id);
	return LockAcquire(&tag, ShareLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

/* It is not being run: nobody need wait for us */
void
wish_give_up(int64 id)
{
	LOCKTAG		tag;

	set_tag(&tag, id);
	LockRelease(&tag, ShareLock, false);
}

/* From now on until the transaction ends wishes may be made, or be looked after */
void
wish_under_way(void)
{
	if (!counted)
		counted = look_cancelling_begins();
}

/* The transaction has ended, and has perhaps left wishes; neither allocates nor throws */
void
wish_ended(bool left)
{
	if (counted)
		look_cancelling_ends(left);
	counted = false;
}

/* Whether there may be wishes for jobs that nobody has seen running */
bool
wish_any(void)
{
	return look_any_cancelling();
}

/* The transaction wishes; others see that when it has committed */
void
wish_write(int64 id)
{
	static KeeperStatement statement = {
		"INSERT INTO estate_internal.job_cancel (job) VALUES ($1)"
		" ON CONFLICT DO NOTHING",
		1, {INT8OID}, KEEPER_PLAN_ONCE
	};
	Datum		value = Int64GetDatum(id);

	(void) keeper_do(&statement, &value, NULL);
}

static bool
is_wished(int64 id)
{
	static KeeperStatement statement = {
		"SELECT job FROM estate_internal.job_cancel"
		" WHERE job OPERATOR(pg_catalog.=) $1",
		1, {INT8OID}, KEEPER_NEWEST | KEEPER_BY_INDEX
	};
	Datum		value = Int64GetDatum(id);
	Datum		found;

	return keeper_fetch(&statement, &value, NULL, &found);
}

/*
 * Whether a job that is about to end has to be cancelled instead.  From now on
 * until the transaction ends nobody can wish so any more.  WISH_UNDECIDED only
 * for those who do not wait.
 */
Wish
wish_of(int64 id, bool wait)
{
	LOCKTAG		tag;

	set_tag(&tag, id);
	if (LockAcquire(&tag, ExclusiveLock, false, !wait) == LOCKACQUIRE_NOT_AVAIL)
		return WISH_UNDECIDED;
	return is_wished(id) ? WISH_COMMITTED : WISH_NONE;
}

/* The same for one that is about to start: others may wish, once they see it running */
Wish
wish_before_start(int64 id, bool wait)
{
	LOCKTAG		tag;
	Wish		wish = wish_of(id, wait);

	set_tag(&tag, id);
	if (wish != WISH_UNDECIDED)
		LockRelease(&tag, ExclusiveLock, false);
	return wish;
}

/*
 * The job is cancelled with this transaction: the wish does not hold for a
 * later run of it
 */
void
wish_fulfilled(int64 id)
{
	static KeeperStatement statement = {
		"DELETE FROM estate_internal.job_cancel"
		" WHERE job OPERATOR(pg_catalog.=) $1",
		1, {INT8OID}, KEEPER_BY_INDEX
	};
	Datum		value = Int64GetDatum(id);

	(void) keeper_do(&statement, &value, NULL);
}
