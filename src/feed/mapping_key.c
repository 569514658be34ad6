/*
 * mapping_key.c
 *	  A key for records whose source gives none: their address, or a hash of
 *	  all that they say.
 *
 * Used by whatever process runs a feed.  Results are in CurrentMemoryContext.
 */
#include "feed/mapping_plan.h"

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

/* listing_key has room for so many characters */
#define KEY_MOST 255

static uint64
hash_text(const char *text, int len, uint64 seed)
{
	return hash_bytes_extended((const unsigned char *) text, len, seed);
}

/* 128 bits of all fields that have a value; their order does not count */
static char *
row_key(const Record *record)
{
	uint64		first = 0,
				second = 0;

	for (int i = 0; i < record->nfields; i++)
	{
		const Field *field = &record->fields[i];
		Field		value = mapping_trimmed(field);
		uint64		name;

		if (value.kind == FIELD_NULL)
			continue;
		name = hash_text(field->name, strlen(field->name), 0);
		first += hash_text(value.value, value.len, name);
		second += hash_text(value.value, value.len, ~name);
	}
	return psprintf("row:%016" INT64_MODIFIER "x%016" INT64_MODIFIER "x", first, second);
}

/* Adds the words of a column, in lower case */
static bool
add_words(const Mapping *mapping, const ListingRow *row, const char *name, StringInfo key)
{
	int			column = mapping_find_column(mapping->columns, name);
	bool		in_word = false;
	char	   *value;

	if (column < 0 || row->nulls[column])
		return false;
	value = TextDatumGetCString(row->values[column]);
	for (const unsigned char *p = (const unsigned char *) value; *p; p++)
	{
		if (*p < 0x80 && !isalnum(*p))
		{
			in_word = false;
			continue;
		}
		if (!in_word && key->len > 0)
			appendStringInfoChar(key, ' ');
		in_word = true;
		appendStringInfoChar(key, pg_ascii_tolower(*p));
	}
	return true;
}

/* The address of the row as its columns have it; NULL: it has none */
static char *
address_key(const Mapping *mapping, const ListingRow *row)
{
	static const char *const street[] = {"street_number", "street_dir_prefix", "street_name",
										 "street_suffix",
	"street_dir_suffix"};
	static const char *const place[] = {"unit_number", "city", "state_or_province", "postal_code"};
	StringInfoData key;

	initStringInfo(&key);
	if (!add_words(mapping, row, "unparsed_address", &key))
	{
		bool		has_street = false;

		for (int i = 0; i < lengthof(street); i++)
			has_street = (add_words(mapping, row, street[i], &key) &&
						  strcmp(street[i], "street_name") == 0) || has_street;
		if (!has_street)
			return NULL;
	}
	for (int i = 0; i < lengthof(place); i++)
		(void) add_words(mapping, row, place[i], &key);
	if (pg_mbstrlen_with_len(key.data, key.len) > KEY_MOST)
		return psprintf("address:%016" INT64_MODIFIER "x%016" INT64_MODIFIER "x",
						hash_text(key.data, key.len, 0), hash_text(key.data, key.len, 1));
	return key.data;
}

/* Makes the key of a row whose other values are there; false: the record is rejected */
bool
mapping_make_key(Mapping *mapping, const Record *record, ListingRow *row)
{
	char	   *key = mapping->key == KEY_ROW ? row_key(record) : address_key(mapping, row);

	if (key == NULL)
	{
		mapping_reject(row, "bad_key", "listing_key",
					   "no address, which is the key of this feed's records");
		return false;
	}
	mapping_set_value(mapping, row, mapping->columns->listing_key,
					  PointerGetDatum(cstring_to_text(key)));
	row->listing_key = key;
	return true;
}
