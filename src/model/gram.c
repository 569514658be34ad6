/*
 * gram.c
 *	  Accumulates a gram, see gram.h.
 *
 * Runs in whatever process scans a table, parallel workers included.  Knows no
 * tables; everything lives in the context that the gram was created in.
 *
 * Rows are collected into blocks, so that the work is one dsyrk for 256 rows
 * instead of a rank-1 update for each.  Means and sums of products of blocks
 * are put together as in Chan, Golub and LeVeque, "Algorithms for computing
 * the sample variance" (1983): the difference of the two means enters as one
 * more row.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "model/blas.h"
#include "model/gram.h"

/* small at first: GROUP BY postal_code makes many grams of few rows */
#define FIRST_BLOCK_SIZE 8

Gram *
gram_create(MemoryContext context, int p)
{
	Gram	   *gram;
	int			q = p + 1;

	if (p < 1 || p > GRAM_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("x has %d elements", p),
				 errdetail("A gram has between 1 and %d columns.", GRAM_MAX_COLUMNS)));
	gram = MemoryContextAllocZero(context, sizeof(Gram));
	gram->context = context;
	gram->p = p;
	gram->q = q;
	gram->mean = MemoryContextAllocZero(context, sizeof(double) * q);
	gram->cross = MemoryContextAllocZero(context, sizeof(double) * q * q);
	return gram;
}

/* Makes room for one more row, and for the row that joins two means. */
static void
grow_block(Gram *gram)
{
	int			size = gram->block_size == 0 ? FIRST_BLOCK_SIZE :
		Min(gram->block_size * 4, GRAM_BLOCK_ROWS);
	Size		bytes = sizeof(double) * gram->q * (size + 1);

	gram->block = gram->block ? repalloc(gram->block, bytes) :
		MemoryContextAlloc(gram->context, bytes);
	gram->block_size = size;
}

/*
 * x is not aligned for vectors and belongs to the caller.
 */
void
gram_add(Gram *gram, const double *x, double y)
{
	double	   *row;

	if (gram->block_rows == gram->block_size)
	{
		if (gram->block_size == GRAM_BLOCK_ROWS)
			gram_flush(gram);
		else
			grow_block(gram);
	}
	row = gram->block + (Size) gram->block_rows * gram->q;
	memcpy(row, x, sizeof(double) * gram->p);
	row[gram->p] = y;
	gram->block_rows++;
}

static void
check_finite(const double *values, int count, int step)
{
	for (int i = 0; i < count; i++)
		if (!isfinite(values[(Size) i * step]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("y and x of a gram must be finite,"
							" and so must the sums of their squares"),
					 errhint("Leave such rows out, for example with FILTER (WHERE ...);"
							 " rows with NULL are left out anyway.")));
}

/*
 * Adds to the gram's means and products those of n rows with the given mean;
 * their deviations from it are already in cross.  scratch is a row.
 */
static void
join_means(Gram *gram, int64 n, const double *mean, double *scratch)
{
	double		total = (double) gram->n + n;
	double		weight = sqrt((double) gram->n * ((double) n / total));
	double		share = n / total;

	for (int j = 0; j < gram->q; j++)
	{
		double		difference = mean[j] - gram->mean[j];

		scratch[j] = weight * difference;
		gram->mean[j] += share * difference;
	}
	gram->n += n;
}

/* Moves the collected rows into means and products. */
void
gram_flush(Gram *gram)
{
	int			q = gram->q;
	int			rows = gram->block_rows;
	double	   *mean;

	if (rows == 0)
		return;
	CHECK_FOR_INTERRUPTS();
	mean = palloc0(sizeof(double) * q);
	for (int i = 0; i < rows; i++)
	{
		const double *row = gram->block + (Size) i * q;

		for (int j = 0; j < q; j++)
			mean[j] += row[j];
	}
	for (int j = 0; j < q; j++)
		mean[j] /= rows;
	check_finite(mean, q, 1);
	for (int i = 0; i < rows; i++)
	{
		double	   *row = gram->block + (Size) i * q;

		for (int j = 0; j < q; j++)
			row[j] -= mean[j];
	}
	join_means(gram, rows, mean, gram->block + (Size) rows * q);
	pfree(mean);
	blas_add_products(q, rows + 1, gram->block, q, gram->cross, q);
	check_finite(gram->cross, q, q + 1);
	gram->block_rows = 0;
}

void
gram_merge(Gram *into, Gram *from)
{
	double	   *scratch;

	if (into->p != from->p)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("grams of %d and %d columns cannot be merged", into->p, from->p)));
	gram_flush(into);
	gram_flush(from);
	if (from->n == 0)
		return;
	if (from->n > PG_INT64_MAX - into->n)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the merged gram has too many rows")));
	for (int j = 0; j < into->q; j++)
	{
		Size		column = (Size) j * into->q;

		for (int i = j; i < into->q; i++)
			into->cross[column + i] += from->cross[column + i];
	}
	scratch = palloc(sizeof(double) * into->q);
	join_means(into, from->n, from->mean, scratch);
	blas_add_products(into->q, 1, scratch, into->q, into->cross, into->q);
	pfree(scratch);
	check_finite(into->cross, into->q, into->q + 1);
}

Gram *
gram_copy(MemoryContext context, Gram *from)
{
	Gram	   *gram = gram_create(context, from->p);

	gram_flush(from);
	gram->n = from->n;
	memcpy(gram->mean, from->mean, sizeof(double) * gram->q);
	memcpy(gram->cross, from->cross, sizeof(double) * gram->q * gram->q);
	return gram;
}
