/*
 * enqueue.c
 *	  Write a job, in the transaction of whatever causes it.
 *
 * Runs in any process, inside a transaction.  The job is written with the
 * rights of the keeper and records the role of the caller: that role cannot be
 * forged, since nobody else may write the table.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "enable.h"
#include "job/depend.h"
#include "job/handler.h"
#include "job/open.h"
#include "job/queue.h"
#include "job/ready.h"
#include "job/replace.h"
#include "job/settle.h"
#include "job/unique.h"

#define DEFAULT_MAX_ATTEMPTS 20

static Datum
empty_object(void)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"));
}

/*
 * What is large is read whenever somebody looks at jobs, written twice and
 * kept in the history: there is a limit.
 */
static void
check_size(const char *what, const char *be, Datum value)
{
	Size		size = value ? toast_raw_datum_size(value) : 0;

	if (size > (Size) estate_max_args_size * 1024)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s of a job %s too large", what, be),
				 errdetail("They have %zu bytes, and at most %zu are allowed"
						   " by estate.max_args_size.", size, (Size) estate_max_args_size * 1024),
				 errhint("Keep what is large in a table, and give the job its key.")));
}

/*
 * Resolves a handler, or remembers what it was for the last job of this
 * transaction: jobs come by the hundred thousand, of one kind.
 */
static const char *
enqueue_resolve(const Job *job, JobKind *kind)
{
	static LocalTransactionId when = InvalidLocalTransactionId;
	static char *asked = NULL;
	static char *answer = NULL;
	static char *path = NULL;	/* where a name without a schema was looked for */
	static Oid	role;
	static JobKind last;

	if (when != MyLocalTransactionId || role != job->role || strcmp(asked, job->handler) != 0 ||
		strcmp(path, namespace_search_path) != 0)
	{
		MemoryContext caller;

		when = InvalidLocalTransactionId;
		if (asked)
			pfree(asked);
		if (answer)
			pfree(answer);
		if (path)
			pfree(path);
		asked = answer = path = NULL;
		caller = MemoryContextSwitchTo(TopMemoryContext);
		asked = pstrdup(job->handler);
		path = pstrdup(namespace_search_path);
		MemoryContextSwitchTo(caller);
		answer = MemoryContextStrdup(TopMemoryContext,
									 job_resolve_handler(job->handler, job->role, &last));
		role = job->role;
		when = MyLocalTransactionId;
	}
	*kind = last;
	return answer;
}

/* Ids come from the backend's share of the sequence, without a statement for each */
static int64
next_id(void)
{
	static Oid	sequence = InvalidOid;
	static LocalTransactionId when = InvalidLocalTransactionId;

	if (when != MyLocalTransactionId)
	{
		sequence = record_table("job_id_seq");
		when = MyLocalTransactionId;
	}
	return nextval_internal(sequence, false);
}

static void
fill_defaults(Job *job)
{
	job->enqueued_at = estate_now();
	if (job->args == 0)
		job->args = empty_object();
	if (job->queue == NULL)
		job->queue = "default";
	if (job->max_attempts == 0)
		job->max_attempts = DEFAULT_MAX_ATTEMPTS;
	if (job->run_at == 0)
		job->run_at = job->enqueued_at;
}

/* Writes a job where it waits: SQL jobs that can run now in a lane, the others in job_open */
void
job_write(const Job *job, JobDoer done_by)
{
	JobOpening	opening = {job, done_by, WAITS_FOR_TIME, NULL, 0};

	if (done_by == DONE_BY_SQL && job->run_at <= job->enqueued_at)
	{
		ready_insert(job);
		return;
	}
	open_write(&opening, 1);
	CommandCounterIncrement();	/* the statements that follow in this transaction see it */
	if (done_by != DONE_OUTSIDE)
		estate_wake_at_commit(done_by == DONE_BY_NETWORK ? WORKER_NETWORK : WORKER_SQL);
}

/* A job that waits for others; it may be too late for that, one way or the other */
static void
write_dependent(JobRequest *request)
{
	Job		   *job = &request->job;
	int64		lost;
	JobOpening	opening = {job, request->done_by, WAITS_FOR_JOBS, NULL,
	depend_on(job, request->depends_on, request->when_ended, &lost)};

	if (lost != 0)
		settle_lost(job, request->done_by, lost);
	else if (opening.blockers == 0)
		job_write(job, request->done_by);
	else
	{
		open_write(&opening, 1);
		CommandCounterIncrement();
	}
}

