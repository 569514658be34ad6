/*
 * lease_functions.c
 *	  fetch_jobs(), heartbeat_jobs(), complete_job(), fail_job(),
 *	  snooze_job() and release_jobs(): what workers in other programs call.
 *
 * Runs in client backends.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "job/lease.h"
#include "job/metric.h"
#include "job/queue.h"
#include "job/settle.h"

#define FETCH_MOST 10000
/* a client that needs longer extends its lease */
#define LEASE_MOST_US ((double) USECS_PER_DAY)

static char *
lease_text_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

static void
lease_require_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name)));
}

/* So long from a time; least: in microseconds, what it must not be below */
static TimestampTz
time_argument(FunctionCallInfo fcinfo, int n, const char *name, double least, TimestampTz from)
{
	Interval   *span;

	lease_require_argument(fcinfo, n, name);
	span = PG_GETARG_INTERVAL_P(n);
	if (span->time + (span->day + span->month * 30.0) * USECS_PER_DAY < least)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be %s", name,
						least > 0 ? "a positive interval" : "an interval that is not negative")));
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
												   TimestampTzGetDatum(from),
												   IntervalPGetDatum(span)));
}

/*
 * Until when a lease runs.  A client that has gone away holds its jobs, and
 * what they take of the limits of their queue, until then.
 */
static TimestampTz
lease_argument(FunctionCallInfo fcinfo, int n)
{
	Interval   *span;

	lease_require_argument(fcinfo, n, "lease");
	span = PG_GETARG_INTERVAL_P(n);
	if (span->time + (span->day + span->month * 30.0) * USECS_PER_DAY > LEASE_MOST_US)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lease must not be longer than a day"),
				 errhint("SELECT estate.heartbeat_jobs(ids, tokens, lease); extends a lease.")));
	return time_argument(fcinfo, n, "lease", 1, GetCurrentTimestamp());
}

/* Arguments ids and tokens; a token for each id */
static LeaseClaims
claims_argument(FunctionCallInfo fcinfo)
{
	ArrayType  *ids;
	ArrayType  *tokens;

	lease_require_argument(fcinfo, 0, "ids");
	lease_require_argument(fcinfo, 1, "tokens");
	ids = PG_GETARG_ARRAYTYPE_P(0);
	tokens = PG_GETARG_ARRAYTYPE_P(1);
	if (ArrayGetNItems(ARR_NDIM(ids), ARR_DIMS(ids)) !=
		ArrayGetNItems(ARR_NDIM(tokens), ARR_DIMS(tokens)))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("there must be a token for each id")));
	return (LeaseClaims) {PointerGetDatum(ids), PointerGetDatum(tokens)};
}

PG_FUNCTION_INFO_V1(estate_fetch_jobs);

/*
 * estate.fetch_jobs(queue, count, lease, worker, handler)
 * -> table(id, token, handler, args, attempt, max_attempts, leased_until, effect_key)
 */
Datum
estate_fetch_jobs(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	LeaseRequest request;
	List	   *leases;
	ListCell   *cell;

	lease_require_argument(fcinfo, 0, "queue");
	lease_require_argument(fcinfo, 1, "count");
	request.queue = lease_text_argument(fcinfo, 0);
	request.count = PG_GETARG_INT32(1);
	if (request.count < 1 || request.count > FETCH_MOST)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("count must be between 1 and %d", FETCH_MOST)));
	request.until = lease_argument(fcinfo, 2);
	request.worker = lease_text_argument(fcinfo, 3);
	request.handler = lease_text_argument(fcinfo, 4);
	estate_require_tables();
	InitMaterializedSRF(fcinfo, 0);
	leases = lease_fetch(&request);
	foreach(cell, leases)
	{
		Lease	   *lease = lfirst(cell);
		Job		   *job = lease->job;
		Datum		values[8];
		bool		nulls[8] = {false};

		values[0] = Int64GetDatum(job->id);
		values[1] = Int64GetDatum(lease->token);
		values[2] = CStringGetTextDatum(job->handler);
		values[3] = JsonbPGetDatum(DatumGetJsonbP(job->args));
		values[4] = Int32GetDatum(job->attempt + 1);
		values[5] = Int32GetDatum(job->max_attempts);
		values[6] = TimestampTzGetDatum(request.until);
		values[7] = PointerGetDatum(job->effect_key);
		nulls[7] = job->effect_key == NULL;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		/* one of many may be large */
		if (values[3] != job->args)
			pfree(DatumGetPointer(values[3]));
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(estate_heartbeat_jobs);

/* estate.heartbeat_jobs(ids, tokens, lease) -> setof bigint: which jobs the caller still has */
Datum
estate_heartbeat_jobs(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	LeaseClaims claims = claims_argument(fcinfo);
	TimestampTz until = lease_argument(fcinfo, 2);
	List	   *held;
	ListCell   *cell;

	estate_require_tables();
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	held = lease_extend(claims, until);
	foreach(cell, held)
	{
		Datum		id = Int64GetDatum(*(int64 *) lfirst(cell));
		bool		isnull = false;

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &id, &isnull);
	}
	return (Datum) 0;
}

