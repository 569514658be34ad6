/*
 * rights.c
 *	  With whose rights our statements run, and whether the tables fit the code.
 *
 * Runs in any process, inside a transaction.  Bookkeeping runs as the owner of
 * the tables (normally estate_admin, never a superuser: setup() sees to it),
 * everything a user wrote runs as that user.  Both run under a
 * security-restricted context, so that what they call cannot take another
 * role, and with a fixed search_path.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "estate.h"

#define FIXED_SEARCH_PATH "pg_catalog, pg_temp"

static Oid
installation_relation(void)
{
	Oid			schema = get_namespace_oid("estate_internal", true);

	return OidIsValid(schema) ? get_relname_relid("installation", schema) : InvalidOid;
}

bool
estate_tables_exist(void)
{
	return OidIsValid(installation_relation());
}

/* The owner of the tables: whose rights bookkeeping has */
Oid
estate_owner(void)
{
	Oid			relation = installation_relation();
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

void
estate_resume_user(EstateUser *user)
{
	AtEOXact_GUC(false, user->guc_level);
	SetUserIdAndSecContext(user->saved_user, user->saved_context);
}

/* Version of the tables, 0 when there are none */
int
estate_tables_version(void)
{
	EstateUser	user;
	int			version = 0;
	bool		isnull;

	if (!estate_tables_exist())
		return 0;
	estate_become_owner(&user);
	SPI_connect();
	if (SPI_execute("SELECT tables_version FROM estate_internal.installation", true, 1) == SPI_OK_SELECT &&
		SPI_processed == 1)
		version = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	estate_resume_user(&user);
	return version;
}

/* Every entry point that touches the tables calls this first */
void
estate_require_tables(void)
{
	static LocalTransactionId checked = InvalidLocalTransactionId;
	int			version;

	/* once in a transaction: functions are called by the hundred thousand */
	if (checked == MyLocalTransactionId)
		return;
	version = estate_tables_version();
	if (version == ESTATE_TABLES_VERSION)
	{
		checked = MyLocalTransactionId;
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
				 errhint("SELECT * FROM estate.setup();")));
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
