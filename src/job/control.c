/*
 * control.c
 *	  What people and handlers do with single jobs: snooze_job(), retry_job(),
 *	  redrive(), this_job(), report_progress().  For cancel_job() see cancel.c.
 *
 * Runs in client backends, and in workers when a handler calls it.  A handler
 * that means its own job says what is to become of it; that happens when it
 * has returned, with its effects.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "job/call.h"
#include "job/count.h"
#include "job/open.h"
#include "job/queue.h"
#include "job/ready.h"
#include "job/row.h"
#include "job/running.h"
#include "job/settle.h"
#include "job/waiting.h"

static bool
is_own(int64 id)
{
	const Job  *own = job_running_here();

	return own && own->id == id;
}

/*
 * A statement as the keeper, that changes jobs of both kinds, and returns
 * (queue, counted as before, number, counted as now) of them.  Returns how many.
 */
static int64
control_change(KeeperStatement *statement, Datum *values, const char *nulls)
{
	EstateUser	user;
	KeeperRows	rows;
	int64		changed;

	keeper_begin(&user);
	rows = keeper_run(statement, values, nulls);
	changed = count_rows(rows, -1);
	for (uint64 i = 0; i < rows.n; i++)
		count_jobs(keeper_text(rows, i, 1), keeper_int32(rows, i, 4), keeper_int64(rows, i, 3));
	keeper_end(&user);
	/* also if it is undone: workers pass by what we have locked, and it may be due by now */
	estate_wake_at_end(WORKER_SQL);
	estate_wake_at_end(WORKER_NETWORK);
	return changed;
}

/* A job that waits for others goes on doing so, and then for its time */
static bool
snooze_blocked(int64 id, TimestampTz until)
{
	Oid			role = open_lock(id, OPEN_BLOCKED);

	if (!OidIsValid(role))
		return false;
	waiting_require_rights(id, role);
	return open_postpone_blocked(id, until);
}

PG_FUNCTION_INFO_V1(estate_snooze_job);

/*
 * estate.snooze_job(id, delay) -> bool: whether the job will wait for so long,
 * without counting an attempt
 */
Datum
estate_snooze_job(PG_FUNCTION_ARGS)
{
	int64		id = PG_GETARG_INT64(0);
	Settlement *settlement;
	Job		   *job;
	JobDoer		done_by;
	TimestampTz until = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
																TimestampTzGetDatum(estate_now()),
																PG_GETARG_DATUM(1)));

	estate_require_tables();
	if (is_own(id))
	{
		job_decide(VERDICT_SNOOZE, until);
		PG_RETURN_BOOL(true);
	}
	if (snooze_blocked(id, until))
		PG_RETURN_BOOL(true);
	job = waiting_take(id, true, false, &done_by);
	if (job == NULL)
		PG_RETURN_BOOL(false);
	CommandCounterIncrement();
	settlement = settle_begin(1, done_by);
	settle_wait(settlement, job, until);
	settle_write(settlement);
	PG_RETURN_BOOL(true);
}

/* So many rows of one statement are in memory at once */
#define AGAIN_MOST 50000

/*
 * Ended jobs that fit a condition and may wait again, the newest first: below
 * is the parameter that their ids are less than.  A job whose unique key
 * another one has by now stays where it is.
 */