/* The leased job that arguments id and token mean, out of its table; NULL: the lease is lost */
static Job *
end_lease(FunctionCallInfo fcinfo)
{
	lease_require_argument(fcinfo, 0, "id");
	lease_require_argument(fcinfo, 1, "token");
	estate_require_tables();
	return lease_end(PG_GETARG_INT64(0), PG_GETARG_INT64(1));
}

PG_FUNCTION_INFO_V1(estate_complete_job);

/*
 * estate.complete_job(id, token, result) -> bool: false: the lease is lost, and
 * nothing has changed
 */
Datum
estate_complete_job(PG_FUNCTION_ARGS)
{
	Job		   *job = end_lease(fcinfo);
	Settlement *settlement;

	if (job == NULL)
		PG_RETURN_BOOL(false);
	job->result = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	settlement = settle_begin(1, DONE_OUTSIDE);
	settle_done(settlement, job, queue_at(queue_find(job->queue))->keep);
	metric_add(metric_of(job))->done++;
	settle_write(settlement);
	PG_RETURN_BOOL(true);
}

PG_FUNCTION_INFO_V1(estate_fail_job);

/*
 * estate.fail_job(id, token, error, retry_in) -> text: what state the job is in
 * now; NULL: the lease is lost
 */
Datum
estate_fail_job(PG_FUNCTION_ARGS)
{
	TimestampTz retry_at = PG_ARGISNULL(3) ? 0 :
		time_argument(fcinfo, 3, "retry_in", 0, estate_now());
	ErrorData	error = {.sqlerrcode = ERRCODE_EXTERNAL_ROUTINE_EXCEPTION};
	Settlement *settlement;
	Job		   *job;
	const char *state = "dead";

	lease_require_argument(fcinfo, 2, "error");
	error.message = lease_text_argument(fcinfo, 2);
	job = end_lease(fcinfo);
	if (job == NULL)
		PG_RETURN_NULL();
	settlement = settle_begin(1, DONE_OUTSIDE);
	lease_failed(settlement, job, &error, retry_at);
	settle_write(settlement);
	if (settlement->nopenings > 0)
		state = job->run_at > estate_now() ? "retryable" : "available";
	else if (job->attempt < job->max_attempts)
		state = "cancelled";	/* another one has its unique key */
	PG_RETURN_TEXT_P(cstring_to_text(state));
}

PG_FUNCTION_INFO_V1(estate_snooze_leased_job);

/* estate.snooze_job(id, token, delay) -> bool: false: the lease is lost, and nothing has changed */
Datum
estate_snooze_leased_job(PG_FUNCTION_ARGS)
{
	TimestampTz until = time_argument(fcinfo, 2, "delay", 0, estate_now());
	Job		   *job = end_lease(fcinfo);
	Settlement *settlement;

	if (job == NULL)
		PG_RETURN_BOOL(false);
	settlement = settle_begin(1, DONE_OUTSIDE);
	settle_wait(settlement, job, until);
	metric_add(metric_of(job))->snoozed++;
	settle_write(settlement);
	PG_RETURN_BOOL(true);
}

PG_FUNCTION_INFO_V1(estate_release_jobs);

/* estate.release_jobs(ids, tokens) -> bigint: how many were given back */
Datum
estate_release_jobs(PG_FUNCTION_ARGS)
{
	LeaseClaims claims = claims_argument(fcinfo);

	estate_require_tables();
	PG_RETURN_INT64(lease_release(claims));
}
