/*
 * define.c
 *	  Make, change, pause and drop feeds; make markets.
 *
 * Runs in client backends, in the caller's transaction.  A feed is run with
 * the rights of whoever created or altered it last, so estate.feed belongs to
 * the keeper and is written here only, with the caller's name on it.  Markets
 * and listings are facts: they are written as their owner, whoever calls, for
 * their triggers must not run with the rights of a superuser who calls.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "feed/definition.h"
#include "feed/state.h"
#include "job/job.h"

/* Asked for here too, for the right to EXECUTE the functions may be granted to others */
static void
define_require_role(bool operator_will_do)
{
	if (has_privs_of_role(GetUserId(), get_role_oid("estate_admin", false)) ||
		(operator_will_do &&
		 has_privs_of_role(GetUserId(), get_role_oid("estate_operator", false))))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to define markets and feeds"),
			 operator_will_do ?
			 errdetail("Only members of role estate_operator or estate_admin may do that.") :
			 errdetail("Only members of role estate_admin may do that.")));
}

static void
define_require_argument(FunctionCallInfo fcinfo, int number, const char *name)
{
	if (PG_ARGISNULL(number))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name)));
}

static char *
define_text_argument(FunctionCallInfo fcinfo, int number)
{
	return PG_ARGISNULL(number) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(number));
}

static Jsonb *
define_jsonb_argument(FunctionCallInfo fcinfo, int number)
{
	return PG_ARGISNULL(number) ? NULL : PG_GETARG_JSONB_P(number);
}

PG_FUNCTION_INFO_V1(estate_check_feed);

/*
 * estate_code.check_feed(preset, mapping, url, server, options) -> text: errors
 * when such a feed cannot work; else what its mapping fills, as far as it can
 * be known without looking at the source
 */
Datum
estate_check_feed(PG_FUNCTION_ARGS)
{
	FeedDefinition feed = {
		.preset = define_text_argument(fcinfo, 0),
		.mapping = define_jsonb_argument(fcinfo, 1),
		.url = define_text_argument(fcinfo, 2),
		.server = define_text_argument(fcinfo, 3),
		.options = define_jsonb_argument(fcinfo, 4)
	};
	MappingNote *notes;
	StringInfoData told;
	int			n;

	estate_require_tables();
	notes = mapping_describe(definition_check(&feed), &n);
	initStringInfo(&told);
	for (int i = 0; i < n; i++)
		if (notes[i].target && notes[i].source)
			appendStringInfo(&told, "%s%s <- %s", told.len ? ", " : "", notes[i].target,
							 notes[i].source);
	PG_RETURN_TEXT_P(cstring_to_text(told.data));
}

/* A statement with at most ten parameters, in the making */
typedef struct Definer
{
	int			n;
	Oid			types[10];
	Datum		values[10];
	char		nulls[10];
} Definer;

static void
define_add(Definer *to, Oid type, bool isnull, Datum value)
{
	to->types[to->n] = type;
	to->values[to->n] = value;
	to->nulls[to->n++] = isnull ? 'n' : ' ';
}

static void
define_add_text(Definer *to, const char *value)
{
	define_add(to, TEXTOID, value == NULL, value ? CStringGetTextDatum(value) : (Datum) 0);
}

static void
define_add_jsonb(Definer *to, Jsonb *value)
{
	define_add(to, JSONBOID, value == NULL, JsonbPGetDatum(value));
}

static uint64
define_run(const char *sql, Definer *with)
{
	int			rc = SPI_execute_with_args(sql, with->n, with->types, with->values, with->nulls,
										   false, 0);

	if (rc < 0)
		elog(ERROR, "could not run: %s", sql);
	return SPI_processed;
}

/* On tables of the keeper only: see rights.c */
static uint64
define_run_as_keeper(const char *sql, Definer *with)
{
	EstateUser	user;
	uint64		processed;

	estate_become_keeper(&user);
	processed = define_run(sql, with);
	estate_resume_user(&user);
	return processed;
}

