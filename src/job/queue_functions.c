/*
 * queue_functions.c
 *	  create_queue(), alter_queue(), pause_queue(), resume_queue(), drop_queue().
 *
 * Runs in client backends.  A queue is a row of estate_internal.queue and the
 * heaps of its lanes, where its jobs wait; see sql/tables/1/job.sql and lane.c.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "job/count.h"
#include "job/depend.h"
#include "job/lane.h"
#include "job/queue.h"
#include "job/queue_cancel.h"
#include "job/settle.h"

#define OPTIONS 12				/* arguments after the name, of create_queue() and alter_queue() */
#define LONGEST_US (1000 * 360.0 * USECS_PER_DAY)	/* so that now, less or more of it, is a time */

static const struct
{
	const char *name;
	Oid			type;
	const char *none;			/* what takes the option away; NULL: it cannot be */
}			options[OPTIONS] =
{
	{"concurrency", INT4OID, "0"},
	{"concurrency_local", INT4OID, "0"},
	{"key", TEXTOID, "''"},
	{"concurrency_by_key", INT4OID, "0"},
	{"rate", INT4OID, "0"},
	{"rate_by_key", INT4OID, "0"},
	{"rate_period", INTERVALOID, NULL},
	{"timeout", INTERVALOID, "'0'::pg_catalog.interval"},
	{"keep", TEXTOID, NULL},
	{"keep_for", INTERVALOID, "'0'::pg_catalog.interval"},
	{"keep_most", INT8OID, "0"},
	{"durable", BOOLOID, NULL},
};

static void
check_option(int option, Datum value)
{
	bool		wrong = false;

	switch (options[option].type)
	{
		case INT4OID:
			wrong = DatumGetInt32(value) < 0;
			break;
		case INT8OID:
			wrong = DatumGetInt64(value) < 0;
			break;
		case INTERVALOID:
			{
				Interval   *span = DatumGetIntervalP(value);
				double		us = span->time + (span->day + span->month * 30.0) * USECS_PER_DAY;

				if (us > LONGEST_US)
					ereport(ERROR,
							(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							 errmsg("%s of a queue must not be more than a thousand years",
									options[option].name)));
				wrong = us < 0 || (options[option].none == NULL && us < 1000);
				break;
			}
		default:
			break;
	}
	if (wrong)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of a queue must not be %s", options[option].name,
						options[option].none ? "negative" : "less than a millisecond")));
	if (strcmp(options[option].name, "keep") == 0)
	{
		char	   *keep = TextDatumGetCString(value);

		if (strcmp(keep, "all") != 0 && strcmp(keep, "failed") != 0 && strcmp(keep, "none") != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("keep of a queue must be \"all\", \"failed\" or \"none\", not \"%s\"",
							keep)));
	}
	if (strcmp(options[option].name, "key") == 0 &&
		strlen(TextDatumGetCString(value)) >= NAMEDATALEN * 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("key of a queue must be shorter than %d bytes", NAMEDATALEN * 2)));
}

#define SELECT_QUEUE \
	"SELECT FROM estate_internal.queue WHERE name OPERATOR(pg_catalog.=) $1"

static bool
queue_exists(const char *name)
{
	static KeeperStatement statement = {SELECT_QUEUE, 1, {TEXTOID}};
	Datum		value = CStringGetTextDatum(name);

	return keeper_do(&statement, &value, NULL) > 0;
}

static void
no_such_queue(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("queue \"%s\" does not exist", name),
			 errhint("SELECT estate.create_queue(%s);", quote_literal_cstr(name))));
}

/* The name that a function of queues was called with */
static char *
name_argument(FunctionCallInfo fcinfo)
{
	char	   *name;

	estate_require_tables();
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the name of a queue must not be null")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (name[0] == '\0' || strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("the name of a queue must have 1 to %d bytes", NAMEDATALEN - 1)));
	return name;
}

/* Refuses a limit by key without a key: it would have no effect, and nobody would notice */
static void
require_key(const char *name)
{
	static KeeperStatement statement = {
		SELECT_QUEUE
		" AND key IS NULL"
		" AND (concurrency_by_key IS NOT NULL OR rate_by_key IS NOT NULL)",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(name);

	if (keeper_do(&statement, &value, NULL) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("queue \"%s\" has a limit by key, but no key", name),
				 errhint("For example, key => 'agency.id' takes it from member id"
						 " of member agency of a job's args.")));
}

