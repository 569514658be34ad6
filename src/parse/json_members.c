/*
 * json_members.c
 *	  The members of one JSON object or array, as the fields of a record.
 *
 * A leaf, used in whatever process runs a feed.  PostgreSQL's own lexer and
 * parser do the work; they recurse, so the caller has made sure that nothing
 * is nested deeper than RECORD_MAX_DEPTH.  Results are in
 * CurrentMemoryContext.
 */
#include "estate.h"

#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
#include "parse/json.h"
#include "parse/json_members.h"
#include "parse/json_scan.h"
#include "parse/json_storable.h"

/* numbers beyond this are of no use, and could not be stored */
#define NUMBER_MAX_DIGITS 1000

typedef struct MembersState
{
	JsonLexContext *lexer;
	int			depth;			/* 1: in the object or array itself */
	int			nelements;
	bool		in_array;
	const char *name;			/* of the member at hand */
	const char *begin;			/* of a nested member */

	const char *original;		/* the bytes as they came, where some of them had to be replaced */
	const char *storable;		/* the bytes that are parsed */
	const JsonEscape *escapes;	/* what is replaced in these */
	int			nescapes;
	const char *previous_end;	/* where the member before this one ends */
	bool		too_large_number;	/* within the nested member at hand */

	Field	   *fields;
	int			nfields,
				size;
	const char *problem;
	const char *problem_code;
} MembersState;

static void
add_field(MembersState *state, const char *value, int len, FieldKind kind)
{
	Field	   *field;

	if (state->nfields == RECORD_MAX_FIELDS)
	{
		state->problem_code = "too_large";
		state->problem = "the record has more than 4096 fields";
		return;
	}
	if (state->nfields == state->size)
	{
		state->size *= 2;
		state->fields = repalloc(state->fields, state->size * sizeof(Field));
	}
	field = &state->fields[state->nfields++];
	field->name = state->in_array ? psprintf("%d", state->nelements++) : state->name;
	field->value = value;
	field->len = len;
	field->kind = kind;
}

/* Whether a number can become a numeric, however it is read */
static bool
number_in_bounds(const char *token)
{
	const char *exponent = strpbrk(token, "eE");
	long		power = exponent ? strtol(exponent + 1, NULL, 10) : 0;

	return strlen(token) <= NUMBER_MAX_DIGITS && power <= NUMBER_MAX_DIGITS &&
		power >= -NUMBER_MAX_DIGITS;
}

/* Whether something between these was replaced */
static bool
is_replaced(const MembersState *state, const char *begin, const char *end)
{
	for (int i = 0; i < state->nescapes; i++)
	{
		const char *at = state->storable + state->escapes[i].at;

		if (at >= begin && at < end)
			return true;
	}
	return false;
}

/* The place in the bytes as they came of one in those that are parsed */
static const char *
original_of(const MembersState *state, const char *p)
{
	size_t		offset = p - state->storable;
	size_t		grown = 0;

	for (int i = 0; i < state->nescapes && state->escapes[i].at < offset; i++)
		grown += state->escapes[i].grown;
	return state->original + offset - grown;
}

static JsonActionResult
scalar(void *arg, char *token, JsonTokenType type)
{
	MembersState *state = arg;

	if (state->depth != 1)
	{
		if (type == JSON_TOKEN_NUMBER && !number_in_bounds(token))
			state->too_large_number = true;
		if (token)
			pfree(token);
	}
	else if (type == JSON_TOKEN_NULL)
		add_field(state, "", 0, FIELD_NULL);
	else if (type == JSON_TOKEN_STRING)
		add_field(state, token, strlen(token),
				  is_replaced(state, state->previous_end, state->lexer->prev_token_terminator)
				  ? FIELD_DAMAGED : FIELD_TEXT);
	else if (type == JSON_TOKEN_NUMBER)
		add_field(state, token, strlen(token), number_in_bounds(token) ? FIELD_NUMBER : FIELD_TEXT);
	else
		add_field(state, token, strlen(token), FIELD_BOOL);
	if (state->depth == 1)
		state->previous_end = state->lexer->prev_token_terminator;
	JSON_ACTION_RETURN();
}

static void
nested_begin(MembersState *state, bool is_array)
{
	if (state->depth == 0)
		state->in_array = is_array;
	else if (state->depth == 1)
	{
		state->begin = state->lexer->token_start;
		state->too_large_number = false;
	}
	state->depth++;
}

