/*
 * gone.c
 *	  C functions of earlier versions that the library does not have any more.
 *
 * Runs in any process.  Between the start of a server with the new library and
 * ALTER EXTENSION UPDATE the functions of the earlier version are there, and a
 * call of one would end in "could not find function" without these.
 */
#include "postgres.h"

#include "estate.h"

pg_noreturn static void complain_of_version(void);

static pg_attribute_unused() void
complain_of_version(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("this function is of an earlier version of pg_estate than the library, which is of version %s",
					ESTATE_VERSION),
			 errhint("ALTER EXTENSION pg_estate UPDATE; SELECT * FROM estate.setup();")));
}

#define GONE(symbol) \
	PG_FUNCTION_INFO_V1(symbol); \
	Datum \
	symbol(PG_FUNCTION_ARGS) \
	{ \
		complain_of_version(); \
	} \
	extern int	no_such_variable

/* of 0.1.0: GONE(estate_..); */
