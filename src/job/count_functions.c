/*
 * count_functions.c
 *	  estate.queue_counts(): how many jobs each queue has, by state.
 *
 * Runs in client backends.  Where jobs are counted it reads the counts, else
 * the rows.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "job/count.h"
#include "job/lease.h"
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

/* by_rows: counted as put_rows() counts them, for which a job that was leased, and so was due, is one that could run */
static void
read_leased(CountReport *report, bool by_rows)
{
	static LeaseStatement statement = {
		"SELECT queue, CASE WHEN $1 THEN 1 ELSE " COUNTED_OPEN_ROW("") " END, pg_catalog.count(*) FROM estate_internal.job_open"
		" WHERE leased_until OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp() GROUP BY 1, 2",
	1, {BOOLOID}};
	MemoryContext context = CurrentMemoryContext;
	Datum		value = BoolGetDatum(by_rows);
	EstateUser	user;

	estate_become_keeper(&user);
	SPI_connect();
	(void) lease_run(&statement, &value, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		Leased	   *leased = MemoryContextAlloc(context, sizeof(Leased));
		MemoryContext spi = MemoryContextSwitchTo(context);

		leased->queue = TextDatumGetCString(SPI_getbinval(row, desc, 1, &isnull));
		leased->counted = DatumGetInt32(SPI_getbinval(row, desc, 2, &isnull));
		leased->jobs = DatumGetInt64(SPI_getbinval(row, desc, 3, &isnull));
		report->leased = lappend(report->leased, leased);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	estate_resume_user(&user);
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
	Oid			type = TIMESTAMPTZOID;
	Datum		now = TimestampTzGetDatum(estate_now());
	EstateUser	user;

	estate_become_keeper(&user);
	SPI_connect();
	SPI_execute_with_args("SELECT queue, pg_catalog.count(*) FILTER (WHERE state OPERATOR(pg_catalog.=) 0),"
				" pg_catalog.count(*) FILTER (WHERE state OPERATOR(pg_catalog.=) 1), pg_catalog.count(*) FILTER (WHERE state OPERATOR(pg_catalog.=) 2),"
				" pg_catalog.count(*) FILTER (WHERE state OPERATOR(pg_catalog.=) 3), pg_catalog.count(*) FILTER (WHERE state OPERATOR(pg_catalog.=) 4),"
				" pg_catalog.count(*) FILTER (WHERE state OPERATOR(pg_catalog.=) 5), pg_catalog.count(*) FILTER (WHERE state OPERATOR(pg_catalog.=) 6),"
				" pg_catalog.count(*) FILTER (WHERE state OPERATOR(pg_catalog.=) 7), pg_catalog.min(run_at) FILTER (WHERE state OPERATOR(pg_catalog.<=) 1)"
				" FROM (SELECT queue, 0 AS state, COALESCE(run_at, enqueued_at) AS run_at FROM estate_internal.job_ready UNION ALL"
				" SELECT queue, CASE WHEN waits_for OPERATOR(pg_catalog.=) 'time' AND waited IS NULL"
				" AND run_at OPERATOR(pg_catalog.<=) $1 THEN 1"
				" WHEN attempt OPERATOR(pg_catalog.=) 0 AND waits_for OPERATOR(pg_catalog.=) 'time' AND waited IS NULL THEN 2"
				" ELSE " COUNTED_OPEN_ROW("") " END, run_at FROM estate_internal.job_open UNION ALL"
				" SELECT queue, " COUNTED_ENDED_ROW ", NULL FROM estate_internal.job_ended) j GROUP BY queue",
						  1, &type, &now, NULL, true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		int64		jobs[COUNTED_STATES];
		bool		isnull;
		Datum		oldest = SPI_getbinval(row, desc, COUNTED_STATES + 2, &isnull);
		TimestampTz since = isnull ? 0 : DatumGetTimestampTz(oldest);

		for (int as = 0; as < COUNTED_STATES; as++)
			jobs[as] = DatumGetInt64(SPI_getbinval(row, desc, as + 2, &isnull));
		put_queue(report, SPI_getvalue(row, desc, 1), jobs, since);
	}
	SPI_finish();
	estate_resume_user(&user);
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
	if (report.counts && report.counts->state == COUNTS_KEPT && report.counts->table == record_table("job_ended"))
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
