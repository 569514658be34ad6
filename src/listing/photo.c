/*
 * photo.c
 *	  The media of listings: the set that the record states replaces the one
 *	  we know, and what is new or changed is copied by a job.
 *
 * Runs inside the transaction of a page, with SPI connected, after the rows
 * are written: photos, and the jobs that copy them, come with the listing or
 * not at all.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"

#include "job/job.h"
#include "listing/apply.h"
#include "listing/columns.h"

#define MEDIA_MEMBERS 8

/* All media of the written rows as columns */
typedef struct MediaArrays
{
	int			n;
	Datum	   *values[MEDIA_MEMBERS];
	bool	   *nulls[MEDIA_MEMBERS];
} MediaArrays;

static const Oid member_types[MEDIA_MEMBERS] = {
	INT8OID, TEXTOID, TEXTOID, INT4OID, TEXTOID, TIMESTAMPTZOID, BOOLOID, TEXTOID
};

#define MEDIA_FROM \
	" FROM unnest($2, $3, $4, $5, $6, $7, $8, $9)" \
	"  AS u(listing, media_key, media_url, media_order, media_category, modified, preferred," \
	"   description)"

static void
photo_put_text(MediaArrays *arrays, int member, const char *value)
{
	arrays->nulls[member][arrays->n] = value == NULL;
	arrays->values[member][arrays->n] = value ? CStringGetTextDatum(value) : (Datum) 0;
}

static void
photo_put(MediaArrays *arrays, int64 listing, const ListingMedia *medium)
{
	int			n = arrays->n;

	arrays->values[0][n] = Int64GetDatum(listing);
	arrays->nulls[0][n] = false;
	photo_put_text(arrays, 1, medium->media_key);
	photo_put_text(arrays, 2, medium->media_url);
	arrays->values[3][n] = Int32GetDatum(medium->media_order);
	arrays->nulls[3][n] = medium->media_order < 0;
	photo_put_text(arrays, 4, medium->media_category);
	arrays->values[5][n] = TimestampTzGetDatum(medium->modified_at);
	arrays->nulls[5][n] = medium->modified_at == DT_NOBEGIN;
	arrays->values[6][n] = BoolGetDatum(medium->preferred);
	arrays->nulls[6][n] = false;
	photo_put_text(arrays, 7, medium->short_description);
	arrays->n++;
}

static MediaArrays *
photo_collect(Known *const *written, int n)
{
	MediaArrays *arrays = palloc0(sizeof(MediaArrays));
	int			most = 1;

	for (int i = 0; i < n; i++)
		most += written[i]->row->nmedia;
	for (int m = 0; m < MEDIA_MEMBERS; m++)
	{
		arrays->values[m] = palloc(sizeof(Datum) * most);
		arrays->nulls[m] = palloc(sizeof(bool) * most);
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < written[i]->row->nmedia; j++)
			photo_put(arrays, written[i]->id, &written[i]->row->media[j]);
	return arrays;
}

static void
photo_begin(Statement *statement, const ListingPage *page, const MediaArrays *arrays,
			const char *sql)
{
	statement_begin(statement, sql);
	statement_add(statement, INT4OID, Int32GetDatum(page->market_id));
	for (int m = 0; m < MEDIA_MEMBERS; m++)
		statement_add(statement, get_array_type_checked(member_types[m]),
					  array_parameter(member_types[m], arrays->values[m], arrays->nulls[m],
									  arrays->n));
}

/* A medium that is new or has changed at its source */
typedef struct StaleCopy
{
	int64		listing;
	char	   *media_key;
} StaleCopy;

/* What has to be copied; to be asked before the media are written */
static List *
stale_copies(const ListingPage *page, const MediaArrays *arrays)
{
	MemoryContext caller = CurrentMemoryContext;
	Statement	statement;
	List	   *stale = NIL;
	uint64		n;

	photo_begin(&statement, page, arrays,
				"SELECT DISTINCT u.listing, u.media_key" MEDIA_FROM
				" LEFT JOIN estate.media m ON m.market_id OPERATOR(pg_catalog.=) $1"
				"  AND m.listing OPERATOR(pg_catalog.=) u.listing"
				"  AND m.media_key OPERATOR(pg_catalog.=) u.media_key"
				" WHERE u.media_url IS NOT NULL"
				" AND (m.media_key IS NULL OR m.media_url IS DISTINCT FROM u.media_url"
				"  OR m.media_modification_timestamp IS DISTINCT FROM u.modified)");
	n = statement_run(&statement, false);
	MemoryContextSwitchTo(caller);
	for (uint64 i = 0; i < n; i++)
	{
		StaleCopy  *copy = palloc(sizeof(StaleCopy));
		bool		isnull;

		copy->listing =
			DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
		copy->media_key = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2);
		stale = lappend(stale, copy);
	}
	SPI_freetuptable(SPI_tuptable);
	return stale;
}

