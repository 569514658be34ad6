/*
 * report.c
 *	  What the launcher and the workers do, for estate.doctor() and for tests.
 *
 * Runs in sessions.  Reads shared memory and settings; changes nothing.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "replication/logicallauncher.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "process/served.h"
#include "process/start.h"
#include "slot.h"

/* What the slot of a database says of its workers */
typedef struct WorkerCounts
{
	int			running;
	int			busy;			/* of them, or called and not there yet */
} WorkerCounts;

static WorkerCounts
count_workers(Oid database)
{
	EstateDatabaseSlot *slot = estate_find_slot(database);
	WorkerCounts counts = {0, 0};

	if (slot == NULL)
		return counts;
	slot_lock(slot, LW_SHARED);
	for (int i = 0; slot->database == database && i < ESTATE_MAX_WORKERS; i++)
	{
		const EstateWorkerSlot *worker = &slot->workers[i];

		if (worker->pid != 0)
		{
			counts.running++;
			counts.busy += !worker->rests || slot->wake[i];
		}
		else if (i < estate_workers)
			counts.busy += slot->wake[i];
	}
	estate_unlock_slot(slot);
	return counts;
}

PG_FUNCTION_INFO_V1(estate_served_databases);

/* estate_code.served_databases() -> setof (name text, unserved text, workers int, busy int) */
Datum
estate_served_databases(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, served_databases())
	{
		const ServedDatabase *database = lfirst(cell);
		WorkerCounts counts = count_workers(database->database);
		Datum		values[4] = {0};
		bool		nulls[4] = {false};

		values[0] = CStringGetTextDatum(database->name);
		nulls[1] = database->state == SERVED;
		if (!nulls[1])
			values[1] = CStringGetTextDatum(served_reason(database->state));
		values[2] = Int32GetDatum(counts.running);
		values[3] = Int32GetDatum(counts.busy);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(estate_worker_processes);

/*
 * estate_code.worker_processes() -> (needed int, most int, refused_at timestamptz): how many of
 * max_worker_processes all databases together need, and could use
 */
Datum
estate_worker_processes(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	int			served = 0;
	TimestampTz refused_at = estate_shared ? start_refused_at() : 0;
	/* besides the workers: the launcher, a tidier, and the launcher of logical replication */
	int			others = 2 + (max_logical_replication_workers > 0 ? 1 : 0);
	Datum		values[3] = {0};
	bool		nulls[3] = {false};
	ListCell   *cell;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	foreach(cell, served_databases())
		served += ((const ServedDatabase *) lfirst(cell))->state == SERVED;
	values[0] = Int32GetDatum(others + served * estate_workers);
	values[1] = Int32GetDatum(others + served * Max(estate_workers, estate_max_workers));
	nulls[2] = refused_at == 0;
	values[2] = TimestampTzGetDatum(refused_at);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
