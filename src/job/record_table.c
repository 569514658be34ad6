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

/*
 * A new table of the queue, which is named by its schema too: what a
 * subscription brings is passed by there.  Within keeper_begin().
 */
void
record_keep_here(const char *table)
{
	KeeperStatement make = {
		psprintf("CREATE TRIGGER stays_here BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW"
				 " EXECUTE FUNCTION estate_internal.stays_here()", table),
		.flags = KEEPER_PASSING
	};
	KeeperStatement enable = {
		psprintf("ALTER TABLE %s ENABLE REPLICA TRIGGER stays_here", table),
		.flags = KEEPER_PASSING
	};

	(void) keeper_run(&make, NULL, NULL);
	(void) keeper_run(&enable, NULL, NULL);
}
