/*
 * lane_tables.c
 *	  Make and drop the heaps of a queue's lanes.
 *
 * Runs in client backends, as the keeper.  Those of the default queue are made
 * by setup().
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/timestamp.h"

#include "job/lane.h"
#include "keeper.h"

#define LOCK_AGAIN_MS 10

typedef void (*HeapFunction) (LaneHeap heap);

static void
each_heap(int queue, HeapFunction function)
{
	for (int lane = 0; lane < LANES; lane++)
		for (int segment = 0; segment < LANE_SEGMENTS; segment++)
		{
			CHECK_FOR_INTERRUPTS();
			function((LaneHeap) {queue, lane, segment});
		}
}

/* A statement on one heap, whose name follows its first half */
static KeeperRows
run_on_heap(const char *before, LaneHeap heap, const char *after, int flags)
{
	KeeperStatement statement = {
		psprintf("%s estate_internal.job_ready_%d_%d_%d%s",
				 before, heap.queue, heap.lane, heap.segment, after),
		.flags = flags | KEEPER_PASSING
	};

	return keeper_run(&statement, NULL, NULL);
}

static void
create_heap(LaneHeap heap)
{
	(void) run_on_heap("CREATE TABLE", heap,
					   " () INHERITS (estate_internal.job_ready)"
					   " USING heap WITH (autovacuum_enabled = off, toast.autovacuum_enabled = off)", 0);
}

static void
drop_heap(LaneHeap heap)
{
	(void) run_on_heap("DROP TABLE", heap, "", 0);
}

/* Whether all heaps of a queue could be locked at once; else none is */
static bool
try_lock_all(int queue)
{
	Oid			locked[LANES * LANE_SEGMENTS];
	int			n = 0;

	for (int lane = 0; lane < LANES; lane++)
		for (int segment = 0; segment < LANE_SEGMENTS; segment++)
		{
			Oid			table = lane_table((LaneHeap) {queue, lane, segment});

			if (!OidIsValid(table))
				continue;
			if (ConditionalLockRelationOid(table, AccessExclusiveLock))
			{
				locked[n++] = table;
				continue;
			}
			while (n > 0)
				UnlockRelationOid(locked[--n], AccessExclusiveLock);
			return false;
		}
	return true;
}

/* The lowest number that no queue has, not even one that this statement made; the caller has locked the table of queues */
static int
free_number(void)
{
	static KeeperStatement statement = {
		"SELECT n FROM pg_catalog.generate_series(0, 63) n"
		" WHERE NOT EXISTS ("
		"  SELECT FROM estate_internal.queue WHERE number OPERATOR(pg_catalog.=) n)"
		" ORDER BY n LIMIT 1",
		.flags = KEEPER_PASSING
	};
	KeeperRows	rows = keeper_run(&statement, NULL, NULL);

	if (rows.n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("there are %d queues, which is as many as there can be", QUEUES),
				 errhint("SELECT estate.drop_queue(..); drops one. A key of a queue can separate tenants.")));
	return keeper_int32(rows, 0, 1);
}

/* Makes the heaps of a new queue; returns its number */
int
lane_create(void)
{
	EstateUser	user;
	int			number;

	keeper_begin(&user);
	number = free_number();
	each_heap(number, create_heap);
	keeper_end(&user);
	return number;
}

/*
 * Until the end of the transaction nobody enqueues into a queue or runs its
 * jobs.  Does not stand in line for the locks: behind us all workers would
 * wait for the one handler that we wait for.
 */
void
lane_lock_all(int queue)
{
	TimestampTz began = GetCurrentTimestamp();

	while (!try_lock_all(queue))
	{
		if (LockTimeout > 0 && TimestampDifferenceExceeds(began, GetCurrentTimestamp(), LockTimeout))
			ereport(ERROR,
					(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					 errmsg("canceling statement due to lock timeout"),
					 errdetail("Some transaction that has enqueued into the queue, or runs a job of it, has not ended.")));
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, LOCK_AGAIN_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/* Whether a job is in the heaps of a queue, by the newest snapshot; the caller has locked them */
bool
lane_any_job(int queue)
{
	bool		any = false;
	EstateUser	user;

	keeper_begin(&user);
	for (int lane = 0; lane < LANES && !any; lane++)
		for (int segment = 0; segment < LANE_SEGMENTS && !any; segment++)
			any = run_on_heap("SELECT FROM", (LaneHeap) {queue, lane, segment}, "",
							  KEEPER_NEWEST | KEEPER_FIRST).n > 0;
	keeper_end(&user);
	return any;
}

void
lane_drop(int queue)
{
	EstateUser	user;

	keeper_begin(&user);
	each_heap(queue, drop_heap);
	keeper_end(&user);
}
