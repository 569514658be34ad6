/*
 * catalog.c
 *	  Feeds, cursors and runs in the tables.
 *
 * Runs in workers and client backends, inside a transaction, as the owner of
 * the facts: markets, runs.  Statements on feeds and cursors run as the keeper,
 * and name nothing else.  Results are in CurrentMemoryContext.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "feed/state.h"
#include "job/job.h"
#include "job/lock.h"
#include "keeper.h"

static Jsonb *
jsonb_of(KeeperRows rows, int column)
{
	if (keeper_is_null(rows, 0, column))
		return NULL;
	return DatumGetJsonbPCopy(keeper_value(rows, 0, column));
}

/* A statement on facts, as their owner */
static uint64
catalog_run(const char *sql, int n, Oid *types, Datum *values)
{
	if (SPI_execute_with_args(sql, n, types, values, NULL, false, 0) < 0)
		elog(ERROR, "could not run: %s", sql);
	return SPI_processed;
}

void
feed_throw_unknown(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("feed \"%s\" does not exist", name),
			 errhint("SELECT name FROM estate.feed;")));
}

/* The id of a feed by its name */
int
feed_id_of(const char *name)
{
	static KeeperStatement statement = {
		"SELECT feed_id FROM estate.feed"
		" WHERE name OPERATOR(pg_catalog.=) $1",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(name);
	Datum		id;

	if (!keeper_fetch(&statement, &value, NULL, &id))
		feed_throw_unknown(name);
	return DatumGetInt32(id);
}

/* The feed's market: a fact, so read as its owner */
static void
read_market(Feed *feed)
{
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(feed->market_id);
	MemoryContext context = CurrentMemoryContext;
	KeeperRows	rows;

	SPI_connect();
	rows.n = catalog_run("SELECT currency, area_unit, time_zone FROM estate.market"
						 " WHERE market_id OPERATOR(pg_catalog.=) $1", 1, &type, &value);
	rows.table = SPI_tuptable;
	if (rows.n != 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the market of feed \"%s\" does not exist any more", feed->name)));
	MemoryContextSwitchTo(context);
	feed->currency = keeper_text(rows, 0, 1);
	feed->area_unit = keeper_text(rows, 0, 2);
	feed->time_zone = keeper_text(rows, 0, 3);
	SPI_finish();
}

/* A feed with its market and cursor; NULL: it is gone */
Feed *
feed_read(int feed_id)
{
	static KeeperStatement statement = {
		"SELECT f.name, f.preset, f.url, f.server, f.mapping, f.options,"
		"  f.paused, f.owner, f.source_system,"
		"  f.every IS NOT NULL, f.market_id,"
		"  c.next_url, c.watermark, c.pending_watermark, c.etag, c.last_modified, c.failures"
		" FROM estate.feed f"
		" JOIN estate_internal.feed_cursor c ON c.feed_id OPERATOR(pg_catalog.=) f.feed_id"
		" WHERE f.feed_id OPERATOR(pg_catalog.=) $1",
		1, {INT4OID}
	};
	Datum		value = Int32GetDatum(feed_id);
	Feed	   *feed = NULL;
	EstateUser	user;
	KeeperRows	rows;

	keeper_begin(&user);
	rows = keeper_run(&statement, &value, NULL);
	if (rows.n == 1)
	{
		feed = palloc0(sizeof(Feed));
		feed->feed_id = feed_id;
		feed->name = keeper_text(rows, 0, 1);
		feed->preset = keeper_text(rows, 0, 2);
		feed->url = keeper_text(rows, 0, 3);
		feed->server = keeper_text(rows, 0, 4);
		feed->mapping = jsonb_of(rows, 5);
		feed->options = jsonb_of(rows, 6);
		feed->paused = keeper_bool(rows, 0, 7);
		feed->owner = keeper_oid(rows, 0, 8);
		feed->source_system = keeper_text(rows, 0, 9);
		feed->has_every = keeper_bool(rows, 0, 10);
		feed->market_id = keeper_int32(rows, 0, 11);
		feed->next_url = keeper_text(rows, 0, 12);
		feed->watermark = keeper_text(rows, 0, 13);
		feed->pending_watermark = keeper_text(rows, 0, 14);
		feed->etag = keeper_text(rows, 0, 15);
		feed->last_modified = keeper_text(rows, 0, 16);
		feed->failures = keeper_int32(rows, 0, 17);
	}
	keeper_end(&user);
	if (feed)
		read_market(feed);
	return feed;
}

