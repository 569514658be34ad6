/*
 * history_tidy.c
 *	  Forget ended jobs, by their time or their number.
 *
 * Runs in the tidier (src/process/tidier.c), and at the end of run_jobs()
 * where no workers are; in a transaction for each step, which is short.  It
 * never waits for a lock, and nobody who runs jobs waits for it.
 *
 * The longest keep_for of all queues is how long the history goes back: a part
 * of which nothing is younger is dropped.  Rows of queues that keep less, by
 * keep_for or keep_most, are deleted.  A queue that was not created keeps what
 * the default queue keeps.
 *
 * How far rows were deleted is remembered, so that the next time looks only at
 * what has come since.  That is a hint: where it is lost, or a queue changed,
 * all is looked at once more.
 *
 * Time is the server's, never that of set_clock(): whoever may set that must
 * not be able to wipe the history.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "job/count.h"
#include "job/history.h"
#include "job/history_part.h"
#include "job/queue.h"

#define PARTS_OF_TIME 8			/* a part has not more than this share of the longest keep_for */
#define PART_LEAST_US (INT64CONST(10) * 1000000)
#define DELETE_MOST 10000		/* rows in one transaction */

/* Rows may become visible so long after the time that they say they ended */
#define LATE_US (INT64CONST(3600) * 1000000)

/* What a queue keeps */
typedef struct Retention
{
	int			number;
	const char *queue;
	TimestampTz from;			/* what ended before this has expired; DT_NOBEGIN: nothing */
	int64		most;			/* 0: any number */
} Retention;

typedef struct History
{
	TimestampTz now;
	TimestampTz from;			/* of the queue that keeps its jobs longest */
	Retention  *queues;
	int			nqueues;
	Datum		created;		/* names of all queues but the default one */
	HistoryPart *parts;
	int			nparts;
} History;

