/*
 * regression.c
 *	  Least squares and ridge regression from a gram.
 *
 * Runs in the backend that asks; knows no tables; results live in the current
 * memory context.
 *
 * The intercept never enters a matrix: with deviations from the means it
 * follows from the other coefficients, and so it is never penalised.  Columns
 * are scaled to unit length before they are factored, so that square feet and
 * bathrooms do not spoil each other's digits, and so that one tolerance tells
 * a dependent column whatever its unit.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/float.h"

#include "model/blas.h"
#include "model/regression.h"

#define PANEL 128

/*
 * A pivot is the part of a unit column that the columns before it leave
 * unexplained.  Below this there are fewer than four digits in a coefficient.
 */
#define DEPENDENT 1e-12

/* a column whose deviations are only the rounding of its mean */
#define CONSTANT 1e-14

/*
 * A = L L' in place, in panels, so that a cancel is answered.  Returns 0, or
 * the 1-based column whose pivot is not above the tolerance.
 */
int
cholesky_factor(int n, double *a, double tolerance)
{
	for (int first = 0; first < n; first += PANEL)
	{
		int			width = Min(PANEL, n - first);
		int			below = n - first - width;
		double	   *corner = a + (Size) first * n + first;
		double	   *panel = corner + width;
		int			failed;

		CHECK_FOR_INTERRUPTS();
		failed = blas_cholesky(width, corner, n);
		for (int j = 0; j < (failed ? failed - 1 : width); j++)
		{
			double		pivot = corner[(Size) j * n + j];

			if (!(pivot * pivot > tolerance))
				return first + j + 1;
		}
		if (failed)
			return first + failed;
		if (below > 0)
		{
			blas_solve_right(below, width, corner, n, panel, n);
			blas_subtract_products(below, width, panel, n,
								   panel + (Size) width * n, n);
		}
	}
	return 0;
}

/* b = (L L')^-1 b */
void
cholesky_solve(int n, const double *l, double *b)
{
	blas_solve_lower(n, 1, l, n, b, n);
	blas_solve_upper(n, 1, l, n, b, n);
}

static void
check_rows(const Gram *gram, double lambda)
{
	if (gram->n < 2 || (lambda == 0 && gram->n <= gram->p))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("too few rows for a regression"),
				 errdetail("Rows: " INT64_FORMAT "; coefficients, with the intercept: %d.",
						   gram->n, gram->p + 1),
				 errhint("Use more rows, fewer columns, or estate.ridge().")));
}

/* Lengths of the columns; a constant column gets 0. */
static double *
column_lengths(const Gram *gram)
{
	double	   *length = palloc(sizeof(double) * gram->p);

	for (int j = 0; j < gram->p; j++)
	{
		double		square = gram->cross[(Size) j * gram->q + j];
		double		rounding = CONSTANT * fabs(gram->mean[j]);

		length[j] = square <= gram->n * rounding * rounding ? 0 : sqrt(square);
	}
	return length;
}

static void
report_dependent(int column, bool constant)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the columns of x are linearly dependent"),
			 constant ?
			 errdetail("x[%d] is constant; the intercept is always part of the regression.",
					   column) :
			 errdetail("x[%d] follows from the columns before it.", column),
			 errhint("Leave the column out, or use estate.ridge().")));
}

/* The products of the scaled columns, with the penalty on their diagonal. */
static double *
scaled_products(const Gram *gram, const double *length, const double *penalty)
{
	int			p = gram->p;
	double	   *a = palloc(sizeof(double) * p * p);

	for (int j = 0; j < p; j++)
	{
		for (int i = j; i < p; i++)
			a[(Size) j * p + i] = length[i] == 0 || length[j] == 0 ? 0 :
				gram->cross[(Size) j * gram->q + i] / length[i] / length[j];
		a[(Size) j * p + j] = (length[j] == 0 ? 0 : 1) + penalty[j];
	}
	return a;
}

/*
 * Standard errors, and the degrees of freedom that the fit uses.
 *
 * With A = X'X + P the estimate has covariance A^-1 X'X A^-1 sigma^2, which is
 * A^-1 - A^-1 P A^-1, and uses p - tr(A^-1 P) degrees.  So columns of A^-1 are
 * all that is needed, some at a time.  covariance[0] is the intercept's.
 */
