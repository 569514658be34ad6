/*
 * limit_key.c
 *	  The key of a job: the value in its args by which its queue limits.
 *
 * Runs wherever jobs are started or leased, inside a transaction.  Keys are
 * allocated in the current context.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "job/limit.h"
#include "job/queue.h"

#define KEY_MOST_BYTES 200

/* A key as it is kept, and looked for in an index: not too long for that */
static char *
shortened(char *text)
{
	int			len = strlen(text);
	uint64		hash;

	if (len <= KEY_MOST_BYTES)
		return text;
	hash = hash_bytes_extended((unsigned char *) text, len, 0);
	return psprintf("%.*s.. " UINT64_FORMAT, pg_mbcliplen(text, len, KEY_MOST_BYTES), text, hash);
}

/* The value in args that the queue's key names, as text; NULL: there is none */
static char *
value_in(JsonbContainer *container, const Queue *queue)
{
	JsonbValue	value;
	char		path[sizeof(queue->key)];
	char	   *step;
	char	   *rest = path;

	if (!JsonContainerIsObject(container))
		return NULL;
	strlcpy(path, queue->key, sizeof(path));
	while ((step = strsep(&rest, ".")) != NULL)
	{
		if (!JsonContainerIsObject(container) ||
			getKeyJsonValueFromContainer(container, step, strlen(step), &value) == NULL)
			return NULL;
		if (value.type == jbvBinary)
			container = value.val.binary.data;
		else if (rest != NULL)
			return NULL;		/* the path goes on, the object does not */
	}
	switch (value.type)
	{
		case jbvString:
			return pnstrdup(value.val.string.val, value.val.string.len);
		case jbvNumeric:
			return numeric_normalize(value.val.numeric);	/* 1.0 is 1 */
		case jbvBool:
			return value.val.boolean ? "true" : "false";
		case jbvBinary:
			return JsonbToCString(NULL, value.val.binary.data, value.val.binary.len);
		default:
			return NULL;
	}
}

static char *
value_of(const Queue *queue, const Job *job)
{
	Jsonb	   *args;
	char	   *value;

	if (queue->key[0] == '\0')
		return NULL;
	args = DatumGetJsonbP(job->args);
	value = value_in(&args->root, queue);
	/* it may be large, and that of each job is looked at */
	if (args != (Jsonb *) DatumGetPointer(job->args))
		pfree(args);
	return value;
}

char *
limit_key_of(int queue, const Job *job)
{
	char	   *value = value_of(queue_at(queue), job);

	return value ? shortened(value) : NULL;
}
