/*
 * choose.c
 *	  Chooses features from the columns of sales: how a number is scaled and
 *	  bent, which words count, what is left out.
 *
 * Runs in the backend that trains.  Looks at nothing but the first rows of the
 * table, so that a backtest cannot see what closed later.  Results live in the
 * current context.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "model/feature.h"
#include "model/sorted.h"

#define RARE 0.02				/* columns with fewer values are left out */
#define MOSTLY_NUMBERS 0.98
#define UNIQUE 0.99
#define TELLS_PRICE 0.98		/* a field with this correlation is the price in disguise */
#define FOLLOWS_PRICE 0.1		/* see follows_price() */
#define CURVED_VALUES 6			/* more distinct values get a square */
#define BENT_VALUES 40			/* more distinct values get hinges */
#define SKEWED 2.5				/* highest over median */
#define LEAST_SALES_OF_LEVEL 4
#define MOST_LEVELS 400
#define MOST_WIDTH 1500

/* What the present values of a column look like */
typedef struct Profile
{
	int64		rows;
	int64		present;
	int64		distinct;
	int64		zeros;
	double	   *sorted;
	bool		integers;
	double		least_above_zero;
} Profile;

static double
choose_quantile(const double *sorted, int64 count, double share)
{
	return sorted[(int64) floor(share * (count - 1) + 0.5)];
}

static void
profile_column(const ObservationColumn *column, int64 rows, Profile *profile)
{
	memset(profile, 0, sizeof(Profile));
	profile->rows = rows;
	profile->sorted = MemoryContextAllocHuge(CurrentMemoryContext,
											 sizeof(double) * Max(rows, 1));
	profile->integers = true;
	profile->least_above_zero = INFINITY;
	for (int64 i = 0; i < rows; i++)
	{
		double		value = column->number[i];

		if (isnan(value) && column->role == COLUMN_FLAG)
			value = 0;
		if (isnan(value))
			continue;
		profile->sorted[profile->present++] = value;
		profile->zeros += value == 0;
		profile->integers &= value == rint(value);
		if (value > 0)
			profile->least_above_zero = Min(profile->least_above_zero, value);
	}
	sort_numbers(profile->sorted, profile->present);
	for (int64 i = 0; i < profile->present; i++)
		profile->distinct += i == 0 || profile->sorted[i] != profile->sorted[i - 1];
}

static void
choose_scale(Feature *feature, ColumnRole role, const Profile *profile)
{
	double		lowest = profile->sorted[0];
	double		highest = profile->sorted[profile->present - 1];
	double		median = choose_quantile(profile->sorted, profile->present, 0.5);
	double		zeros = (double) profile->zeros / profile->present;

	if (role == COLUMN_SIZE)
		feature->scale = SCALE_LOG;
	else if (role != COLUMN_NUMBER && role != COLUMN_ANY)
		return;
	/* a year of renovation, or a code: 0 says that there is none */
	else if (profile->distinct > 2 && zeros > RARE && lowest == 0 &&
			 highest < 2 * profile->least_above_zero)
		feature->zero_is_none = true;
	else if (profile->distinct <= BENT_VALUES || lowest < 0)
		return;
	else if (lowest > 0 && highest > SKEWED * median)
		feature->scale = SCALE_LOG;
	else if (lowest == 0 && highest > SKEWED * median)
		feature->scale = SCALE_ROOT;
}

/* Mean, deviation and range of the scaled values.  False: they do not vary. */
static bool
standardise(Feature *feature, const Profile *profile, double *scaled, int64 *count)
{
	double		sum = 0;
	double		squares = 0;

	*count = 0;
	for (int64 i = 0; i < profile->present; i++)
	{
		double		value = feature_scaled(feature, profile->sorted[i]);

		if (!isnan(value))
			scaled[(*count)++] = value;
	}
	if (*count < Max(2, RARE * profile->rows))
		return false;
	for (int64 i = 0; i < *count; i++)
		sum += scaled[i];
	feature->mean = sum / *count;
	for (int64 i = 0; i < *count; i++)
		squares += (scaled[i] - feature->mean) * (scaled[i] - feature->mean);
	feature->deviation = sqrt(squares / *count);
	feature->lowest = scaled[0];
	feature->highest = scaled[*count - 1];
	/* squares of absurd values overflow */
	return isfinite(feature->deviation) && feature->deviation > 1e-9 * Max(1, fabs(feature->mean));
}

