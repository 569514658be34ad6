/*
 * hedonic.c
 *	  Fits and applies the hedonic model.
 *
 * Runs in the backend that trains or scores; knows no tables.  The design is
 * never held whole: rows are made anew in blocks for each pass, since making
 * them is cheap and a million of them would not fit.  Results live in the
 * current context; what fitting needs in between, in one of its own.
 *
 * Fitting: ridge regression of the log price.  First, sales that cannot be
 * arm's-length prices are found by a robust fit and left out.  The factor of
 * the penalty is the one with the smallest leave-one-out error.  Leave-one-out
 * errors of that fit give the intervals, because they are what a sale that did
 * not teach would have shown.  Then sales far off get less weight (one step
 * towards a Student-t fit) and the coefficients are final.  Intervals must not
 * come from the weighted fit, whose weights have seen the errors.
 *
 * How large errors are is itself regressed on the features: a plain house in a
 * busy street of like houses is valued more exactly than a castle.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "model/blas.h"
#include "model/hedonic.h"
#include "model/regression.h"
#include "model/sorted.h"

#define BLOCK 256
#define NOISE 0.03				/* unit of the penalties, about the variance of errors */
#define SPREAD_PENALTY 10.0	/* the sizes of errors are noisier than prices */
#define CHOICE_SALES 3000		/* enough to choose the penalty by */
#define HIGHEST_LEVERAGE 0.9
#define SMALLEST_ERROR 0.1		/* of the typical one, before its log is taken */
#define DEVIATION 1.4826		/* of a normal distribution, per median size */
#define JUNK 6.0				/* a price this many deviations off the fit is left out */
#define JUNK_FACTOR 8.0			/* but none within this factor of the median price */
#define SCREENING_ROUNDS 5
#define SCREENING_PENALTY 3.0

static const double penalty_factors[] = {0.3, 1, 3, 10, 30, 100, 300};

typedef struct Fit
{
	const Design *design;
	int64		rows;
	int64	   *row;			/* their places in the table */
	double	   *log_price;
	int			width;
	double	   *penalty;
	double	   *products;		/* X'X */
	double	   *right;			/* X'y */
	double	   *factor;			/* Cholesky factor of X'X + penalty */
	double	   *coefficient;
	double	   *x;				/* a block of rows of the design */
	double	   *solved;			/* the same, through the factor */
	double	   *error;			/* leave-one-out, for each sale */
} Fit;

/* The smallest value that at least this share of future values will not exceed. */
static double
safe_quantile(const double *sorted, int64 count, double share)
{
	int64		place = (int64) ceil(share * (count + 1)) - 1;

	return sorted[Min(Max(place, 0), count - 1)];
}

