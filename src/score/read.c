/*
 * read.c
 *	  From sales and listings in tables to observations in memory.
 *
 * Runs in the backend that trains or scores, inside SPI, with the rights that
 * its caller has taken.  Rows come by a cursor some thousand at a time and are
 * kept column by column, never twice as tuples.
 *
 * The columns below are all that is ever read of a listing to value it.  Not
 * among them, ever: asking and closing prices, days on market, status, dates
 * but that of the sale, taxes and assessments, and who lists it.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/fmgrprotos.h"

#include "score/score.h"

#define FETCH 1000
#define DAY_COLUMN "day"
#define MOST_LISTED 30			/* words of one list */

static const struct
{
	const char *name;
	ColumnRole	role;
	const char *expression;		/* of a row s; NULL: the column of that name */
}			readable[] =
{
	{"latitude", COLUMN_LATITUDE,
	"CASE WHEN s.latitude <> 0 OR s.longitude <> 0 THEN s.latitude END"},
	{"longitude", COLUMN_LONGITUDE,
	"CASE WHEN s.latitude <> 0 OR s.longitude <> 0 THEN s.longitude END"},
	{"living_area_sqm", COLUMN_SIZE, NULL},
	{"lot_size_sqm", COLUMN_SIZE, NULL},
	{"bedrooms_total", COLUMN_NUMBER, NULL},
	{"bathrooms_total_integer", COLUMN_NUMBER, NULL},
	{"bathrooms_full", COLUMN_NUMBER, NULL},
	{"bathrooms_half", COLUMN_NUMBER, NULL},
	{"year_built", COLUMN_NUMBER, "CASE WHEN s.year_built > 0 THEN s.year_built END"},
	{"stories_total", COLUMN_NUMBER, NULL},
	{"garage_spaces", COLUMN_NUMBER, NULL},
	{"pool_private_yn", COLUMN_NUMBER, "s.pool_private_yn::int"},
	{"waterfront_yn", COLUMN_NUMBER, "s.waterfront_yn::int"},
	{"view_yn", COLUMN_NUMBER, "s.view_yn::int"},
	{"new_construction_yn", COLUMN_NUMBER, "s.new_construction_yn::int"},
	{"yearly_fee", COLUMN_NUMBER,
		"s.association_fee * CASE lower(s.association_fee_frequency) "
		"WHEN 'daily' THEN 365 WHEN 'weekly' THEN 52 WHEN 'bi-weekly' THEN 26 "
		"WHEN 'semi-monthly' THEN 24 WHEN 'monthly' THEN 12 WHEN 'bi-monthly' THEN 6 "
	"WHEN 'quarterly' THEN 4 WHEN 'semi-annually' THEN 2 ELSE 1 END"},
	{"appliances", COLUMN_FLAG, NULL},
	{"cooling", COLUMN_FLAG, NULL},
	{"heating", COLUMN_FLAG, NULL},
	{"view", COLUMN_FLAG, NULL},
	{"property_sub_type", COLUMN_WORD, NULL},
	{"postal_code", COLUMN_WORD, NULL},
	{"city", COLUMN_WORD, NULL},
	{"subdivision_name", COLUMN_WORD, NULL},
	{"mls_area_major", COLUMN_WORD, NULL},
	{"county_or_parish", COLUMN_WORD, NULL},
	{"state_or_province", COLUMN_WORD, NULL},
};

/* columns of the query before those */
enum
{
	KEY_COLUMN = 1, PRICE_COLUMN, DATE_COLUMN, EXTRA_COLUMN, FIRST_READABLE
};

struct Reader
{
	Observations *table;
	Portal		portal;
	ObservationColumn *day;
	ObservationColumn *column[lengthof(readable)];
};

/* Markets by name, or all */
List *
score_markets(const char *market)
{
	List	   *markets = NIL;
	Oid			type = TEXTOID;
	Datum		value = market ? CStringGetTextDatum(market) : (Datum) 0;
	MemoryContext caller = CurrentMemoryContext;

	SPI_connect();
	SPI_execute_with_args("SELECT market_id, name FROM estate.market "
						  "WHERE $1 IS NULL OR name = $1 ORDER BY market_id",
						  1, &type, &value, market ? " " : "n", true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		MemoryContext spi = MemoryContextSwitchTo(caller);
		Market	   *found = palloc0(sizeof(Market));
		bool		isnull;

		found->market_id = DatumGetInt32(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &isnull));
		found->name = SPI_getvalue(row, SPI_tuptable->tupdesc, 2);
		markets = lappend(markets, found);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	if (market && markets == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("market \"%s\" does not exist", market),
				 errhint("SELECT name FROM estate.market;")));
	return markets;
}

