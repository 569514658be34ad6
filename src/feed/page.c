/*
 * page.c
 *	  From bytes to applied pages.
 *
 * Runs in the steps of a feed's run, inside a transaction.  Delimited text is
 * applied as it comes, a thousand records at a time; a page of JSON when it is
 * whole, a thousand records at a time too, but in one transaction.  What these
 * need lives in the run's page context, which is reset before the next ones.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "feed/state.h"
#include "feed/timetext.h"
#include "parse/json.h"

#define BATCH_MOST_RECORDS 1000
#define JSON_MOST_BYTES (256 * 1024 * 1024)

static bool
is_delimited(const FeedRun *run)
{
	return strcmp(run->feed->preset, "csv") == 0;
}

/* Says, to a session, what is done with the fields of the source */
static void
tell_mapping(const FeedRun *run)
{
	int			n;
	MappingNote *notes = mapping_describe(run->mapping, &n);
	StringInfoData mapped,
				kept;

	initStringInfo(&mapped);
	initStringInfo(&kept);
	for (int i = 0; i < n; i++)
	{
		if (notes[i].target && notes[i].source)
			appendStringInfo(&mapped, "%s%s <- %s", mapped.len ? ", " : "", notes[i].target,
							 notes[i].source);
		else if (notes[i].source)
			appendStringInfo(&kept, "%s%s", kept.len ? ", " : "", notes[i].source);
	}
	ereport(NOTICE,
			(errmsg("feed \"%s\": %s", run->feed->name, mapped.data),
			 kept.len ? errdetail("Fields kept in extra are %s.", kept.data) : 0));
	if (run->reader && delimited_titles(run->reader))
		ereport(NOTICE,
				(errmsg("feed \"%s\": lines above the header are left out", run->feed->name),
				 errdetail("\"%s\"", delimited_titles(run->reader))));
}

/* The mapping, as soon as the fields are known */
static void
page_compile(FeedRun *run)
{
	MemoryContext caller = MemoryContextSwitchTo(run->context);
	MappingSource source = {0};

	source.preset = run->feed->preset;
	source.mapping = run->feed->mapping;
	source.columns = run->columns;
	source.time_zone = run->feed->time_zone;
	source.area_unit = run->feed->area_unit;
	source.currency = run->feed->currency;
	feed_read_mapping_options(run->feed, &source);
	if (run->reader)
		source.fields = delimited_names(run->reader, &source.nfields);
	run->mapping = mapping_compile(&source);
	MemoryContextSwitchTo(caller);
	if (run->talkative && run->reader)
		tell_mapping(run);
}

static DelimitedReader *
create_reader(FeedRun *run)
{
	DelimitedOptions options = {0};
	char	   *delimiter = feed_option(run->feed, "delimiter");
	char	   *quote = feed_option(run->feed, "quote");

	if (delimiter)
		options.delimiter = strcmp(delimiter, "\\t") == 0 ? '\t' : delimiter[0];
	if (quote)
	{
		options.quote = quote[0];
		options.no_quote = quote[0] == '\0';
	}
	if (!run->pushed)			/* what is pushed is text, whatever the source writes */
		feed_set_encoding(run->context, feed_option(run->feed, "encoding"), &options);
	options.strict = feed_option_bool(run->feed, "strict", false);
	options.no_header = !feed_option_bool(run->feed, "header", true);
	return delimited_create(run->context, &options);
}

static void
throw_delimited(FeedRun *run)
{
	const char *error = delimited_error(run->reader);

	if (error)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("feed \"%s\" did not deliver delimited text", run->feed->name),
				 errdetail_internal("%s", error)));
}

/* Maps records that the reader has until there are enough */
static int
take_delimited(FeedRun *run, ListingRow *rows, int most)
{
	Record		record;
	int			n = 0;

	while (n < most)
	{
		CHECK_FOR_INTERRUPTS();
		delimited_mark(run->reader);
		if (!delimited_next(run->reader, &record))
		{
			throw_delimited(run);
			run->full = false;
			return n;
		}
		if (run->mapping == NULL)
			page_compile(run);
		mapping_apply(run->mapping, &record, &rows[n++]);
		feed_check_date_order(run);
		if (!mapping_wants_order(run->mapping))
			continue;
		n--;
		if (!feed_survey_delimited(run))
		{
			run->full = false;
			return n;
		}
	}
	run->full = true;
	return n;
}

/* Hands the source's bytes to the reader; true when they were the last */
static bool
push_delimited(FeedRun *run)
{
	size_t		len;
	bool		last;
	const char *data = source_data(run->source, &len, &last);

	source_require(run->source, run->url ? run->url : run->feed->name);
	delimited_push(run->reader, data, len, last);
	source_consume(run->source, len);
	run->bytes += len;
	return last;
}