static uint64
define_run_as_owner(const char *sql, Definer *with)
{
	EstateUser	user;
	uint64		processed;

	estate_become_owner(&user);
	processed = define_run(sql, with);
	estate_resume_user(&user);
	return processed;
}

static int
define_int(int column)
{
	bool		isnull;

	return DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column,
									   &isnull));
}

static char *
define_text(int column)
{
	return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column);
}

PG_FUNCTION_INFO_V1(estate_store_market);

/* estate_code.store_market(name, currency, area_unit, time_zone) -> int */
Datum
estate_store_market(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {"name", "currency", "area_unit", "time_zone"};
	Definer		market = {0};
	int			id;

	estate_require_tables();
	define_require_role(false);
	for (int i = 0; i < lengthof(names); i++)
	{
		define_require_argument(fcinfo, i, psprintf("the %s of a market", names[i]));
		define_add_text(&market, define_text_argument(fcinfo, i));
	}
	SPI_connect();
	if (define_run_as_owner("INSERT INTO estate.market (name, currency, area_unit, time_zone)"
							" VALUES ($1, $2, $3, $4)"
							" RETURNING market_id", &market) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
				 errmsg("the market was not kept"),
				 errdetail("A trigger or rule on estate.market has prevented it.")));
	id = define_int(1);
	SPI_finish();
	PG_RETURN_INT32(id);
}

/* The market of that name; NULL: the only one.  SPI is connected. */
static int
define_find_market(const char *name)
{
	Definer		market = {0};
	uint64		n;

	define_add_text(&market, name);
	n = define_run_as_owner("SELECT market_id, string_agg(name, ', ') OVER (ORDER BY name"
							"  ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
							" FROM estate.market"
							" WHERE $1 IS NULL OR name = $1", &market);
	if (n > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are several markets, and the feed does not name one"),
				 errhint("SELECT estate.create_feed(.., market => ..), with one of: %s",
						 define_text(2))));
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 name ? errmsg("market \"%s\" does not exist", name) :
				 errmsg("there is no market yet"),
				 errhint("SELECT estate.create_market(%s);",
						 quote_literal_cstr(name ? name : "my market"))));
	return define_int(1);
}

/* The table has the same check, but would print the whole row */
static void
check_every(FunctionCallInfo fcinfo, int number)
{
	Interval	second = {.time = USECS_PER_SEC};

	if (!PG_ARGISNULL(number) &&
		DatumGetBool(DirectFunctionCall2(interval_lt, PG_GETARG_DATUM(number),
										 IntervalPGetDatum(&second))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("every of a feed must be at least a second")));
}

PG_FUNCTION_INFO_V1(estate_store_feed);

/*
 * estate_code.store_feed(name, market, preset, url, server, mapping, every,
 *					 options) -> int: what create_feed() keeps
 */
Datum
estate_store_feed(PG_FUNCTION_ARGS)
{
	FeedDefinition definition = {
		.preset = define_text_argument(fcinfo, 2),
		.url = define_text_argument(fcinfo, 3),
		.server = define_text_argument(fcinfo, 4),
		.mapping = define_jsonb_argument(fcinfo, 5),
		.options = define_jsonb_argument(fcinfo, 7)
	};
	char	   *name = define_text_argument(fcinfo, 0);
	char	   *source_system;
	Definer		feed = {0};
	Definer		cursor = {0};
	int			id;

	estate_require_tables();
	define_require_role(false);
	define_require_argument(fcinfo, 0, "the name of a feed");
	check_every(fcinfo, 6);
	(void) definition_check(&definition);
	source_system = feed_option(&(Feed) {.options = definition.options}, "source_system");
	SPI_connect();
	define_add_text(&feed, name);
	define_add(&feed, INT4OID, false,
			   Int32GetDatum(define_find_market(define_text_argument(fcinfo, 1))));
	define_add_text(&feed, source_system ? source_system : name);
	define_add_text(&feed, definition.preset);
	define_add_text(&feed, definition.url);
	define_add_text(&feed, definition.server);
	define_add_jsonb(&feed, definition.mapping);
	define_add(&feed, INTERVALOID, PG_ARGISNULL(6), PG_GETARG_DATUM(6));
	define_add_jsonb(&feed, definition.options);
	define_add(&feed, REGROLEOID, false, ObjectIdGetDatum(GetUserId()));
	define_run_as_keeper("INSERT INTO estate.feed"
						 "  (name, market_id, source_system, preset, url, server, mapping, every,"
						 "  options, owner)"
						 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
						 " RETURNING feed_id", &feed);
	id = define_int(1);
	define_add(&cursor, INT4OID, false, Int32GetDatum(id));
	define_run_as_keeper("INSERT INTO estate_internal.feed_cursor (feed_id) VALUES ($1)", &cursor);
	SPI_finish();
	PG_RETURN_INT32(id);
}

