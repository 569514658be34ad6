/*
 * record.c
 *	  A job as a row of the tables that it goes through.
 *
 * Runs in any process, inside a transaction.  Rows are written past the
 * executor, which would take longer than all the rest, and past its checks of
 * rights: these tables are nobody's but ours, and who may enqueue what was
 * checked where it was asked for.
 *
 * Jobs are read into the current context.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "job/count.h"
#include "job/history.h"
#include "job/record.h"

#define ENDED_CHUNK 128

Oid
record_table(const char *name)
{
	return get_relname_relid(name, get_namespace_oid("estate_internal", false));
}

/* A table of ours must have so many columns: rows are written by position */
static void
check_columns(Relation relation, int columns)
{
	if (RelationGetDescr(relation)->natts != columns)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table estate_internal.%s has %d columns, not %d",
						RelationGetRelationName(relation), RelationGetDescr(relation)->natts, columns),
				 errhint("Drop what was added to it; what one wants to keep of jobs belongs in a table of one's own.")));
}

/* A text; most neighbours have the same, and one copy will do */
static const char *
text_like(Datum value, const char *before)
{
	text	   *read = DatumGetTextPP(value);
	int			len = VARSIZE_ANY_EXHDR(read);

	if (before && strncmp(before, VARDATA_ANY(read), len) == 0 && before[len] == '\0')
		return before;
	return pnstrdup(VARDATA_ANY(read), len);
}

/*
 * A copy of a value.  One that is compressed or out of line stays so: of many
 * jobs in hand each may be large, and each is made whole when it is run.
 */
static Datum
as_stored(Datum value)
{
	if (VARATT_IS_EXTERNAL(DatumGetPointer(value)) || VARATT_IS_COMPRESSED(DatumGetPointer(value)))
		return datumCopy(value, false, -1);
	return PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
}

static void
read_options(Job *job, const Datum *values, const bool *nulls)
{
	if (!nulls[JOB_EFFECT_KEY])
	{
		job->effect_key = palloc(sizeof(pg_uuid_t));
		*job->effect_key = *DatumGetUUIDP(values[JOB_EFFECT_KEY]);
	}
	if (!nulls[JOB_UNIQUE_KEY])
		job->unique_key = TextDatumGetCString(values[JOB_UNIQUE_KEY]);
	if (!nulls[JOB_UNIQUE_UNTIL])
		job->unique_until = TextDatumGetCString(values[JOB_UNIQUE_UNTIL]);
	if (!nulls[JOB_TIMEOUT])
	{
		job->timeout = palloc(sizeof(Interval));
		*job->timeout = *DatumGetIntervalP(values[JOB_TIMEOUT]);
	}
	if (!nulls[JOB_BACKOFF])
		job->backoff = as_stored(values[JOB_BACKOFF]);
	if (!nulls[JOB_TAGS])
		job->tags = as_stored(values[JOB_TAGS]);
	if (!nulls[JOB_ERRORS])
		job->errors = as_stored(values[JOB_ERRORS]);
	job->alone = !nulls[JOB_ALONE] && DatumGetBool(values[JOB_ALONE]);
	job->waited = nulls[JOB_WAITED] ? 0 : DatumGetInt16(values[JOB_WAITED]);
}

/* Reads the first JOB_COLUMNS values of a row; before: the job read before this one, or NULL */
void
record_read(Job *job, const Datum *values, const bool *nulls, const Job *before)
{
	memset(job, 0, sizeof(*job));
	job->id = DatumGetInt64(values[JOB_ID]);
	job->handler = text_like(values[JOB_HANDLER], before ? before->handler : NULL);
	job->queue = text_like(values[JOB_QUEUE], before ? before->queue : NULL);
	job->priority = DatumGetInt16(values[JOB_PRIORITY]);
	job->max_attempts = DatumGetInt32(values[JOB_MAX_ATTEMPTS]);
	job->role = DatumGetObjectId(values[JOB_ROLE]);
	job->enqueued_at = DatumGetTimestampTz(values[JOB_ENQUEUED_AT]);
	job->args = as_stored(values[JOB_ARGS]);
	job->run_at = nulls[JOB_RUN_AT] ? job->enqueued_at : DatumGetTimestampTz(values[JOB_RUN_AT]);
	job->attempt = nulls[JOB_ATTEMPT] ? 0 : DatumGetInt32(values[JOB_ATTEMPT]);
	for (int i = JOB_EFFECT_KEY; i < JOB_COLUMNS; i++)
		if (!nulls[i])
		{
			read_options(job, values, nulls);
			return;
		}
}

