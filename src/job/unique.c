/*
 * unique.c
 *	  Unique keys: which job has one, and until when.
 *
 * Runs in any process, inside a transaction.  A unique index decides, so that
 * of two transactions that enqueue at once the second waits for the first; a
 * query before an insert would let both through.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "job/unique.h"
#include "keeper.h"

bool
unique_ends_at_start(const Job *job)
{
	return job->unique_key && job->unique_until && strcmp(job->unique_until, "start") == 0;
}

bool
unique_ends_when_done(const Job *job)
{
	return job->unique_key && job->unique_until == NULL;
}

static Interval *
interval_of(const char *text)
{
	return DatumGetIntervalP(DirectFunctionCall3(interval_in, CStringGetDatum(text),
												 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

/* Whether a scope is understood: an error says what is wrong with it */
void
unique_check(const char *until)
{
	Interval   *span;

	if (until == NULL || strcmp(until, "start") == 0)
		return;
	span = interval_of(until);
	if (span->time + (span->day + span->month * 30.0) * USECS_PER_DAY <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unique_until must be \"start\", \"done\" or a positive interval, not \"%s\"", until)));
}

/* The row of a key, as parameters: unique_key, role, job, until */
static void
fill_row(const Job *job, Datum *values, char *nulls)
{
	values[0] = CStringGetTextDatum(job->unique_key);
	values[1] = ObjectIdGetDatum(job->role);
	values[2] = Int64GetDatum(job->id);
	values[3] = (Datum) 0;
	nulls[3] = 'n';
	if (job->unique_until && !unique_ends_at_start(job))
	{
		values[3] = DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(estate_now()),
										IntervalPGetDatum(interval_of(job->unique_until)));
		nulls[3] = ' ';
	}
	values[4] = TimestampTzGetDatum(estate_now());
}

#define ROW_OF_KEY \
	"unique_key OPERATOR(pg_catalog.=) $1 AND role OPERATOR(pg_catalog.=) $2"
#define TYPES_OF_ROW {TEXTOID, REGROLEOID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID}

/* The statements that take a key, in the order in which they are tried; each returns the job that has it then */
static KeeperStatement take_statements[] = {
	{
		"INSERT INTO estate_internal.job_unique (unique_key, role, job, until)"
		" VALUES ($1, $2, $3, $4)"
		" ON CONFLICT DO NOTHING"
		" RETURNING job",
		5, TYPES_OF_ROW, KEEPER_PLAN_ONCE
	},
	/* its time is over */
	{
		"UPDATE estate_internal.job_unique SET job = $3, until = $4"
		" WHERE " ROW_OF_KEY " AND until OPERATOR(pg_catalog.<=) $5"
		" RETURNING job",
		5, TYPES_OF_ROW, KEEPER_BY_INDEX
	},
	/* another job has it.  Without a lock: whoever ends that job must not wait for us */
	{
		"SELECT job FROM estate_internal.job_unique WHERE " ROW_OF_KEY,
		5, TYPES_OF_ROW, KEEPER_BY_INDEX
	}
};

/*
 * Takes the job's key; returns its id, or that of the job that has the key.
 */
int64
unique_take(const Job *job)
{
	Datum		values[5];
	char		nulls[] = "     ";
	EstateUser	user;
	int64		has = 0;

	fill_row(job, values, nulls);
	keeper_begin(&user);
	for (int i = 0; has == 0; i = (i + 1) % lengthof(take_statements))
	{
		KeeperRows	rows;

		/* a second round only if the job that has our key ends between the statements */
		CHECK_FOR_INTERRUPTS();
		rows = keeper_run(&take_statements[i], values, nulls);
		if (rows.n == 1)
			has = keeper_int64(rows, 0, 1);
	}
	keeper_end(&user);
	return has;
}

/* A job that has its key already is to have it for as long as it says now */
void
unique_prolong(const Job *job)
{
	static KeeperStatement statement = {
		"UPDATE estate_internal.job_unique SET until = $4"
		" WHERE " ROW_OF_KEY " AND job OPERATOR(pg_catalog.=) $3",
		4, TYPES_OF_ROW, KEEPER_BY_INDEX
	};
	Datum		values[5];
	char		nulls[] = "     ";

	fill_row(job, values, nulls);
	(void) keeper_do(&statement, values, nulls);
}

/*
 * Frees the keys of jobs, all of one role, that have them until they start or
 * end.  Each key is looked for in the index, whatever statistics say: a join
 * that was planned when there were few would read all keys of the role for
 * each job.  Nobody else writes a key's row meanwhile, since we have its job.
 */
void
unique_free(Job *const *jobs, int n)
{
	static KeeperStatement statement = {
		"DELETE FROM estate_internal.job_unique"
		" WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY("
		"  SELECT k.ctid"
		"  FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($3)) e (unique_key, id)"
		"  CROSS JOIN LATERAL ("
		"   SELECT u.ctid FROM estate_internal.job_unique u"
		"   WHERE u.unique_key OPERATOR(pg_catalog.=) e.unique_key"
		"   AND u.role OPERATOR(pg_catalog.=) $2"
		"   AND u.job OPERATOR(pg_catalog.=) e.id"
		"   AND u.until IS NULL"
		"   OFFSET 0) k))",
		3, {TEXTARRAYOID, OIDOID, INT8ARRAYOID}, KEEPER_BY_INDEX
	};
	Datum	   *keys = palloc(sizeof(Datum) * n);
	int64	   *ids = palloc(sizeof(int64) * n);
	Datum		values[3];

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
	{
		keys[i] = CStringGetTextDatum(jobs[i]->unique_key);
		ids[i] = jobs[i]->id;
	}
	values[0] = PointerGetDatum(construct_array(keys, n, TEXTOID, -1, false, TYPALIGN_INT));
	values[1] = ObjectIdGetDatum(jobs[0]->role);
	values[2] = keeper_ids(ids, n);
	(void) keeper_do(&statement, values, NULL);
}

/* Forgets keys whose interval is over */
void
unique_sweep(void)
{
	static KeeperStatement statement = {
		"DELETE FROM estate_internal.job_unique"
		" WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY("
		"  SELECT ctid FROM estate_internal.job_unique"
		"  WHERE until OPERATOR(pg_catalog.<=) pg_catalog.clock_timestamp()"
		"  LIMIT 1000 FOR UPDATE SKIP LOCKED))",
		.flags = KEEPER_PASSING
	};

	(void) keeper_do(&statement, NULL, NULL);
}
