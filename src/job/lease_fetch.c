/*
 * lease_fetch.c
 *	  Jobs that clients do: leased for a time, in the order of their queue.
 *
 * Runs in client backends, inside a transaction; see lease.c.  Leases that
 * have run out are found here, when somebody asks for jobs of their queue.
 *
 * Limits.  Concurrency, of the queue and of a key, is counted in the rows that
 * are leased, by one session at a time, which holds the queue's lock until its
 * transaction ends: so it is exact, also after a crash.  What workers of ours
 * run of the same queue takes room from the leases, but leases take none from
 * them.  Rates are those of limit.c, one for both.
 *
 * Jobs are read into the context of the caller.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "job/count.h"
#include "job/lease.h"
#include "job/limit.h"
#include "job/lock.h"
#include "job/metric.h"
#include "job/open.h"
#include "job/queue.h"
#include "job/run.h"
#include "job/settle.h"
#include "job/unique.h"

/* Leases that have run out, and jobs of a key with room, that one call looks after */
#define EXPIRE_MOST 1000
#define EASE_MOST_OF_KEY 1000

/*
 * For how long a look from the start serves the looks that follow: so many
 * times as long as it took, but not for ever
 */
#define HINT_FACTOR 20
#define HINT_MOST_US (5 * USECS_PER_SEC)

#define OUTSIDE_WAITS \
	"done_by OPERATOR(pg_catalog.=) 'x'" \
	" AND waits_for OPERATOR(pg_catalog.=) 'time'" \
	" AND leased_until IS NULL"

/* How many of a key are leased */
typedef struct KeyCount
{
	const char *key;
	int			leased;
} KeyCount;

/* Where in the order of the jobs of a queue to look on */
typedef struct Place
{
	int			priority;
	TimestampTz run_at;
	int64		id;
} Place;

/* One call of fetch_jobs() */
typedef struct Fetch
{
	const LeaseRequest *request;
	Oid			caller;			/* only jobs of roles he is a member of */
	TimestampTz now;			/* what is due; leases go by the server's clock */
	int			queue;			/* its number; -1: it was not created, and has no limits */
	int			room;			/* how many more it may have */
	List	   *keys;			/* KeyCount, where there is a limit of keys */
	List	   *leases;
} Fetch;

/*
 * Takes away what has run out: that was an attempt, and the job can be had
 * again at once, unless it was its last.  Whether there was any.
 */
static bool
fetch_expire(const char *queue, TimestampTz now)
{
	static KeeperStatement statement = {
		"DELETE FROM estate_internal.job_open"
		" WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY("
		"  SELECT ctid FROM estate_internal.job_open"
		"  WHERE queue OPERATOR(pg_catalog.=) $1"
		"  AND leased_until OPERATOR(pg_catalog.<=) $2"
		"  ORDER BY leased_until LIMIT $3"
		"  FOR UPDATE SKIP LOCKED))"
		" RETURNING " JOB_COLUMN_NAMES ", leased_to",
		3, {TEXTOID, TIMESTAMPTZOID, INT4OID}, KEEPER_BY_INDEX
	};
	Datum		values[] = {CStringGetTextDatum(queue), TimestampTzGetDatum(now),
		Int32GetDatum(EXPIRE_MOST)};
	KeeperRows	rows = keeper_run(&statement, values, NULL);

	for (uint64 i = 0; i < rows.n; i++)
	{
		Job		   *job = record_of_row(rows, i);
		char	   *worker = keeper_text(rows, i, JOB_COLUMNS + 1);
		Settlement *settlement = settle_begin(1, DONE_OUTSIDE);
		ErrorData	error = {.sqlerrcode = ERRCODE_CONNECTION_FAILURE};

		CHECK_FOR_INTERRUPTS();
		count_jobs(job->queue, count_open(job, WAITS_FOR_TIME), -1);
		error.message = worker ? psprintf("the lease of worker \"%s\" ran out", worker) :
			"the lease of its worker ran out";
		lease_failed(settlement, job, &error, job->run_at);
		settle_write(settlement);
	}
	return rows.n > 0;
}

