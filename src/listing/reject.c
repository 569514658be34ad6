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
		values[4][n] = PointerGetDatum(cstring_to_text_with_len(row->raw ? row->raw : "", row->raw ? row->raw_len : 0));
		nulls[4][n] = false;
		n++;
	}
	statement_begin(&statement,
					"INSERT INTO estate.feed_reject (feed_id, run_id, at, listing_key, field, reason_code, reason, raw)"
					" SELECT $1, $2, pg_catalog.clock_timestamp(), u.k, u.f, u.c, u.r, u.raw"
					" FROM unnest($3, $4, $5, $6, $7) AS u(k, f, c, r, raw)"
					" ON CONFLICT (feed_id, pg_catalog.hashtextextended(raw, 0), pg_catalog.length(raw))"
					" WHERE resolved_at IS NULL DO NOTHING");
	statement_add(&statement, INT4OID, Int32GetDatum(page->feed_id));
	statement_add(&statement, INT8OID, Int64GetDatum(page->run_id));
	for (int i = 0; i < 5; i++)
		statement_add(&statement, TEXTARRAYOID, array_parameter(TEXTOID, values[i], nulls[i], n));
	statement_run(&statement, false);
}

/* The listings that were just written are right now: their open rejects are settled */
void
listing_resolve_rejects(const ListingPage *page, Known *const *written, int n)
{
	Statement	statement;
	Datum	   *keys = palloc(sizeof(Datum) * n);

	for (int i = 0; i < n; i++)
		keys[i] = CStringGetTextDatum(written[i]->row->listing_key);
	statement_begin(&statement,
					"UPDATE estate.feed_reject SET resolved_at = pg_catalog.clock_timestamp()"
					" WHERE feed_id OPERATOR(pg_catalog.=) $1 AND resolved_at IS NULL"
					" AND listing_key OPERATOR(pg_catalog.=) ANY ($2)"
					" AND run_id OPERATOR(pg_catalog.<>) $3");
	statement_add(&statement, INT4OID, Int32GetDatum(page->feed_id));
	statement_add(&statement, TEXTARRAYOID, array_parameter(TEXTOID, keys, NULL, n));
	statement_add(&statement, INT8OID, Int64GetDatum(page->run_id));
	statement_run(&statement, false);
}
