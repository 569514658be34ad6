/*
 * records.c
 *	  SQL functions with which tests look at the parsers and the mapping alone.
 *
 * Not part of the extension.
 */
#include "estate.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "feed/mapping.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parse/delimited.h"
#include "parse/json.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/varlena.h"

PG_MODULE_MAGIC;

/* The columns of a table, with listing_key among them */
static ListingColumns *
table_columns(text *name)
{
	Relation	relation = relation_openrv(makeRangeVarFromNameList(textToQualifiedNameList(name)), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(relation);
	ListingColumns *columns = palloc0(sizeof(ListingColumns));

	columns->column = palloc(desc->natts * sizeof(ListingColumn));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		ListingColumn *column = &columns->column[columns->count];

		if (attribute->attisdropped || attribute->attgenerated)
			continue;
		if (strstr(" market_id id source_system feed_id property currency extra content_hash first_seen_at changed_at "
				   "run_id removed_at removed_reason ", psprintf(" %s ", NameStr(attribute->attname))))
			continue;
		column->name = pstrdup(NameStr(attribute->attname));
		column->type = attribute->atttypid;
		column->typmod = attribute->atttypmod;
		column->attnum = attribute->attnum;
		if (strcmp(column->name, "listing_key") == 0)
			columns->listing_key = columns->count;
		columns->count++;
	}
	relation_close(relation, AccessShareLock);
	return columns;
}

/* The values that a row fills, as jsonb text */
static char *
row_values(const ListingColumns *columns, const ListingRow *row)
{
	StringInfoData line;

	initStringInfo(&line);
	for (int i = 0; i < columns->count; i++)
	{
		Oid			output;
		bool		varlena;

		if (row->nulls[i])
			continue;
		getTypeOutputInfo(columns->column[i].type, &output, &varlena);
		appendStringInfo(&line, "%s%s=%s", line.len ? "; " : "", columns->column[i].name,
						 OidOutputFunctionCall(output, row->values[i]));
	}
	return line.data;
}

/* What could not be read of a row */
static char *
row_problems(const ListingRow *row)
{
	StringInfoData line;

	if (row->nproblems == 0)
		return NULL;
	initStringInfo(&line);
	for (int i = 0; i < row->nproblems; i++)
		appendStringInfo(&line, "%s%s: %s %s", i > 0 ? "; " : "", row->problems[i].code, row->problems[i].field,
						 row->problems[i].reason);
	return line.data;
}

