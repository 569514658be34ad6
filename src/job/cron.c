/*
 * cron.c
 *	  When a schedule is due: the next tick after a time, the last one before.
 *
 * Runs in client backends and in sessions of pg_cron.  Touches no table and
 * keeps no memory.
 *
 * A schedule for each hour (every 15 minutes, or minute 30 of every hour) goes
 * by the clock on the wall: it is due whenever that shows one of its times,
 * twice where an hour is shown twice, and not in an hour that is left out.
 *
 * A schedule that names hours has times of the day, and each of them is due
 * exactly once on each of its days, as RFC 5545 counts: a time that the clock
 * shows twice, the first time; a time that the clock leaves out, as late as it
 * would have been by the clock of before: 2:30 is then 3:30.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "job/cron.h"

#define MINUTES_OF_DAY (HOURS_PER_DAY * MINS_PER_HOUR)
/* a 29th of February that has to be a certain weekday comes within 40 years, across 2100, too */
#define CRON_HORIZON_DAYS (50 * 366)
/* changes of the clock within the five days around a day */
#define MAX_CHANGES 8

/* A time in which the clock is ahead of Greenwich by so many seconds */
typedef struct ClockSpan
{
	pg_time_t	from;
	pg_time_t	to;				/* not included */
	long		ahead;
} ClockSpan;

typedef struct ClockSpans
{
	int			n;
	ClockSpan	span[MAX_CHANGES];
} ClockSpans;

/* What is due on a day, in no order */
typedef struct DayTicks
{
	int			n;
	pg_time_t	tick[2 * MINUTES_OF_DAY];
} DayTicks;

pg_tz *
cron_zone(const char *name)
{
	pg_tz	   *zone = strlen(name) <= TZ_STRLEN_MAX ? pg_tzset(name) : NULL;

	if (zone == NULL || !pg_tz_acceptable(zone))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" not recognized", name),
				 errhint("SELECT name FROM pg_timezone_names;")));
	return zone;
}

