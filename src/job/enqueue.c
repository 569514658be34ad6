/*
 * enqueue.c
 *	  Write a job, in the transaction of whatever causes it.
 *
 * Runs in any process, inside a transaction.  The job is written with the
 * rights of the keeper and records the role of the caller: that role cannot be
 * forged, since nobody else may write the table.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "job/handler.h"
#include "job/job.h"
#include "job/ready.h"

#define DEFAULT_MAX_ATTEMPTS 20

static Jsonb *
empty_object(void)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
}

/*
 * Resolves a handler, or remembers what it was for the last job of this
 * transaction: jobs come by the hundred thousand, of one kind.
 */
static const char *
resolve(const JobRequest *request, JobKind *kind)
{
	static LocalTransactionId when = InvalidLocalTransactionId;
	static char *asked = NULL;
	static char *answer = NULL;
	static Oid	role;
	static JobKind last;

	if (when != MyLocalTransactionId || role != request->role || strcmp(asked, request->handler) != 0)
	{
		MemoryContext caller;

		when = InvalidLocalTransactionId;
		if (asked)
			pfree(asked);
		if (answer)
			pfree(answer);
		asked = answer = NULL;
		caller = MemoryContextSwitchTo(TopMemoryContext);
		asked = pstrdup(request->handler);
		MemoryContextSwitchTo(caller);
		answer = MemoryContextStrdup(TopMemoryContext, job_resolve_handler(request->handler, request->role, &last));
		role = request->role;
		when = MyLocalTransactionId;
	}
	*kind = last;
	return answer;
}

/* Whether the job can go into a lane: to be run at once, by an SQL function */
static bool
is_ready(const JobRequest *request, const JobKind *kind)
{
	return !kind->network && request->unique_key == NULL && request->run_at == 0;
}

static int64
enqueue_ready(const JobRequest *request, const char *handler)
{
	JobRequest	full = *request;
	Oid			sequence = get_relname_relid("job_id_seq", get_namespace_oid("estate_internal", false));
	int64		id = nextval_internal(sequence, false);

	full.args = request->args ? request->args : empty_object();
	full.queue = request->queue ? request->queue : "default";
	full.max_attempts = request->max_attempts ? request->max_attempts : DEFAULT_MAX_ATTEMPTS;
	ready_insert(&full, handler, id);
	estate_wake_at_commit();
	return id;
}

/*
 * The id of the new job, or of the role's open job with the same unique key.
 */
int64
job_enqueue(const JobRequest *request)
{
	static const char insert[] =
		"INSERT INTO estate_internal.job_open AS o (id, handler, network, queue, priority, run_at, max_attempts, role,"
		" effect_key, unique_key, enqueued_at, args)"
		" VALUES (pg_catalog.nextval('estate_internal.job_id_seq'), $1, $2, $3, $4, $5, $6, $7,"
		" pg_catalog.gen_random_uuid(), $8, pg_catalog.clock_timestamp(), $9)"
		" ON CONFLICT (unique_key, role) WHERE unique_key IS NOT NULL DO NOTHING RETURNING id";
	static const char existing[] =
		"SELECT id FROM estate_internal.job_open WHERE unique_key OPERATOR(pg_catalog.=) $2"
		" AND role OPERATOR(pg_catalog.=) $1";
	Oid			types[] = {TEXTOID, BOOLOID, TEXTOID, INT2OID, TIMESTAMPTZOID, INT4OID, REGROLEOID, TEXTOID, JSONBOID};
	Datum		values[9];
	char		nulls[] = "         ";
	JobKind		kind;
	EstateUser	user;
	const char *handler = resolve(request, &kind);
	int64		id = 0;
	bool		isnull;

	if (is_ready(request, &kind))
		return enqueue_ready(request, handler);

	values[0] = CStringGetTextDatum(handler);
	values[1] = BoolGetDatum(kind.network);
	values[2] = CStringGetTextDatum(request->queue ? request->queue : "default");
	values[3] = Int16GetDatum(request->priority);
	values[4] = TimestampTzGetDatum(request->run_at ? request->run_at : GetCurrentTimestamp());
	values[5] = Int32GetDatum(request->max_attempts ? request->max_attempts : DEFAULT_MAX_ATTEMPTS);
	values[6] = ObjectIdGetDatum(request->role);
	values[7] = request->unique_key ? CStringGetTextDatum(request->unique_key) : (Datum) 0;
	nulls[7] = request->unique_key ? ' ' : 'n';
	values[8] = JsonbPGetDatum(request->args ? request->args : empty_object());

	estate_become_keeper(&user);
	SPI_connect();
	/* a second round only if the job with our key ends between the two statements */
	while (id == 0)
	{
		CHECK_FOR_INTERRUPTS();
		SPI_execute_with_args(insert, 9, types, values, nulls, false, 1);
		if (SPI_processed == 0)
			SPI_execute_with_args(existing, 2, &types[6], &values[6], NULL, false, 1);
		if (SPI_processed == 1)
			id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	}
	SPI_finish();
	estate_resume_user(&user);
	estate_wake_at_commit();
	return id;
}