#define WAIT_AGAIN(condition, below) \
	"WITH candidate AS MATERIALIZED (" \
	"  SELECT " JOB_COLUMN_NAMES ", done_by, state, tableoid AS heap, ctid AS place," \
	"   unique_key IS NOT NULL" \
	"    AND COALESCE(unique_until, 'start') OPERATOR(pg_catalog.=) 'start' AS is_unique" \
	"  FROM estate_internal.job_ended" \
	"  WHERE state OPERATOR(pg_catalog.<>) 'done' AND " condition \
	"  AND (" below " IS NULL OR id OPERATOR(pg_catalog.<) " below ")" \
	"  ORDER BY id DESC LIMIT " CppAsString2(AGAIN_MOST) " FOR UPDATE SKIP LOCKED)," \
	" taken AS (" \
	"  INSERT INTO estate_internal.job_unique AS k (unique_key, role, job, handler, held)" \
	"  SELECT DISTINCT ON (unique_key, role) unique_key, role, id, handler, true FROM candidate" \
	"  WHERE is_unique ORDER BY unique_key, role, id DESC" \
	/* one that was taken for a time which is over is nobody's, though nobody has swept it */ \
	"  ON CONFLICT (unique_key, role) DO UPDATE" \
	"  SET job = excluded.job, until = NULL, handler = excluded.handler, held = true" \
	"  WHERE NOT k.held AND k.until OPERATOR(pg_catalog.<=) pg_catalog.clock_timestamp()" \
	"  RETURNING job)" \
	" SELECT " JOB_COLUMN_NAMES ", done_by, heap, place, state," \
	"  NOT is_unique OR id OPERATOR(pg_catalog.=) ANY (SELECT job FROM taken)" \
	" FROM candidate ORDER BY id DESC"

/* Columns after those of the job */
enum
{
	AGAIN_DONE_BY = JOB_COLUMNS + 1, AGAIN_HEAP, AGAIN_PLACE, AGAIN_STATE, AGAIN_MAY
};

/* Moves the jobs of a result to job_open, with all their attempts; how many */
static int
move_again(KeeperRows rows)
{
	JobOpening *openings = palloc(sizeof(JobOpening) * rows.n);
	TimestampTz now = GetCurrentTimestamp();
	int			n = 0;

	for (uint64 i = 0; i < rows.n; i++)
	{
		Job		   *job;

		CHECK_FOR_INTERRUPTS();
		if (!keeper_bool(rows, i, AGAIN_MAY))
			continue;
		job = record_of_row(rows, i);
		row_delete(keeper_oid(rows, i, AGAIN_HEAP), row_tid(rows, i, AGAIN_PLACE));
		count_jobs(job->queue, count_ended(keeper_text(rows, i, AGAIN_STATE)), -1);
		job->run_at = now;
		job->attempt = 0;
		job->alone = false;
		job->waited = 0;
		openings[n++] = (JobOpening) {
			job, keeper_char(rows, i, AGAIN_DONE_BY), WAITS_FOR_TIME, NULL, 0
		};
	}
	open_write(openings, n);
	CommandCounterIncrement();
	return n;
}

