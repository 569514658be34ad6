/*
 * value.c
 *	  estate.score(): values every visible listing by the active model of its
 *	  segment, also those that are sold.
 *
 * Runs in a client backend or in a worker, in the caller's transaction, with
 * the rights of the owner of the tables.  Rows of estate.estimate that would
 * not change are not written.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "score/score.h"

#define BATCH 5000

/* what is sold is valued as of its sale, the rest as of today */
static const char visible_listings[] =
"(SELECT l.*, l.id AS key, NULL::float8 AS price,"
"  CASE WHEN l.standard_status = 'Closed' AND l.close_date IS NOT NULL THEN l.close_date"
"    ELSE $3 END - date '2000-01-01' AS day "
"FROM estate.listing l "
"WHERE l.market_id = $1 AND estate.segment(l.property_type) = $2"
"  AND l.removed_at IS NULL AND l.internet_entire_listing_display_yn IS NOT FALSE) s";

/* OFFSET 0: look each estimate up by its key, do not hash the whole table for each batch */
static const char write_changed[] =
"INSERT INTO estate.estimate (market_id, listing, model_version, scored_at,"
"  estimate, low_80, high_80, low_90, high_90, fsd, confidence) "
"SELECT n.* "
"FROM (SELECT $1, u.listing, $2, now(), round(u.estimate::numeric, 2),"
"    round(u.low_80::numeric, 2), round(u.high_80::numeric, 2),"
"    round(u.low_90::numeric, 2), round(u.high_90::numeric, 2),"
"    round(u.fsd::numeric, 4), chr(u.confidence) "
"  FROM unnest($3, $4, $5, $6, $7, $8, $9, $10)"
"    u(listing, estimate, low_80, high_80, low_90, high_90, fsd, confidence))"
"  n(market_id, listing, model_version, scored_at,"
"    estimate, low_80, high_80, low_90, high_90, fsd, confidence) "
"LEFT JOIN LATERAL (SELECT * FROM estate.estimate k"
"  WHERE k.market_id = n.market_id AND k.listing = n.listing OFFSET 0) e ON true "
"WHERE (e.model_version, e.estimate, e.low_80, e.high_80, e.low_90, e.high_90,"
"    e.fsd, e.confidence)"
"  IS DISTINCT FROM (n.model_version, n.estimate, n.low_80, n.high_80, n.low_90, n.high_90,"
"    n.fsd, n.confidence) "
"ON CONFLICT (market_id, listing) DO UPDATE"
"  SET model_version = excluded.model_version, scored_at = excluded.scored_at,"
"  estimate = excluded.estimate, low_80 = excluded.low_80, high_80 = excluded.high_80,"
"  low_90 = excluded.low_90, high_90 = excluded.high_90,"
"  fsd = excluded.fsd, confidence = excluded.confidence";

/* Segments of the visible listings of a market, with their models */
static List *
segment_models(int market_id)
{
	List	   *models = NIL;
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(market_id);
	MemoryContext caller = CurrentMemoryContext;

	SPI_connect();
	SPI_execute_with_args("SELECT s.segment, m.version, m.definition, s.listings "
						  "FROM (SELECT segment, count(*) AS listings FROM estate.listing_visible "
						  "WHERE market_id = $1 GROUP BY segment) s "
						  "LEFT JOIN estate.model m"
						  " ON m.market_id = $1 AND m.segment = s.segment AND m.active "
						  "ORDER BY 1",
						  1, &type, &value, NULL, true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		MemoryContext spi = MemoryContextSwitchTo(caller);
		SegmentModel *found = palloc0(sizeof(SegmentModel));
		bool		isnull;
		Datum		version = SPI_getbinval(tuple, SPI_tuptable->tupdesc, 2, &isnull);

		found->version = isnull ? 0 : DatumGetInt32(version);
		found->segment = SPI_getvalue(tuple, SPI_tuptable->tupdesc, 1);
		found->definition = SPI_getvalue(tuple, SPI_tuptable->tupdesc, 3);
		found->listings = DatumGetInt64(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 4, &isnull));
		models = lappend(models, found);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return models;
}

static Datum
array_of(Datum *elements, int count, Oid type)
{
	return PointerGetDatum(construct_array(elements, count, type,
										   type == INT4OID ? sizeof(int32) : sizeof(int64),
										   type == INT4OID ? true : FLOAT8PASSBYVAL,
										   type == INT4OID ? TYPALIGN_INT : TYPALIGN_DOUBLE));
}