/* What is stored, where the caller gives nothing new; locks the feed.  SPI is connected. */
static int
complete_definition(const char *name, FeedDefinition *definition)
{
	Definer		feed = {0};
	bool		isnull;
	Datum		value;

	define_add_text(&feed, name);
	if (define_run_as_keeper("SELECT feed_id, preset, url, server, mapping, options"
							 " FROM estate.feed"
							 " WHERE name OPERATOR(pg_catalog.=) $1 FOR UPDATE", &feed) != 1)
		feed_throw_unknown(name);
	definition->preset = define_text(2);
	if (definition->url == NULL)
		definition->url = define_text(3);
	if (definition->server == NULL)
		definition->server = define_text(4);
	value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 5, &isnull);
	if (definition->mapping == NULL && !isnull)
		definition->mapping = DatumGetJsonbP(value);
	value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 6, &isnull);
	if (definition->options == NULL)
		definition->options = DatumGetJsonbP(value);
	return define_int(1);
}

/* The feed is run from now on, unless nobody or nothing says so; as the owner */
static void
run_if_due(const char *name)
{
	EstateUser	user;
	Feed	   *feed;

	estate_become_owner(&user);
	feed = feed_read(feed_id_of(name));
	if (feed && feed->has_every && feed->url && !feed->paused)
		(void) feed_request_run(feed);
	estate_resume_user(&user);
}

PG_FUNCTION_INFO_V1(estate_change_feed);

/*
 * estate_code.change_feed(name, url, mapping, server, every, options) -> int: what
 * alter_feed() does.  The whole feed must be one that the caller could have
 * created, since it is his from now on.
 */
Datum
estate_change_feed(PG_FUNCTION_ARGS)
{
	FeedDefinition definition = {
		.url = define_text_argument(fcinfo, 1),
		.mapping = define_jsonb_argument(fcinfo, 2),
		.server = define_text_argument(fcinfo, 3),
		.options = define_jsonb_argument(fcinfo, 5)
	};
	char	   *name = define_text_argument(fcinfo, 0);
	Definer		feed = {0};
	Definer		cursor = {0};
	int			id;

	estate_require_tables();
	define_require_role(false);
	define_require_argument(fcinfo, 0, "the name of a feed");
	check_every(fcinfo, 4);
	SPI_connect();
	id = complete_definition(name, &definition);
	(void) definition_check(&definition);
	define_add(&cursor, INT4OID, false, Int32GetDatum(id));
	define_add_text(&cursor, definition.url);
	/* another address: its pages and its watermark are its own */
	define_run_as_keeper("UPDATE estate_internal.feed_cursor"
						 " SET next_url = NULL, watermark = NULL, pending_watermark = NULL,"
						 "  etag = NULL, last_modified = NULL"
						 " WHERE feed_id OPERATOR(pg_catalog.=) $1"
						 " AND (SELECT f.url IS DISTINCT FROM $2 FROM estate.feed f"
						 "  WHERE f.feed_id OPERATOR(pg_catalog.=) $1)", &cursor);
	define_add(&feed, INT4OID, false, Int32GetDatum(id));
	define_add_text(&feed, definition.url);
	define_add_jsonb(&feed, definition.mapping);
	define_add_text(&feed, definition.server);
	define_add(&feed, INTERVALOID, PG_ARGISNULL(4), PG_GETARG_DATUM(4));
	define_add_jsonb(&feed, definition.options);
	define_add(&feed, REGROLEOID, false, ObjectIdGetDatum(GetUserId()));
	define_run_as_keeper("UPDATE estate.feed"
						 " SET url = $2, mapping = $3, server = $4, every = coalesce($5, every),"
						 "  options = $6, owner = $7"
						 " WHERE feed_id OPERATOR(pg_catalog.=) $1", &feed);
	job_give(feed_job_key(id), GetUserId());
	run_if_due(name);
	SPI_finish();
	PG_RETURN_INT32(id);
}

