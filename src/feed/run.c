/*
 * run.c
 *	  A run of a feed, as a task: fetch, apply, page by page.
 *
 * Runs in the first worker of a database and in sessions that call
 * run_feed().  States of a run:
 *
 *	start -> waiting for bytes -> page applied -> waiting .. -> ended
 *
 * A page is a transaction: rows, changes, rejects, jobs caused, counters and
 * the cursor.  A crash between two pages loses nothing and repeats nothing:
 * the next run goes on at the cursor, or reads a file again and finds its
 * records unchanged.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "effect/target.h"
#include "failure.h"
#include "feed/run.h"
#include "feed/state.h"
#include "job/builtin.h"
#include "job/lock.h"

#define FILE_MOST_BYTES (INT64CONST(4) * 1024 * 1024 * 1024)
#define BACKOFF_MOST_S (15 * 60)

/* A feed's run from a task's point of view */
typedef struct FeedTask
{
	int			feed_id;
	FeedRun    *run;			/* NULL: not begun */
	Feed	   *feed;			/* NULL: it has not been read, or is gone */
	bool		locked;
} FeedTask;

static int
feed_id_argument(const Job *job)
{
	JsonbValue	key = {.type = jbvString};
	JsonbValue *value;

	key.val.string.val = "feed_id";
	key.val.string.len = strlen("feed_id");
	value = findJsonbValueFromContainer(&DatumGetJsonbP(job->args)->root, JB_FOBJECT, &key);
	if (value == NULL || value->type != jbvNumeric)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a feed job needs the argument \"feed_id\""),
				 errhint("SELECT estate.request_run(name) enqueues one.")));
	return DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(value->val.numeric)));
}

/* A job, not from the queue, that runs a feed by its name */
void
feed_job(const char *name, Job *job)
{
	memset(job, 0, sizeof(*job));
	job->handler = "feed";
	job->role = InvalidOid;
	job->args = DirectFunctionCall1(jsonb_in, CStringGetDatum(psprintf("{\"feed_id\": %d}",
																		feed_id_of(name))));
}

/* The row that CALL run_feed() prints */
void
feed_last_run(const Job *job, Datum *values, bool *nulls)
{
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(feed_id_argument(job));
	MemoryContext caller = CurrentMemoryContext;

	SPI_connect();
	SPI_execute_with_args("SELECT run_id, outcome::text, pages, seen, inserted, updated,"
						  "  unchanged, deleted, rejected, bytes"
						  " FROM estate.feed_run"
						  " WHERE feed_id = $1"
						  " ORDER BY run_id DESC LIMIT 1",
						  1, &type, &value, NULL, false, 1);
	if (SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the feed has been dropped")));
	for (int i = 0; i < 10; i++)
	{
		MemoryContext spi;

		values[i] = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i + 1, &nulls[i]);
		spi = MemoryContextSwitchTo(caller);
		if (!nulls[i] && !TupleDescAttr(SPI_tuptable->tupdesc, i)->attbyval)
			values[i] = datumCopy(values[i], false, -1);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
}

FeedRun *
feed_run_create(MemoryContext context, Feed *feed)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	FeedRun    *run = palloc0(sizeof(FeedRun));

	run->context = context;
	run->page_context = AllocSetContextCreate(context, "pg_estate page", ALLOCSET_DEFAULT_SIZES);
	run->feed = feed;
	run->columns = listing_columns();
	/* an interrupted run: what its pages promised must not be forgotten */
	if (feed->pending_watermark &&
		feed_watermark_time(feed, feed->pending_watermark, &run->watermark_at))
		run->pending_watermark = pstrdup(feed->pending_watermark);
	MemoryContextSwitchTo(caller);
	return run;
}

static void
append_encoded(StringInfo to, const char *text)
{
	for (const unsigned char *p = (const unsigned char *) text; *p; p++)
	{
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
			strchr("-._~:", *p))
			appendStringInfoChar(to, *p);
		else
			appendStringInfo(to, "%%%02X", *p);
	}
}

/*
 * The first page's address: the feed's url, with a filter for what has changed
 * since the watermark.  "ge", not "gt": more than a page may have changed in
 * one instant, and what we know already is found unchanged.
 */
