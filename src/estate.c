/*
 * estate.c
 *	  The settings.
 *
 * Called by module.c when the module is loaded.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "estate.h"
#include "module.h"
#include "net/net.h"

char	   *estate_databases = NULL;
int			estate_workers = 2;
int			estate_max_workers = 6;
int			estate_max_args_size = 1024;
char	   *estate_allow_private_hosts = NULL;
char	   *estate_secrets_dir = NULL;
TimestampTz estate_stopped_clock = DT_NOBEGIN;

static char *clock_setting = NULL;	/* as text; estate_stopped_clock is what it says */

static bool
check_databases(char **newval, void **extra, GucSource source)
{
	char	   *copy = pstrdup(*newval);
	List	   *names;

	if (SplitIdentifierString(copy, ',', &names))
		return true;
	GUC_check_errdetail("List syntax is invalid.");
	return false;
}

static bool
check_allowed_hosts(char **newval, void **extra, GucSource source)
{
	char	   *detail = NULL;

	if (net_allowed_hosts_valid(*newval, &detail))
		return true;
	GUC_check_errdetail("%s", detail);
	return false;
}

/*
 * A session's own clock, for tests.  It is for the session alone to stop it: a
 * setting of a role, of a database or of the server would stop that of workers.
 */
static bool
check_clock(char **newval, void **extra, GucSource source)
{
	TimestampTz at;

	if (**newval == '\0')
		return true;
	if (source != PGC_S_SESSION)
	{
		GUC_check_errdetail("Only a session can stop its own clock.");
		return false;
	}
	at = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(*newval),
												 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	if (TIMESTAMP_NOT_FINITE(at))
	{
		GUC_check_errdetail("The clock cannot be stopped at infinity.");
		return false;
	}
	*extra = guc_malloc(LOG, sizeof(TimestampTz));
	if (*extra == NULL)
		return false;
	*(TimestampTz *) *extra = at;
	return true;
}

static void
assign_clock(const char *newval, void *extra)
{
	estate_stopped_clock = extra ? *(TimestampTz *) extra : DT_NOBEGIN;
}

void
estate_define_settings(void)
{
	DefineCustomStringVariable("estate.allow_private_hosts",
							   "Hosts on private or local addresses that feeds"
							   " and effects may reach.",
							   "A comma-separated list of names, addresses or"
							   " networks such as 127.0.0.0/8.",
							   &estate_allow_private_hosts, "",
							   PGC_SUSET, 0, check_allowed_hosts, NULL, NULL);
	DefineCustomStringVariable("estate.clock",
							   "What time it is for the jobs that this session enqueues and runs.",
							   "For tests; empty: what the server's clock says.",
							   &clock_setting, "",
							   PGC_USERSET, GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   check_clock, assign_clock, NULL);
	DefineCustomStringVariable("estate.databases",
							   "Databases that the launcher starts workers for.",
							   "A comma-separated list of names.",
							   &estate_databases, "",
							   PGC_SIGHUP, 0, check_databases, NULL, NULL);
	DefineCustomIntVariable("estate.max_workers",
							"Most worker processes of a database.",
							"Those above estate.workers run while long jobs hold up all others.",
							&estate_max_workers, 6, 2, ESTATE_MAX_WORKERS,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("estate.secrets_dir",
							   "Directory of the files that secret_ref names.",
							   NULL,
							   &estate_secrets_dir, "",
							   PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	DefineCustomIntVariable("estate.workers",
							"Number of worker processes that each database keeps.",
							"One holds the event loop of the network, the others run SQL handlers.",
							&estate_workers, 2, 2, ESTATE_MAX_WORKERS,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("estate.max_args_size",
							"Largest args, tags or backoff that a job may be enqueued with.",
							"What is larger belongs in a table, and its key in the args.",
							&estate_max_args_size, 1024, 1, MAX_KILOBYTES / 8,
							PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	MarkGUCPrefixReserved("estate");
}
