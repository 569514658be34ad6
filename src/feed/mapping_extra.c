/*
 * mapping_extra.c
 *	  The fields of a record that no column is mapped to, as jsonb.
 *
 * Used by whatever process runs a feed.  The parsers have seen to it that
 * nothing here can throw for bad data: text is UTF-8, numbers are in bounds,
 * nesting is shallow.  Results are in CurrentMemoryContext.
 */
#include "feed/mapping_plan.h"

#include "parse/json_storable.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

static void
set_string(JsonbValue *value, const char *text, int len)
{
	value->type = jbvString;
	value->val.string.val = unconstify(char *, text);
	value->val.string.len = len;
}

/* Adds a field to the object that *state builds, and begins it if need be */
void
mapping_push_extra(JsonbParseState **state, const Field *field)
{
	JsonbValue	value;

	if (field->kind == FIELD_NULL || (field->kind == FIELD_TEXT && field->len == 0))
		return;
	if (*state == NULL)
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	set_string(&value, field->name, strlen(field->name));
	pushJsonbValue(state, WJB_KEY, &value);

	switch (field->kind)
	{
		case FIELD_NULL:
		case FIELD_TEXT:
		case FIELD_DAMAGED:
			set_string(&value, field->value, field->len);
			break;
		case FIELD_NUMBER:
			value.type = jbvNumeric;
			value.val.numeric =
				DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(field->value),
													ObjectIdGetDatum(InvalidOid),
													Int32GetDatum(-1)));
			break;
		case FIELD_BOOL:
			value.type = jbvBool;
			value.val.boolean = field->value[0] == 't';
			break;
		case FIELD_JSON:
			{
				const JsonEscape *escapes;
				int			nescapes;
				int			len;
				const char *text =
					json_storable(field->value, field->len, &len, &escapes, &nescapes);
				Jsonb	   *nested =
					DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));

				value.type = jbvBinary;
				value.val.binary.data = &nested->root;
				value.val.binary.len = VARSIZE(nested) - VARHDRSZ;
			}
			break;
	}
	pushJsonbValue(state, WJB_VALUE, &value);
}

struct varlena *
mapping_finish_extra(JsonbParseState *state)
{
	return state ?
		(struct varlena *) JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)) : NULL;
}
