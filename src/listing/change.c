/*
 * change.c
 *	  What changed in a listing: prices, status, dates, withdrawal.
 *
 * Runs inside the transaction of a page, with SPI connected, before the rows
 * are written.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "listing/apply.h"
#include "listing/columns.h"

static const char *const watched[] = {
	"list_price", "close_price", "standard_status", "close_date", "listing_contract_date",
	"on_market_date", "off_market_date", "purchase_contract_date", "expiration_date"
};

static Datum
ids_parameter(Known *const *rows, int n)
{
	Datum	   *ids = palloc(sizeof(Datum) * n);

	for (int i = 0; i < n; i++)
		ids[i] = Int64GetDatum(rows[i]->id);
	return array_parameter(INT8OID, ids, NULL, n);
}

static void
begin_changes(Statement *statement, const ListingPage *page, Known *const *rows, int n)
{
	statement_begin(statement,
					"INSERT INTO estate.listing_change"
					"  (market_id, listing, at, run_id, field, old_value, new_value)"
					" SELECT $1, l.id, pg_catalog.clock_timestamp(), $2,"
					"  w.field, w.old_value, w.new_value");
	statement_add(statement, INT4OID, Int32GetDatum(page->market_id));
	statement_add(statement, INT8OID, Int64GetDatum(page->run_id));
	statement_add(statement, INT8ARRAYOID, ids_parameter(rows, n));
}

static void
finish_changes(Statement *statement, const char *compared)
{
	appendStringInfo(&statement->sql,
					 " JOIN estate.listing l ON l.market_id OPERATOR(pg_catalog.=) $1"
					 "  AND l.id OPERATOR(pg_catalog.=) u.id_"
					 " CROSS JOIN LATERAL (VALUES %s) AS w(field, old_value, new_value)"
					 " WHERE w.old_value IS DISTINCT FROM w.new_value", compared);
	statement_run(statement, false);
}

/* Compares the watched columns of listings about to be written with what they are now */
void
listing_write_changes(const ListingPage *page, Known *const *updated, int n)
{
	Statement	statement;
	StringInfoData arrays,
				names,
				compared;
	ListingRow **rows = palloc(sizeof(ListingRow *) * n);

	for (int i = 0; i < n; i++)
		rows[i] = updated[i]->row;
	begin_changes(&statement, page, updated, n);
	initStringInfo(&arrays);
	initStringInfo(&names);
	initStringInfo(&compared);
	appendStringInfoString(&compared, "('removed_at', l.removed_at::text, NULL)");
	for (int w = 0; w < lengthof(watched); w++)
	{
		int			c = listing_column_index(page, watched[w]);
		Oid			type;
		Datum		array;

		if (c < 0)
			continue;
		array = column_parameter(page, c, rows, n, &type);
		appendStringInfo(&arrays, ", $%d",
						 statement_add(&statement, get_array_type_checked(type), array));
		appendStringInfo(&names, ", %s", watched[w]);
		appendStringInfo(&compared, ", ('%s', l.%s::text, u.%s::%s::text)",
						 watched[w], watched[w], watched[w],
						 column_type_name(&page->columns->column[c]));
	}
	appendStringInfo(&statement.sql, " FROM unnest($3%s) AS u(id_%s)", arrays.data, names.data);
	finish_changes(&statement, compared.data);
}

/* The source withdraws listings: their rows stay, with the time and the reason */
void
listing_withdraw(const ListingPage *page, Known *const *withdrawn, int n)
{
	Statement	statement;
	Datum	   *reasons = palloc(sizeof(Datum) * n);
	Datum	   *modified = palloc(sizeof(Datum) * n);
	bool	   *unmodified = palloc(sizeof(bool) * n);
	int			c = listing_column_index(page, "modification_timestamp");

	begin_changes(&statement, page, withdrawn, n);
	appendStringInfoString(&statement.sql, " FROM unnest($3) AS u(id_)");
	finish_changes(&statement, "('removed_at', NULL, pg_catalog.clock_timestamp()::text)");

	for (int i = 0; i < n; i++)
	{
		const ListingRow *row = withdrawn[i]->row;

		reasons[i] = CStringGetTextDatum(row->removed_reason);
		unmodified[i] = c < 0 || row->nulls[c];
		modified[i] = unmodified[i] ? (Datum) 0 : row->values[c];
	}
	statement_begin(&statement,
					"UPDATE estate.listing l"
					" SET removed_at = pg_catalog.clock_timestamp(),"
					"  removed_reason = u.reason, run_id = $2,"
					"  changed_at = pg_catalog.clock_timestamp(),"
					"  modification_timestamp = coalesce(u.modified, l.modification_timestamp)"
					" FROM unnest($3, $4, $5) AS u(id, reason, modified)"
					" WHERE l.market_id OPERATOR(pg_catalog.=) $1"
					" AND l.id OPERATOR(pg_catalog.=) u.id");
	statement_add(&statement, INT4OID, Int32GetDatum(page->market_id));
	statement_add(&statement, INT8OID, Int64GetDatum(page->run_id));
	statement_add(&statement, INT8ARRAYOID, ids_parameter(withdrawn, n));
	statement_add(&statement, TEXTARRAYOID, array_parameter(TEXTOID, reasons, NULL, n));
	statement_add(&statement, get_array_type_checked(TIMESTAMPTZOID),
				  array_parameter(TIMESTAMPTZOID, modified, unmodified, n));
	statement_run(&statement, false);
}
