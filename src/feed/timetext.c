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

#include "mb/pg_wchar.h"
#include "utils/datetime.h"

/* what a text says; -1: nothing */
typedef struct TimeParts
{
	int			year,
				month,
				day,
				hour,
				minute,
				second,
				usec;
	int			half_day;		/* 0: AM, 1: PM */
	bool		has_offset;
	bool		west;
	int			offset;			/* seconds, east or west */
} TimeParts;

static const char *const month_names[] = {
	"january", "february", "march", "april", "may", "june", "july",
	"august", "september", "october", "november", "december"
};

/* Reads min to max digits; false: there are fewer */
static bool
take_digits(const char **p, int min, int max, int *value)
{
	int			n = 0;

	*value = 0;
	while (n < max && isdigit((unsigned char) (*p)[n]))
		*value = *value * 10 + ((*p)[n++] - '0');
	*p += n;
	return n >= min;
}

/* Reads the digits of a fraction of a second; beyond microseconds they are dropped */
static bool
take_fraction(const char **p, int max, int *usec)
{
	int			n = 0;

	*usec = 0;
	for (; n < max && isdigit((unsigned char) **p); n++, (*p)++)
	{
		if (n < 6)
			*usec = *usec * 10 + (**p - '0');
	}
	for (int i = n; i < 6; i++)
		*usec *= 10;
	return n > 0;
}

static bool
take_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static void
take_blanks(const char **p)
{
	while (**p == ' ' || **p == '\t')
		(*p)++;
}

/* AM, PM, a.m., p.m. */
static bool
take_half_day(const char **p, int *half_day)
{
	const char *at = *p;
	char		c = pg_ascii_tolower(*at);

	if (c != 'a' && c != 'p')
		return false;
	at++;
	if (*at == '.')
		at++;
	if (pg_ascii_tolower(*at) != 'm')
		return false;
	at++;
	if (*at == '.')
		at++;
	*half_day = (c == 'p');
	*p = at;
	return true;
}

/* Z, +HH, +HHMM, +HH:MM */
static bool
take_offset(const char **p, TimeParts *parts)
{
	int			hours,
				minutes = 0;

	if (**p == 'Z' || **p == 'z')
	{
		(*p)++;
		parts->has_offset = true;
		return true;
	}
	if (**p != '+' && **p != '-')
		return false;
	parts->west = (*(*p)++ == '-');
	if (!take_digits(p, 2, 2, &hours))
		return false;
	if (**p == ':' || isdigit((unsigned char) **p))
	{
		if (**p == ':')
			(*p)++;
		if (!take_digits(p, 2, 2, &minutes))
			return false;
	}
	parts->has_offset = true;
	parts->offset = (hours * 60 + minutes) * 60;
	return hours <= 15 && minutes <= 59;
}

/* 2026-03-01, 2026/03/01, 20260301, or 3/1/2026 */
static bool
take_usual_day(const char **p, TimeParts *parts)
{
	int			digits = strspn(*p, "0123456789");
	char		separator;

	if (digits == 8)
		return take_digits(p, 4, 4, &parts->year) && take_digits(p, 2, 2, &parts->month) &&
			take_digits(p, 2, 2, &parts->day);
	if (digits == 4)
	{
		take_digits(p, 4, 4, &parts->year);
		separator = **p;
		return (separator == '-' || separator == '/') &&
			take_char(p, separator) && take_digits(p, 1, 2, &parts->month) &&
			take_char(p, separator) && take_digits(p, 1, 2, &parts->day);
	}
	return take_digits(p, 1, 2, &parts->month) && take_char(p, '/') &&
		take_digits(p, 1, 2, &parts->day) && take_char(p, '/') &&
		take_digits(p, 4, 4, &parts->year);
}

/* 09:30, 09:30:00.5, 093000, 9:30 PM */
static bool
take_usual_time(const char **p, TimeParts *parts)
{
	int			digits = strspn(*p, "0123456789");

	if (digits == 6)
	{
		if (!(take_digits(p, 2, 2, &parts->hour) && take_digits(p, 2, 2, &parts->minute) &&
			  take_digits(p, 2, 2, &parts->second)))
			return false;
	}
	else
	{
		if (!take_digits(p, 1, 2, &parts->hour) || !take_char(p, ':') || !take_digits(p, 2, 2, &parts->minute))
			return false;
		if (take_char(p, ':') && !take_digits(p, 2, 2, &parts->second))
			return false;
	}
	if ((**p == '.' || **p == ',') && digits <= 6)
	{
		(*p)++;
		if (!take_fraction(p, INT_MAX, &parts->usec))
			return false;
	}
	return true;
}

/* The forms that need no template */
static bool
read_usual(const char *p, TimeParts *parts)
{
	if (!take_usual_day(&p, parts))
		return false;
	if (*p == '\0')
		return true;
	if (*p != 'T' && *p != 't' && *p != ' ')
		return false;
	if (*p != ' ')
		p++;
	take_blanks(&p);
	if (!take_usual_time(&p, parts))
		return false;
	take_blanks(&p);
	if (take_half_day(&p, &parts->half_day))
		take_blanks(&p);
	if (*p != '\0' && !take_offset(&p, parts))
		return false;
	return *p == '\0';
}

