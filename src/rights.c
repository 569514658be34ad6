/*
 * rights.c
 *	  With whose rights our statements run, and whether the tables fit the code.
 *
 * Runs in any process, inside a transaction.  The tables have two owners:
 *
 * The keeper, owner of schema estate and normally a superuser, owns what says
 * who runs what: the installation, feeds and their cursors, jobs.  Whoever may
 * write there may run anything as anybody.
 *
 * The owner, normally estate_admin and never a superuser, owns the facts and
 * the views.  Its members may put triggers, rules, types and policies there,
 * so that any statement on facts may run code of theirs.
 *
 * So statements on facts run as the owner, whoever calls, and everything else
 * a user wrote runs as that user.  A statement that runs as the keeper names
 * tables of the keeper only, and types, functions and operators of the server;
 * no foreign key cascades from a table of the keeper to a fact, since AFTER
 * triggers of cascaded rows run as whoever deleted the first one.
 *
 * All of them run under a security-restricted context, so that what they call
 * cannot take another role, and with a fixed search_path.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "estate.h"

#define FIXED_SEARCH_PATH "pg_catalog, pg_temp"

/* A relation of one of our schemas; InvalidOid: there is none */
static Oid
our_relation(const char *schema, const char *name)
{
	Oid			oid = get_namespace_oid(schema, true);

	return OidIsValid(oid) ? get_relname_relid(name, oid) : InvalidOid;
}

/* The bookkeeping and the facts: setup() says what is to be done where there is but one */
bool
estate_tables_exist(void)
{
	return OidIsValid(our_relation("estate_internal", "installation")) && OidIsValid(our_relation("estate", "listing"));
}

static Oid
relation_owner(Oid relation)
{
	HeapTuple	tuple = OidIsValid(relation) ? SearchSysCache1(RELOID, ObjectIdGetDatum(relation)) : NULL;
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the tables of pg_estate are not set up in this database"),
				 errhint("SELECT * FROM estate.setup();")));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* Who owns a schema; InvalidOid: it does not exist */
Oid
estate_schema_owner(const char *name)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACENAME, CStringGetDatum(name));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

/* Who owns the facts: whose rights statements on them have */
Oid
estate_owner(void)
{
	return relation_owner(our_relation("estate", "listing"));
}

/*
 * Who owns what says who runs what.  A schema estate_internal that somebody
 * planted, with jobs that claim to be anybody's, is not believed: it must
 * belong, with the table in it, to the owner of schema estate.
 */
Oid
estate_keeper(void)
{
	Oid			owner = relation_owner(our_relation("estate_internal", "installation"));
	Oid			keeper = estate_schema_owner("estate");

	if (owner != keeper || estate_schema_owner("estate_internal") != keeper)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the bookkeeping of pg_estate does not belong to the owner of schema \"estate\""),
				 errdetail("Schema \"estate_internal\" and table \"installation\" in it must belong to \"%s\".",
						   GetUserNameFromId(keeper, true)),
				 errhint("Look into them, then ALTER SCHEMA and ALTER TABLE .. OWNER TO, then SELECT * FROM estate.setup();")));
	return keeper;
}

/*
 * Takes the rights of a role until estate_resume_user(), or until the
 * surrounding (sub)transaction aborts.
 */
void
estate_become(EstateUser *user, Oid role)
{
	GetUserIdAndSecContext(&user->saved_user, &user->saved_context);
	SetUserIdAndSecContext(role,
						   user->saved_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION);
	user->guc_level = NewGUCNestLevel();
	if (strcmp(namespace_search_path, FIXED_SEARCH_PATH) == 0)
		return;					/* a worker's always is */
	(void) set_config_option("search_path", FIXED_SEARCH_PATH,
							 PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

void
estate_become_owner(EstateUser *user)
{
	estate_become(user, estate_owner());
}

/*
 * The same for the keeper.  It is done for each statement on jobs: inside a
 * step, whose search_path is fixed already, it costs next to nothing.
 */
void
estate_become_keeper(EstateUser *user)
{
	Oid			keeper = estate_keeper();

	if (strcmp(namespace_search_path, FIXED_SEARCH_PATH) != 0)
	{
		estate_become(user, keeper);
		return;
	}
	GetUserIdAndSecContext(&user->saved_user, &user->saved_context);
	SetUserIdAndSecContext(keeper,
						   user->saved_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION);
	user->guc_level = 0;
}

void
estate_resume_user(EstateUser *user)
{
	if (user->guc_level != 0)
		AtEOXact_GUC(false, user->guc_level);
	SetUserIdAndSecContext(user->saved_user, user->saved_context);
}

/* Version of the tables by the bookkeeping, 0 when there is none */
int
estate_installation_version(void)
{
	EstateUser	user;
	int			version = 0;
	bool		isnull;

	if (!OidIsValid(our_relation("estate_internal", "installation")))
		return 0;
	estate_become_keeper(&user);
	SPI_connect();
	if (SPI_execute("SELECT tables_version FROM estate_internal.installation", true, 1) == SPI_OK_SELECT &&
		SPI_processed == 1)
		version = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	estate_resume_user(&user);
	return version;
}

/* Version of the tables, 0 when there are none or not all */
int
estate_tables_version(void)
{
	return estate_tables_exist() ? estate_installation_version() : 0;
}

/* Whether the functions of this database are of the library's version, or an earlier one's */
bool
estate_functions_are_current(void)
{
	Oid			type = TEXTOID;
	Datum		version = CStringGetTextDatum(ESTATE_VERSION);
	bool		current;

	SPI_connect();
	SPI_execute_with_args("SELECT FROM pg_catalog.pg_extension WHERE extname OPERATOR(pg_catalog.=) 'pg_estate'"
						  " AND extversion OPERATOR(pg_catalog.=) $1", 1, &type, &version, NULL, true, 1);
	current = SPI_processed == 1;
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