static void
read_queues(History *history)
{
	Datum	   *names;
	int			n = 0;

	SPI_execute("SELECT number::pg_catalog.int4, name, pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) keep_for, keep_most"
				" FROM estate_internal.queue", true, 0);
	history->queues = palloc(sizeof(Retention) * SPI_processed);
	history->nqueues = SPI_processed;
	names = palloc(sizeof(Datum) * SPI_processed);
	history->from = history->now;
	for (int i = 0; i < history->nqueues; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		Retention  *queue = &history->queues[i];
		bool		isnull;
		Datum		from = SPI_getbinval(row, desc, 3, &isnull);

		queue->from = isnull ? DT_NOBEGIN : DatumGetTimestampTz(from);
		queue->number = DatumGetInt32(SPI_getbinval(row, desc, 1, &isnull));
		queue->queue = SPI_getvalue(row, desc, 2);
		queue->most = DatumGetInt64(SPI_getbinval(row, desc, 4, &isnull));
		history->from = Min(history->from, queue->from);
		if (queue->number != QUEUE_DEFAULT)
			names[n++] = CStringGetTextDatum(queue->queue);
	}
	history->created = PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* A query with a time as $1, on what is committed now; whether it finds a row */
static bool
finds(const char *query, TimestampTz time)
{
	Oid			type = TIMESTAMPTZOID;
	Datum		value = TimestampTzGetDatum(time);
	bool		found;

	PushActiveSnapshot(GetLatestSnapshot());
	SPI_execute_with_args(query, 1, &type, &value, NULL, true, 1);
	found = SPI_processed > 0;
	PopActiveSnapshot();
	return found;
}

static void
run(const char *sql)
{
	if (SPI_execute(sql, false, 0) < 0)
		elog(ERROR, "could not run: %s", sql);
}

/* Whether the newest part is large, or begins so long ago that it would be dropped too late */
static bool
is_full(const History *history, const HistoryPart *part)
{
	int64		share = Max((history->now - history->from) / PARTS_OF_TIME, PART_LEAST_US);

	if (history_is_large())
		return true;
	return history->from != DT_NOBEGIN &&
		finds(psprintf("SELECT FROM (SELECT ended_at FROM estate_internal.job_ended_%d LIMIT 1) first WHERE ended_at OPERATOR(pg_catalog.<) $1",
					   part->number), history->now - share);
}

/* Begins another part */
static void
begin_part(const HistoryPart *last)
{
	int			number = last->number + 1;

	run(psprintf("CREATE TABLE estate_internal.job_ended_%d () INHERITS (estate_internal.job_ended) USING heap", number));
	run(psprintf("COMMENT ON TABLE estate_internal.job_ended_%d IS 'A part of the history of jobs'", number));
	run(psprintf("GRANT SELECT ON estate_internal.job_ended_%d TO estate_admin", number));
}

/*
 * A part that is not written any more gets its indexes: ids and times come
 * nearly in order, so a summary of each block range finds them.  The newest has
 * none, since keeping them would take as long as writing the rows.
 */
static void
index_part(const HistoryPart *part)
{
	if (!finds(psprintf("SELECT WHERE $1 IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_index WHERE indrelid OPERATOR(pg_catalog.=) %u)",
						part->table), GetCurrentTimestamp()) ||
		!ConditionalLockRelationOid(part->table, ShareLock) || get_rel_name(part->table) == NULL)
		return;					/* somebody who began to write before it was closed: another time */
	run(psprintf("CREATE INDEX job_ended_%d_id_idx ON estate_internal.job_ended_%d USING brin (id int8_minmax_multi_ops)"
				 " WITH (pages_per_range = 32)", part->number, part->number));
	run(psprintf("CREATE INDEX job_ended_%d_at_idx ON estate_internal.job_ended_%d USING brin (ended_at)"
				 " WITH (pages_per_range = 32)", part->number, part->number));
}

static bool
is_expired(const History *history, const HistoryPart *part)
{
	return !finds(psprintf("SELECT FROM estate_internal.job_ended_%d WHERE ended_at OPERATOR(pg_catalog.>=) $1 LIMIT 1", part->number),
				  history->from);
}

/*
 * Drops a part if nothing in it is to be kept.  Whoever reads or writes it is
 * not waited for: another time.
 */
static void
drop_if_expired(const History *history, const HistoryPart *part)
{
	if (!ConditionalLockRelationOid(part->table, AccessShareLock) || get_rel_name(part->table) == NULL)
		return;
	if (!is_expired(history, part) || !ConditionalLockRelationOid(part->table, AccessExclusiveLock))
		return;
	if (!is_expired(history, part))
		return;					/* somebody had still been writing */
	PushActiveSnapshot(GetLatestSnapshot());
	SPI_execute(psprintf("SELECT queue, " COUNTED_ENDED_ROW ", pg_catalog.count(*) FROM estate_internal.job_ended_%d GROUP BY 1, 2", part->number), true, 0);
	PopActiveSnapshot();
	(void) count_rows(-1);
	run(psprintf("DROP TABLE estate_internal.job_ended_%d", part->number));
}

/*
 * Deletes rows of a part that fit a condition, whose parameters are $1 to $3.
 * Returns how many; `*until` is raised to when the last of them had ended.
 */
static int64
delete_rows(const HistoryPart *part, const char *condition, Oid type, Datum *values, int64 most, TimestampTz *until)
{
	Oid			types[] = {type, TIMESTAMPTZOID, TIMESTAMPTZOID};
	int64		n;

	if (!ConditionalLockRelationOid(part->table, RowExclusiveLock) || get_rel_name(part->table) == NULL)
		return 0;
	SPI_execute_with_args(psprintf("WITH gone AS (DELETE FROM estate_internal.job_ended_%d WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY("
								   "SELECT ctid FROM estate_internal.job_ended_%d WHERE %s AND ended_at OPERATOR(pg_catalog.>=) $2"
								   " AND ended_at OPERATOR(pg_catalog.<) $3 LIMIT " INT64_FORMAT " FOR UPDATE SKIP LOCKED)) RETURNING queue, state, ended_at)"
								   " SELECT queue, " COUNTED_ENDED_ROW ", pg_catalog.count(*), pg_catalog.max(ended_at) FROM gone GROUP BY 1, 2",
								   part->number, part->number, condition, most),
						  3, types, values, NULL, false, 0);
	n = count_rows(-1);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;

		*until = Max(*until, DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 4, &isnull)));
	}
	return n;
}

/* Deletes expired jobs of a queue that keeps them for less long than another; true: there may be more */
static bool
delete_expired(const History *history, const Retention *queue)
{
	bool		is_default = queue->number == QUEUE_DEFAULT;
	Queue	   *state = queue_at(queue->number);
	TimestampTz until = 0;
	Datum		values[3];

	if (queue->from <= history->from || state->expired_to >= queue->from)
		return false;
	values[0] = is_default ? history->created : CStringGetTextDatum(queue->queue);
	values[1] = TimestampTzGetDatum(state->expired_to == 0 ? DT_NOBEGIN : state->expired_to - LATE_US);
	values[2] = TimestampTzGetDatum(queue->from);
	for (int i = 0; i < history->nparts; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (delete_rows(&history->parts[i], is_default ? "queue OPERATOR(pg_catalog.<>) ALL ($1)" : "queue OPERATOR(pg_catalog.=) $1",
						is_default ? TEXTARRAYOID : TEXTOID, values, DELETE_MOST, &until) > 0)
			return true;
	}
	state->expired_to = queue->from;
	return false;
}