static double
covariances(const Gram *gram, const double *l, const double *length,
			const double *penalty, double *covariance)
{
	int			p = gram->p;
	double		degrees = p;
	double	   *inverse = palloc(sizeof(double) * p * PANEL);
	double	   *scaled_mean = palloc(sizeof(double) * p);

	for (int j = 0; j < p; j++)
		scaled_mean[j] = length[j] == 0 ? 0 : gram->mean[j] / length[j];
	for (int first = 0; first < p; first += PANEL)
	{
		int			width = Min(PANEL, p - first);

		CHECK_FOR_INTERRUPTS();
		memset(inverse, 0, sizeof(double) * p * width);
		for (int j = 0; j < width; j++)
			inverse[(Size) j * p + first + j] = 1;
		blas_solve_lower(p, width, l, p, inverse, p);
		CHECK_FOR_INTERRUPTS();
		blas_solve_upper(p, width, l, p, inverse, p);
		for (int j = 0; j < width; j++)
		{
			const double *column = inverse + (Size) j * p;
			double		shrunk = 0;

			for (int i = 0; i < p; i++)
				shrunk += penalty[i] * column[i] * column[i];
			covariance[1 + first + j] = column[first + j] - shrunk;
			degrees -= penalty[first + j] * column[first + j];
		}
	}

	/* the intercept is mean(y) - mean(x) b */
	cholesky_solve(p, l, scaled_mean);
	covariance[0] = 1.0 / gram->n;
	for (int j = 0; j < p; j++)
		covariance[0] += (length[j] == 0 ? 0 : scaled_mean[j] * gram->mean[j] / length[j])
			- penalty[j] * scaled_mean[j] * scaled_mean[j];
	return degrees;
}

static void
set_errors(Regression *fit, const Gram *gram, const double *l, const double *length,
		   const double *penalty, double residual)
{
	double	   *covariance = palloc(sizeof(double) * (gram->p + 1));
	double		left = gram->n - 1 - covariances(gram, l, length, penalty, covariance);

	if (left <= 1e-9 * gram->n)
		return;
	fit->sigma = sqrt(residual / left);
	fit->standard_error = palloc(sizeof(double) * (gram->p + 1));
	for (int j = 0; j <= gram->p; j++)
	{
		double		unit = j == 0 ? 1 : length[j - 1];

		fit->standard_error[j] = unit == 0 ? 0 :
			fit->sigma * sqrt(Max(covariance[j], 0)) / unit;
	}
}

/* Sum of squares that the scaled coefficients b leave, from the products. */
static double
residual_squares(const Gram *gram, const double *length, const double *b)
{
	const double *cross = gram->cross;
	int			q = gram->q;
	double		squares = cross[(Size) gram->p * q + gram->p];

	for (int j = 0; j < gram->p; j++)
	{
		double		slope = length[j] == 0 ? 0 : b[j] / length[j];
		double		others = cross[(Size) j * q + j] * slope;

		for (int i = j + 1; i < gram->p; i++)
			others += 2 * cross[(Size) j * q + i] * (length[i] == 0 ? 0 : b[i] / length[i]);
		squares += slope * (others - 2 * cross[(Size) j * q + gram->p]);
	}
	return Max(squares, 0);
}

/*
 * Minimises |y - a - X b|^2 + lambda |b|^2, with X as it is given.  lambda 0
 * is ordinary least squares and throws when columns are dependent.
 */
Regression *
regress(Gram *gram, double lambda)
{
	Regression *fit = palloc0(sizeof(Regression));
	int			p = gram->p;
	double	   *length;
	double	   *penalty = palloc0(sizeof(double) * p);
	double	   *b = palloc0(sizeof(double) * p);
	double	   *l;
	double		total;
	double		residual;
	int			dependent;

	gram_flush(gram);
	check_rows(gram, lambda);
	length = column_lengths(gram);
	for (int j = 0; j < p; j++)
	{
		if (length[j] == 0 && lambda == 0)
			report_dependent(j + 1, true);
		penalty[j] = length[j] == 0 ? 1 : lambda / length[j] / length[j];
		b[j] = length[j] == 0 ? 0 : gram->cross[(Size) j * gram->q + p] / length[j];
	}
	l = scaled_products(gram, length, penalty);
	dependent = cholesky_factor(p, l, DEPENDENT);
	if (dependent)
		report_dependent(dependent, false);
	cholesky_solve(p, l, b);

	total = gram->cross[(Size) p * gram->q + p];
	residual = residual_squares(gram, length, b);
	fit->n = gram->n;
	fit->p = p;
	fit->r2 = total > 0 ? 1 - residual / total : get_float8_nan();
	fit->sigma = get_float8_nan();
	set_errors(fit, gram, l, length, penalty, residual);
	fit->coefficient = palloc(sizeof(double) * (p + 1));
	fit->coefficient[0] = gram->mean[p];
	for (int j = 0; j < p; j++)
	{
		fit->coefficient[j + 1] = length[j] == 0 ? 0 : b[j] / length[j];
		fit->coefficient[0] -= fit->coefficient[j + 1] * gram->mean[j];
	}
	return fit;
}
