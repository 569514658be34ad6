/*
 * json.h
 *	  Records from a page of JSON: an OData response, a bare array, or a
 *	  single object.
 *
 * A leaf: see record.h.  Results are in CurrentMemoryContext; raw points into
 * the caller's bytes.  A field that a record has twice is listed twice: the
 * last one counts.
 */
#ifndef ESTATE_JSON_H
#define ESTATE_JSON_H

#include "parse/record.h"

typedef struct JsonPage
{
	int			nrecords;
	Record	   *records;		/* good, or with error_code set */
	const char *next_link;		/* @odata.nextLink; NULL: this is the last page */
	const char *error;			/* why the page cannot be used, in words; NULL: it can */
} JsonPage;

/* False: the page as a whole is unusable (cut, not JSON, an OData error), see page->error */
extern bool json_page_parse(const char *bytes, size_t len, JsonPage *page);

/* The elements of an array or the members of an object, each as a field (of an array: named 0, 1, ...) */
extern bool json_members_parse(const char *bytes, size_t len, Record *members);

/* What dotted path (names, or positions in arrays) finds below a FIELD_JSON; false: nothing */
extern bool json_path_find(const Field *field, const char *path, Field *found);

#endif							/* ESTATE_JSON_H */