/*
 * The row of a job in hand has been found where it was read.  Its values that
 * are out of line may be elsewhere by now: another row with the same id, or
 * VACUUM FULL.  False: it is another row.
 */
bool
record_find_again(Job *job, HeapTuple tuple, TupleDesc desc)
{
	const int	columns[] = {JOB_ARGS, JOB_BACKOFF, JOB_TAGS, JOB_ERRORS};
	const Datum large[] = {job->args, job->backoff, job->tags, job->errors};

	for (int i = 0; i < lengthof(columns); i++)
	{
		Datum		now;
		bool		isnull;

		if (large[i] == 0 || !VARATT_IS_EXTERNAL(DatumGetPointer(large[i])))
			continue;
		now = heap_getattr(tuple, columns[i] + 1, desc, &isnull);
		if (isnull || !VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(now)))
			return false;
		memcpy(DatumGetPointer(large[i]), DatumGetPointer(now), VARSIZE_EXTERNAL(DatumGetPointer(now)));
	}
	return true;
}

Job *
record_of_row(HeapTuple row, TupleDesc desc)
{
	Datum	   *values = palloc(sizeof(Datum) * desc->natts);
	bool	   *nulls = palloc(sizeof(bool) * desc->natts);
	Job		   *job = palloc(sizeof(Job));

	heap_deform_tuple(row, desc, values, nulls);
	record_read(job, values, nulls, NULL);
	return job;
}

/* A text as a value */
static void
set_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	if (text)
		values[column] = CStringGetTextDatum(text);
}

static void
set_pointer(Datum *values, bool *nulls, int column, const void *pointer)
{
	nulls[column] = pointer == NULL;
	values[column] = PointerGetDatum(pointer);
}

/* The same; what the row before had is not made anew */
static void
set_text_like(Datum *values, bool *nulls, int column, const char *text, RecordText *before)
{
	if (before->text != text)
	{
		set_text(values, nulls, column, text);
		before->text = text;
		before->value = values[column];
	}
	values[column] = before->value;
	nulls[column] = false;
}

/*
 * Fills the first JOB_COLUMNS values of a row.  before: what is remembered of
 * the rows before it, whose values are still there.
 */
void
record_fill(const Job *job, Datum *values, bool *nulls, RecordTexts *before)
{
	memset(nulls, false, sizeof(bool) * JOB_COLUMNS);
	values[JOB_ID] = Int64GetDatum(job->id);
	set_text_like(values, nulls, JOB_HANDLER, job->handler, &before->handler);
	set_text_like(values, nulls, JOB_QUEUE, job->queue, &before->queue);
	values[JOB_PRIORITY] = Int16GetDatum(job->priority);
	values[JOB_MAX_ATTEMPTS] = Int32GetDatum(job->max_attempts);
	values[JOB_ROLE] = ObjectIdGetDatum(job->role);
	values[JOB_ENQUEUED_AT] = TimestampTzGetDatum(job->enqueued_at);
	values[JOB_ARGS] = job->args;
	values[JOB_RUN_AT] = TimestampTzGetDatum(job->run_at);
	values[JOB_ATTEMPT] = Int32GetDatum(job->attempt);
	set_pointer(values, nulls, JOB_EFFECT_KEY, job->effect_key);
	set_text(values, nulls, JOB_UNIQUE_KEY, job->unique_key);
	set_text(values, nulls, JOB_UNIQUE_UNTIL, job->unique_until);
	set_pointer(values, nulls, JOB_TIMEOUT, job->timeout);
	set_pointer(values, nulls, JOB_BACKOFF, DatumGetPointer(job->backoff));
	set_pointer(values, nulls, JOB_TAGS, DatumGetPointer(job->tags));
	set_pointer(values, nulls, JOB_ERRORS, DatumGetPointer(job->errors));
	values[JOB_ALONE] = BoolGetDatum(true);
	nulls[JOB_ALONE] = !job->alone;
	values[JOB_WAITED] = Int16GetDatum(job->waited);
	nulls[JOB_WAITED] = job->waited == 0;
}

