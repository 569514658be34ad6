/*
 * enqueue_functions.c
 *	  enqueue() and enqueue_many(): what a client asks for, checked.
 *
 * Runs in client backends, and in handlers that enqueue.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "job/builtin.h"
#include "job/job.h"
#include "job/unique.h"

/*
 * Keys that feeds make for their own jobs: whoever could take one could keep a
 * feed from being run
 */
static const char *const reserved_prefixes[] = {"feed:", "media:"};

static void
check_unique_key(const char *key)
{
	for (int i = 0; i < lengthof(reserved_prefixes); i++)
		if (strncmp(key, reserved_prefixes[i], strlen(reserved_prefixes[i])) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_RESERVED_NAME),
					 errmsg("unique_key must not begin with \"%s\"", reserved_prefixes[i]),
					 errdetail("These keys are those of the jobs that feeds make.")));
	if (strlen(key) > 1000)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("unique_key must not be longer than 1000 bytes"),
				 errhint("Use md5() or sha256() of a long key.")));
}

static bool
is_positive(const Interval *span)
{
	return span->time + (span->day + span->month * 30.0) * USECS_PER_DAY > 0;
}

static void
check_backoff(ArrayType *backoff)
{
	Datum	   *spans;
	bool	   *nulls;
	int			n;

	deconstruct_array(backoff, INTERVALOID, sizeof(Interval), false, TYPALIGN_DOUBLE, &spans,
					  &nulls, &n);
	for (int i = 0; i < n; i++)
		if (nulls[i] || !is_positive(DatumGetIntervalP(spans[i])))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("each wait of backoff must be a positive interval")));
	if (n == 0 || ARR_NDIM(backoff) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("backoff must be a list of at least one interval"),
				 errhint("For example, ARRAY['1 s', '10 s', '1 min']::interval[];"
						 " the last wait is that of all further failures.")));
}

static void
check_job(const Job *job)
{
	if (job->unique_key)
		check_unique_key(job->unique_key);
	unique_check(job->unique_until);
	if (job->priority < PG_INT16_MIN || job->priority > PG_INT16_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("priority must be between %d and %d", PG_INT16_MIN, PG_INT16_MAX)));
	if (job->max_attempts < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_attempts must be at least 1")));
	if (job->queue[0] == '\0' || strlen(job->queue) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("the name of a queue must have 1 to %d bytes", NAMEDATALEN - 1)));
	if (job->timeout && !is_positive(job->timeout))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timeout must be a positive interval")));
	if (job->backoff)
		check_backoff(DatumGetArrayTypeP(job->backoff));
}

static char *
enqueue_text_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

static void
enqueue_require_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s of a job must not be null", name)));
}

/* Arguments that both functions have: handler, .., queue, priority, run_at */
static void
read_first(FunctionCallInfo fcinfo, Job *job)
{
	static const char *const names[] = {"handler", "args", "queue", "priority"};

	for (int i = 0; i < lengthof(names); i++)
		enqueue_require_argument(fcinfo, i, names[i]);
	estate_require_tables();
	job->handler = enqueue_text_argument(fcinfo, 0);
	job->queue = enqueue_text_argument(fcinfo, 2);
	job->priority = PG_GETARG_INT32(3);
	job->run_at = PG_ARGISNULL(4) ? 0 : PG_GETARG_TIMESTAMPTZ(4);
	job->role = GetUserId();
}

/* .. and timeout, backoff, tags */
static void
read_last(FunctionCallInfo fcinfo, int from, Job *job)
{
	job->timeout = PG_ARGISNULL(from) ? NULL : PG_GETARG_INTERVAL_P(from);
	job->backoff = PG_ARGISNULL(from + 1) ? 0 : PointerGetDatum(PG_GETARG_ARRAYTYPE_P(from + 1));
	job->tags = PG_ARGISNULL(from + 2) ? 0 : PointerGetDatum(PG_GETARG_ARRAYTYPE_P(from + 2));
}

