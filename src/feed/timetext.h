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

typedef enum TimeResult
{
	TIME_OK,
	TIME_BAD_TEXT,				/* not of the form */
	TIME_OUT_OF_RANGE			/* of the form, but no such day or moment */
} TimeResult;

/* Compiles a template such as MM/DD/YYYY HH12:MI AM; NULL: *problem says why not */
extern TimeTemplate *time_template_parse(const char *pattern, char **problem);

/* template NULL: ISO 8601, or MM/DD/YYYY; zone (NULL: UTC) counts where the text has no offset */
extern TimeResult time_date_from_text(const TimeTemplate *template, const char *text, DateADT *result);
extern TimeResult time_stamp_from_text(const TimeTemplate *template, const char *text, pg_tz *zone,
									   TimestampTz *result);

#endif							/* ESTATE_TIMETEXT_H */
