/*
 * setup.c
 *	  setup(), teardown(): the tables and views, made and dropped.
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

#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/tablecmds.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

#include "enable.h"
#include "keeper.h"

/* A step: what runs as the keeper, then what runs as the owner of the facts; empty: nothing */
typedef struct SetupStep
{
	const char *keeper;
	const char *facts;
} SetupStep;

#include "setup_steps.inc"

StaticAssertDecl(lengthof(setup_steps) == ESTATE_TABLES_VERSION,
				 "each version of the tables is a step");

/* a place for rows of (step, result) */
typedef struct SetupReport
{
	ReturnSetInfo *rsinfo;
} SetupReport;

static void
setup_report(SetupReport *to, const char *step, const char *result)
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

/* What a query says in its first column and row, in the caller's memory; NULL: no row, or NULL */
static char *
ask_text(const char *sql)
{
	if (SPI_execute(sql, false, 1) < 0 || SPI_processed == 0)
		return NULL;
	return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
}

/*
 * Those of our tables and sequences of the first steps that are there, or are
 * not, as a list; NULL: none.  The caller is connected to SPI.
 */
char *
estate_tables_that(bool exist, int steps)
{
	return ask_text(psprintf("SELECT pg_catalog.string_agg(name, ', ' ORDER BY name)"
							 " FROM (%s) n(step, name) WHERE step OPERATOR(pg_catalog.<=) %d"
							 " AND pg_catalog.to_regclass(name) IS %s NULL",
							 setup_names, steps, exist ? "NOT" : ""));
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
				 errdetail("Only superusers and members of the role that owns"
						   " schema \"estate\" may do that.")));
	if (OidIsValid(internal) && internal != owner)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_SCHEMA_DEFINITION),
				 errmsg("schema \"estate_internal\" belongs to \"%s\", not to the owner of"
						" schema \"estate\"",
						GetUserNameFromId(internal, false)),
				 errhint("ALTER SCHEMA estate_internal OWNER TO %s;",
						 quote_identifier(GetUserNameFromId(owner, false)))));
}

/*
 * Records are UTF-8 and are stored as they are: SQL_ASCII takes them so, other
 * encodings would not
 */
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

/*
 * What DROP SCHEMA, DROP TABLE or a restore in parts has left is neither a
 * beginning nor a version, and nothing is made of it by guessing.
 */
static void
require_all_or_nothing(int version)
{
	char	   *missing = version > 0 ? estate_tables_that(false, version) : NULL;
	char	   *left = version == 0 ? estate_tables_that(true, ESTATE_TABLES_VERSION) : NULL;

	if (missing || left)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 missing ? errmsg("the tables of pg_estate in this database are not complete") :
				 errmsg("tables of an earlier setup() are left,"
						" but not the bookkeeping in estate_internal"),
				 missing ? errdetail("These are missing: %s.", missing) :
				 errdetail("These are left: %s.", left),
				 errhint("Restore what is missing from a backup, or drop what is left,"
						 " with all rows: SELECT * FROM estate.teardown(drop_data => true);")));
}

/* Views call our functions: those of an earlier version will not do */
static void
require_current_functions(void)
{
	if (!estate_functions_are_current())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the functions of pg_estate in this database are not"
						" of the library's version %s",
						ESTATE_VERSION),
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
				"COMMENT ON SCHEMA estate_internal IS"
				" 'Queues and bookkeeping of pg_estate; nothing here is meant to be read';");
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
		setup_report(to, psprintf("tables, step %d", step + 1), "made");
		/* what follows finds the owners right */
		hand_over(present);
	}
	if (from == ESTATE_TABLES_VERSION)
	{
		setup_report(to, psprintf("tables, version %d", from), "already there");
		hand_over(present);
	}
}

static void
remember_version(int from)
{
	KeeperStatement statement = {
		psprintf(from == 0 ?
				 "INSERT INTO estate_internal.installation (tables_version) VALUES (%d)" :
				 "UPDATE estate_internal.installation SET tables_version = %d",
				 ESTATE_TABLES_VERSION),
		.flags = KEEPER_PASSING
	};

	if (from != ESTATE_TABLES_VERSION)
		(void) keeper_do(&statement, NULL, NULL);
}

