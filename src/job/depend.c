/*
 * depend.c
 *	  Jobs that wait for other jobs.
 *
 * Runs wherever jobs are enqueued, in workers and in sessions that run jobs,
 * inside a transaction.  A row of job_dependency says that a job waits for a
 * blocker; the transaction that ends the blocker deletes the row and counts
 * the job's blockers down, so that a chain is as exactly once as its links.
 *
 * No blocker may slip away between our look at it and our commit.  One that we
 * have enqueued ourselves cannot: nobody sees it yet.  Others are locked; a
 * worker passes a locked row by.  One that is being run at the moment cannot be
 * locked: its row of job_dependency is marked unsure, and looked after by
 * depend_sweep() until the blocker is known to wait, or to have ended.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "job/count.h"
#include "job/depend.h"
#include "job/history.h"
#include "job/lane.h"
#include "job/look.h"

typedef enum BlockerState
{
	BLOCKER_UNKNOWN,
	BLOCKER_OURS,				/* enqueued by this transaction */
	BLOCKER_WAITS,
	BLOCKER_LOCKED,
	BLOCKER_DONE,
	BLOCKER_FAILED
} BlockerState;

typedef struct Blocker
{
	int64		id;
	BlockerState state;
} Blocker;

/* this transaction counts among those that make dependencies */
static bool counted = false;

static int
compare_blockers(const void *a, const void *b)
{
	int64		x = ((const Blocker *) a)->id;
	int64		y = ((const Blocker *) b)->id;

	return x < y ? -1 : x > y;
}

static Blocker *
find(Blocker *blockers, int n, int64 id)
{
	Blocker		key = {id, BLOCKER_UNKNOWN};

	return bsearch(&key, blockers, n, sizeof(Blocker), compare_blockers);
}

/* Ids in a state, as an array */
static Datum
ids_in(const Blocker *blockers, int n, BlockerState state)
{
	int64	   *ids = palloc(sizeof(int64) * Max(n, 1));
	int			count = 0;

	for (int i = 0; i < n; i++)
		if (blockers[i].state == state)
			ids[count++] = blockers[i].id;
	return keeper_ids(ids, count);
}

/* Sorted, each once */
static Blocker *
read_ids(ArrayType *array, int *n)
{
	Datum	   *ids;
	bool	   *nulls;
	Blocker    *blockers;
	int			count = 0;

	deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &ids, &nulls, n);
	blockers = palloc0(sizeof(Blocker) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("an id in depends_on must not be null")));
		blockers[i].id = DatumGetInt64(ids[i]);
	}
	qsort(blockers, *n, sizeof(Blocker), compare_blockers);
	for (int i = 0; i < *n; i++)
		if (count == 0 || blockers[count - 1].id != blockers[i].id)
			blockers[count++] = blockers[i];
	*n = count;
	return blockers;
}

