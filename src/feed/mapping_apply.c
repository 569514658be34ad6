/*
 * mapping_apply.c
 *	  From a record to a row of estate.listing.
 *
 * Used by whatever process runs a feed.  Throws nothing for bad data: a record
 * that cannot be a row becomes a reject, with its field and its reason.  Rows
 * are in CurrentMemoryContext; the mapping itself only remembers names.
 */
#include "feed/mapping_plan.h"

#include "common/hashfn.h"
#include "feed/synonym.h"
#include "parse/json.h"
#include "utils/builtins.h"

/* of a record that is too large for anything, this much is kept */
#define TOO_LARGE_KEPT (64 * 1024)

#define HASH_SEED_EXTRA UINT64CONST(0x6578747261)
#define HASH_SEED_REMOVED UINT64CONST(0x72656d6f766564)

/*
 * Puts the record's fields into the slots that ask for them; the rest goes to
 * extra. False: the record is rejected
 */
static bool
fill_slots(Mapping *mapping, const Record *record, ListingRow *row)
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
		{
			mapping_push_extra(&mapping->extra, field);
			if (field->kind == FIELD_DAMAGED &&
				!mapping_note_problem(mapping, row, false, "bad_encoding", pstrdup(field->name),
									  "the text holds what no text in the database can hold"))
				return false;
		}
	}
	return true;
}

/*
 * Whether a trimmed text is one of the words for "no value".  JSON has a null of
 * its own, so from a source of JSON a word counts as nothing only where a text is
 * wanted, or where option "nothing" states the words; else the column becomes
 * null too, but as a value that could not be read.
 */
static bool
is_nothing(const Mapping *mapping, const Field *field, const MappedTarget *target)
{
	bool		as_text = target->rule.form == VALUE_TEXT;

	return field->kind == FIELD_TEXT && (as_text || !mapping->reso || mapping->nothing_is_stated) &&
		nothing_is(mapping->nothing, field->value, field->len, as_text);
}

/*
 * The values of several slots, joined.  Those that are null are left out; but a
 * key of which a part is missing is none.
 */
static Field
mapping_joined(const Mapping *mapping, const MappedTarget *target)
{
	StringInfoData text;
	Field		result = {0};
	bool		complete = true;
	bool		damaged = false;

	initStringInfo(&text);
	for (int i = 0; i < target->nslots; i++)
	{
		const Field *slot = mapping->values[target->slots[i]];
		Field		part = {0};

		if (slot)
			part = mapping_trimmed(slot);
		if (is_nothing(mapping, &part, target))
			part.kind = FIELD_NULL;
		if (part.kind == FIELD_NULL)
			complete = false;
		else
			appendStringInfo(&text, "%s%s", text.len > 0 ? "|" : "", part.value);
		damaged = damaged || part.kind == FIELD_DAMAGED;
	}
	if (text.len > 0 && (complete || target->column != mapping->columns->listing_key))
	{
		result.kind = damaged ? FIELD_DAMAGED : FIELD_TEXT;
		result.value = text.data;
		result.len = text.len;
	}
	return result;
}

/* What a value stands for: by itself, or as one of all others */
static const Field *
looked_up(const MappedTarget *target, const char *value)
{
	for (int i = 0; i < target->nlookup; i++)
	{
		if (strcmp(target->lookup[i].from, value) == 0)
			return &target->lookup[i].to;
	}
	return NULL;
}

