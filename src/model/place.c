/*
 * place.c
 *	  A smooth surface over the map: bumps around centres that lie where the
 *	  sales are, wide in the country and narrow in town.
 *
 * Runs wherever a model is trained or used.  Memory is the current context's.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "model/feature.h"

#define KM_PER_DEGREE 111.2
#define SALES_PER_CENTRE 60
#define MOST_CENTRES 150
#define MOST_POINTS 6000
#define ROUNDS 8
#define NARROWEST 0.2			/* km */

typedef struct Point
{
	double		east;
	double		north;
} Point;

static Point
to_km(const Feature *feature, double latitude, double longitude)
{
	double		turn = longitude - feature->longitude;
	Point		point;

	/* the short way round, for markets across the 180th meridian */
	if (turn > 180)
		turn -= 360;
	else if (turn < -180)
		turn += 360;
	point.north = (latitude - feature->latitude) * KM_PER_DEGREE;
	point.east = turn * KM_PER_DEGREE * cos(feature->latitude * M_PI / 180);
	return point;
}

static double
squared_distance(Point a, const Centre *b)
{
	double		east = a.east - b->east;
	double		north = a.north - b->north;

	return east * east + north * north;
}

/* A part of the points is enough, evenly spread over the rows. */
static int
collect_points(Feature *feature, const ObservationColumn *latitude,
			   const ObservationColumn *longitude, int64 rows, Point *points)
{
	int64		step = Max(1, rows / (MOST_POINTS / 2));
	int			count = 0;

	for (int64 i = 0; i < rows && count < MOST_POINTS; i += step)
	{
		if (isnan(latitude->number[i]) || isnan(longitude->number[i]))
			continue;
		if (count == 0)
		{
			feature->latitude = latitude->number[i];
			feature->longitude = longitude->number[i];
		}
		points[count++] = to_km(feature, latitude->number[i], longitude->number[i]);
	}
	return count;
}

static int
nearest_centre(const Feature *feature, Point point)
{
	int			nearest = 0;
	double		least = squared_distance(point, &feature->centre[0]);

	for (int c = 1; c < feature->ncentres; c++)
	{
		double		distance = squared_distance(point, &feature->centre[c]);

		if (distance < least)
		{
			least = distance;
			nearest = c;
		}
	}
	return nearest;
}

/* Moves each centre to the middle of the points it is nearest to (k-means). */
static void
move_centres(Feature *feature, const Point *points, int npoints)
{
	Point	   *sum = palloc0(sizeof(Point) * feature->ncentres);
	int		   *count = palloc0(sizeof(int) * feature->ncentres);

	for (int i = 0; i < npoints; i++)
	{
		int			c = nearest_centre(feature, points[i]);

		sum[c].east += points[i].east;
		sum[c].north += points[i].north;
		count[c]++;
	}
	for (int c = 0; c < feature->ncentres; c++)
		if (count[c] > 0)
		{
			feature->centre[c].east = sum[c].east / count[c];
			feature->centre[c].north = sum[c].north / count[c];
		}
}

/* Bumps overlap: each reaches to the second nearest other centre. */
static void
set_reaches(Feature *feature)
{
	for (int c = 0; c < feature->ncentres; c++)
	{
		Point		here = {feature->centre[c].east, feature->centre[c].north};
		double		first = INFINITY;
		double		second = INFINITY;

		for (int o = 0; o < feature->ncentres; o++)
		{
			double		distance = o == c ? INFINITY :
				squared_distance(here, &feature->centre[o]);

			if (distance < first)
			{
				second = first;
				first = distance;
			}
			else if (distance < second)
				second = distance;
		}
		feature->centre[c].reach = Max(sqrt(second), NARROWEST);
	}
}

/* Returns false when there are too few places for a surface. */
bool
choose_place(Feature *feature, const ObservationColumn *latitude,
			 const ObservationColumn *longitude, int64 rows)
{
	Point	   *points = palloc(sizeof(Point) * MOST_POINTS);
	int			npoints = collect_points(feature, latitude, longitude, rows, points);
	int			ncentres = Min(rows / SALES_PER_CENTRE, MOST_CENTRES);

	if (ncentres < 4 || npoints < ncentres * 4)
		return false;
	feature->kind = FEATURE_PLACE;
	feature->column = latitude->name;
	feature->column2 = longitude->name;
	feature->ncentres = ncentres;
	feature->centre = palloc0(sizeof(Centre) * ncentres);
	for (int c = 0; c < ncentres; c++)
	{
		Point		start = points[(int64) c * npoints / ncentres];

		feature->centre[c].east = start.east;
		feature->centre[c].north = start.north;
	}
	for (int round = 0; round < ROUNDS; round++)
	{
		CHECK_FOR_INTERRUPTS();
		move_centres(feature, points, npoints);
	}
	set_reaches(feature);
	return true;
}

void
place_row(const Feature *feature, double latitude, double longitude, double *x)
{
	Point		here;

	if (isnan(latitude) || isnan(longitude))
		return;
	here = to_km(feature, latitude, longitude);
	for (int c = 0; c < feature->ncentres; c++)
	{
		const Centre *centre = &feature->centre[c];
		double		r2 = squared_distance(here, centre) / (centre->reach * centre->reach);

		if (r2 < 20)
			x[c] = exp(-r2);
	}
}