static char *
first_url(const Feed *feed)
{
	StringInfoData url;
	const char *query = strchr(feed->url, '?');
	const char *filter = query ? strstr(query, "$filter=") : NULL;
	const char *end;

	if (feed->watermark == NULL || strcmp(feed->preset, "reso") != 0)
		return feed->url;
	initStringInfo(&url);
	if (filter == NULL)
	{
		appendStringInfo(&url, "%s%s$filter=", feed->url, query ? "&" : "?");
		end = "";
	}
	else
	{
		filter += strlen("$filter=");
		end = filter + strcspn(filter, "&");
		appendBinaryStringInfo(&url, feed->url, filter - feed->url);
		appendStringInfo(&url, "(%.*s)%%20and%%20", (int) (end - filter), filter);
	}
	appendStringInfoString(&url, "ModificationTimestamp%20ge%20");
	append_encoded(&url, feed->watermark);
	appendStringInfoString(&url, end);
	return url.data;
}

/* A source of run->url */
static FeedSource *
open_source(const FeedRun *run, NetLoop *loop)
{
	const Feed *feed = run->feed;
	NetOptions	options = {0};

	if (source_is_file(run->url))
		return source_file(run->source_context, run->url, feed->owner);
	options.url = net_resolve_url(run->url, run->url);
	if (options.url == NULL)
		options.url = run->url;
	options.bearer = run->secret;
	options.accept = strcmp(feed->preset, "reso") == 0 ? "application/json" : NULL;
	options.allowed_hosts = estate_allow_private_hosts;
	options.max_bytes = FILE_MOST_BYTES;
	options.follow_redirects = strcmp(feed->preset, "csv") == 0;
	options.sink_fd = -1;
	if (feed_option_bool(feed, "conditional", false))
	{
		options.if_none_match = feed->etag;
		options.if_modified_since = feed->last_modified;
	}
	return source_http(loop, run->source_context, &options);
}

/* Asks for the page at run->next_url, or for the first one; what the page before it needed goes */
void
feed_open_page(FeedRun *run, NetLoop *loop)
{
	MemoryContext before = run->source_context;
	MemoryContext caller;

	if (run->source)
		source_close(run->source);
	run->source = NULL;
	run->source_context =
		AllocSetContextCreate(run->context, "pg_estate source", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(run->source_context);
	run->url = pstrdup(run->next_url ? run->next_url : first_url(run->feed));
	run->next_url = NULL;
	run->page_ended = false;
	if (before)
		MemoryContextDelete(before);
	run->source = open_source(run, loop);
	MemoryContextSwitchTo(caller);
}

/* The credential of the feed, if it has one */
static void
find_secret(FeedRun *run)
{
	Target	   *target;

	if (run->feed->server == NULL)
		return;
	target = target_open(run->feed->server, run->feed->owner);
	target_require_host(target, run->feed->url);
	run->secret = target->secret ? MemoryContextStrdup(run->context, target->secret) : NULL;
}

static void
require_runnable(const Feed *feed)
{
	if (feed->url == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("feed \"%s\" has no url", feed->name),
				 errhint("SELECT estate.push_feed(name, body) or "
						 "SELECT estate.alter_feed(name, url => ..).")));
}

/* False: the run is not to be, and task->wants says what else */
static bool
may_begin(Task *task, FeedTask *state)
{
	bool		queued = task->job.id != 0;
	Feed	   *feed = state->feed;

	if (feed == NULL || (feed->paused && queued))
	{
		task->wants = TASK_DONE;
		return false;
	}
	if (feed->paused)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("feed \"%s\" is paused", feed->name),
				 errhint("SELECT estate.resume_feed(%s);", quote_literal_cstr(feed->name))));
	require_runnable(feed);
	if (queued)
		job_require_feed_rights(task->job.role);
	if (task->inside ? job_lock_feed_in_transaction(feed->feed_id) : job_lock_feed(feed->feed_id))
	{
		state->locked = !task->inside;
		return true;
	}
	if (!queued)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("feed \"%s\" is being run by another session", feed->name),
				 errhint("SELECT * FROM estate.feed_status;")));
	task->wants = TASK_SNOOZE;
	task->wake_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), 1000);
	return false;
}

