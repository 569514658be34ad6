/*
 * timetext.c
 *	  Dates and timestamps as feeds write them, without throwing.
 *
 * Used by whatever process runs a feed.  PostgreSQL's own input functions
 * throw, follow the session's DateStyle and take words such as "today"; what a
 * feed means must depend on none of these.  So the text is read here, and only
 * calendar and zones are PostgreSQL's.  No memory is allocated but for templates.
 */
#include "feed/timetext.h"

#include "feed/timeparts.h"
#include "mb/pg_wchar.h"
#include "utils/datetime.h"

/* The parts of a template */
typedef enum TemplateKind
{
	TT_YEAR, TT_SHORT_YEAR, TT_MONTH, TT_DAY, TT_HOUR24, TT_HOUR12, TT_MINUTE, TT_SECOND,
	TT_MILLI, TT_MICRO, TT_HALF_DAY, TT_ZONE_HOUR, TT_ZONE_MINUTE, TT_ZONE, TT_MONTH_NAME,
	TT_LITERAL
} TemplateKind;

typedef struct TemplateWord
{
	const char *word;
	TemplateKind kind;
	int			digits;			/* 0: not a number */
} TemplateWord;

/* longer words before those that they begin with */
static const TemplateWord template_words[] = {
	{"YYYY", TT_YEAR, 4}, {"YY", TT_SHORT_YEAR, 2}, {"MONTH", TT_MONTH_NAME, 0},
	{"MON", TT_MONTH_NAME, 0},
	{"MM", TT_MONTH, 2}, {"MI", TT_MINUTE, 2}, {"MS", TT_MILLI, 3},
	{"DD", TT_DAY, 2}, {"HH24", TT_HOUR24, 2}, {"HH12", TT_HOUR12, 2}, {"HH", TT_HOUR12, 2},
	{"SS", TT_SECOND, 2}, {"US", TT_MICRO, 6},
	{"AM", TT_HALF_DAY, 0}, {"PM", TT_HALF_DAY, 0}, {"A.M.", TT_HALF_DAY, 0},
	{"P.M.", TT_HALF_DAY, 0},
	{"TZH", TT_ZONE_HOUR, 0}, {"TZM", TT_ZONE_MINUTE, 2}, {"TZ", TT_ZONE, 0}
};

typedef struct TemplateItem
{
	TemplateKind kind;
	int			min_digits,
				max_digits;
	char		literal;
} TemplateItem;

struct TimeTemplate
{
	bool		no_day;			/* the first of the month is meant */
	int			nitems;
	TemplateItem items[FLEXIBLE_ARRAY_MEMBER];
};

static const TemplateWord *
find_word(const char *pattern)
{
	for (int i = 0; i < lengthof(template_words); i++)
	{
		if (pg_strncasecmp(pattern, template_words[i].word, strlen(template_words[i].word)) == 0)
			return &template_words[i];
	}
	return NULL;
}

