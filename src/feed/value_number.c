/*
 * value_number.c
 *	  A number or an amount of a feed, to a Datum of the target column.
 *
 * Used by whatever process runs a feed.  Nothing is thrown for bad data.  What
 * stands behind a number is read where it can only be what the column is about:
 * "1,200 sqft", "2 car garage".  Results are in CurrentMemoryContext.
 */
#include "feed/value_parts.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "feed/number.h"
#include "feed/synonym.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

/* Refuses a value; the message quotes it, clipped */
bool
value_refuse(ValueError *error, const char *code, const Field *field, const char *format,...)
{
	StringInfoData reason;
	int			clipped = pg_mbcliplen(field->value, field->len, 80);
	va_list		args;
	char		rest[200];

	va_start(args, format);
	vsnprintf(rest, sizeof(rest), format, args);
	va_end(args);

	initStringInfo(&reason);
	appendStringInfo(&reason, "\"%.*s%s\" %s", clipped, field->value, clipped < field->len ?
					 "..." : "", rest);
	error->code = code;
	error->reason = reason.data;
	return false;
}

bool
value_to_text(const ValueRule *rule, const Field *field, const char *text, Datum *result,
			  ValueError *error)
{
	int			len = strlen(text);
	int			max = rule->typmod >= (int32) VARHDRSZ ? rule->typmod - VARHDRSZ : 0;

	if (max > 0 && len > max && pg_mbstrlen_with_len(text, len) > max)
		return value_refuse(error, "out_of_range", field, "has more than %d characters", max);
	*result = PointerGetDatum(cstring_to_text_with_len(text, len));
	return true;
}

static bool
to_integer(const ValueRule *rule, const Field *field, const NumberText *number, Datum *result,
		   ValueError *error)
{
	int64		value = 0;
	NumberResult outcome = number_to_int64(number, &value);

	if (outcome == NUMBER_BAD_TEXT)
		return value_refuse(error, "bad_type", field, "is not a whole number");
	if (outcome == NUMBER_OUT_OF_RANGE ||
		(rule->type == INT4OID && value != (int32) value) ||
		(rule->type == INT2OID && value != (int16) value))
		return value_refuse(error, "out_of_range", field, "is beyond the range of the column");
	*result = rule->type == INT8OID ? Int64GetDatum(value) :
		rule->type == INT4OID ? Int32GetDatum((int32) value) : Int16GetDatum((int16) value);
	return true;
}

/* Whether all words of a text are of a list, which has blanks around each */
static bool
words_are_of(const char *text, const char *list)
{
	char		word[32];
	bool		any = false;

	for (;;)
	{
		int			len = 0;

		while (*text && !isalnum((unsigned char) *text))
		{
			/* signs that change what a number says */
			if (strchr(" .,()-", *text) == NULL)
				return false;
			text++;
		}
		if (*text == '\0')
			return any;
		word[len++] = ' ';
		while (isalpha((unsigned char) *text) && len < (int) sizeof(word) - 2)
			word[len++] = pg_ascii_tolower(*text++);
		word[len++] = ' ';
		word[len] = '\0';
		if (isalnum((unsigned char) *text) || len == 2 || strstr(list, word) == NULL)
			return false;
		any = true;
	}
}

/* The unit that a text behind an area names; NULL: it names none */
static const char *
unit_of(const char *text, bool lot)
{
	if (strpbrk(text, "+/~<>=*") != NULL || *text == '-')
		return NULL;
	return synonym_value(lot ? "lot_size_units" : "living_area_units", text, true);
}

/* Whether what stands behind the number is what the column is about */
static bool
rest_fits(const ValueRule *rule, const char *rest, ValueError *error)
{
	const char *unit = NULL;

	switch (rule->words)
	{
		case WORDS_NONE:
			return false;
		case WORDS_AREA:
			error->unit = unit_of(rest, true);
			return error->unit != NULL;
		case WORDS_ACRES:
			unit = unit_of(rest, true);
			return unit && strcmp(unit, "Acres") == 0;
		case WORDS_SQUARE_FEET:
			unit = unit_of(rest, true);
			return unit && strcmp(unit, "Square Feet") == 0;
		case WORDS_CARS:
			return words_are_of(rest, " car cars attached detached garage garages"
								" space spaces bay bays ");
		case WORDS_BEDROOMS:
			return words_are_of(rest, " bed beds bedroom bedrooms bd bds br bdrm bdrms ");
		case WORDS_BATHROOMS:
			return words_are_of(rest, " bath baths bathroom bathrooms ba full half ");
		case WORDS_STORIES:
			return words_are_of(rest, " story stories storey storeys floor floors level levels ");
		case WORDS_DAYS:
			return words_are_of(rest, " day days ");
	}
	return false;
}

