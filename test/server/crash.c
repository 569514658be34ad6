/*
 * crash.c
 *	  crash(signal): what a bug in a handler does to its process.
 *
 *	  cc -shared -fPIC -I"$(pg_config --includedir-server)" -o crash.so crash.c
 *	  CREATE FUNCTION crash(int) RETURNS void AS '.../crash.so' LANGUAGE c STRICT;
 *
 * 11 is a segmentation fault, 6 an abort, 9 the kernel that needs the memory;
 * 0 a library that calls exit().
 */
#include "postgres.h"

#include <signal.h>

#include "fmgr.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(crash);

Datum
crash(PG_FUNCTION_ARGS)
{
	if (PG_GETARG_INT32(0) == 0)
		exit(3);
	raise(PG_GETARG_INT32(0));
	PG_RETURN_VOID();
}
