/*
 * json.h
 *	  Records from a page of JSON: an OData response, a bare array, or a
 *	  single object.
 *
 * A leaf: see record.h.  Results are in CurrentMemoryContext; raw points into
 * the caller's bytes.  A field that a record has twice is listed twice: the
 * last one counts.
 *
 * A page is first looked over as a whole; then its records are read one by
 * one, so that a caller needs no more memory at a time than he wants to have
 * records in hand.
 */
#ifndef ESTATE_JSON_H
#define ESTATE_JSON_H

#include "parse/record.h"

typedef struct JsonPage
{
	int			nrecords;		/* still to be read */
	const char *next_link;		/* @odata.nextLink; NULL: this is the last page */
	const char *error;			/* why the page cannot be used, in words; NULL: it can */
	const char *position;		/* of the next record */
	const char *end;			/* of the page */
	int			guess;			/* fields of the records before */
} JsonPage;

/* False: the page as a whole is unusable (cut, not JSON, an OData error), see page->error */
extern bool json_page_parse(const char *bytes, size_t len, JsonPage *page);

/*
 * The next record, good or with error_code set; false: there are no more.  The
 * bytes must still be there.
 */
extern bool json_page_next(JsonPage *page, Record *record);

/* The elements of an array (named 0, 1, ...) or the members of an object, each as a field */
extern bool json_members_parse(const char *bytes, size_t len, Record *members);

/* What dotted path (names, or positions in arrays) finds below a FIELD_JSON; false: nothing */
extern bool json_path_find(const Field *field, const char *path, Field *found);

#endif							/* ESTATE_JSON_H */