/* An argument that is one of two words: whether it is the second */
static bool
is_second(FunctionCallInfo fcinfo, int n, const char *name, const char *first, const char *second)
{
	const char *what;

	enqueue_require_argument(fcinfo, n, name);
	what = enqueue_text_argument(fcinfo, n);
	if (strcmp(what, first) != 0 && strcmp(what, second) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be \"%s\" or \"%s\", not \"%s\"", name, first, second, what)));
	return strcmp(what, second) == 0;
}

PG_FUNCTION_INFO_V1(estate_enqueue_job);

/*
 * estate.enqueue(handler, args, queue, priority, run_at, unique_key, max_attempts, unique_until,
 *				  on_conflict, timeout, backoff, tags, depends_on, depends_when, durable) -> bigint
 */
Datum
estate_enqueue_job(PG_FUNCTION_ARGS)
{
	JobRequest	request = {0};
	Job		   *job = &request.job;
	int64		id;

	read_first(fcinfo, job);
	job->args = PG_GETARG_DATUM(1);
	job->unique_key = enqueue_text_argument(fcinfo, 5);
	enqueue_require_argument(fcinfo, 6, "max_attempts");
	job->max_attempts = PG_GETARG_INT32(6);
	enqueue_require_argument(fcinfo, 7, "unique_until");
	job->unique_until = enqueue_text_argument(fcinfo, 7);
	if (strcmp(job->unique_until, "done") == 0 || job->unique_key == NULL)
		job->unique_until = NULL;
	request.replace = is_second(fcinfo, 8, "on_conflict", "skip", "replace");
	read_last(fcinfo, 9, job);
	request.depends_on = PG_ARGISNULL(12) ? NULL : PG_GETARG_ARRAYTYPE_P(12);
	request.when_ended = is_second(fcinfo, 13, "depends_when", "done", "ended");
	job->durable = !PG_ARGISNULL(14) && PG_GETARG_BOOL(14);
	check_job(job);
	job_require_builtin_rights(job);
	id = job_enqueue(&request);
	if (request.done_by != DONE_OUTSIDE)
		job_warn_without_workers();
	PG_RETURN_INT64(id);
}

PG_FUNCTION_INFO_V1(estate_enqueue_jobs);

/*
 * estate.enqueue_many(handler, args jsonb[], queue, priority, run_at, max_attempts, timeout,
 *					   backoff, tags, durable) -> setof bigint: the ids, in the order of args
 */
Datum
estate_enqueue_jobs(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Job			asked = {0};
	Datum	   *args;
	bool	   *nulls;
	int			n;
	MemoryContext one = AllocSetContextCreate(CurrentMemoryContext, "pg_estate enqueued job",
											  ALLOCSET_SMALL_SIZES);
	MemoryContext caller;
	bool		for_workers = false;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	read_first(fcinfo, &asked);
	enqueue_require_argument(fcinfo, 5, "max_attempts");
	asked.max_attempts = PG_GETARG_INT32(5);
	read_last(fcinfo, 6, &asked);
	asked.durable = !PG_ARGISNULL(9) && PG_GETARG_BOOL(9);
	check_job(&asked);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), JSONBOID, -1, false, TYPALIGN_INT, &args, &nulls,
					  &n);
	for (int i = 0; i < n; i++)
	{
		JobRequest	request = {.job = asked};
		Datum		id;
		bool		isnull = false;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("args of a job must not be null"),
					 errdetail("Element %d is null.", i + 1)));
		caller = MemoryContextSwitchTo(one);
		request.job.args = args[i];
		job_require_builtin_rights(&request.job);
		id = Int64GetDatum(job_enqueue(&request));
		for_workers |= request.done_by != DONE_OUTSIDE;
		MemoryContextSwitchTo(caller);
		MemoryContextReset(one);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &id, &isnull);
	}
	if (for_workers)
		job_warn_without_workers();
	return (Datum) 0;
}
