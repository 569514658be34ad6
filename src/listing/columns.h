/*
 * columns.h
 *	  Columns of estate.listing, and arrays of values as parameters.
 */
#ifndef ESTATE_COLUMNS_H
#define ESTATE_COLUMNS_H

#include "listing/listing.h"

extern int	listing_column_index(const ListingPage *page, const char *name);
extern Oid	get_array_type_checked(Oid type);
extern Datum array_parameter(Oid type, const Datum *values, const bool *nulls, int n);
extern Datum column_parameter(const ListingPage *page, int column, ListingRow *const *rows, int n,
							  Oid *type);
extern char *column_type_name(const ListingColumn *column);

#endif							/* ESTATE_COLUMNS_H */