/* The same by its name; throws when there is no such feed */
Feed *
feed_require(const char *name)
{
	Feed	   *feed = feed_read(feed_id_of(name));

	if (feed == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("feed \"%s\" has lost its cursor, or is being dropped", name),
				 errhint("SELECT * FROM estate.feed_status; "
						 "If the feed is still there, drop it and create it anew.")));
	return feed;
}

/* Keeps others from running the feed until the transaction ends; an ERROR when one runs it */
void
feed_hold(int feed_id, const char *name)
{
	if (!job_lock_feed_in_transaction(feed_id))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("feed \"%s\" is being run by another session", name),
				 errhint("SELECT * FROM estate.feed_status; "
						 "SELECT estate.pause_feed(%s); keeps it from being run again.",
						 quote_literal_cstr(name))));
}

/* A text option of the feed; NULL: it is not set */
char *
feed_option(const Feed *feed, const char *name)
{
	JsonbValue	key;
	JsonbValue *value;

	key.type = jbvString;
	key.val.string.val = unconstify(char *, name);
	key.val.string.len = strlen(name);
	value = findJsonbValueFromContainer(&feed->options->root, JB_FOBJECT, &key);
	if (value == NULL || value->type != jbvString)
		return NULL;
	return pnstrdup(value->val.string.val, value->val.string.len);
}

bool
feed_option_bool(const Feed *feed, const char *name, bool otherwise)
{
	JsonbValue	key;
	JsonbValue *value;

	key.type = jbvString;
	key.val.string.val = unconstify(char *, name);
	key.val.string.len = strlen(name);
	value = findJsonbValueFromContainer(&feed->options->root, JB_FOBJECT, &key);
	return value && value->type == jbvBool ? value->val.boolean : otherwise;
}

/*
 * A new run.  Whoever is here holds the feed's lock: a run that still says
 * running belongs to a process that is gone.
 */
int64
feed_begin_run(const Feed *feed)
{
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(feed->feed_id);
	int64		run_id;
	bool		isnull;

	SPI_connect();
	catalog_run("UPDATE estate.feed_run"
				" SET outcome = 'interrupted', ended_at = pg_catalog.clock_timestamp()"
				" WHERE feed_id OPERATOR(pg_catalog.=) $1"
				" AND outcome OPERATOR(pg_catalog.=) 'running'", 1, &type, &value);
	catalog_run("INSERT INTO estate.feed_run (feed_id, started_at, outcome)"
				" VALUES ($1, pg_catalog.clock_timestamp(), 'running')"
				" RETURNING run_id", 1, &type, &value);
	run_id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	return run_id;
}

