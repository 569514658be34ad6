/*
 * queue.c
 *	  What processes know of the queues.
 *
 * Runs in any process, inside a transaction.  The truth is in table
 * estate_internal.queue; processes read a copy, in shared memory where the
 * database has a slot, else their own.  A commit that changes a queue makes
 * the next reader copy it anew; until then, for a moment, jobs are taken by
 * the limits of before.  A queue that is not in the table has no limits, and
 * its jobs wait in the lanes of the default queue.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "job/queue.h"
#include "keeper.h"

EstateArea queue_area = {
	.name = "pg_estate queues",
	.bytes = sizeof(QueueState),
	.npieces = ESTATE_MAX_DATABASES
};

/* copies for a database without a slot */
static Queue *own = NULL;
static LocalTransactionId own_read = InvalidLocalTransactionId;

/* the transaction in which we changed a queue: nobody else may see what it sees */
static LocalTransactionId changed_in = InvalidLocalTransactionId;

Queue *
queue_at(int number)
{
	QueueState *state = estate_piece(&queue_area);

	if (state)
		return &state->queues[number];
	if (own == NULL)
		own = MemoryContextAllocZero(TopMemoryContext, sizeof(Queue) * QUEUES);
	return &own[number];
}

/* Number of a queue; that of the default one where it was not created */
int
queue_find(const char *name)
{
	static int	last = QUEUE_DEFAULT;
	Queue	   *queue = queue_at(last);

	if (queue->defined && strcmp(queue->name, name) == 0)
		return last;
	for (int i = 0; i < QUEUES; i++)
	{
		queue = queue_at(i);
		if (queue->defined && strcmp(queue->name, name) == 0)
			return last = i;
	}
	return QUEUE_DEFAULT;
}

static double
queue_microseconds(Datum interval)
{
	Interval   *span = DatumGetIntervalP(interval);

	return span->time + ((double) span->day + span->month * 30.0) * USECS_PER_DAY;
}

/* Reads one queue */
static void
read_queue(Queue *queue, KeeperRows rows, uint64 row)
{
	const char *keep = keeper_text(rows, row, 12);
	const char *key = keeper_text(rows, row, 6);

	strlcpy(queue->name, keeper_text(rows, row, 2), sizeof(queue->name));
	queue->paused = keeper_bool(rows, row, 3);
	queue->concurrency = keeper_int32(rows, row, 4);
	queue->concurrency_local = keeper_int32(rows, row, 5);
	strlcpy(queue->key, key ? key : "", sizeof(queue->key));
	queue->concurrency_by_key = keeper_int32(rows, row, 7);
	queue->rate = keeper_int32(rows, row, 8);
	queue->rate_by_key = keeper_int32(rows, row, 9);
	queue->rate_period = queue_microseconds(keeper_value(rows, row, 10));
	queue->timeout_ms = keeper_is_null(rows, row, 11) ? 0 :
		(int64) ceil(queue_microseconds(keeper_value(rows, row, 11)) / 1000);
	queue->keep = strcmp(keep, "all") == 0 ? KEEP_ALL :
		strcmp(keep, "none") == 0 ? KEEP_NONE : KEEP_FAILED;
	queue->durable = keeper_bool(rows, row, 13);
	queue->defined = true;
}

/* Reads all queues of the table into a fresh array; the states in it are zero */
static Queue *
queue_read_all(void)
{
	/* the newest, whatever the transaction's isolation: it is for everybody */
	static KeeperStatement statement = {
		"SELECT number::pg_catalog.int4, name, paused, concurrency, concurrency_local,"
		"  key, concurrency_by_key, rate, rate_by_key, rate_period,"
		"  timeout, keep::pg_catalog.text, durable"
		" FROM estate_internal.queue",
		.flags = KEEPER_NEWEST | KEEPER_PLAN_ONCE
	};
	Queue	   *queues = palloc0(sizeof(Queue) * QUEUES);
	EstateUser	user;
	KeeperRows	rows;

	keeper_begin(&user);
	rows = keeper_run(&statement, NULL, NULL);
	for (uint64 i = 0; i < rows.n; i++)
		read_queue(&queues[keeper_int32(rows, i, 1)], rows, i);
	keeper_end(&user);
	return queues;
}

/*
 * Copies what the table says of one queue.  With other rates it has another
 * generation, by which the limits know that what they have counted is of the
 * old ones.
 */
static void
copy_queue(Queue *to, const Queue *from, TimestampTz now)
{
	/* under another name it is another queue */
	bool		other = to->defined != from->defined || strcmp(to->name, from->name) != 0;
	bool		rates = to->rate != from->rate || to->rate_by_key != from->rate_by_key ||
		to->rate_period != from->rate_period || strcmp(to->key, from->key) != 0;
	TimestampTz generation = to->generation;

	if (other)
		memset(to, 0, sizeof(*to));
	memcpy(to, from, offsetof(Queue, named_at));
	if (other || rates)
		generation = Max(now, generation + 1);
	if (other)
		to->named_at = generation;
	to->generation = generation;
}

/* Reads the queues if they may have changed since somebody did */
void
queue_refresh(void)
{
	EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);
	QueueState *state = estate_piece(&queue_area);
	Queue	   *fresh;
	TimestampTz now;
	uint32		changes = 0;

	if (slot && state)
	{
		changes = slot->changes;
		if (state->read == changes + 1 || changed_in == MyLocalTransactionId)
			return;
	}
	else if (own_read == MyLocalTransactionId)
		return;
	fresh = queue_read_all();
	now = state ? GetCurrentTimestamp() : estate_now();
	state = estate_lock_piece(&queue_area, LW_EXCLUSIVE);
	for (int i = 0; i < QUEUES; i++)
		copy_queue(queue_at(i), &fresh[i], now);
	if (state)
	{
		state->read = changes + 1;
		estate_unlock_piece(&queue_area, state);
	}
	else
		own_read = MyLocalTransactionId;
	pfree(fresh);
}

/* This transaction has changed a queue */
void
queue_forget(void)
{
	changed_in = MyLocalTransactionId;
	own_read = InvalidLocalTransactionId;
	estate_change_at_commit();
}
