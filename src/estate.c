/*
 * estate.c
 *	  Module entry: settings, shared memory, the launcher's registration.
 *
 * Runs in the postmaster when the module is in shared_preload_libraries, else
 * in each backend that first calls one of our functions; then there is no
 * shared memory and nothing runs in the background, but all synchronous calls
 * work.  Calls no room and starts no thread: BLAS and the resolver of libcurl
 * are only ever loaded and started on first use (see src/model, src/net).
 */
#include "postgres.h"

#include <limits.h>

#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "estate.h"
#include "inflight.h"
#include "net/net.h"

PG_MODULE_MAGIC;

char	   *estate_databases = NULL;
int			estate_workers = 2;
int			estate_max_args_size = 1024;
char	   *estate_allow_private_hosts = NULL;
char	   *estate_secrets_dir = NULL;
EstateShared *estate_shared = NULL;
HTAB	   *estate_limit_keys = NULL;

static shmem_request_hook_type prev_shmem_request_hook = NULL;
static shmem_startup_hook_type prev_shmem_startup_hook = NULL;

void		_PG_init(void);

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

static void
define_settings(void)
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
	DefineCustomIntVariable("estate.max_args_size",
							"Largest args, tags or backoff that a job may be enqueued with.",
							"What is larger belongs in a table, and its key in the args.",
							&estate_max_args_size, 1024, 1, MAX_KILOBYTES / 8,
							PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	MarkGUCPrefixReserved("estate");
}

static void
request_shared_memory(void)
{
	if (prev_shmem_request_hook)
		prev_shmem_request_hook();
	RequestAddinShmemSpace(MAXALIGN(sizeof(EstateShared)));
	RequestAddinShmemSpace(hash_estimate_size(ESTATE_LIMIT_KEYS, sizeof(EstateLimitKey)));
	RequestNamedLWLockTranche("pg_estate", 3);
}

static void
start_shared_memory(void)
{
	HASHCTL		keys = {.keysize = sizeof(EstateLimitName), .entrysize = sizeof(EstateLimitKey)};
	bool		found;

	if (prev_shmem_startup_hook)
		prev_shmem_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	estate_shared = ShmemInitStruct("pg_estate", sizeof(EstateShared), &found);
	if (!found)
	{
		memset(estate_shared, 0, sizeof(EstateShared));
		estate_shared->lock = &(GetNamedLWLockTranche("pg_estate"))[0].lock;
		estate_shared->counts_lock = &(GetNamedLWLockTranche("pg_estate"))[1].lock;
		estate_shared->metrics_lock = &(GetNamedLWLockTranche("pg_estate"))[2].lock;
	}
	estate_limit_keys = ShmemInitHash("pg_estate limits", ESTATE_LIMIT_KEYS, ESTATE_LIMIT_KEYS, &keys, HASH_ELEM | HASH_BLOBS);
	LWLockRelease(AddinShmemInitLock);
	inflight_start();
}

static void
register_launcher(void)
{
	BackgroundWorker worker;

	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = 1;
	snprintf(worker.bgw_library_name, BGW_MAXLEN, "pg_estate");
	snprintf(worker.bgw_function_name, BGW_MAXLEN, "estate_launcher_main");
	snprintf(worker.bgw_name, BGW_MAXLEN, "pg_estate launcher");
	snprintf(worker.bgw_type, BGW_MAXLEN, "pg_estate launcher");
	RegisterBackgroundWorker(&worker);
}

void
_PG_init(void)
{
	define_settings();

	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;

	prev_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = request_shared_memory;
	prev_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = start_shared_memory;
	register_launcher();
}
