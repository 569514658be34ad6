/*
 * open.c
 *	  Rows of job_open, one at a time: write, find, change, take away.
 *
 * Runs in any process, inside a transaction.  Statements that join job_open
 * with other tables are where those are written: depend.c, control.c, lease.c.
 *
 * A job is counted as what count_open() says of its columns; whoever writes a
 * row, or takes it away, says so.  Jobs are read into the current context.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "job/count.h"
#include "job/open.h"

/* Writes jobs that wait for something */
void
open_write(const JobOpening *openings, int n)
{
	static const char *const reasons[] = {"time", "key", "jobs"};
	RecordTexts texts = {0};
	Relation	relation;
	EState	   *estate;
	ResultRelInfo *result;
	TupleTableSlot *slot;

	if (n == 0)
		return;
	relation = table_open(record_table("job_open"), RowExclusiveLock);
	record_check_columns(relation, OPEN_COLUMNS);
	estate = CreateExecutorState();
	result = makeNode(ResultRelInfo);
	InitResultRelInfo(result, relation, 0, NULL, 0);
	ExecOpenIndices(result, false);
	slot = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsVirtual);
	for (int i = 0; i < n; i++)
	{
		const JobOpening *opening = &openings[i];

		CHECK_FOR_INTERRUPTS();
		ExecClearTuple(slot);
		record_fill(opening->job, slot->tts_values, slot->tts_isnull, &texts);
		slot->tts_values[OPEN_DONE_BY] = CharGetDatum(opening->done_by);
		slot->tts_isnull[OPEN_DONE_BY] = false;
		record_set_text(slot->tts_values, slot->tts_isnull, OPEN_WAITS_FOR,
						reasons[opening->waits_for]);
		record_set_text(slot->tts_values, slot->tts_isnull, OPEN_HELD_KEY, opening->held_key);
		slot->tts_values[OPEN_BLOCKERS] = Int32GetDatum(opening->blockers);
		slot->tts_isnull[OPEN_BLOCKERS] = opening->blockers == 0;
		/* only fetch_jobs() leases, and what is written here is leased to nobody */
		for (int column = OPEN_LEASE_TOKEN; column < RelationGetDescr(relation)->natts; column++)
			slot->tts_isnull[column] = true;
		slot->tts_values[OPEN_DURABLE] = BoolGetDatum(true);
		slot->tts_isnull[OPEN_DURABLE] = !opening->job->durable;
		ExecStoreVirtualTuple(slot);
		ExecSimpleRelationInsert(result, estate, slot);
		count_jobs(opening->job->queue, count_open(opening->job, opening->waits_for), 1);
	}
	ExecDropSingleTupleTableSlot(slot);
	ExecCloseIndices(result);
	FreeExecutorState(estate);
	table_close(relation, NoLock);
}

/* Whether a job is there, and nobody is about to take it away: whoever does is not waited for */
bool
open_exists(int64 id)
{
	static KeeperStatement statement = {
		"SELECT FROM estate_internal.job_open"
		" WHERE id OPERATOR(pg_catalog.=) $1"
		" FOR KEY SHARE SKIP LOCKED",
		1, {INT8OID}, KEEPER_BY_INDEX
	};
	Datum		value = Int64GetDatum(id);

	return keeper_do(&statement, &value, NULL) == 1;
}

/*
 * Locks a job until the end of the transaction, and returns its role;
 * InvalidOid: there is none of this kind, or somebody else has it locked.
 */
Oid
open_lock(int64 id, OpenKind kind)
{
#define LOCK_WHERE(condition) { \
		"SELECT role::pg_catalog.oid FROM estate_internal.job_open" \
		" WHERE id OPERATOR(pg_catalog.=) $1" condition \
		" FOR UPDATE SKIP LOCKED", \
		1, {INT8OID}, KEEPER_BY_INDEX \
	}
	static KeeperStatement statements[] = {
		[OPEN_ANY] = LOCK_WHERE(""),
		[OPEN_NOT_LEASED] = LOCK_WHERE(" AND leased_until IS NULL"),
		[OPEN_BLOCKED] = LOCK_WHERE(" AND waits_for OPERATOR(pg_catalog.=) 'jobs'")
	};
	Datum		value = Int64GetDatum(id);
	Datum		role;

	if (!keeper_fetch(&statements[kind], &value, NULL, &role))
		return InvalidOid;
	/* workers pass it by until we end, however we do, and it may be due by then */
	estate_wake_at_end(WORKER_SQL);
	estate_wake_at_end(WORKER_NETWORK);
	return DatumGetObjectId(role);
}

/* Runs a statement that takes one job away, and returns what it was counted as; false: none */
static bool
open_run_counted(KeeperStatement *statement, int64 id)
{
	Datum		value = Int64GetDatum(id);
	EstateUser	user;
	bool		removed;

	keeper_begin(&user);
	removed = count_rows(keeper_run(statement, &value, NULL), -1) == 1;
	keeper_end(&user);
	return removed;
}

