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

#define OTHERS "(others)"

/* A job in a worker's hands */
typedef struct InHand
{
	int16		metric;
	uint8		counted;
} InHand;

typedef struct CountReport
{
	ReturnSetInfo *rsinfo;
	EstateDatabaseSlot *slot;	/* NULL: no workers */
	InHand	   *in_hand;
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

/* Copied first: nothing that can throw runs under the lock */
static void
read_in_hand(CountReport *report)
{
	EstateDatabaseSlot *slot = report->slot;

	report->in_hand = palloc(sizeof(InHand) * ESTATE_MAX_WORKERS * ESTATE_MAX_RUNNING);
	report->nin_hand = 0;
	LWLockAcquire(estate_shared->lock, LW_SHARED);
	for (int w = 0; w < ESTATE_MAX_WORKERS; w++)
		for (int i = 0; slot->workers[w].pid != 0 && i < slot->workers[w].nrunning; i++)
			report->in_hand[report->nin_hand++] = (InHand) {
				slot->workers[w].running[i].metric, slot->workers[w].running[i].counted
			};
	LWLockRelease(estate_shared->lock);
}

/*
 * One queue.  What is running is counted as what it was until it has ended, and
 * shown as running.
 */
static void
put_queue(CountReport *report, const char *queue, int64 *jobs, TimestampTz oldest)
{
	Datum		values[ESTATE_COUNTED + 3];
	bool		nulls[ESTATE_COUNTED + 3] = {false};
	int64		running = 0;
	ListCell   *cell;

	for (int i = 0; i < report->nin_hand; i++)
	{
		int			metric = report->in_hand[i].metric;

		if (strcmp(metric == ESTATE_METRICS - 1 ? OTHERS : report->slot->metrics[metric].queue, queue) != 0)
			continue;
		running++;
		jobs[report->in_hand[i].counted]--;
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
	for (int as = 0; as < ESTATE_COUNTED; as++)
		values[as + 1] = Int64GetDatum(Max(jobs[as], 0));
	values[ESTATE_COUNTED + 1] = Int64GetDatum(running);
	values[ESTATE_COUNTED + 2] = TimestampTzGetDatum(oldest);
	nulls[ESTATE_COUNTED + 2] = oldest == 0;
	tuplestore_putvalues(report->rsinfo->setResult, report->rsinfo->setDesc, values, nulls);
}

static void
put_counts(CountReport *report)
{
	for (int i = 0; i < ESTATE_COUNTED_QUEUES; i++)
	{
		EstateQueueCount *count = &report->slot->counts.queues[i];
		int64		jobs[ESTATE_COUNTED];
		bool		any = false;

		for (int as = 0; as < ESTATE_COUNTED; as++)
		{
			jobs[as] = (int64) pg_atomic_read_u64(&count->jobs[as]);
			any |= jobs[as] != 0;
		}
		if (any)
			put_queue(report, i == ESTATE_COUNTED_QUEUES - 1 ? OTHERS : count->name, jobs, 0);
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
		int64		jobs[ESTATE_COUNTED];
		/* 0: none waits */
		TimestampTz since = DatumGetTimestampTz(keeper_value(rows, i, ESTATE_COUNTED + 2));

		for (int as = 0; as < ESTATE_COUNTED; as++)
			jobs[as] = keeper_int64(rows, i, as + 2);
		put_queue(report, keeper_text(rows, i, 1), jobs, since);
	}
	keeper_end(&user);
}

PG_FUNCTION_INFO_V1(estate_queue_counts);

/* estate.queue_counts() -> setof (queue, one for each EstateCounted, running, oldest) */
Datum
estate_queue_counts(PG_FUNCTION_ARGS)
{
	CountReport report = {(ReturnSetInfo *) fcinfo->resultinfo};

	estate_require_tables();
	InitMaterializedSRF(fcinfo, 0);
	report.slot = estate_find_slot(MyDatabaseId);
	if (report.slot)
		read_in_hand(&report);
	if (report.slot && report.slot->counts.state == COUNTS_KEPT && report.slot->counts.table == record_table("job_ended"))
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
