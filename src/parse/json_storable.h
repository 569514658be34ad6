/*
 * json_storable.h
 *	  JSON without what no text in the database can hold.
 */
#ifndef ESTATE_JSON_STORABLE_H
#define ESTATE_JSON_STORABLE_H

#include "postgres.h"

/* A place where bytes were replaced */
typedef struct JsonEscape
{
	size_t		at;				/* in the bytes that came out */
	int			grown;			/* by so many bytes */
} JsonEscape;

/*
 * The same bytes if all can be stored; else a copy in which a zero character,
 * half a surrogate pair, and bytes that are no UTF-8 are written as escapes
 * that a reader sees: backslash u0000, backslash xE9.
 */
extern const char *json_storable(const char *bytes, int len, int *new_len,
								 const JsonEscape **escapes, int *nescapes);

/*
 * A copy in which only bytes that are no text are escapes, of which
 * json_storable still makes what can be stored
 */
extern char *json_escaped_bytes(const char *bytes, int len, int *new_len);

#endif							/* ESTATE_JSON_STORABLE_H */