/* Whoever may not touch a job may not wait for it either: he would learn how it goes */
static void
require_role(int64 id, Oid role, Oid job_role)
{
	if (!has_privs_of_role(role, job_role) && !has_privs_of_role(role, estate_owner()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for job " INT64_FORMAT, id)));
}

/* Which of them wait, and which of those are ours */
static void
look_at_waiting(Blocker *blockers, int n, Oid role)
{
	static KeeperStatement statement = {
		"SELECT id, role, xmin FROM estate_internal.job_open"
		" WHERE id OPERATOR(pg_catalog.=) ANY ($1)"
		" UNION ALL"
		" SELECT id, role, xmin FROM estate_internal.job_ready"
		" WHERE id OPERATOR(pg_catalog.=) ANY ($1)",
		1, {INT8ARRAYOID}
	};
	Datum		value = ids_in(blockers, n, BLOCKER_UNKNOWN);
	KeeperRows	rows = keeper_run(&statement, &value, NULL);

	for (uint64 i = 0; i < rows.n; i++)
	{
		Blocker    *blocker = find(blockers, n, keeper_int64(rows, i, 1));
		TransactionId made_by = DatumGetTransactionId(keeper_value(rows, i, 3));

		require_role(blocker->id, role, keeper_oid(rows, i, 2));
		blocker->state = TransactionIdIsCurrentTransactionId(made_by) ? BLOCKER_OURS : BLOCKER_WAITS;
	}
}

/* Locks those that wait and are not ours, until the end of the transaction */
static void
lock_waiting(Blocker *blockers, int n)
{
	static KeeperStatement lock_open = {
		"SELECT id FROM estate_internal.job_open"
		" WHERE id OPERATOR(pg_catalog.=) ANY ($1)"
		" FOR KEY SHARE SKIP LOCKED",
		1, {INT8ARRAYOID}
	};
	static KeeperStatement lock_ready = {
		"SELECT id, tableoid, ctid FROM estate_internal.job_ready"
		" WHERE id OPERATOR(pg_catalog.=) ANY ($1)"
		" FOR KEY SHARE SKIP LOCKED",
		1, {INT8ARRAYOID}
	};
	Datum		value = ids_in(blockers, n, BLOCKER_WAITS);
	KeeperRows	rows;

	if (ARR_NDIM(DatumGetArrayTypeP(value)) == 0)
		return;
	rows = keeper_run(&lock_open, &value, NULL);
	for (uint64 i = 0; i < rows.n; i++)
		find(blockers, n, keeper_int64(rows, i, 1))->state = BLOCKER_LOCKED;
	rows = keeper_run(&lock_ready, &value, NULL);
	for (uint64 i = 0; i < rows.n; i++)
	{
		ItemPointer tid = (ItemPointer) DatumGetPointer(keeper_value(rows, i, 3));

		find(blockers, n, keeper_int64(rows, i, 1))->state = BLOCKER_LOCKED;
		/* workers pass it by until we end */
		lane_note_row(lane_heap(keeper_oid(rows, i, 2)), ItemPointerGetBlockNumber(tid));
	}
	estate_wake_at_end(WORKER_SQL);
	estate_wake_at_end(WORKER_NETWORK);
}

/* How those have ended that do not wait any more */
static void
look_at_ended(Blocker *blockers, int n, Oid role)
{
	static KeeperStatement statement = {
		"SELECT id, role, state OPERATOR(pg_catalog.=) 'done' FROM estate_internal.job_ended"
		" WHERE id OPERATOR(pg_catalog.=) ANY ($1)",
		1, {INT8ARRAYOID}
	};
	Datum		value = ids_in(blockers, n, BLOCKER_UNKNOWN);
	KeeperRows	rows = keeper_run(&statement, &value, NULL);

	for (uint64 i = 0; i < rows.n; i++)
	{
		Blocker    *blocker = find(blockers, n, keeper_int64(rows, i, 1));

		require_role(blocker->id, role, keeper_oid(rows, i, 2));
		blocker->state = keeper_bool(rows, i, 3) ? BLOCKER_DONE : BLOCKER_FAILED;
	}
	for (int i = 0; i < n; i++)
		if (blockers[i].state == BLOCKER_UNKNOWN)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("job " INT64_FORMAT ", which a job is to depend on, does not exist", blockers[i].id),
					 errhint("A job that has ended may have left the history: enqueue both in one transaction.")));
}

static void
write_dependencies(const Job *job, const Blocker *blockers, int n, bool when_ended)
{
	static KeeperStatement statement = {
		"INSERT INTO estate_internal.job_dependency (blocker, job, when_ended, unsure)"
		" SELECT b, $2, $3, $4 FROM pg_catalog.unnest($1) b",
		4, {INT8ARRAYOID, INT8OID, BOOLOID, BOOLOID}, KEEPER_PLAN_ONCE
	};
	static const BlockerState states[] = {BLOCKER_OURS, BLOCKER_LOCKED, BLOCKER_WAITS};
	Datum		values[] = {(Datum) 0, Int64GetDatum(job->id), BoolGetDatum(when_ended),
	BoolGetDatum(false)};

	for (int i = 0; i < lengthof(states); i++)
	{
		values[0] = ids_in(blockers, n, states[i]);
		values[3] = BoolGetDatum(states[i] == BLOCKER_WAITS);	/* it could not be locked */
		(void) keeper_run(&statement, values, NULL);
	}
}

void
depend_at_end(XactEvent event)
{
	if (!counted)
		return;
	counted = false;
	look_depending_ends(event != XACT_EVENT_ABORT);
	if (event == XACT_EVENT_PREPARE)
		estate_note_prepared();
}

/*
 * Workers need not look for dependencies where there are none: this tells them,
 * before anybody can see our jobs, that there are some to come.
 */
static void
count_in(void)
{
	if (!counted)
		counted = look_depending_begins();
}

/*
 * Makes a job wait for others; its own row is for the caller to write.
 * Returns how many it has to wait for.  `*lost` is one that has failed, when
 * the job waits for success: it will never run; else 0.
 */
int
depend_on(const Job *job, ArrayType *array, bool when_ended, int64 *lost)
{
	EstateUser	user;
	int			n;
	int			waits = 0;
	Blocker    *blockers = read_ids(array, &n);

	*lost = 0;
	count_in();
	keeper_begin(&user);
	look_at_waiting(blockers, n, job->role);
	lock_waiting(blockers, n);
	look_at_ended(blockers, n, job->role);
	for (int i = 0; i < n; i++)
	{
		if (blockers[i].state == BLOCKER_FAILED && !when_ended)
			*lost = blockers[i].id;
		waits += blockers[i].state != BLOCKER_DONE && blockers[i].state != BLOCKER_FAILED;
	}
	if (*lost == 0)
		write_dependencies(job, blockers, n, when_ended);
	keeper_end(&user);
	return *lost ? 0 : waits;
}