/* The instant that a watermark means; false: the text is not a timestamp */
bool
feed_watermark_time(const Feed *feed, const char *text, TimestampTz *at)
{
	return time_stamp_from_text(NULL, DATE_ORDER_UNKNOWN, text, pg_tzset(feed->time_zone),
								at) == TIME_OK;
}

/* The latest ModificationTimestamp of a page, as the source writes it */
static void
note_watermark(FeedRun *run, const Record *record)
{
	TimestampTz at;

	for (int i = 0; i < record->nfields; i++)
	{
		const Field *field = &record->fields[i];

		if (strcmp(field->name, "ModificationTimestamp") != 0 || field->kind != FIELD_TEXT ||
			!feed_watermark_time(run->feed, field->value, &at))
			continue;
		if (run->pending_watermark == NULL || at > run->watermark_at)
		{
			run->watermark_at = at;
			if (run->pending_watermark)
				pfree(run->pending_watermark);
			run->pending_watermark = MemoryContextStrdup(run->context, field->value);
		}
	}
}

/* Takes bytes on; true when the page is whole */
static bool
push_json(FeedRun *run)
{
	size_t		len;
	bool		last;
	const char *data = source_data(run->source, &len, &last);

	source_require(run->source, run->url ? run->url : run->feed->name);
	if (run->body.len + len > JSON_MOST_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("feed \"%s\" delivered a page of more than %d MB", run->feed->name,
						JSON_MOST_BYTES / (1024 * 1024))));
	appendBinaryStringInfo(&run->body, data, len);
	source_consume(run->source, len);
	run->bytes += len;
	return last;
}

/* Whether this run was led to a page before; remembers it */
static bool
is_seen(FeedRun *run, const char *url)
{
	uint64		hash = hash_bytes_extended((const unsigned char *) url, strlen(url), 0);
	bool		found;

	if (run->pages_seen == NULL)
	{
		HASHCTL		control =
			{.keysize = sizeof(uint64), .entrysize = sizeof(uint64), .hcxt = run->context};

		run->pages_seen =
			hash_create("pg_estate pages", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	(void) hash_search(run->pages_seen, &hash, HASH_ENTER, &found);
	return found;
}

/*
 * The link to the next page, made absolute and checked: it gets our
 * credential, and must not lead in a circle.
 */
static char *
next_link(FeedRun *run, const JsonPage *page)
{
	char	   *url;

	if (page->next_link == NULL || run->pushed)
		return NULL;			/* a page that was pushed has no next one */
	url = net_resolve_url(run->url, page->next_link);
	if (url == NULL || !net_same_origin(run->feed->url, url))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the next page of feed \"%s\" is said to be at another host",
						run->feed->name),
				 errdetail("\"%s\" is not at the host and port of the feed's url.",
						   net_redact_url(page->next_link))));
	if (strcmp(url, run->url) == 0 || is_seen(run, url))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the pages of feed \"%s\" lead in a circle", run->feed->name),
				 errdetail("\"%s\" is said to come next, and has been read already.",
						   net_redact_url(url))));
	return MemoryContextStrdup(run->source_context, url);
}

/* The page of JSON that has come: whole, and with its next one known */
static void
open_json(FeedRun *run, JsonPage *page)
{
	if (!json_page_parse(run->body.data, run->body.len, page))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_JSON_TEXT),
				 errmsg("feed \"%s\" did not deliver a page of JSON", run->feed->name),
				 errdetail_internal("%s", page->error)));
	if (run->mapping == NULL)
		page_compile(run);
	run->next_url = next_link(run, page);
}

/* Maps records of the page until there are enough */
static int
take_json(FeedRun *run, JsonPage *page, ListingRow *rows, int most)
{
	JsonPage	before = *page;
	Record		record;
	int			n = 0;

	while (n < most && json_page_next(page, &record))
	{
		CHECK_FOR_INTERRUPTS();
		mapping_apply(run->mapping, &record, &rows[n]);
		feed_check_date_order(run);
		if (mapping_wants_order(run->mapping))
		{
			feed_survey_json(run, before);
			mapping_apply(run->mapping, &record, &rows[n]);
		}
		n++;
		note_watermark(run, &record);
		before = *page;
	}
	return n;
}

