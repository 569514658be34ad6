/*
 * estimate.c
 *	  From what a model says to what a row of estate.estimate says.
 *
 * Runs in the backend that scores.
 */
#include "postgres.h"

#include <math.h>

#include "score/score.h"

#define HIGHEST_LOG 27.0		/* about 5e11: fits numeric(14,2) */
#define LOWEST_LOG 0.0
#define HIGHEST_FSD 9.9999

static double
amount(double log_price)
{
	return exp(Min(Max(log_price, LOWEST_LOG), HIGHEST_LOG));
}

void
score_estimate(const HedonicValue *value, Estimate *estimate)
{
	double		mu = value->log_price;

	estimate->estimate = amount(mu);
	estimate->low_80 = amount(mu - value->reach_80);
	estimate->high_80 = amount(mu + value->reach_80);
	estimate->low_90 = amount(mu - value->reach_90);
	estimate->high_90 = amount(mu + value->reach_90);
	estimate->fsd = Min(value->reach_68, HIGHEST_FSD);
	estimate->confidence = estimate->fsd <= 0.10 ? 'A' : estimate->fsd <= 0.15 ? 'B' :
		estimate->fsd <= 0.20 ? 'C' : estimate->fsd <= 0.30 ? 'D' : 'E';
}

/* Rounds a figure that people read to the decimals that mean something. */
double
score_rounded(double value, int decimals)
{
	double		scale = pow(10, decimals);

	return rint(value * scale) / scale;
}
