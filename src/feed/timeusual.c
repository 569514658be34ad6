/*
 * timeusual.c
 *	  The forms of days and times that need no template.
 *
 * Used by whatever process runs a feed.  Nothing is thrown and no memory is
 * allocated.  A text is read only where it can mean one thing: numbers of day
 * and month by the order that the caller has found in the whole source, counts
 * of seconds by their length.
 */
#include "feed/timeparts.h"

#include "utils/timestamp.h"

static const char *const month_names[] = {
	"january", "february", "march", "april", "may", "june", "july",
	"august", "september", "october", "november", "december"
};

static const char *const day_names[] = {
	"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
};

#define UNIX_EPOCH_US ((TimestampTz) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

/* Reads min to max digits; false: there are fewer */
bool
time_take_digits(const char **p, int min, int max, int *value)
{
	int			n = 0;

	*value = 0;
	while (n < max && isdigit((unsigned char) (*p)[n]))
		*value = *value * 10 + ((*p)[n++] - '0');
	*p += n;
	return n >= min;
}

/* Reads the digits of a fraction of a second; beyond microseconds they are dropped */
bool
time_take_fraction(const char **p, int max, int *usec)
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

bool
time_take_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* AM, PM, a.m., p.m. */
bool
time_take_half_day(const char **p, int *half_day)
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
bool
time_take_offset(const char **p, TimeParts *parts)
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
	if (!time_take_digits(p, 2, 2, &hours))
		return false;
	if (**p == ':' || isdigit((unsigned char) **p))
	{
		if (**p == ':')
			(*p)++;
		if (!time_take_digits(p, 2, 2, &minutes))
			return false;
	}
	parts->has_offset = true;
	parts->offset = (hours * 60 + minutes) * 60;
	return hours <= 15 && minutes <= 59;
}

/* Jan, JANUARY */
bool
time_take_month_name(const char **p, int *month)
{
	if (!isalpha((unsigned char) **p))
		return false;
	for (int i = 0; i < 12; i++)
	{
		int			len = strlen(month_names[i]);

		if (pg_strncasecmp(*p, month_names[i], 3) != 0)
			continue;
		*month = i + 1;
		if (pg_strncasecmp(*p, month_names[i], len) == 0)
			*p += len;
		else
			*p += i == 8 && pg_tolower((unsigned char) (*p)[3]) == 't' ? 4 : 3; /* Sept */
		return true;
	}
	return false;
}

/* 26 is 2026, 98 is 1998: as PostgreSQL and POSIX have it */
int
time_full_year(int year)
{
	return year + (year < 70 ? 2000 : 1900);
}

static void
set_moment(TimeParts *parts, int64 usec_since_1970)
{
	parts->has_moment = true;
	parts->moment = usec_since_1970 - UNIX_EPOCH_US;
}

/* /Date(1767225600000)/ and /Date(1767225600000-0800)/: milliseconds; the offset is for showing */
static bool
read_json_date(const char *p, TimeParts *parts)
{
	char	   *end;
	int64		ms;

	errno = 0;
	ms = strtoll(p + strlen("/Date("), &end, 10);
	if (errno != 0 || end == p + strlen("/Date(") || Abs(ms) > INT64CONST(100000000000000))
		return false;
	if (*end == '+' || *end == '-')
		end += 1 + strspn(end + 1, "0123456789");
	set_moment(parts, ms * 1000);
	return strcmp(end, ")/") == 0;
}

/*
 * Digits only: a day (8), a day and a time (14), seconds since 1970 (9 or 10,
 * perhaps with a fraction) or milliseconds (13).  Other lengths could be
 * several things.
 */
static bool
read_digits_only(const char *p, int digits, TimeParts *parts)
{
	int64		count;
	int			usec = 0;

	if (digits == 14)
		return time_take_digits(&p, 4, 4, &parts->year) &&
			time_take_digits(&p, 2, 2, &parts->month) &&
			time_take_digits(&p, 2, 2, &parts->day) && time_take_digits(&p, 2, 2, &parts->hour) &&
			time_take_digits(&p, 2, 2, &parts->minute) &&
			time_take_digits(&p, 2, 2, &parts->second) && *p == '\0';
	if (digits != 9 && digits != 10 && digits != 13)
		return false;
	count = strtoll(p, NULL, 10);
	p += digits;
	if (*p == '.' && digits != 13)
	{
		p++;
		if (!time_take_fraction(&p, INT_MAX, &usec))
			return false;
	}
	set_moment(parts, digits == 13 ? count * 1000 : count * USECS_PER_SEC + usec);
	return *p == '\0' && (digits != 13 || count < INT64CONST(5000000000000));
}

