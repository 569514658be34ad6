/*
 * ratio.c
 *	  How well estimates meet prices: the statistics of the International
 *	  Association of Assessing Officers, and those of valuation models.
 *
 * Runs in any backend.  Formulas of the ratio study are those of IAAO,
 * Standard on Ratio Studies (2013), with r = estimate / price:
 *
 *	COD	100 * mean |r - median| / median		uniformity
 *	PRD	mean r / (sum of estimates / sum of prices)		> 1: dear homes low
 *	PRB	slope of (r - median) / median on log2 of value, where value is the
 *		mean of the price and of estimate / median
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"
#include "utils/memutils.h"

#include "model/ratio.h"
#include "model/sorted.h"

/* Sorts the values. */
static double
median_of(double *values, int64 n)
{
	if (n == 0)
		return get_float8_nan();
	sort_numbers(values, n);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static double
price_related_bias(const double *estimate, const double *price, int64 n, double median)
{
	double		mx = 0,
				my = 0,
				xx = 0,
				xy = 0;

	for (int64 i = 0; i < n; i++)
	{
		double		x = log2((price[i] + estimate[i] / median) / 2);
		double		y = (estimate[i] / price[i] - median) / median;
		double		dx = x - mx;

		mx += dx / (i + 1);
		my += (y - my) / (i + 1);
		xx += dx * (x - mx);
		xy += dx * (y - my);
	}
	return xx > 0 ? xy / xx : get_float8_nan();
}

/* All estimates and prices are above 0. */
void
ratio_study(const double *estimate, const double *price, int64 n, RatioStudy *study)
{
	double	   *ratio = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(double) * Max(n, 1));
	double		estimates = 0;
	double		prices = 0;
	double		ratios = 0;
	double		deviations = 0;

	for (int64 i = 0; i < n; i++)
	{
		ratio[i] = estimate[i] / price[i];
		ratios += ratio[i];
		estimates += estimate[i];
		prices += price[i];
	}
	study->n = n;
	study->median_ratio = median_of(ratio, n);
	for (int64 i = 0; i < n; i++)
		deviations += fabs(ratio[i] - study->median_ratio);
	study->mean_ratio = ratios / n;
	study->weighted_mean_ratio = estimates / prices;
	study->cod = 100 * deviations / n / study->median_ratio;
	study->prd = study->mean_ratio / study->weighted_mean_ratio;
	study->prb = price_related_bias(estimate, price, n, study->median_ratio);
	pfree(ratio);
}

/* Errors in percent of the price, and shares of them in percent. */
void
error_study(const double *estimate, const double *price, int64 n, ErrorStudy *study)
{
	double	   *miss = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(double) * Max(n, 1));
	double		misses = 0;
	double		mean = 0;
	double		total = 0;
	double		left = 0;
	int64		within10 = 0;
	int64		within20 = 0;

	for (int64 i = 0; i < n; i++)
	{
		double		y = log(price[i]);
		double		before = y - mean;
		double		error = y - log(estimate[i]);

		miss[i] = fabs(estimate[i] / price[i] - 1);
		misses += miss[i];
		within10 += miss[i] <= 0.1;
		within20 += miss[i] <= 0.2;
		mean += before / (i + 1);
		total += before * (y - mean);
		left += error * error;
	}
	study->mdape = 100 * median_of(miss, n);
	study->mape = 100 * misses / n;
	study->ppe10 = 100.0 * within10 / n;
	study->ppe20 = 100.0 * within20 / n;
	study->r2_log = total > 0 ? 1 - left / total : get_float8_nan();
	pfree(miss);
}
