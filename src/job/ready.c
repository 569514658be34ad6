/*
 * ready.c
 *	  Jobs in the lanes: put one there, find one by its id.
 *
 * Runs in any process, inside a transaction.  The heaps are written and read
 * directly: nobody but we write them, and rights were checked where a job was
 * enqueued.  Statements on them run as the keeper.  A row that a transaction
 * has deleted is a job that it is running; others pass it by without waiting.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "utils/rel.h"

#include "job/count.h"
#include "job/queue.h"
#include "job/ready.h"
#include "job/record.h"
#include "job/row.h"

/*
 * The heap that new jobs of a queue go to.  What shared memory says of a lane
 * may be of a queue that had its number before: then it is the first one.  When
 * the queue has just been dropped it is one of the default queue.
 */
static Relation
open_heap(LaneHeap *heap)
{
	for (;;)
	{
		Oid			table = lane_table(*heap);
		Relation	relation = OidIsValid(table) ? try_table_open(table, RowExclusiveLock) : NULL;

		if (relation)
			return relation;
		if (heap->segment != 0)
			heap->segment = 0;
		else if (heap->queue != QUEUE_DEFAULT)
			*heap = (LaneHeap) {
				QUEUE_DEFAULT, heap->lane, lane_current(QUEUE_DEFAULT, heap->lane)
			};
		else
			elog(ERROR, "lane %d of the default queue has no heap", heap->lane);
	}
}

static HeapTuple
row_of(const Job *job, Relation relation)
{
	int			natts = RelationGetDescr(relation)->natts;
	Datum		ours[JOB_COLUMNS];
	bool		nulls_of_ours[JOB_COLUMNS];
	Datum	   *values = ours;
	bool	   *nulls = nulls_of_ours;
	RecordTexts texts = {0};

	record_check_columns(relation, JOB_COLUMNS);
	if (natts > JOB_COLUMNS)	/* somebody has added a column */
	{
		values = palloc0(sizeof(Datum) * natts);
		nulls = palloc(sizeof(bool) * natts);
		memset(nulls, true, sizeof(bool) * natts);
	}
	record_fill(job, values, nulls, &texts);
	nulls[JOB_RUN_AT] = job->run_at == job->enqueued_at;
	nulls[JOB_ATTEMPT] = job->attempt == 0;
	return heap_form_tuple(RelationGetDescr(relation), values, nulls);
}

/*
 * Writes a job; its transaction's commit makes it run.  Where its queue is
 * paused nobody need be woken.
 */
void
ready_insert(const Job *job)
{
	LaneHeap	heap;
	Relation	relation;
	HeapTuple	tuple;

	heap.queue = queue_find(job->queue);
	/* it was a suspect's turn when the server crashed: it is before all others */
	heap.lane = job->alone ? 0 : lane_of_priority(job->priority);
	heap.segment = lane_current(heap.queue, heap.lane);
	relation = open_heap(&heap);
	tuple = row_of(job, relation);
	row_insert(relation, tuple);
	lane_note_row(heap, ItemPointerGetBlockNumber(&tuple->t_self));
	heap_freetuple(tuple);
	table_close(relation, NoLock);
	count_jobs(job->queue, COUNTED_READY, 1);
	if (!queue_at(heap.queue)->paused)
		estate_wake_at_commit(WORKER_SQL);
}

/*
 * Takes jobs out of their lanes, whose rows the statement has locked; of its
 * result these two columns are tableoid and ctid.  If the transaction is undone
 * the jobs are there again, and workers may have passed them by.
 */
void
ready_take_found(KeeperRows rows, int table_column)
{
	LaneHeap	heap = {0};
	Oid			table = InvalidOid;

	for (uint64 i = 0; i < rows.n; i++)
	{
		Oid			next = keeper_oid(rows, i, table_column);

		if (next != table)
			heap = lane_heap(next);
		table = next;
		lane_note_row(heap, ItemPointerGetBlockNumber(row_tid(rows, i, table_column + 1)));
	}
	row_delete_found(rows, table_column);
}

/*
 * Finds a waiting job by its id, which reads all that wait; locks its row if
 * nobody is running it.
 */
static KeeperRows
find_job(int64 id)
{
	static KeeperStatement statement = {
		"SELECT " JOB_COLUMN_NAMES ", tableoid, ctid FROM estate_internal.job_ready"
		" WHERE id OPERATOR(pg_catalog.=) $1"
		" FOR UPDATE SKIP LOCKED",
		1, {INT8OID}, KEEPER_FIRST
	};
	Datum		value = Int64GetDatum(id);

	return keeper_run(&statement, &value, NULL);
}

/*
 * The role of a waiting job, which is locked until the transaction ends;
 * InvalidOid: it does not wait here
 */
Oid
ready_role(int64 id)
{
	EstateUser	user;
	KeeperRows	rows;
	Oid			role = InvalidOid;

	keeper_begin(&user);
	rows = find_job(id);
	if (rows.n > 0)
	{
		role = keeper_oid(rows, 0, JOB_ROLE + 1);
		/* workers pass it by until we end */
		lane_note_row(lane_heap(keeper_oid(rows, 0, JOB_COLUMNS + 1)),
					  ItemPointerGetBlockNumber(row_tid(rows, 0, JOB_COLUMNS + 2)));
	}
	keeper_end(&user);
	return role;
}

/*
 * Takes a waiting job out of its lane, into the current context; NULL: it does
 * not wait there, or is being run
 */
Job *
ready_remove(int64 id)
{
	EstateUser	user;
	KeeperRows	rows;
	Job		   *job = NULL;

	keeper_begin(&user);
	rows = find_job(id);
	if (rows.n > 0)
	{
		job = record_of_row(rows, 0);
		ready_take_found(rows, JOB_COLUMNS + 1);
		count_jobs(job->queue, COUNTED_READY, -1);
	}
	keeper_end(&user);
	return job;
}
