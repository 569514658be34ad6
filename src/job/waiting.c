/*
 * waiting.c
 *	  A job that waits, wherever it does: whose it is, and taking it away.
 *
 * Runs in client backends and in workers, inside a transaction.  Jobs are read
 * into the current context.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "job/lock.h"
#include "job/open.h"
#include "job/ready.h"
#include "job/waiting.h"

/*
 * Whether the caller may see what a job of the role is asked to do: its
 * members may, and those of the owner of the facts.
 */
bool
waiting_may_see(Oid job_role)
{
	return is_member_of_role(GetUserId(), job_role) ||
		is_member_of_role(GetUserId(), estate_owner());
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

/*
 * The role of a job that waits, whoever has it in hand; InvalidOid: it does not
 * wait, or not any more, whatever the transaction's snapshot shows.
 */
Oid
waiting_role(int64 id)
{
	static KeeperStatement statement = {
		"SELECT role::pg_catalog.oid FROM estate_internal.job_open"
		" WHERE id OPERATOR(pg_catalog.=) $1"
		" UNION ALL"
		" SELECT role::pg_catalog.oid FROM estate_internal.job_ready"
		" WHERE id OPERATOR(pg_catalog.=) $1",
		1, {INT8OID}, KEEPER_FIRST | KEEPER_NEWEST
	};
	Datum		value = Int64GetDatum(id);
	Datum		role;

	return keeper_fetch(&statement, &value, NULL, &role) ? DatumGetObjectId(role) : InvalidOid;
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
	role = open_lock(id, leased ? OPEN_ANY : OPEN_NOT_LEASED);
	if (!OidIsValid(role))
		return NULL;
	if (checked)
		waiting_require_rights(id, role);
	return open_take(id, done_by);
}

