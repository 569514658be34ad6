/*
 * row.h
 *	  Rows of the lanes and of the history, written and deleted past the executor.
 */
#ifndef ESTATE_ROW_H
#define ESTATE_ROW_H

#include "keeper.h"

#include "access/htup.h"
#include "executor/tuptable.h"
#include "utils/relcache.h"

/* A ctid in a result */
static inline ItemPointer
row_tid(KeeperRows rows, uint64 row, int column)
{
	return (ItemPointer) DatumGetPointer(keeper_value(rows, row, column));
}

extern void row_insert(Relation relation, HeapTuple tuple);
extern void row_insert_many(Relation relation, TupleTableSlot **slots, int n);
extern void row_delete(Oid table, ItemPointer tid);
extern void row_delete_found(KeeperRows rows, int table_column);

#endif							/* ESTATE_ROW_H */
