/*
 * module.c
 *	  Module entry: what is set up when the module is loaded.
 *
 * Runs in the postmaster when the module is in shared_preload_libraries, else
 * in each backend that first calls one of our functions; then there is no
 * shared memory and nothing runs in the background, but all synchronous calls
 * work.  Knows the areas of the rooms by name, and calls nothing of theirs.
 * Starts no thread: BLAS and the resolver of libcurl are only ever loaded and
 * started on first use (see src/model, src/net).
 */
#include "postgres.h"

#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"

#include "inflight.h"
#include "job/count.h"
#include "job/lane.h"
#include "job/limit_state.h"
#include "job/look.h"
#include "job/metric.h"
#include "job/queue.h"
#include "job/running.h"
#include "module.h"
#include "process/worker.h"

PG_MODULE_MAGIC;

/* What rooms keep in shared memory */
static EstateArea *const areas[] = {
	&process_area,
	&inflight_area,
	&running_area,
	&lane_area,
	&queue_area,
	&limit_area,
	&count_area,
	&metric_area,
	&look_area,
};

static shmem_request_hook_type prev_shmem_request_hook = NULL;
static shmem_startup_hook_type prev_shmem_startup_hook = NULL;

void		_PG_init(void);

static void
request_shared_memory(void)
{
	if (prev_shmem_request_hook)
		prev_shmem_request_hook();
	estate_request_memory(areas, lengthof(areas));
}

static void
start_shared_memory(void)
{
	if (prev_shmem_startup_hook)
		prev_shmem_startup_hook();
	estate_make_memory();
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
	estate_define_settings();
	estate_listen_to_transactions();

	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;

	prev_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = request_shared_memory;
	prev_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = start_shared_memory;
	register_launcher();
}