/*
 * A job that is asked for anew may have others waiting for it already: it must
 * not wait for one of those, or none of them would ever run.
 */
void
depend_require_end(const Job *job, ArrayType *blockers)
{
	static KeeperStatement statement = {
		"WITH RECURSIVE ahead AS ("
		"  SELECT b AS id FROM pg_catalog.unnest($1) b"
		"  UNION"
		"  SELECT d.blocker FROM ahead a"
		"  JOIN estate_internal.job_dependency d ON d.job OPERATOR(pg_catalog.=) a.id)"
		" SELECT FROM ahead WHERE id OPERATOR(pg_catalog.=) $2",
		2, {INT8ARRAYOID, INT8OID}, KEEPER_FIRST
	};
	Datum		values[] = {PointerGetDatum(blockers), Int64GetDatum(job->id)};

	if (keeper_do(&statement, values, NULL) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("job " INT64_FORMAT " would wait for itself", job->id),
				 errdetail("It has the unique key \"%s\" already, and a job of depends_on is it or waits for it.", job->unique_key)));
}

/* Whether there may be a dependency, of anybody: no row is in a table without pages */
static bool
depend_has_pages(void)
{
	Relation	relation = table_open(record_table("job_dependency"), AccessShareLock);
	bool		any = RelationGetNumberOfBlocks(relation) > 0;

	table_close(relation, AccessShareLock);
	return any;
}

/*
 * Whether jobs may be waiting for others: before the commit that makes them
 * wait until the sweep that finds none.  Where nobody keeps the flag that says
 * so, the table is asked.
 */
bool
depend_any(void)
{
	return look_any_depending() && (estate_piece(&look_area) || depend_has_pages());
}

/* Jobs for which these were the last to wait for can run, or wait for their time */
static void
count_down(Datum done, Datum failed)
{
	/*
	 * Jobs before what they wait for, as take_lost() does, and in one order,
	 * whoever comes: two that end blockers of the same jobs must not wait for
	 * each other.
	 */
	static KeeperStatement statement = {
		"WITH locked AS MATERIALIZED ("
		"  SELECT id FROM estate_internal.job_open"
		"  WHERE id OPERATOR(pg_catalog.=) ANY (ARRAY("
		"   SELECT job FROM estate_internal.job_dependency"
		"   WHERE blocker OPERATOR(pg_catalog.=) ANY ($1)"
		"   OR (when_ended AND blocker OPERATOR(pg_catalog.=) ANY ($2))))"
		"  ORDER BY id FOR UPDATE),"
		" gone AS ("
		"  DELETE FROM estate_internal.job_dependency d USING locked l"
		"  WHERE d.job OPERATOR(pg_catalog.=) l.id"
		"  AND (d.blocker OPERATOR(pg_catalog.=) ANY ($1)"
		"   OR (d.when_ended AND d.blocker OPERATOR(pg_catalog.=) ANY ($2)))"
		"  RETURNING d.job),"
		" counted AS MATERIALIZED ("
		"  SELECT job, pg_catalog.count(*)::pg_catalog.int4 AS n FROM gone GROUP BY job)"
		" UPDATE estate_internal.job_open o"
		" SET blockers = NULLIF(o.blockers OPERATOR(pg_catalog.-) c.n, 0),"
		"  waits_for = CASE WHEN o.blockers OPERATOR(pg_catalog.<=) c.n THEN 'time' ELSE 'jobs' END"
		" FROM counted c WHERE o.id OPERATOR(pg_catalog.=) c.job"
		" RETURNING o.queue, " COUNTED_OPEN_ROW("o.") ", 1::pg_catalog.int8",
		2, {INT8ARRAYOID, INT8ARRAYOID}
	};
	Datum		values[] = {done, failed};
	KeeperRows	rows = keeper_run(&statement, values, NULL);

	(void) count_rows(rows, 1);
	for (uint64 i = 0; i < rows.n; i++)
		count_jobs(keeper_text(rows, i, 1), COUNTED_BLOCKED, -1);
	if (rows.n > 0)
	{
		estate_wake_at_commit(WORKER_SQL);
		estate_wake_at_commit(WORKER_NETWORK);
	}
}

