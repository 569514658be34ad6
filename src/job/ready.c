/*
 * ready.c
 *	  Jobs in the lanes: put one there, take pages of them in hand.
 *
 * Runs in any process, inside a transaction.  The heaps are written and read
 * directly: nobody but these functions writes them, and rights were checked
 * where a job was enqueued.  Statements on them run as the keeper.  A row that
 * a transaction has deleted is a job that it is running; others pass it by
 * without waiting.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "job/lane.h"
#include "job/ready.h"

/* new jobs go to another heap when this one has so many pages, if that is empty */
#define ROTATE_PAGES 2048		/* 16 MB */

enum
{
	READY_ID, READY_HANDLER, READY_QUEUE, READY_PRIORITY, READY_MAX_ATTEMPTS, READY_ROLE,
	READY_ENQUEUED_AT, READY_ARGS, READY_COLUMNS
};

static ReadyHand *my_hand = NULL;

/* Writes a job; its transaction's commit makes it run */
void
ready_insert(const JobRequest *request, const char *handler, int64 id)
{
	int			lane = lane_of_priority(request->priority);
	int			segment = lane_current(lane);
	Relation	relation = table_open(lane_table(lane, segment), RowExclusiveLock);
	Datum		values[READY_COLUMNS];
	bool		nulls[READY_COLUMNS] = {false};
	HeapTuple	tuple;

	values[READY_ID] = Int64GetDatum(id);
	values[READY_HANDLER] = CStringGetTextDatum(handler);
	values[READY_QUEUE] = CStringGetTextDatum(request->queue);
	values[READY_PRIORITY] = Int16GetDatum(request->priority);
	values[READY_MAX_ATTEMPTS] = Int32GetDatum(request->max_attempts);
	values[READY_ROLE] = ObjectIdGetDatum(request->role);
	values[READY_ENQUEUED_AT] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[READY_ARGS] = JsonbPGetDatum(request->args);
	tuple = heap_form_tuple(RelationGetDescr(relation), values, nulls);
	/* at the end, not where there happens to be room: pages before the position would have to be read again */
	heap_insert(relation, tuple, GetCurrentCommandId(true), HEAP_INSERT_SKIP_FSM, NULL);
	lane_note_row(lane, segment, ItemPointerGetBlockNumber(&tuple->t_self));
	heap_freetuple(tuple);
	table_close(relation, NoLock);
}

/* Gives taken pages back; rows that are left on them are taken by somebody else, or by us */
void
ready_give_back(ReadyHand *hand)
{
	if (!hand->holds)
		return;
	hand->holds = false;
	if (!hand->private)
		lane_finish(hand->lane, hand->segment, &hand->blocks, hand->left > 0);
}

static void
give_back_at_exit(int code, Datum arg)
{
	/* we come before the abort of what is under way: its rows are there again as well */
	my_hand->left = my_hand->count;
	ready_give_back(my_hand);
}

/* An aborted batch has run nothing: all that it had taken is there again */
static void
give_back_at_abort(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT && my_hand->holds)
	{
		my_hand->left = my_hand->count;
		ready_give_back(my_hand);
	}
}

/* The one hand of this process; private: a session's, which begins anew */
ReadyHand *
ready_hand(bool private)
{
	if (my_hand == NULL)
	{
		my_hand = MemoryContextAllocZero(TopMemoryContext, sizeof(ReadyHand));
		my_hand->context = AllocSetContextCreate(TopMemoryContext, "pg_estate ready jobs", ALLOCSET_DEFAULT_SIZES);
		RegisterXactCallback(give_back_at_abort, NULL);
		before_shmem_exit(give_back_at_exit, (Datum) 0);
	}
	my_hand->private = private || estate_shared == NULL;
	return my_hand;
}

