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
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "job/unique.h"

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

/* The statements that take a key, in the order in which they are tried; each returns the job that has it then */
static const char *const take_statements[] = {
	"INSERT INTO estate_internal.job_unique (unique_key, role, job, until) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING job",
	/* its time is over */
	("UPDATE estate_internal.job_unique SET job = $3, until = $4 WHERE unique_key OPERATOR(pg_catalog.=) $1"
	 " AND role OPERATOR(pg_catalog.=) $2 AND until OPERATOR(pg_catalog.<=) $5 RETURNING job"),
	/* another job has it.  Without a lock: whoever ends that job must not wait for us */
	"SELECT job FROM estate_internal.job_unique WHERE unique_key OPERATOR(pg_catalog.=) $1 AND role OPERATOR(pg_catalog.=) $2"
};

/*
 * Takes the job's key; returns its id, or that of the job that has the key.
 */
int64
unique_take(const Job *job)
{
	static SPIPlanPtr plans[lengthof(take_statements)];
	Oid			types[] = {TEXTOID, REGROLEOID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID};
	Datum		values[5];
	char		nulls[] = "     ";
	EstateUser	user;
	int64		has = 0;
	bool		isnull;

	fill_row(job, values, nulls);
	estate_become_keeper(&user);
	SPI_connect();
	for (int i = 0; has == 0; i = (i + 1) % lengthof(plans))
	{
		/* a second round only if the job that has our key ends between the statements */
		CHECK_FOR_INTERRUPTS();
		if (plans[i] == NULL)
		{
			plans[i] = SPI_prepare(take_statements[i], 5, types);
			SPI_keepplan(plans[i]);
		}
		SPI_execute_plan(plans[i], values, nulls, false, 1);
		if (SPI_processed == 1)
			has = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	}
	SPI_finish();
	estate_resume_user(&user);
	return has;
}

/* A job that has its key already is to have it for as long as it says now */
void
unique_prolong(const Job *job)
{
	Oid			types[] = {TEXTOID, REGROLEOID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID};
	Datum		values[5];
	char		nulls[] = "     ";
	EstateUser	user;

	fill_row(job, values, nulls);
	estate_become_keeper(&user);
	SPI_connect();
	SPI_execute_with_args("UPDATE estate_internal.job_unique SET until = $4 WHERE unique_key OPERATOR(pg_catalog.=) $1"
						  " AND role OPERATOR(pg_catalog.=) $2 AND job OPERATOR(pg_catalog.=) $3", 4, types, values, nulls, false, 0);
	SPI_finish();
	estate_resume_user(&user);
}

/* Frees the keys of jobs, all of one role, that have them until they start or end */
void
unique_free(Job *const *jobs, int n)
{
	static SPIPlanPtr plan = NULL;
	Oid			types[] = {TEXTARRAYOID, OIDOID, INT8ARRAYOID};
	Datum	   *keys = palloc(sizeof(Datum) * n);
	Datum	   *ids = palloc(sizeof(Datum) * n);
	Datum		values[3];
	EstateUser	user;

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
	{
		keys[i] = CStringGetTextDatum(jobs[i]->unique_key);
		ids[i] = Int64GetDatum(jobs[i]->id);
	}
	values[0] = PointerGetDatum(construct_array(keys, n, TEXTOID, -1, false, TYPALIGN_INT));
	values[1] = ObjectIdGetDatum(jobs[0]->role);
	values[2] = PointerGetDatum(construct_array(ids, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	estate_become_keeper(&user);
	SPI_connect();
	if (plan == NULL)
	{
		/* planned once: it is run for each batch */
		plan = SPI_prepare_cursor("DELETE FROM estate_internal.job_unique u USING ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($3)) e (unique_key, id)"
						   " WHERE u.unique_key OPERATOR(pg_catalog.=) e.unique_key AND u.role OPERATOR(pg_catalog.=) $2"
						   " AND u.job OPERATOR(pg_catalog.=) e.id AND u.until IS NULL", 3, types, CURSOR_OPT_GENERIC_PLAN);
		SPI_keepplan(plan);
	}
	SPI_execute_plan(plan, values, NULL, false, 0);
	SPI_finish();
	estate_resume_user(&user);
}

/* Forgets keys whose interval is over */
void
unique_sweep(void)
{
	EstateUser	user;

	estate_become_keeper(&user);
	SPI_connect();
	SPI_execute("DELETE FROM estate_internal.job_unique WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT ctid FROM estate_internal.job_unique"
				" WHERE until OPERATOR(pg_catalog.<=) pg_catalog.clock_timestamp() LIMIT 1000 FOR UPDATE SKIP LOCKED))", false, 0);
	SPI_finish();
	estate_resume_user(&user);
}
