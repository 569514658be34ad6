/*
 * ratio.h
 *	  How well estimates meet prices.
 */
#ifndef ESTATE_MODEL_RATIO_H
#define ESTATE_MODEL_RATIO_H

#include "postgres.h"

/* NaN where it cannot be said */
typedef struct RatioStudy
{
	int64		n;
	double		median_ratio;
	double		mean_ratio;
	double		weighted_mean_ratio;
	double		cod;
	double		prd;
	double		prb;
} RatioStudy;

typedef struct ErrorStudy
{
	double		mdape;
	double		mape;
	double		ppe10;
	double		ppe20;
	double		r2_log;
} ErrorStudy;

extern void ratio_study(const double *estimate, const double *price, int64 n, RatioStudy *study);
extern void error_study(const double *estimate, const double *price, int64 n, ErrorStudy *study);

#endif							/* ESTATE_MODEL_RATIO_H */
