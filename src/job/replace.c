/*
 * replace.c
 *	  A job that waits is asked for anew: enqueue() with a unique key that it
 *	  has, and on_conflict => 'replace'.
 *
 * Runs wherever jobs are enqueued, inside a transaction.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"

#include "job/lock.h"
#include "job/open.h"
#include "job/ready.h"
#include "job/replace.h"

/* Takes a job that waits in job_open away, unless somebody has it in hand */
static bool
remove_open(int64 id)
{
	static KeeperStatement forget = {
		"DELETE FROM estate_internal.job_dependency"
		" WHERE job OPERATOR(pg_catalog.=) $1",
		1, {INT8OID}, KEEPER_BY_INDEX
	};
	Datum		value = Int64GetDatum(id);

	/* a network job in hand has this lock */
	if (!job_lock_in_transaction(id) || !open_remove_unless_locked(id))
		return false;
	/* should it be undone, workers have passed it by */
	estate_wake_at_end(WORKER_SQL);
	estate_wake_at_end(WORKER_NETWORK);
	(void) keeper_do(&forget, &value, NULL);
	return true;
}

/*
 * Takes a waiting job away, so that another can be written with its id and its
 * unique key.  False: it is being run, or has ended and only its key is still
 * taken.
 */
bool
replace_waiting(int64 id)
{
	if (!remove_open(id) && ready_remove(id) == NULL)
		return false;
	CommandCounterIncrement();
	return true;
}
