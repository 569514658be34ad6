/*
 * ready_sweep.c
 *	  Give back the space of jobs that are done.
 *
 * Runs in workers, and in sessions at the end of run_jobs(), inside a
 * transaction.  Cheap when there is nothing to do; never waits for a lock.
 *
 * A heap is emptied as TRUNCATE would do it, by another file.  Not by that
 * statement: a publication would send it, and empty the lanes of a subscriber,
 * who has jobs of his own.
 *
 * Its exclusive lock is replayed on a hot standby, where it ends whoever has
 * read the heap in his transaction, once he has been waited for as long as
 * max_standby_streaming_delay says.  So where there may be a standby, only what
 * is large is emptied, and all at one time: not again within a minute, which
 * is longer than that delay mostly is, so that a read that is no longer than the
 * delay is never ended.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xlog.h"
#include "catalog/index.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "replication/walsender.h"
#include "replication/walsender_private.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/predicate.h"
#include "storage/procarray.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/timestamp.h"

#include "job/queue.h"
#include "job/ready.h"
#include "keeper.h"

/* with those of its TOAST: then new jobs go to another heap, if there is an empty one */
#define ROTATE_PAGES 2048		/* 16 MB */

/* what the current heap of a lane may keep rather than being truncated again and again */
#define KEPT_PAGES 128

/*
 * A truncated heap is empty for every snapshot, also for one that was taken
 * when there were jobs: a dump that began before the jobs were done and comes
 * to the heap after it was truncated would have neither them nor their
 * effects.  So we wait until no such snapshot is left, but for a limited time:
 * a long report that never looks at jobs must not make the lanes grow for ever.
 */
#define WAIT_FOR_SNAPSHOTS_MS 60000

/* Where there may be a standby: so much is worth its readers, and no more often */
#define WORTH_PAGES 2048
#define STANDBY_EVERY_MS 60000

/*
 * Whether somebody may read what we write from the log: a standby, or an archive
 * that one is fed from.  A base backup looks like one, too.
 */
static bool
may_have_standby(void)
{
	if (!XLogStandbyInfoActive())
		return false;
	if (XLogArchivingActive())
		return true;
	for (int i = 0; i < max_wal_senders; i++)
		if (((volatile WalSnd *) &WalSndCtl->walsnds[i])->pid != 0)
			return true;
	return false;
}

/*
 * Whether all jobs of a heap are done, and nobody may still want to see them;
 * `*again` is lowered to when that is so, whoever does.
 */
static bool
is_over(LaneHeap heap, TimestampTz *again)
{
	TimestampTz until = DT_NOEND;
	Relation	relation = ready_open(heap, AccessShareLock, &until);
	TimestampTz since;
	TransactionId before;
	bool		drained;
	bool		seen;

	if (relation == NULL)
		return false;
	drained = lane_is_drained(heap, RelationGetNumberOfBlocks(relation), &since, &before);
	seen = !TransactionIdFollowsOrEquals(GetOldestNonRemovableTransactionId(relation), before);
	table_close(relation, AccessShareLock);
	if (!drained || !seen)
		return drained;
	until = TimestampTzPlusMilliseconds(since, WAIT_FOR_SNAPSHOTS_MS);
	if (GetCurrentTimestamp() >= until)
		return true;
	*again = Min(*again, until);
	return false;
}

/* Gives a table and its TOAST new files, which are empty; the old ones go at the commit */
static void
empty_files(Relation relation)
{
	ReindexParams params = {0};
	Oid			toast = relation->rd_rel->reltoastrelid;

	CheckTableForSerializableConflictIn(relation);
	RelationSetNewRelfilenumber(relation, relation->rd_rel->relpersistence);
	if (OidIsValid(toast))
	{
		Relation	toast_relation = table_open(toast, AccessExclusiveLock);

		RelationSetNewRelfilenumber(toast_relation, toast_relation->rd_rel->relpersistence);
		table_close(toast_relation, NoLock);
	}
	(void) reindex_table(RelationGetRelid(relation), REINDEX_REL_PROCESS_TOAST, &params);
	pgstat_count_truncate(relation);
}

/*
 * Whether no row of a heap is left that anybody may want, by the newest
 * snapshot.  Row by row: page by page it would prune what is about to go, write
 * that to the log, and end older queries on a standby with it.
 */
static bool
is_empty(Relation relation)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = heap_beginscan(relation, snapshot, 0, NULL, NULL,
										SO_TYPE_SEQSCAN | SO_ALLOW_STRAT);
	bool		empty = heap_getnext(scan, ForwardScanDirection) == NULL;

	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	return empty;
}

