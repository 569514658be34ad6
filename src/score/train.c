/*
 * train.c
 *	  estate.train(): a model for each market and segment with enough sales.
 *
 * Runs in a client backend or in a worker, in the caller's transaction: the
 * new versions are active at its commit, or none is.  Reads and writes as the
 * owner of the tables; the right to call it is the right to EXECUTE it.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "score/score.h"

static int
store_model(const Market *market, const char *segment, DateADT as_of,
			const Hedonic *model, double seconds)
{
	Oid			types[] = {INT4OID, TEXTOID, DATEOID, INT4OID, INT4OID,
	FLOAT8OID, FLOAT8OID, FLOAT8OID, TEXTOID};
	Datum		values[] = {
		Int32GetDatum(market->market_id), CStringGetTextDatum(segment), DateADTGetDatum(as_of),
		Int32GetDatum((int32) model->sales), Int32GetDatum(model->features->width - 1),
		Float8GetDatum(model->r2_log), Float8GetDatum(model->mdape), Float8GetDatum(seconds),
		CStringGetTextDatum(hedonic_to_text(model))
	};
	const char *nulls = isnan(model->r2_log) ? "     n   " : NULL;
	bool		isnull;
	int			version;

	SPI_connect();
	SPI_execute_with_args("UPDATE estate.model SET active = false "
						  "WHERE market_id = $1 AND segment = $2 AND active",
						  2, types, values, NULL, false, 0);
	if (SPI_execute_with_args("INSERT INTO estate.model"
							  " (market_id, segment, version, active, trained_at, as_of,"
							  " sales, features, r2_log, mdape, seconds, definition) "
							  "SELECT $1, $2, coalesce(max(version), 0) + 1, true, now(), $3,"
							  " $4, $5, $6, $7, $8, $9 "
							  "FROM estate.model WHERE market_id = $1 AND segment = $2 "
							  "RETURNING version",
							  9, types, values, nulls, false, 0) != SPI_OK_INSERT_RETURNING)
		elog(ERROR, "could not store a model");
	version = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
										  &isnull));
	SPI_finish();
	return version;
}

static void
train_segment(ReturnSetInfo *result, const Market *market, const char *segment, DateADT as_of)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "train segment",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Observations *table;
	Hedonic    *model;
	instr_time	begin,
				end;
	Datum		values[8];
	bool		nulls[8] = {false};
	int			version;

	INSTR_TIME_SET_CURRENT(begin);
	table = read_sales(context, market->market_id, segment, as_of);
	score_progress("%s, %s: training on %ld sales", market->name, segment, (long) table->count);
	model = hedonic_fit(table, table->count);
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, begin);
	version = store_model(market, segment, as_of, model, INSTR_TIME_GET_DOUBLE(end));

	values[0] = CStringGetTextDatum(market->name);
	values[1] = CStringGetTextDatum(segment);
	values[2] = Int32GetDatum(version);
	values[3] = Int32GetDatum((int32) model->sales);
	values[4] = Int32GetDatum(model->features->width - 1);
	values[5] = Float8GetDatum(score_rounded(model->mdape, 4));
	values[6] = Float8GetDatum(score_rounded(model->r2_log, 4));
	nulls[6] = isnan(model->r2_log);
	values[7] = Float8GetDatum(score_rounded(INSTR_TIME_GET_DOUBLE(end), 3));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

static int
train_market(ReturnSetInfo *result, const Market *market, DateADT as_of)
{
	List	   *segments;
	ListCell   *cell;

	score_lock_market(market->market_id);
	segments = score_segments(market->market_id, as_of);
	foreach(cell, segments)
		train_segment(result, market, lfirst(cell), as_of);
	return list_length(segments);
}

PG_FUNCTION_INFO_V1(estate_train);

/* estate.train(market, as_of) -> a row for each model made */
Datum
estate_train(PG_FUNCTION_ARGS)
{
	char	   *name = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	DateADT		as_of = PG_ARGISNULL(1) ? GetSQLCurrentDate() + 1 : PG_GETARG_DATEADT(1);
	EstateUser	user;
	ListCell   *cell;
	int			trained = 0;

	if (DATE_NOT_FINITE(as_of))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of must be a finite date")));
	InitMaterializedSRF(fcinfo, 0);
	estate_require_tables();
	estate_become_owner(&user);
	foreach(cell, score_markets(name))
		trained += train_market((ReturnSetInfo *) fcinfo->resultinfo, lfirst(cell), as_of);
	estate_resume_user(&user);
	score_progress_end();
	if (trained == 0)
		ereport(NOTICE,
				(errmsg("no segment has enough sales to train on"),
				 errdetail("A model needs %d sales closed before its day in one segment.",
						   SCORE_LEAST_SALES),
				 errhint("SELECT market_id, segment, count(*), min(close_date), max(close_date)"
						 " FROM estate.sale GROUP BY 1, 2;")));
	return (Datum) 0;
}