/* Writes those of the table's rows whose estimate changes; returns how many. */
static int64
write_estimates(int market_id, int version, const Observations *table, const HedonicValue *values)
{
	Oid			types[10] = {INT4OID, INT4OID, INT8ARRAYOID};
	Datum		arguments[10] = {Int32GetDatum(market_id), Int32GetDatum(version)};
	Datum	   *element[8];

	for (int c = 0; c < 8; c++)
		element[c] = palloc(sizeof(Datum) * table->count);
	for (int64 i = 0; i < table->count; i++)
	{
		Estimate	estimate;

		score_estimate(&values[i], &estimate);
		element[0][i] = Int64GetDatum(table->key[i]);
		element[1][i] = Float8GetDatum(estimate.estimate);
		element[2][i] = Float8GetDatum(estimate.low_80);
		element[3][i] = Float8GetDatum(estimate.high_80);
		element[4][i] = Float8GetDatum(estimate.low_90);
		element[5][i] = Float8GetDatum(estimate.high_90);
		element[6][i] = Float8GetDatum(estimate.fsd);
		element[7][i] = Int32GetDatum(estimate.confidence);
	}
	for (int c = 0; c < 8; c++)
	{
		Oid			type = c == 0 ? INT8OID : c == 7 ? INT4OID : FLOAT8OID;

		types[2 + c] = c == 0 ? INT8ARRAYOID : c == 7 ? INT4ARRAYOID : FLOAT8ARRAYOID;
		arguments[2 + c] = array_of(element[c], table->count, type);
	}
	SPI_execute_with_args(write_changed, 10, types, arguments, NULL, false, 0);
	return SPI_processed;
}

/* Values the listings of a segment; returns how many estimates were written. */
static int64
value_segment(const Market *market, const SegmentModel *stored, int64 *valued)
{
	MemoryContext context = CurrentMemoryContext;
	Hedonic    *model = hedonic_from_text(stored->definition);
	Observations *table = observations_create(context);
	Oid			types[] = {INT4OID, TEXTOID, DATEOID};
	Datum		values[] = {
		Int32GetDatum(market->market_id), CStringGetTextDatum(stored->segment),
		DateADTGetDatum(GetSQLCurrentDate())
	};
	Reader	   *reader;
	int64		written = 0;

	*valued = 0;
	prepare_columns(table, model->features);
	SPI_connect();
	reader = reader_open(table, visible_listings, 3, types, values);
	while (reader_fetch(reader, BATCH) > 0)
	{
		MemoryContext batch = AllocSetContextCreate(CurrentMemoryContext, "score batch",
													ALLOCSET_DEFAULT_SIZES);
		MemoryContext spi = MemoryContextSwitchTo(batch);
		HedonicValue *value = palloc(sizeof(HedonicValue) * table->count);

		hedonic_value(model, design_create(model->features, table), 0, table->count, value);
		written += write_estimates(market->market_id, stored->version, table, value);
		*valued += table->count;
		score_progress("%s, %s: %ld of %ld listings valued", market->name, stored->segment,
					   (long) *valued, (long) stored->listings);
		table->count = 0;
		MemoryContextSwitchTo(spi);
		MemoryContextDelete(batch);
	}
	reader_close(reader);
	SPI_finish();
	return written;
}

/* Deletes the estimates of listings whose segment has no active model any more. */
static void
remove_unmodelled(int market_id)
{
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(market_id);

	SPI_connect();
	SPI_execute_with_args("DELETE FROM estate.estimate e USING estate.listing l "
						  "WHERE e.market_id = $1 AND l.market_id = $1 AND l.id = e.listing "
						  "AND NOT EXISTS (SELECT FROM estate.model m WHERE m.market_id = $1 "
						  "AND m.segment = estate.segment(l.property_type) AND m.active)",
						  1, &type, &value, NULL, false, 0);
	SPI_finish();
}

static void
score_segment(ReturnSetInfo *result, const Market *market, const SegmentModel *stored)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "score segment",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	instr_time	begin,
				end;
	int64		valued = 0;
	int64		written = 0;
	Datum		values[6];
	bool		nulls[6] = {false};

	INSTR_TIME_SET_CURRENT(begin);
	if (stored->version > 0)
		written = value_segment(market, stored, &valued);
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, begin);
	values[0] = CStringGetTextDatum(market->name);
	values[1] = CStringGetTextDatum(stored->segment);
	values[2] = Int32GetDatum(stored->version);
	nulls[2] = stored->version == 0;
	values[3] = Int64GetDatum(stored->version > 0 ? valued : stored->listings);
	values[4] = Int64GetDatum(written);
	values[5] = Float8GetDatum(score_rounded(INSTR_TIME_GET_DOUBLE(end), 3));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/* Two that train or score the same market do so one after the other. */
void
score_lock_market(int market_id)
{
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(market_id);

	SPI_connect();
	SPI_execute_with_args("SELECT FROM estate.market WHERE market_id = $1 FOR NO KEY UPDATE",
						  1, &type, &value, NULL, false, 0);
	SPI_finish();
}

PG_FUNCTION_INFO_V1(estate_score);

/* estate.score(market) -> a row for each segment that has visible listings */
Datum
estate_score(PG_FUNCTION_ARGS)
{
	char	   *name = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	EstateUser	user;
	ListCell   *market_cell;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	estate_require_tables();
	estate_become_owner(&user);
	foreach(market_cell, score_markets(name))
	{
		const Market *market = lfirst(market_cell);

		score_lock_market(market->market_id);
		foreach(cell, segment_models(market->market_id))
			score_segment((ReturnSetInfo *) fcinfo->resultinfo, market, lfirst(cell));
		remove_unmodelled(market->market_id);
	}
	estate_resume_user(&user);
	score_progress_end();
	return (Datum) 0;
}