/* Whoever uses one key for two kinds of work may not mean to: the other one is not done */
static void
tell_other_handler(const Job *job, const char *handler)
{
	/* of a key that was taken before tables of version 2 it is not known */
	if (handler[0] != '\0' && strcmp(job->handler, handler) != 0)
		ereport(NOTICE,
				(errmsg("unique key \"%s\" is that of a job of handler %s",
						job->unique_key, handler),
				 errdetail("Nothing was enqueued for %s.", job->handler)));
}

/*
 * Enqueues; the request's job is filled in.  Returns the id of the new job, or
 * of the one that has the same unique key.
 */
int64
job_enqueue(JobRequest *request)
{
	Job		   *job = &request->job;
	JobKind		kind;

	check_size("args", "are", job->args);
	check_size("tags", "are", job->tags);
	check_size("backoff", "is", job->backoff);
	job->handler = enqueue_resolve(job, &kind);
	request->done_by = kind.done_by;
	fill_defaults(job);
	queue_refresh();
	job->id = next_id();
	if (kind.done_by != DONE_BY_SQL)
	{
		job->effect_key = palloc(sizeof(pg_uuid_t));
		*job->effect_key = *DatumGetUUIDP(DirectFunctionCall1(gen_random_uuid, (Datum) 0));
	}
	if (job->unique_key)
	{
		const char *handler;
		int64		has = unique_take(job, &handler);

		if (has != job->id)
		{
			if (!request->replace || !replace_waiting(has))
			{
				tell_other_handler(job, handler);
				return has;
			}
			job->id = has;
			unique_prolong(job);
			if (request->depends_on)
				depend_require_end(job, request->depends_on);
		}
	}
	if (request->depends_on)
		write_dependent(request);
	else
		job_write(job, kind.done_by);
	return job->id;
}

/* Has an open network job that is not due yet run now */
void
job_bring_forward(int64 id)
{
	(void) open_bring_forward(id);
	estate_wake_at_end(WORKER_NETWORK);
}

/* Gives the open job with a reserved key, of whichever role, to another role */
void
job_give(const char *reserved_key, Oid role)
{
	static KeeperStatement statement = {
		"WITH given AS ("
		"  UPDATE estate_internal.job_unique SET role = $2::pg_catalog.regrole"
		"  WHERE unique_key OPERATOR(pg_catalog.=) $1 AND role OPERATOR(pg_catalog.<>) $2"
		"  RETURNING job)"
		" UPDATE estate_internal.job_open SET role = $2::pg_catalog.regrole"
		" FROM given WHERE id OPERATOR(pg_catalog.=) given.job",
		2, {TEXTOID, OIDOID}
	};
	Datum		values[] = {CStringGetTextDatum(reserved_key), ObjectIdGetDatum(role)};

	(void) keeper_do(&statement, values, NULL);
	estate_wake_at_end(WORKER_NETWORK);
}

/*
 * Whether the workers run nothing here, as after a restore; looked at when
 * somebody has changed that
 */
static bool
workers_are_quiet(void)
{
	static uint32 changes = 0;	/* and one more; 0: not looked at */
	const EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);

	if (slot && changes == slot->changes + 1)
		return false;
	if (!enable_is_bound())
		return true;
	changes = slot ? slot->changes + 1 : 0;
	return false;
}

/* Once for each session: the job is kept, but nothing will run it */
void
job_warn_without_workers(void)
{
	static bool warned = false;
	static LocalTransactionId looked_in = InvalidLocalTransactionId;

	if (warned || looked_in == MyLocalTransactionId)
		return;
	looked_in = MyLocalTransactionId;
	if (estate_find_slot(MyDatabaseId) == NULL && !estate_workers_configured())
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the job is kept, but no workers run in this database"),
				 errhint("CALL estate.run_jobs(); works jobs off here and now."
						 " SELECT * FROM estate.doctor(); tells how to start the workers.")));
	else if (workers_are_quiet())
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the job is kept, but the workers are not enabled in this database"),
				 errdetail("Somebody has disabled them, or this database was restored or copied"
						   " and stays quiet until somebody has looked at it."),
				 errhint("SELECT estate.enable_workers();")));
	else
		return;
	warned = true;
}
