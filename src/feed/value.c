/*
 * value.c
 *	  One value of a feed: from text to a Datum of the target column.
 *
 * Used by whatever process runs a feed.  Nothing is thrown for bad data: a
 * page of a feed is one transaction, and one bad value must not cost it.
 * Results are in CurrentMemoryContext.
 */
#include "feed/value.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "feed/value_parts.h"
#include "lib/stringinfo.h"
#include "parse/json.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

static const char *const form_names[] = {
	"text", "integer", "number", "money", "boolean", "list", "date", "timestamp"
};

/* what kind of thing a column holds */
typedef enum ColumnClass
{
	CLASS_UNKNOWN,
	CLASS_TEXT,
	CLASS_INTEGER,
	CLASS_NUMBER,
	CLASS_BOOLEAN,
	CLASS_LIST,
	CLASS_DATE,
	CLASS_TIMESTAMP
} ColumnClass;

static ColumnClass
column_class(Oid type)
{
	switch (type)
	{
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return CLASS_TEXT;
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return CLASS_INTEGER;
		case NUMERICOID:
		case FLOAT4OID:
		case FLOAT8OID:
			return CLASS_NUMBER;
		case BOOLOID:
			return CLASS_BOOLEAN;
		case TEXTARRAYOID:
		case VARCHARARRAYOID:
			return CLASS_LIST;
		case DATEOID:
			return CLASS_DATE;
		case TIMESTAMPTZOID:
			return CLASS_TIMESTAMP;
		default:
			return CLASS_UNKNOWN;
	}
}

const char *
value_form_name(ValueForm form)
{
	return form_names[form];
}

bool
value_rule_fits(const ValueRule *rule)
{
	switch (column_class(rule->type))
	{
		case CLASS_TEXT:
			return rule->form == VALUE_TEXT || rule->form == VALUE_LIST ||
				rule->form == VALUE_INTEGER ||
				rule->form == VALUE_NUMBER || rule->form == VALUE_MONEY;
		case CLASS_INTEGER:
		case CLASS_NUMBER:
			return rule->form == VALUE_INTEGER || rule->form == VALUE_NUMBER ||
				rule->form == VALUE_MONEY;
		case CLASS_BOOLEAN:
			return rule->form == VALUE_BOOLEAN;
		case CLASS_LIST:
			return rule->form == VALUE_LIST;
		case CLASS_DATE:
		case CLASS_TIMESTAMP:
			return rule->form == VALUE_DATE || rule->form == VALUE_TIMESTAMP;
		default:
			return false;
	}
}