TimeTemplate *
time_template_parse(const char *pattern, char **problem)
{
	TimeTemplate *template =
		palloc0(offsetof(TimeTemplate, items) + (strlen(pattern) + 1) * sizeof(TemplateItem));
	bool		quoted = false;
	uint32		seen = 0;

	for (const char *p = pattern; *p;)
	{
		TemplateItem *item = &template->items[template->nitems];
		const TemplateWord *word = quoted ? NULL : find_word(p);

		if (*p == '"')
		{
			quoted = !quoted;
			p++;
			continue;
		}
		if (word)
		{
			item->kind = word->kind;
			item->max_digits = word->digits;
			item->min_digits = word->kind == TT_YEAR ? 4 : word->kind == TT_SHORT_YEAR ? 2 : 1;
			p += strlen(word->word);

			/* two numbers in a row can only be told apart by their width */
			if (template->nitems > 0 && item->max_digits > 0 && item[-1].max_digits > 0)
				item[-1].min_digits = item[-1].max_digits;
			if (template->nitems > 0 && item->max_digits > 0 && item[-1].max_digits > 0)
				item->min_digits = item->max_digits;
			seen |= 1 << item->kind;
		}
		else
		{
			if (!quoted && isalnum((unsigned char) *p))
			{
				*problem = psprintf("the template has no pattern \"%.*s\"; text of its own goes "
									"in double quotes",
									pg_mbcliplen(p, strlen(p), 20), p);
				return NULL;
			}
			item->kind = TT_LITERAL;
			item->literal = *p++;
		}
		template->nitems++;
	}
	if (quoted)
		*problem = "the template has a quote without its pair";
	else if (!(seen & ((1 << TT_YEAR) | (1 << TT_SHORT_YEAR))) ||
			 !(seen & ((1 << TT_MONTH) | (1 << TT_MONTH_NAME))))
		*problem = "the template needs a year (YYYY or YY) and a month (MM or MON); without a day "
				   "(DD) it is the first";
	else if (((seen >> TT_HOUR12) & 1) != ((seen >> TT_HALF_DAY) & 1))
		*problem = "HH12 and AM go together; an hour from 0 to 23 is HH24";
	else
	{
		template->no_day = !(seen & (1 << TT_DAY));
		return template;
	}
	return NULL;
}

/* -08 of a template's TZH */
static bool
take_zone_hour(const char **p, TimeParts *parts)
{
	int			hours;

	if (**p != '-' && **p != '+')
		return false;
	parts->west = (*(*p)++ == '-');
	parts->has_offset = true;
	if (!time_take_digits(p, 1, 2, &hours) || hours > 15)
		return false;
	parts->offset += hours * 3600;
	return true;
}

static bool
take_zone_minute(const char **p, TimeParts *parts)
{
	int			minutes;

	if (!time_take_digits(p, 1, 2, &minutes) || minutes > 59)
		return false;
	parts->offset += minutes * 60;
	return true;
}

static bool
take_item(const TemplateItem *item, const char **p, TimeParts *parts)
{
	switch (item->kind)
	{
		case TT_YEAR:
			return time_take_digits(p, item->min_digits, item->max_digits, &parts->year);
		case TT_SHORT_YEAR:
			if (!time_take_digits(p, item->min_digits, item->max_digits, &parts->year))
				return false;
			parts->year = time_full_year(parts->year);
			return true;
		case TT_MONTH:
			return time_take_digits(p, item->min_digits, item->max_digits, &parts->month);
		case TT_DAY:
			return time_take_digits(p, item->min_digits, item->max_digits, &parts->day);
		case TT_HOUR24:
		case TT_HOUR12:
			return time_take_digits(p, item->min_digits, item->max_digits, &parts->hour);
		case TT_MINUTE:
			return time_take_digits(p, item->min_digits, item->max_digits, &parts->minute);
		case TT_SECOND:
			return time_take_digits(p, item->min_digits, item->max_digits, &parts->second);
		case TT_MILLI:
		case TT_MICRO:
			return time_take_fraction(p, item->max_digits, &parts->usec);
		case TT_HALF_DAY:
			return time_take_half_day(p, &parts->half_day);
		case TT_ZONE_HOUR:
			return take_zone_hour(p, parts);
		case TT_ZONE_MINUTE:
			return take_zone_minute(p, parts);
		case TT_ZONE:
			return time_take_offset(p, parts);
		case TT_MONTH_NAME:
			return time_take_month_name(p, &parts->month);
		case TT_LITERAL:
			return time_take_char(p, item->literal);
	}
	return false;
}

/* Puts AM and PM into the hour, and looks whether there is such a day and time */
static bool
parts_exist(TimeParts *parts)
{
	if (parts->half_day >= 0)
	{
		if (parts->hour < 1 || parts->hour > 12)
			return false;
		parts->hour = parts->hour % 12 + 12 * parts->half_day;
	}
	return parts->year >= 1 && parts->month >= 1 && parts->month <= 12 &&
		parts->day >= 1 && parts->day <= day_tab[isleap(parts->year)][parts->month - 1] &&
		parts->hour <= 23 && parts->minute <= 59 && parts->second <= 59;
}

