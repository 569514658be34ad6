/*
 * sql_turn.h
 *	  What a worker for SQL jobs does each time that it wakes.
 */
#ifndef ESTATE_SQL_TURN_H
#define ESTATE_SQL_TURN_H

#include "estate.h"

#include "job/run.h"

extern void sql_turn_begin(EstateDatabaseSlot *slot, EstateWorkerSlot *mine, MemoryContext context);
extern bool sql_turn(JobScope *scope, bool woken, bool (*may_go_on) (void), TimestampTz *due);

#endif							/* ESTATE_SQL_TURN_H */