/* Segments with enough sales closed before a day */
List *
score_segments(int market_id, DateADT before)
{
	List	   *segments = NIL;
	Oid			types[] = {INT4OID, DATEOID, INT4OID};
	Datum		values[] = {Int32GetDatum(market_id), DateADTGetDatum(before),
	Int32GetDatum(SCORE_LEAST_SALES)};
	MemoryContext caller = CurrentMemoryContext;

	SPI_connect();
	SPI_execute_with_args("SELECT segment FROM estate.sale "
						  "WHERE market_id = $1 AND close_date < $2 "
						  "GROUP BY segment HAVING count(*) >= $3 ORDER BY segment",
						  3, types, values, NULL, true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		segments = lappend(segments, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return segments;
}

static char *
query_text(const char *from)
{
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT s.key, s.price::float8, s.day, s.extra");
	for (int c = 0; c < lengthof(readable); c++)
	{
		const char *expression = readable[c].expression ? readable[c].expression :
			psprintf("s.%s", readable[c].name);

		appendStringInfo(&query, ", (%s)::%s", expression,
						 readable[c].role == COLUMN_WORD ? "text" :
						 readable[c].role == COLUMN_FLAG ? "text[]" : "float8");
	}
	appendStringInfo(&query, " FROM %s", from);
	return query.data;
}

/*
 * Starts to read rows of a FROM clause whose row s has key, price, day, extra
 * and the columns above.
 */
Reader *
reader_open(Observations *table, const char *from, int nargs, Oid *types, Datum *values)
{
	Reader	   *reader = palloc0(sizeof(Reader));

	reader->table = table;
	for (int c = 0; c < lengthof(readable); c++)
		if (readable[c].role != COLUMN_FLAG)
			reader->column[c] = observations_column(table, readable[c].name, readable[c].role);
	reader->day = observations_column(table, DAY_COLUMN, COLUMN_DAY);
	reader->portal = SPI_cursor_open_with_args(NULL, query_text(from), nargs, types, values,
											   NULL, true, CURSOR_OPT_NO_SCROLL);
	return reader;
}

void
reader_close(Reader *reader)
{
	SPI_cursor_close(reader->portal);
}

/* A number in a string, alone: no hexadecimal, no infinity. */
static bool
text_is_number(const char *text, int length, double *value)
{
	char		digits[64];
	char	   *end;

	while (length > 0 && isspace((unsigned char) *text))
	{
		text++;
		length--;
	}
	while (length > 0 && isspace((unsigned char) text[length - 1]))
		length--;
	if (length == 0 || length >= (int) sizeof(digits))
		return false;
	for (int i = 0; i < length; i++)
		if (strchr("0123456789+-.eE", text[i]) == NULL)
			return false;
	memcpy(digits, text, length);
	digits[length] = '\0';
	*value = strtod(digits, &end);
	return *end == '\0' && isfinite(*value);
}

static void
read_field(Observations *table, ObservationColumn *column, const JsonbValue *value)
{
	double		number;

	switch (value->type)
	{
		case jbvNumeric:
			number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
														NumericGetDatum(value->val.numeric)));
			if (column->role != COLUMN_WORD)
				observations_set_number(table, column, number);
			else
			{
				Datum		written = DirectFunctionCall1(numeric_out,
														  NumericGetDatum(value->val.numeric));
				char	   *text = DatumGetCString(written);

				observations_set_word(table, column, text, strlen(text));
			}
			break;
		case jbvBool:
			if (column->role != COLUMN_WORD)
				observations_set_number(table, column, value->val.boolean);
			break;
		case jbvString:
			if (value->val.string.len == 0)
				break;
			if (column->role != COLUMN_WORD &&
				text_is_number(value->val.string.val, value->val.string.len, &number))
				observations_set_number(table, column, number);
			if (column->role != COLUMN_NUMBER)
				observations_set_word(table, column, value->val.string.val, value->val.string.len);
			break;
		default:
			break;
	}
}

/* Fields that no column of listing is mapped to: those that may be features. */
static void
read_extra(Observations *table, Jsonb *extra)
{
	JsonbIterator *iterator = JsonbIteratorInit(&extra->root);
	JsonbValue	key;
	JsonbValue	value;
	JsonbIteratorToken token = JsonbIteratorNext(&iterator, &key, true);

	if (token != WJB_BEGIN_OBJECT)
		return;
	while ((token = JsonbIteratorNext(&iterator, &key, true)) == WJB_KEY)
	{
		char		name[NAMEDATALEN * 2];
		ObservationColumn *column;

		(void) JsonbIteratorNext(&iterator, &value, true);
		if (value.type == jbvNull || value.type == jbvBinary)
			continue;
		if (snprintf(name, sizeof(name), "extra.%.*s", key.val.string.len, key.val.string.val) >=
			(int) sizeof(name))
			continue;
		column = observations_find(table, name);
		if (column == NULL && !table->closed &&
			!field_is_known_too_late(key.val.string.val, key.val.string.len))
			column = observations_column(table, name,
										 field_is_code(key.val.string.val, key.val.string.len) ?
										 COLUMN_WORD : COLUMN_ANY);
		if (column)
			read_field(table, column, &value);
	}
}

