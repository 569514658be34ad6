/*
 * record_table.c
 *	  The tables that jobs go through, by their names.
 *
 * Runs in any process, inside a transaction.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "utils/lsyscache.h"

#include "job/record.h"

/* A relation of estate_internal; InvalidOid: there is none */
Oid
record_table(const char *name)
{
	return get_relname_relid(name, get_namespace_oid("estate_internal", false));
}