/* Counts the leases by key */
static void
count_keys(Fetch *fetch)
{
	static KeeperStatement statement = {
		"SELECT pg_catalog.count(*), held_key FROM estate_internal.job_open"
		" WHERE queue OPERATOR(pg_catalog.=) $1"
		" AND leased_until IS NOT NULL AND held_key IS NOT NULL"
		" GROUP BY held_key",
		1, {TEXTOID}, KEEPER_NEWEST | KEEPER_BY_INDEX
	};
	Datum		value = CStringGetTextDatum(fetch->request->queue);
	KeeperRows	rows = keeper_run(&statement, &value, NULL);

	for (uint64 i = 0; i < rows.n; i++)
	{
		KeyCount   *count = palloc(sizeof(KeyCount));

		count->leased = keeper_int64(rows, i, 1);
		count->key = keeper_text(rows, i, 2);
		fetch->keys = lappend(fetch->keys, count);
	}
}

static KeyCount *
count_of_key(Fetch *fetch, const char *key)
{
	KeyCount   *count;
	ListCell   *cell;

	foreach(cell, fetch->keys)
	{
		count = lfirst(cell);
		if (strcmp(count->key, key) == 0)
			return count;
	}
	count = palloc0(sizeof(KeyCount));
	count->key = pstrdup(key);
	fetch->keys = lappend(fetch->keys, count);
	return count;
}

static int
room_of_key(Fetch *fetch, const char *key)
{
	bool		slow;

	return Max(limit_room_of_key(fetch->queue, key, &slow) - count_of_key(fetch, key)->leased, 0);
}

/*
 * Has jobs that a limit of their key had held back wait among the others, as
 * many as there is room for
 */
static void
fetch_ease(Fetch *fetch)
{
	static KeeperStatement held = {
		/* key by key along the index, however many jobs each has */
		"WITH RECURSIVE k(held_key) AS ("
		"  (SELECT held_key FROM estate_internal.job_open"
		"   WHERE waits_for OPERATOR(pg_catalog.=) 'key'"
		"   AND done_by OPERATOR(pg_catalog.=) 'x'"
		"   AND queue OPERATOR(pg_catalog.=) $1"
		"   ORDER BY held_key LIMIT 1)"
		"  UNION ALL"
		"  SELECT o.held_key FROM k CROSS JOIN LATERAL ("
		"   SELECT held_key FROM estate_internal.job_open"
		"   WHERE waits_for OPERATOR(pg_catalog.=) 'key'"
		"   AND done_by OPERATOR(pg_catalog.=) 'x'"
		"   AND queue OPERATOR(pg_catalog.=) $1"
		"   AND held_key OPERATOR(pg_catalog.>) k.held_key"
		"   ORDER BY held_key LIMIT 1) o)"
		" SELECT held_key FROM k",
		1, {TEXTOID}, KEEPER_BY_INDEX
	};
	static KeeperStatement ease = {
		"UPDATE estate_internal.job_open SET waits_for = 'time', held_key = NULL"
		" WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY("
		"  SELECT ctid FROM estate_internal.job_open"
		"  WHERE waits_for OPERATOR(pg_catalog.=) 'key'"
		"  AND done_by OPERATOR(pg_catalog.=) 'x'"
		"  AND queue OPERATOR(pg_catalog.=) $1"
		"  AND held_key OPERATOR(pg_catalog.=) $2"
		"  ORDER BY id LIMIT $3"
		"  FOR UPDATE SKIP LOCKED))",
		3, {TEXTOID, TEXTOID, INT4OID}, KEEPER_BY_INDEX
	};
	Datum		values[3] = {CStringGetTextDatum(fetch->request->queue)};
	KeeperRows	keys = keeper_run(&held, values, NULL);

	for (uint64 i = 0; i < keys.n; i++)
	{
		char	   *key = keeper_text(keys, i, 1);

		CHECK_FOR_INTERRUPTS();
		values[1] = CStringGetTextDatum(key);
		values[2] = Int32GetDatum(Min(room_of_key(fetch, key), EASE_MOST_OF_KEY));
		if (DatumGetInt32(values[2]) > 0)
			(void) keeper_run(&ease, values, NULL);
	}
}

