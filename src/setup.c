/*
 * setup.c
 *	  setup(), teardown(), enable_workers(), disable_workers().
 *
 * Runs in client backends.  The tables are ordinary objects of two owners (see
 * rights.c), not members of the extension: members lose their rows in dump and
 * restore as soon as a user adds a column.  Steps are numbered and only ever
 * added; the views are made anew each time, since DROP EXTENSION takes them
 * along.  The first step and the views run as the owner of the facts, which
 * may create in our schemas only while they do; what is the keeper's is handed
 * over before anybody else can see it.  Later steps say who runs what.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "commands/tablecmds.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

#include "keeper.h"

/* A step: what runs as the keeper, then what runs as the owner of the facts; empty: nothing */
typedef struct SetupStep
{
	const char *keeper;
	const char *facts;
} SetupStep;

#include "setup_steps.inc"

StaticAssertDecl(lengthof(setup_steps) == ESTATE_TABLES_VERSION, "each version of the tables is a step");

/* a place for rows of (step, result) */
typedef struct SetupReport
{
	ReturnSetInfo *rsinfo;
} SetupReport;

static void
report(SetupReport *to, const char *step, const char *result)
{
	Datum		values[2] = {CStringGetTextDatum(step), CStringGetTextDatum(result)};
	bool		nulls[2] = {false, false};

	tuplestore_putvalues(to->rsinfo->setResult, to->rsinfo->setDesc, values, nulls);
}

static void
run_sql(const char *sql)
{
	int			rc = SPI_execute(sql, false, 0);

	if (rc < 0)
		elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(rc));
}

/* One at a time in a database: two setups would collide in the catalogs */
static void
lock_installation(void)
{
	LockDatabaseObject(NamespaceRelationId, get_namespace_oid("estate", false), 0,
					   ShareUpdateExclusiveLock);
}

/*
 * Who may set up: the owner of schema estate, normally the superuser who
 * created the extension.  A schema estate_internal that somebody else planted
 * beforehand is refused.
 */
static void
require_installer(void)
{
	Oid			owner = estate_schema_owner("estate");
	Oid			internal = estate_schema_owner("estate_internal");

	if (!superuser() && !has_privs_of_role(GetUserId(), owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to set up pg_estate"),
				 errdetail("Only superusers and members of the role that owns schema \"estate\" may do that.")));
	if (OidIsValid(internal) && internal != owner)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_SCHEMA_DEFINITION),
				 errmsg("schema \"estate_internal\" belongs to \"%s\", not to the owner of schema \"estate\"",
						GetUserNameFromId(internal, false)),
				 errhint("ALTER SCHEMA estate_internal OWNER TO %s;",
						 quote_identifier(GetUserNameFromId(owner, false)))));
}

/* Records are UTF-8 and are stored as they are: SQL_ASCII takes them so, other encodings would not */
static void
require_utf8(void)
{
	if (GetDatabaseEncoding() != PG_UTF8 && GetDatabaseEncoding() != PG_SQL_ASCII)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("pg_estate needs a database with encoding UTF8"),
				 errdetail("This one has encoding %s.", GetDatabaseEncodingName()),
				 errhint("CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0;")));
}

/* Views call our functions: those of an earlier version will not do */
static void
require_current_functions(void)
{
	if (!estate_functions_are_current())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the functions of pg_estate in this database are not of the library's version %s", ESTATE_VERSION),
				 errhint("ALTER EXTENSION pg_estate UPDATE; SELECT * FROM estate.setup();")));
}

static void
make_schemas(void)
{
	EstateUser	user;

	/* as the owner of schema estate, so that both have one owner */
	estate_become(&user, estate_schema_owner("estate"));
	if (!OidIsValid(estate_schema_owner("estate_internal")))
		run_sql("CREATE SCHEMA estate_internal;"
				"COMMENT ON SCHEMA estate_internal IS 'Queues and bookkeeping of pg_estate; nothing here is meant to be read';");
	run_sql("GRANT USAGE ON SCHEMA estate TO estate_reader, estate_operator, estate_admin;"
			"GRANT USAGE ON SCHEMA estate_internal TO estate_operator, estate_admin;");
	estate_resume_user(&user);
}

