/*
 * mapping.h
 *	  From records of a feed to rows of estate.listing.
 *
 * mapping_compile throws for a mapping that cannot work; mapping_apply never
 * throws for bad data: the row says why it is rejected.
 */
#ifndef ESTATE_MAPPING_H
#define ESTATE_MAPPING_H

#include "estate.h"

#include "feed/timetext.h"
#include "listing/listing.h"
#include "parse/record.h"
#include "utils/jsonb.h"

typedef struct Mapping Mapping;

/* What a mapping is made from */
typedef struct MappingSource
{
	const char *preset;			/* csv or reso */
	Jsonb	   *mapping;		/* target column -> source; NULL: by names and synonyms */
	const ListingColumns *columns;
	const char *const *fields;	/* the CSV header; NULL: JSON, or not known yet */
	int			nfields;
	const char *time_zone;		/* of the market: for timestamps without offset */
	const char *area_unit;		/* of the market, sqft or sqm: for areas without unit */
	const char *currency;		/* of the market: amounts in another are rejected; NULL: any */
	DayOrder	date_order;		/* stated for the feed; UNKNOWN: see mapping_survey */
	bool		strict;			/* what cannot be read rejects its record */
	const char *key;			/* the key is made of: address or row; NULL: a field is it */
	const Jsonb *nothing;		/* words for no value; NULL: the usual ones */
} MappingSource;

/* One line of what a mapping does, for create_feed and preview_feed */
typedef struct MappingNote
{
	const char *target;			/* NULL: the field is kept in extra */
	const char *source;			/* NULL: nothing fills the column */
	const char *as;				/* NULL: not applicable */
	const char *note;			/* may be NULL */
} MappingNote;

/*
 * Compiles in CurrentMemoryContext, where the mapping lives.  Throws for a
 * preset, column, key, template or field that does not exist, or when nothing
 * is mapped to listing_key.
 *
 * With preset csv and fields = NULL only the text of the mapping is checked:
 * such a mapping can be described but not applied.  Compile again with the
 * header when it is known.
 */
extern Mapping *mapping_compile(const MappingSource *source);

/* For each of ListingColumns, whether the mapping fills it (ListingPage.filled) */
extern const bool *mapping_filled(const Mapping *mapping);

/*
 * Maps one record, also one with error_code set.  All that row points to is in
 * CurrentMemoryContext; nothing points into the record.
 */
extern void mapping_apply(Mapping *mapping, const Record *record, ListingRow *row);

/*
 * Whether the last record holds a date such as 3/1/2026 before it is known how
 * these are meant.  The caller then shows the mapping as many records as he
 * can, has it decide, and maps the record again.
 */
extern bool mapping_wants_order(const Mapping *mapping);
extern void mapping_survey(Mapping *mapping, const Record *record);
extern bool mapping_order_is_shown(const Mapping *mapping);
extern DayOrder mapping_decide_order(Mapping *mapping);

/* Whether a date has come that cannot be in the order that was taken from the market */
extern bool mapping_order_is_wrong(const Mapping *mapping);

extern MappingNote *mapping_describe(const Mapping *mapping, int *nnotes);

/* The mapping that NULL stands for, as a user would write it */
extern Jsonb *mapping_suggest(const MappingSource *source);

#endif							/* ESTATE_MAPPING_H */