/*
 * Finds out how many jobs the queue may have leased more; from here on nobody
 * else leases any if it is limited
 */
static void
look_at_queue(Fetch *fetch)
{
	static KeeperStatement statement = {
		"SELECT pg_catalog.count(*),"
		"  pg_catalog.count(*) FILTER (WHERE leased_to OPERATOR(pg_catalog.=) $2)"
		" FROM estate_internal.job_open"
		" WHERE queue OPERATOR(pg_catalog.=) $1 AND leased_until IS NOT NULL",
		2, {TEXTOID, TEXTOID}, KEEPER_NEWEST | KEEPER_BY_INDEX
	};
	const LeaseRequest *request = fetch->request;
	Datum		values[] = {CStringGetTextDatum(request->queue),
		CStringGetTextDatum(request->worker ? request->worker : "")};
	Queue	   *queue = queue_at(fetch->queue);

	if (queue->concurrency > 0 || queue->concurrency_local > 0 || queue->concurrency_by_key > 0)
		job_lock_queue(fetch->queue);
	if (queue->concurrency > 0 || queue->concurrency_local > 0)
	{
		KeeperRows	leased = keeper_run(&statement, values, NULL);

		fetch->room = Min(fetch->room,
						  limit_room_of_queue(fetch->queue) - keeper_int64(leased, 0, 1));
		if (request->worker && queue->concurrency_local > 0)
			fetch->room = Min(fetch->room, queue->concurrency_local - keeper_int64(leased, 0, 2));
	}
	if (queue->concurrency_by_key > 0)
		count_keys(fetch);
	fetch_ease(fetch);
}

/*
 * Whether the limits let a job start.  Where those of its key do not, it is put
 * aside until they will; where the queue's do not, that is all for now.
 */
static bool
fetch_is_admitted(Fetch *fetch, Lease *lease)
{
	Job		   *job = lease->job;
	AdmissionAnswer answer;

	if (fetch->queue < 0)
		return true;
	if (queue_at(fetch->queue)->concurrency_by_key > 0)
		lease->key = limit_key_of(fetch->queue, job);
	if (lease->key && room_of_key(fetch, lease->key) == 0)
		answer = (AdmissionAnswer) {KEY_FULL, 0, lease->key};
	else
		answer = limit_ask_rate(fetch->queue, job);
	switch (answer.admission)
	{
		case ADMITTED:
			if (lease->key)
				count_of_key(fetch, lease->key)->leased++;
			return true;
		case QUEUE_FULL:
			fetch->room = 0;
			return false;
		default:
			open_hold_back(job, &answer);
			return false;
	}
}

/* Writes the leases that are new since there were `before` into their rows */
static void
write_leases(Fetch *fetch, int before)
{
	static KeeperStatement statement = {
		"UPDATE estate_internal.job_open o"
		" SET lease_token = e.token, held_key = e.key, leased_until = $4, leased_to = $5,"
		"  waited = NULL"
		" FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2),"
		" pg_catalog.unnest($3)) e (id, token, key)"
		" WHERE o.id OPERATOR(pg_catalog.=) e.id",
		5, {INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID, TEXTOID}, KEEPER_BY_INDEX
	};
	int			n = list_length(fetch->leases) - before;
	int64	   *ids = palloc(sizeof(int64) * n);
	int64	   *tokens = palloc(sizeof(int64) * n);
	Datum	   *keys = palloc0(sizeof(Datum) * n);
	bool	   *no_key = palloc(sizeof(bool) * n);
	Oid			sequence = record_table("job_lease_seq");
	Datum		values[5];
	char		nulls[] = "     ";
	int			lower = 1;

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
	{
		Lease	   *lease = list_nth(fetch->leases, before + i);

		/* the row is locked: whoever gets it later draws a later number */
		lease->token = nextval_internal(sequence, false);
		ids[i] = lease->job->id;
		tokens[i] = lease->token;
		no_key[i] = lease->key == NULL;
		if (lease->key)
			keys[i] = CStringGetTextDatum(lease->key);
		if (unique_ends_at_start(lease->job))
			unique_free(&lease->job, 1);
		count_jobs(lease->job->queue, count_open(lease->job, WAITS_FOR_TIME), -1);
		lease->job->waited = 0;
		count_jobs(lease->job->queue, count_open(lease->job, WAITS_FOR_TIME), 1);
		metric_started(metric_of(lease->job),
					   GetCurrentTimestamp() - Max(lease->job->run_at, lease->job->enqueued_at));
	}
	values[0] = keeper_ids(ids, n);
	values[1] = keeper_ids(tokens, n);
	values[2] = PointerGetDatum(construct_md_array(keys, no_key, 1, &n, &lower, TEXTOID, -1, false,
												   TYPALIGN_INT));
	values[3] = TimestampTzGetDatum(fetch->request->until);
	keeper_set_text(values, nulls, 4, fetch->request->worker);
	(void) keeper_run(&statement, values, nulls);
}

