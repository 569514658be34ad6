/*
 * schedule.c
 *	  Jobs by the calendar: schedule(), enqueue_tick(), unschedule(), next_ticks().
 *
 * Runs in client backends, and in sessions of pg_cron.  pg_cron says when to
 * look: once a minute it calls enqueue_tick() as the role of the schedule.
 * Which ticks are due is decided here, by cron.c.  estate_internal.schedule
 * remembers until when they are decided, and that is written in the
 * transaction that enqueues: a look that comes late, or falls into a restart,
 * is made good by the next one, and two at once cannot enqueue the same tick.
 *
 * A schedule belongs to a role, and its jobs have that role's rights and no
 * others.  Only the statement that hands pg_cron our own command for the
 * caller runs as the keeper, so that nobody needs rights in schema cron.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "job/cron.h"
#include "job/handler.h"
#include "job/job.h"
#include "keeper.h"

#define EACH_MINUTE "* * * * *"
/* a last tick further ahead than this is of a clock that was wrong, and has been set back since */
#define CLOCK_SET_BACK (USECS_PER_HOUR)

typedef struct Schedule
{
	const char *name;
	const char *cron;
	const char *zone;			/* as the server spells it */
	const char *handler;
	Jsonb	   *args;
	Interval   *catch_up;		/* how late a tick may come */

	CronFields	fields;
	pg_tz	   *clock;
	TimestampTz decided;		/* nothing is left to do for ticks until then */
} Schedule;

enum
{
	NAME, CRON, ZONE, HANDLER, ARGS, CATCH_UP, ARGUMENTS
};

/* Where the arguments of enqueue_tick() and schedule() are */
static const int arguments_of_tick[ARGUMENTS] = {0, 1, 2, 3, 4, 5};
static const int arguments_of_schedule[ARGUMENTS] = {0, 1, 4, 2, 3, 5};

/* The zone of pg_cron: before version 1.5 it has no such setting */
static const char *
zone_of_pg_cron(void)
{
	const char *zone = GetConfigOption("cron.timezone", true, false);

	return zone && zone[0] ? zone : "GMT";
}

static char *
schedule_text(FunctionCallInfo fcinfo, int n)
{
	return text_to_cstring(PG_GETARG_TEXT_PP(n));
}