static void
choose_bends(Feature *feature, ColumnRole role, int64 distinct, const double *scaled, int64 count)
{
	static const double share[FEATURE_KNOTS] = {0.05, 0.25, 0.5, 0.75, 0.95};

	feature->squared = distinct > CURVED_VALUES &&
		(distinct <= BENT_VALUES || role == COLUMN_DAY);
	if (distinct <= BENT_VALUES || role == COLUMN_DAY)
		return;
	for (int k = 0; k < FEATURE_KNOTS; k++)
	{
		double		at = choose_quantile(scaled, count, share[k]);
		double		knot = (at - feature->mean) / feature->deviation;

		if (feature->nknots == 0 || knot > feature->knot[feature->nknots - 1] + 1e-6)
			feature->knot[feature->nknots++] = knot;
	}
}

static bool
choose_number(Feature *feature, const ObservationColumn *column, const Profile *profile)
{
	double	   *scaled = MemoryContextAllocHuge(CurrentMemoryContext,
												sizeof(double) * Max(profile->present, 1));
	int64		count;
	int64		missing;

	feature->kind = FEATURE_NUMBER;
	feature->column = column->name;
	choose_scale(feature, column->role, profile);
	if (!standardise(feature, profile, scaled, &count))
		return false;
	missing = profile->rows - count;
	feature->tells_missing = missing >= 5 && missing >= 0.005 * profile->rows;
	feature->middle = column->role == COLUMN_FLAG ? 0 : choose_quantile(scaled, count, 0.5);
	feature->middle = (feature->middle - feature->mean) / feature->deviation;
	choose_bends(feature, column->role, profile->distinct, scaled, count);
	feature->width = 1 + feature->tells_missing + feature->squared + feature->nknots;
	return true;
}

/* |correlation| of a column with the log of the price */
static double
correlation_with_price(const Observations *table, const ObservationColumn *column,
					   int64 rows, bool logarithm)
{
	double		n = 0,
				mx = 0,
				my = 0,
				xx = 0,
				yy = 0,
				xy = 0;

	for (int64 i = 0; i < rows; i++)
	{
		double		x = column->number[i];
		double		y = log(table->price[i]);
		double		dx,
					dy;

		if (isnan(x) || (logarithm && x <= 0))
			continue;
		x = logarithm ? log(x) : x;
		n++;
		dx = x - mx;
		dy = y - my;
		mx += dx / n;
		my += dy / n;
		xx += dx * (x - mx);
		yy += dy * (y - my);
		xy += dx * (y - my);
	}
	return xx > 0 && yy > 0 ? fabs(xy) / sqrt(xx * yy) : 0;
}

/*
 * Whether a column is proportional to the price for at least half of the
 * sales: the middle half of the logs of their ratios lies within
 * FOLLOWS_PRICE.  The correlation alone would miss such a column where some
 * prices are junk.
 */
static bool
follows_price(const Observations *table, const ObservationColumn *column, const Profile *profile)
{
	double	   *ratio = MemoryContextAllocHuge(CurrentMemoryContext,
											   sizeof(double) * Max(profile->present, 1));
	int64		count = 0;

	for (int64 i = 0; i < profile->rows; i++)
		if (column->number[i] > 0)
			ratio[count++] = log(column->number[i] / table->price[i]);
	sort_numbers(ratio, count);
	return count > 1 && profile->distinct > BENT_VALUES &&
		choose_quantile(ratio, count, 0.75) - choose_quantile(ratio, count, 0.25) < FOLLOWS_PRICE;
}

/*
 * A field of unknown meaning must not be a key, nor the price by another name.
 */
static bool
is_suspect(const Observations *table, const ObservationColumn *column, const Profile *profile)
{
	if (profile->integers && profile->distinct > BENT_VALUES / 2 &&
		profile->distinct >= UNIQUE * profile->present)
		return true;
	return follows_price(table, column, profile) ||
		correlation_with_price(table, column, profile->rows, false) > TELLS_PRICE ||
		correlation_with_price(table, column, profile->rows, true) > TELLS_PRICE;
}

typedef struct LevelCount
{
	int			word;
	int64		count;
} LevelCount;

static int
compare_counts(const void *a, const void *b)
{
	const LevelCount *x = a;
	const LevelCount *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->word - y->word;
}

