/*
 * ready_take.c
 *	  Take pages of the lanes in hand.
 *
 * Runs in workers and in sessions that run jobs, inside a transaction.  A
 * process has one hand.  The jobs in it live in a context of its own, until
 * other pages are taken.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "job/limit.h"
#include "job/queue.h"
#include "job/ready.h"
#include "job/record.h"

#define LOCKED_AGAIN_MS 100
#define HAND_FIRST_ROOM 1024	/* jobs; more are made room for */

static ReadyHand *my_hand = NULL;

/* page of the row that was deleted last, of the batch's table; its jobs have been looked for before this one */
static Buffer pinned = InvalidBuffer;
static ReadyJob *looked_to = NULL;

/* queues of which nothing can be run for now, though there is room: the keys of their next jobs are busy */
static bool skipped[QUEUES];

/* Gives taken pages back; rows that are left on them are taken by somebody else, or by us */
void
ready_give_back(ReadyHand *hand)
{
	if (!hand->holds)
		return;
	hand->holds = false;
	if (!hand->private)
		lane_finish(hand->heap, &hand->blocks, hand->unread || hand->left > 0);
	else if (hand->unread || hand->left > 0)
		hand->at[hand->heap.queue][hand->heap.lane][hand->heap.segment] = hand->blocks.from;	/* they are the next */
}

/* All that was taken is there again, and perhaps more than had been read */
static void
give_all_back(void)
{
	my_hand->left = Max(my_hand->count, 1);
	ready_give_back(my_hand);
}

static void
give_back_at_exit(int code, Datum arg)
{
	/*
	 * We come before the abort of what is under way, which gives them back when
	 * its rows are there again: before that others would pass them by.
	 */
	if (!IsTransactionOrTransactionBlock())
		ready_give_back(my_hand);
}

/* An aborted batch has run nothing; neither allocates nor throws */
void
ready_at_end(XactEvent event)
{
	if (my_hand && event == XACT_EVENT_ABORT)
	{
		pinned = InvalidBuffer; /* released with the transaction */
		give_all_back();
	}
}

/* The one hand of this process; private: a session's */
ReadyHand *
ready_hand(bool private)
{
	if (my_hand == NULL)
	{
		ReadyHand  *hand = MemoryContextAllocZero(TopMemoryContext, sizeof(ReadyHand));

		hand->context = AllocSetContextCreate(TopMemoryContext, "pg_estate ready jobs", ALLOCSET_DEFAULT_SIZES);
		hand->most = HAND_FIRST_ROOM;
		hand->jobs = MemoryContextAlloc(TopMemoryContext, sizeof(ReadyJob) * hand->most);
		before_shmem_exit(give_back_at_exit, (Datum) 0);
		my_hand = hand;
	}
	/* one that an error left went with its subtransaction */
	pinned = InvalidBuffer;
	my_hand->private = private || estate_shared == NULL;
	return my_hand;
}

/* A session begins to run jobs: nothing is left of a run before, which may have been broken off anywhere */
void
ready_begin(void)
{
	ReadyHand  *hand = ready_hand(true);

	hand->holds = false;
	hand->any_in_pass = false;
	memset(hand->at, 0, sizeof(hand->at));
}

/* A lane has all priorities of its side of 0; what is taken together is run in their order, and by when it was due */
static int
compare_order(const void *a, const void *b)
{
	const ReadyJob *x = a;
	const ReadyJob *y = b;

	if (x->job.priority != y->job.priority)
		return x->job.priority < y->job.priority ? -1 : 1;
	if (x->job.run_at != y->job.run_at)
		return x->job.run_at < y->job.run_at ? -1 : 1;
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
	bool		mixed = false;

	hand->count = 0;
	ItemPointerSet(&first, hand->blocks.from, FirstOffsetNumber);
	ItemPointerSet(&last, hand->blocks.to - 1, MaxOffsetNumber);
	scan = table_beginscan_tidrange(relation, snapshot, &first, &last);
	while (table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot))
	{
		ReadyJob   *ready;

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		if (hand->count == hand->most)
		{
			hand->most *= 2;
			hand->jobs = repalloc(hand->jobs, sizeof(ReadyJob) * hand->most);
		}
		ready = &hand->jobs[hand->count];
		record_read(&ready->job, slot->tts_values, slot->tts_isnull, hand->count > 0 ? &ready[-1].job : NULL);
		ready->tid = slot->tts_tid;
		ready->settled = ready->key_freed = false;
		mixed |= ready->job.priority != hand->jobs[0].job.priority || !slot->tts_isnull[JOB_RUN_AT];
		hand->count++;
	}
	if (mixed)
		qsort(hand->jobs, hand->count, sizeof(ReadyJob), compare_order);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	hand->left = hand->count;
}

