/*
 * blas.h
 *	  The few dense operations that models are made of.
 *
 * Matrices are column-major; only the lower triangle of a symmetric matrix is
 * read or written.  The caller keeps each call under some 50 ms (about 0.5
 * GFLOP) and checks for interrupts between calls.
 */
#ifndef ESTATE_MODEL_BLAS_H
#define ESTATE_MODEL_BLAS_H

#include "postgres.h"

/* C (n x n) += A A', where A is n x k */
extern void blas_add_products(int n, int k, const double *a, int lda,
							  double *c, int ldc);

/* C (n x n) -= A A' */
extern void blas_subtract_products(int n, int k, const double *a, int lda,
								   double *c, int ldc);

/* A = L L' in place; returns 0, or the 1-based row whose pivot is not positive */
extern int	blas_cholesky(int n, double *a, int lda);

/* B (n x m) = L^-1 B */
extern void blas_solve_lower(int n, int m, const double *l, int ldl,
							 double *b, int ldb);

/* B (n x m) = L'^-1 B */
extern void blas_solve_upper(int n, int m, const double *l, int ldl,
							 double *b, int ldb);

/* B (m x n) = B L'^-1 */
extern void blas_solve_right(int m, int n, const double *l, int ldl,
							 double *b, int ldb);

/* y (n) += A x, where A is n x k */
extern void blas_add_product(int n, int k, const double *a, int lda,
							 const double *x, double *y);

/* y (k) = A' x, where A is n x k */
extern void blas_product_transposed(int n, int k, const double *a, int lda,
									const double *x, double *y);

#endif							/* ESTATE_MODEL_BLAS_H */