/* Whether it was the other way before */
static bool
define_set_paused(const char *name, bool paused)
{
	Definer		feed = {0};
	bool		changed;

	estate_require_tables();
	define_require_role(true);
	SPI_connect();
	define_add_text(&feed, name);
	define_add(&feed, BOOLOID, false, BoolGetDatum(paused));
	changed = define_run_as_keeper("UPDATE estate.feed SET paused = $2"
								   " WHERE name OPERATOR(pg_catalog.=) $1"
								   " AND paused OPERATOR(pg_catalog.<>) $2", &feed) == 1;
	if (!changed)
		(void) feed_id_of(name);
	SPI_finish();
	return changed;
}

PG_FUNCTION_INFO_V1(estate_pause_feed);

/* estate.pause_feed(name) -> bool */
Datum
estate_pause_feed(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(define_set_paused(text_to_cstring(PG_GETARG_TEXT_PP(0)), true));
}

PG_FUNCTION_INFO_V1(estate_resume_feed);

/* estate.resume_feed(name) -> bool */
Datum
estate_resume_feed(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	bool		changed = define_set_paused(name, false);

	if (changed)
		run_if_due(name);
	PG_RETURN_BOOL(changed);
}

/* The listings of a feed, and the homes that nothing tells of any more */
static uint64
define_purge(int feed_id, int market_id)
{
	Definer		feed = {0};
	Definer		market = {0};
	uint64		purged;

	define_add(&feed, INT4OID, false, Int32GetDatum(market_id));
	define_add(&feed, INT4OID, false, Int32GetDatum(feed_id));
	purged = define_run_as_owner("DELETE FROM estate.listing"
								 " WHERE market_id = $1 AND feed_id = $2", &feed);
	define_add(&market, INT4OID, false, Int32GetDatum(market_id));
	define_run_as_owner("DELETE FROM estate.property p"
						" WHERE p.market_id = $1"
						" AND NOT EXISTS (SELECT FROM estate.listing l"
						"  WHERE l.market_id = p.market_id AND l.property = p.id)"
						" AND NOT EXISTS (SELECT FROM estate.sale_record s"
						"  WHERE s.market_id = p.market_id AND s.property = p.id)", &market);
	return purged;
}

PG_FUNCTION_INFO_V1(estate_drop_feed);

/* estate.drop_feed(name, purge) -> bigint: how many listings went */
Datum
estate_drop_feed(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Definer		feed = {0};
	Definer		gone = {0};
	uint64		purged = 0;
	int			id;
	int			market_id;

	estate_require_tables();
	define_require_role(false);
	feed_hold(feed_id_of(name), name);
	SPI_connect();
	define_add_text(&feed, name);
	if (define_run_as_keeper("SELECT feed_id, market_id FROM estate.feed"
							 " WHERE name OPERATOR(pg_catalog.=) $1 FOR UPDATE", &feed) != 1)
		feed_throw_unknown(name);
	id = define_int(1);
	market_id = define_int(2);
	/* facts first, as their owner: nothing cascades to them */
	define_add(&gone, INT4OID, false, Int32GetDatum(id));
	define_run_as_owner("DELETE FROM estate.feed_reject WHERE feed_id = $1", &gone);
	define_run_as_owner("DELETE FROM estate.feed_run WHERE feed_id = $1", &gone);
	if (PG_GETARG_BOOL(1))
		purged = define_purge(id, market_id);
	define_run_as_keeper("DELETE FROM estate.feed WHERE feed_id OPERATOR(pg_catalog.=) $1", &gone);
	SPI_finish();
	PG_RETURN_INT64(purged);
}
