/*
 * reject.c
 *	  Records that could not be applied: kept with their reason, and settled
 *	  when a later record puts the listing right.
 *
 * Runs inside the transaction of a page, with SPI connected.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "listing/apply.h"
#include "listing/columns.h"

static Datum
text_or_null(const char *value, bool *isnull)
{
	*isnull = value == NULL;
	return value ? CStringGetTextDatum(value) : (Datum) 0;
}

/* All rejects of the page; a record that was rejected before, and still is, is not kept twice */
void
listing_write_rejects(const ListingPage *page)
{
	Statement	statement;
	Datum	   *values[5];
	bool	   *nulls[5];
	int			n = 0;

	for (int i = 0; i < 5; i++)
	{
		values[i] = palloc(sizeof(Datum) * page->nrows);
		nulls[i] = palloc(sizeof(bool) * page->nrows);
	}
	for (int i = 0; i < page->nrows; i++)
	{
		const ListingRow *row = &page->rows[i];

		if (row->reject_code == NULL)
			continue;
		values[0][n] = text_or_null(row->listing_key, &nulls[0][n]);
		values[1][n] = text_or_null(row->reject_field, &nulls[1][n]);
		values[2][n] = text_or_null(row->reject_code, &nulls[2][n]);
		values[3][n] = text_or_null(row->reject_reason, &nulls[3][n]);
		values[4][n] = PointerGetDatum(cstring_to_text_with_len(row->raw ? row->raw : "",
																row->raw ? row->raw_len : 0));
		nulls[4][n] = false;
		n++;
	}
	statement_begin(&statement,
					"INSERT INTO estate.feed_reject"
					"  (feed_id, run_id, at, listing_key, field, reason_code, reason, raw)"
					" SELECT $1, $2, pg_catalog.clock_timestamp(), u.k, u.f, u.c, u.r, u.raw"
					" FROM unnest($3, $4, $5, $6, $7) AS u(k, f, c, r, raw)"
					" ON CONFLICT"
					"  (feed_id, pg_catalog.hashtextextended(raw, 0), pg_catalog.length(raw))"
					"  WHERE resolved_at IS NULL AND level OPERATOR(pg_catalog.=) 'record'"
					" DO NOTHING");
	statement_add(&statement, INT4OID, Int32GetDatum(page->feed_id));
	statement_add(&statement, INT8OID, Int64GetDatum(page->run_id));
	for (int i = 0; i < 5; i++)
		statement_add(&statement, TEXTARRAYOID, array_parameter(TEXTOID, values[i], nulls[i], n));
	statement_run(&statement, false);
}

/*
 * Fields of written rows that could not be read.  Of a row that is as it was
 * they are known already.
 */
void
listing_write_problems(const ListingPage *page, Known *const *written, int n)
{
	Statement	statement;
	Datum	   *values[5];
	int			most = 0;
	int			nproblems = 0;

	for (int i = 0; i < n; i++)
		most += written[i]->row->nproblems;
	if (most == 0)
		return;
	for (int i = 0; i < 5; i++)
		values[i] = palloc(sizeof(Datum) * most);
	for (int i = 0; i < n; i++)
	{
		const ListingRow *row = written[i]->row;

		for (int p = 0; p < row->nproblems; p++)
		{
			values[0][nproblems] = CStringGetTextDatum(row->listing_key);
			values[1][nproblems] = CStringGetTextDatum(row->problems[p].field);
			values[2][nproblems] = CStringGetTextDatum(row->problems[p].code);
			values[3][nproblems] = CStringGetTextDatum(row->problems[p].reason);
			values[4][nproblems++] =
				PointerGetDatum(cstring_to_text_with_len(row->raw, row->raw_len));
		}
	}
	statement_begin(&statement,
					"INSERT INTO estate.feed_reject"
					"  (feed_id, run_id, at, level, listing_key, field, reason_code, reason, raw)"
					" SELECT DISTINCT ON (u.k, u.f)"
					"  $1, $2, pg_catalog.clock_timestamp(), 'field', u.k, u.f, u.c, u.r, u.raw"
					" FROM unnest($3, $4, $5, $6, $7) AS u(k, f, c, r, raw)"
					" ON CONFLICT (feed_id, listing_key, field)"
					"  WHERE resolved_at IS NULL AND level OPERATOR(pg_catalog.=) 'field'"
					" DO UPDATE SET run_id = excluded.run_id, at = excluded.at,"
					"  reason_code = excluded.reason_code, reason = excluded.reason,"
					"  raw = excluded.raw");
	statement_add(&statement, INT4OID, Int32GetDatum(page->feed_id));
	statement_add(&statement, INT8OID, Int64GetDatum(page->run_id));
	for (int i = 0; i < 5; i++)
		statement_add(&statement, TEXTARRAYOID,
					  array_parameter(TEXTOID, values[i], NULL, nproblems));
	statement_run(&statement, false);
}

