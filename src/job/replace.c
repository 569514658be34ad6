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
#include "executor/spi.h"
#include "miscadmin.h"

#include "job/count.h"
#include "job/lock.h"
#include "job/ready.h"
#include "job/replace.h"

/* Takes a job that waits in job_open away, unless somebody has it in hand */
static bool
remove_open(int64 id)
{
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(id);
	EstateUser	user;
	bool		removed;

	/* a network job in hand has this lock */
	if (!job_lock_in_transaction(id))
		return false;
	estate_become_keeper(&user);
	SPI_connect();
	SPI_execute_with_args("DELETE FROM estate_internal.job_open WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY("
						  "SELECT ctid FROM estate_internal.job_open WHERE id OPERATOR(pg_catalog.=) $1 AND leased_until IS NULL FOR UPDATE SKIP LOCKED))"
						  " RETURNING queue, " COUNTED_OPEN_ROW("") ", 1::pg_catalog.int8",
						  1, &type, &value, NULL, false, 0);
	removed = count_rows(-1) == 1;
	if (removed)
		SPI_execute_with_args("DELETE FROM estate_internal.job_dependency WHERE job OPERATOR(pg_catalog.=) $1", 1, &type, &value, NULL, false, 0);
	SPI_finish();
	estate_resume_user(&user);
	return removed;
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
