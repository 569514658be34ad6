/*
 * statement.c
 *	  A statement on a page of records, whose parameters are counted as they come.
 *
 * Runs in workers and client backends, inside SPI, as the owner of the facts.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "lib/stringinfo.h"

#include "listing/apply.h"

void
statement_begin(Statement *statement, const char *sql)
{
	initStringInfo(&statement->sql);
	appendStringInfoString(&statement->sql, sql);
	statement->nparameters = 0;
}

/* Adds a parameter; returns its number */
int
statement_add(Statement *statement, Oid type, Datum value)
{
	if (statement->nparameters == lengthof(statement->types))
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_COLUMNS),
				 errmsg("estate.listing has more mapped columns than a page can carry")));
	statement->types[statement->nparameters] = type;
	statement->values[statement->nparameters] = value;
	return ++statement->nparameters;
}

uint64
statement_run(Statement *statement, bool read_only)
{
	int			rc = SPI_execute_with_args(statement->sql.data, statement->nparameters,
										   statement->types, statement->values, NULL, read_only, 0);

	if (rc < 0)
		elog(ERROR, "could not run: %s", statement->sql.data);
	return SPI_processed;
}
