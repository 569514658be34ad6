/*
 * history_row.c
 *	  Rows of the history.
 *
 * Runs in any process, inside a transaction.  Rows are made in the context of
 * their slots, which outlive it: what an error leaves there is freed when the
 * slot is filled again.
 *
 * heap_form_tuple() goes through all columns of a row twice, to find most of
 * them null: that took a tenth of the time of a job whose handler does
 * nothing.  The rows of jobs without options are laid out here instead.  They
 * are what heap_form_tuple() makes, byte for byte; a build with assertions
 * compares each.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "utils/memutils.h"

#include "job/history_row.h"

#define ROW_HEADER_BYTES MAXALIGN(SizeofHeapTupleHeader + BITMAPLEN(ENDED_COLUMNS))

/* What is in the row of a job without options */
static const int plain_columns[] = {
	JOB_ID, JOB_HANDLER, JOB_QUEUE, JOB_PRIORITY, JOB_MAX_ATTEMPTS, JOB_ROLE, JOB_ENQUEUED_AT,
	JOB_ARGS, JOB_ATTEMPT, ENDED_DONE_BY, ENDED_STATE, ENDED_ENDED_AT
};

/* More than the columns behind args and what aligns them */
#define TAIL_MOST_BYTES 64

static HeapTuple
form_any(TupleTableSlot *slot, const JobEnding *ending, TimestampTz now, EndedRows *rows)
{
	int			natts = slot->tts_tupleDescriptor->natts;
	Datum		ours[ENDED_COLUMNS];
	bool		nulls_of_ours[ENDED_COLUMNS];
	Datum	   *values = ours;
	bool	   *nulls = nulls_of_ours;
	MemoryContext caller;
	HeapTuple	tuple;

	if (natts > ENDED_COLUMNS)	/* somebody has added a column */
	{
		values = palloc0(sizeof(Datum) * natts);
		nulls = palloc(sizeof(bool) * natts);
		memset(nulls, true, sizeof(bool) * natts);
	}
	record_fill(ending->job, values, nulls, &rows->texts);
	/* the fewer bytes the better: there are many */
	nulls[JOB_RUN_AT] = ending->job->run_at == ending->job->enqueued_at;
	nulls[JOB_ALONE] = nulls[JOB_WAITED] = true;
	values[ENDED_DONE_BY] = CharGetDatum(ending->done_by);
	values[ENDED_ENDED_AT] = TimestampTzGetDatum(now);
	nulls[ENDED_DONE_BY] = nulls[ENDED_ENDED_AT] = false;
	record_set_text_like(values, nulls, ENDED_STATE, ending->state, &rows->texts.state);
	record_set_pointer(values, nulls, ENDED_RESULT, ending->job->result);
	values[ENDED_DURABLE] = BoolGetDatum(true);
	nulls[ENDED_DURABLE] = !ending->job->durable;
	caller = MemoryContextSwitchTo(slot->tts_mcxt);
	tuple = heap_form_tuple(slot->tts_tupleDescriptor, values, nulls);
	MemoryContextSwitchTo(caller);
	return tuple;
}

static bool
is_short(const char *text)
{
	return strlen(text) + VARHDRSZ_SHORT <= VARATT_SHORT_MAX;
}

static bool
is_plain(const JobEnding *ending)
{
	const Job  *job = ending->job;
	const void *args = DatumGetPointer(job->args);

	return job->run_at == job->enqueued_at && !job->effect_key &&
		!job->unique_key && !job->unique_until && !job->timeout && !job->backoff &&
		!job->tags && !job->errors && !job->result && !job->durable &&
		!VARATT_IS_EXTERNAL(args) && !VARATT_IS_COMPRESSED(args);
}

/* Each of these writes a value behind the others and returns where the next one comes */
static inline char *
put_fixed(const char *row, char *at, const void *value, Size size)
{
	while ((at - row) % size != 0)
		*at++ = '\0';
	memcpy(at, value, size);
	return at + size;
}

static char *
history_put_text(char *at, const char *text)
{
	Size		len = strlen(text);

	SET_VARSIZE_SHORT(at, len + VARHDRSZ_SHORT);
	memcpy(at + VARHDRSZ_SHORT, text, len);
	return at + VARHDRSZ_SHORT + len;
}

static char *
put_varlena(const char *row, char *at, const void *value)
{
	if (VARATT_CAN_MAKE_SHORT(value))
	{
		Size		len = VARATT_CONVERTED_SHORT_SIZE(value);

		SET_VARSIZE_SHORT(at, len);
		memcpy(at + VARHDRSZ_SHORT, VARDATA(value), len - VARHDRSZ_SHORT);
		return at + len;
	}
	if (!VARATT_IS_SHORT(value))
		while ((at - row) % sizeof(int32) != 0)
			*at++ = '\0';
	memcpy(at, value, VARSIZE_ANY(value));
	return at + VARSIZE_ANY(value);
}