/* Deletes the first jobs of a queue of which more have ended than it keeps; true: there may be more */
static bool
delete_surplus(const History *history, const char *queue, int64 surplus, TimestampTz *trimmed_to)
{
	Datum		values[3];
	TimestampTz until = 0;

	if (surplus <= 0)
		return false;
	values[0] = CStringGetTextDatum(queue);
	values[1] = TimestampTzGetDatum(*trimmed_to == 0 ? DT_NOBEGIN : *trimmed_to);
	values[2] = TimestampTzGetDatum(DT_NOEND);
	for (int i = 0; i < history->nparts; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (delete_rows(&history->parts[i], "queue OPERATOR(pg_catalog.=) $1", TEXTOID, values, Min(surplus, DELETE_MOST), &until) > 0)
		{
			/* workers write at the same time, not quite in the order of time */
			*trimmed_to = Max(*trimmed_to, until - LATE_US);
			return true;
		}
	}
	return false;
}

/* How many jobs of a queue are kept at most; 0: any number */
static int64
most_of(const History *history, const char *queue)
{
	int64		most = 0;

	for (int i = 0; i < history->nqueues; i++)
	{
		if (strcmp(history->queues[i].queue, queue) == 0)
			return history->queues[i].most;
		if (history->queues[i].number == QUEUE_DEFAULT)
			most = history->queues[i].most;
	}
	return most;
}

static bool
any_has_most(const History *history)
{
	for (int i = 0; i < history->nqueues; i++)
		if (history->queues[i].most > 0)
			return true;
	return false;
}

/* By the counts that are kept anyway */
static bool
delete_surplus_by_counts(const History *history, Counts *counts)
{
	bool		more = false;

	if (counts->state != COUNTS_KEPT)
		return false;
	for (int i = 0; i < counts->nqueues; i++)
	{
		CountedQueue *count = &counts->queues[i];
		int64		most = most_of(history, count->name);

		if (most > 0)
			more |= delete_surplus(history, count->name, count_of_ended(count->name) - most, &count->trimmed_to);
	}
	return more;
}

/* Where there are none */
static bool
delete_surplus_by_rows(const History *history)
{
	SPITupleTable *rows;
	uint64		n;
	bool		more = false;

	SPI_execute("SELECT queue, pg_catalog.count(*) FROM estate_internal.job_ended GROUP BY 1", true, 0);
	rows = SPI_tuptable;
	n = SPI_processed;
	for (uint64 i = 0; i < n; i++)
	{
		char	   *queue = SPI_getvalue(rows->vals[i], rows->tupdesc, 1);
		int64		most = most_of(history, queue);
		TimestampTz trimmed_to = 0;
		bool		isnull;

		if (most > 0)
			more |= delete_surplus(history, queue, DatumGetInt64(SPI_getbinval(rows->vals[i], rows->tupdesc, 2, &isnull)) - most, &trimmed_to);
	}
	return more;
}

/* A queue that was changed, made or dropped: all is looked at once more */
static void
forget_if_changed(const EstateDatabaseSlot *slot)
{
	QueueState *state = estate_piece(&queue_area);
	uint32		changes = slot->changes;

	if (state == NULL || state->tidied == changes + 1)
		return;
	for (int i = 0; i < QUEUES; i++)
		state->queues[i].expired_to = 0;
	state->tidied = changes + 1;
}

static bool
tidy(History *history)
{
	EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);
	Counts	   *counts = estate_piece(&count_area);
	bool		more = false;

	if (slot)
		forget_if_changed(slot);
	read_queues(history);
	history->parts = history_parts(&history->nparts);
	for (int i = 0; i < history->nparts - 1; i++)
		drop_if_expired(history, &history->parts[i]);
	if (history->nparts > 0 && is_full(history, &history->parts[history->nparts - 1]))
		begin_part(&history->parts[history->nparts - 1]);
	history->parts = history_parts(&history->nparts);
	for (int i = 0; i < history->nparts - 1; i++)
		index_part(&history->parts[i]);
	for (int i = 0; i < history->nqueues && !more; i++)
		more = delete_expired(history, &history->queues[i]);
	if (!more && any_has_most(history))
		more = counts ? delete_surplus_by_counts(history, counts) : delete_surplus_by_rows(history);
	return more;
}

/* One step of tidying; true: there is more to do, in another transaction */
bool
history_tidy(void)
{
	History		history = {GetCurrentTimestamp()};
	EstateUser	user;
	bool		more = false;

	queue_refresh();
	estate_become_keeper(&user);
	SPI_connect();
	/* one at a time: who makes a part has this lock anyway */
	if (ConditionalLockRelationOid(record_table("job_ended"), ShareUpdateExclusiveLock))
		more = tidy(&history);
	SPI_finish();
	estate_resume_user(&user);
	return more;
}
