/*
 * json_scan.h
 *	  Where JSON values begin and end, without looking into them; see json.c.
 */
#ifndef ESTATE_JSON_SCAN_H
#define ESTATE_JSON_SCAN_H

#include "postgres.h"

typedef enum JsonSkip
{
	JSON_SKIP_OK,
	JSON_SKIP_CUT,				/* the bytes end within the value */
	JSON_SKIP_MISMATCH			/* a bracket closes another kind of bracket, or nothing is there */
} JsonSkip;

extern const char *json_skip_blanks(const char *p, const char *end);

/* Moves *p behind the value that begins there; *depth: how deep its brackets nest */
extern JsonSkip json_skip_value(const char **p, const char *end, int *depth);

#endif							/* ESTATE_JSON_SCAN_H */