static void
nested_end(MembersState *state)
{
	state->depth--;
	if (state->depth == 1)
	{
		const char *end = state->lexer->prev_token_terminator;

		/* nested ones keep what had to be replaced, so that whoever looks into them finds it */
		if (state->too_large_number)
			add_field(state, pnstrdup(state->begin, end - state->begin), end - state->begin,
					  FIELD_DAMAGED);
		else if (is_replaced(state, state->begin, end))
		{
			const char *begin = original_of(state, state->begin);
			int			len = original_of(state, end) - begin;
			char	   *text = json_escaped_bytes(begin, len, &len);

			add_field(state, text, len, FIELD_JSON);
		}
		else
			add_field(state, pnstrdup(state->begin, end - state->begin), end - state->begin,
					  FIELD_JSON);
		state->previous_end = end;
	}
}

static JsonActionResult
object_start(void *arg)
{
	nested_begin(arg, false);
	JSON_ACTION_RETURN();
}

static JsonActionResult
array_start(void *arg)
{
	nested_begin(arg, true);
	JSON_ACTION_RETURN();
}

static JsonActionResult
nested_end_action(void *arg)
{
	nested_end(arg);
	JSON_ACTION_RETURN();
}

static JsonActionResult
object_field_start(void *arg, char *name, bool isnull)
{
	MembersState *state = arg;

	if (state->depth == 1)
		state->name = name;
	else
		pfree(name);
	JSON_ACTION_RETURN();
}

/* The message of the parser, as far as it is text */
static const char *
parse_problem(JsonParseErrorType error, JsonLexContext *lexer)
{
	char	   *problem = pstrdup(json_errdetail(error, lexer));

	problem[pg_encoding_verifymbstr(PG_UTF8, problem, strlen(problem))] = '\0';
	return problem;
}

/*
 * Fills record from the object or array at bytes; what is wrong goes into
 * error_code and error.  guess: how many fields to expect.
 */
void
json_members(const char *bytes, int len, int guess, Record *record)
{
	MembersState state = {0};
	JsonSemAction actions = {0};
	JsonParseErrorType error;

	state.original = bytes;
	state.storable = json_storable(bytes, len, &len, &state.escapes, &state.nescapes);
	state.previous_end = state.storable;
	for (int i = 0; i < state.nescapes; i++)
		record->bad_bytes = record->bad_bytes || state.escapes[i].grown > 1;
	state.size = Max(guess, 8);
	state.fields = palloc(state.size * sizeof(Field));
	state.lexer = make_json_lexer(state.storable, len);
	actions.semstate = &state;
	actions.object_start = object_start;
	actions.object_end = nested_end_action;
	actions.array_start = array_start;
	actions.array_end = nested_end_action;
	actions.object_field_start = object_field_start;
	actions.scalar = scalar;

	error = pg_parse_json(state.lexer, &actions);
	if (error != JSON_SUCCESS)
	{
		record->error_code = "malformed";
		record->error = parse_problem(error, state.lexer);
	}
	else if (state.problem)
	{
		record->error_code = state.problem_code;
		record->error = state.problem;
	}
	record->nfields = state.nfields;
	record->fields = state.fields;
}

bool
json_members_parse(const char *bytes, size_t len, Record *members)
{
	const char *p = json_skip_blanks(bytes, bytes + len);
	const char *end = bytes + len;
	int			depth;

	memset(members, 0, sizeof(*members));
	members->raw = bytes;
	members->raw_len = len;
	if (p == end || (*p != '{' && *p != '[') || len > RECORD_MAX_BYTES ||
		json_skip_value(&p, end, &depth) != JSON_SKIP_OK || depth > RECORD_MAX_DEPTH)
		return false;
	json_members(bytes, len, 0, members);
	return members->error_code == NULL;
}

bool
json_path_find(const Field *field, const char *path, Field *found)
{
	*found = *field;
	for (;;)
	{
		int			len = strcspn(path, ".");
		Record		members;
		bool		hit = false;

		if (found->kind != FIELD_JSON || !json_members_parse(found->value, found->len, &members))
			return false;
		for (int i = members.nfields - 1; i >= 0 && !hit; i--)
		{
			if (strncmp(members.fields[i].name, path, len) == 0 &&
				members.fields[i].name[len] == '\0')
			{
				*found = members.fields[i];
				hit = true;
			}
		}
		if (!hit)
			return false;
		if (path[len] == '\0')
			return true;
		path += len + 1;
	}
}
