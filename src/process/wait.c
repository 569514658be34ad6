/*
 * wait.c
 *	  CALL wait_for_job(): until a job has ended.
 *
 * Runs in client backends, as the caller: it sees of the job what estate.job
 * shows him.  Each look is a transaction of its own, and between looks no
 * snapshot is held: a vacuum goes on while somebody waits.  It sleeps until it
 * is told, see src/job/await.c, and looks by itself only now and then.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "job/await.h"
#include "job/call.h"

/* How long it sleeps between two looks, at first and at most; told: somebody will wake it */
#define FIRST_MS 20
#define MOST_MS 1000
#define FIRST_TOLD_MS 1000
#define MOST_TOLD_MS 10000

typedef struct Awaited
{
	int64		id;
	MemoryContext context;		/* of what is found */
	TimestampTz until;
	bool		registered;		/* somebody will wake us */
	char		told[AWAIT_STATE_SIZE]; /* in which state it has ended; empty: not told */
	bool		found;
	bool		ended;
	char	   *state;
	Jsonb	   *result;
} Awaited;

/* Looks at the job, in a transaction of its own */
static void
look_at_job(Awaited *job)
{
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(job->id);
	MemoryContext caller;
	Datum		result;
	bool		isnull;

	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_execute_with_args("SELECT state::pg_catalog.text, ended_at IS NOT NULL, result"
						  " FROM estate.job WHERE id OPERATOR(pg_catalog.=) $1",
						  1, &type, &value, NULL, true, 1);
	job->found = SPI_processed == 1;
	if (job->found)
	{
		HeapTuple	row = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;

		caller = MemoryContextSwitchTo(job->context);
		job->state = SPI_getvalue(row, desc, 1);
		job->ended = DatumGetBool(SPI_getbinval(row, desc, 2, &isnull));
		result = SPI_getbinval(row, desc, 3, &isnull);
		job->result = isnull ? NULL : DatumGetJsonbPCopy(result);
		MemoryContextSwitchTo(caller);
	}
	PopActiveSnapshot();
	SPI_commit();
}

/* Sleeps until it is told, or so long */
static void
sleep_until_told(Awaited *job, long ms)
{
	TimestampTz end = Min(TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms), job->until);

	for (;;)
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end);

		CHECK_FOR_INTERRUPTS();
		if (await_told(job->told) || left <= 0)
			return;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, left,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}

static void
no_such_job(int64 id)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("job " INT64_FORMAT " does not exist", id),
			 errdetail("It was never committed, or has ended and is not kept in the history.")));
}

static void
wait_for_end(Awaited *job)
{
	long		ms = job->registered ? FIRST_TOLD_MS : FIRST_MS;

	look_at_job(job);
	if (!job->found)
		no_such_job(job->id);
	while (!job->ended && GetCurrentTimestamp() < job->until)
	{
		sleep_until_told(job, ms);
		ms = Min(ms * 2, job->registered ? MOST_TOLD_MS : MOST_MS);
		look_at_job(job);
		if (job->found)
			continue;
		/* it has ended, and its queue does not keep it */
		job->ended = true;
		job->state = job->told[0] ? MemoryContextStrdup(job->context, job->told) : NULL;
		job->result = NULL;
	}
}

static void
forget_entry(int code, Datum arg)
{
	await_end();
}

static TimestampTz
time_to_give_up(FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n))
		return DT_NOEND;
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
												   TimestampTzGetDatum(GetCurrentTimestamp()),
												   PG_GETARG_DATUM(n)));
}

/* Refuses where the job could never end, or where the wait would keep it from running */
static void
refuse_where_it_cannot_wait(FunctionCallInfo fcinfo)
{
	CallContext *context = (CallContext *) fcinfo->context;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the id of a job must not be null")));
	if (job_in_handler())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a handler cannot wait for a job"),
				 errhint("Enqueue what is to follow with depends_on.")));
	if (context == NULL || !IsA(context, CallContext) || context->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("wait_for_job() cannot be called inside a transaction block"),
				 errdetail("A job runs after the transaction that enqueued it,"
						   " and a snapshot would be held.")));
}

static void
warn_without_workers(void)
{
	if (estate_find_slot(MyDatabaseId) == NULL && !estate_workers_configured())
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no workers run in this database"),
				 errhint("CALL estate.run_jobs(); works jobs off here and now."
						 " SELECT * FROM estate.doctor(); tells how to start the workers.")));
}

PG_FUNCTION_INFO_V1(estate_wait_for_job);

/* CALL estate.wait_for_job(id, timeout, INOUT state, INOUT result) */
Datum
estate_wait_for_job(PG_FUNCTION_ARGS)
{
	Awaited		job = {.context = CurrentMemoryContext};
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2];

	refuse_where_it_cannot_wait(fcinfo);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	estate_require_tables();
	warn_without_workers();
	job.id = PG_GETARG_INT64(0);
	job.until = time_to_give_up(fcinfo, 1);
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	SPI_commit();
	/* the entry is there before the job is looked at, and gone with us, however we end */
	job.registered = await_begin(job.id);
	PG_ENSURE_ERROR_CLEANUP(forget_entry, (Datum) 0);
	{
		wait_for_end(&job);
	}
	PG_END_ENSURE_ERROR_CLEANUP(forget_entry, (Datum) 0);
	await_end();
	nulls[0] = job.state == NULL;
	values[0] = nulls[0] ? (Datum) 0 : CStringGetTextDatum(job.state);
	nulls[1] = job.result == NULL;
	values[1] = JsonbPGetDatum(job.result);
	SPI_finish();
	MemoryContextSwitchTo(job.context);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}