/*
 * A job for each.  To be called after the media are written: whoever has the
 * lock of the medium's row, this page or the copying job, makes the other one
 * see what he did, so that no change falls between a copy and its job's end.
 */
static void
enqueue_copies(const ListingPage *page, List *stale)
{
	ListCell   *cell;

	foreach(cell, stale)
	{
		const StaleCopy *copy = lfirst(cell);
		JobRequest	request = {0};
		StringInfoData args;

		initStringInfo(&args);
		appendStringInfo(&args,
						 "{\"market_id\": %d, \"listing\": " INT64_FORMAT ", \"media_key\": ",
						 page->market_id, copy->listing);
		escape_json(&args, copy->media_key);
		appendStringInfoString(&args, ", \"target\": ");
		escape_json(&args, page->media_target);
		appendStringInfoChar(&args, '}');
		request.job.handler = "media";
		request.job.args = DirectFunctionCall1(jsonb_in, CStringGetDatum(args.data));
		request.job.queue = page->media_queue;
		request.job.unique_key = psprintf("media:%d:" INT64_FORMAT ":%s", page->market_id,
										  copy->listing, copy->media_key);
		request.job.role = page->job_role;
		(void) job_enqueue(&request);
	}
}

void
listing_write_media(const ListingPage *page, Known *const *written, int n)
{
	MediaArrays *arrays = photo_collect(written, n);
	Datum	   *stated = palloc(sizeof(Datum) * n);
	int			nstated = 0;
	List	   *stale = NIL;
	Statement	statement;

	for (int i = 0; i < n; i++)
		if (written[i]->row->has_media)
			stated[nstated++] = Int64GetDatum(written[i]->id);
	if (nstated == 0)
		return;

	photo_begin(&statement, page, arrays,
				"DELETE FROM estate.media m"
				" WHERE m.market_id OPERATOR(pg_catalog.=) $1"
				" AND m.listing OPERATOR(pg_catalog.=) ANY ($10)"
				" AND NOT EXISTS (SELECT" MEDIA_FROM
				"  WHERE u.listing OPERATOR(pg_catalog.=) m.listing"
				"  AND u.media_key OPERATOR(pg_catalog.=) m.media_key)");
	statement_add(&statement, INT8ARRAYOID, array_parameter(INT8OID, stated, NULL, nstated));
	statement_run(&statement, false);
	if (arrays->n == 0)
		return;
	if (page->media_target)
		stale = stale_copies(page, arrays);

	/* DISTINCT ON: a record may state a medium twice, and the last one counts */
	photo_begin(&statement, page, arrays,
				"INSERT INTO estate.media AS m"
				"  (market_id, listing, media_key, media_url, media_order, media_category,"
				"  media_modification_timestamp, preferred_photo_yn, short_description)"
				" SELECT DISTINCT ON (u.listing, u.media_key)"
				"  $1, u.listing, u.media_key, u.media_url, u.media_order,"
				"  u.media_category, u.modified, u.preferred, u.description"
				" FROM unnest($2, $3, $4, $5, $6, $7, $8, $9) WITH ORDINALITY"
				"  AS u(listing, media_key, media_url, media_order, media_category, modified,"
				"   preferred, description, n)"
				" ORDER BY u.listing, u.media_key, u.n DESC"
				" ON CONFLICT (market_id, listing, media_key) DO UPDATE"
				" SET media_url = excluded.media_url,"
				"  media_order = excluded.media_order, media_category = excluded.media_category,"
				"  media_modification_timestamp = excluded.media_modification_timestamp,"
				"  preferred_photo_yn = excluded.preferred_photo_yn,"
				"  short_description = excluded.short_description");
	statement_run(&statement, false);
	enqueue_copies(page, stale);
}