static void
feed_start(Task *task)
{
	FeedTask   *state = palloc0(sizeof(FeedTask));
	int			feed_id = feed_id_argument(&task->job);

	task->state = state;
	state->feed_id = feed_id;
	state->feed = feed_read(feed_id);
	if (!may_begin(task, state))
		return;
	/* read again: another run may just have moved the cursor */
	state->feed = feed_read(feed_id);
	if (state->feed == NULL)
	{
		task->wants = TASK_DONE;
		return;
	}
	state->run = feed_run_create(task->context, state->feed);
	state->run->talkative = task->job.id == 0;
	state->run->run_id = feed_begin_run(state->feed);
	find_secret(state->run);
	state->run->next_url = state->feed->next_url;
	feed_open_page(state->run, task->loop);
	task->wants = source_is_local(state->run->source) ? TASK_STEP : TASK_WAIT;
}

static bool
feed_ready(Task *task)
{
	FeedTask   *state = task->state;

	return source_ready(state->run->source);
}

static void
feed_step(Task *task)
{
	FeedTask   *state = task->state;
	FeedRun    *run = state->run;

	if (source_unmodified(run->source))
	{
		feed_end_run(run, "unmodified");
		task->wants = TASK_DONE;
		return;
	}
	feed_work(run);
	if (run->ended)
	{
		feed_end_run(run, "done");
		task->wants = TASK_DONE;
		return;
	}
	if (run->page_ended)
		feed_open_page(run, task->loop);
	task->wants = run->full || source_is_local(run->source) ? TASK_STEP : TASK_WAIT;
}

static void
feed_after(Task *task)
{
	FeedTask   *state = task->state;

	if (state->feed)
		feed_enqueue_next(state->feed);
}

/* Whether the link to the next page may work another time */
static bool
is_passing(const ErrorData *error)
{
	return ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_CONNECTION_EXCEPTION;
}

static TimestampTz
feed_failed(Task *task, const ErrorData *error)
{
	FeedTask   *state = task->state;
	Feed	   *feed;
	int			seconds = 1;

	if (state == NULL)
		return 0;				/* the job does not say whose it is */
	feed = state->feed;
	feed_fail_run(state->feed_id, state->run ? state->run->run_id : 0,
				  error->detail ? psprintf("%s: %s", error->message, error->detail)
				  : error->message,
				  is_passing(error));
	/* who calls run_feed() gets the error himself */
	if (task->job.id != 0)
		failure_note(error->sqlerrcode,
					 feed ? psprintf("run of feed \"%s\" has failed", feed->name) :
					 psprintf("run of feed %d has failed", state->feed_id),
					 error->message,
					 psprintf("run " INT64_FORMAT ", failures in a row %d%s%s",
							  state->run ? state->run->run_id : 0, feed ? feed->failures + 1 : 1,
							  error->detail ? ", " : "", error->detail ? error->detail : ""));
	if (feed == NULL || !feed->has_every)
		return 0;
	/* a feed with an interval is never given up */
	for (int i = 0; i < feed->failures && seconds < BACKOFF_MOST_S; i++)
		seconds *= 2;
	seconds = Min(seconds, BACKOFF_MOST_S);
	/* sources shut out those who come back too early */
	if (state->run && state->run->source)
		seconds = Max(seconds, source_retry_after(state->run->source));
	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), seconds * INT64CONST(1000));
}

static void
feed_broken_off(Task *task, const char *why)
{
	FeedTask   *state = task->state;

	/* one that could not even begin has no row: we need not wait for who has locked the table */
	if (state && state->run && state->run->run_id != 0)
		feed_interrupt_run(state->run->run_id, why);
}

static void
feed_ended(Task *task)
{
	FeedTask   *state = task->state;

	if (state == NULL)
		return;
	if (state->run && state->run->source)
		source_close(state->run->source);
	if (state->run && state->run->secret)
		explicit_bzero(state->run->secret, strlen(state->run->secret));
	if (state->locked)
		job_unlock_feed(state->feed->feed_id);
}

const TaskHandler feed_task_handler = {
	.name = "feed",
	.start = feed_start,
	.ready = feed_ready,
	.step = feed_step,
	.after = feed_after,
	.failed = feed_failed,
	.broken_off = feed_broken_off,
	.ended = feed_ended
};
