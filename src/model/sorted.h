/*
 * sorted.h
 *	  Numbers in order, for medians and quantiles.  None of them is NaN.
 */
#ifndef ESTATE_MODEL_SORTED_H
#define ESTATE_MODEL_SORTED_H

#include "postgres.h"

static inline int
compare_numbers(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return x < y ? -1 : x > y;
}

static inline void
sort_numbers(double *numbers, int64 count)
{
	qsort(numbers, count, sizeof(double), compare_numbers);
}

#endif							/* ESTATE_MODEL_SORTED_H */
