/*
 * mapping_auto.c
 *	  Mappings by name: matching a header, suggesting, describing.
 *
 * Used by whatever process creates, previews or runs a feed.  Results are in
 * CurrentMemoryContext.
 */
#include "feed/mapping_plan.h"

#include "feed/synonym.h"
#include "parse/delimited.h"
#include "utils/varlena.h"

int
mapping_find_column(const ListingColumns *columns, const char *name)
{
	for (int i = 0; i < columns->count; i++)
	{
		if (strcmp(columns->column[i].name, name) == 0)
			return i;
	}
	return -1;
}

/* The column of that name, if the mapping fills it; -1: not */
int
mapping_filled_column(const Mapping *mapping, const char *name)
{
	int			column = mapping_find_column(mapping->columns, name);

	return column >= 0 && mapping->filled[column] ? column : -1;
}

/* Of the names the one that looks most like name, for a hint; NULL: none looks like it */
const char *
mapping_nearest(const char *name, const char *const *names, int nnames)
{
	const char *nearest = NULL;
	int			least = (strlen(name) + 1) / 2 + 1;

	for (int i = 0; i < nnames; i++)
	{
		int			distance;

		if (strlen(name) > 255 || strlen(names[i]) > 255)
			continue;
		distance =
			varstr_levenshtein(name, strlen(name), names[i], strlen(names[i]), 1, 1, 1, true);
		if (distance < least)
		{
			least = distance;
			nearest = names[i];
		}
	}
	return nearest;
}

/* The column that a header's name means, -1: none; rank: of several the lowest takes it */
static int
column_of_name(const ListingColumns *columns, const char *folded, int *rank)
{
	const char *name;

	for (int i = 0; i < columns->count; i++)
	{
		if (strcmp(synonym_fold(columns->column[i].name), folded) == 0)
		{
			*rank = 0;
			return i;
		}
	}
	name = synonym_column(folded, rank);
	return name ? mapping_find_column(columns, name) : -1;
}

/* The same, where a header may end with the unit of an area: "Floor Area (sqm)" */
static int
column_of_header(const ListingColumns *columns, const char *header, int *rank)
{
	char	   *folded = synonym_fold(header);
	int			column;
	int			base_len = 0;
	const char *unit = synonym_unit(folded, &base_len);

	if (unit && synonym_is_rate(header))
		return -1;
	column = column_of_name(columns, folded, rank);
	if (column >= 0 || unit == NULL || base_len == 0)
		return column;
	column = column_of_name(columns, pnstrdup(folded, base_len), rank);
	if (column < 0 || (strcmp(columns->column[column].name, "living_area") != 0 &&
					   strcmp(columns->column[column].name, "building_area_total") != 0 &&
					   strcmp(columns->column[column].name, "lot_size_area") != 0))
		return -1;
	*rank += 100;				/* after those that are known as they are */
	return column;
}

/*
 * For each column the position of the header that means it, or -1.  A header
 * that is the column's own or RESO name goes before synonyms, a surer synonym
 * before others.  Where nothing is the key, the MLS number is.
 */
int *
mapping_match_header(const MappingSource *source)
{
	const ListingColumns *columns = source->columns;
	int		   *match = palloc(columns->count * sizeof(int));
	int		   *ranks = palloc(columns->count * sizeof(int));
	int			listing_id = mapping_find_column(columns, "listing_id");

	for (int i = 0; i < columns->count; i++)
	{
		match[i] = -1;
		ranks[i] = INT_MAX;
	}
	for (int f = 0; f < source->nfields; f++)
	{
		int			rank = 0;
		int			column =
			column_of_header(columns, delimited_name_without_place(source->fields[f]), &rank);

		if (column >= 0 && rank < ranks[column])
		{
			match[column] = f;
			ranks[column] = rank;
		}
	}

	/* a surrogate called "id" is a poorer key than an MLS number, but only where there is one */
	if (match[columns->listing_key] < 0 && listing_id >= 0)
		match[columns->listing_key] = match[listing_id];
	return match;
}