static bool
take_blanks(const char **p)
{
	const char *begin = *p;

	while (**p == ' ' || **p == '\t')
		(*p)++;
	return *p > begin;
}

/* What may stand between day, month and year where the month has a name */
static bool
take_separator(const char **p)
{
	const char *begin = *p;

	take_blanks(p);
	if (**p == '-' || **p == '/' || **p == '.' || **p == ',')
		(*p)++;
	take_blanks(p);
	return *p > begin;
}

/* Mon, or Monday, before the date */
static void
skip_day_name(const char **p)
{
	for (int i = 0; i < lengthof(day_names); i++)
	{
		int			len = strlen(day_names[i]);
		const char *at = *p;

		if (pg_strncasecmp(at, day_names[i], 3) != 0)
			continue;
		at += pg_strncasecmp(at, day_names[i], len) == 0 ? len : 3;
		if (*at == ',')
			at++;
		if (take_blanks(&at))
			*p = at;
		return;
	}
}

/* 2026, or 26 of this century or the last */
static bool
take_year(const char **p, TimeParts *parts)
{
	int			digits = strspn(*p, "0123456789");

	if (digits == 4)
		return time_take_digits(p, 4, 4, &parts->year);
	if (digits != 2)
		return false;
	time_take_digits(p, 2, 2, &parts->year);
	parts->year = time_full_year(parts->year);
	return true;
}

/* The day of 1st, 2nd, 28 */
static bool
take_day(const char **p, TimeParts *parts)
{
	static const char *const endings[] = {"st", "nd", "rd", "th"};

	if (!time_take_digits(p, 1, 2, &parts->day) || isdigit((unsigned char) **p))
		return false;
	for (int i = 0; i < lengthof(endings); i++)
	{
		if (pg_strncasecmp(*p, endings[i], 2) == 0)
		{
			*p += 2;
			break;
		}
	}
	return true;
}

/* June-28-2018, Jun 28, 2018, June 2018 */
static bool
take_named_month_first(const char **p, TimeParts *parts)
{
	if (!time_take_month_name(p, &parts->month) || !take_separator(p))
		return false;
	if (strspn(*p, "0123456789") == 4)
	{
		parts->month_only = true;
		parts->day = 1;
		return time_take_digits(p, 4, 4, &parts->year);
	}
	return take_day(p, parts) && take_separator(p) && take_year(p, parts);
}

/* 2026-03-01, 2026/3/1, 2026.03.01, 2026-Mar-01, 2026-03 */
static bool
take_year_first(const char **p, TimeParts *parts)
{
	char		separator;

	time_take_digits(p, 4, 4, &parts->year);
	separator = **p;
	if (separator != '-' && separator != '/' && separator != '.')
		return false;
	(*p)++;
	if (!time_take_digits(p, 1, 2, &parts->month) && !time_take_month_name(p, &parts->month))
		return false;
	if (**p == '\0')
	{
		parts->month_only = true;
		parts->day = 1;
		return true;
	}
	return time_take_char(p, separator) && time_take_digits(p, 1, 2, &parts->day);
}

/* Two numbers that are day and month, or month and day */
static TimeResult
set_day_and_month(TimeParts *parts, int first, int second, DayOrder order)
{
	if (first > 12 && second <= 12 && first <= 31)
		parts->shown = DATE_DAY_FIRST;
	else if (second > 12 && first <= 12 && second <= 31)
		parts->shown = DATE_MONTH_FIRST;
	if (order == DATE_ORDER_UNKNOWN || order == DATE_ORDER_MIXED)
	{
		if (parts->shown == DATE_ORDER_UNKNOWN && first != second && first > 0 && second > 0)
			return first > 12 ? TIME_OUT_OF_RANGE : TIME_AMBIGUOUS;
		order = parts->shown;
	}
	parts->day = order == DATE_DAY_FIRST ? first : second;
	parts->month = order == DATE_DAY_FIRST ? second : first;
	return TIME_OK;
}