static void
put_row(ReturnSetInfo *rsinfo, const ListingColumns *columns, const ListingRow *row)
{
	Datum		values[11];
	bool		nulls[11] = {0};
	char	   *problems = row_problems(row);

#define PUT_TEXT(i, s) (nulls[i] = (s) == NULL, values[i] = (s) ? CStringGetTextDatum(s) : (Datum) 0)
	PUT_TEXT(0, row->listing_key);
	PUT_TEXT(1, row->reject_code);
	PUT_TEXT(2, row->reject_field);
	PUT_TEXT(3, row->reject_reason);
	PUT_TEXT(4, row->raw);
	PUT_TEXT(5, row_values(columns, row));
	nulls[6] = row->extra == NULL;
	values[6] = PointerGetDatum(row->extra);
	PUT_TEXT(7, row->removed_reason);
	nulls[8] = !row->has_media;
	values[8] = Int32GetDatum(row->nmedia);
	values[9] = Int64GetDatum(row->content_hash);
	PUT_TEXT(10, problems);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

typedef struct Reading
{
	const char *preset;
	Jsonb	   *mapping;
	Jsonb	   *settings;		/* strict, key, date_order, nothing, currency, as a feed has them; NULL: none */
	ListingColumns *columns;
	int			chunk;			/* bytes of a push; 0: all at once */
	DelimitedOptions options;
	ReturnSetInfo *rsinfo;		/* NULL: only count */
	int64		seen,
				rejected;
} Reading;

/* False: dates could be either way round, and it is not known which */
static bool
take_record(Reading *reading, Mapping *mapping, const Record *record)
{
	ListingRow	row;

	mapping_apply(mapping, record, &row);
	if (mapping_wants_order(mapping))
		return false;
	reading->seen++;
	reading->rejected += row.reject_code != NULL;
	if (reading->rsinfo)
		put_row(reading->rsinfo, reading->columns, &row);
	return true;
}

static JsonbValue *
setting(const Reading *reading, const char *name)
{
	JsonbValue	key = {.type = jbvString};

	key.val.string.val = unconstify(char *, name);
	key.val.string.len = strlen(name);
	return reading->settings ? findJsonbValueFromContainer(&reading->settings->root, JB_FOBJECT, &key) : NULL;
}

static char *
text_setting(const Reading *reading, const char *name)
{
	JsonbValue *value = setting(reading, name);

	return value ? pnstrdup(value->val.string.val, value->val.string.len) : NULL;
}

static MappingSource
source_of(const Reading *reading, const char *const *fields, int nfields)
{
	MappingSource source = {0};

	source.preset = reading->preset;
	source.mapping = reading->mapping;
	source.columns = reading->columns;
	source.fields = fields;
	source.nfields = nfields;
	source.time_zone = "America/Los_Angeles";
	source.area_unit = "sqft";
	source.currency = text_setting(reading, "currency");
	if (source.currency == NULL)
		source.currency = "USD";
	source.strict = setting(reading, "strict") && setting(reading, "strict")->val.boolean;
	source.key = text_setting(reading, "key");
	if (text_setting(reading, "date_order"))
		source.date_order = *text_setting(reading, "date_order") == 'D' ? DATE_DAY_FIRST : DATE_MONTH_FIRST;
	source.nothing = setting(reading, "nothing") ? JsonbValueToJsonb(setting(reading, "nothing")) : NULL;
	return source;
}

static void
read_delimited(Reading *reading, const char *bytes, size_t len)
{
	DelimitedReader *reader = delimited_create(CurrentMemoryContext, &reading->options);
	Mapping    *mapping = NULL;
	Record		record;
	size_t		done = 0;
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "row", ALLOCSET_DEFAULT_SIZES);

	do
	{
		size_t		n = reading->chunk > 0 ? Min(reading->chunk, len - done) : len - done;

		CHECK_FOR_INTERRUPTS();
		delimited_push(reader, bytes + done, n, done + n == len);
		done += n;
		while (delimited_mark(reader), delimited_next(reader, &record))
		{
			MemoryContext saved;
			bool		taken;

			if (mapping == NULL)
			{
				int			nfields;
				const char *const *fields = delimited_names(reader, &nfields);
				MappingSource source = source_of(reading, fields, nfields);

				mapping = mapping_compile(&source);
			}
			saved = MemoryContextSwitchTo(row_context);
			taken = take_record(reading, mapping, &record);
			MemoryContextSwitchTo(saved);
			MemoryContextReset(row_context);
			if (taken)
				continue;
			delimited_rewind(reader);
			if (done < len)
				break;
			while (delimited_next(reader, &record))
				mapping_survey(mapping, &record);
			delimited_rewind(reader);
			mapping_decide_order(mapping);
		}
	} while (done < len);
	if (delimited_error(reader))
		ereport(ERROR, (errcode(ERRCODE_BAD_COPY_FILE_FORMAT), errmsg("%s", delimited_error(reader))));
}

static void
read_json(Reading *reading, const char *bytes, size_t len)
{
	JsonPage	page;
	Record		record;
	MappingSource source = source_of(reading, NULL, 0);
	Mapping    *mapping = mapping_compile(&source);

	if (!json_page_parse(bytes, len, &page))
		ereport(ERROR, (errcode(ERRCODE_BAD_COPY_FILE_FORMAT), errmsg("%s", page.error)));
	for (JsonPage before = page; json_page_next(&page, &record); before = page)
	{
		Record		other;

		if (take_record(reading, mapping, &record))
			continue;
		while (json_page_next(&before, &other))
			mapping_survey(mapping, &other);
		mapping_decide_order(mapping);
		(void) take_record(reading, mapping, &record);
	}
	if (page.next_link && reading->rsinfo)
		ereport(NOTICE, (errmsg("next link %s", page.next_link)));
}

