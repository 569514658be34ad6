/*
 * mapping_apply.c
 *	  From a record to a row of estate.listing.
 *
 * Used by whatever process runs a feed.  Throws nothing for bad data: a record
 * that cannot be a row becomes a reject, with its field and its reason.  Rows
 * are in CurrentMemoryContext; the mapping itself only remembers names.
 */
#include "feed/mapping_plan.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "feed/synonym.h"
#include "parse/json.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

/* of a record that is too large for anything, this much is kept */
#define TOO_LARGE_KEPT (64 * 1024)

/* 1e10 hectares are 1e14 square metres; the earth has 1.5e10 of land */
#define LOT_MOST_ACRES 9.9e9

#define HASH_SEED_EXTRA UINT64CONST(0x6578747261)
#define HASH_SEED_REMOVED UINT64CONST(0x72656d6f766564)

static void
reject(ListingRow *row, const char *code, const char *field, const char *reason)
{
	row->reject_code = code;
	row->reject_field = field;
	row->reject_reason = reason;
}

/* Puts the record's fields into the slots that ask for them; the rest goes to extra */
static void
fill_slots(Mapping *mapping, const Record *record, JsonbParseState **extra)
{
	memset(mapping->values, 0, mapping->nslots * sizeof(Field *));
	for (int i = 0; i < record->nfields; i++)
	{
		const Field *field = &record->fields[i];
		const NamedField *named = mapping_named_field(mapping, field->name, i);

		for (int s = 0; s < named->nslots; s++)
		{
			const MappedSlot *slot = &mapping->slots[named->slots[s]];
			Field	   *found;

			if (slot->path == NULL || strcmp(slot->full_name, field->name) == 0)
			{
				mapping->values[named->slots[s]] = field;
				continue;
			}
			found = palloc(sizeof(Field));
			if (json_path_find(field, slot->path, found))
				mapping->values[named->slots[s]] = found;
		}
		if (named->extra)
			mapping_push_extra(extra, field);
	}
}

/* White space around a value does not count; one that is all white space is null */
static Field
trimmed(const Field *field)
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

/*
 * The values of several slots, joined.  Those that are null are left out; but a
 * key of which a part is missing is none.
 */
static Field
joined(const Mapping *mapping, const MappedTarget *target)
{
	StringInfoData text;
	Field		result = {0};
	bool		complete = true;

	initStringInfo(&text);
	for (int i = 0; i < target->nslots; i++)
	{
		const Field *slot = mapping->values[target->slots[i]];
		Field		part = {0};

		if (slot)
			part = trimmed(slot);
		if (part.kind == FIELD_NULL)
			complete = false;
		else
			appendStringInfo(&text, "%s%s", text.len > 0 ? "|" : "", part.value);
	}
	if (text.len > 0 && (complete || target->column != mapping->columns->listing_key))
	{
		result.kind = FIELD_TEXT;
		result.value = text.data;
		result.len = text.len;
	}
	return result;
}

static Field
looked_up(const MappedTarget *target, const Field *field)
{
	for (int i = 0; i < target->nlookup; i++)
	{
		if (strcmp(target->lookup[i].from, field->value) == 0)
			return target->lookup[i].to;
	}
	for (int i = 0; i < target->nlookup; i++)
	{
		if (strcmp(target->lookup[i].from, "*") == 0)
			return target->lookup[i].to;
	}
	return *field;
}

/* What the record says for a target, before conversion */
static Field
source_value(const Mapping *mapping, const MappedTarget *target)
{
	Field		field = {0};

	if (target->nslots == 1)
	{
		const Field *slot = mapping->values[target->slots[0]];

		if (slot)
			field = trimmed(slot);
	}
	else
		field = joined(mapping, target);

	if (target->nlookup > 0 && field.kind != FIELD_NULL && field.kind != FIELD_JSON)
		field = looked_up(target, &field);
	if (field.kind == FIELD_NULL && target->fallback)
		field = *target->fallback;
	if (target->has_words && field.kind == FIELD_TEXT)
	{
		const char *word = synonym_value(target->name, field.value, !mapping->reso);

		if (word)
		{
			field.value = word;
			field.len = strlen(word);
		}
	}
	return field;
}

