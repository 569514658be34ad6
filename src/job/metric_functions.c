/*
 * metric_functions.c
 *	  What runs, and what handlers have done, as rows: running(),
 *	  handler_metrics().
 *
 * Runs in client backends.  What is read under a lock is copied first: nothing
 * that can throw runs while it is held.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "job/metric.h"
#include "job/running.h"
#include "job/waiting.h"

#define BUCKET_FIRST_MS 0.1

/*
 * The value below which this share of a histogram's lies, in milliseconds, if
 * it is even within a bucket; NaN: it is empty
 */
static double
metric_quantile(const int64 *histogram, double share)
{
	int64		n = 0;
	double		wanted;

	for (int i = 0; i < METRIC_BUCKETS; i++)
		n += histogram[i];
	wanted = n * share;
	for (int i = 0; i < METRIC_BUCKETS; i++)
	{
		double		from = i == 0 ? 0 : ldexp(BUCKET_FIRST_MS, i - 1);

		if (histogram[i] > 0 && wanted <= histogram[i])
			return from + (ldexp(BUCKET_FIRST_MS, i) - from) * wanted / histogram[i];
		wanted -= histogram[i];
	}
	return get_float8_nan();
}

/* An estimate has no more digits than that, and nobody wants to read them */
static double
to_microsecond(double milliseconds)
{
	return rint(milliseconds * 1000) / 1000;
}

/* Three columns: the histogram, its median and 99th percentile */
static void
put_histogram(Datum *values, bool *nulls, const int64 *histogram)
{
	Datum		buckets[METRIC_BUCKETS];
	double		median = metric_quantile(histogram, 0.5);

	for (int i = 0; i < METRIC_BUCKETS; i++)
		buckets[i] = Int64GetDatum(histogram[i]);
	values[0] = PointerGetDatum(construct_array(buckets, METRIC_BUCKETS, INT8OID, sizeof(int64),
												FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	values[1] = Float8GetDatum(to_microsecond(median));
	values[2] = Float8GetDatum(to_microsecond(metric_quantile(histogram, 0.99)));
	nulls[1] = nulls[2] = isnan(median);
}

static int64
ended_in_last_minute(const Metric *metric)
{
	int64		now = GetCurrentTimestamp() / METRIC_SPAN_US;
	int64		ended = 0;

	for (int64 span = Max(now - METRIC_SPANS + 1, 0); span <= Min(now, metric->span); span++)
		if (span > metric->span - METRIC_SPANS)
			ended += metric->ended[span % METRIC_SPANS];
	return ended;
}

PG_FUNCTION_INFO_V1(estate_handler_metrics);

/*
 * estate.handler_metrics() -> setof (queue, handler, done, failed, dead,
 * snoozed, cancelled, last_minute, and two histograms)
 */
Datum
estate_handler_metrics(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Metric	   *copy;

	InitMaterializedSRF(fcinfo, 0);
	copy = palloc(sizeof(Metric) * METRICS);
	if (!metric_copy(copy))
		return (Datum) 0;
	for (int i = 0; i < METRICS; i++)
	{
		const Metric *metric = &copy[i];
		const MetricNumbers *total = &metric->total;
		bool		others = i == METRICS - 1;
		Datum		values[14];
		bool		nulls[14] = {false};

		if (total->done + total->failed + total->snoozed + total->cancelled == 0)
			continue;
		values[0] = CStringGetTextDatum(others ? METRIC_OTHERS : metric->queue);
		values[1] = CStringGetTextDatum(others ? METRIC_OTHERS : metric->handler);
		values[2] = Int64GetDatum(total->done);
		values[3] = Int64GetDatum(total->failed);
		values[4] = Int64GetDatum(total->dead);
		values[5] = Int64GetDatum(total->snoozed);
		values[6] = Int64GetDatum(total->cancelled);
		values[7] = Int64GetDatum(ended_in_last_minute(metric));
		put_histogram(&values[8], &nulls[8], total->latency);
		put_histogram(&values[11], &nulls[11], total->run_time);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

static void
put_running(ReturnSetInfo *rsinfo, const RunningRow *row)
{
	bool		reported = row->progress.id == row->running.id &&
		waiting_may_see(row->running.role);
	Datum		values[9];
	bool		nulls[9] = {false};

	values[0] = Int64GetDatum(row->running.id);
	values[1] = CStringGetTextDatum(metric_queue(row->running.metric));
	values[2] = CStringGetTextDatum(metric_handler(row->running.metric));
	values[3] = ObjectIdGetDatum(row->running.role);
	values[4] = TimestampTzGetDatum(row->running.started_at);
	values[5] = Int32GetDatum(row->pid);
	values[6] = Float8GetDatum(row->progress.done);
	values[7] = Float8GetDatum(row->progress.total);
	values[8] = CStringGetTextDatum(reported ? row->progress.note : "");
	nulls[6] = !reported;
	nulls[7] = !reported || row->progress.total == 0;
	nulls[8] = !reported || row->progress.note[0] == '\0';
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(estate_running);

/*
 * estate.running() -> setof (id, queue, handler, role, started_at, pid, done,
 * total, note): what workers have in hand
 */
Datum
estate_running(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RunningRow *rows;
	int			n;

	InitMaterializedSRF(fcinfo, 0);
	rows = running_all(&n);
	for (int i = 0; i < n; i++)
		put_running(rsinfo, &rows[i]);
	return (Datum) 0;
}