/* Leases due jobs of one priority, in their order, as many as there is room for */
static void
lease_priority(Fetch *fetch, Place first)
{
	static KeeperStatement statement = {
		"SELECT " JOB_COLUMN_NAMES " FROM estate_internal.job_open"
		" WHERE " OUTSIDE_WAITS
		" AND queue OPERATOR(pg_catalog.=) $1"
		" AND priority OPERATOR(pg_catalog.=) $2"
		" AND ROW(run_at, id) OPERATOR(pg_catalog.>=) ROW($7, $8)"
		" AND run_at OPERATOR(pg_catalog.<=) $3"
		" AND ($4 IS NULL OR handler OPERATOR(pg_catalog.=) $4)"
		" AND " OF_CALLER("$5")
		" ORDER BY run_at, id LIMIT $6"
		" FOR UPDATE SKIP LOCKED",
		8, {TEXTOID, INT2OID, TIMESTAMPTZOID, TEXTOID, OIDOID, INT4OID, TIMESTAMPTZOID, INT8OID},
		KEEPER_BY_INDEX
	};
	const LeaseRequest *request = fetch->request;
	Datum		values[8] = {CStringGetTextDatum(request->queue), Int16GetDatum(first.priority),
		TimestampTzGetDatum(fetch->now)};
	char		nulls[] = "        ";
	bool		more = true;

	keeper_set_text(values, nulls, 3, request->handler);
	values[4] = ObjectIdGetDatum(fetch->caller);
	values[6] = TimestampTzGetDatum(first.run_at);
	values[7] = Int64GetDatum(first.id);
	while (more && fetch->room > 0)
	{
		int			before = list_length(fetch->leases);
		int			asked = fetch->room;
		KeeperRows	rows;

		values[5] = Int32GetDatum(asked);
		rows = keeper_run(&statement, values, nulls);
		more = rows.n == asked;		/* those put aside are not found again */
		for (uint64 i = 0; i < rows.n && fetch->room > 0; i++)
		{
			Lease	   *lease = palloc0(sizeof(Lease));

			CHECK_FOR_INTERRUPTS();
			lease->job = record_of_row(rows, i);
			if (fetch_is_admitted(fetch, lease))
			{
				fetch->leases = lappend(fetch->leases, lease);
				fetch->room--;
			}
		}
		write_leases(fetch, before);
		SPI_freetuptable(rows.table);
	}
}

/* The first job, due or not, from a place on; false: there is none */
static bool
next_place(const char *queue, Place *place)
{
	static KeeperStatement statement = {
		"SELECT priority, run_at, id FROM estate_internal.job_open"
		" WHERE " OUTSIDE_WAITS
		" AND queue OPERATOR(pg_catalog.=) $1"
		" AND ROW(priority, run_at, id) OPERATOR(pg_catalog.>=) ROW($2, $3, $4)"
		" ORDER BY priority, run_at, id LIMIT 1",
		4, {TEXTOID, INT4OID, TIMESTAMPTZOID, INT8OID}, KEEPER_BY_INDEX
	};
	Datum		values[] = {CStringGetTextDatum(queue), Int32GetDatum(place->priority),
	TimestampTzGetDatum(place->run_at), Int64GetDatum(place->id)};
	KeeperRows	rows = keeper_run(&statement, values, NULL);

	if (rows.n == 0)
		return false;
	place->priority = DatumGetInt16(keeper_value(rows, 0, 1));
	place->run_at = DatumGetTimestampTz(keeper_value(rows, 0, 2));
	place->id = keeper_int64(rows, 0, 3);
	return true;
}