/* The hash of one value, whatever its type */
static uint64
hash_value(const ValueRule *rule, Datum value, uint64 seed)
{
	int64		plain;

	switch (rule->type)
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

static void
set_value(ListingRow *row, const MappedTarget *target, Datum value)
{
	row->values[target->column] = value;
	row->nulls[target->column] = false;
	row->content_hash += (int64) hash_value(&target->rule, value, target->hash_seed);
}

/* Makes one target's value; false: the row is rejected */
static bool
apply_target(const Mapping *mapping, const MappedTarget *target, ListingRow *row)
{
	Field		field;
	Datum		value = (Datum) 0;
	bool		isnull;
	ValueError	error = {0};

	if (target->constant)
	{
		set_value(row, target, target->constant_value);
		return true;
	}
	field = source_value(mapping, target);
	if (!value_convert(&target->rule, &field, &value, &isnull, &error))
	{
		reject(row, error.code, target->name, error.reason);
		return false;
	}
	if (!isnull)
		set_value(row, target, value);
	else if (target->required)
	{
		reject(row, "required_missing", target->name, psprintf("no value for %s", target->name));
		return false;
	}
	return true;
}

/* The key, without which there is no row */
static bool
apply_key(const Mapping *mapping, ListingRow *row)
{
	const MappedTarget *target = &mapping->targets[0];

	if (!apply_target(mapping, target, row))
	{
		row->reject_code = "bad_key";
		return false;
	}
	row->listing_key = TextDatumGetCString(row->values[target->column]);
	return true;
}

/* The source withdraws the listing: by permission, or by its status */
static void
find_removal(const Mapping *mapping, ListingRow *row)
{
	const Field *can_view = mapping->can_view_slot >= 0 ? mapping->values[mapping->can_view_slot] : NULL;

	if (can_view && can_view->kind != FIELD_NULL && pg_strcasecmp(can_view->value, "false") == 0)
		row->removed_reason = "permission";
}

static void
find_removal_by_status(const Mapping *mapping, ListingRow *row)
{
	text	   *status;

	if (row->removed_reason || mapping->status_column < 0 || row->nulls[mapping->status_column])
		return;
	status = DatumGetTextPP(row->values[mapping->status_column]);
	if (VARSIZE_ANY_EXHDR(status) == strlen("Delete") && memcmp(VARDATA_ANY(status), "Delete", strlen("Delete")) == 0)
		row->removed_reason = "status";
}

/* Where an area has come without its unit */
static void
fill_unit(ListingRow *row, int units_column, Datum unit, uint64 seed)
{
	ValueRule	rule = {0};

	if (!row->nulls[units_column])
		return;
	rule.type = TEXTOID;
	row->values[units_column] = unit;
	row->nulls[units_column] = false;
	row->content_hash += (int64) hash_value(&rule, unit, seed);
}

static void
fill_units(const Mapping *mapping, ListingRow *row)
{
	bool		has_area = (mapping->living_area >= 0 && !row->nulls[mapping->living_area]) ||
		(mapping->building_area >= 0 && !row->nulls[mapping->building_area]);

	if (mapping->living_units >= 0 && has_area)
		fill_unit(row, mapping->living_units, mapping->living_unit, mapping->living_units_seed);
	if (mapping->lot_units >= 0 && mapping->lot_area >= 0 && !row->nulls[mapping->lot_area])
		fill_unit(row, mapping->lot_units, mapping->lot_unit, mapping->lot_units_seed);
}

/*
 * What is stated in acres or hectares is compared in square metres, and these
 * must be of no more digits than lot_size_sqm has.
 */
static bool
check_lot(const Mapping *mapping, ListingRow *row)
{
	const text *unit;
	double		area;

	if (mapping->lot_area < 0 || row->nulls[mapping->lot_area] ||
		mapping->lot_units < 0 || row->nulls[mapping->lot_units])
		return true;
	unit = DatumGetTextPP(row->values[mapping->lot_units]);
	if (VARSIZE_ANY_EXHDR(unit) == 0 || strchr("AH", *VARDATA_ANY(unit)) == NULL)
		return true;
	area = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, row->values[mapping->lot_area]));
	if (area <= LOT_MOST_ACRES)
		return true;
	reject(row, "out_of_range", mapping->columns->column[mapping->lot_area].name,
		   psprintf("%g %s are more than there are on earth", area, TextDatumGetCString(PointerGetDatum(unit))));
	return false;
}

