/*
 * promote.c
 *	  SQL jobs that have waited long enough go from job_open to the lanes: when
 *	  their time has come, or the limit of their key has room.
 *
 * Runs in workers and in sessions that run jobs, inside a transaction of its
 * own.  Moves; never runs.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "job/count.h"
#include "job/limit.h"
#include "job/look.h"
#include "job/open.h"
#include "job/promote.h"
#include "job/queue.h"
#include "job/ready.h"

#define PROMOTE_MOST 1000
#define PROMOTE_MOST_OF_KEY 100

/* Puts jobs that were taken out of job_open into the lanes */
static int
move_rows(KeeperRows rows, JobWait waited_for)
{
	MemoryContext one = AllocSetContextCreate(CurrentMemoryContext, "pg_estate promoted job",
											  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(one);

	for (uint64 i = 0; i < rows.n; i++)
	{
		Job		   *job;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(one);
		job = record_of_row(rows, i);
		count_jobs(job->queue, count_open(job, waited_for), -1);
		ready_insert(job);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(one);
	return (int) rows.n;
}

/*
 * Moves the jobs whose time has come, the longest due first.  Returns how
 * many; as many as at most: there may be more.
 */
int
job_promote_due(JobScope *scope)
{
	EstateUser	user;
	int			n;

	scope->now = estate_now();
	keeper_begin(&user);
	n = move_rows(open_take_due(scope, PROMOTE_MOST), WAITS_FOR_TIME);
	keeper_end(&user);
	return n;
}

/* Moves jobs of one key, as far as it has room */
static int
promote_key(const char *queue, const char *key)
{
	int			number = queue_find(queue);
	bool		slow;
	int			room = limit_room_of_key(number, key, &slow);
	int			most = slow ? Min(room, PROMOTE_MOST_OF_KEY) : PROMOTE_MOST_OF_KEY;
	bool		network;
	int			n;

	if (room == 0)
		return 0;
	n = move_rows(open_take_held(queue, key, most), WAITS_FOR_KEY);
	/* those of the network are as many as there is room for, however quick */
	network = open_free_held_network(queue, key, Min(room, PROMOTE_MOST_OF_KEY)) > 0;
	if (network)
		estate_wake_at_commit(WORKER_NETWORK);
	limit_key_is_held(number, key, n == most || network);
	return n;
}

/*
 * Moves jobs that the limit of their key had held back, a few of each key that
 * has room.  Returns how many.
 */
int
job_promote_held(void)
{
	static uint64 turn = 0;
	KeeperRows	keys;
	bool		again;
	EstateUser	user;
	int			n = 0;

	if (!look_is_up(LOOK_HELD))
		return 0;
	/* taken down before we look: who holds a job back from now on puts it up again */
	again = look_begin(LOOK_HELD);
	keeper_begin(&user);
	keys = open_held_keys();
	if (keys.n > 0 || again)
		look_put_up(LOOK_HELD);
	/* those who have room are many, perhaps: each gets its turn */
	for (uint64 i = 0; i < keys.n && n < PROMOTE_MOST; i++)
	{
		uint64		next = turn++ % keys.n;

		CHECK_FOR_INTERRUPTS();
		n += promote_key(keeper_text(keys, next, 1), keeper_text(keys, next, 2));
	}
	keeper_end(&user);
	return n;
}
