/*
 * look.c
 *	  Look at a feed without applying it, and feed it by hand: preview_feed(),
 *	  suggest_mapping(), push_feed(); and what create_feed() checks.
 *
 * Runs in client backends, in the caller's transaction: nothing here commits.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "effect/target.h"
#include "feed/run.h"
#include "feed/state.h"
#include "job/job.h"
#include "job/run.h"

/* Waits until the source has something, cancellably */
static void
wait_for_bytes(FeedRun *run, NetLoop *loop)
{
	while (!source_ready(run->source))
	{
		long		timeout = net_loop_timeout_ms(loop);

		(void) WaitLatchOrSocket(MyLatch,
								 WL_LATCH_SET | WL_SOCKET_READABLE | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
								 net_loop_fd(loop), timeout < 0 ? 1000 : timeout, PG_WAIT_EXTENSION);
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
sample(const char *name, ListingRow *rows, int most, int *n)
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
put_preview(ReturnSetInfo *rsinfo, int record, const char *target, const char *value, const char *problem)
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
	run = sample(name, rows, most, &n);
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
		if (row->extra)
			put_preview(rsinfo, i + 1, "extra",
						JsonbToCString(NULL, &((Jsonb *) row->extra)->root, VARSIZE(row->extra)), NULL);
		if (row->removed_reason)
			put_preview(rsinfo, i + 1, "removed_reason", row->removed_reason, NULL);
	}
	estate_resume_user(&user);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(estate_suggest_mapping);

/* estate.suggest_mapping(name) -> jsonb: the mapping that NULL stands for, from the fields the source has */
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
	run = sample(name, rows, 1, &n);
	source.preset = run->feed->preset;
	source.columns = run->columns;
	source.time_zone = run->feed->time_zone;
	source.area_unit = run->feed->area_unit;
	source.currency = run->feed->currency;
	if (run->reader)
		source.fields = delimited_names(run->reader, &source.nfields);
	suggested = mapping_suggest(&source);
	estate_resume_user(&user);
	PG_RETURN_JSONB_P(suggested);
}

/* Applies a text to a feed as a run of its own; page by page, in the caller's transaction */
static int64
push(Feed *feed, const text *body)
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
	return run->run_id;
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
	feed_hold(feed_id_of(name), name);
	feed = feed_require(name);
	(void) push(feed, PG_GETARG_TEXT_PP(1));
	feed_job(name, &job);
	feed_last_run(&job, values, nulls);
	estate_resume_user(&user);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

PG_FUNCTION_INFO_V1(estate_hold_feed);

/* estate.hold_feed(name) -> int: the feed's id, and that nobody runs it until the end of the transaction */
Datum
estate_hold_feed(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	EstateUser	user;
	int			feed_id;

	estate_require_tables();
	estate_become_owner(&user);
	feed_id = feed_id_of(name);
	feed_hold(feed_id, name);
	estate_resume_user(&user);
	PG_RETURN_INT32(feed_id);
}

/* scheme://user:password@host */
static bool
has_user_info(const char *url)
{
	const char *authority = strstr(url, "://");

	return authority && memchr(authority + 3, '@', strcspn(authority + 3, "/?#")) != NULL;
}

/* Options of delimited text whose values a JSON type does not tell */
static void
check_options(const Feed *feed)
{
	char	   *delimiter = feed_option(feed, "delimiter");
	char	   *quote = feed_option(feed, "quote");
	char	   *encoding = feed_option(feed, "encoding");

	if (delimiter && strlen(delimiter) != 1 && strcmp(delimiter, "\\t") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"delimiter\" must be one character of ASCII, or \\t")));
	if (quote && strlen(quote) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"quote\" must be one character of ASCII, or empty for none")));
	if (encoding && !delimited_knows_encoding(encoding))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no encoding \"%s\"", encoding),
				 errhint("Encodings are %s.", delimited_encodings())));
}

PG_FUNCTION_INFO_V1(estate_check_feed);

/*
 * estate.check_feed(preset, mapping, url, server, options) -> text: errors
 * when such a feed cannot work; else what its mapping fills, as far as it can
 * be known without looking at the source
 */
Datum
estate_check_feed(PG_FUNCTION_ARGS)
{
	MappingSource source = {0};
	Mapping    *mapping;
	StringInfoData told;
	MappingNote *notes;
	Feed		feed = {0};
	int			n;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("preset and options of a feed must not be null")));
	feed.options = PG_GETARG_JSONB_P(4);
	check_options(&feed);
	source.preset = text_to_cstring(PG_GETARG_TEXT_PP(0));
	source.mapping = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);
	source.columns = listing_columns();
	source.time_zone = "UTC";
	source.area_unit = "sqft";
	mapping = mapping_compile(&source);
	if (!PG_ARGISNULL(3))
		(void) target_open(text_to_cstring(PG_GETARG_TEXT_PP(3)), GetUserId());
	if (!PG_ARGISNULL(2))
	{
		char	   *url = text_to_cstring(PG_GETARG_TEXT_PP(2));

		if (source_is_file(url) && !has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("permission denied to read a file of the server"),
					 errdetail("Only members of role pg_read_server_files may make such a feed.")));
		if (!source_is_file(url) && pg_strncasecmp(url, "http://", 7) != 0 && pg_strncasecmp(url, "https://", 8) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" is not an http, https or file url", net_redact_url(url))));
		if (has_user_info(url))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the url of a feed must not hold a name or a password"),
					 errhint("Give the feed a server whose user mapping has a secret_ref.")));
	}
	notes = mapping_describe(mapping, &n);
	initStringInfo(&told);
	for (int i = 0; i < n; i++)
		if (notes[i].target && notes[i].source)
			appendStringInfo(&told, "%s%s <- %s", told.len ? ", " : "", notes[i].target, notes[i].source);
	PG_RETURN_TEXT_P(cstring_to_text(told.data));
}

PG_FUNCTION_INFO_V1(estate_request_run);

/* estate.request_run(name) -> bigint: the job that runs the feed as soon as can be */
Datum
estate_request_run(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	JobRequest	request = {0};
	EstateUser	user;
	Feed	   *feed;
	int64		id;
	Oid			type = INT8OID;
	Datum		value;

	estate_require_tables();
	estate_become_owner(&user);
	feed = feed_require(name);
	if (feed->paused)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("feed \"%s\" is paused", name),
				 errhint("SELECT estate.resume_feed(%s);", quote_literal_cstr(name))));
	request.handler = "feed";
	request.queue = "feed";
	request.args = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(psprintf("{\"feed_id\": %d}", feed->feed_id))));
	request.unique_key = psprintf("feed:%d", feed->feed_id);
	request.role = feed->owner;
	id = job_enqueue(&request);
	/* the feed's next run may have been waiting already: bring it forward */
	value = Int64GetDatum(id);
	SPI_connect();
	SPI_execute_with_args("UPDATE estate_internal.job_open SET run_at = pg_catalog.clock_timestamp()"
						  " WHERE id = $1 AND run_at > pg_catalog.clock_timestamp()", 1, &type, &value, NULL, false, 0);
	SPI_finish();
	estate_resume_user(&user);
	PG_RETURN_INT64(id);
}
