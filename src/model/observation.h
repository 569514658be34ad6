/*
 * observation.h
 *	  A table in memory, column by column: what features are chosen from and
 *	  what is valued.
 */
#ifndef ESTATE_MODEL_OBSERVATION_H
#define ESTATE_MODEL_OBSERVATION_H

#include "postgres.h"

#include "utils/hsearch.h"

#define WORD_LENGTH 100			/* longer words are cut */

typedef enum ColumnRole
{
	COLUMN_NUMBER,
	COLUMN_SIZE,				/* a number above 0 that works in proportion */
	COLUMN_LATITUDE,
	COLUMN_LONGITUDE,
	COLUMN_DAY,
	COLUMN_FLAG,				/* 1, or none: a list that names it or not */
	COLUMN_WORD,
	COLUMN_ANY					/* a field of unknown meaning: its values decide */
} ColumnRole;

typedef struct ObservationColumn
{
	char	   *name;
	ColumnRole	role;
	double	   *number;			/* NaN: none */
	int32	   *word;			/* index into words; -1: none */
	HTAB	   *dictionary;
	char	  **words;
	int			nwords;
	int			words_size;
	bool		too_many_words; /* new words are taken for none */
} ObservationColumn;

typedef struct Observations
{
	MemoryContext context;
	int64		count;
	int64		size;
	int64	   *key;			/* the listing */
	double	   *price;			/* NaN: none */
	double	   *day;
	int			ncolumns;
	ObservationColumn **column;
	HTAB	   *by_name;
	bool		closed;			/* no more columns: only those of a model */
} Observations;

extern Observations *observations_create(MemoryContext context);
extern ObservationColumn *observations_column(Observations *table, const char *name,
											  ColumnRole role);
extern ObservationColumn *observations_find(const Observations *table, const char *name);
extern void observations_add(Observations *table, int64 key, double day, double price);
extern void observations_set_number(Observations *table, ObservationColumn *column, double value);
extern void observations_set_word(Observations *table, ObservationColumn *column,
								  const char *text, int length);

#endif							/* ESTATE_MODEL_OBSERVATION_H */
