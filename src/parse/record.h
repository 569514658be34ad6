/*
 * record.h
 *	  What the parsers deliver: a record of named fields, as text in UTF-8.
 *
 * A leaf: no SPI, no transactions, no globals.  Parsers never ereport for bad
 * input; they say in the record, or in their own error member, what is wrong.
 * Memory is the caller's CurrentMemoryContext.
 */
#ifndef ESTATE_RECORD_H
#define ESTATE_RECORD_H

#include "postgres.h"

typedef enum FieldKind
{
	FIELD_NULL,					/* JSON null, or an absent value */
	FIELD_TEXT,
	FIELD_NUMBER,				/* JSON number, as written */
	FIELD_BOOL,					/* JSON true or false */
	FIELD_JSON,					/* JSON array or object, as written */
	FIELD_DAMAGED				/* text with what the database cannot hold, written as escapes */
} FieldKind;

typedef struct Field
{
	const char *name;			/* as at the source, zero-terminated */
	const char *value;			/* zero-terminated; FIELD_TEXT: unescaped */
	int			len;
	FieldKind	kind;
} Field;

typedef struct Record
{
	int			nfields;
	Field	   *fields;
	const char *raw;			/* the record as it came */
	int			raw_len;
	bool		bad_bytes;			/* raw is no UTF-8: some field is FIELD_DAMAGED */
	const char *error_code;		/* malformed, ragged_row, bad_encoding, too_large; NULL: good */
	const char *error;			/* in words */
} Record;

/* caps on hostile input */
#define RECORD_MAX_BYTES (4 * 1024 * 1024)
#define RECORD_MAX_FIELDS 4096
#define RECORD_MAX_DEPTH 64

/* The record as it came, as text, at most max_bytes: bytes that are not UTF-8 are written \xHH */
extern char *record_raw_text(const Record *record, int max_bytes, int *len);

/* The same of any bytes, all of them */
extern char *record_escaped(const char *bytes, int bytes_len, int *len);

#endif							/* ESTATE_RECORD_H */
