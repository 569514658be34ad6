/*
 * drop.c
 *	  Keeps DROP EXTENSION and DROP SCHEMA with CASCADE from taking servers along.
 *
 * Runs in sessions that have loaded the library: where it is preloaded, in
 * all.  The foreign data wrapper estate_target is the extension's, and a
 * server depends on its wrapper; so CASCADE, which is needed for our views,
 * would drop the servers and user mappings of feeds and photos in passing,
 * while the tables that name them stay.  Whoever means that drops them first.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_foreign_server.h"
#include "commands/extension.h"
#include "foreign/foreign.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "drop.h"

static ProcessUtility_hook_type prev_process_utility = NULL;

/* Whether a statement drops the extension, by its name or that of the schema it is in */
static bool
drops_extension(const Node *statement)
{
	const DropStmt *drop = (const DropStmt *) statement;
	const char *ours;
	ListCell   *cell;

	if (!IsA(statement, DropStmt) || drop->behavior != DROP_CASCADE)
		return false;
	if (drop->removeType == OBJECT_EXTENSION)
		ours = "pg_estate";
	else if (drop->removeType == OBJECT_SCHEMA)
		ours = "estate";
	else
		return false;
	foreach(cell, drop->objects)
		if (strcmp(strVal(lfirst(cell)), ours) == 0)
			return OidIsValid(get_extension_oid("pg_estate", true));
	return false;
}

/* The servers of our wrapper, as a list; empty: there is none */
static char *
servers_of_ours(void)
{
	ForeignDataWrapper *wrapper = GetForeignDataWrapperByName("estate_target", true);
	Relation	relation = table_open(ForeignServerRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	StringInfoData names;
	HeapTuple	tuple;

	initStringInfo(&names);
	while (wrapper && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_foreign_server server = (Form_pg_foreign_server) GETSTRUCT(tuple);

		if (server->srvfdw == wrapper->fdwid)
			appendStringInfo(&names, "%s%s", names.len ? ", " : "",
							 quote_identifier(NameStr(server->srvname)));
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return names.data;
}

static void
refuse_to_drop_servers(const Node *statement)
{
	char	   *servers;

	if (!drops_extension(statement))
		return;
	servers = servers_of_ours();
	if (servers[0])
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop extension pg_estate while there are servers of estate_target"),
				 errdetail("CASCADE would drop them, with their user mappings: %s.", servers),
				 errhint("Keep their definitions (pg_dump --schema-only),"
						 " then DROP SERVER %s CASCADE;", servers)));
}

static void
process_utility(PlannedStmt *statement, const char *text, bool read_only,
				ProcessUtilityContext context, ParamListInfo params,
				QueryEnvironment *environment, DestReceiver *dest,
				QueryCompletion *completion)
{
	refuse_to_drop_servers(statement->utilityStmt);
	(prev_process_utility ? prev_process_utility : standard_ProcessUtility)
		(statement, text, read_only, context, params, environment, dest, completion);
}

void
drop_watch(void)
{
	prev_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
}
