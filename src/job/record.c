/*
 * record.c
 *	  A job as a row of the tables that it goes through.
 *
 * Runs in any process, inside a transaction.  Reads and fills values; what
 * writes rows is in ready.c, open.c and history.c.  They do so past the
 * executor, which would take longer than all the rest, and past its checks of
 * rights: these tables are nobody's but ours, and who may enqueue what was
 * checked where it was asked for.
 *
 * Jobs are read into the current context.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/rel.h"

#include "job/record.h"

/*
 * Rows are written by position.  Columns that somebody has added come after
 * ours, and stay null; one that may not be null, or has a default, would be
 * filled by the executor only.
 */
void
record_check_columns(Relation relation, int columns)
{
	TupleDesc	desc = RelationGetDescr(relation);

	if (desc->natts == columns)
		return;
	/* our last one came with a step: what was added before that is in its place */
	if (desc->natts > columns &&
		strcmp(NameStr(TupleDescAttr(desc, columns - 1)->attname), "durable") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of table estate_internal.%s is where \"durable\" should be",
						NameStr(TupleDescAttr(desc, columns - 1)->attname),
						RelationGetRelationName(relation)),
				 errdetail("It was added to a table of pg_estate before the upgrade."),
				 errhint("Drop what was added, also to its parent;"
						 " then dump and restore the table.")));
	for (int i = columns; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);
		const char *name = quote_identifier(NameStr(column->attname));

		if (!column->attisdropped && (column->attnotnull || column->atthasdef))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("column \"%s\" of table estate_internal.%s must not have a default or a"
							" not-null constraint",
							NameStr(column->attname), RelationGetRelationName(relation)),
					 errdetail("It was added to a table of pg_estate, which leaves it null."),
					 errhint("ALTER TABLE estate_internal.%s ALTER %s DROP NOT NULL,"
							 " ALTER %s DROP DEFAULT;",
							 RelationGetRelationName(relation), name, name)));
	}
	if (desc->natts < columns)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table estate_internal.%s has %d columns, not %d",
						RelationGetRelationName(relation), desc->natts, columns),
				 errhint("SELECT * FROM estate.setup(); brings the tables up to date.")));
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
	job->durable = !nulls[JOB_DURABLE] && DatumGetBool(values[JOB_DURABLE]);
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
		memcpy(DatumGetPointer(large[i]), DatumGetPointer(now),
			   VARSIZE_EXTERNAL(DatumGetPointer(now)));
	}
	return true;
}

/* The job that a row of a result begins with */
Job *
record_of_row(KeeperRows rows, uint64 row)
{
	TupleDesc	desc = rows.table->tupdesc;
	Datum	   *values = palloc(sizeof(Datum) * desc->natts);
	bool	   *nulls = palloc(sizeof(bool) * desc->natts);
	Job		   *job = palloc(sizeof(Job));

	heap_deform_tuple(rows.table->vals[row], desc, values, nulls);
	record_read(job, values, nulls, NULL);
	return job;
}

/* A text as a value */
void
record_set_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	if (text)
		values[column] = CStringGetTextDatum(text);
}

void
record_set_pointer(Datum *values, bool *nulls, int column, const void *pointer)
{
	nulls[column] = pointer == NULL;
	values[column] = PointerGetDatum(pointer);
}

/* The same; what the row before had is not made anew */
void
record_set_text_like(Datum *values, bool *nulls, int column, const char *text, RecordText *before)
{
	if (before->text != text)
	{
		record_set_text(values, nulls, column, text);
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
	record_set_text_like(values, nulls, JOB_HANDLER, job->handler, &before->handler);
	record_set_text_like(values, nulls, JOB_QUEUE, job->queue, &before->queue);
	values[JOB_PRIORITY] = Int16GetDatum(job->priority);
	values[JOB_MAX_ATTEMPTS] = Int32GetDatum(job->max_attempts);
	values[JOB_ROLE] = ObjectIdGetDatum(job->role);
	values[JOB_ENQUEUED_AT] = TimestampTzGetDatum(job->enqueued_at);
	values[JOB_ARGS] = job->args;
	values[JOB_RUN_AT] = TimestampTzGetDatum(job->run_at);
	values[JOB_ATTEMPT] = Int32GetDatum(job->attempt);
	record_set_pointer(values, nulls, JOB_EFFECT_KEY, job->effect_key);
	record_set_text(values, nulls, JOB_UNIQUE_KEY, job->unique_key);
	record_set_text(values, nulls, JOB_UNIQUE_UNTIL, job->unique_until);
	record_set_pointer(values, nulls, JOB_TIMEOUT, job->timeout);
	record_set_pointer(values, nulls, JOB_BACKOFF, DatumGetPointer(job->backoff));
	record_set_pointer(values, nulls, JOB_TAGS, DatumGetPointer(job->tags));
	record_set_pointer(values, nulls, JOB_ERRORS, DatumGetPointer(job->errors));
	values[JOB_ALONE] = BoolGetDatum(true);
	nulls[JOB_ALONE] = !job->alone;
	values[JOB_WAITED] = Int16GetDatum(job->waited);
	nulls[JOB_WAITED] = job->waited == 0;
	values[JOB_DURABLE] = BoolGetDatum(true);
	nulls[JOB_DURABLE] = !job->durable;
}