static void
read_schedule(FunctionCallInfo fcinfo, const int *at, Schedule *schedule)
{
	static const char *const names[] = {"name", "cron", NULL, "handler", "args", "catch_up"};

	for (int i = 0; i < ARGUMENTS; i++)
		if (names[i] && PG_ARGISNULL(at[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s of a schedule must not be null", names[i])));
	schedule->name = schedule_text(fcinfo, at[NAME]);
	if (schedule->name[0] == '\0' || strlen(schedule->name) > 256)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("the name of a schedule must have 1 to 256 bytes")));
	schedule->cron = schedule_text(fcinfo, at[CRON]);
	schedule->handler = schedule_text(fcinfo, at[HANDLER]);
	schedule->args = PG_GETARG_JSONB_P(at[ARGS]);
	schedule->catch_up = PG_GETARG_INTERVAL_P(at[CATCH_UP]);
	cron_parse(schedule->cron, &schedule->fields);
	schedule->clock = cron_zone(PG_ARGISNULL(at[ZONE]) ? zone_of_pg_cron() :
								schedule_text(fcinfo, at[ZONE]));
	schedule->zone = pg_get_timezone_name(schedule->clock);
}

/*
 * Writes the schedule.  Made anew as it was, it goes on where it is: no tick is
 * lost by that.
 */
static void
remember_schedule(const Schedule *schedule, TimestampTz decided)
{
	static KeeperStatement statement = {
		"INSERT INTO estate_internal.schedule AS s"
		" (role, name, cron, time_zone, handler, args, catch_up, decided)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
		" ON CONFLICT (role, name) DO UPDATE SET cron = excluded.cron,"
		" time_zone = excluded.time_zone, handler = excluded.handler,"
		" args = excluded.args, catch_up = excluded.catch_up,"
		" decided = CASE WHEN s.cron OPERATOR(pg_catalog.=) excluded.cron"
		" AND s.time_zone OPERATOR(pg_catalog.=) excluded.time_zone"
		" THEN s.decided ELSE excluded.decided END"
		" WHERE (s.cron, s.time_zone, s.handler, s.catch_up)"
		" OPERATOR(pg_catalog.<>)"
		" (excluded.cron, excluded.time_zone, excluded.handler, excluded.catch_up)"
		" OR s.args OPERATOR(pg_catalog.<>) excluded.args",
		8, {OIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, JSONBOID, INTERVALOID, TIMESTAMPTZOID}
	};
	Datum		values[] = {
		ObjectIdGetDatum(GetUserId()), CStringGetTextDatum(schedule->name),
		CStringGetTextDatum(schedule->cron), CStringGetTextDatum(schedule->zone),
		CStringGetTextDatum(schedule->handler), JsonbPGetDatum(schedule->args),
		IntervalPGetDatum(schedule->catch_up), TimestampTzGetDatum(decided)
	};

	(void) keeper_do(&statement, values, NULL);
}

/* Locks the schedule until the transaction ends, and reads how far it is decided */
static void
lock_schedule(Schedule *schedule)
{
	static KeeperStatement statement = {
		"SELECT decided FROM estate_internal.schedule"
		" WHERE role OPERATOR(pg_catalog.=) $1 AND name OPERATOR(pg_catalog.=) $2 FOR UPDATE",
		2, {OIDOID, TEXTOID}
	};
	Datum		values[] = {ObjectIdGetDatum(GetUserId()), CStringGetTextDatum(schedule->name)};
	Datum		decided;

	if (!keeper_fetch(&statement, values, NULL, &decided))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("schedule \"%s\" was ended meanwhile", schedule->name)));
	schedule->decided = DatumGetTimestampTz(decided);
}

/*
 * Notes that all ticks until a time are decided, and which of them has led to a
 * job, if any
 */
static void
schedule_decide(Schedule *schedule, TimestampTz until, TimestampTz tick, int64 job)
{
	static KeeperStatement statement = {
		"UPDATE estate_internal.schedule SET decided = $3,"
		" last_tick = COALESCE($4, last_tick), last_job = COALESCE($5, last_job)"
		" WHERE role OPERATOR(pg_catalog.=) $1 AND name OPERATOR(pg_catalog.=) $2",
		5, {OIDOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID}
	};
	Datum		values[] = {
		ObjectIdGetDatum(GetUserId()), CStringGetTextDatum(schedule->name),
		TimestampTzGetDatum(until), TimestampTzGetDatum(tick), Int64GetDatum(job)
	};

	(void) keeper_do(&statement, values, job == 0 ? "   nn" : NULL);
	schedule->decided = until;
}

/* A tick may come as late as catch_up says; within its minute it is not late */
static TimestampTz
earliest_tick(const Schedule *schedule, TimestampTz now)
{
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval,
												   TimestampTzGetDatum(now - USECS_PER_MINUTE),
												   IntervalPGetDatum(schedule->catch_up)));
}

static char *
schedule_span_text(const Interval *span)
{
	return DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(span)));
}

static char *
schedule_time_text(TimestampTz at)
{
	return pstrdup(timestamptz_to_str(at));
}

static void
warn_of_missed(const Schedule *schedule, TimestampTz earliest)
{
	TimestampTz missed;

	if (schedule->decided < earliest &&
		cron_next(&schedule->fields, schedule->clock, schedule->decided, &missed) &&
		missed <= earliest)
		ereport(WARNING,
				(errmsg("schedule \"%s\" has missed its ticks from %s to %s",
						schedule->name, schedule_time_text(missed), schedule_time_text(earliest)),
				 errdetail("Nobody looked in time, and its catch_up is %s.",
						   schedule_span_text(schedule->catch_up))));
}

static int64
enqueue_for(const Schedule *schedule)
{
	JobRequest	request = {0};

	request.job.handler = schedule->handler;
	request.job.args = JsonbPGetDatum(schedule->args);
	request.job.role = GetUserId();
	request.job.unique_key = psprintf("schedule:%s", schedule->name);
	return job_enqueue(&request);
}

