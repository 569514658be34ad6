/*
 * enable.c
 *	  enable_workers(), disable_workers(): whether the workers may run in this
 *	  database, and whether they do.
 *
 * Runs in client backends.  The installation names the cluster and the
 * database whose workers may run, so that a restored or copied database stays
 * quiet until somebody enables it.  A physical copy has the identifiers of its
 * original: for that the data directory, the port and the name of the server
 * are kept as well.  They may change for good reasons, too, above all when a
 * standby takes over, so the workers go on and doctor() tells.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "postmaster/postmaster.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "enable.h"
#include "keeper.h"

/* What statements on the installation are given, see enable_server_values() */
#define SERVER_TYPES 5, {TEXTOID, OIDOID, TEXTOID, INT4OID, TEXTOID}

/* system_id, database_oid, data_directory, port, cluster_name */
static Datum *
enable_server_values(void)
{
	Datum	   *values = palloc(sizeof(Datum) * 5);

	values[0] = CStringGetTextDatum(psprintf(UINT64_FORMAT, GetSystemIdentifier()));
	values[1] = ObjectIdGetDatum(MyDatabaseId);
	values[2] = CStringGetTextDatum(DataDir);
	values[3] = Int32GetDatum(PostPortNumber);
	values[4] = CStringGetTextDatum(cluster_name);
	return values;
}

/* Binds the workers to this database of this cluster and server, or to none */
void
enable_bind(bool enabled)
{
	KeeperStatement statement = {
		enabled ?
		"UPDATE estate_internal.installation SET system_id = $1, database_oid = $2,"
		" data_directory = $3, port = $4, cluster_name = $5" :
		"UPDATE estate_internal.installation SET system_id = NULL, database_oid = NULL,"
		" data_directory = NULL, port = NULL, cluster_name = NULL",
		SERVER_TYPES, KEEPER_PASSING
	};

	(void) keeper_do(&statement, enable_server_values(), NULL);
	estate_change_at_commit();
}

/* Whether the workers may run in this database of this cluster */
bool
enable_is_bound(void)
{
	static KeeperStatement statement = {
		"SELECT FROM estate_internal.installation"
		" WHERE system_id OPERATOR(pg_catalog.=) $1 AND database_oid OPERATOR(pg_catalog.=) $2",
		SERVER_TYPES, KEEPER_READS | KEEPER_PLAN_ONCE
	};

	return keeper_do(&statement, enable_server_values(), NULL) == 1;
}

PG_FUNCTION_INFO_V1(estate_server_changed);

/*
 * estate_code.server_changed() -> text: what is other than when the workers
 * were enabled, in words; null: nothing, or it was not noted
 */
Datum
estate_server_changed(PG_FUNCTION_ARGS)
{
	KeeperStatement statement = {
		"SELECT pg_catalog.concat_ws(', ',"
		"  CASE WHEN data_directory OPERATOR(pg_catalog.<>) $3 THEN 'data directory' END,"
		"  CASE WHEN port OPERATOR(pg_catalog.<>) $4 THEN 'port' END,"
		"  CASE WHEN cluster_name OPERATOR(pg_catalog.<>) $5 THEN 'cluster_name' END)"
		" FROM estate_internal.installation"
		" WHERE system_id OPERATOR(pg_catalog.=) $1 AND database_oid OPERATOR(pg_catalog.=) $2",
		SERVER_TYPES, KEEPER_READS | KEEPER_PASSING
	};
	char	   *changed = NULL;
	EstateUser	user;
	KeeperRows	rows;

	keeper_begin(&user);
	rows = keeper_run(&statement, enable_server_values(), NULL);
	if (rows.n > 0)
		changed = keeper_text(rows, 0, 1);
	keeper_end(&user);
	if (changed == NULL || changed[0] == '\0')
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(changed));
}