/* Runs such a statement until there are none; the last of its values is the id to look below */
static int64
wait_again(KeeperStatement *statement, Datum *values, char *nulls)
{
	MemoryContext some = AllocSetContextCreate(CurrentMemoryContext, "pg_estate ended jobs",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(some);
	int			last = statement->nargs - 1;
	int64		moved = 0;
	uint64		found;
	EstateUser	user;

	nulls[last] = 'n';
	do
	{
		KeeperRows	rows;

		keeper_begin(&user);
		rows = keeper_run(statement, values, nulls);
		found = rows.n;
		moved += move_again(rows);
		if (found > 0)
			values[last] = Int64GetDatum(keeper_int64(rows, found - 1, JOB_ID + 1));
		nulls[last] = ' ';
		keeper_end(&user);
		MemoryContextReset(some);
	} while (found == AGAIN_MOST);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(some);
	estate_wake_at_commit(WORKER_SQL);
	estate_wake_at_commit(WORKER_NETWORK);
	return moved;
}

/* The role of a job that has ended, locked until the end of the transaction */
static Oid
ended_role(int64 id)
{
	static KeeperStatement statement = {
		"SELECT role::pg_catalog.oid FROM estate_internal.job_ended"
		" WHERE id OPERATOR(pg_catalog.=) $1"
		" FOR UPDATE SKIP LOCKED",
		1, {INT8OID}, KEEPER_FIRST
	};
	Datum		value = Int64GetDatum(id);
	Datum		role;

	return keeper_fetch(&statement, &value, NULL, &role) ? DatumGetObjectId(role) : InvalidOid;
}

PG_FUNCTION_INFO_V1(estate_retry_job);

/*
 * estate.retry_job(id) -> bool: runs a waiting, dead or cancelled job again,
 * now; not one that waits for a limit
 */
Datum
estate_retry_job(PG_FUNCTION_ARGS)
{
	static KeeperStatement bring_forward = {
		"WITH before AS MATERIALIZED ("
		"  SELECT id, queue, " COUNTED_OPEN_ROW("") " AS counted FROM estate_internal.job_open"
		"  WHERE id OPERATOR(pg_catalog.=) $1"
		"  AND waits_for OPERATOR(pg_catalog.=) 'time'"
		"  AND waited IS NULL"
		"  AND run_at OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp())"
		" UPDATE estate_internal.job_open o SET attempt = 0, run_at = pg_catalog.clock_timestamp()"
		" FROM before b WHERE o.id OPERATOR(pg_catalog.=) b.id"
		" RETURNING b.queue, b.counted, 1::pg_catalog.int8, " COUNTED_OPEN_ROW("o."),
		1, {INT8OID}, KEEPER_BY_INDEX
	};
	static KeeperStatement again = {
		WAIT_AGAIN("id OPERATOR(pg_catalog.=) $1", "$2"),
		2, {INT8OID, INT8OID}
	};
	int64		id = PG_GETARG_INT64(0);
	Datum		values[2] = {Int64GetDatum(id)};
	char		nulls[] = "  ";
	Oid			role;

	estate_require_tables();
	role = open_lock(id, OPEN_ANY);
	if (OidIsValid(role))
	{
		waiting_require_rights(id, role);
		PG_RETURN_BOOL(control_change(&bring_forward, values, NULL) == 1);
	}
	role = ended_role(id);
	if (!OidIsValid(role))
		PG_RETURN_BOOL(false);
	waiting_require_rights(id, role);
	PG_RETURN_BOOL(wait_again(&again, values, nulls) == 1);
}

/* What redrive() asks of a job, wherever it is; $3, $5 and $6 are for jobs that have ended */
#define REDRIVE_CONDITION \
	"($1 IS NULL OR queue OPERATOR(pg_catalog.=) $1)" \
	" AND ($2 IS NULL OR handler OPERATOR(pg_catalog.=) ANY (ARRAY[" \
	"  $2, $2 OPERATOR(pg_catalog.||) '(jsonb)', $2 OPERATOR(pg_catalog.||) '(jsonb[])']))" \
	" AND ($4 IS NULL OR $4 OPERATOR(pg_catalog.=) ANY (tags))" \
	" AND ($7 IS NULL" \
	"  OR errors OPERATOR(pg_catalog.->) -1" \
	"   OPERATOR(pg_catalog.->>) 'sqlstate' OPERATOR(pg_catalog.=) $7" \
	"  OR pg_catalog.strpos(errors OPERATOR(pg_catalog.->) -1" \
	"   OPERATOR(pg_catalog.->>) 'message', $7) OPERATOR(pg_catalog.>) 0)" \
	" AND ($8 IS NULL OR pg_catalog.pg_has_role($8, role::pg_catalog.oid, 'USAGE'))"

#define REDRIVE_TYPES \
	{TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, OIDOID, INT8OID}

/* Jobs that have failed and wait for their next attempt have it now, and all others after it */
static KeeperStatement redrive_waiting = {
	"WITH before AS MATERIALIZED ("
	"  SELECT id, queue, " COUNTED_OPEN_ROW("") " AS counted FROM estate_internal.job_open"
	"  WHERE waits_for OPERATOR(pg_catalog.=) 'time'"
	"  AND waited IS NULL"
	"  AND attempt OPERATOR(pg_catalog.>) 0"
	"  AND ($3 IS NOT NULL AND $5 IS NULL AND $6 IS NULL)"
	"  AND " REDRIVE_CONDITION
	"  FOR UPDATE SKIP LOCKED)"
	" UPDATE estate_internal.job_open o SET attempt = 0, run_at = pg_catalog.clock_timestamp()"
	" FROM before b WHERE o.id OPERATOR(pg_catalog.=) b.id"
	" RETURNING b.queue, b.counted, 1::pg_catalog.int8, " COUNTED_OPEN_ROW("o."),
	8, REDRIVE_TYPES
};

static KeeperStatement redrive_ended = {
	WAIT_AGAIN(REDRIVE_CONDITION
			   " AND ($3 IS NULL OR state OPERATOR(pg_catalog.=) $3)"
			   " AND ($5 IS NULL OR ended_at OPERATOR(pg_catalog.>=) $5)"
			   " AND ($6 IS NULL OR ended_at OPERATOR(pg_catalog.<) $6)", "$9"),
	9, REDRIVE_TYPES
};

/* The state that redrive() was asked for: whether it is that of jobs that wait */
static bool
is_retryable(FunctionCallInfo fcinfo)
{
	char	   *state;

	if (PG_ARGISNULL(2))
		return false;
	state = text_to_cstring(PG_GETARG_TEXT_PP(2));
	if (strcmp(state, "retryable") == 0)
	{
		if (!PG_ARGISNULL(4) || !PG_ARGISNULL(5))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("jobs that are retryable have not ended:"
							" ended_from and ended_to are not for them")));
		return true;
	}
	if (strcmp(state, "dead") != 0 && strcmp(state, "cancelled") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("state of jobs to redrive must be \"dead\", \"cancelled\" or \"retryable\","
						" not \"%s\"", state)));
	return false;
}

