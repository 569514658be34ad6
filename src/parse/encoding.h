/*
 * encoding.h
 *	  Encodings that feeds come in, to UTF-8: those of the west, and UTF-16.
 *
 * Own small tables, because PostgreSQL's conversions are looked up in the
 * catalog, and a leaf has none.
 */
#ifndef ESTATE_ENCODING_H
#define ESTATE_ENCODING_H

#include "postgres.h"

typedef enum TextEncoding
{
	TEXT_UTF8,
	TEXT_LATIN1,
	TEXT_LATIN9,
	TEXT_WIN1252,
	TEXT_UTF16LE,				/* these two by text_utf16_to_utf8 */
	TEXT_UTF16BE
} TextEncoding;

#define TEXT_MAX_EXPANSION 3	/* bytes of UTF-8 for one byte */

/* By any of its usual names; false: not one of them */
extern bool text_encoding_parse(const char *name, TextEncoding *encoding);

/* The names, for a hint */
extern const char *text_encoding_names(void);

/*
 * Converts; target has room for TEXT_MAX_EXPANSION * len.  A byte that the
 * encoding does not define is copied, which makes the result invalid UTF-8.
 */
extern size_t text_to_utf8(TextEncoding encoding, const char *source, size_t len, char *target);

/*
 * The same for text of two bytes a character; target has room for
 * TEXT_MAX_EXPANSION * (len + 1).  *taken: bytes that were whole characters; if
 * there are no more to come, all.  Half a pair becomes invalid UTF-8.
 */
extern size_t text_utf16_to_utf8(TextEncoding encoding, const char *source, size_t len, bool last,
								 char *target, size_t *taken);

#endif							/* ESTATE_ENCODING_H */