/*
 * Empties a heap all of whose jobs are done.
 */
static bool
empty_heap(LaneHeap heap, TimestampTz *again)
{
	Oid			oid = lane_table(heap);
	Relation	relation;
	bool		empty;

	if (!is_over(heap, again) || !ConditionalLockRelationOid(oid, AccessExclusiveLock))
		return false;			/* a reader, or an inserter: another time */
	relation = try_table_open(oid, NoLock);
	if (relation == NULL)
		return false;
	/* the positions are a hint: see for ourselves that nothing is left */
	empty = lane_forget(heap, RelationGetNumberOfBlocks(relation)) && is_empty(relation);
	if (empty)
		empty_files(relation);
	table_close(relation, NoLock);
	return empty;
}

/* With those of its TOAST: args that are large are there */
static BlockNumber
pages_of(LaneHeap heap)
{
	TimestampTz until = DT_NOEND;
	Relation	relation = ready_open(heap, AccessShareLock, &until);
	Relation	toast;
	BlockNumber nblocks;

	if (relation == NULL)
	{
		/* gone, or locked: not to be taken for an empty one */
		return until == DT_NOEND ? 0 : InvalidBlockNumber;
	}
	nblocks = RelationGetNumberOfBlocks(relation);
	toast = nblocks > 0 && OidIsValid(relation->rd_rel->reltoastrelid) ?
		try_table_open(relation->rd_rel->reltoastrelid, AccessShareLock) : NULL;
	if (toast)
	{
		nblocks += RelationGetNumberOfBlocks(toast);
		table_close(toast, AccessShareLock);
	}
	table_close(relation, AccessShareLock);
	return nblocks;
}

/* What this sweep may do */
typedef struct Sweep
{
	TimestampTz not_before;		/* nothing is emptied */
	BlockNumber worth;			/* so many pages are left alone; KEPT_PAGES if it is in use */
	bool		emptied;
	TimestampTz again;			/* when there is something to do that cannot be done yet */
} Sweep;

static void
sweep_lane(int queue, int lane, Sweep *sweep)
{
	int			current = lane_current(queue, lane);
	BlockNumber pages[LANE_SEGMENTS];

	for (int segment = 0; segment < LANE_SEGMENTS; segment++)
	{
		LaneHeap	heap = {queue, lane, segment};
		BlockNumber worth = segment == current ? Max(sweep->worth, KEPT_PAGES) : sweep->worth;

		pages[segment] = pages_of(heap);
		if (pages[segment] <= worth || pages[segment] == InvalidBlockNumber)
			continue;
		if (GetCurrentTimestamp() < sweep->not_before)
			sweep->again = Min(sweep->again, sweep->not_before);
		else if (empty_heap(heap, &sweep->again))
		{
			pages[segment] = 0;
			sweep->emptied = true;
		}
	}
	/* locked by who drops the queue, it is not known to have grown */
	if (estate_shared == NULL || pages[current] < ROTATE_PAGES ||
		pages[current] == InvalidBlockNumber)
		return;
	for (int segment = 0; segment < LANE_SEGMENTS; segment++)
		if (pages[segment] == 0 && lane_heap_exists((LaneHeap) {queue, lane, segment}))
		{
			lane_rotate((LaneHeap) {queue, lane, segment});
			return;
		}
	/* jobs go there from the next sweep on: before our commit nobody sees it */
	for (int segment = 0; segment < LANE_SEGMENTS; segment++)
		if (!lane_heap_exists((LaneHeap) {queue, lane, segment}))
		{
			lane_add_heap((LaneHeap) {queue, lane, segment});
			return;
		}
}

/*
 * Empties what is drained, and directs new jobs to an empty heap where the
 * present one has grown.  Returns when to come again for what has to wait;
 * DT_NOEND: there is nothing.
 */
TimestampTz
ready_sweep(void)
{
	Sweep		sweep = {.not_before = DT_NOBEGIN, .again = DT_NOEND};

	if (may_have_standby())
	{
		sweep.worth = WORTH_PAGES;
		sweep.not_before = TimestampTzPlusMilliseconds(lane_emptied_at(), STANDBY_EVERY_MS);
	}
	for (int queue = 0; queue < QUEUES; queue++)
		if (queue_at(queue)->defined)
			for (int lane = 0; lane < LANES; lane++)
			{
				CHECK_FOR_INTERRUPTS();
				sweep_lane(queue, lane, &sweep);
			}
	if (sweep.emptied)
		lane_note_emptied();
	return sweep.again;
}
