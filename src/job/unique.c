/*
 * unique.c
 *	  Unique keys: which job has one, and until when.
 *
 * Runs in any process, inside a transaction.  A unique index decides, so that
 * of two transactions that enqueue at once the second waits for the first; a
 * query before an insert would let both through.
 *
 * A row says which job has a key, and of which handler it is.  As long as it is
 * held nobody else gets the key; then it is free once `until` has passed:
 *
 *	until it is done	held until the job ends; then the row is deleted
 *	until it starts		held until then, and again when it fails and waits;
 *						then the row is deleted
 *	for an interval		held until the job ends, and `until` is so long after
 *						the time that the job was to run at
 *
 * Only those who enqueue wait for each other.  Whoever runs jobs must not wait
 * for a client that has enqueued and not committed.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "job/unique.h"
#include "keeper.h"

bool
unique_ends_at_start(const Job *job)
{
	return job->unique_key && job->unique_until && strcmp(job->unique_until, "start") == 0;
}

/* Whether the key is taken for a time, and no shorter than until the job has ended */
static bool
is_for_a_time(const Job *job)
{
	return job->unique_key && job->unique_until && !unique_ends_at_start(job);
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
	/* a word that is none of the two is no interval either, and is told what it could be */
	span = strpbrk(until, "0123456789") ? interval_of(until) : NULL;
	if (span == NULL || span->time + (span->day + span->month * 30.0) * USECS_PER_DAY <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unique_until must be \"start\", \"done\" or a positive interval,"
						" not \"%s\"", until)));
}

/* The row of a key, as parameters: unique_key, role, job, until, now, handler */
#define ROW_ARGS 6
#define TYPES_OF_ROW {TEXTOID, REGROLEOID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID}
#define ROW_OF_KEY \
	"unique_key OPERATOR(pg_catalog.=) $1 AND role OPERATOR(pg_catalog.=) $2"

static void
fill_row(const Job *job, Datum *values, char *nulls)
{
	TimestampTz now = estate_now();

	memset(nulls, ' ', ROW_ARGS);
	values[0] = CStringGetTextDatum(job->unique_key);
	values[1] = ObjectIdGetDatum(job->role);
	values[2] = Int64GetDatum(job->id);
	values[3] = (Datum) 0;
	nulls[3] = 'n';
	if (is_for_a_time(job))
	{
		values[3] = DirectFunctionCall2(timestamptz_pl_interval,
										TimestampTzGetDatum(Max(job->run_at, now)),
										IntervalPGetDatum(interval_of(job->unique_until)));
		nulls[3] = ' ';
	}
	values[4] = TimestampTzGetDatum(now);
	values[5] = CStringGetTextDatum(job->handler);
}

/* In the order in which they are tried; each returns who has the key then, and his handler */
static KeeperStatement take_statements[] = {
	{
		"INSERT INTO estate_internal.job_unique (unique_key, role, job, until, handler, held)"
		" VALUES ($1, $2, $3, $4, $6, true)"
		" ON CONFLICT DO NOTHING"
		" RETURNING job, handler",
		ROW_ARGS, TYPES_OF_ROW, KEEPER_PLAN_ONCE
	},
	/* its time is over */
	{
		"UPDATE estate_internal.job_unique SET job = $3, until = $4, handler = $6, held = true"
		" WHERE " ROW_OF_KEY " AND NOT held AND until OPERATOR(pg_catalog.<=) $5"
		" RETURNING job, handler",
		ROW_ARGS, TYPES_OF_ROW, KEEPER_BY_INDEX
	},
	/* another job has it.  Without a lock: whoever ends that job must not wait for us */
	{
		"SELECT job, handler FROM estate_internal.job_unique WHERE " ROW_OF_KEY,
		ROW_ARGS, TYPES_OF_ROW, KEEPER_BY_INDEX
	}
};

/*
 * Takes the job's key; returns its id, or that of the job that has the key,
 * whose handler is `*handler`, in the current context.
 */
int64
unique_take(const Job *job, const char **handler)
{
	Datum		values[ROW_ARGS];
	char		nulls[ROW_ARGS];
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
		{
			has = keeper_int64(rows, 0, 1);
			if (has != job->id)
				*handler = keeper_text(rows, 0, 2);
		}
	}
	keeper_end(&user);
	return has;
}

/* Whose the key is, as far as is committed; 0: nobody's */
static int64
look_at_key(const Job *job)
{
	Datum		values[ROW_ARGS];
	char		nulls[ROW_ARGS];
	Datum		has;

	fill_row(job, values, nulls);
	return keeper_fetch(&take_statements[2], values, nulls, &has) ? DatumGetInt64(has) : 0;
}

