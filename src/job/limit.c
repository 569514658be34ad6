/*
 * limit.c
 *	  May this job start now?  Concurrency and rate of queues and keys.
 *
 * Runs in workers and in sessions that run jobs, inside a transaction.  What
 * is counted is in shared memory, see limit_state.c, so that limits are exact
 * over all processes of a database; a session of a database without workers
 * counts for itself.  After a restart of the server nothing is running and
 * rates begin anew.
 *
 * Concurrency.  A process runs its SQL jobs one after the other, so a batch,
 * however large, is one of a queue and one of each key in it; a network job is
 * one by itself.
 *
 * Rate, by the generic cell rate algorithm (ITU-T I.371): what is kept is the
 * theoretical arrival time of the next job.  As many as the rate says may
 * start at once, then one for each share of the period.  A job of a key that
 * is too fast is given its time there and then, and waits for it in job_open:
 * it is never looked at in vain, and stands in nobody's way.
 *
 * What a batch has taken is given back when its transaction ends, by
 * limit_at_end(), which neither allocates nor throws; of an aborted batch also
 * its share of the rates.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "job/limit.h"
#include "job/limit_state.h"
#include "job/look.h"
#include "job/queue.h"

#define HELD_AT_FIRST 1024
#define UNCOUNTED_WAITS_US (5 * USECS_PER_SEC)
#define BUSY_MOST_US 50000.0	/* a batch is about to end, unless it takes longer than this */

/* Something that this process has taken, until the batch or the network job ends */
typedef struct Held
{
	uint64		term;
	int64		job;			/* a network job; 0: the batch */
	int			queue;
	LimitKey   *key;			/* NULL: of the queue */
	bool		running;		/* counts as running */
	double		step;			/* what its rate has been moved by */
	double		queue_step;
	bool		waits;			/* a job of the key is held back */
} Held;

static Held *held = NULL;
static int	nheld = 0;
static int	most_held = 0;
static int	local_running[QUEUES];	/* of this process */
static uint64 batch_number = 1;
static int	entered_from = 0;	/* what was taken when limit_enter() was called last */
static int	asked_from = 0;		/* what was taken when limit_ask() was asked last */
static bool holds_back = false; /* this transaction leaves jobs that wait for their key */

/* Rates that processes share go by the clock of the server, whatever a session has set */
static TimestampTz
limit_now(void)
{
	return limit_is_shared() ? GetCurrentTimestamp() : estate_now();
}

/* Caller holds the lock */
static void
give_back(const Held *what, bool aborted)
{
	LimitQueue *queue = &limit_locked->queues[what->queue];

	if (what->running && what->key == NULL)
		local_running[what->queue]--;
	/* the database has got or lost its workers since: it all began anew */
	if (what->term != limit_locked->term)
		return;
	if (what->key)
		what->key->holds--;
	if (what->running && what->key)
		what->key->running--;
	else if (what->running)
		queue->running = Max(queue->running - 1, 0);
	if (aborted)
	{
		if (what->key)
			what->key->arrival -= what->step;
		queue->arrival -= what->queue_step;
	}

	/*
	 * only now can others see the jobs that are held back, and perhaps nobody
	 * else will let them go
	 */
	if (what->waits && !aborted)
		what->key->waited_for = true;
	if (what->key && what->key->waited_for)
		queue->refused = true;
}

/*
 * Gives back what was taken for a network job, or with 0 for the batch.
 * Whether somebody has to be woken: who found no room may have it now.
 */
static bool
limit_give_all_back(int64 job, bool aborted)
{
	int			kept = 0;
	bool		wake = false;

	if (nheld == 0)
		return false;
	limit_lock();
	for (int i = 0; i < nheld; i++)
	{
		LimitQueue *queue = &limit_locked->queues[held[i].queue];

		if (held[i].job != job)
		{
			held[kept++] = held[i];
			continue;
		}
		give_back(&held[i], aborted);
		wake |= queue->refused;
		queue->refused = false;
	}
	nheld = kept;
	limit_unlock();
	return wake;
}

