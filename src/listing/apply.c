/*
 * apply.c
 *	  Apply a page of mapped records to the tables.
 *
 * Runs in workers and client backends, inside the transaction of the page, as
 * the owner of the tables.  The page and all that it causes (rows, changes,
 * rejects, jobs) are one transaction with the feed's cursor, which the caller
 * writes.
 *
 * Known rows are looked up first and compared by hash, and only what differs
 * is written: an upsert that leaves unchanged rows to ON CONFLICT .. WHERE
 * locks, and so writes, every one of them.  Rows are written in the order of
 * their keys, so that two feeds of one source cannot deadlock.  Statements
 * use only excluded.* in DO UPDATE, so that the tables can be distributed.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "listing/apply.h"
#include "listing/columns.h"

static int
compare_rows(const void *a, const void *b)
{
	const ListingRow *x = *(ListingRow *const *) a;
	const ListingRow *y = *(ListingRow *const *) b;
	int			cmp = strcmp(x->listing_key, y->listing_key);

	if (cmp != 0)
		return cmp;
	return x < y ? -1 : 1;		/* rows are in one array: in the order they came */
}

/* The good rows in the order of their keys, and of their coming for one key */
static ListingRow **
good_rows(const ListingPage *page, int *n)
{
	ListingRow **rows = palloc(sizeof(ListingRow *) * Max(page->nrows, 1));

	*n = 0;
	for (int i = 0; i < page->nrows; i++)
		if (page->rows[i].reject_code == NULL)
			rows[(*n)++] = &page->rows[i];
	qsort(rows, *n, sizeof(ListingRow *), compare_rows);
	return rows;
}

/* Fills in what is known of the listings of a round */
static void
apply_look_up(const ListingPage *page, Known *known, int n)
{
	Statement	statement;
	Datum	   *keys = palloc(sizeof(Datum) * n);
	bool		isnull;

	for (int i = 0; i < n; i++)
		keys[i] = CStringGetTextDatum(known[i].row->listing_key);
	/* LATERAL .. LIMIT: a probe of the unique index for each key, never a hash of all the table */
	statement_begin(&statement,
					"SELECT k.n, l.id, l.content_hash, l.removed_at IS NOT NULL,"
					"  l.modification_timestamp, l.run_id OPERATOR(pg_catalog.=) $4"
					" FROM pg_catalog.unnest($3) WITH ORDINALITY AS k(key, n)"
					" CROSS JOIN LATERAL (SELECT * FROM estate.listing"
					"  WHERE market_id OPERATOR(pg_catalog.=) $1"
					"  AND source_system OPERATOR(pg_catalog.=) $2"
					"  AND listing_key OPERATOR(pg_catalog.=) k.key LIMIT 1) l");
	statement_add(&statement, INT4OID, Int32GetDatum(page->market_id));
	statement_add(&statement, TEXTOID, CStringGetTextDatum(page->source_system));
	statement_add(&statement, TEXTARRAYOID, array_parameter(TEXTOID, keys, NULL, n));
	statement_add(&statement, INT8OID, Int64GetDatum(page->run_id));
	statement_run(&statement, false);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		Known	   *k = &known[DatumGetInt64(SPI_getbinval(tuple, desc, 1, &isnull)) - 1];
		Datum		value;

		k->id = DatumGetInt64(SPI_getbinval(tuple, desc, 2, &isnull));
		k->content_hash = DatumGetInt64(SPI_getbinval(tuple, desc, 3, &isnull));
		k->has_hash = !isnull;
		k->removed = DatumGetBool(SPI_getbinval(tuple, desc, 4, &isnull));
		value = SPI_getbinval(tuple, desc, 5, &isnull);
		k->modified_at = isnull ? DT_NOBEGIN : DatumGetTimestampTz(value);
		value = SPI_getbinval(tuple, desc, 6, &isnull);
		k->of_this_run = !isnull && DatumGetBool(value);
	}
	SPI_freetuptable(SPI_tuptable);
}

/* Whether the record tells of an earlier state than the one we know */
static bool
is_older(const Known *known, int modified_column)
{
	const ListingRow *row = known->row;

	return modified_column >= 0 && known->modified_at != DT_NOBEGIN &&
		!row->nulls[modified_column] &&
		DatumGetTimestampTz(row->values[modified_column]) < known->modified_at;
}