/* Notes which server the workers run on, where an earlier version has not */
void
enable_note_server(void)
{
	KeeperStatement statement = {
		"UPDATE estate_internal.installation SET data_directory = $3, port = $4, cluster_name = $5"
		" WHERE system_id OPERATOR(pg_catalog.=) $1 AND database_oid OPERATOR(pg_catalog.=) $2"
		" AND data_directory IS NULL",
		SERVER_TYPES, KEEPER_PASSING
	};

	(void) keeper_do(&statement, enable_server_values(), NULL);
}

/* The elements of a value of shared_preload_libraries and ours, as ALTER SYSTEM takes them */
static char *
preload_with_ours(const char *present)
{
	List	   *names = NIL;
	ListCell   *cell;
	StringInfoData list;

	initStringInfo(&list);
	if (SplitDirectoriesString(pstrdup(present), ',', &names))
		foreach(cell, names)
			appendStringInfo(&list, "%s, ", quote_literal_cstr(lfirst(cell)));
	appendStringInfoString(&list, "'pg_estate'");
	return list.data;
}

/*
 * estate.databases and this one, as one literal: unlike the server's own list
 * settings it takes no list of arguments.
 */
static char *
databases_with_this(void)
{
	const char *present = GetConfigOption("estate.databases", true, false);
	const char *name = quote_identifier(get_database_name(MyDatabaseId));

	return quote_literal_cstr(present && present[0] ? psprintf("%s, %s", present, name) : name);
}

/*
 * What to type so that the workers run; in a session, too, that has called
 * nothing of ours: there the settings are not known.
 */
static char *
command_to_preload(const char *present)
{
	return psprintf("ALTER SYSTEM SET shared_preload_libraries = %s; -- then restart the server",
					preload_with_ours(present));
}

PG_FUNCTION_INFO_V1(estate_preload_command);

/* estate_code.preload_command(present) -> text */
Datum
estate_preload_command(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(command_to_preload(text_to_cstring(PG_GETARG_TEXT_PP(0)))));
}

char *
enable_command_to_configure(void)
{
	return psprintf("%sALTER SYSTEM SET estate.databases = %s; SELECT pg_reload_conf();",
					estate_shared ? "" : "LOAD 'pg_estate'; ", databases_with_this());
}

/* Warns when nothing will start the workers of this database */
const char *
enable_warn_unless_workers_run(void)
{
	if (estate_shared == NULL)
	{
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no workers will run: pg_estate is not in shared_preload_libraries"),
				 errdetail("Calls work in the session that makes them;"
						   " feeds and jobs do not run by themselves."),
				 errhint("%s", command_to_preload(GetConfigOption("shared_preload_libraries",
																  false, false)))));
		return "enabled, but pg_estate is not preloaded";
	}
	if (!estate_workers_configured())
	{
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no workers will run: database \"%s\" is not in estate.databases",
						get_database_name(MyDatabaseId)),
				 errhint("%s", enable_command_to_configure())));
		return "enabled, but the database is not in estate.databases";
	}
	return "enabled";
}

static void
require_admin(void)
{
	if (!has_privs_of_role(GetUserId(), estate_owner()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to switch the workers"),
				 errdetail("Only members of role \"%s\" may do that.",
						   GetUserNameFromId(estate_owner(), false))));
}

PG_FUNCTION_INFO_V1(estate_enable_workers);

/* estate.enable_workers() -> text */
Datum
estate_enable_workers(PG_FUNCTION_ARGS)
{
	estate_require_tables();
	require_admin();
	enable_bind(true);
	PG_RETURN_TEXT_P(cstring_to_text(enable_warn_unless_workers_run()));
}

PG_FUNCTION_INFO_V1(estate_disable_workers);

/* estate.disable_workers() -> text */
Datum
estate_disable_workers(PG_FUNCTION_ARGS)
{
	estate_require_tables();
	require_admin();
	enable_bind(false);
	PG_RETURN_TEXT_P(cstring_to_text("disabled"));
}