/* 1.234.567 and 1.234,50: where points can only be between groups of digits */
static bool
has_point_groups(const char *text)
{
	const char *point = strchr(text, '.');

	return point && (strchr(point + 1, '.') != NULL || strchr(point, ',') != NULL);
}

/* 350.000: an amount with three digits behind its only point */
static bool
is_short_point_group(const char *text)
{
	const char *point = strchr(text, '.');

	return point && strchr(text, ',') == NULL && strchr(point + 1, '.') == NULL &&
		strspn(point + 1, "0123456789") == 3 && pg_tolower((unsigned char) point[4]) != 'k' &&
		pg_tolower((unsigned char) point[4]) != 'm';
}

/* Whether an amount came with the code or the sign of another currency than the market's */
static bool
is_in_another_currency(const ValueRule *rule, const NumberText *number)
{
	if (rule->currency == NULL)
		return false;
	if (number->currency[0])
		return strcmp(rule->currency, number->currency) != 0;
	return number->sign_codes && strstr(number->sign_codes, rule->currency) == NULL;
}

bool
value_to_number(const ValueRule *rule, const Field *field, Datum *result, bool *isnull,
				ValueError *error)
{
	NumberText	number;
	NumberResult outcome = number_read(field->value, rule->form == VALUE_MONEY,
									   rule->decimal_comma && field->kind != FIELD_NUMBER, &number);

	if ((outcome == NUMBER_BAD_TEXT || outcome == NUMBER_AND_REST) && !rule->decimal_comma &&
		has_point_groups(field->value))
		outcome = number_read(field->value, rule->form == VALUE_MONEY, true, &number);
	if (outcome == NUMBER_AND_REST)
		outcome = rest_fits(rule, number.rest, error) ? NUMBER_OK : NUMBER_BAD_TEXT;
	if (outcome == NUMBER_BAD_TEXT)
		return value_refuse(error, "bad_type", field, "is not %s",
					  rule->form == VALUE_MONEY ? "an amount of money" : "a number");
	if (outcome == NUMBER_OUT_OF_RANGE)
		return value_refuse(error, "out_of_range", field, "is no usable number");
	if (is_in_another_currency(rule, &number))
		return value_refuse(error, "bad_type", field, "is not in the market's currency, %s",
							rule->currency);
	if (rule->form == VALUE_MONEY && !rule->decimal_comma && field->kind == FIELD_TEXT &&
		is_short_point_group(field->value))
		return value_refuse(error, "ambiguous", field,
							"could be thousands: \"as\" is \"money:comma\" "
							"where a point groups digits");
	if (rule->words == WORDS_AREA && !rule->decimal_comma && field->kind == FIELD_TEXT &&
		isdigit((unsigned char) field->value[0]) && field->value[0] != '0' &&
		field->value[1] == '.' && is_short_point_group(field->value))
		error->may_be_groups = true;
	if (rule->form == VALUE_INTEGER && (number.fraction_digits > 0 && !number.has_exponent))
		return value_refuse(error, "bad_type", field, "is not a whole number");
	if (rule->zero_is_nothing && strtod(number.text, NULL) == 0)
	{
		*isnull = true;
		return true;
	}
	if (rule->has_range)
	{
		double		value = strtod(number.text, NULL);

		if (value < rule->min || value > rule->max)
			return value_refuse(error, "out_of_range", field, isinf(rule->max) ?
								"is less than %g" : "is not between %g and %g",
						  rule->min, rule->max);
	}

	switch (rule->type)
	{
		case NUMERICOID:
			if (number_to_numeric(&number, rule->typmod, result) == NUMBER_OUT_OF_RANGE)
				return value_refuse(error, "out_of_range", field,
									"has more digits than the column");
			return true;
		case FLOAT8OID:
			*result = Float8GetDatum(strtod(number.text, NULL));
			return true;
		case FLOAT4OID:
			if (isinf((float) strtod(number.text, NULL)))
				return value_refuse(error, "out_of_range", field, "is too large");
			*result = Float4GetDatum((float) strtod(number.text, NULL));
			return true;
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return to_integer(rule, field, &number, result, error);
		default:
			return value_to_text(rule, field, number.text, result, error);
	}
}