static double *
new_matrix(int rows, int columns)
{
	return MemoryContextAllocExtended(CurrentMemoryContext, sizeof(double) * rows * columns,
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* Rows first, first + step, ... of the design; returns how many. */
static int
make_block(Fit *fit, int64 first, int64 step)
{
	int			count = 0;

	CHECK_FOR_INTERRUPTS();
	for (int64 row = first; row < fit->rows && count < BLOCK; row += step)
		design_row(fit->design, fit->row[row], fit->x + (Size) count++ * fit->width);
	return count;
}

static void
add_block(const double *x, int count, int width, const double *y, double *products, double *right)
{
	blas_add_products(width, count, x, width, products, width);
	blas_add_product(width, count, x, width, y, right);
}

static void
sum_products(Fit *fit)
{
	memset(fit->products, 0, sizeof(double) * fit->width * fit->width);
	memset(fit->right, 0, sizeof(double) * fit->width);
	for (int64 first = 0; first < fit->rows; first += BLOCK)
	{
		int			count = make_block(fit, first, 1);

		add_block(fit->x, count, fit->width, fit->log_price + first, fit->products, fit->right);
	}
}

/* Factors X'X + penalty and solves for the right side. */
static void
solve(Fit *fit, const double *products, double penalty_factor, const double *right,
	  double *solution)
{
	int			width = fit->width;

	memcpy(fit->factor, products, sizeof(double) * width * width);
	for (int j = 0; j < width; j++)
		fit->factor[(Size) j * width + j] += NOISE * fit->penalty[j] *
			(j == 0 ? 1 : penalty_factor);
	if (cholesky_factor(width, fit->factor, 0) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the features of these sales cannot be told apart numerically")));
	memcpy(solution, right, sizeof(double) * width);
	cholesky_solve(width, fit->factor, solution);
}

/*
 * Leave-one-out errors of a block: e / (1 - h), where h = x' A^-1 x is what
 * the sale says about itself.
 */
static void
block_errors(Fit *fit, int count, int64 first, int64 step, double *error)
{
	int			width = fit->width;
	double		fitted[BLOCK];

	blas_product_transposed(width, count, fit->x, width, fit->coefficient, fitted);
	memcpy(fit->solved, fit->x, sizeof(double) * width * count);
	blas_solve_lower(width, count, fit->factor, width, fit->solved, width);
	for (int i = 0; i < count; i++)
	{
		const double *column = fit->solved + (Size) i * width;
		double		leverage = 0;

		for (int j = 0; j < width; j++)
			leverage += column[j] * column[j];
		error[i] = (fit->log_price[first + i * step] - fitted[i]) /
			(1 - Min(leverage, HIGHEST_LEVERAGE));
	}
}

static void
all_errors(Fit *fit)
{
	for (int64 first = 0; first < fit->rows; first += BLOCK)
	{
		int			count = make_block(fit, first, 1);

		block_errors(fit, count, first, 1, fit->error + first);
	}
}

/* Errors of the fit itself: enough to see junk, and without a triangular solve. */
static void
all_residuals(Fit *fit)
{
	for (int64 first = 0; first < fit->rows; first += BLOCK)
	{
		int			count = make_block(fit, first, 1);

		blas_product_transposed(fit->width, count, fit->x, fit->width,
								fit->coefficient, fit->error + first);
		for (int i = 0; i < count; i++)
			fit->error[first + i] = fit->log_price[first + i] - fit->error[first + i];
	}
}

static double
typical_error(const Fit *fit)
{
	double	   *size = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(double) * fit->rows);

	for (int64 i = 0; i < fit->rows; i++)
		size[i] = fabs(fit->error[i]);
	sort_numbers(size, fit->rows);
	return Max(size[fit->rows / 2], 1e-6);
}

/* Weight of a sale in a Student-t fit with 4 degrees of freedom */
static double
student_weight(double error, double typical)
{
	double		t = error / (DEVIATION * typical);

	return 1 / Max(1, (4 + t * t) / 5);
}

/* X'WX and X'Wy with Student-t weights by the errors of the fit before */
static void
sum_weighted(Fit *fit, double typical, double *products, double *right)
{
	int			width = fit->width;
	double		y[BLOCK];

	memset(products, 0, sizeof(double) * width * width);
	memset(right, 0, sizeof(double) * width);
	for (int64 first = 0; first < fit->rows; first += BLOCK)
	{
		int			count = make_block(fit, first, 1);

		for (int i = 0; i < count; i++)
		{
			double		root = sqrt(student_weight(fit->error[first + i], typical));

			for (int j = 0; j < width; j++)
				fit->x[(Size) i * width + j] *= root;
			y[i] = root * fit->log_price[first + i];
		}
		add_block(fit->x, count, width, y, products, right);
	}
}

/* Leaves out sales whose error is beyond the limit. */
static void
leave_out(Fit *fit, double limit)
{
	int64		kept = 0;

	for (int64 i = 0; i < fit->rows; i++)
	{
		if (fabs(fit->error[i]) > limit)
			continue;
		fit->row[kept] = fit->row[i];
		fit->log_price[kept] = fit->log_price[i];
		kept++;
	}
	fit->rows = kept;
}

/*
 * Leaves out prices that no home of the market can have cost.  This comes
 * before the first fit: they would bend it so far that the errors of all other
 * sales look large.
 */
static void
leave_out_absurd(Fit *fit)
{
	double	   *sorted = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(double) * fit->rows);
	double		median;

	memcpy(sorted, fit->log_price, sizeof(double) * fit->rows);
	sort_numbers(sorted, fit->rows);
	median = sorted[fit->rows / 2];
	for (int64 i = 0; i < fit->rows; i++)
		fit->error[i] = fit->log_price[i] - median;
	leave_out(fit, Max(JUNK * DEVIATION * typical_error(fit), log(JUNK_FACTOR)));
}

/*
 * Leaves out sales whose price is none between strangers (one euro from an
 * aunt to her nephew) or is mistyped (a missing zero).  They would not only
 * teach wrong values, but also make every interval wide.
 */
static void
screen(Fit *fit)
{
	double		typical;
	double		before;

	leave_out_absurd(fit);
	sum_products(fit);
	solve(fit, fit->products, SCREENING_PENALTY, fit->right, fit->coefficient);
	all_residuals(fit);
	typical = typical_error(fit);
	for (int round = 0; round < SCREENING_ROUNDS; round++)
	{
		before = typical;
		sum_weighted(fit, typical, fit->products, fit->right);
		solve(fit, fit->products, SCREENING_PENALTY, fit->right, fit->coefficient);
		all_residuals(fit);
		typical = typical_error(fit);
		if (typical > 0.97 * before)
			break;
	}
	leave_out(fit, JUNK * DEVIATION * typical);
	sum_products(fit);
}

static double
choose_penalty(Fit *fit)
{
	int64		step = Max(1, fit->rows / CHOICE_SALES);
	double		best = 0;
	double		least = INFINITY;
	double		error[BLOCK];

	for (int k = 0; k < lengthof(penalty_factors); k++)
	{
		double		sum = 0;

		solve(fit, fit->products, penalty_factors[k], fit->right, fit->coefficient);
		for (int64 first = 0; first < fit->rows; first += step * BLOCK)
		{
			int			count = make_block(fit, first, step);

			block_errors(fit, count, first, step, error);
			for (int i = 0; i < count; i++)
				sum += fabs(error[i]);
		}
		if (sum < least)
		{
			least = sum;
			best = penalty_factors[k];
		}
	}
	return best;
}

static void
hedonic_measure(const Fit *fit, Hedonic *model)
{
	double	   *miss = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(double) * fit->rows);
	double		mean = 0;
	double		total = 0;
	double		left = 0;

	for (int64 i = 0; i < fit->rows; i++)
		mean += fit->log_price[i] / fit->rows;
	for (int64 i = 0; i < fit->rows; i++)
	{
		total += (fit->log_price[i] - mean) * (fit->log_price[i] - mean);
		left += fit->error[i] * fit->error[i];
		miss[i] = fabs(exp(-fit->error[i]) - 1);
	}
	sort_numbers(miss, fit->rows);
	model->mdape = 100 * miss[fit->rows / 2];
	model->r2_log = total > 1e-12 * fit->rows ? 1 - left / total : get_float8_nan();
}