/* Takes a key that seems to be free, unless a client is about to: he is not waited for */
static void
take_without_waiting(const Job *job)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	Datum		values[ROW_ARGS];
	char		nulls[ROW_ARGS];

	fill_row(job, values, nulls);
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		int			level = NewGUCNestLevel();

		(void) set_config_option("lock_timeout", "1ms", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
		(void) keeper_do(&take_statements[0], values, nulls);
		AtEOXact_GUC(false, level);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		int			code = geterrcode();

		if (code != ERRCODE_LOCK_NOT_AVAILABLE)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}

/*
 * A job that had its key until it started is to wait again, and takes it again.
 * Returns the job that has the key then; 0: that cannot be told, since a
 * client that has enqueued another one has not ended his transaction.  If he
 * commits there are two that wait, each of which is run.
 */
int64
unique_take_again(const Job *job)
{
	int64		has = look_at_key(job);

	if (has != 0)
		return has;
	take_without_waiting(job);
	return look_at_key(job);
}

/* A job that has its key already is to have it for as long as it says now */
void
unique_prolong(const Job *job)
{
	static KeeperStatement statement = {
		"UPDATE estate_internal.job_unique SET until = $4, handler = $6"
		" WHERE " ROW_OF_KEY " AND job OPERATOR(pg_catalog.=) $3",
		ROW_ARGS, TYPES_OF_ROW, KEEPER_BY_INDEX
	};
	Datum		values[ROW_ARGS];
	char		nulls[ROW_ARGS];

	fill_row(job, values, nulls);
	(void) keeper_do(&statement, values, nulls);
}

#define KEYS_OF_JOBS(condition) \
	" WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(" \
	"  SELECT k.ctid" \
	"  FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($3)) e (unique_key, id)" \
	"  CROSS JOIN LATERAL (" \
	"   SELECT u.ctid FROM estate_internal.job_unique u" \
	"   WHERE u.unique_key OPERATOR(pg_catalog.=) e.unique_key" \
	"   AND u.role OPERATOR(pg_catalog.=) $2" \
	"   AND u.job OPERATOR(pg_catalog.=) e.id" condition \
	"   OFFSET 0) k))"

/*
 * Jobs, all of one role, do not hold their keys any more.  A key that was taken
 * for a time is free when that has passed.  Each key is looked for in the
 * index, whatever statistics say: a join that was planned when there were few
 * would read all keys of the role for each job.  Nobody else writes a key's row
 * meanwhile, since it is held by our job.
 */
void
unique_free(Job *const *jobs, int n)
{
	static KeeperStatement delete = {
		"DELETE FROM estate_internal.job_unique" KEYS_OF_JOBS(" AND u.until IS NULL"),
		3, {TEXTARRAYOID, OIDOID, INT8ARRAYOID}, KEEPER_BY_INDEX
	};
	static KeeperStatement leave = {
		"UPDATE estate_internal.job_unique SET held = false" KEYS_OF_JOBS(""),
		3, {TEXTARRAYOID, OIDOID, INT8ARRAYOID}, KEEPER_BY_INDEX
	};
	Datum	   *keys = palloc(sizeof(Datum) * n);
	int64	   *ids = palloc(sizeof(int64) * n);
	Datum		values[3];
	bool		any_for_a_time = false;

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
	{
		keys[i] = CStringGetTextDatum(jobs[i]->unique_key);
		ids[i] = jobs[i]->id;
		any_for_a_time |= is_for_a_time(jobs[i]);
	}
	values[0] = PointerGetDatum(construct_array(keys, n, TEXTOID, -1, false, TYPALIGN_INT));
	values[1] = ObjectIdGetDatum(jobs[0]->role);
	values[2] = keeper_ids(ids, n);
	(void) keeper_do(&delete, values, NULL);
	if (any_for_a_time)
		(void) keeper_do(&leave, values, NULL);
}

/* Forgets keys whose interval is over */
void
unique_sweep(void)
{
	static KeeperStatement statement = {
		"DELETE FROM estate_internal.job_unique"
		" WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY("
		"  SELECT ctid FROM estate_internal.job_unique"
		"  WHERE NOT held AND until OPERATOR(pg_catalog.<=) pg_catalog.clock_timestamp()"
		"  LIMIT 1000 FOR UPDATE SKIP LOCKED))",
		.flags = KEEPER_PASSING
	};

	(void) keeper_do(&statement, NULL, NULL);
}
