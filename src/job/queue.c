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

#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "job/limit.h"
#include "job/queue.h"

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
microseconds(Datum interval)
{
	Interval   *span = DatumGetIntervalP(interval);

	return span->time + ((double) span->day + span->month * 30.0) * USECS_PER_DAY;
}

/* Reads one queue */
static void
read_queue(Queue *queue, HeapTuple row, TupleDesc desc)
{
	Datum		values[12];
	bool		nulls[12];
	char	   *keep;

	for (int i = 0; i < lengthof(values); i++)
		values[i] = SPI_getbinval(row, desc, i + 1, &nulls[i]);
	strlcpy(queue->name, TextDatumGetCString(values[1]), sizeof(queue->name));
	queue->paused = DatumGetBool(values[2]);
	queue->concurrency = nulls[3] ? 0 : DatumGetInt32(values[3]);
	queue->concurrency_local = nulls[4] ? 0 : DatumGetInt32(values[4]);
	strlcpy(queue->key, nulls[5] ? "" : TextDatumGetCString(values[5]), sizeof(queue->key));
	queue->concurrency_by_key = nulls[6] ? 0 : DatumGetInt32(values[6]);
	queue->rate = nulls[7] ? 0 : DatumGetInt32(values[7]);
	queue->rate_by_key = nulls[8] ? 0 : DatumGetInt32(values[8]);
	queue->rate_period = microseconds(values[9]);
	queue->timeout_ms = nulls[10] ? 0 : (int64) ceil(microseconds(values[10]) / 1000);
	keep = TextDatumGetCString(values[11]);
	queue->keep = strcmp(keep, "all") == 0 ? KEEP_ALL : strcmp(keep, "none") == 0 ? KEEP_NONE : KEEP_FAILED;
	queue->defined = true;
}

/* Reads all queues of the table into a fresh array; the states in it are zero */
static Queue *
read_queues(void)
{
	Queue	   *queues = palloc0(sizeof(Queue) * QUEUES);
	EstateUser	user;

	estate_become_keeper(&user);
	SPI_connect();
	/* the newest, whatever the transaction's isolation: it is for everybody */
	PushActiveSnapshot(GetLatestSnapshot());
	SPI_execute("SELECT number, name, paused, concurrency, concurrency_local, key, concurrency_by_key, rate, rate_by_key, rate_period,"
				" timeout, keep::pg_catalog.text FROM estate_internal.queue", true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		int			number = DatumGetInt16(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));

		read_queue(&queues[number], SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
	}
	PopActiveSnapshot();
	SPI_finish();
	estate_resume_user(&user);
	return queues;
}

/* What a queue has become, by what its limits have to do with it */
typedef enum QueueChange
{
	QUEUE_SAME,
	QUEUE_OTHER_RATES,
	QUEUE_OTHER					/* under another name it is another queue */
} QueueChange;

static QueueChange
copy_queue(Queue *to, const Queue *from)
{
	QueueChange change = QUEUE_SAME;

	if (to->defined != from->defined || strcmp(to->name, from->name) != 0)
	{
		change = QUEUE_OTHER;
		memset(to, 0, sizeof(*to));
	}
	else if (to->rate != from->rate || to->rate_by_key != from->rate_by_key ||
			 to->rate_period != from->rate_period || strcmp(to->key, from->key) != 0)
		change = QUEUE_OTHER_RATES;
	memcpy(to, from, offsetof(Queue, lease_hint));
	return change;
}

/* Reads the queues if they may have changed since somebody did */
void
queue_refresh(void)
{
	EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);
	QueueState *state = estate_piece(&queue_area);
	QueueChange change[QUEUES];
	Queue	   *fresh;
	uint32		changes = 0;

	if (slot && state)
	{
		changes = slot->changes;
		if (state->read == changes + 1 || changed_in == MyLocalTransactionId)
			return;
	}
	else if (own_read == MyLocalTransactionId)
		return;
	fresh = read_queues();
	state = estate_lock_piece(&queue_area, LW_EXCLUSIVE);
	for (int i = 0; i < QUEUES; i++)
		change[i] = copy_queue(queue_at(i), &fresh[i]);
	if (state)
	{
		state->read = changes + 1;
		estate_unlock_piece(&queue_area, state);
	}
	else
		own_read = MyLocalTransactionId;
	/* the limits have a lock of their own */
	for (int i = 0; i < QUEUES; i++)
		if (change[i] != QUEUE_SAME)
			limit_begin_anew(i, change[i] == QUEUE_OTHER);
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