/* Takes a job's row away; false: somebody else did */
bool
open_remove(int64 id)
{
	static KeeperStatement statement = {
		"DELETE FROM estate_internal.job_open"
		" WHERE id OPERATOR(pg_catalog.=) $1"
		" RETURNING queue, " COUNTED_OPEN_ROW("") ", 1::pg_catalog.int8",
		1, {INT8OID}, KEEPER_BY_INDEX
	};

	return open_run_counted(&statement, id);
}

/* The same, unless somebody has it in hand */
bool
open_remove_unless_locked(int64 id)
{
	static KeeperStatement statement = {
		"DELETE FROM estate_internal.job_open"
		" WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY("
		"  SELECT ctid FROM estate_internal.job_open"
		"  WHERE id OPERATOR(pg_catalog.=) $1 AND leased_until IS NULL"
		"  FOR UPDATE SKIP LOCKED))"
		" RETURNING queue, " COUNTED_OPEN_ROW("") ", 1::pg_catalog.int8",
		1, {INT8OID}, KEEPER_BY_INDEX
	};

	return open_run_counted(&statement, id);
}

static JobWait
wait_of(const char *reason)
{
	if (strcmp(reason, "jobs") == 0)
		return WAITS_FOR_JOBS;
	return strcmp(reason, "key") == 0 ? WAITS_FOR_KEY : WAITS_FOR_TIME;
}

/* Takes a job's row away, and reads it; NULL: somebody else did */
Job *
open_take(int64 id, JobDoer *done_by)
{
	static KeeperStatement statement = {
		"DELETE FROM estate_internal.job_open"
		" WHERE id OPERATOR(pg_catalog.=) $1"
		" RETURNING " JOB_COLUMN_NAMES ", done_by, waits_for",
		1, {INT8OID}, KEEPER_BY_INDEX
	};
	Datum		value = Int64GetDatum(id);
	EstateUser	user;
	KeeperRows	rows;
	Job		   *job = NULL;

	keeper_begin(&user);
	rows = keeper_run(&statement, &value, NULL);
	if (rows.n == 1)
	{
		job = record_of_row(rows, 0);
		*done_by = keeper_char(rows, 0, JOB_COLUMNS + 1);
		count_jobs(job->queue, count_open(job, wait_of(keeper_text(rows, 0, JOB_COLUMNS + 2))), -1);
	}
	keeper_end(&user);
	return job;
}

/* A job that waits for others waits for a time after that; false: there is none */
bool
open_postpone_blocked(int64 id, TimestampTz until)
{
	static KeeperStatement statement = {
		"UPDATE estate_internal.job_open SET run_at = $2"
		" WHERE id OPERATOR(pg_catalog.=) $1",
		2, {INT8OID, TIMESTAMPTZOID}, KEEPER_BY_INDEX
	};
	Datum		values[] = {Int64GetDatum(id), TimestampTzGetDatum(until)};

	return keeper_do(&statement, values, NULL) == 1;
}

/* A job that is not due yet is due now; false: there is none */
bool
open_bring_forward(int64 id)
{
	static KeeperStatement statement = {
		"UPDATE estate_internal.job_open SET run_at = pg_catalog.clock_timestamp()"
		" WHERE id OPERATOR(pg_catalog.=) $1"
		" AND run_at OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp()",
		1, {INT8OID}, KEEPER_BY_INDEX
	};
	Datum		value = Int64GetDatum(id);

	return keeper_do(&statement, &value, NULL) == 1;
}

/* A limit does not let it start: it waits, and is not looked at in vain.  After keeper_begin(). */
void
open_hold_back(const Job *job, const AdmissionAnswer *answer)
{
	static KeeperStatement statement = {
		"UPDATE estate_internal.job_open"
		" SET waits_for = CASE WHEN $2 IS NULL THEN 'time' ELSE 'key' END,"
		"  held_key = $2, run_at = $3, waited = $4"
		" WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY("
		"  SELECT ctid FROM estate_internal.job_open"
		"  WHERE id OPERATOR(pg_catalog.=) $1"
		"  FOR UPDATE SKIP LOCKED))",
		4, {INT8OID, TEXTOID, TIMESTAMPTZOID, INT2OID}, KEEPER_BY_INDEX
	};
	Datum		values[4] = {Int64GetDatum(job->id)};
	char		nulls[] = "    ";
	bool		key = answer->admission == KEY_FULL;

	keeper_set_text(values, nulls, 1, key ? answer->key : NULL);
	values[2] = TimestampTzGetDatum(key ? job->run_at : answer->until);
	values[3] = Int16GetDatum(job->waited | (key ? WAITED_FOR_KEY :
											 answer->admission == KEY_UNCOUNTED ? WAITED_FOR_ROOM :
											 WAITED_FOR_RATE));
	/* unless somebody has it locked, who is about to take it away */
	if (keeper_run(&statement, values, nulls).n == 0)
		return;
	count_jobs(job->queue, count_open(job, WAITS_FOR_TIME), -1);
	count_jobs(job->queue, COUNTED_OPEN, 1);
}
