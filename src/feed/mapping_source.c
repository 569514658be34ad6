/*
 * mapping_source.c
 *	  One source of a mapping: a field name, or an object that says more.
 *
 * Used when a mapping is compiled; throws for what cannot work.
 */
#include "feed/mapping_plan.h"

#include "feed/synonym.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

/* What all errors of a source have: the column that it is for */
#define SOURCE_ERROR(column) \
	errcode(ERRCODE_INVALID_PARAMETER_VALUE), errcontext("mapping of column \"%s\"", (column))

static char *
string_of(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* A scalar as a record would hold it */
static Field *
scalar_field(const char *column, const char *key, const JsonbValue *value)
{
	Field	   *field = palloc0(sizeof(Field));

	field->name = key;
	field->value = "";
	switch (value->type)
	{
		case jbvNull:
			field->kind = FIELD_NULL;
			break;
		case jbvString:
			field->kind = FIELD_TEXT;
			field->value = string_of(value);
			break;
		case jbvNumeric:
			field->kind = FIELD_NUMBER;
			field->value = numeric_normalize(value->val.numeric);
			break;
		case jbvBool:
			field->kind = FIELD_BOOL;
			field->value = value->val.boolean ? "true" : "false";
			break;
		default:
			ereport(ERROR,
					(SOURCE_ERROR(column),
					 errmsg("\"%s\" of a mapping takes a single value", key)));
	}
	field->len = strlen(field->value);
	return field;
}

static void
add_from(Mapping *mapping, MappedTarget *target, const JsonbValue *value)
{
	if (value->type != jbvString || value->val.string.len == 0)
		ereport(ERROR,
				(SOURCE_ERROR(target->name),
				 errmsg("a field of the source is given by its name"),
				 errhint("\"from\" is a name, or an array of names whose values "
						 "are joined with |.")));
	target->slots = target->slots ? repalloc(target->slots, (target->nslots + 1) * sizeof(int))
		: palloc(sizeof(int));
	target->slots[target->nslots++] = mapping_add_slot(mapping, string_of(value), false);
}

/* "from": a name or an array of names */
static void
read_from(Mapping *mapping, MappedTarget *target, const JsonbValue *value)
{
	JsonbIterator *iterator;
	JsonbValue	element;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
	{
		add_from(mapping, target, value);
		return;
	}
	iterator = JsonbIteratorInit(value->val.binary.data);
	(void) JsonbIteratorNext(&iterator, &element, true);
	while (JsonbIteratorNext(&iterator, &element, true) == WJB_ELEM)
		add_from(mapping, target, &element);
	if (target->nslots == 0)
		ereport(ERROR,
				(SOURCE_ERROR(target->name),
				 errmsg("\"from\" of a mapping names no field")));
}

/* "lookup": what values of the source stand for */
static void
read_lookup(MappedTarget *target, const JsonbValue *value)
{
	JsonbIterator *iterator;
	JsonbValue	element;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		ereport(ERROR,
				(SOURCE_ERROR(target->name),
				 errmsg("\"lookup\" of a mapping takes an object"),
				 errhint("Give, for example, {\"A\": \"Active\", \"S\": \"Closed\"}.")));
	target->lookup = palloc((JsonContainerSize(value->val.binary.data) + 1) * sizeof(LookupEntry));
	iterator = JsonbIteratorInit(value->val.binary.data);
	(void) JsonbIteratorNext(&iterator, &element, true);
	while (JsonbIteratorNext(&iterator, &element, true) == WJB_KEY)
	{
		LookupEntry *entry = &target->lookup[target->nlookup++];

		entry->from = string_of(&element);
		(void) JsonbIteratorNext(&iterator, &element, true);
		entry->to = *scalar_field(target->name, "lookup", &element);
	}
}

static void
read_as(MappedTarget *target, const JsonbValue *value)
{
	char	   *problem = NULL;

	target->as = value->type == jbvString ? string_of(value) : "";
	if (!value_rule_parse(target->as, &target->rule, &problem))
		ereport(ERROR,
				(SOURCE_ERROR(target->name),
				 errmsg("\"as\" of a mapping cannot be \"%s\"", target->as),
				 errdetail("%c%s.", pg_toupper((unsigned char) problem[0]), problem + 1)));
	if (!value_rule_fits(&target->rule))
		ereport(ERROR,
				(SOURCE_ERROR(target->name),
				 errmsg("values read as %s cannot go into column \"%s\"",
						value_form_name(target->rule.form), target->name),
				 errhint("Leave \"as\" out: the column's type says how the value is read.")));
}

static void
read_zone(MappedTarget *target, const JsonbValue *value)
{
	char	   *name = value->type == jbvString ? string_of(value) : "";

	target->rule.zone = *name ? pg_tzset(name) : NULL;
	if (target->rule.zone == NULL || !pg_tz_acceptable(target->rule.zone))
		ereport(ERROR,
				(SOURCE_ERROR(target->name),
				 errmsg("time zone \"%s\" not recognized", name),
				 errhint("SELECT name FROM pg_catalog.pg_timezone_names lists them.")));
}

static void
read_member(Mapping *mapping, MappedTarget *target, const char *key, const JsonbValue *value)
{
	if (strcmp(key, "from") == 0)
		read_from(mapping, target, value);
	else if (strcmp(key, "as") == 0)
		read_as(target, value);
	else if (strcmp(key, "zone") == 0)
		read_zone(target, value);
	else if (strcmp(key, "lookup") == 0)
		read_lookup(target, value);
	else if (strcmp(key, "const") == 0)
		target->constant = scalar_field(target->name, key, value);
	else if (strcmp(key, "default") == 0)
		target->fallback = scalar_field(target->name, key, value);
	else if (strcmp(key, "required") == 0 && value->type == jbvBool)
		target->required = target->required || value->val.boolean;
	else if (strcmp(key, "required") == 0)
		ereport(ERROR,
				(SOURCE_ERROR(target->name),
				 errmsg("\"required\" of a mapping is true or false")));
	else
		ereport(ERROR,
				(SOURCE_ERROR(target->name),
				 errmsg("a mapping has no key \"%s\"", key),
				 errhint("The keys are from, as, zone, lookup, const, default and required.")));
}

/* A value that the mapping itself states must fit its column */
static Datum
check_stated(const MappedTarget *target, const Field *stated, bool loose)
{
	Field		field = *stated;
	Datum		value = (Datum) 0;
	bool		isnull;
	ValueError	error = {0};
	const char *word = target->has_words ? synonym_value(target->name, field.value, loose) : NULL;

	if (word)
	{
		field.value = word;
		field.len = strlen(word);
	}
	if (field.kind == FIELD_NULL || field.len == 0)
		ereport(ERROR,
				(SOURCE_ERROR(target->name),
				 errmsg("\"%s\" of a mapping must have a value", stated->name)));
	if (!value_convert(&target->rule, &field, &value, &isnull, &error))
		ereport(ERROR,
				(SOURCE_ERROR(target->name),
				 errmsg("\"%s\" of a mapping does not fit column \"%s\"", stated->name,
						target->name),
				 errdetail("%s.", error.reason)));
	return value;
}

static void
check_target(const Mapping *mapping, MappedTarget *target)
{
	bool		is_key = target->column == mapping->columns->listing_key;

	if (target->nslots == 0 && target->constant == NULL)
		ereport(ERROR,
				(SOURCE_ERROR(target->name),
				 errmsg("a mapping needs a source"),
				 errhint("Give \"from\" or \"const\".")));
	if (target->nslots > 0 && target->constant)
		ereport(ERROR,
				(SOURCE_ERROR(target->name),
				 errmsg("a mapping has either \"from\" or \"const\"")));
	if (is_key && (target->constant || target->fallback))
		ereport(ERROR,
				(SOURCE_ERROR(target->name),
				 errmsg("listing_key cannot be the same for all records")));
	if (target->constant)
		target->constant_value = check_stated(target, target->constant, !mapping->reso);
	if (target->fallback)
		(void) check_stated(target, target->fallback, !mapping->reso);
}

void
mapping_read_source(Mapping *mapping, const MappingSource *source, const char *column,
					JsonbValue *value)
{
	MappedTarget *target =
		mapping_add_target(mapping, source, mapping_find_column(mapping->columns, column));
	JsonbIterator *iterator;
	JsonbValue	member;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
	{
		read_from(mapping, target, value);
		return;
	}
	iterator = JsonbIteratorInit(value->val.binary.data);
	(void) JsonbIteratorNext(&iterator, &member, true);
	while (JsonbIteratorNext(&iterator, &member, true) == WJB_KEY)
	{
		char	   *key = string_of(&member);

		(void) JsonbIteratorNext(&iterator, &member, true);
		read_member(mapping, target, key, &member);
	}
	check_target(mapping, target);
}