void
limit_at_end(XactEvent event)
{
	if (limit_give_all_back(0, event == XACT_EVENT_ABORT))
	{
		estate_wake_at_end(WORKER_SQL);
		estate_wake_at_end(WORKER_NETWORK);
	}
	batch_number++;
	if (holds_back && event != XACT_EVENT_ABORT && limit_is_shared())
	{
		look_put_up(LOOK_HELD);
		if (event == XACT_EVENT_PREPARE)
			estate_note_prepared();
		estate_wake_at_end(WORKER_SQL);
	}
	holds_back = false;
}

static void
process_ends(int code, Datum arg)
{
	/* those of a batch that is under way go with its abort, which comes after us */
	bool		inside = IsTransactionOrTransactionBlock();
	int			i = 0;

	while (i < nheld)
	{
		if (held[i].job == 0 && inside)
			i++;
		else
		{
			limit_release(held[i].job);
			i = 0;
		}
	}
}

/* Room for one more, before anything is taken: nothing may fail after */
static Held *
next_held(void)
{
	if (held == NULL)
	{
		held = MemoryContextAlloc(TopMemoryContext, sizeof(Held) * HELD_AT_FIRST);
		most_held = HELD_AT_FIRST;
		before_shmem_exit(process_ends, (Datum) 0);
	}
	if (nheld == most_held)
	{
		held = repalloc(held, sizeof(Held) * most_held * 2);
		most_held *= 2;
	}
	memset(&held[nheld], 0, sizeof(Held));
	return &held[nheld];
}

/*
 * When a rate lets one more through: now, or a time to come.  `*arrival` is
 * what becomes of the theoretical arrival time.
 */
static double
rate_allows(double before, int rate, double period, double now, double *step, double *arrival)
{
	*step = period / rate;
	*arrival = Max(before, now) + *step;
	return *arrival - period <= now ? now : *arrival - period;
}

/*
 * Whether a batch of this transaction has entered the queue.  In a caller's own
 * transaction there may be many batches, one after the other.
 */
static bool
is_entered(int number)
{
	for (int i = 0; i < nheld; i++)
		if (held[i].job == 0 && held[i].queue == number && held[i].running && held[i].key == NULL)
			return true;
	return false;
}

/*
 * Whether jobs of a queue can start at all.  `*until` is lowered to when its
 * rate will let one.
 */
bool
limit_has_room(int number, TimestampTz now, TimestampTz *until)
{
	const Queue *queue = queue_at(number);
	LimitQueue *state;
	bool		room = true;

	if (!queue->defined || queue->paused)
		return false;
	if (queue->concurrency == 0 && queue->rate == 0)
		return true;
	limit_lock();
	state = limit_find_queue(number);
	if (queue->concurrency > 0 && state->running >= queue->concurrency && !is_entered(number))
	{
		state->refused = true;
		room = false;
	}
	if (queue->rate > 0)
	{
		double		step;
		double		arrival;
		double		at = rate_allows(state->arrival, queue->rate, queue->rate_period, now, &step,
									 &arrival);

		if (at > now)
		{
			room = false;
			*until = Min(*until, (TimestampTz) at + 1);
		}
	}
	limit_unlock();
	return room;
}

/*
 * Takes a place among the running jobs of the queue until the end of the
 * transaction: for a batch, or for the job that limit_keep() will be called
 * for.
 */
bool
limit_enter(int number, bool batch)
{
	const Queue *queue = queue_at(number);
	LimitQueue *state;
	Held	   *mine;
	bool		entered = true;

	entered_from = nheld;
	if (batch && is_entered(number))
		return true;
	/* counted also without a limit: there may be one before this ends */
	mine = next_held();
	limit_lock();
	state = limit_find_queue(number);
	if ((queue->concurrency > 0 && state->running >= queue->concurrency) ||
		(queue->concurrency_local > 0 && local_running[number] >= queue->concurrency_local))
	{
		state->refused = true;
		entered = false;
	}
	else
	{
		state->running++;
		local_running[number]++;
		mine->term = limit_locked->term;
		mine->queue = number;
		mine->running = true;
		nheld++;
	}
	limit_unlock();
	return entered;
}