/* The source of a target as a user would say it */
static const char *
source_text(const Mapping *mapping, const MappedTarget *target)
{
	StringInfoData text;

	if (target->constant)
		return psprintf("the value %s", target->constant->value);
	initStringInfo(&text);
	for (int i = 0; i < target->nslots; i++)
		appendStringInfo(&text, "%s%s", i > 0 ? " | " : "",
						 mapping->slots[target->slots[i]].full_name);
	return text.data;
}

static const char *
target_note(const Mapping *mapping, const MappedTarget *target)
{
	if (target->column == mapping->list_price && mapping->list_price >= 0)
		return "by its name; of a closed sale it is close_price";
	if (target->fallback)
		return psprintf("otherwise %s", target->fallback->value);
	if (target->column == mapping->columns->listing_key)
		return "key of the record";
	if (target->required)
		return "required";
	return target->automatic ? "by its name" : NULL;
}

/* Whether a field of the header has been told of as the one of the currency */
static bool
is_currency_field(const Mapping *mapping, int field)
{
	return mapping->currency_slot >= 0 &&
		strcmp(mapping->slots[mapping->currency_slot].full_name, mapping->fields[field]) == 0;
}

MappingNote *
mapping_describe(const Mapping *mapping, int *nnotes)
{
	MappingNote *notes = palloc0((mapping->ntargets + mapping->nfields + 4) * sizeof(MappingNote));
	int			n = 0;

	if (mapping->key != KEY_FIELD)
	{
		notes[n].target = "listing_key";
		notes[n].source = mapping->key == KEY_ROW ? "a hash of all fields" : "the address";
		notes[n].as = "text";
		notes[n++].note = "key of the record";
	}
	for (int t = 0; t < mapping->ntargets; t++)
	{
		const MappedTarget *target = &mapping->targets[t];

		notes[n].target = target->name;
		notes[n].source = source_text(mapping, target);
		notes[n].as = target->as ? target->as : value_form_name(target->rule.form);
		notes[n++].note = target_note(mapping, target);
	}
	if (mapping->offer_slot >= 0 && mapping->type_column >= 0)
	{
		notes[n].target = "property_type";
		notes[n].source = psprintf("%s, where it says rent",
								   mapping->slots[mapping->offer_slot].full_name);
		notes[n].as = "text";
		notes[n++].note = "a lease";
	}
	if (mapping->currency_slot >= 0)
	{
		notes[n].source = mapping->slots[mapping->currency_slot].full_name;
		notes[n++].note = "amounts of another currency than the market's are not read;"
			" kept in extra";
	}
	for (int f = 0; f < mapping->nfields; f++)
	{
		bool		used = is_currency_field(mapping, f);

		for (int s = 0; s < mapping->nslots && !used; s++)
			used = strcmp(mapping->slots[s].full_name, mapping->fields[f]) == 0 &&
				!mapping->slots[s].in_extra;
		if (used)
			continue;
		notes[n].source = mapping->fields[f];
		notes[n++].note = "not mapped: kept in extra";
	}
	if (mapping->reso)
	{
		notes[n].source = "all other fields";
		notes[n++].note = "kept in extra";
	}
	else if (!mapping->can_apply && mapping->ntargets == 0)
	{
		notes[n].source = "the header";
		notes[n++].note = "columns are matched by name when the header is known";
	}
	*nnotes = n;
	return notes;
}

/* Pushes one member of the object */
static void
push_member(JsonbParseState **state, const char *key, const char *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, key);
	value.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &value);
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = strlen(text);
	pushJsonbValue(state, WJB_VALUE, &value);
}

Jsonb *
mapping_suggest(const MappingSource *source)
{
	JsonbParseState *state = NULL;
	int		   *match = source->fields ? mapping_match_header(source) : NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < source->columns->count; i++)
	{
		const char *column = source->columns->column[i].name;
		const char *reso = synonym_reso_name(column);

		if (match && match[i] >= 0)
			push_member(&state, column, source->fields[match[i]]);
		else if (match == NULL && reso)
			push_member(&state, column, reso);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
