/*
 * ready_sweep.c
 *	  Give back the space of jobs that are done.
 *
 * Runs in workers, and in sessions at the end of run_jobs(), inside a
 * transaction.  Cheap when there is nothing to do; never waits for a lock.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/procarray.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "job/queue.h"
#include "job/ready.h"
#include "keeper.h"

/* new jobs go to another heap when this one has so many pages, if that is empty */
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

/* Whether all jobs of a heap are done, and nobody may still want to see them */
static bool
is_over(LaneHeap heap)
{
	TimestampTz until = DT_NOEND;
	Relation	relation = ready_open(heap, AccessShareLock, &until);
	TimestampTz since;
	TransactionId before;
	bool		over;

	if (relation == NULL)
		return false;
	over = lane_is_drained(heap, RelationGetNumberOfBlocks(relation), &since, &before) &&
		(TransactionIdFollowsOrEquals(GetOldestNonRemovableTransactionId(relation), before) ||
		 TimestampDifferenceExceeds(since, GetCurrentTimestamp(), WAIT_FOR_SNAPSHOTS_MS));
	table_close(relation, AccessShareLock);
	return over;
}

/*
 * Empties a heap all of whose jobs are done.
 */
static bool
empty_heap(LaneHeap heap)
{
	Oid			oid = lane_table(heap);
	char	   *name = psprintf("estate_internal.job_ready_%d_%d_%d", heap.queue, heap.lane, heap.segment);
	KeeperStatement look = {
		psprintf("SELECT FROM %s", name),
		.flags = KEEPER_NEWEST | KEEPER_FIRST | KEEPER_PASSING
	};
	KeeperStatement empty = {psprintf("TRUNCATE %s", name), .flags = KEEPER_PASSING};
	EstateUser	user;
	Relation	relation;
	BlockNumber nblocks;
	bool		rows;

	if (!is_over(heap) || !ConditionalLockRelationOid(oid, AccessExclusiveLock))
		return false;			/* a reader, or an inserter: another time */
	relation = try_table_open(oid, NoLock);
	if (relation == NULL)
		return false;
	nblocks = RelationGetNumberOfBlocks(relation);
	table_close(relation, NoLock);
	if (!lane_forget(heap, nblocks))
		return false;
	/* the positions are a hint: see for ourselves that nothing is left */
	keeper_begin(&user);
	rows = keeper_run(&look, NULL, NULL).n > 0;
	if (!rows)
		(void) keeper_run(&empty, NULL, NULL);
	keeper_end(&user);
	return !rows;
}

static BlockNumber
pages_of(LaneHeap heap)
{
	TimestampTz until = DT_NOEND;
	Relation	relation = ready_open(heap, AccessShareLock, &until);
	BlockNumber nblocks;

	if (relation == NULL)
		return until == DT_NOEND ? 0 : InvalidBlockNumber;	/* gone, or locked: not to be taken for an empty one */
	nblocks = RelationGetNumberOfBlocks(relation);
	table_close(relation, AccessShareLock);
	return nblocks;
}

static void
sweep_lane(int queue, int lane)
{
	int			current = lane_current(queue, lane);
	BlockNumber pages[LANE_SEGMENTS];

	for (int segment = 0; segment < LANE_SEGMENTS; segment++)
	{
		LaneHeap	heap = {queue, lane, segment};

		pages[segment] = pages_of(heap);
		if (pages[segment] > (segment == current ? KEPT_PAGES : 0) && empty_heap(heap))
			pages[segment] = 0;
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

/* Empties what is drained, and directs new jobs to an empty heap where the present one has grown */
void
ready_sweep(void)
{
	for (int queue = 0; queue < QUEUES; queue++)
		if (queue_at(queue)->defined)
			for (int lane = 0; lane < LANES; lane++)
			{
				CHECK_FOR_INTERRUPTS();
				sweep_lane(queue, lane);
			}
}
