/*
 * synonym.h
 *	  The names and words of real-estate data: which column a header means,
 *	  and which RESO value a word means.
 */
#ifndef ESTATE_SYNONYM_H
#define ESTATE_SYNONYM_H

#include "estate.h"

/* Letters and digits of a name, lower case: "List Price" and ListPrice are the same */
extern char *synonym_fold(const char *name);

/*
 * The column that a header's folded name commonly means; NULL: none.  rank: of
 * several headers that mean one column the one with the lowest takes it.
 */
extern const char *synonym_column(const char *folded, int *rank);

/* RESO's name of a column, NULL: it has none */
extern const char *synonym_reso_name(const char *column);

/*
 * The unit of area that a header's folded name ends with; NULL: none.
 * *base_len: the length of the name without it
 */
extern const char *synonym_unit(const char *folded, int *base_len);

/* Whether a header names a price for each unit of area, and so no area */
extern bool synonym_is_rate(const char *name);

/*
 * The RESO spelling of a value of an enumerated column, or NULL: keep it as it
 * came.  loose: everyday words are taken too (Sold is Closed), not only other
 * spellings of RESO's own.
 */
extern const char *synonym_value(const char *column, const char *value, bool loose);

/* Whether the column has such spellings */
extern bool synonym_has_values(const char *column);

#endif							/* ESTATE_SYNONYM_H */