/* What can never run because of these; taken out of job_open, as a list of JobEnding */
static List *
take_lost(Datum failed)
{
	static KeeperStatement forget = {
		"DELETE FROM estate_internal.job_dependency"
		" WHERE job OPERATOR(pg_catalog.=) ANY ($1)",
		1, {INT8ARRAYOID}
	};
	static KeeperStatement take = {
		"WITH lost AS MATERIALIZED ("
		"  SELECT o.id FROM estate_internal.job_open o"
		"  WHERE o.id OPERATOR(pg_catalog.=) ANY (ARRAY("
		"   SELECT job FROM estate_internal.job_dependency"
		"   WHERE NOT when_ended AND blocker OPERATOR(pg_catalog.=) ANY ($1)))"
		"  ORDER BY o.id FOR UPDATE),"
		" gone AS ("
		"  DELETE FROM estate_internal.job_dependency d USING lost"
		"  WHERE d.job OPERATOR(pg_catalog.=) lost.id)"
		" DELETE FROM estate_internal.job_open o USING lost"
		" WHERE o.id OPERATOR(pg_catalog.=) lost.id"
		" RETURNING o.*",
		1, {INT8ARRAYOID}
	};
	List	   *lost = NIL;
	KeeperRows	rows;

	(void) keeper_run(&forget, &failed, NULL);
	rows = keeper_run(&take, &failed, NULL);
	for (uint64 i = 0; i < rows.n; i++)
	{
		JobEnding  *ending = palloc(sizeof(JobEnding));

		ending->job = record_of_row(rows, i);
		ending->done_by = keeper_char(rows, i, OPEN_DONE_BY + 1);
		ending->state = "cancelled";
		count_jobs(ending->job->queue, COUNTED_BLOCKED, -1);
		lost = lappend(lost, ending);
	}
	return lost;
}

/*
 * Jobs have ended: those that waited for them go on.  Returns the endings of
 * jobs that can never run because others have failed; they have been taken
 * away from where they waited, and it is for the caller to write them.
 */
List *
depend_ended(const EndedJobs *ended)
{
	Datum		failed = keeper_ids(ended->failed, ended->nfailed);
	List	   *lost = NIL;
	EstateUser	user;

	keeper_begin(&user);
	count_down(keeper_ids(ended->done, ended->ndone), failed);
	if (ended->nfailed > 0)
		lost = take_lost(failed);
	keeper_end(&user);
	return lost;
}

/*
 * Jobs that have ended while somebody was about to wait for them, and could
 * not tell.  One that has left no trace, since its queue keeps none, was done.
 */
static void
find_slipped(EndedJobs *ended)
{
	static KeeperStatement statement = {
		"SELECT DISTINCT d.blocker, COALESCE(e.state OPERATOR(pg_catalog.=) 'done', true)"
		" FROM estate_internal.job_dependency d"
		" LEFT JOIN estate_internal.job_ended e ON e.id OPERATOR(pg_catalog.=) d.blocker"
		" WHERE d.unsure"
		" AND NOT EXISTS (SELECT FROM estate_internal.job_open o"
		"  WHERE o.id OPERATOR(pg_catalog.=) d.blocker)"
		" AND NOT EXISTS (SELECT FROM estate_internal.job_ready r"
		"  WHERE r.id OPERATOR(pg_catalog.=) d.blocker)",
		.flags = KEEPER_PASSING
	};
	KeeperRows	rows = keeper_run(&statement, NULL, NULL);

	ended->done = palloc(sizeof(int64) * Max(rows.n, 1));
	ended->failed = palloc(sizeof(int64) * Max(rows.n, 1));
	for (uint64 i = 0; i < rows.n; i++)
		if (keeper_bool(rows, i, 2))
			ended->done[ended->ndone++] = keeper_int64(rows, i, 1);
		else
			ended->failed[ended->nfailed++] = keeper_int64(rows, i, 1);
}

/*
 * Looks after dependencies that are unsure, and whether there are any at all.
 * `ended` is what the caller has to settle.  Whether that is anything.
 */
bool
depend_sweep(EndedJobs *ended)
{
	static KeeperStatement statement = {
		"SELECT pg_catalog.bool_or(unsure) FROM ("
		"  SELECT unsure FROM estate_internal.job_dependency WHERE unsure"
		"  UNION ALL"
		"  (SELECT unsure FROM estate_internal.job_dependency LIMIT 1)) d"
		" HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0",
		.flags = KEEPER_NEWEST | KEEPER_PASSING
	};
	EstateUser	user;
	KeeperRows	rows;
	bool		again;

	memset(ended, 0, sizeof(*ended));
	if (!depend_any())
		return false;
	/* before we look: whoever comes from now on says so himself */
	again = look_begin(LOOK_DEPENDENCIES);
	keeper_begin(&user);
	rows = keeper_run(&statement, NULL, NULL);
	if (again || rows.n > 0)
		look_put_up(LOOK_DEPENDENCIES);
	if (rows.n > 0 && keeper_bool(rows, 0, 1))
		find_slipped(ended);
	keeper_end(&user);
	return ended->ndone + ended->nfailed > 0;
}
