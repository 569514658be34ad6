/*
 * open_due.c
 *	  Rows of job_open, many at a time: those that are due, or were held back.
 *
 * Runs in workers and in sessions that run jobs, inside a transaction, and all
 * but open_next_due() between keeper_begin() and keeper_end(), to which the
 * rows belong.  Those that are taken away are for the caller to count.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "job/open.h"

/* Network jobs that are due, the most urgent first; they stay where they are */
KeeperRows
open_network_due(const JobScope *scope, int64 most, Datum queues_to_skip)
{
	static KeeperStatement statement = {
		"SELECT " JOB_COLUMN_NAMES " FROM estate_internal.job_open"
		" WHERE done_by OPERATOR(pg_catalog.=) 'n'"
		" AND waits_for OPERATOR(pg_catalog.=) 'time'"
		" AND run_at OPERATOR(pg_catalog.<=) $1"
		" AND ($3 IS NULL OR queue OPERATOR(pg_catalog.=) $3)"
		" AND ($4 IS NULL OR pg_catalog.pg_has_role($4, role::pg_catalog.oid, 'MEMBER'))"
		" AND queue OPERATOR(pg_catalog.<>) ALL ($5)"
		" ORDER BY priority, run_at, id LIMIT $2",
		5, {TIMESTAMPTZOID, INT8OID, TEXTOID, OIDOID, TEXTARRAYOID}, KEEPER_READS
	};
	Datum		values[] = {TimestampTzGetDatum(scope->now), Int64GetDatum(most), (Datum) 0,
	ObjectIdGetDatum(scope->caller), queues_to_skip};
	char		nulls[] = "     ";

	keeper_set_text(values, nulls, 2, scope->queue);
	nulls[3] = OidIsValid(scope->caller) ? ' ' : 'n';
	return keeper_run(&statement, values, nulls);
}

/* Takes SQL jobs away whose time has come, the longest due first */
KeeperRows
open_take_due(const JobScope *scope, int most)
{
	static KeeperStatement statement = {
		"WITH due AS MATERIALIZED ("
		"  SELECT ctid FROM estate_internal.job_open"
		"  WHERE done_by OPERATOR(pg_catalog.=) 's'"
		"  AND waits_for OPERATOR(pg_catalog.=) 'time'"
		"  AND run_at OPERATOR(pg_catalog.<=) $1"
		"  AND ($2 IS NULL OR queue OPERATOR(pg_catalog.=) $2)"
		"  AND ($3 IS NULL OR pg_catalog.pg_has_role($3, role::pg_catalog.oid, 'MEMBER'))"
		"  ORDER BY run_at, id LIMIT $4"
		"  FOR UPDATE SKIP LOCKED),"
		" gone AS ("
		"  DELETE FROM estate_internal.job_open o USING due"
		"  WHERE o.ctid OPERATOR(pg_catalog.=) due.ctid"
		"  RETURNING o.*)"
		" SELECT " JOB_COLUMN_NAMES " FROM gone ORDER BY run_at, id",
		4, {TIMESTAMPTZOID, TEXTOID, OIDOID, INT4OID}, KEEPER_BY_INDEX
	};
	Datum		values[] = {TimestampTzGetDatum(scope->now), (Datum) 0,
	ObjectIdGetDatum(scope->caller), Int32GetDatum(most)};
	char		nulls[] = "    ";

	keeper_set_text(values, nulls, 1, scope->queue);
	nulls[2] = OidIsValid(scope->caller) ? ' ' : 'n';
	return keeper_run(&statement, values, nulls);
}

/* (queue, key) of all that is held back: along the index, however many jobs each key has */
KeeperRows
open_held_keys(void)
{
	static KeeperStatement statement = {
		"WITH RECURSIVE k(queue, held_key) AS ("
		"  (SELECT queue, held_key FROM estate_internal.job_open"
		"   WHERE waits_for OPERATOR(pg_catalog.=) 'key' AND done_by OPERATOR(pg_catalog.<>) 'x'"
		"   ORDER BY queue, held_key LIMIT 1)"
		"  UNION ALL"
		"  SELECT o.queue, o.held_key FROM k CROSS JOIN LATERAL ("
		"   SELECT queue, held_key FROM estate_internal.job_open"
		"   WHERE waits_for OPERATOR(pg_catalog.=) 'key' AND done_by OPERATOR(pg_catalog.<>) 'x'"
		"   AND ROW(queue, held_key) OPERATOR(pg_catalog.>) ROW(k.queue, k.held_key)"
		"   ORDER BY queue, held_key LIMIT 1) o)"
		" SELECT queue, held_key FROM k",
		.flags = KEEPER_NEWEST | KEEPER_BY_INDEX
	};

	return keeper_run(&statement, NULL, NULL);
}

