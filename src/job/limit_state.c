/*
 * limit_state.c
 *	  What is counted for the limits of queues and keys, and its lock.
 *
 * Runs in any process.  A database with workers has it in shared memory, any
 * other in the process alone.
 *
 * Keys are in one table for all databases, partitioned by database: what is
 * of a database is in a partition of its own, under that database's lock, and
 * in a list of its own.
 *
 * limit_lock() may be called while a transaction ends: it neither allocates nor
 * throws.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/hsearch.h"

#include "job/limit_state.h"
#include "slot.h"

#define LIMIT_KEYS 16384		/* that are in use, in all databases */
#define LIMIT_KEYS_MOST (LIMIT_KEYS - ESTATE_MAX_DATABASES)	/* each may be about to take one */
#define LOOK_FOR_ROOM_MS 100

static HTAB *shared_keys = NULL;
static LimitCounts own_state;	/* of a database without a slot */
static HTAB *own_keys = NULL;
LimitCounts *limit_locked = NULL;

/* The partition of a table is in the low bits of the hash */
static uint32
hash_name(const void *key, Size size)
{
	const LimitName *name = key;

	StaticAssertStmt((ESTATE_MAX_DATABASES & (ESTATE_MAX_DATABASES - 1)) == 0,
					 "partitions are a power of two");
	return (hash_bytes(key, size) & ~(uint32) (ESTATE_MAX_DATABASES - 1)) | name->slot;
}

static Size
bytes_of_keys(void)
{
	return hash_estimate_size(LIMIT_KEYS, sizeof(LimitKey));
}

static void
make_keys(void)
{
	HASHCTL		control = {
		.keysize = sizeof(LimitName),
		.entrysize = sizeof(LimitKey),
		.hash = hash_name,
		.num_partitions = ESTATE_MAX_DATABASES
	};

	shared_keys = ShmemInitHash("pg_estate limits of keys", LIMIT_KEYS, LIMIT_KEYS, &control,
								HASH_ELEM | HASH_FUNCTION | HASH_PARTITION);
}

/*
 * The keys of the database that had the slot before go, too: its processes see
 * by the term that they have none any more.
 */
static void
limit_begin(void *piece)
{
	LimitCounts *state = piece;
	uint64		term = state->term + 1;
	dlist_mutable_iter at;

	/* the first time it is all zero */
	if (state->term > 0)
		dlist_foreach_modify(at, &state->keys)
		{
			LimitKey   *key = dlist_container(LimitKey, node, at.cur);

			hash_search(shared_keys, &key->name, HASH_REMOVE, NULL);
		}
	memset(state, 0, sizeof(*state));
	state->term = term;
	dlist_init(&state->keys);
}

EstateArea limit_area = {
	.name = "pg_estate limits",
	.bytes = sizeof(LimitCounts),
	.npieces = ESTATE_MAX_DATABASES,
	.begin = limit_begin,
	.more_bytes = bytes_of_keys,
	.start = make_keys
};

bool
limit_is_shared(void)
{
	return estate_find_slot(MyDatabaseId) != NULL;
}

void
limit_lock(void)
{
	limit_locked = estate_lock_piece(&limit_area, LW_EXCLUSIVE);
	if (limit_locked == NULL)
		limit_locked = &own_state;
}

void
limit_unlock(void)
{
	if (limit_locked != &own_state)
		estate_unlock_piece(&limit_area, limit_locked);
	limit_locked = NULL;
}

/*
 * The table of keys; caller holds the lock.  NULL: the database has lost its
 * workers since limit_prepare_keys().
 */
static HTAB *
limit_keys(void)
{
	return limit_locked == &own_state ? own_keys : shared_keys;
}

/* A queue has other rates than when the key was used last, see limit_find_queue() */
static void
begin_key_anew(LimitKey *key)
{
	const Queue *queue = queue_at(key->name.queue);

	if (key->generation == queue->generation)
		return;
	if (key->generation < queue->named_at)
	{
		key->arrival = 0;
		key->waited_for = false;
	}
	else
		key->arrival = Min(key->arrival, queue->generation + queue->rate_period);
	key->generation = queue->generation;
}