PG_FUNCTION_INFO_V1(estate_redrive);

/*
 * estate.redrive(queue, handler, state, tag, ended_from, ended_to, error) ->
 * bigint: how many jobs wait again
 */
Datum
estate_redrive(PG_FUNCTION_ARGS)
{
	Datum		values[9];
	char		nulls[] = "         ";

	estate_require_tables();
	for (int i = 0; i < 7; i++)
	{
		values[i] = PG_ARGISNULL(i) ? (Datum) 0 : PG_GETARG_DATUM(i);
		nulls[i] = PG_ARGISNULL(i) ? 'n' : ' ';
	}
	values[7] = ObjectIdGetDatum(GetUserId());
	nulls[7] = has_privs_of_role(GetUserId(), estate_owner()) ? 'n' : ' ';
	if (is_retryable(fcinfo))
		PG_RETURN_INT64(control_change(&redrive_waiting, values, nulls));
	PG_RETURN_INT64(wait_again(&redrive_ended, values, nulls));
}

PG_FUNCTION_INFO_V1(estate_this_job);

/* estate.this_job() -> bigint: in a handler of jsonb, the job that it is run for; else NULL */
Datum
estate_this_job(PG_FUNCTION_ARGS)
{
	const Job  *own = job_running_here();

	if (own == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT64(own->id);
}

PG_FUNCTION_INFO_V1(estate_report_job);

/*
 * estate.report_progress(done, total, note) -> void: seen at once, by everybody
 * who may read estate.progress
 */
Datum
estate_report_job(PG_FUNCTION_ARGS)
{
	const Job  *own = job_running_here();
	char	   *note = PG_ARGISNULL(2) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(2));

	/*
	 * outside of a job it does nothing, so that handlers can be called as plain
	 * functions, too
	 */
	if (own && !PG_ARGISNULL(0))
		(void) running_report(own->id, PG_GETARG_FLOAT8(0),
							  PG_ARGISNULL(1) ? 0 : PG_GETARG_FLOAT8(1), note);
	PG_RETURN_VOID();
}
