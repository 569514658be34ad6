/*
 * tables.c
 *	  Whether the tables fit the code.
 *
 * Runs in any process, inside a transaction.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "keeper.h"

/* Version of the tables by the bookkeeping, 0 when there is none */
int
estate_installation_version(void)
{
	static KeeperStatement statement = {
		"SELECT tables_version FROM estate_internal.installation",
		.flags = KEEPER_READS | KEEPER_FIRST
	};
	Oid			schema = get_namespace_oid("estate_internal", true);
	Datum		version;

	if (!OidIsValid(schema) || !OidIsValid(get_relname_relid("installation", schema)) ||
		!keeper_fetch(&statement, NULL, NULL, &version))
		return 0;
	return DatumGetInt32(version);
}

/* Version of the tables, 0 when there are none or not all */
int
estate_tables_version(void)
{
	int			version = estate_installation_version();

	return estate_tables_exist() ? version : 0;
}

/*
 * Whether the functions of this database are of the library's version, or an
 * earlier one's.  Not as the keeper: there may be no tables.
 */
bool
estate_functions_are_current(void)
{
	static KeeperStatement statement = {
		"SELECT FROM pg_catalog.pg_extension"
		" WHERE extname OPERATOR(pg_catalog.=) 'pg_estate'"
		" AND extversion OPERATOR(pg_catalog.=) $1",
		1, {TEXTOID}, KEEPER_READS | KEEPER_FIRST
	};
	Datum		version = CStringGetTextDatum(ESTATE_VERSION);
	bool		current;

	SPI_connect();
	current = keeper_run(&statement, &version, NULL).n == 1;
	SPI_finish();
	return current;
}

/* What brings functions and tables of an earlier version to the library's */
const char *
estate_update_commands(void)
{
	return estate_functions_are_current() ? "SELECT * FROM estate.setup();" :
		"ALTER EXTENSION pg_estate UPDATE; SELECT * FROM estate.setup();";
}

/*
 * Whether the version was found right and cannot have changed since.  Where
 * the database has a slot, whoever changes the installation tells so at his
 * commit; elsewhere it is looked at once in a transaction: functions are
 * called by the hundred thousand.
 */
static bool
was_checked(bool now)
{
	static LocalTransactionId transaction = InvalidLocalTransactionId;
	static uint32 changes = 0;
	static bool known = false;
	const EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);

	if (now)
	{
		transaction = MyLocalTransactionId;
		known = slot != NULL;
		changes = slot ? slot->changes : 0;
	}
	return transaction == MyLocalTransactionId || (known && slot && slot->changes == changes);
}

/* Every entry point that touches the tables calls this first */
void
estate_require_tables(void)
{
	int			version;

	if (was_checked(false))
		return;
	version = estate_tables_version();
	if (version == ESTATE_TABLES_VERSION)
	{
		(void) was_checked(true);
		return;
	}
	if (version == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the tables of pg_estate are not set up in this database"),
				 errhint("SELECT * FROM estate.setup();")));
	if (version < ESTATE_TABLES_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the tables of pg_estate are of version %d, the code needs version %d",
						version, ESTATE_TABLES_VERSION),
				 errhint("%s", estate_update_commands())));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the tables of pg_estate are of version %d, newer than the code's version %d",
					version, ESTATE_TABLES_VERSION),
			 errhint("Install the newer pg_estate, then ALTER EXTENSION pg_estate UPDATE;")));
}

PG_FUNCTION_INFO_V1(estate_check_tables);

/* estate.check_tables() -> void: for functions that are written in SQL */
Datum
estate_check_tables(PG_FUNCTION_ARGS)
{
	estate_require_tables();
	PG_RETURN_VOID();
}
