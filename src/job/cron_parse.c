/*
 * cron_parse.c
 *	  Reads the five fields of cron: minute, hour, day of the month, month, day
 *	  of the week.
 *
 * Runs in client backends and in sessions of pg_cron.  Touches no table and
 * keeps no memory.  It takes what pg_cron takes (lists, ranges, steps, names
 * of months and days, $ for the last day of the month, @daily and the like),
 * and besides L for the last day, the last day in a list, and a step after a
 * single number.  What pg_cron reads over in silence is an error here: a range
 * that runs backwards, or anything that follows a number.
 */
#include "postgres.h"

#include <ctype.h>

#include "estate.h"
#include "job/cron.h"

typedef struct CronField
{
	const char *name;
	int			least;
	int			most;
	const char *const *names;	/* of the values from least on; NULL: it has none */
} CronField;

static const char *const month_names[] =
{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL};

/* Sunday is both ends of a week, so that fri-sun is a range */
static const char *const weekday_names[] =
{"sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};

enum
{
	MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS
};

static const CronField field_of[FIELDS] = {
	{"minute", 0, 59, NULL},
	{"hour", 0, 23, NULL},
	{"day of the month", 1, 31, NULL},
	{"month", 1, 12, month_names},
	{"day of the week", 0, 7, weekday_names},
};

static const struct
{
	const char *name;
	const char *fields;
}			nicknames[] =
{
	{"@yearly", "0 0 1 1 *"},
	{"@annually", "0 0 1 1 *"},
	{"@monthly", "0 0 1 * *"},
	{"@weekly", "0 0 * * 0"},
	{"@daily", "0 0 * * *"},
	{"@midnight", "0 0 * * *"},
	{"@hourly", "0 * * * *"},
};

/* Where the parser is: for messages, too */
typedef struct CronText
{
	const char *whole;
	const char *at;
	const CronField *field;
} CronText;

static pg_noreturn void
cron_refuse(const CronText *text, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid schedule \"%s\"", text->whole),
			 text->field ?
			 errdetail("Its %s %s.", text->field->name, why) : errdetail("It %s.", why),
			 errhint("The five fields are minute, hour, day of the month,"
					 " month and day of the week,"
					 " as in '30 2 * * mon-fri'.")));
}

/*
 * Letters or digits, as a value of the field; a name at the end of a range is
 * the last of that name.
 */
static int
read_value(CronText *text, bool ends_range)
{
	const char *start = text->at;
	const char *const *names = text->field->names;
	int			length;
	int			value = -1;

	while (isalnum((unsigned char) *text->at))
		text->at++;
	length = text->at - start;
	for (int i = 0; names != NULL && names[i] != NULL; i++)
		if (length == 3 && pg_strncasecmp(start, names[i], 3) == 0 && (value < 0 || ends_range))
			value = text->field->least + i;
	if (value >= 0)
		return value;
	if (length < 1 || length > 2 || strspn(start, "0123456789") != length)
		cron_refuse(text, "is not understood");
	return atoi(start);
}

static int
read_step(CronText *text)
{
	static const CronField step = {"step", 1, 59, NULL};
	CronText	number = {text->whole, text->at + 1, &step};
	int			value = read_value(&number, false);

	if (value < step.least || value > text->field->most)
		cron_refuse(text, "has a step that is out of range");
	text->at = number.at;
	return value;
}

/* Adds what one element of the list of a field stands for */
static void
read_element(CronText *text, uint64 *values)
{
	int			first = text->field->least;
	int			last = text->field->most;
	int			step = 1;

	if (*text->at == '*')
		text->at++;
	else
	{
		first = last = read_value(text, false);
		if (*text->at == '-')
		{
			text->at++;
			last = read_value(text, true);
		}
		else if (*text->at == '/')
			last = text->field->most;
	}
	if (*text->at == '/')
		step = read_step(text);
	if (first < text->field->least || last > text->field->most)
		cron_refuse(text, "is out of range");
	if (first > last)
		cron_refuse(text, "has a range that runs backwards");
	for (int value = first; value <= last; value += step)
		*values |= UINT64CONST(1) << value;
}

/* The last day of the month, whichever that is: it stands alone in its list */
static bool
read_last_day(CronText *text)
{
	if (text->field != &field_of[DAY] || strchr("$Ll", *text->at) == NULL || *text->at == '\0')
		return false;
	if (strchr(", \t", text->at[1]) == NULL)
		return false;
	text->at++;
	return true;
}

static uint64
cron_read_field(CronText *text, bool *last_day)
{
	uint64		values = 0;

	for (;;)
	{
		if (read_last_day(text))
			*last_day = true;
		else
			read_element(text, &values);
		if (*text->at != ',')
			break;
		text->at++;
	}
	if (*text->at != '\0' && !isspace((unsigned char) *text->at))
		cron_refuse(text, "is not understood");
	return values;
}

static void
skip_spaces(CronText *text)
{
	while (isspace((unsigned char) *text->at))
		text->at++;
}

static const char *
without_nickname(const char *text)
{
	for (int i = 0; i < lengthof(nicknames); i++)
		if (pg_strcasecmp(text, nicknames[i].name) == 0)
			return nicknames[i].fields;
	return text;
}

/* Reads a schedule; an error if it is none */
void
cron_parse(const char *whole, CronFields *fields)
{
	CronText	text = {whole, without_nickname(whole), NULL};
	uint64		values[FIELDS];
	bool		star[FIELDS];

	memset(fields, 0, sizeof(*fields));
	skip_spaces(&text);
	for (int i = 0; i < FIELDS; i++)
	{
		if (*text.at == '\0')
			cron_refuse(&text, "has too few fields");
		text.field = &field_of[i];
		star[i] = *text.at == '*';
		values[i] = cron_read_field(&text, &fields->last_day);
		text.field = NULL;
		skip_spaces(&text);
	}
	if (*text.at != '\0')
		cron_refuse(&text, "has too many fields");

	fields->minutes = values[MINUTE];
	fields->hours = values[HOUR];
	fields->days = values[DAY];
	fields->months = values[MONTH];
	fields->weekdays = values[WEEKDAY] | (values[WEEKDAY] >> 7 & 1);
	fields->any_day = star[DAY];
	fields->any_weekday = star[WEEKDAY];
	fields->each_hour = fields->hours == (UINT64CONST(1) << 24) - 1;
}
