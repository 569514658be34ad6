/*
 * lane_tables.c
 *	  Make and drop the heaps of a queue's lanes.
 *
 * Runs in client backends, and in workers, which make another heap for a lane
 * that needs one; as the keeper.  Those of the default queue are made by
 * setup(), all of them.
 *
 * A lane of another queue begins with one heap: whoever reads all jobs, and each
 * dump, has to lock them all, and in most queues the other two would stay
 * empty for ever.  They are made when the first has grown.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/timestamp.h"

#include "job/lane.h"
#include "job/record.h"
#include "keeper.h"

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
					   " USING heap WITH (autovacuum_enabled = off,"
					   " toast.autovacuum_enabled = off)", 0);
	record_keep_here(psprintf("estate_internal.job_ready_%d_%d_%d",
							  heap.queue, heap.lane, heap.segment));
}

static void
create_first_heap(LaneHeap heap)
{
	if (heap.segment == 0)
		create_heap(heap);
}

static void
drop_heap(LaneHeap heap)
{
	if (lane_heap_exists(heap))
		(void) run_on_heap("DROP TABLE", heap, "", 0);
}

bool
lane_heap_exists(LaneHeap heap)
{
	return OidIsValid(lane_table(heap));
}

/*
 * Makes another heap for a lane, which jobs can go to when this has committed.
 * For workers: one who makes or drops a queue is not waited for.  Who comes to
 * drop it waits for us, by our lock on the first heap, and finds ours.
 */
void
lane_add_heap(LaneHeap heap)
{
	Oid			first = lane_table((LaneHeap) {heap.queue, heap.lane, 0});
	EstateUser	user;

	if (!OidIsValid(first) || !ConditionalLockRelationOid(first, RowExclusiveLock) ||
		!ConditionalLockRelationOid(record_table("job_ready"), ShareUpdateExclusiveLock))
		return;
	keeper_begin(&user);
	create_heap(heap);
	keeper_end(&user);
}

/* Locks all heaps of a queue; or none, and returns one that could not be had at once */
static Oid
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
			return table;
		}
	return InvalidOid;
}

/*
 * The lowest number that no queue has, not even one that this statement made;
 * the caller has locked the table of queues
 */
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
				 errmsg("cannot create more than %d queues", QUEUES),
				 errhint("SELECT estate.drop_queue(..); drops one."
						 " A key of a queue can separate tenants.")));
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
	each_heap(number, create_first_heap);
	keeper_end(&user);
	return number;
}

/*
 * Until the end of the transaction nobody enqueues into a queue or runs its
 * jobs.  Does not stand in line for the locks: behind us all workers would
 * wait for the one handler that we wait for.  We wait for the end of the
 * transactions that have them instead, as CREATE INDEX CONCURRENTLY does, so
 * that the lock manager sees who waits for whom.
 */
void
lane_lock_all(int queue)
{
	TimestampTz began = GetCurrentTimestamp();
	Oid			taken;

	while (OidIsValid(taken = try_lock_all(queue)))
	{
		LOCKTAG		tag;

		CHECK_FOR_INTERRUPTS();
		/* each wait heeds it; one transaction after the other may come */
		if (LockTimeout > 0 &&
			TimestampDifferenceExceeds(began, GetCurrentTimestamp(), LockTimeout))
			ereport(ERROR,
					(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					 errmsg("canceling statement due to lock timeout")));
		SET_LOCKTAG_RELATION(tag, MyDatabaseId, taken);
		WaitForLockers(tag, AccessExclusiveLock, false);
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
		{
			LaneHeap	heap = {queue, lane, segment};

			any = lane_heap_exists(heap) &&
				run_on_heap("SELECT FROM", heap, "", KEEPER_NEWEST | KEEPER_FIRST).n > 0;
		}
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