PG_FUNCTION_INFO_V1(estate_enqueue_tick);

/*
 * estate.enqueue_tick(name, cron, time_zone, handler, args, catch_up) -> bigint:
 * the job; NULL: no tick is due
 */
Datum
estate_enqueue_tick(PG_FUNCTION_ARGS)
{
	Schedule	schedule;
	TimestampTz now = estate_now();
	TimestampTz earliest;
	TimestampTz tick;
	int64		job = 0;

	read_schedule(fcinfo, arguments_of_tick, &schedule);
	estate_require_tables();
	/* a schedule that was made in another database begins with the first look */
	remember_schedule(&schedule, now - USECS_PER_MINUTE);
	lock_schedule(&schedule);
	if (schedule.decided > now + CLOCK_SET_BACK)
	{
		ereport(WARNING,
				(errmsg("schedule \"%s\" begins anew", schedule.name),
				 errdetail("Its ticks were decided until %s, which is in the future:"
						   " the clock was set back.",
						   schedule_time_text(schedule.decided))));
		schedule_decide(&schedule, now - USECS_PER_MINUTE, 0, 0);
	}
	earliest = earliest_tick(&schedule, now);
	warn_of_missed(&schedule, earliest);
	if (cron_last(&schedule.fields, schedule.clock, Max(earliest, schedule.decided), now, &tick))
	{
		job = enqueue_for(&schedule);
		schedule_decide(&schedule, now, tick, job);
	}
	else if (schedule.decided < earliest)
		schedule_decide(&schedule, earliest, 0, 0);
	if (job == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(job);
}

/* What pg_cron is to run once a minute */
static char *
command_of(const Schedule *schedule)
{
	const Jsonb *args = schedule->args;

	return psprintf("SELECT estate.enqueue_tick(%s, %s, %s, %s, %s, %s)",
					quote_literal_cstr(schedule->name), quote_literal_cstr(schedule->cron),
					quote_literal_cstr(schedule->zone), quote_literal_cstr(schedule->handler),
					quote_literal_cstr(JsonbToCString(NULL,
													  unconstify(JsonbContainer *, &args->root),
													  VARSIZE(args))),
					quote_literal_cstr(schedule_span_text(schedule->catch_up)));
}

static bool
pg_cron_is_here(void)
{
	return OidIsValid(get_extension_oid("pg_cron", true));
}

static pg_noreturn void
refuse_without_pg_cron(const char *where, const char *statement)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("pg_cron is not in this database"),
			 errhint("In the database of pg_cron%s: %s", where, statement)));
}

static char *
name_of_pg_cron_database(void)
{
	const char *name = GetConfigOption("cron.database_name", true, false);

	return psprintf(" (%s)", name && name[0] ? name : "cron.database_name");
}

/*
 * A statement that pg_cron is given for the caller's job of a name: $1 is that,
 * $2 the caller, $3 the database.  As the keeper, in whose place nobody could
 * put another function: schema cron is pg_cron's own.
 */
static bool
call_pg_cron(const char *sql, const Schedule *schedule, const char *command, Datum *result)
{
	KeeperStatement statement = {sql, 4, {TEXTOID, TEXTOID, TEXTOID, TEXTOID}, KEEPER_PASSING};
	Datum		values[4] = {
		CStringGetTextDatum(schedule->name),
		CStringGetTextDatum(GetUserNameFromId(GetUserId(), false)),
		CStringGetTextDatum(get_database_name(MyDatabaseId))
	};
	char		nulls[] = "    ";

	keeper_set_text(values, nulls, 3, command);
	return keeper_fetch(&statement, values, nulls, result);
}

/* What is asked for makes sense, as far as can be told now */
static void
check_schedule(Schedule *schedule)
{
	TimestampTz tick;
	JobKind		kind;

	if (earliest_tick(schedule, 0) > -USECS_PER_MINUTE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("catch_up of a schedule must not be negative")));
	if (!cron_next(&schedule->fields, schedule->clock, estate_now(), &tick))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid schedule \"%s\"", schedule->cron),
				 errdetail("No day is ever one of its days.")));
	schedule->handler = job_resolve_handler(schedule->handler, GetUserId(), &kind);
}