/* May the key have one more running?  Caller holds the lock. */
static Admission
key_has_room(const Queue *queue, LimitKey *key, bool has_waited, double now)
{
	if (queue->concurrency_by_key == 0)
		return ADMITTED;
	if (key->running > 0 && key->batch == batch_number && key->process == MyProcPid)
		return ADMITTED;		/* ours already: we run one after the other */
	/* nobody overtakes those of his key that were held back */
	if (key->waited_for && !has_waited)
	{
		holds_back = true;
		return KEY_FULL;
	}
	if (key->running < queue->concurrency_by_key)
		return ADMITTED;
	/* a quick one may turn out not to be: its lane must not wait for it */
	key->slow |= now - key->since >= BUSY_MOST_US;
	key->waited_for |= key->slow;
	holds_back |= key->slow;
	limit_locked->queues[key->name.queue].refused = true;
	return key->slow ? KEY_FULL : KEY_BUSY;
}

/*
 * Caller holds the lock; what is admitted is taken.  by_key: also what is
 * running of the job's key.
 */
static AdmissionAnswer
ask_locked(int number, const Job *job, const char *text, bool by_key, Held *mine)
{
	const Queue *queue = queue_at(number);
	LimitQueue *state = limit_find_queue(number);
	AdmissionAnswer answer = {ADMITTED, 0, text};
	double		now = limit_now();
	double		queue_arrival = state->arrival;
	double		key_arrival = 0;
	double		at = now;
	LimitKey   *key = text ? limit_find_key(number, text, true) : NULL;

	mine->term = limit_locked->term;
	mine->queue = number;
	if (queue->rate > 0 &&
		(at = rate_allows(state->arrival, queue->rate, queue->rate_period, now, &mine->queue_step,
						  &queue_arrival)) > now)
	{
		answer.admission = QUEUE_FULL;
		answer.until = (TimestampTz) at + 1;
		return answer;
	}
	if (text && key == NULL)
	{
		mine->queue_step = 0;
		answer.admission = KEY_UNCOUNTED;
		answer.until = (TimestampTz) now + UNCOUNTED_WAITS_US;
		return answer;
	}
	if (key && by_key)
		answer.admission = key_has_room(queue, key, job->waited & WAITED_FOR_KEY, now);
	if (answer.admission == KEY_BUSY)
		answer.until = (TimestampTz) key->since + BUSY_MOST_US;
	if (answer.admission == KEY_FULL)
	{
		mine->queue_step = 0;
		mine->key = key;
		mine->waits = true;
		key->holds++;
		nheld++;
	}
	if (answer.admission != ADMITTED)
		return answer;
	if (key && queue->rate_by_key > 0 && !(job->waited & WAITED_FOR_RATE))
	{
		at = rate_allows(key->arrival, queue->rate_by_key, queue->rate_period, now, &mine->step,
						 &key_arrival);
		key->arrival = key_arrival;
		mine->key = key;
		if (at > now)
		{
			/* its time is reserved */
			mine->queue_step = 0;
			key->holds++;
			nheld++;
			answer.admission = KEY_TOO_FAST;
			answer.until = (TimestampTz) at + 1;
			return answer;
		}
	}
	state->arrival = queue_arrival;
	if (key && by_key && queue->concurrency_by_key > 0 &&
		!(key->batch == batch_number && key->process == MyProcPid))
	{
		if (key->running++ == 0)
		{
			key->slow = false;
			key->since = now;
		}
		key->batch = batch_number;
		key->process = MyProcPid;
		mine->key = key;
		mine->running = true;
	}
	if (mine->key)
		mine->key->holds++;
	if (mine->key || mine->queue_step > 0)
		nheld++;
	return answer;
}