/* The final coefficients, and those of the size of errors. */
static void
final_coefficients(Fit *fit, double penalty_factor, Hedonic *model)
{
	int			width = fit->width;
	double		typical = typical_error(fit);
	double	   *products = new_matrix(width, width);
	double	   *right = new_matrix(width, 1);
	double		size[BLOCK];

	for (int64 first = 0; first < fit->rows; first += BLOCK)
	{
		int			count = make_block(fit, first, 1);

		for (int i = 0; i < count; i++)
			size[i] = log(fabs(fit->error[first + i]) + SMALLEST_ERROR * typical);
		blas_add_product(width, count, fit->x, width, size, right);
	}
	solve(fit, fit->products, penalty_factor * SPREAD_PENALTY, right, model->spread);
	sum_weighted(fit, typical, products, right);
	solve(fit, products, penalty_factor, right, model->coefficient);
}

static double
clamped_spread(const Hedonic *model, double spread)
{
	return exp(Min(Max(spread, model->spread_lowest), model->spread_highest));
}

/* The quantiles of errors in units of the size expected of them. */
static void
calibrate(Fit *fit, Hedonic *model)
{
	double	   *spread = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(double) * fit->rows);
	double	   *sorted = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(double) * fit->rows);

	for (int64 first = 0; first < fit->rows; first += BLOCK)
	{
		int			count = make_block(fit, first, 1);

		blas_product_transposed(fit->width, count, fit->x, fit->width,
								model->spread, spread + first);
	}
	memcpy(sorted, spread, sizeof(double) * fit->rows);
	sort_numbers(sorted, fit->rows);
	/* what the model says beyond the range of most sales is not believed */
	model->spread_lowest = sorted[(int64) (0.02 * (fit->rows - 1))];
	model->spread_highest = sorted[(int64) (0.98 * (fit->rows - 1))];
	for (int64 i = 0; i < fit->rows; i++)
		sorted[i] = fabs(fit->error[i]) / clamped_spread(model, spread[i]);
	sort_numbers(sorted, fit->rows);
	model->quantile_68 = safe_quantile(sorted, fit->rows, 0.68);
	model->quantile_80 = safe_quantile(sorted, fit->rows, 0.80);
	model->quantile_90 = safe_quantile(sorted, fit->rows, 0.90);
}