/* A statement on one open job, as the keeper */
static void
change_open(const char *sql, Oid type, Datum key, Oid role)
{
	Oid			types[] = {type, OIDOID};
	Datum		values[] = {key, ObjectIdGetDatum(role)};
	EstateUser	user;

	estate_become_keeper(&user);
	SPI_connect();
	if (SPI_execute_with_args(sql, OidIsValid(role) ? 2 : 1, types, values, NULL, false, 0) < 0)
		elog(ERROR, "could not run: %s", sql);
	SPI_finish();
	estate_resume_user(&user);
	estate_wake_at_commit();
}

/* Has an open job that is not due yet run now */
void
job_bring_forward(int64 id)
{
	change_open("UPDATE estate_internal.job_open SET run_at = pg_catalog.clock_timestamp()"
				" WHERE id OPERATOR(pg_catalog.=) $1 AND run_at OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp()",
				INT8OID, Int64GetDatum(id), InvalidOid);
}

/* Gives the open job with a reserved key, of whichever role, to another role */
void
job_give(const char *reserved_key, Oid role)
{
	change_open("UPDATE estate_internal.job_open SET role = $2::pg_catalog.regrole"
				" WHERE unique_key OPERATOR(pg_catalog.=) $1 AND role OPERATOR(pg_catalog.<>) $2",
				TEXTOID, CStringGetTextDatum(reserved_key), role);
}

/* Keys that feeds make for their own jobs: whoever could take one could keep a feed from being run */
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
}

static void
check_request(const JobRequest *request)
{
	if (request->unique_key)
		check_unique_key(request->unique_key);
	if (request->priority < PG_INT16_MIN || request->priority > PG_INT16_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("priority must be between %d and %d", PG_INT16_MIN, PG_INT16_MAX)));
	if (request->max_attempts < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_attempts must be at least 1")));
	if (request->queue[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the name of a queue must not be empty")));
}

/* Once for each session: the job is kept, but nothing will run it */
void
job_warn_without_workers(void)
{
	static bool warned = false;

	if (warned || estate_workers_configured())
		return;
	warned = true;
	ereport(WARNING,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the job is kept, but no workers run in this database"),
			 errhint("CALL estate.run_jobs(); works jobs off here and now. SELECT * FROM estate.doctor(); tells how to start the workers.")));
}

PG_FUNCTION_INFO_V1(estate_enqueue);

/*
 * estate.enqueue(handler text, args jsonb, queue text, priority int,
 *				  run_at timestamptz, unique_key text, max_attempts int) -> bigint
 */
Datum
estate_enqueue(PG_FUNCTION_ARGS)
{
	JobRequest	request = {0};
	int64		id;

	for (int i = 0; i < 7; i++)
		if (PG_ARGISNULL(i) && i != 4 && i != 5)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("only run_at and unique_key of enqueue may be null")));
	estate_require_tables();
	request.handler = text_to_cstring(PG_GETARG_TEXT_PP(0));
	request.args = PG_GETARG_JSONB_P(1);
	request.queue = text_to_cstring(PG_GETARG_TEXT_PP(2));
	request.priority = PG_GETARG_INT32(3);
	request.run_at = PG_ARGISNULL(4) ? 0 : PG_GETARG_TIMESTAMPTZ(4);
	request.unique_key = PG_ARGISNULL(5) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(5));
	request.max_attempts = PG_GETARG_INT32(6);
	request.role = GetUserId();
	check_request(&request);
	id = job_enqueue(&request);
	job_warn_without_workers();
	PG_RETURN_INT64(id);
}