static int
compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The words that enough sales have; the others are taken together. */
static bool
choose_word(Feature *feature, const ObservationColumn *column, int64 rows)
{
	LevelCount *counts;
	int64		present = 0;

	if (column->nwords == 0 || column->too_many_words)
		return false;
	counts = palloc0(sizeof(LevelCount) * column->nwords);
	for (int w = 0; w < column->nwords; w++)
		counts[w].word = w;
	for (int64 i = 0; i < rows; i++)
		if (column->word[i] >= 0)
		{
			counts[column->word[i]].count++;
			present++;
		}
	if (present < RARE * rows)
		return false;
	qsort(counts, column->nwords, sizeof(LevelCount), compare_counts);
	if (counts[0].count == rows)
		return false;
	feature->kind = FEATURE_WORD;
	feature->column = column->name;
	feature->level = palloc(sizeof(char *) * Min(column->nwords, MOST_LEVELS));
	while (feature->nlevels < Min(column->nwords, MOST_LEVELS) &&
		   counts[feature->nlevels].count >= LEAST_SALES_OF_LEVEL)
	{
		feature->level[feature->nlevels] = column->words[counts[feature->nlevels].word];
		feature->nlevels++;
	}
	qsort(feature->level, feature->nlevels, sizeof(char *), compare_words);
	feature->width = feature->nlevels;
	return feature->nlevels > 0;
}

/* Whether a field of unknown meaning holds numbers: nearly all its values. */
static bool
holds_numbers(const ObservationColumn *column, int64 rows)
{
	int64		numbers = 0;
	int64		others = 0;

	for (int64 i = 0; i < rows; i++)
	{
		if (!isnan(column->number[i]))
			numbers++;
		else if (column->word && column->word[i] >= 0)
			others++;
	}
	return numbers > 0 && numbers >= MOSTLY_NUMBERS * (numbers + others);
}

static bool
choose_column(Feature *feature, const Observations *table,
			  const ObservationColumn *column, int64 rows)
{
	Profile		profile;

	if (column->role == COLUMN_WORD ||
		(column->role == COLUMN_ANY && !holds_numbers(column, rows)))
		return choose_word(feature, column, rows);
	profile_column(column, rows, &profile);
	if (profile.present < RARE * rows || profile.present == 0)
		return false;
	if (column->role == COLUMN_FLAG && profile.present - profile.zeros < LEAST_SALES_OF_LEVEL)
		return false;
	if (column->role == COLUMN_ANY && is_suspect(table, column, &profile))
		return false;
	return choose_number(feature, column, &profile);
}

/* Sets where each feature stands in the design. */
void
feature_set_finish(FeatureSet *set)
{
	set->width = 1;
	for (int f = 0; f < set->count; f++)
	{
		Feature    *feature = &set->feature[f];

		feature->width = feature->kind == FEATURE_WORD ? feature->nlevels :
			feature->kind == FEATURE_PLACE ? feature->ncentres :
			1 + feature->tells_missing + feature->squared + feature->nknots;
		feature->first = set->width;
		set->width += feature->width;
	}
}

FeatureSet *
choose_features(const Observations *table, int64 rows)
{
	FeatureSet *set = palloc0(sizeof(FeatureSet));
	const ObservationColumn *latitude = NULL;
	const ObservationColumn *longitude = NULL;
	int			width = 1;

	set->feature = palloc0(sizeof(Feature) * (table->ncolumns + 1));
	for (int c = 0; c < table->ncolumns; c++)
	{
		const ObservationColumn *column = table->column[c];
		Feature    *feature = &set->feature[set->count];

		CHECK_FOR_INTERRUPTS();
		if (column->role == COLUMN_LATITUDE)
			latitude = column;
		if (column->role == COLUMN_LONGITUDE)
			longitude = column;
		memset(feature, 0, sizeof(Feature));
		if (choose_column(feature, table, column, rows) && width + feature->width <= MOST_WIDTH)
		{
			width += feature->width;
			set->count++;
		}
	}
	memset(&set->feature[set->count], 0, sizeof(Feature));
	if (latitude && longitude &&
		choose_place(&set->feature[set->count], latitude, longitude, rows) &&
		width + set->feature[set->count].ncentres <= MOST_WIDTH)
		set->count++;
	feature_set_finish(set);
	return set;
}