static Fit *
hedonic_prepare(const Observations *table, int64 rows, const FeatureSet *features)
{
	Fit		   *fit = palloc0(sizeof(Fit));

	fit->row = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int64) * rows);
	fit->log_price = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(double) * rows);
	for (int64 i = 0; i < rows; i++)
	{
		fit->row[i] = i;
		fit->log_price[i] = log(table->price[i]);
	}
	fit->design = design_create(features, table);
	fit->rows = rows;
	fit->width = features->width;
	fit->penalty = new_matrix(fit->width, 1);
	design_penalty(features, fit->penalty);
	fit->products = new_matrix(fit->width, fit->width);
	fit->right = new_matrix(fit->width, 1);
	fit->factor = new_matrix(fit->width, fit->width);
	fit->coefficient = new_matrix(fit->width, 1);
	fit->x = new_matrix(fit->width, BLOCK);
	fit->solved = new_matrix(fit->width, BLOCK);
	fit->error = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(double) * rows);
	return fit;
}

/*
 * A model from the first rows of the table, all of which have a price.
 */
Hedonic *
hedonic_fit(const Observations *table, int64 rows)
{
	Hedonic    *model = palloc0(sizeof(Hedonic));
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "hedonic fit",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller;
	Fit		   *fit;
	double		factor;

	model->features = choose_features(table, rows);
	model->sales = rows;
	model->coefficient = new_matrix(model->features->width, 1);
	model->spread = new_matrix(model->features->width, 1);

	caller = MemoryContextSwitchTo(scratch);
	fit = hedonic_prepare(table, rows, model->features);
	screen(fit);
	factor = choose_penalty(fit);
	solve(fit, fit->products, factor, fit->right, fit->coefficient);
	all_errors(fit);
	hedonic_measure(fit, model);
	final_coefficients(fit, factor, model);
	calibrate(fit, model);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	return model;
}

static double
dot(const double *a, const double *b, int count)
{
	double		sum = 0;

	for (int j = 0; j < count; j++)
		sum += a[j] * b[j];
	return sum;
}

/*
 * Values count rows of the design's table.  Row by row, not through BLAS: the
 * same home must get the same cents whatever rows stand beside it, or
 * unchanged estimates would be written again.
 */
void
hedonic_value(const Hedonic *model, const Design *design,
			  int64 first, int64 count, HedonicValue *values)
{
	int			width = model->features->width;
	double	   *x = palloc(sizeof(double) * width);

	for (int64 i = 0; i < count; i++)
	{
		double		size;

		if (i % BLOCK == 0)
			CHECK_FOR_INTERRUPTS();
		design_row(design, first + i, x);
		size = clamped_spread(model, dot(x, model->spread, width));
		values[i].log_price = dot(x, model->coefficient, width);
		values[i].reach_68 = model->quantile_68 * size;
		values[i].reach_80 = model->quantile_80 * size;
		values[i].reach_90 = model->quantile_90 * size;
	}
	pfree(x);
}
