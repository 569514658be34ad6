/*
 * mapping.c
 *	  Compiles a mapping: which field of a record fills which column.
 *
 * Used by whatever process creates, previews or runs a feed.  Throws for
 * mappings that cannot work, with the next step in the hint.  A mapping lives
 * in the context that is current when it is compiled.
 */
#include "feed/mapping_plan.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "feed/synonym.h"
#include "parse/delimited.h"
#include "utils/builtins.h"

static pg_tz *
find_zone(const char *name)
{
	pg_tz	   *zone = pg_tzset(name);

	if (zone == NULL || !pg_tz_acceptable(zone))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" not recognized", name),
				 errhint("SELECT name FROM pg_catalog.pg_timezone_names lists them.")));
	return zone;
}

/* A target with what the column needs by itself */
MappedTarget *
mapping_add_target(Mapping *mapping, const MappingSource *source, int column)
{
	ListingColumn *at = &mapping->columns->column[column];
	MappedTarget *target = &mapping->targets[mapping->ntargets++];

	memset(target, 0, sizeof(*target));
	target->column = column;
	target->name = at->name;
	target->has_words = synonym_has_values(at->name);
	target->required = (column == mapping->columns->listing_key);
	target->rule.type = at->type;
	target->rule.typmod = at->typmod;
	target->rule.zone = find_zone(source->time_zone ? source->time_zone : "UTC");
	target->rule.currency = source->currency;
	target->rule.order = &mapping->date_order;
	if (!value_rule_default(at->name, &target->rule))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column \"%s\" is of a type that no mapping can fill", at->name)));
	mapping->filled[column] = true;
	return target;
}

/* A hint, with the nearest name if there is one */
static int
hint_nearest(const char *hint, const char *nearest)
{
	if (nearest)
		return errhint("The nearest is \"%s\". %s", nearest, hint);
	return errhint("%s", hint);
}

/* The user's mapping; mentioned: columns that it names, also those it maps to nothing */
static void
add_stated(Mapping *mapping, const MappingSource *source, bool *mentioned)
{
	JsonbIterator *iterator = JsonbIteratorInit(&source->mapping->root);
	JsonbValue	value;
	JsonbIteratorToken token;

	if (!JB_ROOT_IS_OBJECT(source->mapping))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a mapping must be a JSON object"),
				 errhint("Give, for example, mapping => '{\"listing_key\": \"MLS Number\", "
						 "\"list_price\": \"Price\"}'.")));

	(void) JsonbIteratorNext(&iterator, &value, true);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) == WJB_KEY)
	{
		char	   *name = pnstrdup(value.val.string.val, value.val.string.len);
		int			column = mapping_find_column(mapping->columns, name);

		if (column < 0)
		{
			const char **names = palloc(mapping->columns->count * sizeof(char *));

			for (int i = 0; i < mapping->columns->count; i++)
				names[i] = mapping->columns->column[i].name;
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("the mapping names column \"%s\", which estate.listing does not have",
							name),
					 hint_nearest("Fields that are not mapped are kept in column extra.",
								  mapping_nearest(name, names, mapping->columns->count))));
		}
		mentioned[column] = true;
		(void) JsonbIteratorNext(&iterator, &value, true);
		if (value.type != jbvNull)
			mapping_read_source(mapping, source, mapping->columns->column[column].name, &value);
	}
}

/* Each column from the field of its RESO name */
static void
add_reso_names(Mapping *mapping, const MappingSource *source, const bool *mentioned)
{
	for (int i = 0; i < mapping->columns->count; i++)
	{
		MappedTarget *target;
		ValueRule	rule = {0};
		const char *name = synonym_reso_name(mapping->columns->column[i].name);

		rule.type = mapping->columns->column[i].type;
		if (mentioned[i] || !value_rule_default(mapping->columns->column[i].name, &rule))
			continue;
		target = mapping_add_target(mapping, source, i);
		target->automatic = true;
		target->nslots = 1;
		target->slots = palloc(sizeof(int));
		target->slots[0] = mapping->column_slot[i] =
			mapping_add_slot(mapping, name ? name : target->name, true);
	}
}

/* Each column from the header that means it */
static void
add_header_names(Mapping *mapping, const MappingSource *source)
{
	int		   *match = mapping_match_header(source);

	for (int i = 0; i < mapping->columns->count; i++)
	{
		MappedTarget *target;

		if (match[i] < 0)
			continue;
		target = mapping_add_target(mapping, source, i);
		target->automatic = true;
		target->nslots = 1;
		target->slots = palloc(sizeof(int));
		target->slots[0] =
			mapping_add_slot(mapping,
							 delimited_name_without_place(source->fields[match[i]]), false);
	}
}