/*
 * Sets what is not null.  All in one statement, so that the table's own checks
 * see the whole.
 */
static bool
set_options(FunctionCallInfo fcinfo, const char *name)
{
	KeeperStatement statement = {.nargs = 1, .types = {TEXTOID}, .flags = KEEPER_PASSING};
	StringInfoData sql;
	Datum		values[OPTIONS + 1] = {CStringGetTextDatum(name)};
	int			n = 1;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "UPDATE estate_internal.queue SET name = name");
	for (int i = 0; i < OPTIONS; i++)
	{
		if (PG_ARGISNULL(i + 1))
			continue;
		check_option(i, PG_GETARG_DATUM(i + 1));
		statement.types[n] = options[i].type;
		values[n++] = PG_GETARG_DATUM(i + 1);
		if (options[i].none)
			appendStringInfo(&sql, ", %s = CASE WHEN $%d OPERATOR(pg_catalog.<>) %s THEN $%d END",
							 options[i].name, n, options[i].none, n);
		else
			appendStringInfo(&sql, ", %s = $%d", options[i].name, n);
	}
	appendStringInfoString(&sql, " WHERE name OPERATOR(pg_catalog.=) $1");
	statement.sql = sql.data;
	statement.nargs = n;
	if (keeper_do(&statement, values, NULL) == 0)
		return false;
	require_key(name);
	return true;
}

/*
 * Jobs that the old limits had put off are looked at again.  Those that a
 * limit of their key keeps waiting are looked at anyway.
 */
static void
admit_anew(const char *name)
{
	static KeeperStatement statement = {
		"WITH anew AS ("
		"  UPDATE estate_internal.job_open SET waited = NULL, run_at = pg_catalog.clock_timestamp()"
		"  WHERE queue OPERATOR(pg_catalog.=) $1"
		"  AND waited OPERATOR(pg_catalog.&) 1 OPERATOR(pg_catalog.<>) 0"
		"  AND waits_for OPERATOR(pg_catalog.=) 'time'"
		"  RETURNING queue, " COUNTED_OPEN_ROW("") " AS counted)"
		" SELECT queue, counted, pg_catalog.count(*) FROM anew GROUP BY 1, 2",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(name);
	EstateUser	user;
	int64		n;

	keeper_begin(&user);
	n = count_rows(keeper_run(&statement, &value, NULL), 1);
	keeper_end(&user);
	if (n > 0)
		count_jobs(name, COUNTED_OPEN, -n);
	/* also if it is undone: workers pass by what we have locked, and it may be due by now */
	estate_wake_at_end(WORKER_SQL);
	estate_wake_at_end(WORKER_NETWORK);
}

PG_FUNCTION_INFO_V1(estate_queue_create);

/* estate.create_queue(name, options..) -> text: the name */
Datum
estate_queue_create(PG_FUNCTION_ARGS)
{
	static KeeperStatement lock = {
		"LOCK TABLE estate_internal.queue IN SHARE ROW EXCLUSIVE MODE",
		.flags = KEEPER_PASSING
	};
	static KeeperStatement insert = {
		"INSERT INTO estate_internal.queue (name, number) VALUES ($1, $2)",
		2, {TEXTOID, INT4OID}
	};
	char	   *name = name_argument(fcinfo);
	Datum		values[2] = {CStringGetTextDatum(name)};

	(void) keeper_do(&lock, NULL, NULL);
	if (queue_exists(name))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("queue \"%s\" already exists", name),
				 errhint("SELECT estate.alter_queue(%s, ..); changes its limits.",
						 quote_literal_cstr(name))));
	values[1] = Int32GetDatum(lane_create());
	(void) keeper_do(&insert, values, NULL);
	(void) set_options(fcinfo, name);
	queue_forget();
	PG_RETURN_TEXT_P(cstring_to_text(name));
}

PG_FUNCTION_INFO_V1(estate_queue_alter);

/*
 * estate.alter_queue(name, options..) -> text: the name.  NULL leaves an
 * option, 0 or '' takes it away.
 */
Datum
estate_queue_alter(PG_FUNCTION_ARGS)
{
	char	   *name = name_argument(fcinfo);

	if (!set_options(fcinfo, name))
		no_such_queue(name);
	admit_anew(name);
	queue_forget();
	PG_RETURN_TEXT_P(cstring_to_text(name));
}