static TimeResult
read_template(const TimeTemplate *template, const char *text, TimeParts *parts)
{
	for (int i = 0; i < template->nitems; i++)
	{
		if (!take_item(&template->items[i], &text, parts))
			return TIME_BAD_TEXT;
	}
	if (template->no_day)
		parts->day = 1;
	return *text == '\0' ? TIME_OK : TIME_BAD_TEXT;
}

static TimeResult
read_parts(const TimeTemplate *template, DayOrder order, const char *text, TimeParts *parts)
{
	TimeResult	outcome;

	memset(parts, 0, sizeof(*parts));
	parts->half_day = -1;
	outcome = template ? read_template(template, text, parts) : time_read_usual(text, order, parts);
	if (outcome != TIME_OK || parts->has_moment)
		return outcome;

	/* what databases and libraries write that have no null */
	if (parts->year <= 1 || parts->year == 9999 || (parts->month == 0 && parts->day == 0))
		return TIME_NOTHING;
	return parts_exist(parts) ? TIME_OK : TIME_OUT_OF_RANGE;
}

/*
 * The day of a moment in a zone.  Midnight in UTC is how sources write a day as
 * a moment: it is that day of UTC, in whatever zone.
 */
static DateADT
day_of_moment(TimestampTz moment, pg_tz *zone)
{
	struct pg_tm tm;
	fsec_t		fsec;
	int			west;

	if (moment % USECS_PER_DAY == 0 || zone == NULL ||
		timestamp2tm(moment, &west, &tm, &fsec, NULL, zone) != 0)
		return moment / USECS_PER_DAY - (moment % USECS_PER_DAY < 0 ? 1 : 0);
	return date2j(tm.tm_year, tm.tm_mon, tm.tm_mday) - POSTGRES_EPOCH_JDATE;
}

/* The day as it is written: a time or an offset that follows does not move it */
TimeResult
time_date_from_text(const TimeTemplate *template, DayOrder order, const char *text, pg_tz *zone,
					DateADT *result)
{
	TimeParts	parts;
	TimeResult	outcome = read_parts(template, order, text, &parts);

	if (outcome != TIME_OK)
		return outcome;
	if (parts.has_moment)
		*result = day_of_moment(parts.moment, zone);
	else
		*result = date2j(parts.year, parts.month, parts.day) - POSTGRES_EPOCH_JDATE;
	return TIME_OK;
}

TimeResult
time_stamp_from_text(const TimeTemplate *template, DayOrder order, const char *text, pg_tz *zone,
					 TimestampTz *result)
{
	TimeParts	parts;
	TimeResult	outcome = read_parts(template, order, text, &parts);
	struct pg_tm tm = {0};
	int			west;

	if (outcome != TIME_OK)
		return outcome;
	if (parts.has_moment)
	{
		*result = parts.moment;
		return TIME_OK;
	}
	if (parts.month_only)
		return TIME_BAD_TEXT;
	tm.tm_year = parts.year;
	tm.tm_mon = parts.month;
	tm.tm_mday = parts.day;
	tm.tm_hour = parts.hour;
	tm.tm_min = parts.minute;
	tm.tm_sec = parts.second;
	tm.tm_isdst = -1;
	if (parts.has_offset)
		west = parts.west ? parts.offset : -parts.offset;
	else
		west = zone ? DetermineTimeZoneOffset(&tm, zone) : 0;
	if (tm2timestamp(&tm, parts.usec, &west, result) != 0)
		return TIME_OUT_OF_RANGE;
	return TIME_OK;
}

DayOrder
time_order_shown(const char *text)
{
	TimeParts	parts = {0};

	parts.half_day = -1;
	if (time_read_usual(text, DATE_ORDER_UNKNOWN, &parts) != TIME_OK || !parts_exist(&parts))
		return DATE_ORDER_UNKNOWN;
	return parts.shown;
}