static void
read_job(ReadyJob *ready, TupleTableSlot *slot, const ReadyJob *before)
{
	Datum	   *values = slot->tts_values;
	const char *handler = TextDatumGetCString(values[READY_HANDLER]);

	memset(ready, 0, sizeof(*ready));
	ready->tid = slot->tts_tid;
	ready->job.id = DatumGetInt64(values[READY_ID]);
	/* most neighbours have the same handler: one copy will do */
	ready->job.handler = before && strcmp(before->job.handler, handler) == 0 ?
		before->job.handler : unconstify(char *, handler);
	ready->queue = TextDatumGetCString(values[READY_QUEUE]);
	ready->job.priority = DatumGetInt16(values[READY_PRIORITY]);
	ready->job.max_attempts = DatumGetInt32(values[READY_MAX_ATTEMPTS]);
	ready->job.role = DatumGetObjectId(values[READY_ROLE]);
	ready->job.enqueued_at = DatumGetTimestampTz(values[READY_ENQUEUED_AT]);
	ready->job.run_at = ready->job.enqueued_at;
	ready->job.args = (Jsonb *) PG_DETOAST_DATUM_COPY(values[READY_ARGS]);
	ready->job.attempt = 1;
}

/* A lane has all priorities of its side of 0; what is taken together is run in their order */
static int
compare_priority(const void *a, const void *b)
{
	const ReadyJob *x = a;
	const ReadyJob *y = b;

	if (x->job.priority != y->job.priority)
		return x->job.priority < y->job.priority ? -1 : 1;
	return ItemPointerCompare((ItemPointer) &x->tid, (ItemPointer) &y->tid);
}

/*
 * Reads the jobs on the taken pages.  The snapshot is taken after the pages
 * were: a row that becomes visible later is told of by its inserter.
 */
static void
read_pages(ReadyHand *hand, Relation relation)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	ItemPointerData first;
	ItemPointerData last;
	TableScanDesc scan;
	int			most = 256;
	bool		mixed = false;

	hand->jobs = palloc(sizeof(ReadyJob) * most);
	hand->count = 0;
	ItemPointerSet(&first, hand->blocks.from, FirstOffsetNumber);
	ItemPointerSet(&last, hand->blocks.to - 1, MaxOffsetNumber);
	scan = table_beginscan_tidrange(relation, snapshot, &first, &last);
	while (table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		if (hand->count == most)
		{
			most *= 2;
			hand->jobs = repalloc(hand->jobs, sizeof(ReadyJob) * most);
		}
		read_job(&hand->jobs[hand->count], slot, hand->count > 0 ? &hand->jobs[hand->count - 1] : NULL);
		mixed |= hand->jobs[hand->count].job.priority != hand->jobs[0].job.priority;
		hand->count++;
	}
	if (mixed)
		qsort(hand->jobs, hand->count, sizeof(ReadyJob), compare_priority);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	hand->left = hand->count;
}

/* The next pages, by the workers' position or by our own */
static bool
take_pages(ReadyHand *hand, Relation relation, int pages)
{
	uint32	   *at = &hand->at[hand->lane][hand->segment];
	BlockNumber nblocks = RelationGetNumberOfBlocks(relation);

	if (!hand->private)
		return lane_take(hand->lane, hand->segment, relation->rd_rel->relfilenode, nblocks, pages, &hand->blocks);
	if (*at >= nblocks)
		return false;
	hand->blocks.from = *at;
	hand->blocks.to = *at = Min(nblocks, *at + pages);
	return true;
}

static bool
take_from(ReadyHand *hand, int lane, int segment, int pages)
{
	Relation	relation = table_open(lane_table(lane, segment), AccessShareLock);
	bool		any = false;

	hand->lane = lane;
	hand->segment = segment;
	while (!any && take_pages(hand, relation, pages))
	{
		MemoryContext caller;

		CHECK_FOR_INTERRUPTS();
		hand->holds = true;
		hand->left = hand->count = 0;
		MemoryContextReset(hand->context);
		caller = MemoryContextSwitchTo(hand->context);
		read_pages(hand, relation);
		MemoryContextSwitchTo(caller);
		any = hand->count > 0;
		if (!any)
			ready_give_back(hand);
	}
	table_close(relation, AccessShareLock);
	return any;
}