/*
 * The owner of the facts may create in our schemas during setup(), and at no
 * other time: a function in schema estate that fits a call better than ours,
 * or a view in the place of a table, would run with the rights of a superuser
 * who comes along.
 */
static void
let_create(Oid owner, bool may)
{
	Oid			keeper = estate_schema_owner("estate");
	EstateUser	user;

	if (owner == keeper)
		return;
	estate_become(&user, keeper);
	run_sql(psprintf("%s CREATE ON SCHEMA estate, estate_internal %s %s",
					 may ? "GRANT" : "REVOKE", may ? "TO" : "FROM",
					 quote_identifier(GetUserNameFromId(owner, false))));
	estate_resume_user(&user);
}

/* What anybody but the keeper may do with a relation, as statements that take it back */
static void
revoke_all(Oid relation)
{
	static KeeperStatement statement = {
		"SELECT DISTINCT pg_catalog.format('REVOKE ALL ON %s %s FROM %s CASCADE',"
		"  CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::pg_catalog.regclass,"
		"  CASE a.grantee WHEN 0 THEN 'PUBLIC'"
		"   ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END)"
		" FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a"
		" WHERE c.oid OPERATOR(pg_catalog.=) $1 AND a.grantee OPERATOR(pg_catalog.<>) c.relowner",
		1, {OIDOID}
	};
	Datum		value = ObjectIdGetDatum(relation);
	KeeperRows	rows = keeper_run(&statement, &value, NULL);

	for (uint64 i = 0; i < rows.n; i++)
		run_sql(keeper_text(rows, i, 1));
}

/* The relations of estate_internal that are there before any step is run, as an array */
static Datum
present_relations(void)
{
	bool		isnull;
	Datum		present;

	SPI_execute("SELECT pg_catalog.array_agg(oid) FROM pg_catalog.pg_class WHERE relnamespace"
				" OPERATOR(pg_catalog.=) pg_catalog.to_regnamespace('estate_internal')", false, 1);
	present = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	return isnull ? PointerGetDatum(construct_empty_array(OIDOID)) : present;
}

/*
 * Gives the keeper what is his: all of estate_internal, and estate.feed (whose
 * sequence gets its owner with it, but keeps its grants).  The first step has
 * made them as the owner of the facts, and whoever makes something may have
 * default privileges that let others in.
 */
static void
hand_over(Datum present)
{
	static KeeperStatement statement = {
		"SELECT oid FROM pg_catalog.pg_class"
		" WHERE relkind IN ('r', 'p', 'v', 'm', 'S')"
		" AND (relnamespace OPERATOR(pg_catalog.=) 'estate_internal'::pg_catalog.regnamespace"
		"   AND (relowner OPERATOR(pg_catalog.<>) $1 OR oid OPERATOR(pg_catalog.<>) ALL ($2))"
		"  OR relowner OPERATOR(pg_catalog.<>) $1"
		"   AND (oid OPERATOR(pg_catalog.=) 'estate.feed'::pg_catalog.regclass"
		"    OR oid OPERATOR(pg_catalog.=)"
		"     pg_catalog.pg_get_serial_sequence('estate.feed', 'feed_id')::pg_catalog.regclass))",
		2, {OIDOID, OIDARRAYOID}
	};
	Oid			keeper = estate_schema_owner("estate");
	Datum		values[2] = {ObjectIdGetDatum(keeper), present};
	EstateUser	user;
	KeeperRows	rows;

	/* not keeper_begin(): the table that says who he is belongs to another yet */
	estate_become(&user, keeper);
	rows = keeper_run(&statement, values, NULL);
	for (uint64 i = 0; i < rows.n; i++)
	{
		Oid			relation = keeper_oid(rows, i, 1);

		ATExecChangeOwner(relation, keeper, true, AccessExclusiveLock);
		CommandCounterIncrement();
		revoke_all(relation);
	}
	run_sql(setup_keeper);
	estate_resume_user(&user);
}