/*
 * The columns before enqueued_at: but for the id they are mostly those of the
 * row before.  False: they are too long.
 */
static bool
lay_out_head(const Job *job, EndedRows *rows)
{
	const Job  *like = rows->like;
	char	   *at = rows->head + sizeof(job->id);
	int16		priority = job->priority;
	int32		max_attempts = job->max_attempts;

	if (like && like->handler == job->handler && like->queue == job->queue &&
		like->priority == job->priority && like->max_attempts == job->max_attempts &&
		like->role == job->role)
		return true;
	rows->like = NULL;
	if (!is_short(job->handler) || !is_short(job->queue))
		return false;
	at = history_put_text(at, job->handler);
	at = history_put_text(at, job->queue);
	at = put_fixed(rows->head, at, &priority, sizeof(priority));
	at = put_fixed(rows->head, at, &max_attempts, sizeof(max_attempts));
	at = put_fixed(rows->head, at, &job->role, sizeof(job->role));
	rows->head_bytes = at - rows->head;
	rows->like = job;
	return true;
}

static HeapTuple
form_plain(TupleTableSlot *slot, const JobEnding *ending, TimestampTz now,
		   const EndedRows *rows)
{
	const Job  *job = ending->job;
	const void *args = DatumGetPointer(job->args);
	int32		attempt = job->attempt;
	HeapTuple	tuple = MemoryContextAllocZero(slot->tts_mcxt,
											   HEAPTUPLESIZE + ROW_HEADER_BYTES + rows->head_bytes +
											   VARSIZE_ANY(args) + TAIL_MOST_BYTES);
	HeapTupleHeader header = tuple->t_data = (HeapTupleHeader) ((char *) tuple + HEAPTUPLESIZE);
	char	   *row = (char *) header + ROW_HEADER_BYTES;
	char	   *at = row + rows->head_bytes;

	memcpy(row, rows->head, rows->head_bytes);
	memcpy(row, &job->id, sizeof(job->id));
	at = put_fixed(row, at, &job->enqueued_at, sizeof(job->enqueued_at));
	at = put_varlena(row, at, args);
	at = put_fixed(row, at, &attempt, sizeof(attempt));
	*at++ = (char) ending->done_by;
	at = history_put_text(at, ending->state);
	at = put_fixed(row, at, &now, sizeof(now));

	tuple->t_len = at - (char *) header;
	ItemPointerSetInvalid(&tuple->t_self);
	ItemPointerSetInvalid(&header->t_ctid);
	HeapTupleHeaderSetNatts(header, ENDED_COLUMNS);
	header->t_hoff = ROW_HEADER_BYTES;
	header->t_infomask = HEAP_HASNULL | HEAP_HASVARWIDTH;
	for (int i = 0; i < lengthof(plain_columns); i++)
		header->t_bits[plain_columns[i] / BITS_PER_BYTE] |= 1 << plain_columns[i] % BITS_PER_BYTE;
	return tuple;
}

#ifdef USE_ASSERT_CHECKING
/* But for what an insert fills in */
static bool
is_same_row(const HeapTupleData *a, const HeapTupleData *b)
{
	Size		from = offsetof(HeapTupleHeaderData, t_hoff);

	return a->t_len == b->t_len && a->t_data->t_infomask2 == b->t_data->t_infomask2 &&
		((a->t_data->t_infomask ^ b->t_data->t_infomask) & ~HEAP_XACT_MASK) == 0 &&
		memcmp((char *) a->t_data + from, (char *) b->t_data + from, a->t_len - from) == 0;
}
#endif

/*
 * Fills a slot with the row of an ended job.  rows: zeroed before the first
 * one of those that are made together.
 */
void
history_store_row(TupleTableSlot *slot, const JobEnding *ending, TimestampTz now,
				  EndedRows *rows)
{
	HeapTuple	tuple;

	if (slot->tts_tupleDescriptor->natts == ENDED_COLUMNS &&
		is_plain(ending) && lay_out_head(ending->job, rows))
	{
		tuple = form_plain(slot, ending, now, rows);
		Assert(is_same_row(tuple, form_any(slot, ending, now, rows)));
	}
	else
		tuple = form_any(slot, ending, now, rows);
	ExecStoreHeapTuple(tuple, slot, true);
}