/* unit.read(body bytea, preset text, table text, mapping jsonb, chunk int, encoding text, delimiter text, names text[], header bool) */
static void
read_body(FunctionCallInfo fcinfo, Reading *reading)
{
	bytea	   *body = PG_GETARG_BYTEA_PP(0);

	reading->preset = text_to_cstring(PG_GETARG_TEXT_PP(1));
	reading->columns = table_columns(PG_GETARG_TEXT_PP(2));
	reading->mapping = PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3);
	reading->chunk = PG_GETARG_INT32(4);
	reading->options.encoding = PG_ARGISNULL(5) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(5));
	reading->options.delimiter = PG_ARGISNULL(6) ? 0 : *text_to_cstring(PG_GETARG_TEXT_PP(6));
	if (!PG_ARGISNULL(7))
	{
		Datum	   *names;
		int			n;
		char	  **strings;

		deconstruct_array(PG_GETARG_ARRAYTYPE_P(7), TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &n);
		strings = palloc(n * sizeof(char *));
		for (int i = 0; i < n; i++)
			strings[i] = TextDatumGetCString(names[i]);
		reading->options.names = (const char *const *) strings;
		reading->options.nnames = n;
	}
	reading->options.no_header = !PG_GETARG_BOOL(8);
	if (PG_NARGS() > 9 && get_fn_expr_argtype(fcinfo->flinfo, 9) == JSONBOID)
		reading->settings = PG_GETARG_JSONB_P(9);
	reading->options.strict = setting(reading, "strict") && setting(reading, "strict")->val.boolean;

	if (strcmp(reading->preset, "reso") == 0)
		read_json(reading, VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body));
	else
		read_delimited(reading, VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body));
}

PG_FUNCTION_INFO_V1(unit_read);
Datum
unit_read(PG_FUNCTION_ARGS)
{
	Reading		reading = {0};

	InitMaterializedSRF(fcinfo, 0);
	reading.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	read_body(fcinfo, &reading);
	return (Datum) 0;
}

/* The same, only counted, and timed */
PG_FUNCTION_INFO_V1(unit_time);
Datum
unit_time(PG_FUNCTION_ARGS)
{
	Reading		reading = {0};
	instr_time	begin,
				end;

	INSTR_TIME_SET_CURRENT(begin);
	read_body(fcinfo, &reading);
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, begin);
	PG_RETURN_TEXT_P(cstring_to_text(psprintf(INT64_FORMAT " seen, " INT64_FORMAT " rejected, %.0f/s",
											  reading.seen, reading.rejected,
											  reading.seen / INSTR_TIME_GET_DOUBLE(end))));
}

/* Changes up to nine bytes, and now and then copies a stretch of them elsewhere */
static void
change_bytes(char *body, int len, pg_prng_state *prng)
{
	static const char bytes[] = ",\"\n\r|;\t{}[]:\\\0\xFF\xC3\x80u0-+.eE9N/ $Z";
	int			changes = pg_prng_uint64_range(prng, 1, 9);

	for (int i = 0; i < changes; i++)
	{
		int			at = pg_prng_uint64_range(prng, 0, len - 1);

		body[at] = bytes[pg_prng_uint64_range(prng, 0, sizeof(bytes) - 1)];
		if (pg_prng_uint64_range(prng, 0, 3) == 0)
		{
			int			from = pg_prng_uint64_range(prng, 0, len - 1);
			int			n = pg_prng_uint64_range(prng, 1, 200);

			memmove(body + at, body + from, Min(n, len - Max(at, from)));
		}
	}
}