/* All columns but the key; of a withdrawn listing what can be read of them */
static bool
apply_targets(const Mapping *mapping, ListingRow *row)
{
	for (int t = 1; t < mapping->ntargets; t++)
	{
		if (apply_target(mapping, &mapping->targets[t], row))
			continue;
		if (row->removed_reason == NULL)
			return false;
		reject(row, NULL, NULL, NULL);
	}
	return true;
}

/* The bytes of a record that a parser has already found to be no good */
static void
apply_broken(Mapping *mapping, const Record *record, ListingRow *row)
{
	JsonbParseState *extra = NULL;
	bool		too_large = record->raw_len > TOO_LARGE_KEPT && strcmp(record->error_code, "too_large") == 0;

	/* its key may still be known, so that a later record can put it right */
	if (strcmp(record->error_code, "ragged_row") == 0)
	{
		fill_slots(mapping, record, &extra);
		(void) apply_key(mapping, row);
	}
	row->raw = record_raw_text(record, too_large ? TOO_LARGE_KEPT : RECORD_MAX_BYTES, &row->raw_len);
	reject(row, record->error_code, NULL,
		   too_large ? psprintf("%s; its first 64 kB are kept", record->error) : pstrdup(record->error));
}

void
mapping_apply(Mapping *mapping, const Record *record, ListingRow *row)
{
	int			ncolumns = mapping->columns->count;
	JsonbParseState *extra = NULL;

	Assert(mapping->can_apply);
	memset(row, 0, sizeof(*row));
	row->values = palloc0(ncolumns * sizeof(Datum));
	row->nulls = palloc(ncolumns * sizeof(bool));
	memset(row->nulls, true, ncolumns * sizeof(bool));
	if (record->error_code)
	{
		apply_broken(mapping, record, row);
		return;
	}
	row->raw = pnstrdup(record->raw, record->raw_len);
	row->raw_len = record->raw_len;

	fill_slots(mapping, record, &extra);
	find_removal(mapping, row);
	if (!apply_key(mapping, row) || !apply_targets(mapping, row))
		return;
	find_removal_by_status(mapping, row);
	fill_units(mapping, row);
	if (!check_lot(mapping, row))
	{
		if (row->removed_reason == NULL)
			return;
		reject(row, NULL, NULL, NULL);
	}
	if (mapping->media_slot >= 0 && !mapping_media(mapping, mapping->values[mapping->media_slot], row))
	{
		if (row->removed_reason == NULL)
			return;
		reject(row, NULL, NULL, NULL);
		row->has_media = false;
	}

	row->extra = mapping_finish_extra(extra);
	if (row->extra)
		row->content_hash += (int64) hash_bytes_extended((unsigned char *) VARDATA(row->extra),
														 VARSIZE(row->extra) - VARHDRSZ, HASH_SEED_EXTRA);
	if (row->removed_reason)
		row->content_hash += (int64) hash_bytes_extended((const unsigned char *) row->removed_reason,
														 strlen(row->removed_reason), HASH_SEED_REMOVED);
}
