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
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "job/count.h"
#include "job/history.h"
#include "job/history_part.h"
#include "job/queue.h"
#include "job/record.h"
#include "job/row.h"

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
tidy_read_queues(History *history)
{
	static KeeperStatement statement = {
		"SELECT number::pg_catalog.int4, name,"
		"  pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) keep_for, keep_most"
		" FROM estate_internal.queue",
		.flags = KEEPER_READS | KEEPER_PASSING
	};
	KeeperRows	rows = keeper_run(&statement, NULL, NULL);
	Datum	   *names = palloc(sizeof(Datum) * rows.n);
	int			n = 0;

	history->queues = palloc(sizeof(Retention) * rows.n);
	history->nqueues = rows.n;
	history->from = history->now;
	for (int i = 0; i < history->nqueues; i++)
	{
		Retention  *queue = &history->queues[i];

		queue->from = keeper_is_null(rows, i, 3) ? DT_NOBEGIN :
			DatumGetTimestampTz(keeper_value(rows, i, 3));
		queue->number = keeper_int32(rows, i, 1);
		queue->queue = keeper_text(rows, i, 2);
		queue->most = keeper_int64(rows, i, 4);
		history->from = Min(history->from, queue->from);
		if (queue->number != QUEUE_DEFAULT)
			names[n++] = CStringGetTextDatum(queue->queue);
	}
	history->created = PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* A query with a time as $1, on what is committed now; whether it finds a row */
static bool
tidy_finds(const char *query, TimestampTz time)
{
	KeeperStatement statement = {
		query, 1, {TIMESTAMPTZOID}, KEEPER_NEWEST | KEEPER_FIRST | KEEPER_PASSING
	};
	Datum		value = TimestampTzGetDatum(time);

	return keeper_run(&statement, &value, NULL).n > 0;
}

/* A statement that names a part of the history */
static KeeperRows
run_on_part(const char *sql, int flags)
{
	KeeperStatement statement = {sql, .flags = flags | KEEPER_PASSING};

	return keeper_run(&statement, NULL, NULL);
}

/* Whether the newest part is large, or begins so long ago that it would be dropped too late */
static bool
tidy_is_full(const History *history, const HistoryPart *part)
{
	int64		share = Max((history->now - history->from) / PARTS_OF_TIME, PART_LEAST_US);

	if (history_is_large())
		return true;
	return history->from != DT_NOBEGIN &&
		tidy_finds(psprintf("SELECT FROM (SELECT ended_at"
							" FROM estate_internal.job_ended_%d LIMIT 1) first"
							" WHERE ended_at OPERATOR(pg_catalog.<) $1",
							part->number), history->now - share);
}

/* Begins another part */
static void
begin_part(const HistoryPart *last)
{
	int			number = last->number + 1;

	(void) run_on_part(psprintf("CREATE TABLE estate_internal.job_ended_%d ()"
								" INHERITS (estate_internal.job_ended) USING heap", number), 0);
	(void) run_on_part(psprintf("COMMENT ON TABLE estate_internal.job_ended_%d"
								" IS 'A part of the history of jobs'", number), 0);
	(void) run_on_part(psprintf("GRANT SELECT ON estate_internal.job_ended_%d"
								" TO estate_admin", number), 0);
	record_keep_here(psprintf("estate_internal.job_ended_%d", number));
}

/*
 * A part that is not written any more gets its indexes: ids and times come
 * nearly in order, so a summary of each block range finds them.  The newest has
 * none, since keeping them would take as long as writing the rows.  False:
 * somebody who began to write before it was closed is still at it.
 */
static bool
index_part(const HistoryPart *part)
{
	if (tidy_finds(psprintf("SELECT WHERE $1 IS NOT NULL AND pg_catalog.to_regclass("
							"'estate_internal.job_ended_%d_at_idx') IS NOT NULL", part->number),
				   GetCurrentTimestamp()))
		return true;
	if (!ConditionalLockRelationOid(part->table, ShareLock))
		return false;
	if (get_rel_name(part->table) == NULL)
		return true;			/* dropped */
	(void) run_on_part(psprintf("CREATE INDEX job_ended_%d_id_idx ON estate_internal.job_ended_%d"
								" USING brin (id int8_minmax_multi_ops)"
								" WITH (pages_per_range = 32)",
								part->number, part->number), 0);
	(void) run_on_part(psprintf("CREATE INDEX job_ended_%d_at_idx ON estate_internal.job_ended_%d"
								" USING brin (ended_at) WITH (pages_per_range = 32)",
								part->number, part->number), 0);
	/* without statistics the planner takes an id for one of two hundred, and reads all the part */
	(void) run_on_part(psprintf("ANALYZE estate_internal.job_ended_%d (id, ended_at)",
								part->number), 0);
	return true;
}

static bool
is_expired(const History *history, const HistoryPart *part)
{
	return !tidy_finds(psprintf("SELECT FROM estate_internal.job_ended_%d"
								" WHERE ended_at OPERATOR(pg_catalog.>=) $1",
								part->number), history->from);
}

/*
 * Drops a part if nothing in it is to be kept.  Whoever reads or writes it is
 * not waited for: another time.
 */
static void
drop_if_expired(const History *history, const HistoryPart *part)
{
	KeeperRows	rows;

	if (!ConditionalLockRelationOid(part->table, AccessShareLock) ||
		get_rel_name(part->table) == NULL)
		return;
	if (!is_expired(history, part) || !ConditionalLockRelationOid(part->table, AccessExclusiveLock))
		return;
	if (!is_expired(history, part))
		return;					/* somebody had still been writing */
	rows = run_on_part(psprintf("SELECT queue, " COUNTED_ENDED_ROW ", pg_catalog.count(*)"
								" FROM estate_internal.job_ended_%d"
								" GROUP BY 1, 2", part->number), KEEPER_NEWEST);
	(void) count_rows(rows, -1);
	(void) run_on_part(psprintf("DROP TABLE estate_internal.job_ended_%d", part->number), 0);
}

/*
 * Deletes rows of a part that fit a condition, whose parameters are $1 to $3.
 * Returns how many; `*until` is raised to when the last of them had ended.
 */
static int64
delete_rows(const HistoryPart *part, const char *condition, Oid type, Datum *values, int64 most,
			TimestampTz *until)
{
	KeeperStatement statement = {
		psprintf("SELECT queue, " COUNTED_ENDED_ROW ", 1::pg_catalog.int8, ended_at, tableoid, ctid"
				 " FROM estate_internal.job_ended_%d"
				 " WHERE %s"
				 " AND ended_at OPERATOR(pg_catalog.>=) $2"
				 " AND ended_at OPERATOR(pg_catalog.<) $3"
				 " LIMIT " INT64_FORMAT " FOR UPDATE SKIP LOCKED",
				 part->number, condition, most),
		3, {type, TIMESTAMPTZOID, TIMESTAMPTZOID}, KEEPER_PASSING
	};
	KeeperRows	rows;

	if (!ConditionalLockRelationOid(part->table, RowExclusiveLock) ||
		get_rel_name(part->table) == NULL)
		return 0;
	rows = keeper_run(&statement, values, NULL);
	for (uint64 i = 0; i < rows.n; i++)
		*until = Max(*until, DatumGetTimestampTz(keeper_value(rows, i, 4)));
	row_delete_found(rows, 5);
	return count_rows(rows, -1);
}

/*
 * Deletes expired jobs of a queue that keeps them for less long than another;
 * true: there may be more
 */
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
	values[1] = TimestampTzGetDatum(state->expired_to == 0 ? DT_NOBEGIN :
									state->expired_to - LATE_US);
	values[2] = TimestampTzGetDatum(queue->from);
	for (int i = 0; i < history->nparts; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (delete_rows(&history->parts[i],
						is_default ? "queue OPERATOR(pg_catalog.<>) ALL ($1)" :
						"queue OPERATOR(pg_catalog.=) $1",
						is_default ? TEXTARRAYOID : TEXTOID, values, DELETE_MOST, &until) > 0)
			return true;
	}
	state->expired_to = queue->from;
	return false;
}

