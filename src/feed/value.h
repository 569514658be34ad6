/*
 * value.h
 *	  One value of a feed: from text to a Datum of the target column, without
 *	  throwing.
 */
#ifndef ESTATE_VALUE_H
#define ESTATE_VALUE_H

#include "estate.h"

#include "feed/timetext.h"
#include "parse/record.h"

/* how the text is to be read: "as" of a mapping */
typedef enum ValueForm
{
	VALUE_TEXT,
	VALUE_INTEGER,
	VALUE_NUMBER,
	VALUE_MONEY,
	VALUE_BOOLEAN,
	VALUE_LIST,
	VALUE_DATE,
	VALUE_TIMESTAMP
} ValueForm;

/* words that may stand behind a number of a column, as "sqft" behind an area */
typedef enum ValueWords
{
	WORDS_NONE,
	WORDS_AREA,					/* the unit counts */
	WORDS_ACRES,
	WORDS_SQUARE_FEET,
	WORDS_CARS,
	WORDS_BEDROOMS,
	WORDS_BATHROOMS,
	WORDS_STORIES,
	WORDS_DAYS
} ValueWords;

/* how one column's values are made */
typedef struct ValueRule
{
	ValueForm	form;
	bool		decimal_comma;	/* 1.234,5 and not 1,234.5 */
	TimeTemplate *template;		/* NULL: the usual forms */
	pg_tz	   *zone;			/* for timestamps without offset */
	const char *currency;		/* NULL: any */
	Oid			type;			/* of the column */
	int32		typmod;
	const DayOrder *order;		/* of dates without template; NULL: not known */
	ValueWords	words;
	bool		zero_is_nothing;
	bool		has_range;
	double		min,
				max;
} ValueRule;

typedef struct ValueError
{
	const char *code;			/* bad_type, out_of_range, ambiguous, bad_encoding */
	char	   *reason;
	const char *unit;			/* no error: the unit that came with an area; NULL: none */
	bool		may_be_groups;	/* no error: an area of 1.200, which may be 1200 */
} ValueError;

/* "integer", "date:YYYYMMDD", ...; false: *problem says what is wrong */
extern bool value_rule_parse(const char *as, ValueRule *rule, char **problem);

/* Sets form, template etc. to what a column of this type and name needs; false: no such type */
extern bool value_rule_default(const char *column, ValueRule *rule);

/* Whether values read in the rule's form can go into the rule's column */
extern bool value_rule_fits(const ValueRule *rule);

extern const char *value_form_name(ValueForm form);

/*
 * Converts text (trimmed, not empty) or a JSON value.  False: *error, which
 * the caller has zeroed, says why not.  The result is in CurrentMemoryContext.
 */
extern bool value_convert(const ValueRule *rule, const Field *field, Datum *result, bool *isnull,
						  ValueError *error);

#endif							/* ESTATE_VALUE_H */
