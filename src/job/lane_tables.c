/*
 * lane_tables.c
 *	  Make and drop the heaps of a queue's lanes.
 *
 * Runs in client backends, as the keeper.  Those of the default queue are made
 * by setup().
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "job/lane.h"

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

static void
run(const char *sql)
{
	if (SPI_execute(sql, false, 0) < 0)
		elog(ERROR, "could not run: %s", sql);
}

static void
create_heap(LaneHeap heap)
{
	run(psprintf("CREATE TABLE estate_internal.job_ready_%d_%d_%d () INHERITS (estate_internal.job_ready)"
				 " USING heap WITH (autovacuum_enabled = off, toast.autovacuum_enabled = off)",
				 heap.queue, heap.lane, heap.segment));
}

static void
drop_heap(LaneHeap heap)
{
	run(psprintf("DROP TABLE estate_internal.job_ready_%d_%d_%d", heap.queue, heap.lane, heap.segment));
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
	bool		isnull;

	SPI_execute("SELECT n FROM pg_catalog.generate_series(0, 63) n WHERE NOT EXISTS"
				" (SELECT FROM estate_internal.queue WHERE number OPERATOR(pg_catalog.=) n) ORDER BY n", false, 1);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("there are %d queues, which is as many as there can be", QUEUES),
				 errhint("SELECT estate.drop_queue(..); drops one. A key of a queue can separate tenants.")));
	return DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

/* Makes the heaps of a new queue; returns its number */
int
lane_create(void)
{
	EstateUser	user;
	int			number;

	estate_become_keeper(&user);
	SPI_connect();
	number = free_number();
	each_heap(number, create_heap);
	SPI_finish();
	estate_resume_user(&user);
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

	estate_become_keeper(&user);
	SPI_connect();
	PushActiveSnapshot(GetLatestSnapshot());
	for (int lane = 0; lane < LANES && !any; lane++)
		for (int segment = 0; segment < LANE_SEGMENTS && !any; segment++)
		{
			SPI_execute(psprintf("SELECT FROM estate_internal.job_ready_%d_%d_%d", queue, lane, segment), true, 1);
			any = SPI_processed > 0;
		}
	PopActiveSnapshot();
	SPI_finish();
	estate_resume_user(&user);
	return any;
}

void
lane_drop(int queue)
{
	EstateUser	user;

	estate_become_keeper(&user);
	SPI_connect();
	each_heap(queue, drop_heap);
	SPI_finish();
	estate_resume_user(&user);
}