/* What the record says for a target, before conversion */
static Field
source_value(const Mapping *mapping, const MappedTarget *target)
{
	Field		field = {0};
	const Field *slot = NULL;
	const Field *meant = NULL;

	if (target->nslots != 1)
		field = mapping_joined(mapping, target);
	else if ((slot = mapping->values[target->slots[0]]) != NULL)
		field = mapping_trimmed(slot);

	if (target->nlookup > 0 && field.kind != FIELD_NULL && field.kind != FIELD_JSON &&
		field.kind != FIELD_DAMAGED)
		meant = looked_up(target, field.value);
	if (meant == NULL && slot && is_nothing(mapping, &field, target))
		field.kind = FIELD_NULL;
	if (meant == NULL && target->nlookup > 0 && field.kind != FIELD_NULL &&
		field.kind != FIELD_JSON)
		meant = looked_up(target, "*");
	if (meant)
		field = *meant;

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

/*
 * What a date says of the order in which dates are to be read, as long as
 * that is not known for certain
 */
static void
note_order(Mapping *mapping, const MappedTarget *target, const Field *field,
		   const ValueError *error)
{
	DayOrder	shown;

	if (target->rule.template ||
		(target->rule.form != VALUE_DATE && target->rule.form != VALUE_TIMESTAMP) ||
		field->kind != FIELD_TEXT || strspn(field->value, "0123456789") > 2)
		return;
	if (error->code && strcmp(error->code, "ambiguous") == 0 &&
		mapping->date_order == DATE_ORDER_UNKNOWN)
		mapping->order_is_wanted = true;
	shown = time_order_shown(field->value);
	if (mapping->order_is_assumed && shown != DATE_ORDER_UNKNOWN && shown != mapping->date_order)
		mapping->order_is_wrong = true;
	mapping->month_first_shown += shown == DATE_MONTH_FIRST;
	mapping->day_first_shown += shown == DATE_DAY_FIRST;
}

/* A unit that came with an area is that of all areas of the building, or of the lot */
static bool
note_unit(Mapping *mapping, const MappedTarget *target, const char *unit)
{
	const char **read = target->column == mapping->lot_area ?
		&mapping->lot_unit_read : &mapping->living_unit_read;

	if (read == &mapping->living_unit_read && strcmp(unit, "Square Feet") != 0 &&
		strcmp(unit, "Square Meters") != 0)
		return false;
	if (*read && strcmp(*read, unit) != 0)
		return false;
	*read = unit;
	return true;
}

/* Makes one target's value; false: the row is rejected */
static bool
apply_target(Mapping *mapping, const MappedTarget *target, ListingRow *row)
{
	Field		field;
	Datum		value = (Datum) 0;
	bool		isnull;
	ValueError	error = {0};

	if (target->constant)
	{
		mapping_set_value(mapping, row, target->column, target->constant_value);
		return true;
	}
	field = source_value(mapping, target);
	(void) value_convert(&target->rule, &field, &value, &isnull, &error);
	if (mapping->date_order == DATE_ORDER_UNKNOWN || mapping->order_is_assumed)
		note_order(mapping, target, &field, &error);
	if (error.code)
		return mapping_fail_target(mapping, row, target, error.code, error.reason);
	if (isnull && target->required)
	{
		mapping_reject(row, "required_missing", target->name,
					   psprintf("no value for %s", target->name));
		return false;
	}
	if (error.unit && !isnull && !note_unit(mapping, target, error.unit))
		return mapping_fail_target(mapping, row, target, "ambiguous",
								   psprintf("\"%.80s\" is in another unit than the column or "
											"another area", field.value));
	if (!isnull)
		mapping_set_value(mapping, row, target->column, value);
	if (error.may_be_groups)
		*(target->column == mapping->lot_area ? &mapping->lot_groups :
		  target->column == mapping->living_area ? &mapping->living_groups :
		  &mapping->building_groups) = target->column;
	return true;
}

/* The key, without which there is no row */
static bool
apply_key(Mapping *mapping, ListingRow *row)
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

/* The source withdraws the listing, by permission */
static void
find_removal(const Mapping *mapping, ListingRow *row)
{
	const Field *can_view = mapping->can_view_slot >= 0 ?
		mapping->values[mapping->can_view_slot] : NULL;

	if (can_view && can_view->kind != FIELD_NULL && pg_strcasecmp(can_view->value, "false") == 0)
		row->removed_reason = "permission";
}

/* Whether the row's status is this one */
static bool
has_status(const Mapping *mapping, const ListingRow *row, const char *name)
{
	text	   *status;

	if (mapping->status_column < 0 || row->nulls[mapping->status_column])
		return false;
	status = DatumGetTextPP(row->values[mapping->status_column]);
	return VARSIZE_ANY_EXHDR(status) == strlen(name) &&
		memcmp(VARDATA_ANY(status), name, strlen(name)) == 0;
}

/* A price that is the only one, of a sale that is closed and has its date, is what was paid */
static void
move_price(const Mapping *mapping, ListingRow *row)
{
	Datum		price;

	if (mapping->list_price < 0 || row->nulls[mapping->list_price] ||
		row->nulls[mapping->close_date] ||
		!has_status(mapping, row, "Closed"))
		return;
	price = row->values[mapping->list_price];
	mapping_unset_value(mapping, row, mapping->list_price);
	mapping_set_value(mapping, row, mapping->close_price, price);
}

/* All columns but the key */
static bool
apply_targets(Mapping *mapping, ListingRow *row)
{
	for (int t = mapping->key == KEY_FIELD ? 1 : 0; t < mapping->ntargets; t++)
	{
		if (!apply_target(mapping, &mapping->targets[t], row))
			return false;
	}
	return true;
}

/* The bytes of a record that a parser has already found to be no good */
static void
apply_broken(Mapping *mapping, const Record *record, ListingRow *row)
{
	bool		too_large = record->raw_len > TOO_LARGE_KEPT &&
		strcmp(record->error_code, "too_large") == 0;

	/* its key may still be known, so that a later record can put it right */
	if (strcmp(record->error_code, "ragged_row") == 0 && mapping->key == KEY_FIELD &&
		fill_slots(mapping, record, row))
		(void) apply_key(mapping, row);
	row->nproblems = 0;
	row->raw = record_raw_text(record, too_large ? TOO_LARGE_KEPT : RECORD_MAX_BYTES,
							   &row->raw_len);
	mapping_reject(row, record->error_code, NULL,
				   too_large ? psprintf("%s; its first 64 kB are kept", record->error)
				   : pstrdup(record->error));
}

/* Everything that a good record fills; false: the record is rejected */
static bool
apply_record(Mapping *mapping, const Record *record, ListingRow *row)
{
	if (!fill_slots(mapping, record, row))
		return false;
	find_removal(mapping, row);
	if (mapping->key == KEY_FIELD && !apply_key(mapping, row))
		return false;
	if (!apply_targets(mapping, row))
		return false;
	if (mapping->key != KEY_FIELD && !mapping_make_key(mapping, record, row))
		return false;
	if (row->removed_reason == NULL && has_status(mapping, row, "Delete"))
		row->removed_reason = "status";
	if (!mapping_take_terms(mapping, row))
		return false;
	move_price(mapping, row);
	return mapping_fill_units(mapping, row) &&
		(mapping->media_slot < 0 ||
		 mapping_media(mapping, mapping->values[mapping->media_slot], row));
}

void
mapping_apply(Mapping *mapping, const Record *record, ListingRow *row)
{
	int			ncolumns = mapping->columns->count;

	Assert(mapping->can_apply);
	memset(row, 0, sizeof(*row));
	mapping->extra = NULL;
	mapping->living_unit_read = mapping->lot_unit_read = NULL;
	mapping->living_groups = mapping->building_groups = mapping->lot_groups = -1;
	mapping->order_is_wanted = false;
	row->values = palloc0(ncolumns * sizeof(Datum));
	row->nulls = palloc(ncolumns * sizeof(bool));
	memset(row->nulls, true, ncolumns * sizeof(bool));
	if (record->error_code)
	{
		apply_broken(mapping, record, row);
		return;
	}
	if (record->bad_bytes)
		row->raw = record_raw_text(record, RECORD_MAX_BYTES, &row->raw_len);
	else
	{
		row->raw = pnstrdup(record->raw, record->raw_len);
		row->raw_len = record->raw_len;
	}
	if (!apply_record(mapping, record, row))
		return;
	if (row->removed_reason)
		row->nproblems = 0;

	row->extra = mapping_finish_extra(mapping->extra);
	if (row->extra)
		row->content_hash += (int64) hash_bytes_extended((unsigned char *) VARDATA(row->extra),
														 VARSIZE(row->extra) - VARHDRSZ,
														 HASH_SEED_EXTRA);
	if (row->removed_reason)
		row->content_hash +=
			(int64) hash_bytes_extended((const unsigned char *) row->removed_reason,
										strlen(row->removed_reason), HASH_SEED_REMOVED);
}
