/*
 * cron.h
 *	  When a schedule of cron's five fields is due, in a time zone.
 */
#ifndef ESTATE_CRON_H
#define ESTATE_CRON_H

#include "datatype/timestamp.h"
#include "pgtime.h"

/* A schedule, parsed: bit n of a field is its value n */
typedef struct CronFields
{
	uint64		minutes;
	uint64		hours;
	uint64		days;			/* of the month */
	uint64		months;
	uint64		weekdays;		/* 0 is Sunday */
	bool		last_day;		/* of the month */
	bool		any_day;		/* the field begins with a star */
	bool		any_weekday;
	bool		each_hour;		/* it goes by the clock, not by times of the day */
} CronFields;

extern void cron_parse(const char *text, CronFields *fields);
extern pg_tz *cron_zone(const char *name);
extern bool cron_next(const CronFields *fields, pg_tz *zone, TimestampTz after, TimestampTz *tick);
extern bool cron_last(const CronFields *fields, pg_tz *zone, TimestampTz after, TimestampTz until,
					  TimestampTz *tick);

#endif							/* ESTATE_CRON_H */