static void
run_as(Oid role, const char *sql)
{
	EstateUser	user;

	if (sql[0] == '\0')
		return;
	estate_become(&user, role);
	run_sql(sql);
	estate_resume_user(&user);
	CommandCounterIncrement();
}

static void
run_steps(int from, Oid owner, SetupReport *to)
{
	Datum		present = present_relations();

	for (int step = from; step < ESTATE_TABLES_VERSION; step++)
	{
		run_as(estate_schema_owner("estate"), setup_steps[step].keeper);
		run_as(owner, setup_steps[step].facts);
		report(to, psprintf("tables, step %d", step + 1), "made");
		/* what follows finds the owners right */
		hand_over(present);
	}
	if (from == ESTATE_TABLES_VERSION)
	{
		report(to, psprintf("tables, version %d", from), "already there");
		hand_over(present);
	}
}

static void
remember_version(int from)
{
	KeeperStatement statement = {
		psprintf(from == 0 ?
				 "INSERT INTO estate_internal.installation (tables_version) VALUES (%d)" :
				 "UPDATE estate_internal.installation SET tables_version = %d", ESTATE_TABLES_VERSION),
		.flags = KEEPER_PASSING
	};

	if (from != ESTATE_TABLES_VERSION)
		(void) keeper_do(&statement, NULL, NULL);
}

/* Binds the workers to this database of this cluster: a copy stays quiet */
static void
remember_database(bool enabled)
{
	KeeperStatement statement = {
		enabled ?
		psprintf("UPDATE estate_internal.installation"
				 " SET system_id = '" UINT64_FORMAT "', database_oid = %u",
				 GetSystemIdentifier(), MyDatabaseId) :
		"UPDATE estate_internal.installation SET system_id = NULL, database_oid = NULL",
		.flags = KEEPER_PASSING
	};

	(void) keeper_do(&statement, NULL, NULL);
	estate_change_at_commit();
}

/* Whether the workers may run in this database of this cluster */
static bool
is_bound_here(void)
{
	KeeperStatement statement = {
		psprintf("SELECT FROM estate_internal.installation"
				 " WHERE system_id OPERATOR(pg_catalog.=) '" UINT64_FORMAT "'"
				 " AND database_oid OPERATOR(pg_catalog.=) %u::pg_catalog.oid",
				 GetSystemIdentifier(), MyDatabaseId),
		.flags = KEEPER_READS | KEEPER_PASSING
	};

	return keeper_do(&statement, NULL, NULL) == 1;
}

/* The present value of a list setting with a name added */
static char *
with_addition(const char *setting, const char *addition)
{
	const char *present = GetConfigOption(setting, true, false);

	return present && present[0] ? psprintf("%s, %s", present, addition) : pstrdup(addition);
}

/* Warns when nothing will start the workers of this database */
static const char *
warn_unless_workers_run(void)
{
	if (estate_shared == NULL)
	{
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no workers will run: pg_estate is not in shared_preload_libraries"),
				 errdetail("Calls work in the session that makes them; feeds and jobs do not run by themselves."),
				 errhint("ALTER SYSTEM SET shared_preload_libraries = %s; Then restart the server.",
						 with_addition("shared_preload_libraries", "pg_estate"))));
		return "enabled, but pg_estate is not preloaded";
	}
	if (!estate_workers_configured())
	{
		char	   *name = get_database_name(MyDatabaseId);
		char	   *value = with_addition("estate.databases", quote_identifier(name));

		/* one literal: unlike the server's own list settings it takes no list of arguments */
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no workers will run: database \"%s\" is not in estate.databases", name),
				 errhint("ALTER SYSTEM SET estate.databases = %s; SELECT pg_reload_conf();",
						 quote_literal_cstr(value))));
		return "enabled, but the database is not in estate.databases";
	}
	return "enabled";
}

PG_FUNCTION_INFO_V1(estate_setup);