static bool
take_any(ReadyHand *hand, int pages)
{
	for (int lane = 0; lane < ESTATE_LANES; lane++)
	{
		int			segments[ESTATE_SEGMENTS];

		lane_order(lane, segments);
		for (int i = 0; i < ESTATE_SEGMENTS; i++)
			if (take_from(hand, lane, segments[i], pages))
				return true;
	}
	return false;
}

/*
 * Takes the next pages that have jobs, by lane and age; false: there are none.
 * A session goes through all of them until a whole pass has found nothing to
 * run: handlers may have enqueued more.
 */
bool
ready_take(ReadyHand *hand, int pages)
{
	bool		any;

	ready_give_back(hand);
	any = take_any(hand, pages);
	if (any || !hand->private)
		return any;
	memset(hand->at, 0, sizeof(hand->at));
	if (!hand->any_in_pass)
		return false;
	hand->any_in_pass = false;
	any = take_any(hand, pages);
	if (!any)
		memset(hand->at, 0, sizeof(hand->at));
	return any;
}

/* Whether a job's row is still where it was read; the caller has a pin on its page */
static bool
is_there(Relation relation, Buffer buffer, const ReadyJob *job)
{
	Page		page;
	OffsetNumber offset = ItemPointerGetOffsetNumber(&job->tid);
	bool		there = false;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	page = BufferGetPage(buffer);
	if (offset <= PageGetMaxOffsetNumber(page) && ItemIdIsNormal(PageGetItemId(page, offset)))
	{
		HeapTupleData tuple;
		bool		isnull;

		tuple.t_tableOid = RelationGetRelid(relation);
		tuple.t_data = (HeapTupleHeader) PageGetItem(page, PageGetItemId(page, offset));
		tuple.t_len = ItemIdGetLength(PageGetItemId(page, offset));
		tuple.t_self = job->tid;
		there = DatumGetInt64(heap_getattr(&tuple, READY_ID + 1, RelationGetDescr(relation), &isnull)) == job->job.id;
	}
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	return there;
}

/*
 * Deletes the row of a job that is about to be run; false: somebody else has
 * it, or it is gone.
 *
 * No snapshot has been held since the row was read, so it may have been
 * deleted, and even pruned away: heap_delete() must not be let loose on what
 * is no tuple any more.  While we look and delete, our pin on the page keeps
 * it from being pruned.
 */
bool
ready_delete(const ReadyHand *hand, Relation relation, ReadyJob *job)
{
	BlockNumber block = ItemPointerGetBlockNumber(&job->tid);
	Buffer		buffer;
	TM_FailureData failure;
	bool		deleted;

	if (block >= RelationGetNumberOfBlocks(relation))
		return false;
	buffer = ReadBuffer(relation, block);
	deleted = is_there(relation, buffer, job) &&
		heap_delete(relation, &job->tid, GetCurrentCommandId(true), InvalidSnapshot,
					false, &failure, false) == TM_Ok;
	ReleaseBuffer(buffer);
	/* a worker may pass the row by while we hold it: if we abort, its page must be taken again */
	if (deleted && hand->private)
		lane_note_row(hand->lane, hand->segment, block);
	return deleted;
}

/*
 * Empties a segment all of whose jobs are done, and directs new jobs to an
 * empty one when the present one has grown.  Cheap when there is nothing to
 * do; never waits for a lock.
 */
static bool
empty_segment(int lane, int segment)
{
	Oid			oid = lane_table(lane, segment);
	EstateUser	user;
	Relation	relation;
	BlockNumber nblocks;
	bool		rows;

	if (!ConditionalLockRelationOid(oid, AccessExclusiveLock))
		return false;			/* a reader, or an inserter: another time */
	relation = table_open(oid, NoLock);
	nblocks = RelationGetNumberOfBlocks(relation);
	table_close(relation, NoLock);
	if (!lane_forget(lane, segment, nblocks))
		return false;
	/* the positions are a hint: see for ourselves that nothing is left */
	estate_become_keeper(&user);
	SPI_connect();
	PushActiveSnapshot(GetLatestSnapshot());
	SPI_execute(psprintf("SELECT FROM estate_internal.job_ready_%d_%d LIMIT 1", lane, segment), false, 1);
	rows = SPI_processed > 0;
	if (!rows)
		SPI_execute(psprintf("TRUNCATE estate_internal.job_ready_%d_%d", lane, segment), false, 0);
	PopActiveSnapshot();
	SPI_finish();
	estate_resume_user(&user);
	return !rows;
}

