/*
 * mapping_names.c
 *	  What a mapping does with a field of a given name.
 *
 * Used by whatever process runs a feed.  Names are remembered in the mapping's
 * context; records of one source have the same fields in the same places, so
 * that what stood at a place before is tried first.
 */
#include "feed/mapping_plan.h"

#include "common/hashfn.h"
#include "feed/synonym.h"

#define SH_PREFIX named_field
#define SH_ELEMENT_TYPE NamedField
#define SH_KEY_TYPE const char *
#define SH_KEY name
#define SH_HASH_KEY(tb, key) hash_bytes((const unsigned char *) (key), strlen(key))
#define SH_EQUAL(tb, a, b) (strcmp((a), (b)) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* a source with more names than this makes them up; then they are not remembered */
#define MAX_NAMES 20000

/* The column that a RESO field name means; -1: none */
static int
reso_column(const Mapping *mapping, const char *name)
{
	char	   *folded;

	/* local fields have an underscore (ABC_ListPrice), RESO's own never */
	if (strchr(name, '_'))
		return mapping_find_column(mapping->columns, name);
	folded = synonym_fold(name);
	for (int i = 0; i < mapping->columns->count; i++)
	{
		if (mapping->column_slot[i] >= 0 && strcmp(folded, mapping->folded_columns[i]) == 0)
			return i;
	}
	return -1;
}

/* A slot for a name, shared by all who ask for it */
int
mapping_add_slot(Mapping *mapping, const char *name, bool reso_name)
{
	MappedSlot *slot;
	const char *dot;

	for (int i = 0; i < mapping->nslots && !reso_name; i++)
	{
		if (mapping->slots[i].name && strcmp(mapping->slots[i].full_name, name) == 0)
			return i;
	}
	if (mapping->slots == NULL)
		mapping->slots = palloc(sizeof(MappedSlot));
	else
		mapping->slots = repalloc(mapping->slots, (mapping->nslots + 1) * sizeof(MappedSlot));
	slot = &mapping->slots[mapping->nslots];
	slot->full_name = pstrdup(name);
	slot->name = reso_name ? NULL : slot->full_name;
	slot->path = NULL;
	slot->in_extra = false;

	/* a CSV header may hold dots; in JSON they lead into objects */
	dot = strchr(slot->full_name, '.');
	if (mapping->reso && !reso_name && dot && dot > slot->full_name && name[0] != '@')
	{
		slot->name = pnstrdup(slot->full_name, dot - slot->full_name);
		slot->path = dot + 1;
	}
	return mapping->nslots++;
}

/* Works out what to do with fields of a name */
static void
resolve_name(Mapping *mapping, NamedField *field)
{
	int			column;

	field->slots = palloc((mapping->nslots + 1) * sizeof(int));
	field->nslots = 0;
	field->extra = true;
	for (int i = 0; i < mapping->nslots; i++)
	{
		const MappedSlot *slot = &mapping->slots[i];

		if (slot->name == NULL ||
			(strcmp(slot->name, field->name) != 0 && strcmp(slot->full_name, field->name) != 0))
			continue;
		field->slots[field->nslots++] = i;
		if (strcmp(slot->full_name, field->name) == 0 && i != mapping->can_view_slot &&
			!slot->in_extra)
			field->extra = false;
	}
	if (!mapping->reso)
		return;

	/* annotations are of the transfer, not of the listing */
	if (field->name[0] == '@' || strstr(field->name, "@odata.") != NULL)
		field->extra = false;
	column = reso_column(mapping, field->name);
	if (column >= 0 && mapping->column_slot[column] >= 0)
	{
		field->slots[field->nslots++] = mapping->column_slot[column];
		field->extra = false;
	}
}

void
mapping_names_create(Mapping *mapping)
{
	mapping->names = named_field_create(mapping->context, 256, NULL);
	mapping->by_position = palloc0(RECORD_MAX_FIELDS * sizeof(NamedField *));
	mapping->values = palloc0((mapping->nslots + 1) * sizeof(Field *));
}

const NamedField *
mapping_named_field(Mapping *mapping, const char *name, int position)
{
	NamedField *known = mapping->by_position[position];
	NamedField *field;
	MemoryContext saved;

	if (known && strcmp(known->name, name) == 0)
		return known;

	field = named_field_lookup(mapping->names, name);
	if (field == NULL && mapping->names->members >= MAX_NAMES)
	{
		field = palloc0(sizeof(NamedField));
		field->name = name;
		resolve_name(mapping, field);
		return field;
	}
	saved = MemoryContextSwitchTo(mapping->context);
	if (field == NULL)
	{
		bool		found;
		char	   *copy = pstrdup(name);

		field = named_field_insert(mapping->names, copy, &found);
		resolve_name(mapping, field);
	}

	/* the hash table moves its elements when it grows, so keep a copy */
	if (known == NULL)
		known = mapping->by_position[position] = palloc(sizeof(NamedField));
	*known = *field;
	MemoryContextSwitchTo(saved);
	return known;
}