/* Whether that changed anything */
static bool
queue_set_paused(FunctionCallInfo fcinfo, bool paused)
{
	static KeeperStatement statement = {
		"UPDATE estate_internal.queue SET paused = $2"
		" WHERE name OPERATOR(pg_catalog.=) $1"
		" AND paused OPERATOR(pg_catalog.<>) $2",
		2, {TEXTOID, BOOLOID}
	};
	char	   *name = name_argument(fcinfo);
	Datum		values[] = {CStringGetTextDatum(name), BoolGetDatum(paused)};

	if (keeper_do(&statement, values, NULL) == 1)
	{
		queue_forget();
		return true;
	}
	if (!queue_exists(name))
		no_such_queue(name);
	return false;
}

PG_FUNCTION_INFO_V1(estate_pause_queue);

/* estate.pause_queue(name) -> bool: whether it was not paused already */
Datum
estate_pause_queue(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(queue_set_paused(fcinfo, true));
}

PG_FUNCTION_INFO_V1(estate_resume_queue);

/* estate.resume_queue(name) -> bool: whether it was paused */
Datum
estate_resume_queue(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(queue_set_paused(fcinfo, false));
}

/* A number that a query finds; 0: it finds none */
static int64
queue_look(KeeperStatement *statement, const char *name)
{
	Datum		value = CStringGetTextDatum(name);
	Datum		found;

	return keeper_fetch(statement, &value, NULL, &found) ? DatumGetInt64(found) : 0;
}

static int64
count_waiting(const char *name)
{
	static KeeperStatement statement = {
		"SELECT"
		"  (SELECT pg_catalog.count(*) FROM estate_internal.job_ready"
		"   WHERE queue OPERATOR(pg_catalog.=) $1)"
		"  OPERATOR(pg_catalog.+)"
		"  (SELECT pg_catalog.count(*) FROM estate_internal.job_open"
		"   WHERE queue OPERATOR(pg_catalog.=) $1)",
		1, {TEXTOID}, KEEPER_NEWEST
	};

	return queue_look(&statement, name);
}

/* Takes the queue out of the table, with its lanes locked; returns its number */
static int
remove_queue(const char *name)
{
	static KeeperStatement number_of = {
		"SELECT number::pg_catalog.int8 FROM estate_internal.queue"
		" WHERE name OPERATOR(pg_catalog.=) $1",
		1, {TEXTOID}, KEEPER_NEWEST
	};
	static KeeperStatement remove = {
		"DELETE FROM estate_internal.queue"
		" WHERE name OPERATOR(pg_catalog.=) $1 AND number OPERATOR(pg_catalog.=) $2",
		2, {TEXTOID, INT4OID}
	};
	int			number = queue_look(&number_of, name);
	Datum		values[] = {CStringGetTextDatum(name), Int32GetDatum(number)};

	if (number > 0)
		lane_lock_all(number);
	/* while we waited somebody else may have dropped it */
	if (number == 0 || keeper_do(&remove, values, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("queue \"%s\" does not exist", name),
				 errhint("SELECT queue FROM estate.queue_status WHERE paused IS NOT NULL;")));
	return number;
}

PG_FUNCTION_INFO_V1(estate_drop_queue);

/* estate.drop_queue(name, cancel_jobs bool) -> bigint: how many jobs were cancelled */
Datum
estate_drop_queue(PG_FUNCTION_ARGS)
{
	char	   *name = name_argument(fcinfo);
	bool		cancel = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
	EndedJobs	ended = {0};
	int			number;
	int64		waiting;

	if (strcmp(name, "default") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the default queue cannot be dropped"),
				 errhint("SELECT estate.pause_queue('default'); keeps its jobs from starting.")));
	number = remove_queue(name);
	if (cancel)
	{
		ended = queue_cancel_all(name);
		if (ended.nfailed > 0 && depend_any())
			settle_ended(&ended);
	}
	else if ((waiting = count_waiting(name)) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop queue \"%s\": " INT64_FORMAT " jobs wait in it",
						name, waiting),
				 errhint("SELECT estate.drop_queue(%s, cancel_jobs => true); cancels them.",
						 quote_literal_cstr(name))));
	/* whatever our snapshot shows: no job may go with its table */
	if (lane_any_job(number))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not drop queue \"%s\": jobs came to its lanes meanwhile", name),
				 errhint("Try again, in a new transaction.")));
	lane_drop(number);
	queue_forget();
	PG_RETURN_INT64(ended.nfailed);
}
