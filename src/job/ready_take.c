/*
 * ready_take.c
 *	  Take pages of the lanes in hand.
 *
 * Runs in workers and in sessions that run jobs, inside a transaction.  A
 * process has one hand.  The jobs in it live in a context of its own, until
 * other pages are taken.
 *
 * Invariants, that this file keeps together with lane.c:
 *
 *	1. A job is run by whoever deletes its row, in the transaction that
 *	   deletes it.  All else here is about where to look, and may be wrong.
 *	2. The position is moved past pages before the snapshot that reads them is
 *	   taken.  A row that the snapshot does not see belongs to a transaction that
 *	   ends later, and tells of its pages then (lane_at_end(), prepared.c).
 *	3. Pages that were taken are in somebody's hand until he gives them back,
 *	   with rows left or without; what he did not run is taken again.  While any
 *	   page of a heap is in a hand, or is to be taken again, the heap is not
 *	   emptied.
 *	4. Pages are not given back before the transaction that deletes their rows
 *	   has ended, unless the deleted rows were noted (lane_note_row()): if it is
 *	   undone they are there again, and somebody has to look.
 *	5. Between reading a row and deleting it no snapshot protects it.  So its page
 *	   is pinned, and the row is looked at, before it is deleted; and what it has
 *	   out of line is not touched before it was seen to be there.
 *	6. A hand is as large as its pages: what is compressed or out of line stays
 *	   so until its job is run, after inflight.c was told of it.
 *	7. A session's hand is private: it reads all lanes from their start, moves no
 *	   position, and passes by what others have deleted but not committed.
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

#include "job/hand.h"
#include "job/limit.h"
#include "job/queue.h"
#include "job/ready.h"
#include "job/record.h"

#define LOCKED_AGAIN_MS 100
#define HAND_FIRST_ROOM 1024	/* jobs; more are made room for */

static ReadyHand *my_hand = NULL;

/* page of the row that was deleted last, of the batch's table */
static Buffer pinned = InvalidBuffer;

/*
 * queues of which nothing can be run for now, though there is room: the keys of
 * their next jobs are busy
 */
static bool skipped[QUEUES];

/* Gives taken pages back; rows that are left on them are taken by somebody else, or by us */
void
ready_give_back(ReadyHand *hand)
{
	if (!hand->holds)
		return;
	hand->holds = false;
	hand_hide();
	if (!hand->private)
		lane_finish(hand->heap, &hand->blocks, hand->unread || hand->left > 0);
	else if (hand->unread || hand->left > 0)
	{
		/* they are the next */
		hand->at[hand->heap.queue][hand->heap.lane][hand->heap.segment] = hand->blocks.from;
	}
}

/* All that was taken is there again, and perhaps more than had been read */
static void
ready_give_all_back(void)
{
	my_hand->left = Max(my_hand->count, 1);
	ready_give_back(my_hand);
}

static void
give_back_at_exit(int code, Datum arg)
{
	/*
	 * Runs before the abort of the transaction under way, which will give the
	 * pages back once its rows are there again: given back earlier, others
	 * would pass those rows by.
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
		ready_give_all_back();
	}
}

/* The one hand of this process; private: a session's */
ReadyHand *
ready_hand(bool private)
{
	if (my_hand == NULL)
	{
		ReadyHand  *hand = MemoryContextAllocZero(TopMemoryContext, sizeof(ReadyHand));

		hand->context = AllocSetContextCreate(TopMemoryContext, "pg_estate ready jobs",
											  ALLOCSET_DEFAULT_SIZES);
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

/*
 * A session begins to run jobs: nothing is left of a run before, which may have
 * been broken off anywhere
 */
void
ready_begin(void)
{
	ReadyHand  *hand = ready_hand(true);

	hand->holds = false;
	hand->any_in_pass = false;
	memset(hand->at, 0, sizeof(hand->at));
}

/*
 * A lane has all priorities of its side of 0; what is taken together is run in
 * their order, and by when it was due
 */
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
			hand->jobs = repalloc_huge(hand->jobs, sizeof(ReadyJob) * hand->most);
		}
		ready = &hand->jobs[hand->count];
		record_read(&ready->job, slot->tts_values, slot->tts_isnull,
					hand->count > 0 ? &ready[-1].job : NULL);
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
		hand_show(hand->heap, &hand->blocks);
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
		room[queue] = queue_at(queue)->defined && !skipped[queue] &&
			limit_has_room(queue, now, until);
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

/* Has a pin on the page of a job's row; false: it is not there any more */
static bool
pin_page(Relation relation, const ReadyJob *job)
{
	BlockNumber block = ItemPointerGetBlockNumber(&job->tid);

	if (BufferIsValid(pinned) && BufferGetBlockNumber(pinned) == block)
		return true;
	if (block >= RelationGetNumberOfBlocks(relation))
		return false;
	pinned = ReleaseAndReadBuffer(pinned, relation, block);
	return true;
}

/*
 * Whether a job's row is still where it was read; the caller has a pin on its
 * page.  snapshot: and is visible to it.
 */
static bool
is_there(Relation relation, Buffer buffer, ReadyJob *job, Snapshot snapshot)
{
	TupleDesc	desc = RelationGetDescr(relation);
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
		there = DatumGetInt64(heap_getattr(&tuple, JOB_ID + 1, desc, &isnull)) == job->job.id &&
			record_find_again(&job->job, &tuple, desc) &&
			(snapshot == NULL || HeapTupleSatisfiesVisibility(&tuple, snapshot, buffer));
	}
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	return there;
}

/*
 * Whether a job's row is there, not deleted by anybody who has committed: then
 * what is out of line stays for as long as the snapshot of this step.
 */
bool
ready_is_alive(Relation relation, ReadyJob *job)
{
	return pin_page(relation, job) && is_there(relation, pinned, job, GetLatestSnapshot());
}

/*
 * Deletes the row of a job that is about to be run; false: somebody else has
 * it, or it is gone.
 *
 * No snapshot has been held since the row was read, so it may have been
 * deleted, and even pruned away: heap_delete() must not be let loose on what
 * is no tuple any more.  While we look and delete, our pin on the page keeps
 * it from being pruned; it stays until ready_unpin(), since the next row is
 * mostly on the same page.
 */
bool
ready_delete(const ReadyHand *hand, Relation relation, ReadyJob *job)
{
	TM_FailureData failure;
	bool		deleted;

	deleted = pin_page(relation, job) && is_there(relation, pinned, job, NULL) &&
		heap_delete(relation, &job->tid, GetCurrentCommandId(true), InvalidSnapshot,
					false, &failure, false) == TM_Ok;
	/* a worker may pass the row by while we hold it: if we abort, its page must be taken again */
	if (deleted && hand->private)
		lane_note_row(hand->heap, ItemPointerGetBlockNumber(&job->tid));
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
