/*
 * handler.c
 *	  What does a job: an SQL function of jsonb or jsonb[], a built-in, or
 *	  a client.
 *
 * Runs in client backends at enqueue, and in the workers when a job is run.
 * Handlers are stored as text and resolved anew each time: an oid would not
 * survive a dump.
 */
#include "postgres.h"

#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#include "job/handler.h"

/*
 * Built-ins.  Those of the network are done by the first worker's event loop
 * (see src/process); the others are SQL functions of the extension.
 */
static const struct
{
	const char *name;
	const char *function;		/* NULL: network */
}			builtins[] =
{
	{"feed", NULL},
	{"media", NULL},
	{"train", "train_job"},
	{"score", "score_job"},
};

/* What begins so is no function, and is not looked for: clients fetch such jobs */
#define OUTSIDE_PREFIX "external:"

static Oid
find_function(List *names, bool batch)
{
	Oid			argument = batch ? JSONBARRAYOID : JSONBOID;

	return LookupFuncName(names, 1, &argument, true);
}

/* Cuts a suffix off; whether it was there */
static bool
cut(char *text, const char *suffix)
{
	size_t		len = strlen(text);
	size_t		suffix_len = strlen(suffix);

	if (len <= suffix_len || strcmp(text + len - suffix_len, suffix) != 0)
		return false;
	text[len - suffix_len] = '\0';
	return true;
}

/*
 * Splits "schema.func", "schema.func(jsonb)" or "schema.func(jsonb[])" into
 * its names; NIL when the text is not of that form.
 */
static List *
handler_names(const char *text, bool *batch)
{
	char	   *name = pstrdup(text);
	List	   *parts;
	List	   *names = NIL;
	ListCell   *part;

	*batch = cut(name, "(jsonb[])");
	if (!*batch && !cut(name, "(jsonb)") && strchr(text, '(') != NULL)
		return NIL;
	if (!SplitIdentifierString(name, '.', &parts) || list_length(parts) > 3)
		return NIL;
	foreach(part, parts)
		names = lappend(names, makeString(lfirst(part)));
	return names;
}

static void
no_such_handler(const char *text)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("handler \"%s\" does not exist", text),
			 errhint("A handler is a function schema.name(jsonb) or schema.name(jsonb[]), or one of feed, media, train, score, or external:NAME for workers that call estate.fetch_jobs().")));
}

static void
require_execute(Oid function, Oid role)
{
	AclResult	allowed = function_aclcheck(function, role, ACL_EXECUTE);

	if (allowed != ACLCHECK_OK)
		aclcheck_error(allowed, OBJECT_FUNCTION, get_func_name(function));
}

/* Whether a stored handler takes many jobs in one call */
bool
job_is_for_batch(const char *handler)
{
	size_t		len = strlen(handler);

	return len > 2 && strcmp(handler + len - 3, "[])") == 0;
}

/*
 * Resolves a handler for a role.  Fills kind; returns the text to store.
 * Errors when there is no such function or the role may not call it.
 */
char *
job_resolve_handler(const char *text, Oid role, JobKind *kind)
{
	List	   *names;

	for (int i = 0; i < lengthof(builtins); i++)
		if (strcmp(text, builtins[i].name) == 0)
		{
			kind->done_by = builtins[i].function ? DONE_BY_SQL : DONE_BY_NETWORK;
			kind->function = builtins[i].function == NULL ? InvalidOid :
				find_function(list_make2(makeString("estate"),
										 makeString(pstrdup(builtins[i].function))), false);
			kind->batch = false;
			if (builtins[i].function)
			{
				if (!OidIsValid(kind->function))
					no_such_handler(text);
				require_execute(kind->function, role);
			}
			return pstrdup(text);
		}

	if (strncmp(text, OUTSIDE_PREFIX, strlen(OUTSIDE_PREFIX)) == 0)
	{
		if (text[strlen(OUTSIDE_PREFIX)] == '\0')
			no_such_handler(text);
		if (strlen(text) - strlen(OUTSIDE_PREFIX) >= NAMEDATALEN)
			ereport(ERROR,
					(errcode(ERRCODE_NAME_TOO_LONG),
					 errmsg("the name of an external handler must have at most %d bytes", NAMEDATALEN - 1)));
		*kind = (JobKind) {.done_by = DONE_OUTSIDE};
		return pstrdup(text);
	}
	names = handler_names(text, &kind->batch);
	kind->done_by = DONE_BY_SQL;
	kind->function = names == NIL ? InvalidOid : find_function(names, kind->batch);
	if (!OidIsValid(kind->function) || get_func_prokind(kind->function) != PROKIND_FUNCTION ||
		get_func_retset(kind->function))
		no_such_handler(text);
	require_execute(kind->function, role);
	return psprintf("%s(%s)",
					quote_qualified_identifier(get_namespace_name(get_func_namespace(kind->function)),
											   get_func_name(kind->function)),
					kind->batch ? "jsonb[]" : "jsonb");
}

PG_FUNCTION_INFO_V1(estate_resolve_handler);

/* estate.resolve_handler(handler) -> text: for functions that are written in SQL */
Datum
estate_resolve_handler(PG_FUNCTION_ARGS)
{
	JobKind		kind;

	PG_RETURN_TEXT_P(cstring_to_text(job_resolve_handler(text_to_cstring(PG_GETARG_TEXT_PP(0)), GetUserId(), &kind)));
}