/* 3/1/2026, 25.12.2026, 3/1/26, 28-Jun-2018, 28 June 2018, 3/2026 */
static TimeResult
take_year_last(const char **p, DayOrder order, TimeParts *parts)
{
	int			first,
				second;
	char		separator;
	const char *at = *p;

	if (take_day(&at, parts) && take_separator(&at) && isalpha((unsigned char) *at) &&
		time_take_month_name(&at, &parts->month))
	{
		*p = at;
		return take_separator(p) && take_year(p, parts) ? TIME_OK : TIME_BAD_TEXT;
	}
	parts->day = 0;
	time_take_digits(p, 1, 2, &first);
	separator = **p;
	if ((separator != '/' && separator != '.' && separator != '-') ||
		!isdigit((unsigned char) (*p)[1]))
		return TIME_BAD_TEXT;
	(*p)++;
	if (strspn(*p, "0123456789") == 4)
	{
		time_take_digits(p, 4, 4, &parts->year);
		parts->month = first;
		parts->day = 1;
		parts->month_only = true;
		return TIME_OK;
	}
	if (!time_take_digits(p, 1, 2, &second) || !time_take_char(p, separator))
		return TIME_BAD_TEXT;
	/* 26-03-01 may begin with its year */
	if (separator == '-' && strspn(*p, "0123456789") != 4)
		return TIME_BAD_TEXT;
	if (!take_year(p, parts))
		return TIME_BAD_TEXT;
	return set_day_and_month(parts, first, second, order);
}

static TimeResult
take_usual_day(const char **p, DayOrder order, TimeParts *parts)
{
	int			digits;

	if (isalpha((unsigned char) **p))
		skip_day_name(p);
	digits = strspn(*p, "0123456789");
	if (digits == 0)
		return take_named_month_first(p, parts) ? TIME_OK : TIME_BAD_TEXT;
	if (digits == 8)
		return time_take_digits(p, 4, 4, &parts->year) &&
			time_take_digits(p, 2, 2, &parts->month) &&
			time_take_digits(p, 2, 2, &parts->day) ? TIME_OK : TIME_BAD_TEXT;
	if (digits == 4)
		return take_year_first(p, parts) ? TIME_OK : TIME_BAD_TEXT;
	return digits <= 2 ? take_year_last(p, order, parts) : TIME_BAD_TEXT;
}

/* 09:30, 09:30:00.5, 093000, 9:30 PM */
static bool
take_usual_time(const char **p, TimeParts *parts)
{
	int			digits = strspn(*p, "0123456789");

	if (digits == 6)
	{
		if (!(time_take_digits(p, 2, 2, &parts->hour) &&
			  time_take_digits(p, 2, 2, &parts->minute) &&
			  time_take_digits(p, 2, 2, &parts->second)))
			return false;
	}
	else
	{
		if (!time_take_digits(p, 1, 2, &parts->hour) || !time_take_char(p, ':') ||
			!time_take_digits(p, 2, 2, &parts->minute))
			return false;
		if (time_take_char(p, ':') && !time_take_digits(p, 2, 2, &parts->second))
			return false;
	}
	if ((**p == '.' || **p == ',') && digits <= 6)
	{
		(*p)++;
		if (!time_take_fraction(p, INT_MAX, &parts->usec))
			return false;
	}
	return true;
}

/* UTC or GMT, perhaps with an offset from it, or an offset alone */
static bool
take_zone(const char **p, TimeParts *parts)
{
	if (pg_strncasecmp(*p, "UTC", 3) != 0 && pg_strncasecmp(*p, "GMT", 3) != 0)
		return time_take_offset(p, parts);
	*p += 3;
	parts->has_offset = true;
	return **p == '\0' || time_take_offset(p, parts);
}

TimeResult
time_read_usual(const char *p, DayOrder order, TimeParts *parts)
{
	int			digits = strspn(p, "0123456789");
	TimeResult	outcome;

	if (strncmp(p, "/Date(", strlen("/Date(")) == 0)
		return read_json_date(p, parts) ? TIME_OK : TIME_BAD_TEXT;
	if (digits > 8)
		return read_digits_only(p, digits, parts) ? TIME_OK : TIME_BAD_TEXT;

	outcome = take_usual_day(&p, order, parts);
	if (outcome == TIME_BAD_TEXT || *p == '\0')
		return outcome;
	if (parts->month_only)
		return TIME_BAD_TEXT;
	if (*p != ' ' && !((*p == 'T' || *p == 't') && isdigit((unsigned char) p[1])) &&
		!(*p == ',' && p[1] == ' '))
		return TIME_BAD_TEXT;
	p++;
	take_blanks(&p);
	if (isdigit((unsigned char) *p))
	{
		if (!take_usual_time(&p, parts))
			return TIME_BAD_TEXT;
		take_blanks(&p);
		if (time_take_half_day(&p, &parts->half_day))
			take_blanks(&p);
	}
	if (*p != '\0' && !take_zone(&p, parts))
		return TIME_BAD_TEXT;
	return *p == '\0' ? outcome : TIME_BAD_TEXT;
}
