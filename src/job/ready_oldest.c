/*
 * ready_oldest.c
 *	  estate.oldest_ready(): since when the first job of each lane waits.
 *
 * Runs in client backends.  Looks where the workers will look next, so that it
 * reads a page or two, however many jobs wait.
 */
#include "postgres.h"

#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "job/queue.h"
#include "job/ready.h"
#include "job/record.h"

/* Puts a row for the first job in these blocks; false: there is none */
static bool
put_first(ReturnSetInfo *rsinfo, Relation relation, BlockNumber from, BlockNumber to)
{
	TupleTableSlot *slot;
	TableScanDesc scan;
	ItemPointerData first;
	ItemPointerData last;
	bool		found;

	if (from >= to)
		return false;
	slot = table_slot_create(relation, NULL);
	ItemPointerSet(&first, from, FirstOffsetNumber);
	ItemPointerSet(&last, to - 1, MaxOffsetNumber);
	scan = table_beginscan_tidrange(relation, GetActiveSnapshot(), &first, &last);
	found = table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot);
	if (found)
	{
		Datum		values[2];
		bool		nulls[2] = {false, false};

		slot_getallattrs(slot);
		values[0] = slot->tts_values[JOB_QUEUE];
		values[1] = slot->tts_values[slot->tts_isnull[JOB_RUN_AT] ? JOB_ENQUEUED_AT : JOB_RUN_AT];
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	return found;
}

/* In the pages to be taken again, and in those not taken yet */
static void
look_at_heap(ReturnSetInfo *rsinfo, LaneHeap heap)
{
	LaneSegment position;
	Oid			table = lane_table(heap);
	Relation	relation = OidIsValid(table) ? try_table_open(table, AccessShareLock) : NULL;
	BlockNumber nblocks;

	if (relation == NULL)
		return;
	nblocks = RelationGetNumberOfBlocks(relation);
	if (!lane_position(heap, &position))
		memset(&position, 0, sizeof(position));
	for (int i = 0; i < position.nrevisits; i++)
		(void) put_first(rsinfo, relation, position.revisits[i].from,
						 Min(position.revisits[i].to, nblocks));
	(void) put_first(rsinfo, relation, position.next, nblocks);
	table_close(relation, AccessShareLock);
}

PG_FUNCTION_INFO_V1(estate_oldest_ready);

/*
 * estate.oldest_ready() -> setof (queue, since): of each heap of the lanes the
 * job that will be taken first
 */
Datum
estate_oldest_ready(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	InitMaterializedSRF(fcinfo, 0);
	if (estate_find_slot(MyDatabaseId) == NULL)
		return (Datum) 0;
	for (int queue = 0; queue < QUEUES; queue++)
		for (int lane = 0; queue_at(queue)->defined && lane < LANES; lane++)
			for (int segment = 0; segment < LANE_SEGMENTS; segment++)
			{
				CHECK_FOR_INTERRUPTS();
				look_at_heap(rsinfo, (LaneHeap) {queue, lane, segment});
			}
	return (Datum) 0;
}
