/*
 * limit.c
 *	  May this job start now?  Concurrency and rate of queues and keys.
 *
 * Runs in workers and in sessions that run jobs, inside a transaction.  What
 * is counted is in shared memory, under the one lock, so that limits are exact
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
 * What a batch has taken is given back when its transaction ends, by a callback
 * that neither allocates nor throws; of an aborted batch also its share of
 * the rates.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "job/limit.h"
#include "job/queue.h"

#define HELD_AT_FIRST 1024

#define KEY_MOST_BYTES 200
#define BUSY_MOST_US 50000.0	/* a batch is about to end, unless it takes longer than this */

/* Something that this process has taken, until the batch or the network job ends */
typedef struct Held
{
	int64		job;			/* a network job; 0: the batch */
	int			queue;
	EstateLimitKey   *key;			/* NULL: of the queue */
	bool		running;		/* counts as running */
	double		step;			/* what its rate has been moved by */
	double		queue_step;
	bool		waits;			/* a job of the key is held back */
} Held;

static Held *held = NULL;
static int	nheld = 0;
static int	most_held = 0;
static int	local_running[ESTATE_MAX_QUEUES];	/* of this process */
static uint64 batch_number = 1;
static HTAB *own_keys = NULL;	/* of a database without a slot */
static int	entered_from = 0;	/* what was taken when limit_enter() was called last */
static int	asked_from = 0;		/* what was taken when limit_ask() was asked last */
static bool holds_back = false; /* this transaction leaves jobs that wait for their key */

static bool
is_shared(void)
{
	return estate_find_slot(MyDatabaseId) != NULL;
}

/* Rates that processes share go by the clock of the server, whatever a session has set */
static TimestampTz
limit_now(void)
{
	return is_shared() ? GetCurrentTimestamp() : estate_now();
}

static void
lock(void)
{
	if (estate_shared)
		LWLockAcquire(estate_shared->lock, LW_EXCLUSIVE);
}

static void
unlock(void)
{
	if (estate_shared)
		LWLockRelease(estate_shared->lock);
}

/* Caller holds the lock */
static void
give_back(const Held *what, bool aborted)
{
	EstateQueue *queue = queue_at(what->queue);

	if (what->key)
		what->key->holds--;
	if (what->running && what->key)
	{
		what->key->running--;
	}
	else if (what->running)
	{
		queue->running = Max(queue->running - 1, 0);
		local_running[what->queue]--;
	}
	if (aborted)
	{
		if (what->key)
			what->key->arrival -= what->step;
		queue->arrival -= what->queue_step;
	}
	/* only now can others see the jobs that are held back, and perhaps nobody else will let them go */
	if (what->waits && !aborted)
		what->key->waited_for = true;
	if (what->key && what->key->waited_for)
		queue->refused = true;
}

/* Gives back what was taken for a network job, or with 0 for the batch */
static void
give_all_back(int64 job, bool aborted)
{
	int			kept = 0;
	bool		wake = false;

	if (nheld == 0)
		return;
	lock();
	for (int i = 0; i < nheld; i++)
	{
		if (held[i].job != job)
		{
			held[kept++] = held[i];
			continue;
		}
		give_back(&held[i], aborted);
		wake |= queue_at(held[i].queue)->refused;
		queue_at(held[i].queue)->refused = false;
	}
	nheld = kept;
	unlock();
	/* whoever found no room may have it now */
	if (wake)
	{
		estate_wake_now(WORKER_SQL);
		estate_wake_now(WORKER_NETWORK);
	}
}