/* Applies rows, and adds them to the counts of their page */
static void
page_apply(FeedRun *run, ListingRow *rows, int n, ListingCounts *of_page)
{
	ListingPage page = {0};
	ListingCounts counts;

	page.market_id = run->feed->market_id;
	page.feed_id = run->feed->feed_id;
	page.run_id = run->run_id;
	page.source_system = run->feed->source_system;
	page.currency = run->feed->currency;
	page.media_target = feed_option(run->feed, "media_target");
	page.media_queue = "media";
	page.job_role = run->feed->owner;
	page.columns = run->columns;
	page.filled = mapping_filled(run->mapping);
	page.nrows = n;
	page.rows = rows;
	listing_apply(&page, &counts);
	of_page->seen += counts.seen;
	of_page->inserted += counts.inserted;
	of_page->updated += counts.updated;
	of_page->unchanged += counts.unchanged;
	of_page->deleted += counts.deleted;
	of_page->rejected += counts.rejected;
	of_page->fields_rejected += counts.fields_rejected;
	run->fields_rejected += counts.fields_rejected;
	run->replaced += counts.replaced;
	run->inserted += counts.inserted;
	if (listing_refresh_statistics(run->inserted, run->inserted_at_refresh))
		run->inserted_at_refresh = run->inserted;
}

static void
end_page(FeedRun *run, const ListingCounts *counts)
{
	feed_count_page(run, counts, run->bytes);
	run->bytes = 0;
}

/* What a session should know of records that were taken, but not as they came */
static void
tell_end(const FeedRun *run)
{
	int64		nshort = run->reader ? delimited_short_records(run->reader) : 0;

	if (!run->talkative)
		return;
	if (run->fields_rejected > 0)
		ereport(NOTICE,
				(errmsg("feed \"%s\": " INT64_FORMAT
						" values could not be read; their columns are null, their texts in extra",
						run->feed->name, run->fields_rejected),
				 errhint("SELECT field, reason_code, reason FROM estate.feed_reject "
						 "WHERE level = 'field' AND feed_id = %d; says why.",
						 run->feed->feed_id)));
	if (run->replaced > 0)
		ereport(NOTICE,
				(errmsg("feed \"%s\": " INT64_FORMAT
						" records have replaced others with the same key and other content",
						run->feed->name, run->replaced),
				 errhint("If they are not states of one listing, several fields make the key: "
						 "mapping => '{\"listing_key\": {\"from\": [\"id\", \"date\"]}, ...}'.")));
	if (nshort > 0)
		ereport(NOTICE,
				(errmsg("feed \"%s\": " INT64_FORMAT " records have fewer fields than the header; "
						"those left out are taken as empty",
						run->feed->name, nshort)));
}

static void
work_delimited(FeedRun *run)
{
	ListingCounts counts = {0};
	ListingRow *rows;
	int			n;

	if (run->reader == NULL)
		run->reader = create_reader(run);
	if (!run->full)
		run->last = push_delimited(run);
	rows = palloc0(sizeof(ListingRow) * BATCH_MOST_RECORDS);
	n = take_delimited(run, rows, BATCH_MOST_RECORDS);
	if (n > 0)
	{
		page_apply(run, rows, n, &counts);
		end_page(run, &counts);
	}
	run->ended = run->last && !run->full;
	if (run->ended)
		tell_end(run);
}

static void
work_json(FeedRun *run)
{
	ListingCounts counts = {0};
	JsonPage	page;

	if (run->body.data == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(run->context);

		initStringInfo(&run->body);
		MemoryContextSwitchTo(caller);
	}
	if (!push_json(run))
		return;
	open_json(run, &page);
	while (page.nrecords > 0)
	{
		ListingRow *rows = palloc0(sizeof(ListingRow) * Min(page.nrecords, BATCH_MOST_RECORDS));

		page_apply(run, rows, take_json(run, &page, rows, BATCH_MOST_RECORDS), &counts);
		MemoryContextReset(run->page_context);
	}
	end_page(run, &counts);
	resetStringInfo(&run->body);
	run->page_ended = true;
	run->ended = run->next_url == NULL;
	if (run->ended)
		tell_end(run);
}

/* Takes what the source has, and applies as much as one transaction should */
void
feed_work(FeedRun *run)
{
	MemoryContext caller = MemoryContextSwitchTo(run->page_context);

	MemoryContextReset(run->page_context);
	if (is_delimited(run))
		work_delimited(run);
	else
		work_json(run);
	MemoryContextSwitchTo(caller);
}

/*
 * The first rows of the source, mapped and not applied.  Returns how many; 0
 * with more bytes to come means: again, when there are some.
 */
int
feed_take_rows(FeedRun *run, ListingRow *rows, int most)
{
	if (is_delimited(run))
	{
		if (run->reader == NULL)
			run->reader = create_reader(run);
		run->last = push_delimited(run);
		return take_delimited(run, rows, most);
	}
	if (run->body.data == NULL)
		initStringInfo(&run->body);
	if (push_json(run))
	{
		JsonPage	page;

		open_json(run, &page);
		run->last = true;
		return take_json(run, &page, rows, most);
	}
	return 0;
}
