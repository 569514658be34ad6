/*
 * doctor.c
 *	  What estate.doctor() cannot see in the catalogs: the loaded module, the
 *	  databases that have workers, and what our tables say.
 *
 * Runs in client backends.  Whoever calls doctor(), perhaps a superuser, must
 * not run what others have put on our tables, so the statements on them (see
 * sql/findings) run with the rights of the tables' owners.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "enable.h"
#include "estate.h"
#include "doctor_findings.inc"

#define FINDING_COLUMNS 4		/* check, ok, detail, fix */

static int
doctor_workers_running(void)
{
	EstateDatabaseSlot *slot = estate_shared ? estate_lock_slot(LW_SHARED) : NULL;
	int			running = 0;

	for (int i = 0; slot != NULL && i < ESTATE_MAX_WORKERS; i++)
		running += slot->workers[i].pid != 0;
	if (slot)
		estate_unlock_slot(slot);
	return running;
}

/* The names of ours that are there, or are missing, as a list; NULL: none */
static Datum
doctor_tables(bool exist, bool *isnull)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *list;
	Datum		result = (Datum) 0;

	SPI_connect();
	list = estate_tables_that(exist, ESTATE_TABLES_VERSION);
	*isnull = list == NULL;
	if (list)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		result = CStringGetTextDatum(list);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return result;
}

PG_FUNCTION_INFO_V1(estate_library_version);

/* estate.library_version() -> text */
Datum
estate_library_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(ESTATE_VERSION));
}

PG_FUNCTION_INFO_V1(estate_server_state);

/* estate_code.server_state() -> one row; see sql/doctor.sql */
Datum
estate_server_state(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[9];
	bool		nulls[9] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = BoolGetDatum(estate_shared != NULL);
	values[1] = Int32GetDatum(estate_shared ? estate_shared->launcher_pid : 0);
	nulls[1] = values[1] == 0;
	values[2] = BoolGetDatum(estate_workers_configured());
	values[3] = Int32GetDatum(doctor_workers_running());
	values[4] = CStringGetTextDatum(psprintf(UINT64_FORMAT, GetSystemIdentifier()));
	values[5] = Int32GetDatum(ESTATE_TABLES_VERSION);
	values[6] = doctor_tables(true, &nulls[6]);
	values[7] = doctor_tables(false, &nulls[7]);
	values[8] = CStringGetTextDatum(enable_command_to_configure());
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* Adds the rows of a query of sql/findings */
static void
doctor_run(const char *sql, Oid role, ReturnSetInfo *to)
{
	EstateUser	user;

	estate_become(&user, role);
	if (SPI_execute(sql, false, 0) != SPI_OK_SELECT ||
		SPI_tuptable->tupdesc->natts != FINDING_COLUMNS)
		elog(ERROR, "a query of sql/findings does not return findings");
	estate_resume_user(&user);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Datum		values[FINDING_COLUMNS];
		bool		nulls[FINDING_COLUMNS];

		heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, values, nulls);
		tuplestore_putvalues(to->setResult, to->setDesc, values, nulls);
	}
}

PG_FUNCTION_INFO_V1(estate_findings);

/* estate_code.findings() -> setof (check, ok, detail, fix) */
Datum
estate_findings(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	estate_require_tables();
	SPI_connect();
	for (int i = 0; i < lengthof(findings_keeper); i++)
		doctor_run(findings_keeper[i], estate_keeper(), (ReturnSetInfo *) fcinfo->resultinfo);
	for (int i = 0; i < lengthof(findings_facts); i++)
		doctor_run(findings_facts[i], estate_owner(), (ReturnSetInfo *) fcinfo->resultinfo);
	SPI_finish();
	return (Datum) 0;
}
