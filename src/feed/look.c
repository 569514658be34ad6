/*
 * look.c
 *	  Look at a feed without applying it, and feed it by hand: preview_feed(),
 *	  suggest_mapping(), push_feed(), replay_rejects(), request_run().
 *
 * Runs in client backends, in the caller's transaction: nothing here commits.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "effect/target.h"
#include "feed/run.h"
#include "feed/state.h"
#include "job/run.h"

/* Waits until the source has something, cancellably */
static void
wait_for_bytes(FeedRun *run, NetLoop *loop)
{
	while (!source_ready(run->source))
	{
		long		timeout = net_loop_timeout_ms(loop);

		(void) WaitLatchOrSocket(MyLatch,
								 WL_LATCH_SET | WL_SOCKET_READABLE | WL_TIMEOUT |
								 WL_EXIT_ON_PM_DEATH, net_loop_fd(loop),
								 timeout < 0 ? 1000 : timeout, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		net_loop_turn(loop);
	}
}

/*
 * The first rows of a feed's source; the run is returned for its mapping.
 * Called as the owner of the tables.
 */
static FeedRun *
look_sample(const char *name, ListingRow *rows, int most, int *n)
{
	Feed	   *feed = feed_require(name);
	FeedRun    *run = feed_run_create(CurrentMemoryContext, feed);
	NetLoop    *loop = net_loop_create(CurrentMemoryContext, 4, 4);

	if (feed->url == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("feed \"%s\" has no url to look at", name)));
	if (feed->server)
	{
		Target	   *target = target_open(feed->server, feed->owner);

		target_require_host(target, feed->url);
		run->secret = unconstify(char *, target->secret);
	}
	feed->watermark = NULL;		/* from the start, whatever has been read */
	feed_open_page(run, loop);
	net_loop_turn(loop);
	*n = 0;
	while (*n == 0 && !run->last)
	{
		wait_for_bytes(run, loop);
		*n = feed_take_rows(run, rows, most);
	}
	source_close(run->source);
	return run;
}

