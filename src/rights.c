/*
 * rights.c
 *	  With whose rights our statements run.
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
#include "miscadmin.h"
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
	return OidIsValid(our_relation("estate_internal", "installation")) &&
		OidIsValid(our_relation("estate", "listing"));
}

static Oid
relation_owner(Oid relation)
{
	HeapTuple	tuple = OidIsValid(relation) ?
		SearchSysCache1(RELOID, ObjectIdGetDatum(relation)) : NULL;
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
				 errmsg("the bookkeeping of pg_estate does not belong to the owner"
						" of schema \"estate\""),
				 errdetail("Schema \"estate_internal\" and table \"installation\" in it must belong"
						   " to \"%s\".",
						   GetUserNameFromId(keeper, true)),
				 errhint("Look into them, then ALTER SCHEMA and ALTER TABLE .. OWNER TO,"
						 " then SELECT * FROM estate.setup();")));
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
