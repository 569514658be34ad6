/*
 * gram_functions.c
 *	  The aggregates estate.gram() and estate.merge(), and estate.ols() and
 *	  estate.ridge(), for anyone's tables.
 *
 * Runs in any backend and in parallel workers.  An aggregate's state lives in
 * the aggregate's context, results in the current one.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/float.h"

#include "estate.h"
#include "model/gram_type.h"
#include "model/regression.h"

static MemoryContext
state_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	return AggCheckCallContext(fcinfo, &context) ? context : CurrentMemoryContext;
}

/*
 * gram_add(state, y, x).  A row with NULL in y, x or an element of x is left
 * out, as in any regression.
 */
PG_FUNCTION_INFO_V1(estate_gram_add);
Datum
estate_gram_add(PG_FUNCTION_ARGS)
{
	ArrayType  *x;
	Gram	   *gram;
	Datum		state;
	int			p;

	x = PG_ARGISNULL(1) || PG_ARGISNULL(2) ? NULL : PG_GETARG_ARRAYTYPE_P(2);
	if (x == NULL || (ARR_HASNULL(x) && array_contains_nulls(x)))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (ARR_NDIM(x) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("x must be a one-dimensional array with at least one element")));
	p = ARR_DIMS(x)[0];
	if (PG_ARGISNULL(0))
		state = new_gram(state_context(fcinfo), p, &gram);
	else
		gram = datum_get_writable_gram(PG_GETARG_DATUM(0), state_context(fcinfo), &state);
	if (gram->p != p)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("x has %d elements here and %d in rows before", p, gram->p)));
	gram_add(gram, (const double *) ARR_DATA_PTR(x), PG_GETARG_FLOAT8(1));
	PG_RETURN_DATUM(state);
}

PG_FUNCTION_INFO_V1(estate_gram_combine);
Datum
estate_gram_combine(PG_FUNCTION_ARGS)
{
	Datum		state;
	Gram	   *into;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(0))
	{
		Gram	   *from = datum_get_gram(PG_GETARG_DATUM(1));

		state = new_gram(state_context(fcinfo), from->p, &into);
		gram_merge(into, from);
	}
	else
	{
		into = datum_get_writable_gram(PG_GETARG_DATUM(0), state_context(fcinfo), &state);
		gram_merge(into, datum_get_gram(PG_GETARG_DATUM(1)));
	}
	PG_RETURN_DATUM(state);
}

static Datum
number_array(const double *values, int count)
{
	Datum	   *elements = palloc(sizeof(Datum) * count);

	for (int i = 0; i < count; i++)
		elements[i] = Float8GetDatum(values[i]);
	return PointerGetDatum(construct_array(elements, count, FLOAT8OID,
										   sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* The row (n, p, coefficients, standard_errors, r2, sigma) */
static Datum
regression_row(FunctionCallInfo fcinfo, double lambda)
{
	Regression *fit = regress(datum_get_gram(PG_GETARG_DATUM(0)), lambda);
	Datum		values[6];
	bool		nulls[6] = {false};
	TupleDesc	descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum(fit->n);
	values[1] = Int32GetDatum(fit->p);
	values[2] = number_array(fit->coefficient, fit->p + 1);
	nulls[3] = fit->standard_error == NULL;
	values[3] = nulls[3] ? (Datum) 0 : number_array(fit->standard_error, fit->p + 1);
	nulls[4] = isnan(fit->r2);
	values[4] = Float8GetDatum(fit->r2);
	nulls[5] = isnan(fit->sigma);
	values[5] = Float8GetDatum(fit->sigma);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls));
}

PG_FUNCTION_INFO_V1(estate_ols);
Datum
estate_ols(PG_FUNCTION_ARGS)
{
	return regression_row(fcinfo, 0);
}

PG_FUNCTION_INFO_V1(estate_ridge);
Datum
estate_ridge(PG_FUNCTION_ARGS)
{
	double		lambda = PG_GETARG_FLOAT8(1);

	if (!(lambda > 0) || isinf(lambda))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lambda must be a finite number above 0"),
				 errhint("estate.ols() is the regression without a penalty.")));
	return regression_row(fcinfo, lambda);
}
