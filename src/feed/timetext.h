/*
 * timetext.h
 *	  Dates and timestamps as feeds write them, without throwing.
 */
#ifndef ESTATE_TIMETEXT_H
#define ESTATE_TIMETEXT_H

#include "estate.h"

#include "pgtime.h"
#include "utils/date.h"

typedef struct TimeTemplate TimeTemplate;

/* How 3/1/2026 is meant: decided from all that a source says, never from one value */
typedef enum DayOrder
{
	DATE_ORDER_UNKNOWN,
	DATE_MONTH_FIRST,
	DATE_DAY_FIRST,
	DATE_ORDER_MIXED			/* the source has both: what is not certain is not read */
} DayOrder;

typedef enum TimeResult
{
	TIME_OK,
	TIME_NOTHING,				/* 0000-00-00, year 1, year 9999: a date that stands for none */
	TIME_BAD_TEXT,				/* not of the form */
	TIME_AMBIGUOUS,				/* day and month could be either way round */
	TIME_OUT_OF_RANGE			/* of the form, but no such day or moment */
} TimeResult;

/* Compiles a template such as MM/DD/YYYY HH12:MI AM; NULL: *problem says why not */
extern TimeTemplate *time_template_parse(const char *pattern, char **problem);

/*
 * template NULL: the usual forms, of which order says how numbers are to be
 * taken.  zone (NULL: UTC) counts where the text has no offset.
 */
extern TimeResult time_date_from_text(const TimeTemplate *template, DayOrder order,
									  const char *text, pg_tz *zone, DateADT *result);
extern TimeResult time_stamp_from_text(const TimeTemplate *template, DayOrder order,
									   const char *text, pg_tz *zone, TimestampTz *result);

/* What the text shows of its source's order: one, the other, or nothing (UNKNOWN) */
extern DayOrder time_order_shown(const char *text);

#endif							/* ESTATE_TIMETEXT_H */