/*
 * The first of several fields of that name: the reader has added to each name its
 * place among them.  NULL: there are not several.
 */
static const char *
find_repeated(const Mapping *mapping, const char *name)
{
	int			len = strlen(name);

	for (int i = 0; i < mapping->nfields; i++)
	{
		if (strncmp(mapping->fields[i], name, len) == 0 &&
			strncmp(mapping->fields[i] + len, DELIMITED_PLACE, strlen(DELIMITED_PLACE)) == 0)
			return mapping->fields[i];
	}
	return NULL;
}

/* The header's field of a name: as it is written, or but for blanks around and within; -1: none */
static int
find_field(const Mapping *mapping, const char *name)
{
	char	   *tidy = delimited_tidy_name(name);

	for (int i = 0; i < mapping->nfields; i++)
	{
		if (strcmp(mapping->fields[i], name) == 0 || strcmp(mapping->fields[i], tidy) == 0)
			return i;
	}
	return -1;
}

static char *
header_text(const Mapping *mapping)
{
	StringInfoData header;

	initStringInfo(&header);
	for (int i = 0; i < mapping->nfields && header.len < 2000; i++)
		appendStringInfo(&header, "%s%s", i > 0 ? ", " : "", mapping->fields[i]);
	return header.data;
}

/* A field that a target asks for, which must be there, and once */
static void
check_field(const Mapping *mapping, const MappedTarget *target, MappedSlot *slot)
{
	int			field = find_field(mapping, slot->full_name);
	const char *repeated;

	if (field >= 0)
	{
		slot->name = slot->full_name = mapping->fields[field];
		return;
	}
	if ((repeated = find_repeated(mapping, delimited_tidy_name(slot->full_name))) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("the header names \"%s\" more than once, and %s is to be filled from it",
						slot->full_name, target->name),
				 errdetail("Its fields are: %s.", header_text(mapping)),
				 errhint("Name the one that is meant with its place: "
						 "mapping => '{\"%s\": \"%s\", ...}'.",
						 target->name, repeated)));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the header has no field \"%s\", which the mapping takes for %s",
					slot->full_name, target->name),
			 errdetail("Its fields are: %s.", header_text(mapping)),
			 hint_nearest("estate.alter_feed(.., mapping => ..) changes the mapping.",
						  mapping_nearest(slot->full_name, mapping->fields, mapping->nfields))));
}

static void
check_header_has_fields(const Mapping *mapping)
{
	for (int t = 0; t < mapping->ntargets; t++)
	{
		const MappedTarget *target = &mapping->targets[t];

		for (int s = 0; s < target->nslots; s++)
			check_field(mapping, target, &mapping->slots[target->slots[s]]);
	}
}

/* listing_key must be filled, and is made first, so that a reject can name it */
static void
put_key_first(Mapping *mapping, const MappingSource *source)
{
	for (int t = 0; t < mapping->ntargets; t++)
	{
		MappedTarget key = mapping->targets[t];

		if (key.column != mapping->columns->listing_key)
			continue;
		if (key.rule.type != TEXTOID && key.rule.type != VARCHAROID)
			elog(ERROR, "column listing_key is not text");
		memmove(&mapping->targets[1], &mapping->targets[0], t * sizeof(MappedTarget));
		mapping->targets[0] = key;
		return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 source->mapping ? errmsg("the mapping has no source for listing_key")
			 : errmsg("no field of the header is known to be the key of the listing"),
			 errdetail("Each listing needs a key that stays the same from run to run."),
			 errhint("Give its field, or several that are the key together: "
					 "mapping => '{\"listing_key\": {\"from\": [\"id\", \"date\"]}, ...}'; "
					 "or where there is none, key => 'address' or key => 'row'.")));
}

/* A key that is made of the record: nothing is mapped to it */
static void
take_made_key(Mapping *mapping)
{
	int			column = mapping->columns->listing_key;
	int			n = 0;

	for (int t = 0; t < mapping->ntargets; t++)
	{
		if (mapping->targets[t].column != column)
			mapping->targets[n++] = mapping->targets[t];
		else if (!mapping->targets[t].automatic)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the mapping has a source for listing_key, and option \"key\" makes "
							"another"),
					 errhint("Leave one of them out.")));
	}
	mapping->ntargets = n;
	mapping->filled[column] = true;
}

