/*
 * builtin.c
 *	  What a role must be allowed to do to have a built-in of the network run.
 *
 * Runs where jobs are asked for, in client backends and in handlers, inside a
 * transaction.  Built-ins write facts with the rights of the facts' owner, so
 * it is for us to ask what the role that has them run may do.  It is asked
 * again when the job runs: rights may have been taken away since, see
 * feed_start() and media_start().  Those in SQL are functions of their own,
 * whose EXECUTE says who may; see job_resolve_handler().
 */
#include "postgres.h"

#include "catalog/pg_foreign_server.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "foreign/foreign.h"
#include "nodes/pg_list.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/jsonb.h"

#include "job/builtin.h"

/* A role that may not ask for a run of a feed by name may not ask for one by its number */
void
job_require_feed_rights(Oid role)
{
	Oid			type = TEXTOID;
	List	   *name = list_make2(makeString("estate"), makeString("request_run"));
	Oid			function = LookupFuncName(name, 1, &type, false);
	AclResult	allowed = function_aclcheck(function, role, ACL_EXECUTE);

	if (allowed != ACLCHECK_OK)
		aclcheck_error(allowed, OBJECT_FUNCTION, "request_run");
}

/*
 * Photos are copied to a target of the job's, and the facts say so: it must be
 * one that the role may use.  One that is missing, or not there, is for the
 * job to fail on, as with any other argument.
 */
static void
require_media_rights(const Job *job)
{
	Jsonb	   *args = DatumGetJsonbP(job->args);
	JsonbValue	value;
	char	   *name;
	Oid			server;
	AclResult	allowed;

	if (!JB_ROOT_IS_OBJECT(args) ||
		getKeyJsonValueFromContainer(&args->root, "target", strlen("target"),
									 &value) == NULL ||
		value.type != jbvString)
		return;
	name = pnstrdup(value.val.string.val, value.val.string.len);
	server = get_foreign_server_oid(name, true);
	if (!OidIsValid(server))
		return;
	allowed = server_aclcheck(server, job->role, ACL_USAGE);
	if (allowed != ACLCHECK_OK)
		aclcheck_error(allowed, OBJECT_FOREIGN_SERVER, name);
}

/* Errors when the role of a job that it is about to enqueue may not have it run */
void
job_require_builtin_rights(const Job *job)
{
	if (strcmp(job->handler, "feed") == 0)
		job_require_feed_rights(job->role);
	else if (strcmp(job->handler, "media") == 0)
		require_media_rights(job);
}