/* The columns and their arrays as a FROM item u; each parameter has the column's name */
static void
append_unnest(Statement *statement, const ListingPage *page, ListingRow *const *rows, int n,
			  const char *more_parameters, const char *more_names)
{
	StringInfoData names;

	initStringInfo(&names);
	appendStringInfo(&statement->sql, " FROM unnest(%s", more_parameters);
	appendStringInfoString(&names, more_names);
	for (int c = 0; c < page->columns->count; c++)
	{
		Oid			type;
		Datum		array;

		if (!page->filled[c])
			continue;
		array = column_parameter(page, c, rows, n, &type);
		appendStringInfo(&statement->sql, ", $%d::%s[]",
						 statement_add(statement, get_array_type_checked(type), array),
						 format_type_be_qualified(type));
		appendStringInfo(&names, ", %s", quote_identifier(page->columns->column[c].name));
	}
	appendStringInfo(&statement->sql, ") AS u(%s)", names.data);
}

/* INSERT .. ON CONFLICT of the written rows; sets their ids */
static void
upsert(const ListingPage *page, Known *const *written, int n, char **match_keys)
{
	Statement	statement;
	StringInfoData columns,
				values,
				updates;
	ListingRow **rows = palloc(sizeof(ListingRow *) * n);
	Datum	   *hashes = palloc(sizeof(Datum) * n);
	Datum	   *extras = palloc(sizeof(Datum) * n);
	Datum	   *homes = palloc(sizeof(Datum) * n);
	bool		isnull;

	for (int i = 0; i < n; i++)
	{
		rows[i] = written[i]->row;
		hashes[i] = Int64GetDatum(rows[i]->content_hash);
		extras[i] = rows[i]->extra ? PointerGetDatum(rows[i]->extra) :
			DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"));
		homes[i] = CStringGetTextDatum(match_keys[i]);
	}
	initStringInfo(&columns);
	initStringInfo(&values);
	initStringInfo(&updates);
	for (int c = 0; c < page->columns->count; c++)
		if (page->filled[c])
		{
			const ListingColumn *column = &page->columns->column[c];
			const char *name = quote_identifier(column->name);

			appendStringInfo(&columns, ", %s", name);
			appendStringInfo(&values, ", u.%s::%s", name, column_type_name(column));
			appendStringInfo(&updates, ", %s = excluded.%s", name, name);
		}

	statement_begin(&statement,
					"INSERT INTO estate.listing AS l"
					"  (market_id, source_system, feed_id, run_id, currency,"
					"  property, content_hash, extra, changed_at, removed_at, removed_reason");
	appendStringInfo(&statement.sql,
					 "%s) SELECT $1, $2, $3, $4, $5, p.id, u.content_hash_, u.extra_,"
					 " pg_catalog.clock_timestamp(), NULL, NULL%s", columns.data, values.data);
	statement_add(&statement, INT4OID, Int32GetDatum(page->market_id));
	statement_add(&statement, TEXTOID, CStringGetTextDatum(page->source_system));
	statement_add(&statement, INT4OID, Int32GetDatum(page->feed_id));
	statement_add(&statement, INT8OID, Int64GetDatum(page->run_id));
	statement_add(&statement, TEXTOID, CStringGetTextDatum(page->currency));
	statement_add(&statement, TEXTARRAYOID, array_parameter(TEXTOID, homes, NULL, n));
	statement_add(&statement, INT8ARRAYOID, array_parameter(INT8OID, hashes, NULL, n));
	statement_add(&statement, get_array_type_checked(JSONBOID),
				  array_parameter(JSONBOID, extras, NULL, n));
	append_unnest(&statement, page, rows, n, "$6, $7, $8", "home_, content_hash_, extra_");
	appendStringInfo(&statement.sql,
					 " LEFT JOIN estate.property p ON p.market_id OPERATOR(pg_catalog.=) $1"
					 " AND p.match_key OPERATOR(pg_catalog.=) u.home_"
					 " ON CONFLICT (market_id, source_system, listing_key) DO UPDATE"
					 " SET feed_id = excluded.feed_id, run_id = excluded.run_id,"
					 "  property = excluded.property, content_hash = excluded.content_hash,"
					 "  extra = excluded.extra, changed_at = excluded.changed_at,"
					 "  removed_at = excluded.removed_at,"
					 "  removed_reason = excluded.removed_reason%s"
					 " RETURNING id, listing_key",
					 updates.data);
	statement_run(&statement, false);

	/* rows come back in any order; ours are in the order of their keys */
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		char	   *key = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2);
		int			low = 0;
		int			high = n - 1;

		while (low < high)
		{
			int			middle = (low + high) / 2;

			if (strcmp(written[middle]->row->listing_key, key) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		written[low]->id =
			DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
}

/* Applies rows whose keys are distinct, in the order of their keys */
static void
apply_round(const ListingPage *page, Known *known, int n, ListingCounts *counts)
{
	int			modified_column = listing_column_index(page, "modification_timestamp");
	Known	  **written = palloc(sizeof(Known *) * n);
	Known	  **updated = palloc(sizeof(Known *) * n);
	Known	  **withdrawn = palloc(sizeof(Known *) * n);
	Known	  **settled = palloc(sizeof(Known *) * n);
	int			nsettled = 0;
	int			nwritten = 0;
	int			nupdated = 0;
	int			nwithdrawn = 0;

	apply_look_up(page, known, n);
	for (int i = 0; i < n; i++)
	{
		Known	   *k = &known[i];

		if (is_older(k, modified_column))
			continue;
		settled[nsettled++] = k;
		if (k->row->removed_reason)
		{
			if (k->id != 0 && !k->removed)
				withdrawn[nwithdrawn++] = k;
		}
		else if (k->id == 0)
		{
			k->written = true;
			written[nwritten++] = k;
		}
		else if (k->removed || !k->has_hash || k->content_hash != k->row->content_hash)
		{
			k->written = true;
			written[nwritten++] = k;
			updated[nupdated++] = k;
			counts->replaced += k->of_this_run;
		}
	}
	for (int i = 0; i < n; i++)
		counts->fields_rejected += known[i].row->nproblems;
	counts->inserted += nwritten - nupdated;
	counts->updated += nupdated;
	counts->deleted += nwithdrawn;
	counts->unchanged += n - nwritten - nwithdrawn;

	if (nupdated > 0)
		listing_write_changes(page, updated, nupdated);
	if (nwritten > 0)
	{
		upsert(page, written, nwritten, listing_make_homes(page, written, nwritten));
		listing_write_media(page, written, nwritten);
	}
	if (nwithdrawn > 0)
		listing_withdraw(page, withdrawn, nwithdrawn);
	if (nsettled > 0)
		listing_resolve_rejects(page, settled, nsettled);
	if (nwritten > 0)
		listing_write_problems(page, written, nwritten);
}

/*
 * The planner knows nothing of a table that is being filled for the first
 * time, and then looks up keys by the wrong index.  To be called with what a
 * run has inserted so far and at the last call that said true.
 */
bool
listing_refresh_statistics(int64 inserted, int64 at_last_refresh)
{
	if (inserted < 1000 || inserted < 2 * at_last_refresh)
		return false;
	SPI_connect();
	SPI_execute("ANALYZE estate.listing, estate.property, estate.media", false, 0);
	SPI_finish();
	return true;
}

/*
 * Applies rows in the order of their keys.  A key that comes twice is applied
 * twice, one after the other, as if it had come on two pages.
 */
void
listing_apply_rows(const ListingPage *page, ListingRow *const *rows, int n, ListingCounts *counts)
{
	ListingRow **left = palloc(sizeof(ListingRow *) * n);

	memcpy(left, rows, sizeof(ListingRow *) * n);
	while (n > 0)
	{
		Known	   *known = palloc0(sizeof(Known) * n);
		int			nknown = 0;
		int			later = 0;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < n; i++)
		{
			if (nknown > 0 && strcmp(known[nknown - 1].row->listing_key, left[i]->listing_key) == 0)
				left[later++] = left[i];
			else
				known[nknown++].row = left[i];
		}
		apply_round(page, known, nknown, counts);
		n = later;
	}
}

static int
count_rejects(const ListingPage *page)
{
	int			n = 0;

	for (int i = 0; i < page->nrows; i++)
		n += page->rows[i].reject_code != NULL;
	return n;
}

/* Applies a page: its good rows, and what is wrong with the others */
void
listing_apply(const ListingPage *page, ListingCounts *counts)
{
	int			ngood;
	ListingRow **rows = good_rows(page, &ngood);

	memset(counts, 0, sizeof(*counts));
	counts->seen = page->nrows;
	SPI_connect();
	listing_apply_good(page, rows, ngood, counts);
	counts->rejected = count_rejects(page);
	if (counts->rejected > 0)
		listing_write_rejects(page);
	SPI_finish();
}