/* DROP EXTENSION takes the servers along, and a dump may be restored without them */
static void
warn_of_lost_servers(SetupReport *to)
{
	char	   *lost =
		ask_text("SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(s.name), ', ')"
				 " FROM estate.feed f, LATERAL (VALUES (f.server),"
				 "  (f.options OPERATOR(pg_catalog.->>) 'media_target')) s(name)"
				 " WHERE s.name IS NOT NULL"
				 " AND NOT EXISTS (SELECT FROM pg_catalog.pg_foreign_server p"
				 "  WHERE p.srvname OPERATOR(pg_catalog.=) s.name)");

	if (lost == NULL)
		return;
	setup_report(to, "servers", psprintf("missing: %s", lost));
	ereport(WARNING,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("servers that feeds refer to do not exist: %s", lost),
			 errhint("CREATE SERVER .. FOREIGN DATA WRAPPER estate_target"
					 " OPTIONS (kind .., url ..);"
					 " SELECT * FROM estate.doctor(); tells which feeds need them.")));
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
	from = estate_installation_version();
	if (from > ESTATE_TABLES_VERSION)
		estate_require_tables();	/* says what to do */
	require_all_or_nothing(from);
	make_schemas();
	owner = from == 0 ? get_role_oid("estate_admin", false) : estate_owner();

	let_create(owner, true);
	run_steps(from, owner, &to);
	remember_version(from);
	run_as(owner, setup_views);
	let_create(owner, false);
	setup_report(&to, "views and grants", "made");

	if (from == 0)
		enable_bind(true);
	enable_note_server();
	enabled = from == 0 || enable_is_bound();
	setup_report(&to, "workers", enabled ? enable_warn_unless_workers_run() :
				 "not enabled: SELECT estate.enable_workers();");
	warn_of_lost_servers(&to);
	SPI_finish();
	return (Datum) 0;
}

/*
 * What teardown(drop_data => true) drops: RESTRICT, so that what a user built
 * on it stops it.  Runs as the owner of the schemas, with the search_path fixed.
 */
static void
drop_tables(void)
{
	char	   *tables;
	char	   *sequences;

	run_sql("DROP VIEW IF EXISTS estate_internal.job_waiting");
	tables = ask_text(psprintf("WITH ours AS (SELECT pg_catalog.to_regclass(name) AS oid"
							   "  FROM (%s) n(step, name))"
							   " SELECT pg_catalog.string_agg("
							   "  c.oid::pg_catalog.regclass::text, ', ')"
							   " FROM pg_catalog.pg_class c WHERE c.relkind = 'r'"
							   " AND (c.oid IN (SELECT oid FROM ours)"
							   "  OR c.oid IN (SELECT inhrelid FROM pg_catalog.pg_inherits"
							   "   WHERE inhparent IN (SELECT oid FROM ours)))",
							   setup_names));
	sequences = ask_text(psprintf("SELECT pg_catalog.string_agg("
								  "c.oid::pg_catalog.regclass::text, ', ')"
								  " FROM pg_catalog.pg_class c WHERE c.relkind = 'S' AND c.oid IN"
								  " (SELECT pg_catalog.to_regclass(name) FROM (%s) n(step, name))",
								  setup_names));
	if (tables)
		run_sql(psprintf("DROP TABLE %s", tables));
	if (sequences)
		run_sql(psprintf("DROP SEQUENCE %s", sequences));
	run_sql("DROP FUNCTION IF EXISTS estate_internal.stays_here()");
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
	SPI_connect();
	/* also of what is not complete, as setup() has said */
	if (estate_tables_exist() || !drop_data ||
		estate_tables_that(true, ESTATE_TABLES_VERSION) == NULL)
	{
		estate_require_tables();
		enable_bind(false);
		setup_report(&to, "workers", "disabled");
	}
	/* the owner of a schema may drop what is in it, whoever made it */
	estate_become(&user, estate_schema_owner("estate"));
	run_sql(teardown_views);
	setup_report(&to, "views", "dropped");
	if (drop_data)
	{
		drop_tables();
		setup_report(&to, "tables", "dropped, with all rows");
	}
	else
		setup_report(&to, "tables", "kept; estate.setup() finds them again");
	estate_resume_user(&user);
	if (drop_data)
		run_sql("DROP SCHEMA IF EXISTS estate_internal");
	SPI_finish();
	return (Datum) 0;
}