static void
batch_ended(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	give_all_back(0, event == XACT_EVENT_ABORT);
	batch_number++;
	if (holds_back && event != XACT_EVENT_ABORT && is_shared())
	{
		estate_find_slot(MyDatabaseId)->held = true;
		if (event == XACT_EVENT_PREPARE)
			estate_note_prepared();
		/* the commit has its own wake, but perhaps before this */
		estate_wake_now(WORKER_SQL);
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
			give_all_back(held[i].job, false);
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
		RegisterXactCallback(batch_ended, NULL);
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

static HTAB *
keys(void)
{
	HASHCTL		control = {.keysize = sizeof(EstateLimitName), .entrysize = sizeof(EstateLimitKey)};

	if (is_shared())
		return estate_limit_keys;
	if (own_keys == NULL)
		own_keys = hash_create("pg_estate limits", ESTATE_LIMIT_KEYS, &control, HASH_ELEM | HASH_BLOBS);
	return own_keys;
}

/* Keys of which nothing is known any more make room; caller holds the lock */
static void
forget_idle_keys(double now)
{
	HASH_SEQ_STATUS scan;
	EstateLimitKey   *key;

	hash_seq_init(&scan, keys());
	while ((key = hash_seq_search(&scan)) != NULL)
		if (key->holds == 0 && key->arrival <= now && !key->waited_for)
			hash_search(keys(), &key->name, HASH_REMOVE, NULL);
}

/*
 * The entry of a key; caller holds the lock.  When all places are taken by
 * keys that are in use, those that come now share one.
 */
static EstateLimitKey *
find_key(int queue, const char *text, double now)
{
	EstateLimitName	name;
	EstateLimitKey   *key;
	bool		found;

	memset(&name, 0, sizeof(name));
	name.database = MyDatabaseId;
	name.queue = queue;
	name.hash = hash_bytes_extended((const unsigned char *) text, strlen(text), 0);
	key = hash_search(keys(), &name, HASH_FIND, NULL);
	if (key)
		return key;
	if (hash_get_num_entries(keys()) >= ESTATE_LIMIT_KEYS - 1)
		forget_idle_keys(now);
	if (hash_get_num_entries(keys()) >= ESTATE_LIMIT_KEYS - 1)
		name.hash = 0;
	key = hash_search(keys(), &name, is_shared() ? HASH_ENTER_NULL : HASH_ENTER, &found);
	if (key && !found)
		memset((char *) key + sizeof(name), 0, sizeof(EstateLimitKey) - sizeof(name));
	return key;
}

/* When a rate lets one more through: now, or a time to come.  `*arrival` is what becomes of the theoretical arrival time. */
static double
rate_allows(double before, int rate, double period, double now, double *step, double *arrival)
{
	*step = period / rate;
	*arrival = Max(before, now) + *step;
	return *arrival - period <= now ? now : *arrival - period;
}

/* A key as it is kept, and looked for in an index: not too long for that */
static char *
shortened(char *text)
{
	int			len = strlen(text);
	uint64		hash;

	if (len <= KEY_MOST_BYTES)
		return text;
	hash = hash_bytes_extended((unsigned char *) text, len, 0);
	return psprintf("%.*s.. " UINT64_FORMAT, pg_mbcliplen(text, len, KEY_MOST_BYTES), text, hash);
}

/* The value in args that the queue's key names, as text; NULL: there is none */
static char *
value_in(JsonbContainer *container, const EstateQueue *queue)
{
	JsonbValue	value;
	char		path[sizeof(queue->key)];
	char	   *step;
	char	   *rest = path;

	if (!JsonContainerIsObject(container))
		return NULL;
	strlcpy(path, queue->key, sizeof(path));
	while ((step = strsep(&rest, ".")) != NULL)
	{
		if (!JsonContainerIsObject(container) ||
			getKeyJsonValueFromContainer(container, step, strlen(step), &value) == NULL)
			return NULL;
		if (value.type == jbvBinary)
			container = value.val.binary.data;
		else if (rest != NULL)
			return NULL;		/* the path goes on, the object does not */
	}
	switch (value.type)
	{
		case jbvString:
			return pnstrdup(value.val.string.val, value.val.string.len);
		case jbvNumeric:
			return numeric_normalize(value.val.numeric);	/* 1.0 is 1 */
		case jbvBool:
			return value.val.boolean ? "true" : "false";
		case jbvBinary:
			return JsonbToCString(NULL, value.val.binary.data, value.val.binary.len);
		default:
			return NULL;
	}
}

static char *
value_of(const EstateQueue *queue, const Job *job)
{
	Jsonb	   *args;
	char	   *value;

	if (queue->key[0] == '\0')
		return NULL;
	args = DatumGetJsonbP(job->args);
	value = value_in(&args->root, queue);
	/* it may be large, and that of each job is looked at */
	if (args != (Jsonb *) DatumGetPointer(job->args))
		pfree(args);
	return value;
}

static char *
key_of(const EstateQueue *queue, const Job *job)
{
	char	   *value = value_of(queue, job);

	return value ? shortened(value) : NULL;
}

/* A batch of this transaction has entered: inside of somebody else's there may be many, one after the other */
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
	EstateQueue *queue = queue_at(number);
	bool		room = true;

	if (!queue->defined || queue->paused)
		return false;
	if (queue->concurrency == 0 && queue->rate == 0)
		return true;
	lock();
	if (queue->concurrency > 0 && queue->running >= queue->concurrency && !is_entered(number))
	{
		queue->refused = true;
		room = false;
	}
	if (queue->rate > 0)
	{
		double		step;
		double		arrival;
		double		at = rate_allows(queue->arrival, queue->rate, queue->rate_period, now, &step, &arrival);

		if (at > now)
		{
			room = false;
			*until = Min(*until, (TimestampTz) at + 1);
		}
	}
	unlock();
	return room;
}

/*
 * One of the queue's running ones, until the end of the transaction: a batch,
 * or what limit_keep() will be called for.
 */
bool
limit_enter(int number, bool batch)
{
	EstateQueue *queue = queue_at(number);
	Held	   *mine;
	bool		entered = true;

	entered_from = nheld;
	if (batch && is_entered(number))
		return true;
	/* counted also without a limit: there may be one before this ends */
	mine = next_held();
	lock();
	if ((queue->concurrency > 0 && queue->running >= queue->concurrency) ||
		(queue->concurrency_local > 0 && local_running[number] >= queue->concurrency_local))
	{
		queue->refused = true;
		entered = false;
	}
	else
	{
		queue->running++;
		local_running[number]++;
		mine->queue = number;
		mine->running = true;
		nheld++;
	}
	unlock();
	return entered;
}

/* May the key have one more running?  Caller holds the lock. */
static Admission
key_has_room(const EstateQueue *queue, EstateLimitKey *key, bool has_waited, double now)
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
	queue_at(key->name.queue)->refused = true;
	return key->slow ? KEY_FULL : KEY_BUSY;
}

