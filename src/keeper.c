/*
 * keeper.c
 *	  Statements on the bookkeeping, with the rights of its owner.
 *
 * Runs in any process, inside a transaction.  A statement may name tables of
 * the keeper only, and types, functions and operators of the server, each with
 * its schema: see rights.c.
 *
 * Plans are kept in the statements until the process ends.  After teardown()
 * they are not valid: the server parses and plans them anew when they are run
 * the next time, or says that the table does not exist.
 *
 * For whose memory a result is see keeper.h.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "keeper.h"

/* Takes the rights of the keeper until keeper_end(), or the abort of the (sub)transaction */
void
keeper_begin(EstateUser *user)
{
	MemoryContext caller = CurrentMemoryContext;

	estate_become_keeper(user);
	SPI_connect();
	MemoryContextSwitchTo(caller);
}

void
keeper_end(EstateUser *user)
{
	MemoryContext caller = CurrentMemoryContext;

	SPI_finish();
	MemoryContextSwitchTo(caller);
	estate_resume_user(user);
}

static void
keeper_prepare(KeeperStatement *statement)
{
	bool		once = (statement->flags & (KEEPER_PLAN_ONCE | KEEPER_BY_INDEX)) != 0;

	statement->plan = SPI_prepare_cursor(statement->sql, statement->nargs, statement->types,
										 once ? CURSOR_OPT_GENERIC_PLAN : CURSOR_OPT_CUSTOM_PLAN);
	if (statement->plan == NULL)
		elog(ERROR, "could not prepare: %s: %s",
			 SPI_result_code_string(SPI_result), statement->sql);
	SPI_keepplan(statement->plan);
}

static void
allow_indexes_only(void)
{
	static const char *const without[] = {
		"enable_seqscan", "enable_bitmapscan", "enable_sort",
		"enable_hashjoin", "enable_mergejoin", "jit"
	};

	for (int i = 0; i < lengthof(without); i++)
		(void) set_config_option(without[i], "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
}

/* Runs a statement whose plan is kept */
static int
keeper_run_kept(KeeperStatement *statement, Datum *values, const char *nulls, bool reads, long most)
{
	int			level = 0;
	int			result;

	if (statement->plan == NULL)
		keeper_prepare(statement);
	/* the settings are for the planner, which comes when the plan is new or not valid any more */
	if ((statement->flags & KEEPER_BY_INDEX) &&
		!(statement->planned && SPI_plan_is_valid(statement->plan)))
	{
		level = NewGUCNestLevel();
		allow_indexes_only();
	}
	result = SPI_execute_plan(statement->plan, values, nulls, reads, most);
	statement->planned = true;
	if (level != 0)
		AtEOXact_GUC(true, level);
	return result;
}

/* Runs a statement of which nothing is kept */
static int
keeper_run_passing(KeeperStatement *statement, Datum *values, const char *nulls,
				   bool reads, long most)
{
	if (statement->nargs == 0)
		return SPI_execute(statement->sql, reads, most);
	return SPI_execute_with_args(statement->sql, statement->nargs, statement->types,
								 values, nulls, reads, most);
}

/* Runs a statement, after keeper_begin() */
KeeperRows
keeper_run(KeeperStatement *statement, Datum *values, const char *nulls)
{
	MemoryContext caller = CurrentMemoryContext;
	bool		newest = (statement->flags & KEEPER_NEWEST) != 0;
	bool		reads = newest || (statement->flags & KEEPER_READS);
	long		most = statement->flags & KEEPER_FIRST ? 1 : 0;
	/* without values to plan for, a kept plan would be made once and for all */
	bool		kept = !(statement->flags & KEEPER_PASSING) &&
		(statement->nargs > 0 || (statement->flags & (KEEPER_PLAN_ONCE | KEEPER_BY_INDEX)));
	int			result;

	if (newest)
	{
		CommandCounterIncrement();
		PushActiveSnapshot(GetLatestSnapshot());
	}
	result = kept ? keeper_run_kept(statement, values, nulls, reads, most) :
		keeper_run_passing(statement, values, nulls, reads, most);
	if (result < 0)
		elog(ERROR, "could not run: %s: %s", SPI_result_code_string(result), statement->sql);
	if (newest)
		PopActiveSnapshot();
	MemoryContextSwitchTo(caller);
	return (KeeperRows) {SPI_processed, SPI_tuptable};
}

/* Begins, runs and ends; returns how many rows there were */
uint64
keeper_do(KeeperStatement *statement, Datum *values, const char *nulls)
{
	EstateUser	user;
	KeeperRows	rows;

	keeper_begin(&user);
	rows = keeper_run(statement, values, nulls);
	keeper_end(&user);
	return rows.n;
}

/* The same for one value, which is passed by value; false: there is no row, or it is null */
bool
keeper_fetch(KeeperStatement *statement, Datum *values, const char *nulls, Datum *value)
{
	EstateUser	user;
	KeeperRows	rows;
	bool		found;

	keeper_begin(&user);
	rows = keeper_run(statement, values, nulls);
	Assert(TupleDescAttr(rows.table->tupdesc, 0)->attbyval);
	found = rows.n > 0 && !keeper_is_null(rows, 0, 1);
	if (found)
		*value = keeper_value(rows, 0, 1);
	keeper_end(&user);
	return found;
}

bool
keeper_is_null(KeeperRows rows, uint64 row, int column)
{
	bool		isnull;

	(void) SPI_getbinval(rows.table->vals[row], rows.table->tupdesc, column, &isnull);
	return isnull;
}

Datum
keeper_value(KeeperRows rows, uint64 row, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(rows.table->vals[row], rows.table->tupdesc, column, &isnull);

	return isnull ? (Datum) 0 : value;
}

char *
keeper_text(KeeperRows rows, uint64 row, int column)
{
	return SPI_getvalue(rows.table->vals[row], rows.table->tupdesc, column);
}

Datum
keeper_ids(const int64 *ids, int n)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(n, 1));

	for (int i = 0; i < n; i++)
		values[i] = Int64GetDatum(ids[i]);
	return PointerGetDatum(construct_array(values, n, INT8OID, sizeof(int64),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

void
keeper_set_text(Datum *values, char *nulls, int n, const char *text)
{
	values[n] = text ? CStringGetTextDatum(text) : (Datum) 0;
	nulls[n] = text ? ' ' : 'n';
}
