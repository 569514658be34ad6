/*
 * listing.h
 *	  The current state of one offer: the columns a record can fill, a page of
 *	  mapped records, and its application to the tables.
 */
#ifndef ESTATE_LISTING_H
#define ESTATE_LISTING_H

#include "estate.h"

#include "access/attnum.h"

/* A column of estate.listing that a mapping may fill */
typedef struct ListingColumn
{
	char	   *name;
	Oid			type;
	int32		typmod;
	AttrNumber	attnum;
} ListingColumn;

typedef struct ListingColumns
{
	int			count;
	ListingColumn *column;
	int			listing_key;	/* index of the key column */
} ListingColumns;

/* One photo or other medium of a record (RESO Media) */
typedef struct ListingMedia
{
	char	   *media_key;
	char	   *media_url;		/* the rest may be NULL */
	char	   *media_category;
	char	   *short_description;
	int			media_order;	/* -1: none */
	TimestampTz modified_at;	/* DT_NOBEGIN: none */
	bool		preferred;
} ListingMedia;

/* A field that could not be read: its column is null, its text is in extra */
typedef struct ListingProblem
{
	const char *code;
	const char *field;			/* column, or field of the source */
	const char *reason;
} ListingProblem;

/*
 * A record after mapping.  Either reject_code is set, or the row can be
 * applied.  values[] has an entry for each column of the mapping's
 * ListingColumns; columns that the mapping does not fill are null and not
 * written (see ListingPage.filled).
 */
typedef struct ListingRow
{
	char	   *listing_key;	/* NULL: unknown */
	Datum	   *values;
	bool	   *nulls;
	struct varlena *extra;		/* jsonb of unmapped fields; NULL: none */
	int			nmedia;
	ListingMedia *media;
	bool		has_media;		/* the record states its media (maybe none) */
	const char *removed_reason; /* the source withdraws the listing; NULL: no */
	int64		content_hash;

	int			nproblems;		/* of a good row */
	ListingProblem *problems;

	const char *reject_code;	/* NULL: the row is good */
	const char *reject_field;	/* may be NULL */
	const char *reject_reason;
	const char *raw;			/* the record as it came, UTF-8, for feed_reject */
	int			raw_len;
} ListingRow;

/* A page: the unit of one transaction */
typedef struct ListingPage
{
	int			market_id;
	int			feed_id;
	int64		run_id;
	const char *source_system;
	const char *currency;
	const char *media_target;	/* NULL: media are not copied */
	const char *media_queue;
	Oid			job_role;		/* role that the page's jobs run as */
	const ListingColumns *columns;
	const bool *filled;			/* columns that the mapping fills */
	int			nrows;
	ListingRow *rows;
} ListingPage;

typedef struct ListingCounts
{
	int64		seen,
				inserted,
				updated,
				unchanged,
				deleted,
				rejected,
				fields_rejected,	/* of records that are not rejected */
				replaced;		/* of updated: what the same run had written */
} ListingCounts;

extern ListingColumns *listing_columns(void);
extern bool listing_refresh_statistics(int64 inserted, int64 at_last_refresh);
extern void listing_apply(const ListingPage *page, ListingCounts *counts);

#endif							/* ESTATE_LISTING_H */