/* A list of words: a column for each word, 1 where the list has it. */
static void
read_list(Observations *table, const char *name, ArrayType *list)
{
	Datum	   *words;
	bool	   *nulls;
	int			count;

	deconstruct_array(list, TEXTOID, -1, false, TYPALIGN_INT, &words, &nulls, &count);
	for (int i = 0; i < Min(count, MOST_LISTED); i++)
	{
		char		flag[NAMEDATALEN * 2];
		ObservationColumn *column;

		if (nulls[i])
			continue;
		if (snprintf(flag, sizeof(flag), "%s.%s", name, TextDatumGetCString(words[i])) >=
			(int) sizeof(flag))
			continue;
		column = observations_column(table, flag, COLUMN_FLAG);
		if (column)
			observations_set_number(table, column, 1);
	}
}

static void
read_row(Reader *reader, HeapTuple tuple, TupleDesc descriptor)
{
	Observations *table = reader->table;
	bool		isnull;
	bool		no_price;
	int64		key = DatumGetInt64(SPI_getbinval(tuple, descriptor, KEY_COLUMN, &isnull));
	Datum		price = SPI_getbinval(tuple, descriptor, PRICE_COLUMN, &no_price);
	double		day = DatumGetDateADT(SPI_getbinval(tuple, descriptor, DATE_COLUMN, &isnull));
	Datum		extra;

	observations_add(table, key, day, no_price ? get_float8_nan() : DatumGetFloat8(price));
	if (reader->day)
		observations_set_number(table, reader->day, day);
	for (int c = 0; c < lengthof(readable); c++)
	{
		Datum		value = SPI_getbinval(tuple, descriptor, FIRST_READABLE + c, &isnull);

		if (!isnull && readable[c].role == COLUMN_FLAG)
			read_list(table, readable[c].name, DatumGetArrayTypeP(value));
		if (isnull || reader->column[c] == NULL)
			continue;
		if (readable[c].role != COLUMN_WORD)
			observations_set_number(table, reader->column[c], DatumGetFloat8(value));
		else
		{
			struct varlena *text = PG_DETOAST_DATUM_PACKED(value);

			if (VARSIZE_ANY_EXHDR(text) > 0)
				observations_set_word(table, reader->column[c],
									  VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text));
		}
	}
	extra = SPI_getbinval(tuple, descriptor, EXTRA_COLUMN, &isnull);
	if (!isnull)
		read_extra(table, DatumGetJsonbP(extra));
}

/* Adds up to so many rows to the table; fewer only at the end. */
int64
reader_fetch(Reader *reader, int64 most)
{
	int64		count = 0;

	while (count < most)
	{
		MemoryContext spi = CurrentMemoryContext;
		MemoryContext rows = AllocSetContextCreate(spi, "rows", ALLOCSET_DEFAULT_SIZES);
		uint64		fetched;

		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(reader->portal, true, Min(FETCH, most - count));
		fetched = SPI_processed;
		MemoryContextSwitchTo(rows);
		for (uint64 i = 0; i < fetched; i++)
			read_row(reader, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
		MemoryContextSwitchTo(spi);
		MemoryContextDelete(rows);
		SPI_freetuptable(SPI_tuptable);
		if (fetched == 0)
			break;
		count += fetched;
	}
	return count;
}

/* All sales of a segment closed before a day, the oldest first. */
Observations *
read_sales(MemoryContext context, int market_id, const char *segment, DateADT before)
{
	Observations *table = observations_create(context);
	Oid			types[] = {INT4OID, TEXTOID, DATEOID};
	Datum		values[] = {Int32GetDatum(market_id), CStringGetTextDatum(segment),
	DateADTGetDatum(before)};
	Reader	   *reader;

	SPI_connect();
	reader = reader_open(table,
						 "(SELECT v.*, coalesce(v.listing, v.sale_record) AS key,"
						 " v.close_date - date '2000-01-01' AS day "
						 "FROM estate.sale v "
						 "WHERE v.market_id = $1 AND v.segment = $2 AND v.close_date < $3) s "
						 "ORDER BY s.close_date, s.source, s.key",
						 3, types, values);
	while (reader_fetch(reader, FETCH * 10) > 0)
		score_progress("%s: %ld sales read", segment, (long) table->count);
	reader_close(reader);
	SPI_finish();
	return table;
}

/* A table for valuing has the columns of the model and no others. */
void
prepare_columns(Observations *table, const FeatureSet *features)
{
	for (int f = 0; f < features->count; f++)
	{
		const Feature *feature = &features->feature[f];
		ColumnRole	role = feature->kind == FEATURE_WORD ? COLUMN_WORD : COLUMN_NUMBER;

		(void) observations_column(table, feature->column, role);
		if (feature->kind == FEATURE_PLACE)
			(void) observations_column(table, feature->column2, role);
	}
	table->closed = true;
}