static AdmissionAnswer
limit_ask_entered(int number, const Job *job, bool by_key)
{
	const Queue *queue = queue_at(number);
	AdmissionAnswer answer = {ADMITTED, 0, NULL};
	Held	   *mine;
	char	   *text;

	asked_from = nheld;
	if (queue->rate == 0 && queue->rate_by_key == 0 && queue->concurrency_by_key == 0)
		return answer;
	text = queue->rate_by_key > 0 || queue->concurrency_by_key > 0 ?
		limit_key_of(number, job) : NULL;
	mine = next_held();
	limit_prepare_keys();
	limit_lock();
	answer = ask_locked(number, job, text, by_key, mine);
	limit_unlock();
	return answer;
}

/*
 * Asks for one job, before it starts.  What it takes is given back when the
 * transaction ends, or see limit_keep().
 */
AdmissionAnswer
limit_ask(int number, const Job *job)
{
	return limit_ask_entered(number, job, true);
}

/* The same of rates alone: leases are counted in the table, see lease_fetch.c */
AdmissionAnswer
limit_ask_rate(int number, const Job *job)
{
	return limit_ask_entered(number, job, false);
}

/* The job that was asked for last does not start after all: it has taken nothing */
void
limit_undo(void)
{
	limit_lock();
	while (nheld > asked_from)
	{
		Held	   *last = &held[--nheld];

		if (last->key && last->running && last->term == limit_locked->term)
			last->key->batch = 0;	/* ours no more */
		give_back(last, true);
	}
	limit_unlock();
}

/*
 * What the batch holds now, it may hold for long: others of these keys need not
 * come back in a moment
 */
void
limit_mark_slow(void)
{
	limit_lock();
	for (int i = 0; i < nheld; i++)
		if (held[i].job == 0 && held[i].running && held[i].key &&
			held[i].term == limit_locked->term)
			held[i].key->slow = true;
	limit_unlock();
}

/* What was taken since limit_enter() is for a network job, and stays taken until limit_release() */
void
limit_keep(int64 id)
{
	limit_lock();
	for (int i = entered_from; i < nheld; i++)
		if (held[i].job == 0 && !held[i].waits)
		{
			held[i].job = id;
			if (held[i].running && held[i].key && held[i].term == limit_locked->term)
				held[i].key->slow = true;
		}
	batch_number++;				/* the next job of the same key is another one */
	limit_unlock();
}

void
limit_release(int64 id)
{
	if (!limit_give_all_back(id, false))
		return;
	estate_wake_now(WORKER_SQL);
	estate_wake_now(WORKER_NETWORK);
}

/* How many more of a queue may run, by what processes have in hand */
int
limit_room_of_queue(int number)
{
	const Queue *queue = queue_at(number);
	int			running;

	if (queue->paused)
		return 0;
	if (queue->concurrency == 0)
		return PG_INT32_MAX;
	limit_lock();
	running = limit_find_queue(number)->running;
	limit_unlock();
	return Max(queue->concurrency - running, 0);
}

/* How many more of a key may run; quick ones that follow each other in a batch count as one */
int
limit_room_of_key(int number, const char *text, bool *slow)
{
	const Queue *queue = queue_at(number);
	LimitKey   *key;
	int			room = 0;

	limit_prepare_keys();
	limit_lock();
	key = limit_find_key(number, text, false);
	if (queue->paused)
		;
	else if (queue->concurrency_by_key == 0)
		room = PG_INT16_MAX;
	else
		room = Max(queue->concurrency_by_key - (key ? key->running : 0), 0);
	/* as the last ones were */
	*slow = key != NULL && key->slow;
	limit_unlock();
	return room;
}

/* Whether jobs of the key are held back: then others of it go behind them */
void
limit_key_is_held(int number, const char *text, bool waited_for)
{
	LimitKey   *key;

	limit_prepare_keys();
	limit_lock();
	key = limit_find_key(number, text, waited_for);
	if (key)
		key->waited_for = waited_for;
	limit_unlock();
}
