/*
 * history_row.h
 *	  Rows of the history.
 */
#ifndef ESTATE_HISTORY_ROW_H
#define ESTATE_HISTORY_ROW_H

#include "job/history.h"

#include "executor/tuptable.h"

/* What is remembered of the rows that were made before, of jobs that are still there */
typedef struct EndedRows
{
	RecordTexts texts;
	const Job  *like;			/* whose row begins with this; NULL: none */
	int			head_bytes;
	char		head[2 * VARATT_SHORT_MAX + 64];
} EndedRows;

extern void history_store_row(TupleTableSlot *slot, const JobEnding *ending, TimestampTz now,
							  EndedRows *rows);

#endif							/* ESTATE_HISTORY_ROW_H */
