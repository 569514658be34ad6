/*
 * estate.c
 *	  The settings.
 *
 * Called by module.c when the module is loaded.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"
#include "utils/varlena.h"

#include "estate.h"
#include "module.h"
#include "net/net.h"

char	   *estate_databases = NULL;
int			estate_workers = 2;
char	   *estate_allow_private_hosts = NULL;
char	   *estate_secrets_dir = NULL;

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

void
estate_define_settings(void)
{
	DefineCustomStringVariable("estate.allow_private_hosts",
							   "Hosts on private or local addresses that feeds and effects may reach.",
							   "A comma-separated list of names, addresses or networks such as 127.0.0.0/8.",
							   &estate_allow_private_hosts, "",
							   PGC_SUSET, 0, check_allowed_hosts, NULL, NULL);
	DefineCustomStringVariable("estate.databases",
							   "Databases that the launcher starts workers for.",
							   "A comma-separated list of names.",
							   &estate_databases, "",
							   PGC_SIGHUP, 0, check_databases, NULL, NULL);
	DefineCustomStringVariable("estate.secrets_dir",
							   "Directory of the files that secret_ref names.",
							   NULL,
							   &estate_secrets_dir, "",
							   PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	DefineCustomIntVariable("estate.workers",
							"Number of worker processes for each database.",
							"One holds the event loop of the network, the others run SQL handlers.",
							&estate_workers, 2, 2, ESTATE_MAX_WORKERS,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("estate");
}