static bool
ends_with(const char *name, const char *end)
{
	size_t		len = strlen(name),
				end_len = strlen(end);

	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

static void
set_range(ValueRule *rule, double min, double max)
{
	rule->has_range = true;
	rule->min = min;
	rule->max = max;
}

/* The words that may stand behind a number of a column */
static ValueWords
words_of(const char *column)
{
	static const struct
	{
		const char *column;
		ValueWords	words;
	}			known[] = {
		{"living_area", WORDS_AREA}, {"building_area_total", WORDS_AREA},
		{"lot_size_area", WORDS_AREA},
		{"lot_size_acres", WORDS_ACRES}, {"lot_size_square_feet", WORDS_SQUARE_FEET},
		{"garage_spaces", WORDS_CARS},
		{"bedrooms_total", WORDS_BEDROOMS}, {"bathrooms_full", WORDS_BATHROOMS},
		{"bathrooms_half", WORDS_BATHROOMS},
		{"bathrooms_total_integer", WORDS_BATHROOMS}, {"stories_total", WORDS_STORIES},
		{"days_on_market", WORDS_DAYS}, {"cumulative_days_on_market", WORDS_DAYS}
	};

	for (int i = 0; i < lengthof(known); i++)
	{
		if (strcmp(column, known[i].column) == 0)
			return known[i].words;
	}
	return WORDS_NONE;
}

/* What the name says about sense and form of a number */
static void
number_rule_default(const char *column, ValueRule *rule)
{
	rule->words = words_of(column);
	rule->zero_is_nothing = strcmp(column, "year_built") == 0;
	if (strcmp(column, "latitude") == 0)
		set_range(rule, -90, 90);
	else if (strcmp(column, "longitude") == 0)
		set_range(rule, -180, 180);
	else if (ends_with(column, "_price"))
	{
		rule->form = VALUE_MONEY;
		set_range(rule, 0, INFINITY);
	}
	else if (strcmp(column, "association_fee") == 0 || strcmp(column, "tax_annual_amount") == 0)
		rule->form = VALUE_MONEY;
	/* larger than any on earth, and than what the columns for comparing hold in another unit */
	else if (strcmp(column, "living_area") == 0 || strcmp(column, "lot_size_acres") == 0)
		set_range(rule, 0, 1e10);
	else if (strncmp(column, "lot_size", 8) == 0 || strncmp(column, "bathrooms_", 10) == 0 ||
			 strcmp(column, "building_area_total") == 0 ||
			 strcmp(column, "bedrooms_total") == 0 || strcmp(column, "stories_total") == 0 ||
			 strcmp(column, "garage_spaces") == 0 || strcmp(column, "photos_count") == 0 ||
			 strcmp(column, "year_built") == 0)
		set_range(rule, 0, INFINITY);
}

bool
value_rule_default(const char *column, ValueRule *rule)
{
	switch (column_class(rule->type))
	{
		case CLASS_TEXT:
			rule->form = VALUE_TEXT;
			break;
		case CLASS_INTEGER:
			rule->form = VALUE_INTEGER;
			number_rule_default(column, rule);
			break;
		case CLASS_NUMBER:
			rule->form = VALUE_NUMBER;
			number_rule_default(column, rule);
			break;
		case CLASS_BOOLEAN:
			rule->form = VALUE_BOOLEAN;
			break;
		case CLASS_LIST:
			rule->form = VALUE_LIST;
			break;
		case CLASS_DATE:
			rule->form = VALUE_DATE;
			break;
		case CLASS_TIMESTAMP:
			rule->form = VALUE_TIMESTAMP;
			break;
		default:
			return false;
	}
	return true;
}

bool
value_rule_parse(const char *as, ValueRule *rule, char **problem)
{
	const char *colon = strchr(as, ':');
	int			len = colon ? colon - as : strlen(as);

	for (int form = 0; form < lengthof(form_names); form++)
	{
		if (strlen(form_names[form]) != len || strncmp(as, form_names[form], len) != 0)
			continue;
		rule->form = form;
		if (colon == NULL)
			return true;
		if (form == VALUE_DATE || form == VALUE_TIMESTAMP)
		{
			rule->template = time_template_parse(colon + 1, problem);
			return rule->template != NULL;
		}
		if ((form == VALUE_NUMBER || form == VALUE_MONEY || form == VALUE_INTEGER) &&
			strcmp(colon + 1, "comma") == 0)
		{
			rule->decimal_comma = true;
			return true;
		}
		*problem = psprintf("\"%s\" takes nothing after the colon%s", form_names[form],
							form == VALUE_NUMBER || form == VALUE_MONEY ||
							form == VALUE_INTEGER ? " but comma" : "");
		return false;
	}
	*problem = "it is one of text, integer, number, money, boolean, list, date[:TEMPLATE], "
			   "timestamp[:TEMPLATE]";
	return false;
}

/* A JSON array of plain values as one line */
static const char *
joined_list(const Field *field)
{
	Record		members;
	StringInfoData line;

	if (field->value[0] != '[' || !json_members_parse(field->value, field->len, &members))
		return field->value;
	initStringInfo(&line);
	for (int i = 0; i < members.nfields; i++)
	{
		if (members.fields[i].kind != FIELD_NULL)
			appendStringInfo(&line, "%s%s", line.len ? ", " : "", members.fields[i].value);
	}
	return line.data;
}

/* Text, or a list in one line; a list without elements is null */
static bool
to_line(const ValueRule *rule, const Field *field, Datum *result, bool *isnull, ValueError *error)
{
	const char *line = field->kind == FIELD_JSON ? joined_list(field) : field->value;

	*isnull = (*line == '\0');
	return *isnull || value_to_text(rule, field, line, result, error);
}

static bool
to_boolean(const Field *field, Datum *result, ValueError *error)
{
	static const char *const yes[] = {"true", "yes", "y", "t", "1", "on"};
	static const char *const no[] = {"false", "no", "n", "f", "0", "off"};

	for (int i = 0; i < lengthof(yes); i++)
	{
		if (pg_strcasecmp(field->value, yes[i]) == 0 || pg_strcasecmp(field->value, no[i]) == 0)
		{
			*result = BoolGetDatum(pg_strcasecmp(field->value, yes[i]) == 0);
			return true;
		}
	}
	return value_refuse(error, "bad_type", field, "is neither yes nor no");
}

/* One element of a list, trimmed; empty ones are left out */
static void
add_element(Datum *elements, int *n, const char *text, int len)
{
	while (len > 0 && isspace((unsigned char) *text))
		text++, len--;
	while (len > 0 && isspace((unsigned char) text[len - 1]))
		len--;
	if (len > 0)
		elements[(*n)++] = PointerGetDatum(cstring_to_text_with_len(text, len));
}

/* A JSON array, or text with semicolons or else commas in between */
static bool
to_list(const ValueRule *rule, const Field *field, Datum *result)
{
	Datum	   *elements;
	int			n = 0;
	Record		members;

	if (field->value[0] == '[' && json_members_parse(field->value, field->len, &members))
	{
		elements = palloc(Max(members.nfields, 1) * sizeof(Datum));
		for (int i = 0; i < members.nfields; i++)
		{
			if (members.fields[i].kind != FIELD_NULL)
				add_element(elements, &n, members.fields[i].value, members.fields[i].len);
		}
	}
	else
	{
		const char *p = field->value;
		char		separator = strchr(p, ';') ? ';' : ',';

		int			nparts = 1;

		for (const char *q = strchr(p, separator); q; q = strchr(q + 1, separator))
			nparts++;
		elements = palloc(nparts * sizeof(Datum));
		while (p)
		{
			const char *next = strchr(p, separator);

			add_element(elements, &n, p, next ? next - p : strlen(p));
			p = next ? next + 1 : NULL;
		}
	}
	*result = PointerGetDatum(construct_array(elements, n, rule->type == VARCHARARRAYOID ?
											  VARCHAROID : TEXTOID,
											  -1, false, TYPALIGN_INT));
	return true;
}

/* The day of a moment in the rule's zone */
static DateADT
day_of(TimestampTz moment, pg_tz *zone)
{
	struct pg_tm tm;
	fsec_t		fsec;
	int			west;

	if (timestamp2tm(moment, &west, &tm, &fsec, NULL, zone) != 0)
		return DATEVAL_NOBEGIN;
	return date2j(tm.tm_year, tm.tm_mon, tm.tm_mday) - POSTGRES_EPOCH_JDATE;
}

static bool
refuse_time(const ValueRule *rule, const Field *field, TimeResult outcome, DayOrder order,
			ValueError *error)
{
	if (outcome == TIME_AMBIGUOUS)
		return value_refuse(error, "ambiguous", field,
							"could be either way round: option \"date_order\" says which");
	if (outcome == TIME_BAD_TEXT)
		return value_refuse(error, "bad_type", field, rule->template ? "does not fit the template" :
					  "is not a %s in a usual form; \"as\" can give a template",
					  form_names[rule->form]);
	return value_refuse(error, "out_of_range", field, rule->template ||
						order == DATE_ORDER_UNKNOWN ? "does not exist" :
				  order == DATE_DAY_FIRST ? "does not exist: the day goes first in this source" :
				  order == DATE_MONTH_FIRST ? "does not exist: the month goes first in this source"
				  : "does not exist");
}

static bool
to_time(const ValueRule *rule, const Field *field, Datum *result, bool *isnull, ValueError *error)
{
	TimeResult	outcome;
	TimestampTz moment = 0;
	DateADT		day = 0;
	bool		whole_day = rule->form == VALUE_DATE && rule->type == DATEOID;
	DayOrder	order = rule->order ? *rule->order : DATE_ORDER_UNKNOWN;

	if (whole_day)
		outcome = time_date_from_text(rule->template, order, field->value, rule->zone, &day);
	else
		outcome = time_stamp_from_text(rule->template, order, field->value, rule->zone, &moment);

	if (outcome == TIME_NOTHING)
	{
		*isnull = true;
		return true;
	}
	if (outcome != TIME_OK)
		return refuse_time(rule, field, outcome, strpbrk(field->value, "/.-") ? order :
						   DATE_ORDER_UNKNOWN, error);
	if (rule->type == TIMESTAMPTZOID)
		*result = TimestampTzGetDatum(moment);
	else
		*result = DateADTGetDatum(whole_day ? day : day_of(moment, rule->zone));
	return true;
}

bool
value_convert(const ValueRule *rule, const Field *field, Datum *result, bool *isnull,
			  ValueError *error)
{
	*isnull = false;
	if (field->kind == FIELD_NULL)
	{
		*isnull = true;
		return true;
	}
	if (field->kind == FIELD_DAMAGED)
		return value_refuse(error, "bad_encoding", field,
							"holds what no text in the database can hold");
	if (field->kind == FIELD_JSON && rule->form != VALUE_TEXT && rule->form != VALUE_LIST)
		return value_refuse(error, "bad_type", field, "is an object or a list, not a %s",
							form_names[rule->form]);

	switch (rule->form)
	{
		case VALUE_TEXT:
			return to_line(rule, field, result, isnull, error);
		case VALUE_INTEGER:
		case VALUE_NUMBER:
		case VALUE_MONEY:
			return value_to_number(rule, field, result, isnull, error);
		case VALUE_BOOLEAN:
			return to_boolean(field, result, error);
		case VALUE_LIST:
			if (rule->type != TEXTARRAYOID && rule->type != VARCHARARRAYOID)
				return to_line(rule, field, result, isnull, error);
			return to_list(rule, field, result);
		case VALUE_DATE:
		case VALUE_TIMESTAMP:
			return to_time(rule, field, result, isnull, error);
	}
	return value_refuse(error, "bad_type", field, "cannot be read");
}