/* Writes jobs that wait for something */
void
record_write_open(const JobOpening *openings, int n)
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
	check_columns(relation, OPEN_COLUMNS);
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
		set_text(slot->tts_values, slot->tts_isnull, OPEN_WAITS_FOR, reasons[opening->waits_for]);
		set_text(slot->tts_values, slot->tts_isnull, OPEN_HELD_KEY, opening->held_key);
		slot->tts_values[OPEN_BLOCKERS] = Int32GetDatum(opening->blockers);
		slot->tts_isnull[OPEN_BLOCKERS] = opening->blockers == 0;
		/* only fetch_jobs() leases, and what is written here is leased to nobody */
		for (int column = OPEN_LEASE_TOKEN; column < OPEN_COLUMNS; column++)
			slot->tts_isnull[column] = true;
		ExecStoreVirtualTuple(slot);
		ExecSimpleRelationInsert(result, estate, slot);
		count_jobs(opening->job->queue, count_open(opening->job, opening->waits_for), 1);
	}
	ExecDropSingleTupleTableSlot(slot);
	ExecCloseIndices(result);
	FreeExecutorState(estate);
	table_close(relation, NoLock);
}

static void
fill_ended(TupleTableSlot *slot, const JobEnding *ending, TimestampTz now, RecordTexts *before)
{
	Datum	   *values = slot->tts_values;
	bool	   *nulls = slot->tts_isnull;

	ExecClearTuple(slot);
	record_fill(ending->job, values, nulls, before);
	/* the fewer bytes the better: there are many */
	nulls[JOB_RUN_AT] = ending->job->run_at == ending->job->enqueued_at;
	nulls[JOB_ALONE] = nulls[JOB_WAITED] = true;
	values[ENDED_DONE_BY] = CharGetDatum(ending->done_by);
	values[ENDED_ENDED_AT] = TimestampTzGetDatum(now);
	nulls[ENDED_DONE_BY] = nulls[ENDED_ENDED_AT] = false;
	set_text_like(values, nulls, ENDED_STATE, ending->state, &before->state);
	set_pointer(values, nulls, ENDED_RESULT, ending->job->result);
	ExecStoreVirtualTuple(slot);
}

/* Neighbours mostly have the same queue and state, each in one place */
static void
count_endings(const JobEnding *endings, int n)
{
	for (int i = 0, same; i < n; i += same)
	{
		const JobEnding *first = &endings[i];

		for (same = 1; i + same < n; same++)
			if (first[same].job->queue != first->job->queue || first[same].state != first->state)
				break;
		count_jobs(first->job->queue, count_ended(first->state), same);
	}
}

/* Places for rows of the history, of one shape in all its parts: made for each batch they would cost as much as the rows */
static TupleTableSlot **
ended_slots(Relation relation)
{
	static TupleTableSlot *slots[ENDED_CHUNK];
	MemoryContext caller;
	TupleDesc	desc;

	if (slots[ENDED_CHUNK - 1])
		return slots;
	caller = MemoryContextSwitchTo(TopMemoryContext);
	desc = CreateTupleDescCopy(RelationGetDescr(relation));
	for (int i = 0; i < ENDED_CHUNK; i++)
		slots[i] = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	MemoryContextSwitchTo(caller);
	return slots;
}

/*
 * Writes the history of jobs, many rows at once, at the end of its newest
 * part, which has no index: it gets them when another part is begun.
 */
void
record_write_ended(const JobEnding *endings, int n)
{
	Relation	relation;
	TupleTableSlot **slots;
	TimestampTz now = estate_now();
	RecordTexts texts = {0};

	if (n == 0)
		return;
	relation = history_open_newest();
	check_columns(relation, ENDED_COLUMNS);
	slots = ended_slots(relation);
	for (int from = 0; from < n; from += ENDED_CHUNK)
	{
		int			count = Min(n - from, ENDED_CHUNK);

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < count; i++)
			fill_ended(slots[i], &endings[from + i], now, &texts);
		heap_multi_insert(relation, slots, count, GetCurrentCommandId(true), HEAP_INSERT_SKIP_FSM, NULL);
		for (int i = 0; i < count; i++)
			ExecClearTuple(slots[i]);
	}
	count_endings(endings, n);
	table_close(relation, NoLock);
}