/* Reads the body n times, each time with some of its bytes changed; only a crash or an ERROR of class XX fails */
PG_FUNCTION_INFO_V1(unit_mutate);
Datum
unit_mutate(PG_FUNCTION_ARGS)
{
	bytea	   *body = PG_GETARG_BYTEA_P_COPY(0);
	bytea	   *mutant = palloc(VARSIZE(body));
	int			len = VARSIZE(body) - VARHDRSZ;
	int			times = PG_GETARG_INT32(9);
	pg_prng_state prng;
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext inner = AllocSetContextCreate(outer, "mutant", ALLOCSET_DEFAULT_SIZES);
	int64		seen = 0,
				errors = 0,
				rejected = 0;

	pg_prng_seed(&prng, PG_GETARG_INT64(10));
	for (int i = 0; i < times; i++)
	{
		Reading		reading = {0};

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(inner);
		memcpy(mutant, body, VARSIZE(body));
		change_bytes(VARDATA(mutant), len, &prng);
		fcinfo->args[0].value = PointerGetDatum(mutant);
		MemoryContextSwitchTo(inner);
		PG_TRY();
		{
			read_body(fcinfo, &reading);
		}
		PG_CATCH();
		{
			ErrorData  *error;

			MemoryContextSwitchTo(inner);
			error = CopyErrorData();

			/* a header or a page that is no good may be refused, nothing else */
			if (error->sqlerrcode != ERRCODE_BAD_COPY_FILE_FORMAT &&
				error->sqlerrcode != ERRCODE_INVALID_PARAMETER_VALUE)
				PG_RE_THROW();
			FlushErrorState();
			errors++;
		}
		PG_END_TRY();
		MemoryContextSwitchTo(outer);
		seen += reading.seen;
		rejected += reading.rejected;
	}
	PG_RETURN_TEXT_P(cstring_to_text(psprintf(INT64_FORMAT " records, " INT64_FORMAT " rejected, " INT64_FORMAT " bodies refused",
											  seen, rejected, errors)));
}

PG_FUNCTION_INFO_V1(unit_describe);
Datum
unit_describe(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Reading		reading = {0};
	Datum	   *names;
	int			n,
				nnotes;
	MappingNote *notes;
	MappingSource source;
	char	  **strings = NULL;

	InitMaterializedSRF(fcinfo, 0);
	reading.preset = text_to_cstring(PG_GETARG_TEXT_PP(0));
	reading.columns = table_columns(PG_GETARG_TEXT_PP(1));
	reading.mapping = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	n = 0;
	if (!PG_ARGISNULL(3))
	{
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(3), TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &n);
		strings = palloc((n + 1) * sizeof(char *));
		for (int i = 0; i < n; i++)
			strings[i] = TextDatumGetCString(names[i]);
	}
	source = source_of(&reading, (const char *const *) strings, n);
	notes = mapping_describe(mapping_compile(&source), &nnotes);
	for (int i = 0; i < nnotes; i++)
	{
		Datum		values[4];
		bool		nulls[4];

		PUT_TEXT(0, notes[i].target);
		PUT_TEXT(1, notes[i].source);
		PUT_TEXT(2, notes[i].as);
		PUT_TEXT(3, notes[i].note);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(unit_suggest);
Datum
unit_suggest(PG_FUNCTION_ARGS)
{
	Reading		reading = {0};
	Datum	   *names;
	int			n = 0;
	char	  **strings = NULL;
	MappingSource source;

	reading.preset = text_to_cstring(PG_GETARG_TEXT_PP(0));
	reading.columns = table_columns(PG_GETARG_TEXT_PP(1));
	if (!PG_ARGISNULL(2))
	{
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &n);
		strings = palloc((n + 1) * sizeof(char *));
		for (int i = 0; i < n; i++)
			strings[i] = TextDatumGetCString(names[i]);
	}
	source = source_of(&reading, (const char *const *) strings, n);
	PG_RETURN_JSONB_P(mapping_suggest(&source));
}
