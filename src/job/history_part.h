/*
 * history_part.h
 *	  The parts of the history, for the two files that know of them.
 */
#ifndef ESTATE_HISTORY_PART_H
#define ESTATE_HISTORY_PART_H

#include "postgres.h"

/* One child of estate_internal.job_ended */
typedef struct HistoryPart
{
	Oid			table;
	int			number;
} HistoryPart;

extern HistoryPart *history_parts(int *n);

#endif							/* ESTATE_HISTORY_PART_H */
