/*
 * observation.c
 *	  A table in memory, column by column.
 *
 * Runs in the backend that trains or scores.  Everything lives in the table's
 * own context and goes with it.  Set functions fill the row added last.
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "model/observation.h"

#define FIRST_SIZE 1024
#define MOST_COLUMNS 400
#define MOST_WORDS 20000

typedef struct NameEntry
{
	char		name[NAMEDATALEN * 2];
	ObservationColumn *column;
} NameEntry;

typedef struct WordEntry
{
	char		word[WORD_LENGTH + 1];
	int32		index;
} WordEntry;

static HTAB *
string_table(MemoryContext context, const char *purpose, Size key, Size entry)
{
	HASHCTL		control = {0};

	control.keysize = key;
	control.entrysize = entry;
	control.hcxt = context;
	return hash_create(purpose, 64, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

Observations *
observations_create(MemoryContext context)
{
	Observations *table = MemoryContextAllocZero(context, sizeof(Observations));

	table->context = context;
	table->by_name = string_table(context, "observation columns",
								  NAMEDATALEN * 2, sizeof(NameEntry));
	return table;
}

static void
observations_fill(ObservationColumn *column, int64 from, int64 to)
{
	for (int64 i = from; i < to; i++)
		column->number[i] = get_float8_nan();
	if (column->word)
		for (int64 i = from; i < to; i++)
			column->word[i] = -1;
}

static void *
observations_resize(MemoryContext context, void *array, Size element, int64 size)
{
	return array ? repalloc_huge(array, element * size) :
		MemoryContextAllocHuge(context, element * size);
}

static void
observations_grow(Observations *table)
{
	int64		size = table->size == 0 ? FIRST_SIZE : table->size * 2;

	table->key = observations_resize(table->context, table->key, sizeof(int64), size);
	table->price = observations_resize(table->context, table->price, sizeof(double), size);
	table->day = observations_resize(table->context, table->day, sizeof(double), size);
	for (int c = 0; c < table->ncolumns; c++)
	{
		ObservationColumn *column = table->column[c];

		column->number = observations_resize(table->context, column->number, sizeof(double), size);
		if (column->word)
			column->word = observations_resize(table->context, column->word, sizeof(int32), size);
		observations_fill(column, table->size, size);
	}
	table->size = size;
}

ObservationColumn *
observations_find(const Observations *table, const char *name)
{
	NameEntry  *entry = hash_search(table->by_name, name, HASH_FIND, NULL);

	return entry ? entry->column : NULL;
}

/*
 * The column of that name, made if need be.  NULL when there may be no more
 * columns: a feed with thousands of fields must not take all memory.
 */
ObservationColumn *
observations_column(Observations *table, const char *name, ColumnRole role)
{
	ObservationColumn *column = observations_find(table, name);
	NameEntry  *entry;

	if (column || table->closed || table->ncolumns == MOST_COLUMNS ||
		strlen(name) >= NAMEDATALEN * 2)
		return column;
	column = MemoryContextAllocZero(table->context, sizeof(ObservationColumn));
	column->name = MemoryContextStrdup(table->context, name);
	column->role = role;
	if (table->size > 0)
		column->number = observations_resize(table->context, NULL, sizeof(double), table->size);
	observations_fill(column, 0, table->size);
	table->column = table->column == NULL ?
		MemoryContextAlloc(table->context, sizeof(ObservationColumn *) * MOST_COLUMNS) :
		table->column;
	table->column[table->ncolumns++] = column;
	entry = hash_search(table->by_name, name, HASH_ENTER, NULL);
	entry->column = column;
	return column;
}

/* A row without values yet. */
void
observations_add(Observations *table, int64 key, double day, double price)
{
	if (table->count == table->size)
		observations_grow(table);
	for (int c = 0; c < table->ncolumns; c++)
		observations_fill(table->column[c], table->count, table->count + 1);
	table->key[table->count] = key;
	table->day[table->count] = day;
	table->price[table->count] = price;
	table->count++;
}

void
observations_set_number(Observations *table, ObservationColumn *column, double value)
{
	column->number[table->count - 1] = isfinite(value) ? value : get_float8_nan();
}

static void
prepare_words(Observations *table, ObservationColumn *column)
{
	column->dictionary = string_table(table->context, "words",
									  WORD_LENGTH + 1, sizeof(WordEntry));
	column->word = observations_resize(table->context, NULL, sizeof(int32), table->size);
	for (int64 i = 0; i < table->size; i++)
		column->word[i] = -1;
}

void
observations_set_word(Observations *table, ObservationColumn *column,
					  const char *text, int length)
{
	char		word[WORD_LENGTH + 1];
	WordEntry  *entry;
	bool		found;

	if (column->dictionary == NULL)
		prepare_words(table, column);
	length = pg_mbcliplen(text, length, WORD_LENGTH);
	memcpy(word, text, length);
	word[length] = '\0';
	entry = hash_search(column->dictionary, word,
						column->nwords < MOST_WORDS ? HASH_ENTER : HASH_FIND, &found);
	if (entry == NULL)
	{
		column->too_many_words = true;
		return;
	}
	if (!found)
	{
		if (column->nwords == column->words_size)
		{
			column->words_size = Max(64, column->words_size * 2);
			column->words = observations_resize(table->context, column->words,
												sizeof(char *), column->words_size);
		}
		entry->index = column->nwords;
		column->words[column->nwords++] = entry->word;
	}
	column->word[table->count - 1] = entry->index;
}
