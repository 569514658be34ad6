/*
 * feature.c
 *	  Fills rows of a design.
 *
 * Runs wherever a model is trained or used; the same code for both, so that a
 * home is seen the same way when it is valued as when it taught.  Memory is
 * the current context's.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "model/feature.h"

/* standardised values beyond this are errors of the record as often as not */
#define FARTHEST 6.0

/*
 * Prior precision of a coefficient by the kind of its column, in units of the
 * noise; training multiplies all of them by one factor.
 */
#define PRECISION_LINEAR 0.01
#define PRECISION_MISSING 0.1
#define PRECISION_SQUARE 1.0
#define PRECISION_HINGE 3.0
#define PRECISION_WORD 3.0
#define PRECISION_PLACE 3.0
#define PRECISION_INTERCEPT 1e-9	/* as good as no penalty; 0 could make the
										 * system singular */

/* A value on the scale of its feature; NaN: missing. */
double
feature_scaled(const Feature *feature, double value)
{
	if (isnan(value) || (feature->zero_is_none && value == 0))
		return get_float8_nan();
	switch (feature->scale)
	{
		case SCALE_LOG:
			return value > 0 ? log(value) : get_float8_nan();
		case SCALE_ROOT:
			return value >= 0 ? sqrt(value) : get_float8_nan();
		case SCALE_PLAIN:
			break;
	}
	return value;
}

static void
number_row(const Feature *feature, double value, double *x)
{
	double		scaled = feature_scaled(feature, value);
	bool		missing = isnan(scaled);
	double		z = feature->middle;

	if (!missing)
	{
		scaled = Min(Max(scaled, feature->lowest), feature->highest);
		z = (scaled - feature->mean) / feature->deviation;
		z = Min(Max(z, -FARTHEST), FARTHEST);
	}
	*x++ = z;
	if (feature->tells_missing)
		*x++ = missing;
	if (feature->squared)
		*x++ = z * z;
	for (int k = 0; k < feature->nknots; k++)
		*x++ = Max(z - feature->knot[k], 0);
}

static int
compare_level(const void *key, const void *level)
{
	return strcmp(key, *(char *const *) level);
}

/* Which level each word of the table is, once for all rows. */
static int *
levels_of_words(const Feature *feature, const ObservationColumn *column)
{
	int		   *level = palloc(sizeof(int) * Max(column->nwords, 1));

	for (int i = 0; i < column->nwords; i++)
	{
		char	  **found = bsearch(column->words[i], feature->level, feature->nlevels,
									sizeof(char *), compare_level);

		level[i] = found ? found - feature->level : -1;
	}
	return level;
}

/* The table must not get new words or columns while the design is in use. */
Design *
design_create(const FeatureSet *set, const Observations *table)
{
	Design	   *design = palloc0(sizeof(Design));

	design->set = set;
	design->table = table;
	design->column = palloc0(sizeof(ObservationColumn *) * set->count);
	design->column2 = palloc0(sizeof(ObservationColumn *) * set->count);
	design->level = palloc0(sizeof(int *) * set->count);
	for (int f = 0; f < set->count; f++)
	{
		const Feature *feature = &set->feature[f];

		design->column[f] = observations_find(table, feature->column);
		if (feature->kind == FEATURE_PLACE)
			design->column2[f] = observations_find(table, feature->column2);
		if (feature->kind == FEATURE_WORD && design->column[f])
			design->level[f] = levels_of_words(feature, design->column[f]);
	}
	return design;
}

static double
number_at(const ObservationColumn *column, int64 row)
{
	return column ? column->number[row] : get_float8_nan();
}

void
design_row(const Design *design, int64 row, double *x)
{
	const FeatureSet *set = design->set;

	memset(x, 0, sizeof(double) * set->width);
	x[0] = 1;
	for (int f = 0; f < set->count; f++)
	{
		const Feature *feature = &set->feature[f];
		const ObservationColumn *column = design->column[f];

		switch (feature->kind)
		{
			case FEATURE_NUMBER:
				number_row(feature, number_at(column, row), x + feature->first);
				break;
			case FEATURE_PLACE:
				place_row(feature, number_at(column, row),
						  number_at(design->column2[f], row), x + feature->first);
				break;
			case FEATURE_WORD:
				if (column && column->word && column->word[row] >= 0 &&
					design->level[f][column->word[row]] >= 0)
					x[feature->first + design->level[f][column->word[row]]] = 1;
				break;
		}
	}
}

void
design_penalty(const FeatureSet *set, double *penalty)
{
	penalty[0] = PRECISION_INTERCEPT;
	for (int f = 0; f < set->count; f++)
	{
		const Feature *feature = &set->feature[f];
		double	   *next = penalty + feature->first;

		if (feature->kind == FEATURE_NUMBER)
		{
			*next++ = PRECISION_LINEAR;
			if (feature->tells_missing)
				*next++ = PRECISION_MISSING;
			if (feature->squared)
				*next++ = PRECISION_SQUARE;
		}
		while (next < penalty + feature->first + feature->width)
			*next++ = feature->kind == FEATURE_NUMBER ? PRECISION_HINGE :
				feature->kind == FEATURE_WORD ? PRECISION_WORD : PRECISION_PLACE;
	}
}