/* The parts of a template */
typedef enum TemplateKind
{
	TT_YEAR, TT_MONTH, TT_DAY, TT_HOUR24, TT_HOUR12, TT_MINUTE, TT_SECOND,
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
	{"YYYY", TT_YEAR, 4}, {"MONTH", TT_MONTH_NAME, 0}, {"MON", TT_MONTH_NAME, 0},
	{"MM", TT_MONTH, 2}, {"MI", TT_MINUTE, 2}, {"MS", TT_MILLI, 3},
	{"DD", TT_DAY, 2}, {"HH24", TT_HOUR24, 2}, {"HH12", TT_HOUR12, 2}, {"HH", TT_HOUR12, 2},
	{"SS", TT_SECOND, 2}, {"US", TT_MICRO, 6},
	{"AM", TT_HALF_DAY, 0}, {"PM", TT_HALF_DAY, 0}, {"A.M.", TT_HALF_DAY, 0}, {"P.M.", TT_HALF_DAY, 0},
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
	TimeTemplate *template = palloc0(offsetof(TimeTemplate, items) + (strlen(pattern) + 1) * sizeof(TemplateItem));
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
			item->min_digits = word->kind == TT_YEAR ? 4 : 1;
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
				*problem = psprintf("the template has no pattern \"%.*s\"; text of its own goes in double quotes",
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
	else if (!(seen & (1 << TT_YEAR)) || !(seen & (1 << TT_DAY)) ||
			 !(seen & ((1 << TT_MONTH) | (1 << TT_MONTH_NAME))))
		*problem = "the template needs a year (YYYY), a month (MM or MON) and a day (DD)";
	else if (((seen >> TT_HOUR12) & 1) != ((seen >> TT_HALF_DAY) & 1))
		*problem = "HH12 and AM go together; an hour from 0 to 23 is HH24";
	else
		return template;
	return NULL;
}

/* Jan, JANUARY */
static bool
take_month_name(const char **p, int *month)
{
	for (int i = 0; i < 12; i++)
	{
		int			len = strlen(month_names[i]);

		if (pg_strncasecmp(*p, month_names[i], 3) != 0)
			continue;
		*month = i + 1;
		*p += pg_strncasecmp(*p, month_names[i], len) == 0 ? len : 3;
		return true;
	}
	return false;
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
	if (!take_digits(p, 1, 2, &hours) || hours > 15)
		return false;
	parts->offset += hours * 3600;
	return true;
}

static bool
take_zone_minute(const char **p, TimeParts *parts)
{
	int			minutes;

	if (!take_digits(p, 1, 2, &minutes) || minutes > 59)
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
			return take_digits(p, item->min_digits, item->max_digits, &parts->year);
		case TT_MONTH:
			return take_digits(p, item->min_digits, item->max_digits, &parts->month);
		case TT_DAY:
			return take_digits(p, item->min_digits, item->max_digits, &parts->day);
		case TT_HOUR24:
		case TT_HOUR12:
			return take_digits(p, item->min_digits, item->max_digits, &parts->hour);
		case TT_MINUTE:
			return take_digits(p, item->min_digits, item->max_digits, &parts->minute);
		case TT_SECOND:
			return take_digits(p, item->min_digits, item->max_digits, &parts->second);
		case TT_MILLI:
		case TT_MICRO:
			return take_fraction(p, item->max_digits, &parts->usec);
		case TT_HALF_DAY:
			return take_half_day(p, &parts->half_day);
		case TT_ZONE_HOUR:
			return take_zone_hour(p, parts);
		case TT_ZONE_MINUTE:
			return take_zone_minute(p, parts);
		case TT_ZONE:
			return take_offset(p, parts);
		case TT_MONTH_NAME:
			return take_month_name(p, &parts->month);
		case TT_LITERAL:
			return take_char(p, item->literal);
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
read_parts(const TimeTemplate *template, const char *text, TimeParts *parts)
{
	memset(parts, 0, sizeof(*parts));
	parts->half_day = -1;
	if (template == NULL)
	{
		if (!read_usual(text, parts))
			return TIME_BAD_TEXT;
	}
	else
	{
		for (int i = 0; i < template->nitems; i++)
		{
			if (!take_item(&template->items[i], &text, parts))
				return TIME_BAD_TEXT;
		}
		if (*text != '\0')
			return TIME_BAD_TEXT;
	}
	return parts_exist(parts) ? TIME_OK : TIME_OUT_OF_RANGE;
}

/* The day as it is written: a time or an offset that follows does not move it */
TimeResult
time_date_from_text(const TimeTemplate *template, const char *text, DateADT *result)
{
	TimeParts	parts;
	TimeResult	outcome = read_parts(template, text, &parts);

	if (outcome == TIME_OK)
		*result = date2j(parts.year, parts.month, parts.day) - POSTGRES_EPOCH_JDATE;
	return outcome;
}

TimeResult
time_stamp_from_text(const TimeTemplate *template, const char *text, pg_tz *zone, TimestampTz *result)
{
	TimeParts	parts;
	TimeResult	outcome = read_parts(template, text, &parts);
	struct pg_tm tm = {0};
	int			west;

	if (outcome != TIME_OK)
		return outcome;
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
