/*
 * timeparts.h
 *	  What a text says of a day and a time: between timetext.c, which reads by
 *	  templates, and timeusual.c, which knows the usual forms.
 */
#ifndef ESTATE_TIMEPARTS_H
#define ESTATE_TIMEPARTS_H

#include "feed/timetext.h"

typedef struct TimeParts
{
	int			year,
				month,
				day,
				hour,
				minute,
				second,
				usec;
	int			half_day;		/* 0: AM, 1: PM, -1: neither */
	bool		has_offset;
	bool		west;
	int			offset;			/* seconds, east or west */
	bool		month_only;		/* no day is named: the first is taken */
	bool		has_moment;		/* a count of seconds, and nothing else */
	TimestampTz moment;
	DayOrder	shown;			/* order of day and month that only this text could have */
} TimeParts;

/* timeusual.c */
extern TimeResult time_read_usual(const char *text, DayOrder order, TimeParts *parts);
extern bool time_take_digits(const char **p, int min, int max, int *value);
extern bool time_take_fraction(const char **p, int max, int *usec);
extern bool time_take_char(const char **p, char c);
extern bool time_take_half_day(const char **p, int *half_day);
extern bool time_take_offset(const char **p, TimeParts *parts);
extern bool time_take_month_name(const char **p, int *month);
extern int	time_full_year(int year);

#endif							/* ESTATE_TIMEPARTS_H */