/*
 * Files of sales and offers in one have one price, which is the asking price or
 * what was paid: where it came to list_price by a name that says neither, and
 * nothing is mapped to close_price but a date is to close_date.
 */
static void
find_single_price(Mapping *mapping)
{
	int			close_price = mapping_find_column(mapping->columns, "close_price");

	mapping->list_price = -1;
	mapping->close_date = mapping_filled_column(mapping, "close_date");
	if (close_price < 0 || mapping->filled[close_price] || mapping->close_date < 0 ||
		mapping->status_column < 0)
		return;
	for (int t = 0; t < mapping->ntargets; t++)
	{
		const MappedTarget *target = &mapping->targets[t];

		if (!target->automatic || mapping->reso || strcmp(target->name, "list_price") != 0 ||
			strcmp(synonym_fold(mapping->slots[target->slots[0]].full_name), "price") != 0)
			continue;
		mapping->list_price = target->column;
		mapping->close_price = close_price;
		mapping->filled[close_price] = true;
	}
}

/* What needs to be known of some columns and fields by name */
static void
mapping_find_special(Mapping *mapping, const MappingSource *source)
{
	mapping->media_slot = mapping->reso ? mapping_add_slot(mapping, "Media", false) : -1;
	mapping->can_view_slot = mapping->reso ? mapping_add_slot(mapping, "MlgCanView", false) : -1;
	mapping->status_column = mapping_filled_column(mapping, "standard_status");
	mapping_units_create(mapping, source);
	mapping_terms_create(mapping, source);
	find_single_price(mapping);
}

static Mapping *
create_empty(const MappingSource *source)
{
	Mapping    *mapping = palloc0(sizeof(Mapping));
	int			ncolumns = source->columns->count;

	mapping->context = CurrentMemoryContext;
	mapping->columns = source->columns;
	mapping->filled = palloc0(ncolumns * sizeof(bool));
	mapping->targets = palloc0(ncolumns * sizeof(MappedTarget));
	mapping->column_slot = palloc(ncolumns * sizeof(int));
	mapping->folded_columns = palloc(ncolumns * sizeof(char *));
	mapping->hash_seeds = palloc(ncolumns * sizeof(uint64));
	mapping->strict = source->strict;
	mapping->nothing = nothing_words(source->nothing);
	mapping->nothing_is_stated = source->nothing != NULL;
	mapping->date_order = source->date_order;
	mapping->market_order = mapping_order_of_market(source);
	mapping->key = source->key == NULL ? KEY_FIELD :
		strcmp(source->key, "row") == 0 ? KEY_ROW : KEY_ADDRESS;
	for (int i = 0; i < ncolumns; i++)
	{
		const char *name = source->columns->column[i].name;

		mapping->hash_seeds[i] = hash_bytes_extended((const unsigned char *) name, strlen(name), 0);
		mapping->column_slot[i] = -1;
		mapping->folded_columns[i] = synonym_fold(source->columns->column[i].name);
	}
	mapping->reso = strcmp(source->preset, "reso") == 0;
	if (!mapping->reso && strcmp(source->preset, "csv") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("preset \"%s\" does not exist", source->preset),
				 errhint("The presets are csv and reso.")));
	if (!mapping->reso)
	{
		mapping->fields = source->fields;
		mapping->nfields = source->fields ? source->nfields : 0;
	}
	return mapping;
}

Mapping *
mapping_compile(const MappingSource *source)
{
	Mapping    *mapping = create_empty(source);
	bool	   *mentioned = palloc0(source->columns->count * sizeof(bool));

	mapping->can_apply = mapping->reso || mapping->fields;
	if (source->mapping)
		add_stated(mapping, source, mentioned);
	if (mapping->reso)
		add_reso_names(mapping, source, mentioned);
	else if (source->mapping == NULL && mapping->fields)
		add_header_names(mapping, source);

	if (mapping->key != KEY_FIELD)
		take_made_key(mapping);
	else if (source->mapping || mapping->can_apply)
		put_key_first(mapping, source);
	if (mapping->fields)
		check_header_has_fields(mapping);
	mapping_find_special(mapping, source);
	mapping_names_create(mapping);
	return mapping;
}

const bool *
mapping_filled(const Mapping *mapping)
{
	return mapping->filled;
}