/*
 * Deletes the first jobs of a queue of which more have ended than it keeps;
 * true: there may be more
 */
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
		if (delete_rows(&history->parts[i], "queue OPERATOR(pg_catalog.=) $1", TEXTOID, values,
						Min(surplus, DELETE_MOST), &until) > 0)
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
			more |= delete_surplus(history, count->name, count_of_ended(count->name) - most,
								   &count->trimmed_to);
	}
	return more;
}

/* Where there are none */
static bool
delete_surplus_by_rows(const History *history)
{
	static KeeperStatement statement = {
		"SELECT queue, pg_catalog.count(*) FROM estate_internal.job_ended GROUP BY 1",
		.flags = KEEPER_READS | KEEPER_PASSING
	};
	KeeperRows	rows = keeper_run(&statement, NULL, NULL);
	bool		more = false;

	for (uint64 i = 0; i < rows.n; i++)
	{
		char	   *queue = keeper_text(rows, i, 1);
		int64		most = most_of(history, queue);
		TimestampTz trimmed_to = 0;

		if (most > 0)
			more |= delete_surplus(history, queue, keeper_int64(rows, i, 2) - most, &trimmed_to);
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

static HistoryMore
tidy_history(History *history)
{
	EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);
	Counts	   *counts = estate_piece(&count_area);
	bool		indexed = true;
	bool		more = false;

	if (slot)
		forget_if_changed(slot);
	tidy_read_queues(history);
	history->parts = history_parts(&history->nparts);
	for (int i = 0; i < history->nparts - 1; i++)
		drop_if_expired(history, &history->parts[i]);
	if (history->nparts > 0 && tidy_is_full(history, &history->parts[history->nparts - 1]))
	{
		/* committed at once: who writes is to go there, and not to wait for the old one's index */
		begin_part(&history->parts[history->nparts - 1]);
		return HISTORY_MORE;
	}
	for (int i = 0; i < history->nparts - 1; i++)
		indexed &= index_part(&history->parts[i]);
	for (int i = 0; i < history->nqueues && !more; i++)
		more = delete_expired(history, &history->queues[i]);
	if (!more && any_has_most(history))
		more = counts ? delete_surplus_by_counts(history, counts) : delete_surplus_by_rows(history);
	return more ? HISTORY_MORE : indexed ? HISTORY_TIDY : HISTORY_BUSY;
}

/* One step of tidying; whether there is more to do, in another transaction */
HistoryMore
history_tidy(void)
{
	History		history = {GetCurrentTimestamp()};
	EstateUser	user;
	HistoryMore more = HISTORY_TIDY;

	queue_refresh();
	keeper_begin(&user);
	/* one at a time: who makes a part has this lock anyway */
	if (ConditionalLockRelationOid(record_table("job_ended"), ShareUpdateExclusiveLock))
		more = tidy_history(&history);
	keeper_end(&user);
	return more;
}