/* Adds a page to the run's counters and moves the cursor, in the page's transaction */
void
feed_count_page(FeedRun *feed_run, const ListingCounts *counts, int64 bytes)
{
	Oid			types[] =
		{INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID};
	Datum		values[9];
	static KeeperStatement move_cursor = {
		"UPDATE estate_internal.feed_cursor"
		" SET next_url = $2, pending_watermark = $3, run_id = $4"
		" WHERE feed_id OPERATOR(pg_catalog.=) $1",
		4, {INT4OID, TEXTOID, TEXTOID, INT8OID}
	};
	Datum		cursor_values[4];
	char		nulls[] = "    ";

	values[0] = Int64GetDatum(feed_run->run_id);
	values[1] = Int64GetDatum(counts->seen);
	values[2] = Int64GetDatum(counts->inserted);
	values[3] = Int64GetDatum(counts->updated);
	values[4] = Int64GetDatum(counts->unchanged);
	values[5] = Int64GetDatum(counts->deleted);
	values[6] = Int64GetDatum(counts->rejected);
	values[7] = Int64GetDatum(bytes);
	values[8] = Int64GetDatum(counts->fields_rejected);
	SPI_connect();
	catalog_run("UPDATE estate.feed_run"
				" SET pages = pages OPERATOR(pg_catalog.+) 1,"
				"  seen = seen OPERATOR(pg_catalog.+) $2,"
				"  inserted = inserted OPERATOR(pg_catalog.+) $3,"
				"  updated = updated OPERATOR(pg_catalog.+) $4,"
				"  unchanged = unchanged OPERATOR(pg_catalog.+) $5,"
				"  deleted = deleted OPERATOR(pg_catalog.+) $6,"
				"  rejected = rejected OPERATOR(pg_catalog.+) $7,"
				"  bytes = bytes OPERATOR(pg_catalog.+) $8,"
				"  fields_rejected = fields_rejected OPERATOR(pg_catalog.+) $9"
				" WHERE run_id OPERATOR(pg_catalog.=) $1", 9, types, values);
	SPI_finish();

	/* a delimited file is read from its start; what is pushed has no place in the source */
	if (feed_run->reader == NULL && !feed_run->pushed)
	{
		cursor_values[0] = Int32GetDatum(feed_run->feed->feed_id);
		keeper_set_text(cursor_values, nulls, 1, feed_run->next_url);
		keeper_set_text(cursor_values, nulls, 2, feed_run->pending_watermark);
		cursor_values[3] = Int64GetDatum(feed_run->run_id);
		(void) keeper_do(&move_cursor, cursor_values, nulls);
	}
}

/* Where the source is read from the next time */
static void
end_cursor(const FeedRun *feed_run)
{
	static KeeperStatement statement = {
		"UPDATE estate_internal.feed_cursor"
		" SET watermark = COALESCE(pending_watermark, watermark),"
		"  pending_watermark = NULL, next_url = NULL,"
		"  etag = COALESCE($2, etag), last_modified = COALESCE($3, last_modified),"
		"  failures = 0, last_error = NULL"
		" WHERE feed_id OPERATOR(pg_catalog.=) $1",
		3, {INT4OID, TEXTOID, TEXTOID}
	};
	Datum		values[3] = {Int32GetDatum(feed_run->feed->feed_id)};
	char		nulls[] = "   ";

	keeper_set_text(values, nulls, 1,
					feed_run->source ? source_header(feed_run->source, "etag") : NULL);
	keeper_set_text(values, nulls, 2,
					feed_run->source ? source_header(feed_run->source, "last-modified") : NULL);
	(void) keeper_do(&statement, values, nulls);
}

/* A feed that is filled by pushes only is well when they are */
static void
forget_failures(const Feed *feed)
{
	static KeeperStatement statement = {
		"UPDATE estate_internal.feed_cursor SET failures = 0, last_error = NULL"
		" WHERE feed_id OPERATOR(pg_catalog.=) $1"
		" AND (failures OPERATOR(pg_catalog.>) 0 OR last_error IS NOT NULL)",
		1, {INT4OID}
	};
	Datum		value = Int32GetDatum(feed->feed_id);

	(void) keeper_do(&statement, &value, NULL);
}

/*
 * Keeps the header of a delimited file, as such a file would have it: a
 * rejected line can only be read again behind it.
 */