static void
put_preview(ReturnSetInfo *rsinfo, int record, const char *target, const char *value,
			const char *problem)
{
	Datum		values[4];
	bool		nulls[4] = {false, target == NULL, value == NULL, problem == NULL};

	values[0] = Int32GetDatum(record);
	values[1] = target ? CStringGetTextDatum(target) : (Datum) 0;
	values[2] = value ? CStringGetTextDatum(value) : (Datum) 0;
	values[3] = problem ? CStringGetTextDatum(problem) : (Datum) 0;
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static char *
value_text(const ListingColumn *column, Datum value)
{
	Oid			output;
	bool		varlena;

	getTypeOutputInfo(column->type, &output, &varlena);
	return OidOutputFunctionCall(output, value);
}

PG_FUNCTION_INFO_V1(estate_preview_feed);

/* estate.preview_feed(name, n) -> setof (record, target, value, problem) */
Datum
estate_preview_feed(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			most = Max(Min(PG_GETARG_INT32(1), 1000), 1);
	ListingRow *rows = palloc0(sizeof(ListingRow) * most);
	EstateUser	user;
	FeedRun    *run;
	int			n;

	InitMaterializedSRF(fcinfo, 0);
	estate_require_tables();
	estate_become_owner(&user);
	run = look_sample(name, rows, most, &n);
	for (int i = 0; i < n; i++)
	{
		const ListingRow *row = &rows[i];

		if (row->reject_code)
		{
			put_preview(rsinfo, i + 1, row->reject_field, NULL,
						psprintf("%s: %s", row->reject_code, row->reject_reason));
			continue;
		}
		for (int c = 0; c < run->columns->count; c++)
			if (mapping_filled(run->mapping)[c] && !row->nulls[c])
				put_preview(rsinfo, i + 1, run->columns->column[c].name,
							value_text(&run->columns->column[c], row->values[c]), NULL);
		for (int p = 0; p < row->nproblems; p++)
			put_preview(rsinfo, i + 1, row->problems[p].field, NULL,
						psprintf("%s: %s", row->problems[p].code, row->problems[p].reason));
		if (row->extra)
			put_preview(rsinfo, i + 1, "extra",
						JsonbToCString(NULL, &((Jsonb *) row->extra)->root, VARSIZE(row->extra)),
						NULL);
		if (row->removed_reason)
			put_preview(rsinfo, i + 1, "removed_reason", row->removed_reason, NULL);
	}
	estate_resume_user(&user);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(estate_suggest_mapping);

/*
 * estate.suggest_mapping(name) -> jsonb: the mapping that NULL stands for, from
 * the fields the source has
 */
Datum
estate_suggest_mapping(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ListingRow *rows = palloc0(sizeof(ListingRow));
	MappingSource source = {0};
	EstateUser	user;
	FeedRun    *run;
	Jsonb	   *suggested;
	int			n;

	estate_require_tables();
	estate_become_owner(&user);
	run = look_sample(name, rows, 1, &n);
	source.preset = run->feed->preset;
	source.columns = run->columns;
	source.time_zone = run->feed->time_zone;
	source.area_unit = run->feed->area_unit;
	source.currency = run->feed->currency;
	feed_read_mapping_options(run->feed, &source);
	if (run->reader)
		source.fields = delimited_names(run->reader, &source.nfields);
	suggested = mapping_suggest(&source);
	estate_resume_user(&user);
	PG_RETURN_JSONB_P(suggested);
}

/* Applies a text to a feed as a run of its own; page by page, in the caller's transaction */
static void
look_push(Feed *feed, const text *body)
{
	FeedRun    *run = feed_run_create(CurrentMemoryContext, feed);

	run->pushed = true;
	run->run_id = feed_begin_run(feed);
	run->source = source_text(CurrentMemoryContext, VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body));
	while (!run->ended)
	{
		CHECK_FOR_INTERRUPTS();
		feed_work(run);
		if (run->page_ended)
			run->ended = true;	/* a pushed page has no next one */
	}
	feed_end_run(run, "done");
}

/* The feed, which nobody else runs until the end of the transaction */
static Feed *
look_hold_feed(const char *name)
{
	feed_hold(feed_id_of(name), name);
	return feed_require(name);
}

PG_FUNCTION_INFO_V1(estate_push_feed);

/* estate.push_feed(name, body) -> row of the run */
Datum
estate_push_feed(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	TupleDesc	desc;
	Datum		values[10];
	bool		nulls[10];
	EstateUser	user;
	Job			job;
	Feed	   *feed;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	estate_require_tables();
	estate_become_owner(&user);
	feed = look_hold_feed(name);
	look_push(feed, PG_GETARG_TEXT_PP(1));
	feed_job(name, &job);
	feed_last_run(&job, values, nulls);
	estate_resume_user(&user);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * The open rejects of a feed, as its source would have delivered them; how
 * many.  Of some the text is not the record any more.
 */
static int64
open_rejects(const Feed *feed, text **body)
{
	Oid			types[] = {INT4OID, BOOLOID, TEXTOID};
	Datum		values[3];
	char	   *header = feed_header(feed);
	const char *nulls = header ? NULL : "  n";
	MemoryContext caller = CurrentMemoryContext;
	int64		n;
	bool		isnull;
	Datum		joined;

	values[0] = Int32GetDatum(feed->feed_id);
	values[1] = BoolGetDatum(strcmp(feed->preset, "csv") == 0);
	values[2] = header ? CStringGetTextDatum(header) : (Datum) 0;
	SPI_connect();
	/* a record of which several fields could not be read is read again once */
	SPI_execute_with_args("SELECT sum(n)::bigint,"
						  "  CASE WHEN $2 THEN"
						  "   concat_ws(E'\\n', $3, string_agg(raw, E'\\n' ORDER BY id))"
						  "  ELSE '[' || string_agg(raw, ',' ORDER BY id) || ']' END"
						  " FROM (SELECT min(reject_id), count(*), raw"
						  "  FROM estate.feed_reject"
						  "  WHERE feed_id = $1 AND resolved_at IS NULL"
						  "  AND reason_code NOT IN ('bad_encoding', 'malformed', 'too_large')"
						  "  GROUP BY raw) r(id, n, raw)",
						  3, types, values, nulls, false, 1);
	n = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	if (isnull)
		n = 0;
	joined = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull);
	if (!isnull)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		*body = DatumGetTextPCopy(joined);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return n;
}

PG_FUNCTION_INFO_V1(estate_replay_rejects);

/* estate.replay_rejects(name) -> bigint: how many rejects of a feed are settled now */
Datum
estate_replay_rejects(PG_FUNCTION_ARGS)
{
	EstateUser	user;
	Feed	   *feed;
	text	   *body = NULL;
	int64		before;
	int64		after = 0;

	estate_require_tables();
	estate_become_owner(&user);
	feed = look_hold_feed(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	before = open_rejects(feed, &body);
	if (before > 0)
	{
		look_push(feed, body);
		after = open_rejects(feed, &body);
	}
	estate_resume_user(&user);
	PG_RETURN_INT64(before - after);
}

PG_FUNCTION_INFO_V1(estate_request_run);

/* estate.request_run(name) -> bigint: the job that runs the feed as soon as can be */
Datum
estate_request_run(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	EstateUser	user;
	Feed	   *feed;
	int64		id;

	estate_require_tables();
	estate_become_owner(&user);
	feed = feed_require(name);
	if (feed->paused)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("feed \"%s\" is paused", name),
				 errhint("SELECT estate.resume_feed(%s);", quote_literal_cstr(name))));
	id = feed_request_run(feed);
	job_warn_without_workers();
	estate_resume_user(&user);
	PG_RETURN_INT64(id);
}
