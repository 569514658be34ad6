/*
 * mapping_row.c
 *	  Values of a row, and the hash of all that it says.
 *
 * Used by whatever process runs a feed.  Hashes of values are added up, so that
 * one that is taken back leaves no trace.  Results are in CurrentMemoryContext.
 */
#include "feed/mapping_plan.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"

/* White space around a value does not count; one that is all white space is null */
Field
mapping_trimmed(const Field *field)
{
	Field		result = *field;

	if (result.kind != FIELD_TEXT)
		return result;
	while (result.len > 0 && isspace((unsigned char) *result.value))
		result.value++, result.len--;
	if (result.len > 0 && isspace((unsigned char) result.value[result.len - 1]))
	{
		while (isspace((unsigned char) result.value[result.len - 1]))
			result.len--;
		result.value = pnstrdup(result.value, result.len);
	}
	if (result.len == 0)
		result.kind = FIELD_NULL;
	return result;
}

/* The hash of one value, whatever its type */
static uint64
hash_value(Oid type, Datum value, uint64 seed)
{
	int64		plain;

	switch (type)
	{
		case INT2OID:
			plain = DatumGetInt16(value);
			break;
		case INT4OID:
			plain = DatumGetInt32(value);
			break;
		case DATEOID:
			plain = DatumGetDateADT(value);
			break;
		case BOOLOID:
			plain = DatumGetBool(value);
			break;
		case INT8OID:
			plain = DatumGetInt64(value);
			break;
		case TIMESTAMPTZOID:
			plain = DatumGetTimestampTz(value);
			break;
		case FLOAT4OID:
			{
				float8		number = DatumGetFloat4(value);

				memcpy(&plain, &number, sizeof(plain));
			}
			break;
		case FLOAT8OID:
			{
				float8		number = DatumGetFloat8(value);

				memcpy(&plain, &number, sizeof(plain));
			}
			break;
		default:
			return hash_bytes_extended((unsigned char *) VARDATA_ANY(DatumGetPointer(value)),
									   VARSIZE_ANY_EXHDR(DatumGetPointer(value)), seed);
	}
	return hash_bytes_extended((unsigned char *) &plain, sizeof(plain), seed);
}

void
mapping_set_value(const Mapping *mapping, ListingRow *row, int column, Datum value)
{
	row->values[column] = value;
	row->nulls[column] = false;
	row->content_hash += (int64) hash_value(mapping->columns->column[column].type, value,
											mapping->hash_seeds[column]);
}

void
mapping_unset_value(const Mapping *mapping, ListingRow *row, int column)
{
	row->content_hash -= (int64) hash_value(mapping->columns->column[column].type,
											row->values[column],
											mapping->hash_seeds[column]);
	row->nulls[column] = true;
}