/* Whether the feed has open rejects whose key could not be read */
static bool
has_keyless_rejects(const ListingPage *page)
{
	Statement	statement;

	statement_begin(&statement,
					"SELECT FROM estate.feed_reject WHERE feed_id OPERATOR(pg_catalog.=) $1"
					" AND listing_key IS NULL AND resolved_at IS NULL LIMIT 1");
	statement_add(&statement, INT4OID, Int32GetDatum(page->feed_id));
	return statement_run(&statement, true) > 0;
}

/* A record whose key could not be read is known by its text */
static void
resolve_by_text(const ListingPage *page, Known *const *settled, int n)
{
	Statement	statement;
	Datum	   *texts = palloc(sizeof(Datum) * n);

	for (int i = 0; i < n; i++)
		texts[i] = PointerGetDatum(cstring_to_text_with_len(settled[i]->row->raw,
															settled[i]->row->raw_len));
	statement_begin(&statement,
					"UPDATE estate.feed_reject r SET resolved_at = pg_catalog.clock_timestamp()"
					" FROM unnest($2) AS u(raw)"
					" WHERE r.feed_id OPERATOR(pg_catalog.=) $1 AND r.resolved_at IS NULL"
					" AND r.listing_key IS NULL AND r.raw OPERATOR(pg_catalog.=) u.raw"
					" AND pg_catalog.hashtextextended(r.raw, 0) OPERATOR(pg_catalog.=)"
					"  pg_catalog.hashtextextended(u.raw, 0)"
					" AND pg_catalog.length(r.raw) OPERATOR(pg_catalog.=) pg_catalog.length(u.raw)"
					" AND r.run_id OPERATOR(pg_catalog.<>) $3");
	statement_add(&statement, INT4OID, Int32GetDatum(page->feed_id));
	statement_add(&statement, TEXTARRAYOID, array_parameter(TEXTOID, texts, NULL, n));
	statement_add(&statement, INT8OID, Int64GetDatum(page->run_id));
	statement_run(&statement, false);
}

/*
 * The listings are as their source has them now: their open rejects are
 * settled.  Fields that could not be read are settled by a row that is written,
 * which says anew what is wrong with it, or has nothing wrong.
 */
void
listing_resolve_rejects(const ListingPage *page, Known *const *settled, int n)
{
	Statement	statement;
	Datum	   *keys = palloc(sizeof(Datum) * n);
	Datum	   *fields_too = palloc(sizeof(Datum) * n);

	for (int i = 0; i < n; i++)
	{
		keys[i] = CStringGetTextDatum(settled[i]->row->listing_key);
		fields_too[i] = BoolGetDatum(settled[i]->written || settled[i]->row->nproblems == 0);
	}
	statement_begin(&statement,
					"UPDATE estate.feed_reject r SET resolved_at = pg_catalog.clock_timestamp()"
					" FROM unnest($2, $4) AS u(k, fields_too)"
					" WHERE r.feed_id OPERATOR(pg_catalog.=) $1 AND r.resolved_at IS NULL"
					" AND r.listing_key OPERATOR(pg_catalog.=) u.k"
					" AND CASE r.level WHEN 'field' THEN u.fields_too"
					"  ELSE r.run_id OPERATOR(pg_catalog.<>) $3 END");
	statement_add(&statement, INT4OID, Int32GetDatum(page->feed_id));
	statement_add(&statement, TEXTARRAYOID, array_parameter(TEXTOID, keys, NULL, n));
	statement_add(&statement, INT8OID, Int64GetDatum(page->run_id));
	statement_add(&statement, BOOLARRAYOID, array_parameter(BOOLOID, fields_too, NULL, n));
	statement_run(&statement, false);
	if (has_keyless_rejects(page))
		resolve_by_text(page, settled, n);
}
