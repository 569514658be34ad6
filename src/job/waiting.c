/*
 * waiting.c
 *	  A job that waits, wherever it does: whose it is, and taking it away.
 *
 * Runs in client backends and in workers, inside a transaction.  Jobs are read
 * into the current context.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "job/count.h"
#include "job/lock.h"
#include "job/ready.h"
#include "job/record.h"
#include "job/waiting.h"

/*
 * Whether the caller may see what a job of the role is asked to do: its
 * members may, and those of the owner of the facts.
 */
bool
waiting_may_see(Oid job_role)
{
	return is_member_of_role(GetUserId(), job_role) || is_member_of_role(GetUserId(), estate_owner());
}

PG_FUNCTION_INFO_V1(estate_may_see_job_of);

/* estate.may_see_job_of(role) -> bool: for the views */
Datum
estate_may_see_job_of(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(waiting_may_see(PG_GETARG_OID(0)));
}

/*
 * Only the role that enqueued a job, those who have its rights, and the owner
 * of the facts may touch it.  Runs as the caller.
 */
void
waiting_require_rights(int64 id, Oid job_role)
{
	if (has_privs_of_role(GetUserId(), job_role) || has_privs_of_role(GetUserId(), estate_owner()))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for job " INT64_FORMAT, id)));
}

/* The role of a job, by a query of its id; InvalidOid: it does not find it */
Oid
waiting_role(const char *query, int64 id)
{
	EstateUser	user;
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(id);
	Oid			role = InvalidOid;
	bool		isnull;

	estate_become_keeper(&user);
	SPI_connect();
	SPI_execute_with_args(query, 1, &type, &value, NULL, false, 1);
	if (SPI_processed == 1)
		role = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	estate_resume_user(&user);
	return role;
}

/* Takes a job out of job_open */
static Job *
remove_open(int64 id, JobDoer *done_by)
{
	MemoryContext caller = CurrentMemoryContext;
	EstateUser	user;
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(id);
	Job		   *job = NULL;
	bool		isnull;

	estate_become_keeper(&user);
	SPI_connect();
	SPI_execute_with_args("DELETE FROM estate_internal.job_open WHERE id OPERATOR(pg_catalog.=) $1 RETURNING " JOB_COLUMN_NAMES ", done_by, waits_for",
						  1, &type, &value, NULL, false, 1);
	if (SPI_processed == 1)
	{
		char	   *waits_for = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, JOB_COLUMNS + 2);

		*done_by = DatumGetChar(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, JOB_COLUMNS + 1, &isnull));
		MemoryContextSwitchTo(caller);
		job = record_of_row(SPI_tuptable->vals[0], SPI_tuptable->tupdesc);
		count_jobs(job->queue, count_open(job, strcmp(waits_for, "jobs") == 0 ? WAITS_FOR_JOBS :
										  strcmp(waits_for, "key") == 0 ? WAITS_FOR_KEY : WAITS_FOR_TIME), -1);
	}
	SPI_finish();
	estate_resume_user(&user);
	return job;
}

/*
 * Takes a waiting job away from where it waits; checked: if the caller may;
 * leased: also one that a client has, who loses it.  NULL: it does not wait.
 */
Job *
waiting_take(int64 id, bool checked, bool leased, JobDoer *done_by)
{
	Oid			role = ready_role(id);

	*done_by = DONE_BY_SQL;
	if (OidIsValid(role))
	{
		if (checked)
			waiting_require_rights(id, role);
		return ready_remove(id);
	}
	if (!job_lock_in_transaction(id))
		return NULL;			/* a network job that a process has in hand */
	role = waiting_role(leased ? "SELECT role FROM estate_internal.job_open WHERE id OPERATOR(pg_catalog.=) $1 FOR UPDATE SKIP LOCKED" :
						"SELECT role FROM estate_internal.job_open WHERE id OPERATOR(pg_catalog.=) $1"
						" AND leased_until IS NULL FOR UPDATE SKIP LOCKED", id);
	if (!OidIsValid(role))
		return NULL;
	if (checked)
		waiting_require_rights(id, role);
	return remove_open(id, done_by);
}

