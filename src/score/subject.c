/*
 * subject.c
 *	  estate.value_property(): the value of a home that need not be listed.
 *
 * Runs in a client backend; writes nothing.  Reads as the owner of the facts:
 * the right to call it is the right to EXECUTE it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "score/score.h"

#define COLUMNS 10

/*
 * The subject as a listing: keys that are its columns become them, in the
 * market's unit of area where none is given; other keys are fields that only
 * the source knows.
 */
static const char subject_row[] =
"(SELECT l.*, 0::bigint AS key, NULL::float8 AS price,"
"  coalesce(l.close_date, $2) - date '2000-01-01' AS day "
"FROM (SELECT $1 AS subject, $3 AS unit) g,"
"  LATERAL (SELECT array_agg(a.attname::text) AS names "
"    FROM pg_attribute a "
"    WHERE a.attrelid = 'estate.listing'::regclass"
"      AND a.attnum > 0 AND NOT a.attisdropped) c,"
"  LATERAL (SELECT CASE unit WHEN 'sqft' THEN 'Square Feet'"
"      ELSE 'Square Meters' END AS unit_name) n,"
"  LATERAL (SELECT coalesce("
"      (subject ->> 'living_area_sqm')::numeric,"
"      (subject ->> 'living_area_sqft')::numeric * 0.09290304,"
"      (subject ->> 'living_area')::numeric"
"        * CASE coalesce(subject ->> 'living_area_units', unit_name)"
"          WHEN 'Square Feet' THEN 0.09290304"
"          WHEN 'Square Meters' THEN 1 END) AS living_area_sqm,"
"    coalesce("
"      (subject ->> 'lot_size_sqm')::numeric,"
"      (subject ->> 'lot_size_area')::numeric"
"        * CASE coalesce(subject ->> 'lot_size_units', unit_name)"
"          WHEN 'Square Feet' THEN 0.09290304"
"          WHEN 'Square Meters' THEN 1"
"          WHEN 'Acres' THEN 4046.8564224"
"          WHEN 'Hectares' THEN 10000 END,"
"      (subject ->> 'lot_size_square_feet')::numeric * 0.09290304,"
"      (subject ->> 'lot_size_acres')::numeric * 4046.8564224) AS lot_size_sqm) a,"
"  LATERAL jsonb_populate_record(NULL::estate.listing,"
"    subject || jsonb_build_object("
"      'living_area_sqm', round(a.living_area_sqm, 2),"
"      'lot_size_sqm', round(a.lot_size_sqm, 2),"
"      'extra', CASE jsonb_typeof(subject -> 'extra')"
"        WHEN 'object' THEN subject -> 'extra'"
"        ELSE '{}' END || (subject - c.names))) l) s";

static void
report_no_model(const char *market, const char *segment)
{
	if (market)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("no model of market \"%s\" values segment \"%s\"", market, segment),
				 errhint("SELECT * FROM estate.train('%s');", market)));
	ereport(ERROR,
			(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
			 errmsg("segment \"%s\" has no model, or models in several markets", segment),
			 errhint("Name the market: estate.value_property(subject, market => ...).")));
}

/*
 * The row of the only active model that fits: market_id, name, unit, segment,
 * version, definition
 */
static HeapTuple
find_model(const char *market, Datum subject)
{
	Oid			types[] = {TEXTOID, JSONBOID};
	Datum		values[] = {market ? CStringGetTextDatum(market) : (Datum) 0, subject};

	SPI_execute_with_args("SELECT m.market_id, k.name, k.area_unit, m.segment,"
						  " m.version, m.definition "
						  "FROM estate.model m JOIN estate.market k ON k.market_id = m.market_id "
						  "WHERE m.active AND ($1 IS NULL OR k.name = $1)"
						  " AND m.segment = estate.segment($2 ->> 'property_type')",
						  2, types, values, market ? "  " : "n ", true, 0);
	if (SPI_processed == 1)
		return SPI_tuptable->vals[0];
	SPI_execute_with_args("SELECT estate.segment($2 ->> 'property_type')", 2, types, values,
						  market ? "  " : "n ", true, 0);
	report_no_model(market, SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	return NULL;
}

static void
value_subject(Datum subject, const char *unit, const Hedonic *model, Estimate *estimate)
{
	Observations *table = observations_create(CurrentMemoryContext);
	Oid			types[] = {JSONBOID, DATEOID, TEXTOID};
	Datum		values[] = {subject, DateADTGetDatum(GetSQLCurrentDate()),
	CStringGetTextDatum(unit)};
	Reader	   *reader;
	HedonicValue value;

	prepare_columns(table, model->features);
	reader = reader_open(table, subject_row, 3, types, values);
	(void) reader_fetch(reader, 1);
	reader_close(reader);
	hedonic_value(model, design_create(model->features, table), 0, 1, &value);
	score_estimate(&value, estimate);
}

static Datum
money(double amount)
{
	return DirectFunctionCall2(numeric_round,
							   DirectFunctionCall1(float8_numeric, Float8GetDatum(amount)),
							   Int32GetDatum(2));
}

PG_FUNCTION_INFO_V1(estate_value_property);

/* estate.value_property(subject, market) -> one row */
Datum
estate_value_property(PG_FUNCTION_ARGS)
{
	char	   *market = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS] = {false};
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext spi;
	TupleDesc	descriptor;
	Estimate	estimate;
	HeapTuple	found;
	EstateUser	user;
	char	   *unit;
	bool		isnull;

	if (PG_ARGISNULL(0) || !JB_ROOT_IS_OBJECT(PG_GETARG_JSONB_P(0)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("subject must be a JSON object"),
				 errhint("Its keys are columns of estate.listing:"
						 " '{\"living_area\": 1500, \"postal_code\": \"98103\"}'.")));
	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	estate_require_tables();
	estate_become_owner(&user);
	if (market)
		(void) score_markets(market);
	SPI_connect();
	found = find_model(market, PG_GETARG_DATUM(0));
	spi = MemoryContextSwitchTo(caller);
	values[0] = CStringGetTextDatum(SPI_getvalue(found, SPI_tuptable->tupdesc, 2));
	unit = SPI_getvalue(found, SPI_tuptable->tupdesc, 3);
	values[1] = CStringGetTextDatum(SPI_getvalue(found, SPI_tuptable->tupdesc, 4));
	values[2] = SPI_getbinval(found, SPI_tuptable->tupdesc, 5, &isnull);
	MemoryContextSwitchTo(spi);
	value_subject(PG_GETARG_DATUM(0), unit,
				  hedonic_from_text(SPI_getvalue(found, SPI_tuptable->tupdesc, 6)), &estimate);
	SPI_finish();
	estate_resume_user(&user);
	values[3] = money(estimate.estimate);
	values[4] = money(estimate.low_80);
	values[5] = money(estimate.high_80);
	values[6] = money(estimate.low_90);
	values[7] = money(estimate.high_90);
	values[8] = DirectFunctionCall2(numeric_round,
									DirectFunctionCall1(float8_numeric,
														Float8GetDatum(estimate.fsd)),
									Int32GetDatum(4));
	values[9] = PointerGetDatum(cstring_to_text_with_len(&estimate.confidence, 1));
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls));
}