/* The next pages, by the workers' position or by our own */
static bool
take_pages(ReadyHand *hand, Relation relation, int pages)
{
	uint32	   *at = &hand->at[hand->heap.queue][hand->heap.lane][hand->heap.segment];
	BlockNumber nblocks = RelationGetNumberOfBlocks(relation);

	if (!hand->private)
		return lane_take(hand->heap, relation->rd_rel->relfilenode, nblocks, pages, &hand->blocks);
	if (*at >= nblocks)
		return false;
	hand->blocks.from = *at;
	hand->blocks.to = *at = Min(nblocks, *at + pages);
	return true;
}

/*
 * Opens a heap, unless somebody has locked it who drops the queue: then it is
 * looked at again soon.  NULL: it is not to be had.
 */
Relation
ready_open(LaneHeap heap, LOCKMODE mode, TimestampTz *until)
{
	Oid			table = lane_table(heap);

	if (!OidIsValid(table))
		return NULL;			/* the queue has been dropped */
	if (ConditionalLockRelationOid(table, mode))
		return try_table_open(table, NoLock);
	*until = Min(*until, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), LOCKED_AGAIN_MS));
	return NULL;
}

static bool
take_from(ReadyHand *hand, LaneHeap heap, int pages, TimestampTz *until)
{
	Relation	relation = ready_open(heap, AccessShareLock, until);
	bool		any = false;

	if (relation == NULL)
		return false;
	hand->heap = heap;
	while (!any && take_pages(hand, relation, pages))
	{
		MemoryContext caller;

		/* before anything can be interrupted: the position has been moved */
		hand->holds = hand->unread = true;
		hand->left = hand->count = 0;
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(hand->context);
		caller = MemoryContextSwitchTo(hand->context);
		read_pages(hand, relation);
		MemoryContextSwitchTo(caller);
		hand->unread = false;
		any = hand->count > 0;
		if (!any)
			ready_give_back(hand);
		CHECK_FOR_INTERRUPTS();
	}
	table_close(relation, AccessShareLock);
	return any;
}

static bool
take_from_lane(ReadyHand *hand, int queue, int lane, int pages, TimestampTz *until)
{
	int			segments[LANE_SEGMENTS];

	lane_order(queue, lane, segments);
	for (int i = 0; i < LANE_SEGMENTS; i++)
		if (take_from(hand, (LaneHeap) {queue, lane, segments[i]}, pages, until))
			return true;
	return false;
}

/*
 * Priority goes before queue; within a lane of priority the queues take turns,
 * so that a long one does not keep the others waiting.
 */
static bool
take_any(ReadyHand *hand, int pages, TimestampTz *until)
{
	static int	turn = 0;
	bool		room[QUEUES];
	TimestampTz now = estate_now();

	for (int queue = 0; queue < QUEUES; queue++)
		room[queue] = queue_at(queue)->defined && !skipped[queue] && limit_has_room(queue, now, until);
	for (int lane = 0; lane < LANES; lane++)
		for (int i = 1; i <= QUEUES; i++)
		{
			int			queue = (turn + i) % QUEUES;

			if (room[queue] && take_from_lane(hand, queue, lane, pages, until))
			{
				turn = queue;
				return true;
			}
		}
	return false;
}

/*
 * What is in hand cannot be run for now: a worker leaves its queue alone until
 * its next turn, a session passes it by.
 */