/*
 * Caller holds the lock; what is admitted is taken.  by_key: also what is
 * running of the job's key.
 */
static AdmissionAnswer
ask_locked(int number, const Job *job, const char *text, bool by_key, Held *mine)
{
	EstateQueue *queue = queue_at(number);
	AdmissionAnswer answer = {ADMITTED, 0, text};
	double		now = limit_now();
	double		queue_arrival = queue->arrival;
	double		key_arrival = 0;
	double		at = now;
	EstateLimitKey   *key = text ? find_key(number, text, now) : NULL;

	mine->queue = number;
	if (queue->rate > 0 &&
		(at = rate_allows(queue->arrival, queue->rate, queue->rate_period, now, &mine->queue_step, &queue_arrival)) > now)
	{
		answer.admission = QUEUE_FULL;
		answer.until = (TimestampTz) at + 1;
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
		at = rate_allows(key->arrival, queue->rate_by_key, queue->rate_period, now, &mine->step, &key_arrival);
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
	queue->arrival = queue_arrival;
	if (key && by_key && queue->concurrency_by_key > 0 && !(key->batch == batch_number && key->process == MyProcPid))
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
ask(int number, const Job *job, bool by_key)
{
	EstateQueue *queue = queue_at(number);
	AdmissionAnswer answer = {ADMITTED, 0, NULL};
	Held	   *mine;
	char	   *text;

	asked_from = nheld;
	if (queue->rate == 0 && queue->rate_by_key == 0 && queue->concurrency_by_key == 0)
		return answer;
	text = queue->rate_by_key > 0 || queue->concurrency_by_key > 0 ? key_of(queue, job) : NULL;
	mine = next_held();
	lock();
	answer = ask_locked(number, job, text, by_key, mine);
	unlock();
	return answer;
}

/*
 * Asks for one job, before it starts.  What it takes is given back when the
 * transaction ends, or see limit_keep().
 */
AdmissionAnswer
limit_ask(int number, const Job *job)
{
	return ask(number, job, true);
}

/* The same of rates alone: leases are counted in the table, see lease_fetch.c */
AdmissionAnswer
limit_ask_rate(int number, const Job *job)
{
	return ask(number, job, false);
}

char *
limit_key_of(int number, const Job *job)
{
	return key_of(queue_at(number), job);
}

/* The job that was asked for last does not start after all: it has taken nothing */
void
limit_undo(void)
{
	lock();
	while (nheld > asked_from)
	{
		Held	   *last = &held[--nheld];

		if (last->key && last->running)
			last->key->batch = 0;	/* ours no more */
		give_back(last, true);
	}
	unlock();
}

/* What the batch holds now, it may hold for long: others of these keys need not come back in a moment */
void
limit_mark_slow(void)
{
	lock();
	for (int i = 0; i < nheld; i++)
		if (held[i].job == 0 && held[i].running && held[i].key)
			held[i].key->slow = true;
	unlock();
}

/* What was taken since limit_enter() is for a network job, and stays taken until limit_release() */
void
limit_keep(int64 id)
{
	lock();
	for (int i = entered_from; i < nheld; i++)
		if (held[i].job == 0 && !held[i].waits)
		{
			held[i].job = id;
			if (held[i].running && held[i].key)
				held[i].key->slow = true;
		}
	batch_number++;				/* the next job of the same key is another one */
	unlock();
}

void
limit_release(int64 id)
{
	give_all_back(id, false);
}

/* How many more of a queue may run, by what processes have in hand */
int
limit_room_of_queue(int number)
{
	EstateQueue *queue = queue_at(number);

	if (queue->paused)
		return 0;
	return queue->concurrency == 0 ? PG_INT32_MAX : Max(queue->concurrency - queue->running, 0);
}

/* How many more of a key may run; quick ones that follow each other in a batch count as one */
int
limit_room_of_key(int number, const char *text, bool *slow)
{
	EstateQueue *queue = queue_at(number);
	EstateLimitKey   *key;
	int			room = 0;

	lock();
	key = find_key(number, text, limit_now());
	if (queue->paused)
		;
	else if (queue->concurrency_by_key == 0 || key == NULL)
		room = PG_INT16_MAX;
	else
		room = Max(queue->concurrency_by_key - key->running, 0);
	/* as the last ones were */
	*slow = key != NULL && key->slow;
	unlock();
	return room;
}

/*
 * A queue has other rates: what its jobs have reserved by the old ones is
 * void, and they begin as after a full period of the new ones.  With
 * `other`, it is another queue than it was.  The caller holds the lock.
 */
void
limit_begin_anew(int number, bool other)
{
	EstateQueue *queue = queue_at(number);
	double		most = limit_now() + queue->rate_period;
	HASH_SEQ_STATUS scan;
	EstateLimitKey *key;

	queue->arrival = other ? 0 : Min(queue->arrival, most);
	hash_seq_init(&scan, keys());
	while ((key = hash_seq_search(&scan)) != NULL)
		if (key->name.database == MyDatabaseId && key->name.queue == number)
		{
			key->arrival = other ? 0 : Min(key->arrival, most);
			key->waited_for &= !other;
		}
}

/* Whether jobs of the key are held back: then others of it go behind them */
void
limit_key_is_held(int number, const char *text, bool waited_for)
{
	EstateLimitKey   *key;

	lock();
	key = find_key(number, text, limit_now());
	if (key)
		key->waited_for = waited_for;
	unlock();
}
