/*
 * served.c
 *	  Which of the databases in estate.databases have workers, and why others
 *	  do not.
 *
 * Runs in the launcher, which is in no database, and in sessions that ask.
 * Both read pg_database by themselves, as the autovacuum launcher does:
 * without a database there are no catalog caches.  What is returned is in the
 * caller's context.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "lib/stringinfo.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"

#include "process/served.h"

/* The names in the setting, each once */
static List *
configured_names(void)
{
	List	   *names = NIL;
	List	   *once = NIL;
	ListCell   *cell;

	/* the check of the setting has let it pass */
	if (!SplitIdentifierString(pstrdup(estate_databases), ',', &names))
		return NIL;
	foreach(cell, names)
	{
		bool		known = false;
		ListCell   *before;

		foreach(before, once)
			known |= strcmp(lfirst(before), lfirst(cell)) == 0;
		if (!known)
			once = lappend(once, lfirst(cell));
	}
	return once;
}

/* Whether the setting names a database */
bool
served_is_named(const char *name)
{
	ListCell   *cell;

	foreach(cell, configured_names())
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

static ServedState
state_of(Form_pg_database database)
{
	if (database->datistemplate)
		return SERVED_TEMPLATE;
	if (database->datconnlimit == DATCONNLIMIT_INVALID_DB)
		return SERVED_INVALID;
	return database->datallowconn ? SERVED : SERVED_CLOSED;
}

/* Finds what is named; runs in a transaction */
static void
served_look_up(List *databases)
{
	Relation	relation = table_open(DatabaseRelationId, AccessShareLock);
	TableScanDesc scan = table_beginscan_catalog(relation, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database found = (Form_pg_database) GETSTRUCT(tuple);
		ListCell   *cell;

		foreach(cell, databases)
		{
			ServedDatabase *database = lfirst(cell);

			if (strcmp(database->name, NameStr(found->datname)) != 0)
				continue;
			database->database = found->oid;
			database->state = state_of(found);
		}
	}
	table_endscan(scan);
	table_close(relation, AccessShareLock);
}

/*
 * What is named, in the order of the setting; the first ones that can have
 * workers do.  In the launcher a transaction of its own.
 */
List *
served_databases(void)
{
	MemoryContext caller = CurrentMemoryContext;
	bool		inside = IsTransactionState();
	List	   *databases = NIL;
	int			room = ESTATE_MAX_DATABASES;
	ListCell   *cell;

	foreach(cell, configured_names())
	{
		ServedDatabase *database = palloc0(sizeof(ServedDatabase));

		database->name = lfirst(cell);
		database->state = SERVED_MISSING;
		databases = lappend(databases, database);
	}
	if (databases == NIL)
		return NIL;
	if (!inside)
	{
		StartTransactionCommand();
		(void) GetTransactionSnapshot();
	}
	served_look_up(databases);
	if (!inside)
		CommitTransactionCommand();
	MemoryContextSwitchTo(caller);

	foreach(cell, databases)
	{
		ServedDatabase *database = lfirst(cell);

		if (database->state == SERVED && room-- <= 0)
			database->state = SERVED_NO_ROOM;
	}
	return databases;
}

/* Why a database that is named has no workers */
const char *
served_reason(ServedState state)
{
	switch (state)
	{
		case SERVED:
			return "served";
		case SERVED_MISSING:
			return "does not exist";
		case SERVED_TEMPLATE:
			return "is a template";
		case SERVED_CLOSED:
			return "allows no connections";
		case SERVED_INVALID:
			return "is invalid: DROP DATABASE was interrupted";
		case SERVED_NO_ROOM:
			return "is one too many";
	}
	return NULL;
}

static void
complain_of(const ServedDatabase *database)
{
	bool		too_many = database->state == SERVED_NO_ROOM;

	ereport(WARNING,
			(errcode(too_many ? ERRCODE_CONFIGURATION_LIMIT_EXCEEDED :
					 ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("no workers run in database \"%s\" of estate.databases: it %s",
					database->name, served_reason(database->state)),
			 too_many ?
			 errdetail("At most %d databases can have workers.", ESTATE_MAX_DATABASES) : 0,
			 too_many || database->state == SERVED_MISSING ?
			 errhint("Take it out of estate.databases.") : 0));
}

/* Logs which of them have no workers, once for as long as it is so.  In the launcher only. */
void
served_complain(List *databases)
{
	static char *said = NULL;
	StringInfoData all;
	ListCell   *cell;

	initStringInfo(&all);
	foreach(cell, databases)
	{
		const ServedDatabase *database = lfirst(cell);

		if (database->state != SERVED)
			appendStringInfo(&all, "%s %d\n", database->name, database->state);
	}
	if (said && strcmp(said, all.data) == 0)
		return;
	if (said)
		pfree(said);
	said = MemoryContextStrdup(TopMemoryContext, all.data);
	foreach(cell, databases)
		if (((const ServedDatabase *) lfirst(cell))->state != SERVED)
			complain_of(lfirst(cell));
}
