/*
 * gram.h
 *	  What least squares needs to know of a table: how many rows, the means of
 *	  the columns, and the sums of products of their deviations from them.
 *
 * Deviations, because sums of raw products lose half of the digits when a
 * column is a year or a longitude.  Two grams of the same columns add up to
 * the gram of both tables, so that parallel workers, partitions and shards can
 * each make one.
 */
#ifndef ESTATE_MODEL_GRAM_H
#define ESTATE_MODEL_GRAM_H

#include "postgres.h"

/* a Cholesky panel of this many columns stays under 50 ms (see blas.h) */
#define GRAM_MAX_COLUMNS 1600

#define GRAM_BLOCK_ROWS 256

typedef struct Gram
{
	MemoryContext context;
	int64		n;				/* rows, without those in block */
	int			p;				/* columns of x */
	int			q;				/* p + 1: y is the last */
	double	   *mean;			/* q */
	double	   *cross;			/* q x q, column-major, lower triangle */
	double	   *block;			/* rows that are not in cross yet, q each */
	int			block_rows;
	int			block_size;
} Gram;

extern Gram *gram_create(MemoryContext context, int p);
extern void gram_add(Gram *gram, const double *x, double y);
extern void gram_flush(Gram *gram);
extern void gram_merge(Gram *into, Gram *from);
extern Gram *gram_copy(MemoryContext context, Gram *from);

static inline int64
gram_rows(const Gram *gram)
{
	return gram->n + gram->block_rows;
}

#endif							/* ESTATE_MODEL_GRAM_H */