void
ready_skip(ReadyHand *hand)
{
	if (hand->private)
		hand->left = 0;
	else
	{
		skipped[hand->heap.queue] = true;
		ready_give_back(hand);
	}
}

void
ready_skip_none(void)
{
	memset(skipped, false, sizeof(skipped));
}

/*
 * Takes the next pages that have jobs, by lane, queue and age; false: there
 * are none, and `*until` is lowered to when a limit may let some.  A session
 * goes through all of them until a whole pass has found nothing to run:
 * handlers may have enqueued more.
 */
bool
ready_take(ReadyHand *hand, int pages, TimestampTz *until)
{
	bool		any;

	ready_give_back(hand);
	any = take_any(hand, pages, until);
	if (any || !hand->private)
		return any;
	memset(hand->at, 0, sizeof(hand->at));
	if (!hand->any_in_pass)
		return false;
	hand->any_in_pass = false;
	any = take_any(hand, pages, until);
	if (!any)
		memset(hand->at, 0, sizeof(hand->at));
	return any;
}

/* Whether a job's row is still where it was read, on a page that the caller has locked */
static bool
is_there(Relation relation, Page page, const ReadyJob *job)
{
	OffsetNumber offset = ItemPointerGetOffsetNumber(&job->tid);
	HeapTupleData tuple;
	bool		isnull;

	if (offset > PageGetMaxOffsetNumber(page) || !ItemIdIsNormal(PageGetItemId(page, offset)))
		return false;
	tuple.t_tableOid = RelationGetRelid(relation);
	tuple.t_data = (HeapTupleHeader) PageGetItem(page, PageGetItemId(page, offset));
	tuple.t_len = ItemIdGetLength(PageGetItemId(page, offset));
	tuple.t_self = job->tid;
	return DatumGetInt64(heap_getattr(&tuple, JOB_ID + 1, RelationGetDescr(relation), &isnull)) == job->job.id;
}

/*
 * Looks for the rows of a job and of those behind it on the pinned page: what
 * is there stays a tuple for as long as we have the pin.
 */
static void
look_for_rows(const ReadyHand *hand, Relation relation, ReadyJob *job)
{
	BlockNumber block = ItemPointerGetBlockNumber(&job->tid);
	Page		page = BufferGetPage(pinned);

	LockBuffer(pinned, BUFFER_LOCK_SHARE);
	for (; job < &hand->jobs[hand->count] && ItemPointerGetBlockNumber(&job->tid) == block; job++)
		job->there = is_there(relation, page, job);
	LockBuffer(pinned, BUFFER_LOCK_UNLOCK);
	looked_to = job;
}

/*
 * Deletes the row of a job that is about to be run; false: somebody else has
 * it, or it is gone.
 *
 * No snapshot has been held since the row was read, so it may have been
 * deleted, and even pruned away: heap_delete() must not be let loose on what
 * is no tuple any more.  While we look and delete, our pin on the page keeps
 * it from being pruned; it stays until ready_unpin(), since the next row is
 * mostly on the same page, and has been looked for then.
 */
bool
ready_delete(const ReadyHand *hand, Relation relation, ReadyJob *job)
{
	BlockNumber block = ItemPointerGetBlockNumber(&job->tid);
	TM_FailureData failure;
	bool		deleted;

	if (!BufferIsValid(pinned) || BufferGetBlockNumber(pinned) != block)
	{
		if (block >= RelationGetNumberOfBlocks(relation))
			return false;
		pinned = ReleaseAndReadBuffer(pinned, relation, block);
		looked_to = job;
	}
	if (job >= looked_to)
		look_for_rows(hand, relation, job);
	deleted = job->there &&
		heap_delete(relation, &job->tid, GetCurrentCommandId(true), InvalidSnapshot,
					false, &failure, false) == TM_Ok;
	/* a worker may pass the row by while we hold it: if we abort, its page must be taken again */
	if (deleted && hand->private)
		lane_note_row(hand->heap, block);
	return deleted;
}

/* Before the batch's table is closed, or a handler runs for long */
void
ready_unpin(void)
{
	if (BufferIsValid(pinned))
		ReleaseBuffer(pinned);
	pinned = InvalidBuffer;
}