static BlockNumber
pages_of(int lane, int segment)
{
	Relation	relation = table_open(lane_table(lane, segment), AccessShareLock);
	BlockNumber nblocks = RelationGetNumberOfBlocks(relation);

	table_close(relation, AccessShareLock);
	return nblocks;
}

void
ready_sweep(void)
{
	for (int lane = 0; lane < ESTATE_LANES; lane++)
	{
		int			current = lane_current(lane);
		BlockNumber pages[ESTATE_SEGMENTS];

		for (int segment = 0; segment < ESTATE_SEGMENTS; segment++)
		{
			pages[segment] = pages_of(lane, segment);
			if (pages[segment] > (segment == current ? 128 : 0) && empty_segment(lane, segment))
				pages[segment] = 0;
		}
		if (estate_shared == NULL || pages[current] < ROTATE_PAGES)
			continue;
		for (int segment = 0; segment < ESTATE_SEGMENTS; segment++)
			if (pages[segment] == 0)
			{
				lane_rotate(lane, segment);
				break;
			}
	}
}

/*
 * Finds a waiting job by its id, which reads all that wait; locks its row if
 * nobody is running it.
 */
static bool
find_job(int64 id, int *lane, int *segment, ItemPointer tid, Oid *role)
{
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(id);
	bool		isnull;

	for (*lane = 0; *lane < ESTATE_LANES; (*lane)++)
		for (*segment = 0; *segment < ESTATE_SEGMENTS; (*segment)++)
		{
			CHECK_FOR_INTERRUPTS();
			SPI_execute_with_args(psprintf("SELECT ctid, role FROM estate_internal.job_ready_%d_%d"
										   " WHERE id OPERATOR(pg_catalog.=) $1 FOR UPDATE SKIP LOCKED", *lane, *segment),
								  1, &type, &value, NULL, false, 1);
			if (SPI_processed == 1)
			{
				*tid = *(ItemPointer) DatumGetPointer(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
				*role = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
				return true;
			}
		}
	return false;
}

/* The role of a waiting job; InvalidOid: it does not wait here */
Oid
ready_role(int64 id)
{
	int			lane;
	int			segment;
	ItemPointerData tid;
	Oid			role = InvalidOid;
	EstateUser	user;

	estate_become_keeper(&user);
	SPI_connect();
	if (find_job(id, &lane, &segment, &tid, &role))
		lane_note_row(lane, segment, ItemPointerGetBlockNumber(&tid));	/* locked: workers pass it by until we end */
	SPI_finish();
	estate_resume_user(&user);
	return role;
}

/* Cancels a waiting job */
bool
ready_cancel(int64 id)
{
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(id);
	int			lane;
	int			segment;
	ItemPointerData tid;
	Oid			role;
	EstateUser	user;
	bool		found;

	estate_become_keeper(&user);
	SPI_connect();
	found = find_job(id, &lane, &segment, &tid, &role);
	if (found)
	{
		lane_note_row(lane, segment, ItemPointerGetBlockNumber(&tid));
		SPI_execute_with_args(psprintf("WITH ended AS (DELETE FROM estate_internal.job_ready_%d_%d"
									   " WHERE id OPERATOR(pg_catalog.=) $1 RETURNING *)"
									   " INSERT INTO estate_internal.job_ended (id, handler, network, queue, priority, run_at, max_attempts,"
									   " role, effect_key, enqueued_at, args, attempt, errors, state, ended_at)"
									   " SELECT id, handler, false, queue, priority, enqueued_at, max_attempts, role, NULL, enqueued_at,"
									   " args, 0, '[]', 'cancelled', pg_catalog.clock_timestamp() FROM ended", lane, segment),
							  1, &type, &value, NULL, false, 0);
	}
	SPI_finish();
	estate_resume_user(&user);
	return found;
}
