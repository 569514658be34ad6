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

/*
 * Converts len bytes to UTF-8; target has room for DELIMITED_EXPANSION * len.
 * Returns how many bytes it took: not all where a character ends beyond them,
 * or where they are none.
 */
typedef size_t (*DelimitedConvert) (void *arg, const char *source, size_t len, char *target,
									size_t *target_len);

#define DELIMITED_EXPANSION 4

/* What completes a name that the header has more than once: "Remarks [field 7]" */
#define DELIMITED_PLACE " [field "

typedef struct DelimitedOptions
{
	char		delimiter;		/* 0: the likeliest of , ; | and tab in the first line */
	char		quote;			/* 0: the double quote */
	bool		no_quote;		/* quotes are ordinary characters */
	const char *encoding;		/* NULL: UTF8; see delimited_encodings() */
	DelimitedConvert convert;	/* instead of one of these; NULL: none */
	void	   *convert_arg;
	bool		strict;			/* a line with fewer fields than the header is no record */
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

/* Why this is not delimited text at all (empty, HTML, ...); NULL: all is well */
extern const char *delimited_error(const DelimitedReader *reader);

/*
 * The names of the fields, for the life of the reader; NULL: not known yet,
 * call delimited_next first
 */
extern const char *const *delimited_names(const DelimitedReader *reader, int *nnames);

/* The delimiter in use; 0: not known yet */
extern char delimited_delimiter(const DelimitedReader *reader);

/* The title lines that were above the header, as one text; NULL: none */
extern const char *delimited_titles(const DelimitedReader *reader);

/* How many records had fewer fields than the header; what they left out was taken as empty */
extern int64 delimited_short_records(const DelimitedReader *reader);

/* Remembers where reading is; goes back there.  Pushing bytes in between is fine */
extern void delimited_mark(DelimitedReader *reader);
extern void delimited_rewind(DelimitedReader *reader);

/* Bytes that are here, from the mark on */
extern size_t delimited_buffered(const DelimitedReader *reader);

/* A name as a header would have it: no blanks around it, single ones within */
extern char *delimited_tidy_name(const char *name);

/* A name of the header without its place, if it has one */
extern const char *delimited_name_without_place(const char *name);

/* Whether an encoding name is known, and which are */
extern bool delimited_knows_encoding(const char *name);
extern const char *delimited_encodings(void);

#endif							/* ESTATE_DELIMITED_H */
