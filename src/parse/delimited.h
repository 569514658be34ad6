/*
 * delimited.h
 *	  Records from delimited text: CSV, pipe, tab.  A push parser: bytes go in
 *	  as they come, whole records come out.
 *
 * A leaf: see record.h.  All memory belongs to the reader's context.
 */
#ifndef ESTATE_DELIMITED_H
#define ESTATE_DELIMITED_H

#include "parse/record.h"

typedef struct DelimitedReader DelimitedReader;

typedef struct DelimitedOptions
{
	char		delimiter;		/* 0: the likeliest of , ; | and tab in the first line */
	char		quote;			/* 0: the double quote */
	bool		no_quote;		/* quotes are ordinary characters */
	const char *encoding;		/* NULL: UTF8; see delimited_encodings() */
	bool		no_header;		/* the first line is a record */
	const char *const *names;	/* take these for the header's names; NULL: the
								 * header's own, or column_1, column_2, ... */
	int			nnames;
} DelimitedOptions;

extern DelimitedReader *delimited_create(MemoryContext context, const DelimitedOptions *options);

/* More bytes, last: and no more after them.  Records handed out before are no longer valid. */
extern void delimited_push(DelimitedReader *reader, const char *bytes, size_t len, bool last);

/*
 * The next whole record, good or with error_code set; false: push more bytes,
 * or (after the last) there are none, or delimited_error() says what is wrong.
 * The record is valid until the next call of delimited_next or delimited_push.
 */
extern bool delimited_next(DelimitedReader *reader, Record *record);

/* Why this is not delimited text at all (empty, HTML, two fields of one name); NULL: all is well */
extern const char *delimited_error(const DelimitedReader *reader);

/* The names of the fields, for the life of the reader; NULL: not known yet, call delimited_next first */
extern const char *const *delimited_names(const DelimitedReader *reader, int *nnames);

/* The delimiter in use; 0: not known yet */
extern char delimited_delimiter(const DelimitedReader *reader);

/* Whether an encoding name is known, and which are */
extern bool delimited_knows_encoding(const char *name);
extern const char *delimited_encodings(void);

#endif							/* ESTATE_DELIMITED_H */