/* Takes SQL jobs away that the limit of this key held back */
KeeperRows
open_take_held(const char *queue, const char *key, int most)
{
	static KeeperStatement statement = {
		"WITH next AS MATERIALIZED ("
		"  SELECT ctid FROM estate_internal.job_open"
		"  WHERE waits_for OPERATOR(pg_catalog.=) 'key'"
		"  AND done_by OPERATOR(pg_catalog.=) 's'"
		"  AND queue OPERATOR(pg_catalog.=) $1"
		"  AND held_key OPERATOR(pg_catalog.=) $2"
		"  ORDER BY id LIMIT $3"
		"  FOR UPDATE SKIP LOCKED),"
		" gone AS ("
		"  DELETE FROM estate_internal.job_open o USING next"
		"  WHERE o.ctid OPERATOR(pg_catalog.=) next.ctid"
		"  RETURNING o.*)"
		" SELECT " JOB_COLUMN_NAMES " FROM gone ORDER BY id",
		3, {TEXTOID, TEXTOID, INT4OID}, KEEPER_BY_INDEX
	};
	Datum		values[] = {CStringGetTextDatum(queue), CStringGetTextDatum(key),
	Int32GetDatum(most)};

	return keeper_run(&statement, values, NULL);
}

/* Those of the network only have to be claimed again; how many there are */
uint64
open_free_held_network(const char *queue, const char *key, int most)
{
	static KeeperStatement statement = {
		"UPDATE estate_internal.job_open SET waits_for = 'time', held_key = NULL"
		" WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY("
		"  SELECT ctid FROM estate_internal.job_open"
		"  WHERE waits_for OPERATOR(pg_catalog.=) 'key'"
		"  AND done_by OPERATOR(pg_catalog.=) 'n'"
		"  AND queue OPERATOR(pg_catalog.=) $1"
		"  AND held_key OPERATOR(pg_catalog.=) $2"
		"  ORDER BY id LIMIT $3"
		"  FOR UPDATE SKIP LOCKED))",
		3, {TEXTOID, TEXTOID, INT4OID}, KEEPER_BY_INDEX
	};
	Datum		values[] = {CStringGetTextDatum(queue), CStringGetTextDatum(key),
	Int32GetDatum(most)};

	return keeper_run(&statement, values, NULL).n;
}

/* Takes jobs away, and says who does them; one that is locked is in a session's hands */
KeeperRows
open_take_suspects(Datum ids)
{
	static KeeperStatement statement = {
		"DELETE FROM estate_internal.job_open o USING ("
		"  SELECT ctid AS place FROM estate_internal.job_open"
		"  WHERE id OPERATOR(pg_catalog.=) ANY ($1)"
		"  FOR UPDATE SKIP LOCKED) s"
		" WHERE o.ctid OPERATOR(pg_catalog.=) s.place"
		" RETURNING " JOB_COLUMN_NAMES ", done_by",
		1, {INT8ARRAYOID}, KEEPER_PASSING
	};

	return keeper_run(&statement, &ids, NULL);
}

/* When the next job is due after a time; DT_NOEND: none */
TimestampTz
open_next_due(JobDoer done_by, TimestampTz after)
{
	/*
	 * The two kinds have an index each: a parameter would find neither.  Not
	 * min(), which may be planned to read all that is due later.
	 */
#define NEXT_DUE_OF(kind) { \
		"SELECT run_at FROM estate_internal.job_open" \
		" WHERE done_by OPERATOR(pg_catalog.=) '" kind "'" \
		" AND waits_for OPERATOR(pg_catalog.=) 'time'" \
		" AND run_at OPERATOR(pg_catalog.>) $1" \
		" ORDER BY run_at LIMIT 1", \
		1, {TIMESTAMPTZOID}, KEEPER_READS | KEEPER_BY_INDEX \
	}
	static KeeperStatement network = NEXT_DUE_OF("n");
	static KeeperStatement sql = NEXT_DUE_OF("s");
	Datum		value = TimestampTzGetDatum(after);
	Datum		due;

	return keeper_fetch(done_by == DONE_BY_NETWORK ? &network : &sql, &value, NULL, &due) ?
		DatumGetTimestampTz(due) : DT_NOEND;
}
