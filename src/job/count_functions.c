/*
 * count_functions.c
 *	  estate.queue_counts(): how many jobs each queue has, by state.
 *
 * Runs in client backends.  Where jobs are counted it reads the counts, else
 * the rows.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "job/count.h"
#include "job/metric.h"
#include "job/running.h"

typedef struct CountReport
{
	ReturnSetInfo *rsinfo;
	Counts	   *counts;			/* NULL: no workers */
	RunningRow *in_hand;
	int			nin_hand;
	List	   *leased;			/* Leased */
} CountReport;

/* Jobs of a queue in the hands of clients, that are counted as the same */
typedef struct Leased
{
	const char *queue;
	int			counted;
	int64		jobs;
} Leased;

/*
 * by_rows: counted as put_rows() counts them, for which a job that was leased,
 * and so was due, is one that could run
 */
static void
read_leased(CountReport *report, bool by_rows)
{
	static KeeperStatement statement = {
		"SELECT queue, CASE WHEN $1 THEN 1 ELSE " COUNTED_OPEN_ROW("") " END, pg_catalog.count(*)"
		" FROM estate_internal.job_open"
		" WHERE leased_until OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp()"
		" GROUP BY 1, 2",
		1, {BOOLOID}, KEEPER_BY_INDEX
	};
	Datum		value = BoolGetDatum(by_rows);
	EstateUser	user;
	KeeperRows	rows;

	keeper_begin(&user);
	rows = keeper_run(&statement, &value, NULL);
	for (uint64 i = 0; i < rows.n; i++)
	{
		Leased	   *leased = palloc(sizeof(Leased));

		leased->queue = keeper_text(rows, i, 1);
		leased->counted = keeper_int32(rows, i, 2);
		leased->jobs = keeper_int64(rows, i, 3);
		report->leased = lappend(report->leased, leased);
	}
	keeper_end(&user);
}

/*
 * One queue.  What is running is counted as what it was until it has ended, and
 * shown as running.
 */
static void
put_queue(CountReport *report, const char *queue, int64 *jobs, TimestampTz oldest)
{
	Datum		values[COUNTED_STATES + 3];
	bool		nulls[COUNTED_STATES + 3] = {false};
	int64		running = 0;
	ListCell   *cell;

	for (int i = 0; i < report->nin_hand; i++)
	{
		const Running *job = &report->in_hand[i].running;

		if (strcmp(metric_queue(job->metric), queue) != 0)
			continue;
		running++;
		jobs[job->counted]--;
	}
	foreach(cell, report->leased)
	{
		Leased	   *leased = lfirst(cell);

		if (strcmp(leased->queue, queue) != 0)
			continue;
		running += leased->jobs;
		jobs[leased->counted] -= leased->jobs;
	}
	values[0] = CStringGetTextDatum(queue);
	for (int as = 0; as < COUNTED_STATES; as++)
		values[as + 1] = Int64GetDatum(Max(jobs[as], 0));
	values[COUNTED_STATES + 1] = Int64GetDatum(running);
	values[COUNTED_STATES + 2] = TimestampTzGetDatum(oldest);
	nulls[COUNTED_STATES + 2] = oldest == 0;
	tuplestore_putvalues(report->rsinfo->setResult, report->rsinfo->setDesc, values, nulls);
}

static void
put_counts(CountReport *report)
{
	for (int i = 0; i < COUNTED_QUEUES; i++)
	{
		CountedQueue *count = &report->counts->queues[i];
		int64		jobs[COUNTED_STATES];
		bool		any = false;

		for (int as = 0; as < COUNTED_STATES; as++)
		{
			jobs[as] = (int64) pg_atomic_read_u64(&count->jobs[as]);
			any |= jobs[as] != 0;
		}
		if (any)
			put_queue(report, i == COUNTED_QUEUES - 1 ? METRIC_OTHERS : count->name, jobs, 0);
	}
}

/* Read as the keeper, and not from the view, which is another owner's */
static void
put_rows(CountReport *report)
{
#define COUNT_OF(state) \
		"pg_catalog.count(*) FILTER (WHERE state OPERATOR(pg_catalog.=) " state ")"
	static KeeperStatement statement = {
		"SELECT queue, "
		COUNT_OF("0") ", " COUNT_OF("1") ", " COUNT_OF("2") ", " COUNT_OF("3") ", "
		COUNT_OF("4") ", " COUNT_OF("5") ", " COUNT_OF("6") ", " COUNT_OF("7") ","
		" pg_catalog.min(run_at) FILTER (WHERE state OPERATOR(pg_catalog.<=) 1)"
		" FROM ("
		"  SELECT queue, 0 AS state, COALESCE(run_at, enqueued_at) AS run_at"
		"  FROM estate_internal.job_ready"
		"  UNION ALL"
		"  SELECT queue,"
		"   CASE WHEN waits_for OPERATOR(pg_catalog.=) 'time' AND waited IS NULL"
		"    AND run_at OPERATOR(pg_catalog.<=) $1 THEN 1"
		"   WHEN attempt OPERATOR(pg_catalog.=) 0 AND waits_for OPERATOR(pg_catalog.=) 'time'"
		"    AND waited IS NULL THEN 2"
		"   ELSE " COUNTED_OPEN_ROW("") " END, run_at FROM estate_internal.job_open"
		"  UNION ALL"
		"  SELECT queue, " COUNTED_ENDED_ROW ", NULL FROM estate_internal.job_ended) j"
		" GROUP BY queue",
		1, {TIMESTAMPTZOID}, KEEPER_READS
	};
	Datum		now = TimestampTzGetDatum(estate_now());
	EstateUser	user;
	KeeperRows	rows;

	keeper_begin(&user);
	rows = keeper_run(&statement, &now, NULL);
	for (uint64 i = 0; i < rows.n; i++)
	{
		int64		jobs[COUNTED_STATES];
		/* 0: none waits */
		TimestampTz since = DatumGetTimestampTz(keeper_value(rows, i, COUNTED_STATES + 2));

		for (int as = 0; as < COUNTED_STATES; as++)
			jobs[as] = keeper_int64(rows, i, as + 2);
		put_queue(report, keeper_text(rows, i, 1), jobs, since);
	}
	keeper_end(&user);
}

PG_FUNCTION_INFO_V1(estate_queue_counts);

/* estate.queue_counts() -> setof (queue, one for each Counted, running, oldest) */
Datum
estate_queue_counts(PG_FUNCTION_ARGS)
{
	CountReport report = {(ReturnSetInfo *) fcinfo->resultinfo};

	estate_require_tables();
	InitMaterializedSRF(fcinfo, 0);
	report.counts = estate_piece(&count_area);
	report.in_hand = running_all(&report.nin_hand);
	if (report.counts && report.counts->state == COUNTS_KEPT &&
		report.counts->table == record_table("job_ended"))
	{
		read_leased(&report, false);
		put_counts(&report);
	}
	else
	{
		read_leased(&report, true);
		put_rows(&report);
	}
	return (Datum) 0;
}
