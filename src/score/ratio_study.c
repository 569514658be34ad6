/*
 * ratio_study.c
 *	  The aggregate estate.ratio_study(estimate, price), for anyone's tables.
 *
 * Runs in any backend and in parallel workers.  Medians need every ratio, so
 * the state is an array of pairs: a real type that partitions and shards can
 * hand over.  It lives in the aggregate's context.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"

#include "estate.h"
#include "model/ratio.h"

static Datum
ratio_append(Datum array, double value)
{
	AnyArrayType *state = DatumGetAnyArrayP(array);
	int			next = AARR_NDIM(state) == 0 ? 1 : AARR_DIMS(state)[0] + 1;

	return array_set_element(array, 1, &next, Float8GetDatum(value), false,
							 -1, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
}

PG_FUNCTION_INFO_V1(estate_ratio_add);

/* ratio_add(state, estimate, price); pairs with NULL are left out */
Datum
estate_ratio_add(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	Datum		state;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (!(PG_GETARG_FLOAT8(1) > 0 && PG_GETARG_FLOAT8(2) > 0) ||
		isinf(PG_GETARG_FLOAT8(1)) || isinf(PG_GETARG_FLOAT8(2)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("estimate and price of a ratio study must be finite and above 0"),
				 errhint("Leave such rows out: estate.ratio_study(estimate, price)"
						 " FILTER (WHERE estimate > 0 AND price > 0).")));
	if (!AggCheckCallContext(fcinfo, &context))
		context = CurrentMemoryContext;
	if (PG_ARGISNULL(0))
		state = EOHPGetRWDatum(&construct_empty_expanded_array(FLOAT8OID, context, NULL)->hdr);
	else if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(PG_GETARG_DATUM(0))))
		state = PG_GETARG_DATUM(0);
	else
		state = expand_array(PG_GETARG_DATUM(0), context, NULL);
	state = ratio_append(state, PG_GETARG_FLOAT8(1));
	PG_RETURN_DATUM(ratio_append(state, PG_GETARG_FLOAT8(2)));
}

static Datum
number_or_null(double value, bool *isnull)
{
	*isnull = !isfinite(value);
	return Float8GetDatum(value);
}

PG_FUNCTION_INFO_V1(estate_ratio_study);

/* The final function: (n, median_ratio, mean_ratio, weighted_mean_ratio, cod, prd, prb) */
Datum
estate_ratio_study(PG_FUNCTION_ARGS)
{
	TupleDesc	descriptor;
	Datum		values[7] = {Int64GetDatum(0)};
	bool		nulls[7] = {false, true, true, true, true, true, true};
	RatioStudy	study = {0};

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (!PG_ARGISNULL(0))
	{
		ArrayType  *state = PG_GETARG_ARRAYTYPE_P(0);
		const double *pairs = (const double *) ARR_DATA_PTR(state);
		int64		n = ArrayGetNItems(ARR_NDIM(state), ARR_DIMS(state)) / 2;
		Size		size = sizeof(double) * Max(n, 1);
		double	   *estimate = MemoryContextAllocHuge(CurrentMemoryContext, size);
		double	   *price = MemoryContextAllocHuge(CurrentMemoryContext, size);

		if (ARR_HASNULL(state))
			elog(ERROR, "state of a ratio study has nulls");
		for (int64 i = 0; i < n; i++)
		{
			estimate[i] = pairs[2 * i];
			price[i] = pairs[2 * i + 1];
		}
		ratio_study(estimate, price, n, &study);
		values[0] = Int64GetDatum(n);
		values[1] = number_or_null(study.median_ratio, &nulls[1]);
		values[2] = number_or_null(study.mean_ratio, &nulls[2]);
		values[3] = number_or_null(study.weighted_mean_ratio, &nulls[3]);
		values[4] = number_or_null(study.cod, &nulls[4]);
		values[5] = number_or_null(study.prd, &nulls[5]);
		values[6] = number_or_null(study.prb, &nulls[6]);
	}
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls));
}
