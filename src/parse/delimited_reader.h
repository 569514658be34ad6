/*
 * delimited_reader.h
 *	  The reader of delimited text from within: bytes come in delimited_buffer.c,
 *	  the header, and all that is above it, is read in delimited_header.c, and
 *	  records in delimited.c.
 */
#ifndef ESTATE_DELIMITED_READER_H
#define ESTATE_DELIMITED_READER_H

#include "parse/delimited.h"
#include "parse/delimited_scan.h"
#include "parse/encoding.h"

struct DelimitedReader
{
	MemoryContext context;
	DelimitedScan scan;			/* delimiter, quote, and the fields last found */
	TextEncoding encoding;
	bool		encoding_is_known;
	DelimitedConvert convert;	/* NULL: encoding says all */
	void	   *convert_arg;
	char		carry[8];		/* bytes that are not converted yet: a part of a character */
	int			ncarry;
	bool		strict;
	bool		has_header;
	const char *const *given_names;
	int			ngiven;

	char	   *buffer;			/* UTF-8, not yet handed out from pos on */
	size_t		len,
				size,
				pos;
	bool		last;			/* nothing more will be pushed */
	size_t		wanted;			/* bytes after pos without which a scan is no use */
	bool		skipping;		/* the rest of a line that is too long */
	int64		resync_budget;

	struct
	{
		size_t		pos;
		bool		skipping;
		int64		resync_budget;
		int64		short_records;
	}			mark;
	int64		short_records;
	char	   *titles;			/* the lines above the header; NULL: none */

	int			nnames;
	int			nnamed;			/* of which the header itself names so many */
	char	  **names;			/* NULL: not known yet */
	char	   *values;			/* copy of the record, cut into fields */
	size_t		values_size;
	Field	   *fields;
	const char *error;
};

/* delimited_buffer.c */
extern bool delimited_skip_empty_lines(DelimitedReader *reader);
extern void delimited_cut_fields(DelimitedReader *reader, size_t raw_len);

/* delimited_header.c */
extern bool delimited_read_header(DelimitedReader *reader);

#endif							/* ESTATE_DELIMITED_READER_H */
