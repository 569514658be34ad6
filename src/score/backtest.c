/*
 * backtest.c
 *	  estate.backtest(): how good the models would have been, forward in time.
 *
 * Runs in a client backend; writes nothing.  Reads as the owner of the facts,
 * whose views and types must not run with the rights of whoever calls; the
 * right to call it is the right to EXECUTE it.  At each origin a model learns
 * from the sales closed before it and values those that close until the next
 * origin.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "model/ratio.h"
#include "score/score.h"

#define COLUMNS 11

typedef struct Backtest
{
	MemoryContext context;
	DateADT		from;
	DateADT		to;				/* the first day that is not valued any more */
	Interval   *step;			/* NULL: one step */
	double	   *estimate;
	double	   *price;
	int64		count;
	int64		size;
	int64		within_80;
	int64		within_90;
	int64		untaught;		/* sales that no model could value */
} Backtest;

static DateADT
next_origin(const Backtest *test, DateADT origin)
{
	Datum		end;
	DateADT		next;

	if (test->step == NULL)
		return test->to;
	end = DirectFunctionCall2(date_pl_interval, DateADTGetDatum(origin),
							  IntervalPGetDatum(test->step));
	next = DatumGetDateADT(DirectFunctionCall1(timestamp_date, end));
	if (next <= origin)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("step must be at least one day")));
	return Min(next, test->to);
}

/* Sales are sorted by day. */
static int64
sales_before(const Observations *table, DateADT day)
{
	int64		low = 0;
	int64		high = table->count;

	while (low < high)
	{
		int64		middle = (low + high) / 2;

		if (table->day[middle] < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
backtest_keep(Backtest *test, const HedonicValue *value, double price)
{
	double		miss = fabs(log(price) - value->log_price);

	if (test->count == test->size)
	{
		test->size = Max(1024, test->size * 2);
		test->estimate = test->estimate ?
			repalloc_huge(test->estimate, sizeof(double) * test->size) :
			MemoryContextAllocHuge(test->context, sizeof(double) * test->size);
		test->price = test->price ?
			repalloc_huge(test->price, sizeof(double) * test->size) :
			MemoryContextAllocHuge(test->context, sizeof(double) * test->size);
	}
	test->estimate[test->count] = exp(value->log_price);
	test->price[test->count] = price;
	test->count++;
	test->within_80 += miss <= value->reach_80;
	test->within_90 += miss <= value->reach_90;
}

/* One origin: learns from the first sales, values the following ones. */
static void
test_origin(Backtest *test, const Observations *table, int64 taught, int64 count)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "backtest origin",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Hedonic    *model = hedonic_fit(table, taught);
	HedonicValue *values = MemoryContextAllocHuge(context, sizeof(HedonicValue) * count);

	hedonic_value(model, design_create(model->features, table), taught, count, values);
	for (int64 i = 0; i < count; i++)
		backtest_keep(test, &values[i], table->price[taught + i]);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

static void
test_segment(Backtest *test, const Market *market, const char *segment)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "backtest segment",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Observations *table = read_sales(context, market->market_id, segment, test->to);
	DateADT		next;

	for (DateADT origin = test->from; origin < test->to; origin = next)
	{
		int64		taught = sales_before(table, origin);
		int64		count;

		next = next_origin(test, origin);
		count = sales_before(table, next) - taught;
		score_progress("%s, %s: %ld sales valued, origin %s",
					   market->name, segment, (long) test->count,
					   DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(origin))));
		if (taught < SCORE_LEAST_SALES)
			test->untaught += count;
		else if (count > 0)
			test_origin(test, table, taught, count);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/* The day after the last sale of the market */
static DateADT
after_last_sale(int market_id)
{
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(market_id);
	Datum		day;
	bool		isnull;

	SPI_connect();
	SPI_execute_with_args("SELECT max(close_date) + 1 FROM estate.sale WHERE market_id = $1",
						  1, &type, &value, NULL, true, 0);
	day = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	SPI_finish();
	return isnull ? 0 : DatumGetDateADT(day);
}

static void
test_market(Backtest *test, const Market *market, bool to_last)
{
	ListCell   *cell;

	if (to_last)
		test->to = after_last_sale(market->market_id);
	foreach(cell, score_segments(market->market_id, test->to))
		test_segment(test, market, lfirst(cell));
}

static Datum
rounded(double value, bool *isnull)
{
	*isnull = !isfinite(value);
	return Float8GetDatum(score_rounded(value, 4));
}

static Datum
result_row(FunctionCallInfo fcinfo, const Backtest *test)
{
	TupleDesc	descriptor;
	Datum		values[COLUMNS] = {0};
	bool		nulls[COLUMNS];
	RatioStudy	ratio;
	ErrorStudy	error;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	memset(nulls, true, sizeof(nulls));
	values[0] = Int64GetDatum(test->count);
	nulls[0] = false;
	if (test->count > 0)
	{
		error_study(test->estimate, test->price, test->count, &error);
		ratio_study(test->estimate, test->price, test->count, &ratio);
		values[1] = rounded(error.mdape, &nulls[1]);
		values[2] = rounded(error.mape, &nulls[2]);
		values[3] = rounded(error.ppe10, &nulls[3]);
		values[4] = rounded(error.ppe20, &nulls[4]);
		values[5] = rounded(error.r2_log, &nulls[5]);
		values[6] = rounded(ratio.cod, &nulls[6]);
		values[7] = rounded(ratio.prd, &nulls[7]);
		values[8] = rounded(ratio.prb, &nulls[8]);
		values[9] = rounded(100.0 * test->within_80 / test->count, &nulls[9]);
		values[10] = rounded(100.0 * test->within_90 / test->count, &nulls[10]);
	}
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls));
}

PG_FUNCTION_INFO_V1(estate_backtest);

/* estate.backtest(market, date_from, date_to, step) -> one row */
Datum
estate_backtest(PG_FUNCTION_ARGS)
{
	Backtest   *test = palloc0(sizeof(Backtest));
	char	   *name = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	bool		to_last = PG_ARGISNULL(2);
	EstateUser	user;
	ListCell   *cell;

	if (PG_ARGISNULL(1) || DATE_NOT_FINITE(PG_GETARG_DATEADT(1)) ||
		(!to_last && DATE_NOT_FINITE(PG_GETARG_DATEADT(2))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("date_from and date_to must be finite dates")));
	test->context = CurrentMemoryContext;
	test->from = PG_GETARG_DATEADT(1);
	test->to = to_last ? 0 : PG_GETARG_DATEADT(2);
	test->step = PG_ARGISNULL(3) ? NULL : PG_GETARG_INTERVAL_P(3);
	estate_require_tables();
	estate_become_owner(&user);
	foreach(cell, score_markets(name))
		test_market(test, lfirst(cell), to_last);
	estate_resume_user(&user);
	score_progress_end();
	if (test->untaught > 0 || test->count == 0)
		ereport(NOTICE,
				(test->count > 0 ? errmsg("not every sale was valued") :
				 errmsg("no sale was valued"),
				 errdetail("A model needs %d sales of its segment closed before its origin.",
						   SCORE_LEAST_SALES)));
	return result_row(fcinfo, test);
}
