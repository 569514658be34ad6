/*
 * row.c
 *	  Rows of the lanes and of the history, written and deleted past the
 *	  executor.
 *
 * Runs in any process, inside a transaction.  The executor would take longer
 * than all the rest.  And these tables have no replica identity, since an index
 * would cost as much again: in a database with a publication FOR ALL TABLES it
 * would refuse every DELETE.
 *
 * Nothing of them is ever sent to a subscriber.  Inserted rows are marked so
 * that logical decoding passes them by; deleted ones have no old key to be
 * sent.  (A subscriber that had the inserts and not the deletes would run
 * jobs that are done; and it has no table for a part of the history that has
 * been begun since.)
 *
 * New rows go to the end of the table, not where there happens to be room:
 * workers are past those pages.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "job/row.h"

#define INSERT_OPTIONS (HEAP_INSERT_SKIP_FSM | HEAP_INSERT_NO_LOGICAL)

/*
 * Keeps indexes that somebody else has made on such a table, as for a report,
 * up to date: else queries that use them, also ours, would miss rows.
 */
static void
insert_in_indexes(Relation relation, HeapTuple tuple)
{
	EState	   *estate = CreateExecutorState();
	ResultRelInfo *result = makeNode(ResultRelInfo);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsHeapTuple);

	InitResultRelInfo(result, relation, 0, NULL, 0);
	ExecOpenIndices(result, false);
	ExecStoreHeapTuple(tuple, slot, false);
	if (result->ri_NumIndices > 0)
		list_free(insert_index_tuples(result, slot, estate));
	ExecDropSingleTupleTableSlot(slot);
	ExecCloseIndices(result);
	FreeExecutorState(estate);
}

/* Not relhasindex alone: that stays when the transaction that made an index is rolled back */
static bool
has_index(Relation relation)
{
	List	   *indexes;
	bool		any;

	if (!relation->rd_rel->relhasindex)
		return false;
	indexes = RelationGetIndexList(relation);
	any = indexes != NIL;
	list_free(indexes);
	return any;
}

void
row_insert(Relation relation, HeapTuple tuple)
{
	heap_insert(relation, tuple, GetCurrentCommandId(true), INSERT_OPTIONS, NULL);
	if (has_index(relation))
		insert_in_indexes(relation, tuple);
}

/* Many at once, a record of the log for each page; that cannot be kept from logical decoding */
void
row_insert_many(Relation relation, TupleTableSlot **slots, int n)
{
	if (!RelationIsLogicallyLogged(relation) && !has_index(relation))
	{
		heap_multi_insert(relation, slots, n, GetCurrentCommandId(true), HEAP_INSERT_SKIP_FSM,
						  NULL);
		return;
	}
	for (int i = 0; i < n; i++)
	{
		bool		should_free;
		HeapTuple	tuple = ExecFetchSlotHeapTuple(slots[i], true, &should_free);

		row_insert(relation, tuple);
		if (should_free)
			heap_freetuple(tuple);
	}
}

/* Deletes a row that this transaction has locked */
void
row_delete(Oid table, ItemPointer tid)
{
	Relation	relation = table_open(table, RowExclusiveLock);

	simple_heap_delete(relation, tid);
	table_close(relation, NoLock);
}

/* The same of all rows of a result: these two columns are tableoid and ctid */
void
row_delete_found(KeeperRows rows, int table_column)
{
	for (uint64 i = 0; i < rows.n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		row_delete(keeper_oid(rows, i, table_column), row_tid(rows, i, table_column + 1));
	}
	CommandCounterIncrement();	/* the statements that follow do not see them */
}
