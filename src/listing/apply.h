/*
 * apply.h
 *	  The parts of applying a page, private to the room.
 */
#ifndef ESTATE_APPLY_H
#define ESTATE_APPLY_H

#include "listing/listing.h"

/* A statement under construction: parameters are numbered as they are added */
typedef struct Statement
{
	StringInfoData sql;
	int			nparameters;
	Oid			types[FUNC_MAX_ARGS * 4];
	Datum		values[FUNC_MAX_ARGS * 4];
} Statement;

/* A row that is going to be written, and what is known of its listing */
typedef struct Known
{
	ListingRow *row;
	int64		id;				/* 0: the listing is new */
	bool		removed;
	bool		written;		/* it is new, or has changed */
	int64		content_hash;
	bool		has_hash;
	TimestampTz modified_at;	/* DT_NOBEGIN: none */
	bool		of_this_run;	/* the run at hand has written it */
} Known;

/* statement.c */
extern void statement_begin(Statement *statement, const char *sql);
extern int	statement_add(Statement *statement, Oid type, Datum value);
extern uint64 statement_run(Statement *statement, bool read_only);

/* apply.c */
extern void listing_apply_rows(const ListingPage *page, ListingRow *const *rows, int n,
							   ListingCounts *counts);

/* quarantine.c */
extern void listing_apply_good(const ListingPage *page, ListingRow **rows, int n,
							   ListingCounts *counts);

/* reject.c */
extern void listing_write_rejects(const ListingPage *page);
extern void listing_write_problems(const ListingPage *page, Known *const *written, int n);
extern void listing_resolve_rejects(const ListingPage *page, Known *const *settled, int n);

/* home.c */
extern char **listing_make_homes(const ListingPage *page, Known *const *written, int n);

/* change.c */
extern void listing_write_changes(const ListingPage *page, Known *const *updated, int n);
extern void listing_withdraw(const ListingPage *page, Known *const *withdrawn, int n);

/* photo.c */
extern void listing_write_media(const ListingPage *page, Known *const *written, int n);

#endif							/* ESTATE_APPLY_H */
