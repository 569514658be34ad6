/*
 * definition.c
 *	  A model as text and back: what estate.model.definition holds.
 *
 * Runs where models are stored or loaded.  One line for each feature, words in
 * double quotes, numbers with the shortest digits that give the same bits.
 * Reading trusts nothing: the text may come from an edited dump.
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "model/hedonic.h"

#define FORMAT "hedonic 1"
#define MOST 100000				/* features, levels, centres, coefficients */

static void
write_number(StringInfo text, double value)
{
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	double_to_shortest_decimal_buf(value, digits);
	appendStringInfo(text, " %s", digits);
}

static void
write_word(StringInfo text, const char *word)
{
	appendStringInfoString(text, " \"");
	for (; *word; word++)
	{
		if (*word == '"' || *word == '\\')
			appendStringInfoChar(text, '\\');
		if (*word == '\n')
			appendStringInfoString(text, "\\n");
		else
			appendStringInfoChar(text, *word);
	}
	appendStringInfoChar(text, '"');
}

static void
write_feature(StringInfo text, const Feature *feature)
{
	static const char *const kind[] = {"number", "word", "place"};

	appendStringInfoString(text, kind[feature->kind]);
	write_word(text, feature->column);
	if (feature->kind == FEATURE_NUMBER)
	{
		appendStringInfo(text, " %d %d %d %d", feature->scale, feature->zero_is_none,
						 feature->tells_missing, feature->squared);
		write_number(text, feature->lowest);
		write_number(text, feature->highest);
		write_number(text, feature->middle);
		write_number(text, feature->mean);
		write_number(text, feature->deviation);
		appendStringInfo(text, " %d", feature->nknots);
		for (int k = 0; k < feature->nknots; k++)
			write_number(text, feature->knot[k]);
	}
	else if (feature->kind == FEATURE_WORD)
	{
		appendStringInfo(text, " %d", feature->nlevels);
		for (int l = 0; l < feature->nlevels; l++)
			write_word(text, feature->level[l]);
	}
	else
	{
		write_word(text, feature->column2);
		write_number(text, feature->latitude);
		write_number(text, feature->longitude);
		appendStringInfo(text, " %d", feature->ncentres);
		for (int c = 0; c < feature->ncentres; c++)
		{
			write_number(text, feature->centre[c].east);
			write_number(text, feature->centre[c].north);
			write_number(text, feature->centre[c].reach);
		}
	}
	appendStringInfoChar(text, '\n');
}

static void
write_numbers(StringInfo text, const char *name, const double *values, int count)
{
	appendStringInfo(text, "%s %d", name, count);
	for (int i = 0; i < count; i++)
		write_number(text, values[i]);
	appendStringInfoChar(text, '\n');
}

char *
hedonic_to_text(const Hedonic *model)
{
	const FeatureSet *set = model->features;
	const double calibration[] = {
		model->spread_lowest, model->spread_highest,
		model->quantile_68, model->quantile_80, model->quantile_90
	};
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, FORMAT "\nsales " INT64_FORMAT "\nfeatures %d\n",
					 model->sales, set->count);
	for (int f = 0; f < set->count; f++)
		write_feature(&text, &set->feature[f]);
	write_numbers(&text, "coefficients", model->coefficient, set->width);
	write_numbers(&text, "spread", model->spread, set->width);
	write_numbers(&text, "calibration", calibration, lengthof(calibration));
	return text.data;
}

static void
definition_reject(const char *next)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("could not read the definition of a model"),
			 errdetail("It fails at \"%.*s\".", pg_mbcliplen(next, strlen(next), 40), next),
			 errhint("SELECT * FROM estate.train() makes new models.")));
}

static void
skip_space(const char **next)
{
	while (**next == ' ' || **next == '\n')
		(*next)++;
}

static bool
definition_take(const char **next, const char *token)
{
	Size		length = strlen(token);

	skip_space(next);
	if (strncmp(*next, token, length) != 0)
		return false;
	*next += length;
	return true;
}

static void
definition_expect(const char **next, const char *token)
{
	if (!definition_take(next, token))
		definition_reject(*next);
}