static void
catalog_keep_header(const FeedRun *feed_run)
{
	int			n = 0;
	const char *const *names = delimited_names(feed_run->reader, &n);
	char		delimiter = delimited_delimiter(feed_run->reader);
	char	   *quote = feed_option(feed_run->feed, "quote");
	char		mark = quote ? quote[0] : '"';
	static KeeperStatement statement = {
		"UPDATE estate_internal.feed_cursor SET header = $2"
		" WHERE feed_id OPERATOR(pg_catalog.=) $1"
		" AND header IS DISTINCT FROM $2",
		2, {INT4OID, TEXTOID}
	};
	Datum		values[2];
	StringInfoData header;

	if (names == NULL || !feed_option_bool(feed_run->feed, "header", true))
		return;
	initStringInfo(&header);
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoChar(&header, delimiter);
		if (mark)
			appendStringInfoChar(&header, mark);
		for (const char *p = names[i]; *p; p++)
		{
			if (*p == mark)
				appendStringInfoChar(&header, mark);
			appendStringInfoChar(&header, *p);
		}
		if (mark)
			appendStringInfoChar(&header, mark);
	}
	values[0] = Int32GetDatum(feed_run->feed->feed_id);
	values[1] = CStringGetTextDatum(header.data);
	(void) keeper_do(&statement, values, NULL);
}

/*
 * What nobody asks for any more, of this feed: settled rejects of 90 days ago,
 * and runs of then but for the newest 1000.
 */
static void
catalog_sweep(const Feed *feed)
{
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(feed->feed_id);

	catalog_run("DELETE FROM estate.feed_reject"
				" WHERE feed_id OPERATOR(pg_catalog.=) $1"
				" AND resolved_at OPERATOR(pg_catalog.<)"
				"  (pg_catalog.now() OPERATOR(pg_catalog.-) interval '90 days')",
				1, &type, &value);
	catalog_run("DELETE FROM estate.feed_run"
				" WHERE feed_id OPERATOR(pg_catalog.=) $1"
				" AND started_at OPERATOR(pg_catalog.<)"
				"  (pg_catalog.now() OPERATOR(pg_catalog.-) interval '90 days')"
				" AND run_id OPERATOR(pg_catalog.<=)"
				"  (SELECT r.run_id FROM estate.feed_run r"
				"   WHERE r.feed_id OPERATOR(pg_catalog.=) $1"
				"   ORDER BY r.run_id DESC OFFSET 1000 LIMIT 1)",
				1, &type, &value);
}

/* The run has come to its end: the watermark that was pending counts from now on */
void
feed_end_run(FeedRun *feed_run, const char *outcome)
{
	Oid			types[] = {INT8OID, TEXTOID};
	Datum		values[] = {Int64GetDatum(feed_run->run_id), CStringGetTextDatum(outcome)};

	SPI_connect();
	catalog_run("UPDATE estate.feed_run SET outcome = $2, ended_at = pg_catalog.clock_timestamp()"
				" WHERE run_id OPERATOR(pg_catalog.=) $1", 2, types, values);
	if (!feed_run->pushed)
		end_cursor(feed_run);
	else if (feed_run->feed->url == NULL)
		forget_failures(feed_run->feed);
	if (feed_run->reader)
		catalog_keep_header(feed_run);
	catalog_sweep(feed_run->feed);
	SPI_finish();
}

/* The run ends here, and has not failed; the next one goes on at the cursor */
void
feed_interrupt_run(int64 run_id, const char *why)
{
	Oid			types[] = {INT8OID, TEXTOID};
	Datum		values[] = {Int64GetDatum(run_id), CStringGetTextDatum(why)};

	SPI_connect();
	catalog_run("UPDATE estate.feed_run SET outcome = 'interrupted',"
				"  ended_at = pg_catalog.clock_timestamp(), error = $2"
				" WHERE run_id OPERATOR(pg_catalog.=) $1", 2, types, values);
	SPI_finish();
}

/*
 * The run has failed; its pages stay.  The next run goes on at the link to the
 * next page if that is worth keeping, else it begins at the watermark.
 */
