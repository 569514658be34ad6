/*
 * feature.h
 *	  How the columns of observations become the columns of a design: one
 *	  feature is one or more columns of numbers near 0.
 */
#ifndef ESTATE_MODEL_FEATURE_H
#define ESTATE_MODEL_FEATURE_H

#include "model/observation.h"

#define FEATURE_KNOTS 5

typedef enum FeatureKind
{
	FEATURE_NUMBER,
	FEATURE_WORD,
	FEATURE_PLACE
} FeatureKind;

typedef enum FeatureScale
{
	SCALE_PLAIN,
	SCALE_LOG,
	SCALE_ROOT
} FeatureScale;

/* a centre of the surface over the map, in km from the origin of its feature */
typedef struct Centre
{
	double		east;
	double		north;
	double		reach;
} Centre;

typedef struct Feature
{
	FeatureKind kind;
	char	   *column;			/* of a place: of the latitude */
	char	   *column2;		/* of a place: of the longitude */
	int			first;			/* place in the design */
	int			width;

	/* number */
	FeatureScale scale;
	bool		zero_is_none;
	bool		tells_missing;	/* has a column that is 1 where there is none */
	bool		squared;
	double		lowest;			/* values are taken to be within */
	double		highest;
	double		middle;			/* stands for a missing value, standardised */
	double		mean;
	double		deviation;
	int			nknots;
	double		knot[FEATURE_KNOTS];

	/* word: a column for each level, sorted */
	int			nlevels;
	char	  **level;

	/* place: a bump at each centre */
	double		latitude;
	double		longitude;
	int			ncentres;
	Centre	   *centre;
} Feature;

typedef struct FeatureSet
{
	int			count;
	Feature    *feature;
	int			width;			/* of the design, with the intercept */
} FeatureSet;

/* A feature set seen from a table: which of its columns, which of its words */
typedef struct Design
{
	const FeatureSet *set;
	const Observations *table;
	ObservationColumn **column; /* NULL: the table has none */
	ObservationColumn **column2;
	int		  **level;			/* of a word of the table; -1: none */
} Design;

/* choose.c */
extern FeatureSet *choose_features(const Observations *table, int64 rows);
extern void feature_set_finish(FeatureSet *set);

/* place.c */
extern bool choose_place(Feature *feature, const ObservationColumn *latitude,
						 const ObservationColumn *longitude, int64 rows);
extern void place_row(const Feature *feature, double latitude, double longitude, double *x);

/* feature.c */
extern Design *design_create(const FeatureSet *set, const Observations *table);
extern void design_row(const Design *design, int64 row, double *x);
extern void design_penalty(const FeatureSet *set, double *penalty);
extern double feature_scaled(const Feature *feature, double value);

#endif							/* ESTATE_MODEL_FEATURE_H */