static pg_time_t
midnight_of(int day)
{
	return (pg_time_t) (day - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
}

/* The day that the clock shows, as a Julian date */
static int
local_day(TimestampTz at, pg_tz *zone)
{
	pg_time_t	seconds = timestamptz_to_time_t(at);
	struct pg_tm *shown = pg_localtime(&seconds, zone);

	if (shown == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	return date2j(shown->tm_year + 1900, shown->tm_mon + 1, shown->tm_mday);
}

static bool
has(uint64 values, int value)
{
	return (values >> value & 1) != 0;
}

/*
 * Whether a schedule has ticks on a day.  As in cron, where both days are
 * restricted either will do.
 */
static bool
is_day_of(const CronFields *fields, int day)
{
	int			year;
	int			month;
	int			day_of_month;
	bool		by_day;
	bool		by_weekday;

	j2date(day, &year, &month, &day_of_month);
	if (!has(fields->months, month))
		return false;
	by_day = has(fields->days, day_of_month) ||
		(fields->last_day && day_of_month == day_tab[isleap(year)][month - 1]);
	by_weekday = has(fields->weekdays, j2day(day));
	return fields->any_day || fields->any_weekday ? by_day && by_weekday : by_day || by_weekday;
}

/* How the clock goes on a day and around it */
static void
read_clock(int day, pg_tz *zone, ClockSpans *clock)
{
	pg_time_t	at = midnight_of(day - 2);
	pg_time_t	end = midnight_of(day + 3);

	clock->n = 1;
	clock->span[0].from = at;
	clock->span[0].to = end;
	for (;;)
	{
		ClockSpan  *last = &clock->span[clock->n - 1];
		long		before;
		long		after;
		int			before_isdst;
		int			after_isdst;
		pg_time_t	change;
		int			found = pg_next_dst_boundary(&at, &before, &before_isdst, &change,
												 &after, &after_isdst, zone);

		if (found < 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("timestamp out of range")));
		last->ahead = before;
		if (found == 0 || change >= end || clock->n == MAX_CHANGES)
			return;
		last->to = change;
		clock->span[clock->n++] = (ClockSpan) {change, end, after};
		at = change;
	}
}

/*
 * Adds when the clock shows a time, given as if it were Greenwich's: each time
 * that it does, or once, also where it is left out.
 */
static void
add_ticks(const ClockSpans *clock, pg_time_t shown, bool once, DayTicks *ticks)
{
	int			n = ticks->n;

	for (int i = 0; i < clock->n; i++)
	{
		pg_time_t	at = shown - clock->span[i].ahead;

		if (at < clock->span[i].from || at >= clock->span[i].to)
			continue;
		ticks->tick[ticks->n++] = at;
		if (once || ticks->n == n + 2)
			return;
	}
	for (int i = 0; once && i < clock->n - 1; i++)
		if (shown - clock->span[i].ahead >= clock->span[i].to &&
			shown - clock->span[i + 1].ahead < clock->span[i + 1].from)
		{
			ticks->tick[ticks->n++] = shown - clock->span[i].ahead;
			return;
		}
}

static void
find_ticks(const CronFields *fields, pg_tz *zone, int day, DayTicks *ticks)
{
	ClockSpans	clock;

	CHECK_FOR_INTERRUPTS();
	ticks->n = 0;
	if (!is_day_of(fields, day))
		return;
	read_clock(day, zone, &clock);
	for (int hour = 0; hour < HOURS_PER_DAY; hour++)
		for (int minute = 0; has(fields->hours, hour) && minute < MINS_PER_HOUR; minute++)
			if (has(fields->minutes, minute))
				add_ticks(&clock, midnight_of(day) + hour * SECS_PER_HOUR + minute * SECS_PER_MINUTE,
						  !fields->each_hour, ticks);
}

/*
 * The first (or last) tick of a day after one time and until another; keeps
 * what was found on another day, if that is better.
 */
static bool
improve(const DayTicks *ticks, TimestampTz after, TimestampTz until, bool last, bool found,
		TimestampTz *tick)
{
	for (int i = 0; i < ticks->n; i++)
	{
		TimestampTz at = time_t_to_timestamptz(ticks->tick[i]);

		if (at <= after || at > until || (found && (last ? at <= *tick : at >= *tick)))
			continue;
		*tick = at;
		found = true;
	}
	return found;
}

/*
 * The next tick after a time; false: it never comes.  A tick that the clock
 * has left out may fall into the day after its own, so once one is found the
 * following day is looked at, too.
 */
bool
cron_next(const CronFields *fields, pg_tz *zone, TimestampTz after, TimestampTz *tick)
{
	DayTicks   *ticks = palloc(sizeof(DayTicks));
	int			first = local_day(after, zone) - 1;
	int			end = first + CRON_HORIZON_DAYS;
	bool		found = false;

	for (int day = first; day < end; day++)
	{
		find_ticks(fields, zone, day, ticks);
		if (improve(ticks, after, DT_NOEND, false, found, tick) && !found)
		{
			found = true;
			end = day + 2;
		}
	}
	pfree(ticks);
	return found && IS_VALID_TIMESTAMP(*tick);
}

/* The last tick after a time and until another; false: there is none */
bool
cron_last(const CronFields *fields, pg_tz *zone, TimestampTz after, TimestampTz until,
		  TimestampTz *tick)
{
	DayTicks   *ticks = palloc(sizeof(DayTicks));
	int			end = local_day(after, zone) - 2;
	bool		found = false;

	for (int day = local_day(until, zone) + 1; day > end; day--)
	{
		find_ticks(fields, zone, day, ticks);
		if (improve(ticks, after, until, true, found, tick) && !found)
		{
			found = true;
			end = day - 2;
		}
	}
	pfree(ticks);
	return found;
}
