/*
 * regression.h
 *	  Least squares and ridge regression from a gram, and the Cholesky
 *	  factorisation that models share.
 */
#ifndef ESTATE_MODEL_REGRESSION_H
#define ESTATE_MODEL_REGRESSION_H

#include "model/gram.h"

typedef struct Regression
{
	int64		n;
	int			p;				/* columns of x, without the intercept */
	double	   *coefficient;	/* p + 1: the intercept first */
	double	   *standard_error; /* p + 1, or NULL: no degrees of freedom left */
	double		r2;				/* NaN: y is constant */
	double		sigma;			/* NaN: no degrees of freedom left */
} Regression;

extern int	cholesky_factor(int n, double *a, double tolerance);
extern void cholesky_solve(int n, const double *l, double *b);
extern Regression *regress(Gram *gram, double lambda);

#endif							/* ESTATE_MODEL_REGRESSION_H */