void
feed_fail_run(int feed_id, int64 run_id, const char *error, bool keep_link)
{
	static KeeperStatement statement = {
		"UPDATE estate_internal.feed_cursor"
		" SET failures = failures OPERATOR(pg_catalog.+) 1, last_error = $2,"
		"  next_url = CASE WHEN $3 THEN next_url END,"
		"  pending_watermark = CASE WHEN $3 THEN pending_watermark END"
		" WHERE feed_id OPERATOR(pg_catalog.=) $1",
		3, {INT4OID, TEXTOID, BOOLOID}
	};
	Oid			types[] = {INT8OID, TEXTOID};
	Datum		run_values[] = {Int64GetDatum(run_id), CStringGetTextDatum(error)};
	Datum		values[] = {Int32GetDatum(feed_id), run_values[1], BoolGetDatum(keep_link)};

	if (run_id != 0)
	{
		SPI_connect();
		catalog_run("UPDATE estate.feed_run"
					" SET outcome = 'failed', ended_at = pg_catalog.clock_timestamp(), error = $2"
					" WHERE run_id OPERATOR(pg_catalog.=) $1", 2, types, run_values);
		SPI_finish();
	}
	(void) keeper_do(&statement, values, NULL);
}

/* The header that a delimited file of the feed had; NULL: none is known */
char *
feed_header(const Feed *feed)
{
	static KeeperStatement statement = {
		"SELECT header FROM estate_internal.feed_cursor"
		" WHERE feed_id OPERATOR(pg_catalog.=) $1",
		1, {INT4OID}
	};
	Datum		value = Int32GetDatum(feed->feed_id);
	char	   *header = NULL;
	EstateUser	user;
	KeeperRows	rows;

	keeper_begin(&user);
	rows = keeper_run(&statement, &value, NULL);
	if (rows.n == 1)
		header = keeper_text(rows, 0, 1);
	keeper_end(&user);
	return header;
}

/* Unique key of the job that runs a feed: reserved, see job/enqueue.c */
char *
feed_job_key(int feed_id)
{
	return psprintf("feed:%d", feed_id);
}

/*
 * The job that runs the feed; one that is waiting already stays as it is.
 * alone: it may have crashed the server.
 */
int64
feed_enqueue_run(int feed_id, Oid owner, TimestampTz run_at, bool alone)
{
	JobRequest	request = {0};

	request.job.handler = "feed";
	request.job.queue = "feed";
	request.job.args = DirectFunctionCall1(jsonb_in,
										   CStringGetDatum(psprintf("{\"feed_id\": %d}", feed_id)));
	request.job.run_at = run_at;
	request.job.alone = alone;
	request.job.unique_key = feed_job_key(feed_id);
	request.job.role = owner;
	return job_enqueue(&request);
}

/* Has the feed run as soon as can be */
int64
feed_request_run(const Feed *feed)
{
	int64		id = feed_enqueue_run(feed->feed_id, feed->owner, 0, false);

	/* the feed's next run may have been waiting already */
	job_bring_forward(id);
	return id;
}

/*
 * The next run of a feed that has an interval, in the transaction that ends
 * this one.  The feed may have got another owner since this one began.
 */
void
feed_enqueue_next(const Feed *feed)
{
	static KeeperStatement statement = {
		"SELECT pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) every, owner::pg_catalog.oid"
		" FROM estate.feed"
		" WHERE feed_id OPERATOR(pg_catalog.=) $1"
		" AND every IS NOT NULL AND NOT paused",
		1, {INT4OID}
	};
	Datum		value = Int32GetDatum(feed->feed_id);
	EstateUser	user;
	KeeperRows	rows;
	TimestampTz run_at = 0;
	Oid			owner = InvalidOid;

	keeper_begin(&user);
	rows = keeper_run(&statement, &value, NULL);
	if (rows.n == 1)
	{
		run_at = DatumGetTimestampTz(keeper_value(rows, 0, 1));
		owner = keeper_oid(rows, 0, 2);
	}
	keeper_end(&user);
	if (OidIsValid(owner))
		(void) feed_enqueue_run(feed->feed_id, owner, run_at, false);
}
