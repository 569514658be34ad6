/*
 * history.c
 *	  Jobs that have ended: the parts of the history.
 *
 * Runs in any process, inside a transaction.  The history is a parent table,
 * which stays empty, with children job_ended_<n>, filled in turn.  Whoever
 * ends jobs writes into the newest.  The others are dropped as a whole when
 * all that is in them has expired; see history_tidy.c.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "job/await.h"
#include "job/count.h"
#include "job/history.h"
#include "job/history_part.h"
#include "job/history_row.h"
#include "job/row.h"

#define ENDED_CHUNK 128

/* The newest part, as far as this process knows */
static HistoryPart newest = {InvalidOid, -1};
static Oid	parent = InvalidOid;

static int
history_compare_numbers(const void *a, const void *b)
{
	return ((const HistoryPart *) a)->number - ((const HistoryPart *) b)->number;
}

/* All parts, the oldest first; one may be gone before it is opened */
HistoryPart *
history_parts(int *n)
{
	List	   *children = find_inheritance_children(record_table("job_ended"), NoLock);
	HistoryPart *parts = palloc(sizeof(HistoryPart) * Max(list_length(children), 1));
	ListCell   *cell;

	*n = 0;
	foreach(cell, children)
	{
		HistoryPart *part = &parts[*n];
		char	   *name = get_rel_name(lfirst_oid(cell));

		part->table = lfirst_oid(cell);
		if (name && sscanf(name, "job_ended_%d", &part->number) == 1)
			(*n)++;
	}
	qsort(parts, *n, sizeof(HistoryPart), history_compare_numbers);
	return parts;
}

/* A part has been made or dropped: a new child of the parent makes its entry invalid, too */
static void
forget_newest(Datum arg, Oid relation)
{
	if (relation == InvalidOid || relation == parent || relation == newest.table)
		newest.table = InvalidOid;
}

static void
find_newest(void)
{
	static bool registered = false;
	HistoryPart *parts;
	int			n;

	if (!registered)
	{
		CacheRegisterRelcacheCallback(forget_newest, (Datum) 0);
		registered = true;
	}
	parent = record_table("job_ended");
	parts = history_parts(&n);
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table estate_internal.job_ended has no parts"),
				 errhint("SELECT * FROM estate.setup(); makes one.")));
	newest = parts[n - 1];
	pfree(parts);
}

/* Opens the newest part, to be written */
Relation
history_open_newest(void)
{
	for (;;)
	{
		Relation	relation;

		CHECK_FOR_INTERRUPTS();

		/*
		 * have we heard of a newer one?  Else we would wait for the lock of one
		 * that is getting its indexes
		 */
		AcceptInvalidationMessages();
		if (!OidIsValid(newest.table))
			find_newest();
		relation = try_table_open(newest.table, RowExclusiveLock);
		/* with the lock we have heard of a newer one */
		if (relation && newest.table == RelationGetRelid(relation))
			return relation;
		newest.table = InvalidOid;
		if (relation)
			table_close(relation, RowExclusiveLock);
	}
}

/* Whether the newest part has grown so large that another should be begun */
bool
history_is_large(void)
{
	Relation	relation = history_open_newest();
	bool		large = RelationGetNumberOfBlocks(relation) > HISTORY_PART_PAGES;

	table_close(relation, RowExclusiveLock);
	return large;
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

/*
 * Places for rows of the history, kept while its parts have as many columns:
 * made for each batch they would cost as much as the rows.  Of formed rows,
 * which belong to them: heap_multi_insert() would copy any others first.
 */
static TupleTableSlot **
ended_slots(Relation relation)
{
	static TupleTableSlot *slots[ENDED_CHUNK];
	int			natts = RelationGetDescr(relation)->natts;
	MemoryContext caller;
	TupleDesc	desc;

	if (slots[0] && slots[0]->tts_tupleDescriptor->natts == natts)
		return slots;
	/* what an error breaks off is done again, from where it was */
	for (int i = ENDED_CHUNK; i-- > 0;)
		if (slots[i])
		{
			TupleTableSlot *old = slots[i];

			slots[i] = NULL;
			ExecDropSingleTupleTableSlot(old);
		}
	caller = MemoryContextSwitchTo(TopMemoryContext);
	desc = CreateTupleDescCopy(RelationGetDescr(relation));
	/* the first one last: with it all are there */
	for (int i = ENDED_CHUNK; i-- > 0;)
		slots[i] = MakeSingleTupleTableSlot(desc, &TTSOpsHeapTuple);
	MemoryContextSwitchTo(caller);
	return slots;
}

/*
 * Writes the history of jobs, many rows at once, at the end of its newest
 * part, which has no index of ours: it gets them when another part is begun.
 */
void
history_write(const JobEnding *endings, int n)
{
	Relation	relation;
	TupleTableSlot **slots;
	TimestampTz now = GetCurrentTimestamp();	/* the server's clock, never a session's own */
	EndedRows	rows = {0};

	if (n == 0)
		return;
	relation = history_open_newest();
	record_check_columns(relation, ENDED_COLUMNS);
	slots = ended_slots(relation);
	for (int from = 0; from < n; from += ENDED_CHUNK)
	{
		int			count = Min(n - from, ENDED_CHUNK);

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < count; i++)
			history_store_row(slots[i], &endings[from + i], now, &rows);
		row_insert_many(relation, slots, count);
		for (int i = 0; i < count; i++)
			ExecClearTuple(slots[i]);
	}
	count_endings(endings, n);
	for (int i = 0; i < n; i++)
		await_note(endings[i].job->id, endings[i].state);
	table_close(relation, NoLock);
}