static double
definition_number(const char **next)
{
	char	   *end;
	double		value = strtod(*next, &end);

	if (end == *next || !isfinite(value))
		definition_reject(*next);
	*next = end;
	return value;
}

static int
read_count(const char **next, int most)
{
	double		value = definition_number(next);

	if (value != rint(value) || value < 0 || value > most)
		definition_reject(*next);
	return (int) value;
}

static char *
read_word(const char **next)
{
	StringInfoData word;

	initStringInfo(&word);
	definition_expect(next, "\"");
	for (; **next != '"'; (*next)++)
	{
		if (**next == '\\' && (*next)[1] == 'n')
		{
			(*next)++;
			appendStringInfoChar(&word, '\n');
			continue;
		}
		if (**next == '\\')
			(*next)++;
		if (**next == '\0')
			definition_reject("end of text");
		appendStringInfoChar(&word, **next);
	}
	(*next)++;
	return word.data;
}

static void
read_number_feature(const char **next, Feature *feature)
{
	feature->kind = FEATURE_NUMBER;
	feature->scale = read_count(next, SCALE_ROOT);
	feature->zero_is_none = read_count(next, 1);
	feature->tells_missing = read_count(next, 1);
	feature->squared = read_count(next, 1);
	feature->lowest = definition_number(next);
	feature->highest = definition_number(next);
	feature->middle = definition_number(next);
	feature->mean = definition_number(next);
	feature->deviation = definition_number(next);
	if (!(feature->deviation > 0))
		definition_reject(*next);
	feature->nknots = read_count(next, FEATURE_KNOTS);
	for (int k = 0; k < feature->nknots; k++)
		feature->knot[k] = definition_number(next);
}

static void
read_feature(const char **next, Feature *feature)
{
	if (definition_take(next, "number"))
	{
		feature->column = read_word(next);
		read_number_feature(next, feature);
	}
	else if (definition_take(next, "word"))
	{
		feature->kind = FEATURE_WORD;
		feature->column = read_word(next);
		feature->nlevels = read_count(next, MOST);
		feature->level = palloc(sizeof(char *) * feature->nlevels);
		for (int l = 0; l < feature->nlevels; l++)
			feature->level[l] = read_word(next);
	}
	else
	{
		definition_expect(next, "place");
		feature->kind = FEATURE_PLACE;
		feature->column = read_word(next);
		feature->column2 = read_word(next);
		feature->latitude = definition_number(next);
		feature->longitude = definition_number(next);
		feature->ncentres = read_count(next, MOST);
		feature->centre = palloc(sizeof(Centre) * feature->ncentres);
		for (int c = 0; c < feature->ncentres; c++)
		{
			feature->centre[c].east = definition_number(next);
			feature->centre[c].north = definition_number(next);
			feature->centre[c].reach = definition_number(next);
		}
	}
}

static double *
definition_numbers(const char **next, const char *name, int count)
{
	double	   *values = palloc(sizeof(double) * count);

	definition_expect(next, name);
	if (read_count(next, MOST) != count)
		definition_reject(*next);
	for (int i = 0; i < count; i++)
		values[i] = definition_number(next);
	return values;
}

Hedonic *
hedonic_from_text(const char *text)
{
	Hedonic    *model = palloc0(sizeof(Hedonic));
	FeatureSet *set = palloc0(sizeof(FeatureSet));
	const char *next = text;
	double	   *calibration;

	definition_expect(&next, FORMAT);
	definition_expect(&next, "sales");
	model->sales = definition_number(&next);
	definition_expect(&next, "features");
	set->count = read_count(&next, MOST);
	set->feature = palloc0(sizeof(Feature) * Max(set->count, 1));
	for (int f = 0; f < set->count; f++)
		read_feature(&next, &set->feature[f]);
	feature_set_finish(set);
	model->features = set;
	model->coefficient = definition_numbers(&next, "coefficients", set->width);
	model->spread = definition_numbers(&next, "spread", set->width);
	calibration = definition_numbers(&next, "calibration", 5);
	model->spread_lowest = calibration[0];
	model->spread_highest = calibration[1];
	model->quantile_68 = calibration[2];
	model->quantile_80 = calibration[3];
	model->quantile_90 = calibration[4];
	return model;
}