/*
 * What a superuser types in the database of pg_cron; the job is to be that of
 * the caller, not his.
 */
static char *
call_elsewhere(const Schedule *schedule)
{
	return psprintf("SELECT cron.schedule_in_database(%s, '" EACH_MINUTE "', %s, %s%s);",
					quote_literal_cstr(schedule->name), quote_literal_cstr(command_of(schedule)),
					quote_literal_cstr(get_database_name(MyDatabaseId)),
					superuser() ? "" :
					psprintf(", %s", quote_literal_cstr(GetUserNameFromId(GetUserId(), false))));
}

PG_FUNCTION_INFO_V1(estate_schedule);

/* estate.schedule(name, cron, handler, args, time_zone, catch_up) -> bigint: the job of pg_cron */
Datum
estate_schedule(PG_FUNCTION_ARGS)
{
	Schedule	schedule;
	Datum		id;

	estate_require_tables();
	read_schedule(fcinfo, arguments_of_schedule, &schedule);
	check_schedule(&schedule);
	if (!pg_cron_is_here())
		refuse_without_pg_cron(name_of_pg_cron_database(), call_elsewhere(&schedule));
	remember_schedule(&schedule, estate_now());
	if (!call_pg_cron("SELECT cron.schedule_in_database($1, '" EACH_MINUTE "', $4, $3, $2)",
					  &schedule, command_of(&schedule), &id))
		elog(ERROR, "pg_cron has returned nothing");
	PG_RETURN_DATUM(id);
}

PG_FUNCTION_INFO_V1(estate_unschedule);

/* estate.unschedule(name) -> bool: whether there was one */
Datum
estate_unschedule(PG_FUNCTION_ARGS)
{
	Schedule	schedule = {.name = schedule_text(fcinfo, 0)};
	static KeeperStatement forget = {
		"DELETE FROM estate_internal.schedule"
		" WHERE role OPERATOR(pg_catalog.=) $1 AND name OPERATOR(pg_catalog.=) $2",
		2, {OIDOID, TEXTOID}
	};
	Datum		values[] = {ObjectIdGetDatum(GetUserId()), PG_GETARG_DATUM(0)};
	Datum		unscheduled;
	bool		gone;

	estate_require_tables();
	if (!pg_cron_is_here())
		refuse_without_pg_cron("", psprintf("SELECT cron.unschedule(%s);",
											quote_literal_cstr(schedule.name)));
	gone = keeper_do(&forget, values, NULL) > 0;
	gone |= call_pg_cron("SELECT cron.unschedule(jobid) FROM cron.job"
						 " WHERE jobname OPERATOR(pg_catalog.=) $1"
						 " AND username OPERATOR(pg_catalog.=) $2"
						 " AND database OPERATOR(pg_catalog.=) $3 AND $4 IS NULL",
						 &schedule, NULL, &unscheduled);
	PG_RETURN_BOOL(gone);
}

PG_FUNCTION_INFO_V1(estate_next_ticks);

/* estate.next_ticks(cron, time_zone, after, count) -> setof timestamptz */
Datum
estate_next_ticks(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CronFields	fields;
	pg_tz	   *zone;
	TimestampTz at = PG_ARGISNULL(2) ? estate_now() : PG_GETARG_TIMESTAMPTZ(2);
	int			count = PG_ARGISNULL(3) ? 0 : PG_GETARG_INT32(3);

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no tick can follow infinity")));
	cron_parse(schedule_text(fcinfo, 0), &fields);
	zone = cron_zone(PG_ARGISNULL(1) ? zone_of_pg_cron() : schedule_text(fcinfo, 1));
	while (count-- > 0 && cron_next(&fields, zone, at, &at))
	{
		Datum		tick = TimestampTzGetDatum(at);
		bool		isnull = false;

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &tick, &isnull);
	}
	return (Datum) 0;
}
