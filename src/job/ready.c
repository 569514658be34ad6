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

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/rel.h"

#include "job/count.h"
#include "job/queue.h"
#include "job/ready.h"
#include "job/record.h"

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

/*
 * Writes a job; its transaction's commit makes it run.  Where its queue is
 * paused nobody need be woken.
 */
void
ready_insert(const Job *job)
{
	LaneHeap	heap;
	Relation	relation;
	Datum		values[JOB_COLUMNS];
	bool		nulls[JOB_COLUMNS];
	RecordTexts texts = {0};
	HeapTuple	tuple;

	heap.queue = queue_find(job->queue);
	/* it was a suspect's turn when the server crashed: it is before all others */
	heap.lane = job->alone ? 0 : lane_of_priority(job->priority);
	heap.segment = lane_current(heap.queue, heap.lane);
	relation = open_heap(&heap);
	record_fill(job, values, nulls, &texts);
	nulls[JOB_RUN_AT] = job->run_at == job->enqueued_at;
	nulls[JOB_ATTEMPT] = job->attempt == 0;
	tuple = heap_form_tuple(RelationGetDescr(relation), values, nulls);
	/* at the end, not where there happens to be room: pages before the position would have to be read again */
	heap_insert(relation, tuple, GetCurrentCommandId(true), HEAP_INSERT_SKIP_FSM, NULL);
	lane_note_row(heap, ItemPointerGetBlockNumber(&tuple->t_self));
	heap_freetuple(tuple);
	table_close(relation, NoLock);
	count_jobs(job->queue, COUNTED_READY, 1);
	if (!queue_at(heap.queue)->paused)
		estate_wake_at_commit(WORKER_SQL);
}

/*
 * Finds a waiting job by its id, which reads all that wait; locks its row if
 * nobody is running it.
 */
static bool
find_job(int64 id, LaneHeap *heap, ItemPointer tid, Oid *role)
{
	static KeeperStatement statement = {
		"SELECT tableoid, ctid, role FROM estate_internal.job_ready"
		" WHERE id OPERATOR(pg_catalog.=) $1"
		" FOR UPDATE SKIP LOCKED",
		1, {INT8OID}, KEEPER_FIRST
	};
	Datum		value = Int64GetDatum(id);
	KeeperRows	rows = keeper_run(&statement, &value, NULL);

	if (rows.n == 0)
		return false;
	*heap = lane_heap(keeper_oid(rows, 0, 1));
	*tid = *(ItemPointer) DatumGetPointer(keeper_value(rows, 0, 2));
	*role = keeper_oid(rows, 0, 3);
	/* workers pass it by until we end */
	lane_note_row(*heap, ItemPointerGetBlockNumber(tid));
	return true;
}

/* The role of a waiting job, which is locked until the transaction ends; InvalidOid: it does not wait here */
Oid
ready_role(int64 id)
{
	LaneHeap	heap;
	ItemPointerData tid;
	Oid			role = InvalidOid;
	EstateUser	user;

	keeper_begin(&user);
	(void) find_job(id, &heap, &tid, &role);
	keeper_end(&user);
	return role;
}

/* Takes a waiting job out of its lane, into the current context; NULL: it does not wait there, or is being run */
Job *
ready_remove(int64 id)
{
	LaneHeap	heap;
	ItemPointerData tid;
	Datum		value = PointerGetDatum(&tid);
	Oid			role;
	EstateUser	user;
	Job		   *job = NULL;

	keeper_begin(&user);
	if (find_job(id, &heap, &tid, &role))
	{
		/* there may be hundreds of these tables: their plans are not kept */
		KeeperStatement statement = {
			psprintf("DELETE FROM estate_internal.job_ready_%d_%d_%d"
					 " WHERE ctid OPERATOR(pg_catalog.=) $1"
					 " RETURNING " JOB_COLUMN_NAMES, heap.queue, heap.lane, heap.segment),
			1, {TIDOID}, KEEPER_PASSING
		};
		KeeperRows	rows = keeper_run(&statement, &value, NULL);

		if (rows.n == 1)
		{
			job = record_of_row(rows, 0);
			count_jobs(job->queue, COUNTED_READY, -1);
		}
	}
	keeper_end(&user);
	return job;
}
