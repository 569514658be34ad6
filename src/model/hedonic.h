/*
 * hedonic.h
 *	  The value of a home as the sum of what its features are worth, on the
 *	  scale of the logarithm of the price.
 */
#ifndef ESTATE_MODEL_HEDONIC_H
#define ESTATE_MODEL_HEDONIC_H

#include "model/feature.h"

typedef struct Hedonic
{
	FeatureSet *features;
	double	   *coefficient;	/* of the log price */
	double	   *spread;			/* of the log of the size of the error */
	double		spread_lowest;
	double		spread_highest;
	double		quantile_68;	/* of the error in units of its size */
	double		quantile_80;
	double		quantile_90;
	int64		sales;
	double		r2_log;			/* leave-one-out; NaN: all prices are the same */
	double		mdape;			/* leave-one-out, in percent */
} Hedonic;

/* What a home is worth: the median, and how far the price may be from it */
typedef struct HedonicValue
{
	double		log_price;
	double		reach_68;
	double		reach_80;
	double		reach_90;
} HedonicValue;

extern Hedonic *hedonic_fit(const Observations *table, int64 rows);
extern void hedonic_value(const Hedonic *model, const Design *design,
						  int64 first, int64 count, HedonicValue *values);

/* definition.c */
extern char *hedonic_to_text(const Hedonic *model);
extern Hedonic *hedonic_from_text(const char *text);

#endif							/* ESTATE_MODEL_HEDONIC_H */
