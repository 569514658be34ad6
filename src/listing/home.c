/*
 * home.c
 *	  Which home a listing is an offer of.
 *
 * Runs inside the transaction of a page, with SPI connected.  Listings of one
 * home share a key: the universal property id, else the parcel number with its
 * county, else the address with unit and postal code, else nothing is known
 * and the listing has a home of its own.  Listings are never merged.
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "listing/apply.h"
#include "listing/columns.h"

/* Columns of the match key, by what they are for; -1: not filled */
typedef struct HomeColumns
{
	int			universal;
	int			parcel;
	int			county;
	int			address;
	int			unit;
	int			postal;
} HomeColumns;

/* Appends the letters and digits of a value, in upper case; false when there are none */
static bool
append_normalised(StringInfo to, const ListingPage *page, const ListingRow *row, int column)
{
	Oid			output;
	bool		varlena;
	bool		any = false;

	if (column < 0 || row->nulls[column])
		return false;
	getTypeOutputInfo(page->columns->column[column].type, &output, &varlena);
	for (const char *p = OidOutputFunctionCall(output, row->values[column]); *p; p++)
	{
		unsigned char c = (unsigned char) *p;

		/* bytes of other letters than ASCII stay as they are */
		if (isalnum(c) || c >= 0x80)
		{
			appendStringInfoChar(to, c < 0x80 ? toupper(c) : c);
			any = true;
		}
	}
	return any;
}

static char *
match_key(const ListingPage *page, const ListingRow *row, const HomeColumns *columns)
{
	StringInfoData key;

	initStringInfo(&key);
	appendStringInfoString(&key, "universal:");
	if (append_normalised(&key, page, row, columns->universal))
		return key.data;

	resetStringInfo(&key);
	appendStringInfoString(&key, "parcel:");
	append_normalised(&key, page, row, columns->county);
	appendStringInfoChar(&key, ':');
	if (append_normalised(&key, page, row, columns->parcel))
		return key.data;

	resetStringInfo(&key);
	appendStringInfoString(&key, "address:");
	if (append_normalised(&key, page, row, columns->address))
	{
		appendStringInfoChar(&key, ':');
		append_normalised(&key, page, row, columns->unit);
		appendStringInfoChar(&key, ':');
		if (append_normalised(&key, page, row, columns->postal))
			return key.data;
	}
	return psprintf("listing:%s:%s", page->source_system, row->listing_key);
}

/* Makes the homes that are missing; returns the match keys of the rows */
char **
listing_make_homes(const ListingPage *page, Known *const *written, int n)
{
	HomeColumns columns = {
		.universal = listing_column_index(page, "universal_property_id"),
		.parcel = listing_column_index(page, "parcel_number"),
		.county = listing_column_index(page, "county_or_parish"),
		.address = listing_column_index(page, "unparsed_address"),
		.unit = listing_column_index(page, "unit_number"),
		.postal = listing_column_index(page, "postal_code")
	};
	char	  **keys = palloc(sizeof(char *) * n);
	Datum	   *values = palloc(sizeof(Datum) * n);
	Statement	statement;

	for (int i = 0; i < n; i++)
	{
		keys[i] = match_key(page, written[i]->row, &columns);
		values[i] = CStringGetTextDatum(keys[i]);
	}
	statement_begin(&statement,
					"INSERT INTO estate.property (market_id, match_key)"
					" SELECT DISTINCT $1, u.k FROM unnest($2) AS u(k)"
					" WHERE NOT EXISTS (SELECT FROM estate.property p"
					"  WHERE p.market_id OPERATOR(pg_catalog.=) $1"
					"  AND p.match_key OPERATOR(pg_catalog.=) u.k)"
					" ORDER BY u.k"
					" ON CONFLICT (market_id, match_key) DO NOTHING");
	statement_add(&statement, INT4OID, Int32GetDatum(page->market_id));
	statement_add(&statement, TEXTARRAYOID, array_parameter(TEXTOID, values, NULL, n));
	statement_run(&statement, false);
	return keys;
}
