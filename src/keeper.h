/*
 * keeper.h
 *	  Statements on the bookkeeping, with the rights of its owner.
 *
 * A statement that only does something is one call, keeper_do().  Where its
 * rows are wanted, or several statements follow each other:
 *
 *		keeper_begin(&user);
 *		rows = keeper_run(&statement, values, nulls);
 *		for (uint64 i = 0; i < rows.n; i++)
 *			.. keeper_int64(rows, i, 1) ..
 *		keeper_end(&user);
 *
 * Memory: rows, and what keeper_value() returns of them, are gone with
 * keeper_end().  The current context stays the caller's all the while, so that
 * what is allocated in between, keeper_text() too, outlives it.
 *
 * SPI_connect() without this is for statements on facts, as their owner.
 */
#ifndef ESTATE_KEEPER_H
#define ESTATE_KEEPER_H

#include "estate.h"

#include "executor/spi.h"

/*
 * How a statement is run.  Without a flag it is parsed once, and planned each
 * time for the values and the tables of the moment: a plan that was made while
 * a queue was empty must not be the one for a million jobs.
 */
#define KEEPER_READS 0x01		/* sees what its caller's snapshot sees; changes nothing */
#define KEEPER_NEWEST 0x02		/* reads what is committed by now, whatever the isolation */
#define KEEPER_FIRST 0x04		/* stops at the first row */
#define KEEPER_PLAN_ONCE 0x08	/* there is only one good plan */
#define KEEPER_BY_INDEX 0x10	/* the same: along the indexes, whatever statistics say */
#define KEEPER_PASSING 0x20		/* nothing is kept: its text is of this call, or it is run rarely */

#define KEEPER_MOST_ARGS 12

/* static, where it is not of passing: the plan is kept in it until the process ends */
typedef struct KeeperStatement
{
	const char *sql;
	int			nargs;
	Oid			types[KEEPER_MOST_ARGS];
	int			flags;
	SPIPlanPtr	plan;
	bool		planned;		/* by index, and need not be again while the plan is valid */
} KeeperStatement;

typedef struct KeeperRows
{
	uint64		n;				/* also where a statement changes rows and returns none */
	SPITupleTable *table;
} KeeperRows;

extern void keeper_begin(EstateUser *user);
extern void keeper_end(EstateUser *user);
extern KeeperRows keeper_run(KeeperStatement *statement, Datum *values, const char *nulls);
extern uint64 keeper_do(KeeperStatement *statement, Datum *values, const char *nulls);
extern bool keeper_fetch(KeeperStatement *statement, Datum *values, const char *nulls,
						 Datum *value);

/* Rows count from 0 and columns from 1, as in SPI; a null is 0, false or NULL */
extern bool keeper_is_null(KeeperRows rows, uint64 row, int column);
extern Datum keeper_value(KeeperRows rows, uint64 row, int column);
extern char *keeper_text(KeeperRows rows, uint64 row, int column);

/* Values: an array of bigint; a text, or null */
extern Datum keeper_ids(const int64 *ids, int n);
extern void keeper_set_text(Datum *values, char *nulls, int n, const char *text);

static inline int64
keeper_int64(KeeperRows rows, uint64 row, int column)
{
	return DatumGetInt64(keeper_value(rows, row, column));
}

static inline int32
keeper_int32(KeeperRows rows, uint64 row, int column)
{
	return DatumGetInt32(keeper_value(rows, row, column));
}

static inline bool
keeper_bool(KeeperRows rows, uint64 row, int column)
{
	return DatumGetBool(keeper_value(rows, row, column));
}

static inline char
keeper_char(KeeperRows rows, uint64 row, int column)
{
	return DatumGetChar(keeper_value(rows, row, column));
}

static inline Oid
keeper_oid(KeeperRows rows, uint64 row, int column)
{
	return DatumGetObjectId(keeper_value(rows, row, column));
}

#endif							/* ESTATE_KEEPER_H */
