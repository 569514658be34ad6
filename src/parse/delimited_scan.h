/*
 * delimited_scan.h
 *	  Where a delimited record and its fields begin and end; see delimited.c.
 */
#ifndef ESTATE_DELIMITED_SCAN_H
#define ESTATE_DELIMITED_SCAN_H

#include "parse/record.h"

typedef struct ScanField
{
	uint32		start,			/* offsets from the record's begin, without quotes */
				end;
	bool		doubled;		/* holds doubled or escaped quotes */
	char	   *value;			/* set by who copies the record */
	uint32		len;
} ScanField;

typedef struct DelimitedScan
{
	char		delimiter;
	char		quote;
	bool		quoting;
	bool		backslash;		/* a backslash before a quote makes it text */

	int			nfields;		/* of the record scanned last */
	ScanField  *fields;
	int			size;			/* room for so many */
	size_t		broken_at;		/* how far a broken record was read */
	const char *error;
	char		error_space[64];
} DelimitedScan;

typedef enum ScanResult
{
	SCAN_RECORD,				/* a whole record */
	SCAN_MORE,					/* its end is not here yet */
	SCAN_BROKEN,				/* quotes that do not fit */
	SCAN_TOO_LARGE				/* too many bytes or fields */
} ScanResult;

extern ScanResult delimited_scan(DelimitedScan *scan, const char *bytes, size_t len, bool last,
								 size_t *raw_len, size_t *next);
extern void delimited_guess(DelimitedScan *scan, const char *bytes, size_t len);
extern size_t delimited_line_end(const char *bytes, size_t from, size_t len);
extern uint32 delimited_undouble(char *value, uint32 len, char quote, bool backslash);

#endif							/* ESTATE_DELIMITED_SCAN_H */