/* Keys of a database of which nothing is known any more make room; caller holds its lock */
static void
forget_idle_keys(LimitCounts *counts, HTAB *table, double now)
{
	dlist_mutable_iter at;

	dlist_foreach_modify(at, &counts->keys)
	{
		LimitKey   *key = dlist_container(LimitKey, node, at.cur);

		/* only the processes of another database know the rates that its queues have now */
		if (key->name.database == MyDatabaseId)
			begin_key_anew(key);
		if (key->holds == 0 && key->arrival <= now && !key->waited_for)
		{
			dlist_delete(&key->node);
			hash_search(table, &key->name, HASH_REMOVE, NULL);
		}
	}
}

/*
 * Whether it is time to look for keys that can go.  Our own table can grow, but
 * is tidied as often as the shared one.
 */
static bool
limit_keys_are_full(HTAB *table)
{
	return hash_get_num_entries(table) >= LIMIT_KEYS_MOST;
}

/* Of all databases, also of those where nothing goes on; one lock after the other */
static void
make_room(bool shared)
{
	static TimestampTz looked_at = 0;
	TimestampTz now = GetCurrentTimestamp();

	if (!TimestampDifferenceExceeds(looked_at, now, LOOK_FOR_ROOM_MS))
		return;
	looked_at = now;
	if (!shared)
		forget_idle_keys(&own_state, own_keys, estate_now());
	for (int i = 0; shared && i < ESTATE_MAX_DATABASES; i++)
	{
		LimitCounts *counts = slot_lock_piece(&limit_area, &estate_shared->databases[i],
											  LW_EXCLUSIVE);

		/* before its first term it is all zero */
		if (counts->term > 0)
			forget_idle_keys(counts, shared_keys, now);
		estate_unlock_piece(&limit_area, counts);
	}
}

/* Before the lock: it may fail */
void
limit_prepare_keys(void)
{
	HASHCTL		control = {.keysize = sizeof(LimitName), .entrysize = sizeof(LimitKey)};

	bool		shared = limit_is_shared();

	if (own_keys == NULL && !shared)
		own_keys = hash_create("pg_estate limits", LIMIT_KEYS, &control, HASH_ELEM | HASH_BLOBS);
	if (limit_keys_are_full(shared ? shared_keys : own_keys))
		make_room(shared);
}

/*
 * What is counted for a queue; caller holds the lock.  Where it has other rates
 * than before, what jobs have reserved by the old ones is void, and they begin
 * as after a full period of the new ones.  Under another name it is another
 * queue, of which nothing is counted yet.
 */
LimitQueue *
limit_find_queue(int number)
{
	const Queue *queue = queue_at(number);
	LimitQueue *state = &limit_locked->queues[number];

	if (state->generation == queue->generation)
		return state;
	if (state->generation < queue->named_at)
		memset(state, 0, sizeof(*state));
	else
		state->arrival = Min(state->arrival, queue->generation + queue->rate_period);
	state->generation = queue->generation;
	return state;
}

/*
 * The entry of a key; caller holds the lock.  NULL: there is none, and where it
 * was to be made no place is left: all are taken by keys that are in use.  Keys
 * that share a place would wait for each other, or be let through.
 */
LimitKey *
limit_find_key(int queue, const char *text, bool make)
{
	LimitName	name;
	LimitKey   *key;

	if (limit_keys() == NULL)
		return NULL;
	memset(&name, 0, sizeof(name));
	name.database = MyDatabaseId;
	name.slot = limit_locked == &own_state ? 0 : limit_locked - (LimitCounts *) limit_area.pieces;
	name.queue = queue;
	name.hash = hash_bytes_extended((const unsigned char *) text, strlen(text), 0);
	key = hash_search(limit_keys(), &name, HASH_FIND, NULL);
	if (key == NULL && make)
	{
		if (limit_locked == &own_state)
			key = hash_search(limit_keys(), &name, HASH_ENTER, NULL);
		else if (!limit_keys_are_full(shared_keys))
			key = hash_search(limit_keys(), &name, HASH_ENTER_NULL, NULL);
		if (key)
		{
			memset((char *) key + sizeof(name), 0, sizeof(LimitKey) - sizeof(name));
			dlist_push_tail(&limit_locked->keys, &key->node);
		}
	}
	if (key)
		begin_key_anew(key);
	return key;
}