/* estate.setup() -> setof (step, result) */
Datum
estate_setup(PG_FUNCTION_ARGS)
{
	SetupReport to = {(ReturnSetInfo *) fcinfo->resultinfo};
	Oid			owner;
	int			from;
	bool		enabled;

	InitMaterializedSRF(fcinfo, 0);
	require_utf8();
	require_installer();
	require_current_functions();
	lock_installation();
	SPI_connect();
	from = estate_tables_version();
	if (from > ESTATE_TABLES_VERSION)
		estate_require_tables();	/* says what to do */
	make_schemas();
	owner = from == 0 ? get_role_oid("estate_admin", false) : estate_owner();

	let_create(owner, true);
	run_steps(from, owner, &to);
	remember_version(from);
	run_as(owner, setup_views);
	let_create(owner, false);
	report(&to, "views and grants", "made");

	if (from == 0)
		remember_database(true);
	enabled = from == 0 || is_bound_here();
	report(&to, "workers", enabled ? warn_unless_workers_run() : "not enabled: SELECT estate.enable_workers();");
	SPI_finish();
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(estate_teardown);

/* estate.teardown(drop_data) -> setof (step, result) */
Datum
estate_teardown(PG_FUNCTION_ARGS)
{
	SetupReport to = {(ReturnSetInfo *) fcinfo->resultinfo};
	bool		drop_data = PG_GETARG_BOOL(0);
	EstateUser	user;

	InitMaterializedSRF(fcinfo, 0);
	require_installer();
	lock_installation();
	estate_require_tables();
	SPI_connect();
	remember_database(false);
	report(&to, "workers", "disabled");
	/* the owner of a schema may drop what is in it, whoever made it */
	estate_become_keeper(&user);
	run_sql(teardown_views);
	report(&to, "views", "dropped");
	if (drop_data)
	{
		run_sql(teardown_tables);
		report(&to, "tables", "dropped, with all rows");
	}
	else
		report(&to, "tables", "kept; estate.setup() finds them again");
	estate_resume_user(&user);
	if (drop_data)
		run_sql("DROP SCHEMA estate_internal");
	SPI_finish();
	return (Datum) 0;
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
	remember_database(true);
	PG_RETURN_TEXT_P(cstring_to_text(warn_unless_workers_run()));
}

PG_FUNCTION_INFO_V1(estate_disable_workers);

/* estate.disable_workers() -> text */
Datum
estate_disable_workers(PG_FUNCTION_ARGS)
{
	estate_require_tables();
	require_admin();
	remember_database(false);
	PG_RETURN_TEXT_P(cstring_to_text("disabled"));
}

PG_FUNCTION_INFO_V1(estate_library_version);

/* estate.library_version() -> text */
Datum
estate_library_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(ESTATE_VERSION));
}

PG_FUNCTION_INFO_V1(estate_module_state);

/*
 * estate.module_state() -> (preloaded, launcher_pid, configured, workers_running,
 * system_id, tables_needed): what doctor() cannot see in SQL
 */
Datum
estate_module_state(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[6];
	bool		nulls[6] = {false};
	int			running = 0;
	int			launcher = 0;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (estate_shared)
	{
		EstateDatabaseSlot *slot;

		launcher = estate_shared->launcher_pid;
		slot = estate_lock_slot(LW_SHARED);
		for (int i = 0; slot != NULL && i < ESTATE_MAX_WORKERS; i++)
			running += slot->workers[i].pid != 0;
		if (slot)
			estate_unlock_slot(slot);
	}
	values[0] = BoolGetDatum(estate_shared != NULL);
	values[1] = Int32GetDatum(launcher);
	nulls[1] = launcher == 0;
	values[2] = BoolGetDatum(estate_workers_configured());
	values[3] = Int32GetDatum(running);
	values[4] = CStringGetTextDatum(psprintf(UINT64_FORMAT, GetSystemIdentifier()));
	values[5] = Int32GetDatum(ESTATE_TABLES_VERSION);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