/* What is remembered of the queue, in shared memory, locked; NULL: it has no entry there */
static QueueLeaseHint *
lock_hint(const Fetch *fetch, QueueState **state)
{
	*state = fetch->queue < 0 ? NULL : estate_lock_piece(&queue_area, LW_EXCLUSIVE);
	return *state ? &(*state)->queues[fetch->queue].lease_hint : NULL;
}

/*
 * Looks on where the last call found the first job.  In the index jobs that
 * are gone lie before it, by the million when a backlog is worked off faster
 * than it is vacuumed.
 */
static void
lease_from_hint(Fetch *fetch)
{
	QueueState *state;
	QueueLeaseHint *shared = lock_hint(fetch, &state);
	TimestampTz now = GetCurrentTimestamp();
	QueueLeaseHint hint;
	Place		place;

	if (shared == NULL)
		return;
	hint = *shared;
	estate_unlock_piece(&queue_area, state);
	place = (Place) {hint.priority, hint.run_at, hint.id};
	/* too far ahead: the clock was set back */
	if (hint.until < now || hint.until - now > HINT_MOST_US ||
		!next_place(fetch->request->queue, &place) || place.priority != hint.priority)
		return;
	shared = lock_hint(fetch, &state);
	/* unless somebody has looked from the start meanwhile, or the database has lost its workers */
	if (shared && shared->until == hint.until)
		*shared = (QueueLeaseHint) {place.priority, place.run_at, place.id, hint.until};
	if (shared)
		estate_unlock_piece(&queue_area, state);
	lease_priority(fetch, place);
}

/*
 * Looks from the start.  Others need not for a while: what has come before the
 * place meanwhile waits so long at most, and not at all where there is no
 * backlog.
 */
static void
lease_from_start(Fetch *fetch)
{
	Place		place = {PG_INT16_MIN, DT_NOBEGIN};
	TimestampTz start = GetCurrentTimestamp();
	bool		found = next_place(fetch->request->queue, &place);
	TimestampTz end = GetCurrentTimestamp();
	QueueState *state;
	QueueLeaseHint *shared = lock_hint(fetch, &state);

	if (shared)
	{
		*shared = (QueueLeaseHint) {
			place.priority, place.run_at, place.id,
			found ? end + Min((end - start) * HINT_FACTOR, HINT_MOST_US) : 0
		};
		estate_unlock_piece(&queue_area, state);
	}
	while (found)
	{
		CHECK_FOR_INTERRUPTS();
		lease_priority(fetch, place);
		place = (Place) {place.priority + 1, DT_NOBEGIN};
		found = fetch->room > 0 && next_place(fetch->request->queue, &place);
	}
}

/* Leases jobs; a list of Lease in the order of their priority */
List *
lease_fetch(const LeaseRequest *request)
{
	Fetch		fetch = {.request = request, .room = request->count};
	EstateUser	user;
	bool		expired;

	queue_refresh();
	fetch.caller = GetUserId();
	fetch.now = estate_now();
	fetch.queue = queue_find(request->queue);
	if (strcmp(queue_at(fetch.queue)->name, request->queue) != 0)
		fetch.queue = -1;
	else if (queue_at(fetch.queue)->paused)
		return NIL;
	keeper_begin(&user);
	expired = fetch_expire(request->queue, GetCurrentTimestamp());
	if (fetch.queue >= 0)
		look_at_queue(&fetch);
	if (fetch.room > 0 && !expired)
		lease_from_hint(&fetch);
	if (fetch.room > 0)
		lease_from_start(&fetch);
	keeper_end(&user);
	return fetch.leases;
}
