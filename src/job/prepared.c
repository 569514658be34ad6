/*
 * prepared.c
 *	  Prepared transactions that have left something of ours to tell.
 *
 * COMMIT PREPARED calls none of our code, so what a transaction has to tell
 * when it ends is noted when it is prepared: which pages of the lanes it has
 * rows on, or that it has changed anything else of the queue.  SQL workers
 * look whether it has ended, without a statement, and then take those pages
 * again, and no others.  One that nobody ends costs that look and nothing
 * else; one of somebody else's is not in the list at all.
 *
 * What was prepared before the database got its workers, as before a restart
 * of the server, is found by its locks: on which tables of ours it has one
 * that is for writing.  Then the pages are not known, and once it has ended
 * those heaps are read from their start.
 *
 * The list is of one length.  Where it is full, everything is read anew at each
 * look, until the others have found room in it.
 */
#include "postgres.h"

#include "access/transam.h"
#include "miscadmin.h"
#include "storage/procarray.h"

#include "job/lane.h"
#include "job/look.h"
#include "job/prepared.h"
#include "keeper.h"

#define PREPARED_MOST 128
#define PREPARED_RANGES 4

typedef struct Prepared
{
	TransactionId xid;
	bool		everywhere;		/* it has touched more than is noted here */
	int			n;
	LanePages	pages[PREPARED_RANGES];
} Prepared;

typedef struct PreparedState
{
	bool		unknown;		/* there may be some that are not in the list */
	uint32		refused;		/* so many have found no room in it */
	int			n;
	Prepared	list[PREPARED_MOST];
} PreparedState;

static void
prepared_begin_piece(void *piece)
{
	PreparedState *state = piece;

	memset(state, 0, sizeof(*state));
	state->unknown = true;
}

EstateArea prepared_area = {
	.name = "pg_estate prepared transactions",
	.bytes = sizeof(PreparedState),
	.npieces = ESTATE_MAX_DATABASES,
	.begin = prepared_begin_piece
};

static bool
is_same_heap(LaneHeap a, LaneHeap b)
{
	return a.queue == b.queue && a.lane == b.lane && a.segment == b.segment;
}

/* Pages of one heap become one range where there is no room for two */
static void
add_pages(Prepared *prepared, const LanePages *pages)
{
	if (prepared->n < PREPARED_RANGES)
	{
		prepared->pages[prepared->n++] = *pages;
		return;
	}
	for (int i = 0; i < prepared->n; i++)
		if (is_same_heap(prepared->pages[i].heap, pages->heap))
		{
			LaneBlocks *blocks = &prepared->pages[i].blocks;

			blocks->from = Min(blocks->from, pages->blocks.from);
			blocks->to = Max(blocks->to, pages->blocks.to);
			return;
		}
	prepared->everywhere = true;
}

/*
 * The slot's flag is read without a lock: one that is out of date costs one
 * look at the list, or delays it
 */
static void
tell_slot(const PreparedState *state)
{
	volatile EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);

	if (slot)
		slot->prepared = state->n > 0 || state->unknown;
}

/* Caller holds the lock.  What is there already stays: its pages are known better. */
static void
prepared_put(PreparedState *state, const Prepared *prepared)
{
	for (int i = 0; i < state->n; i++)
		if (state->list[i].xid == prepared->xid)
			return;
	if (state->n < PREPARED_MOST)
	{
		state->list[state->n++] = *prepared;
		return;
	}
	state->unknown = true;
	state->refused++;
}

/* Neither allocates nor throws.  Until this is over nobody can end the transaction. */
void
prepared_at_end(XactEvent event)
{
	int			n;
	const LanePages *touched;
	Prepared	prepared = {0};
	PreparedState *state;

	if (event != XACT_EVENT_PREPARE)
		return;
	touched = lane_end_touched(&n);
	if (!estate_take_prepared_note() && n == 0)
		return;
	prepared.xid = GetTopTransactionIdIfAny();
	if (!TransactionIdIsValid(prepared.xid))
		return;					/* it has written nothing */
	for (int i = 0; i < n; i++)
		add_pages(&prepared, &touched[i]);
	state = estate_lock_piece(&prepared_area, LW_EXCLUSIVE);
	if (state == NULL)
		return;					/* workers that come later find it by its locks */
	prepared_put(state, &prepared);
	tell_slot(state);
	estate_unlock_piece(&prepared_area, state);
}

/* Adds to the last of the list, or begins another: rows come in the order of transactions */
static void
found_lock(Prepared *list, int *n, TransactionId xid, const char *table)
{
	LanePages	pages = {.blocks = {0, MaxBlockNumber}};

	if (*n == 0 || list[*n - 1].xid != xid)
		list[(*n)++].xid = xid;
	if (sscanf(table, "job_ready_%d_%d_%d",
			   &pages.heap.queue, &pages.heap.lane, &pages.heap.segment) == 3)
		add_pages(&list[*n - 1], &pages);
}

/* Those that hold locks on our tables, in the current context */
static Prepared *
find_by_locks(int *n)
{
	static KeeperStatement statement = {
		"SELECT p.transaction, c.relname::pg_catalog.text"
		" FROM pg_catalog.pg_prepared_xacts p"
		" JOIN pg_catalog.pg_locks l ON l.virtualtransaction OPERATOR(pg_catalog.=)"
		" ('-1/' OPERATOR(pg_catalog.||) p.transaction::pg_catalog.text)"
		" JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) l.relation"
		" WHERE p.database OPERATOR(pg_catalog.=) pg_catalog.current_database()"
		" AND l.mode OPERATOR(pg_catalog.<>) 'AccessShareLock'"
		" AND c.relnamespace OPERATOR(pg_catalog.=) 'estate_internal'::pg_catalog.regnamespace"
		" AND c.relkind OPERATOR(pg_catalog.=) 'r'"
		" ORDER BY p.prepared, p.transaction::pg_catalog.text",
		.flags = KEEPER_READS
	};
	EstateUser	user;
	KeeperRows	rows;
	Prepared   *list;

	*n = 0;
	keeper_begin(&user);
	rows = keeper_run(&statement, NULL, NULL);
	list = palloc0(sizeof(Prepared) * (rows.n + 1));
	for (uint64 i = 0; i < rows.n; i++)
		found_lock(list, n, DatumGetTransactionId(keeper_value(rows, i, 1)),
				   keeper_text(rows, i, 2));
	keeper_end(&user);
	return list;
}

/* Completes the list; what ended before that, unseen, is found by reading everything */
static void
find_unknown(void)
{
	int			n;
	Prepared   *list;
	PreparedState *state = estate_lock_piece(&prepared_area, LW_EXCLUSIVE);
	bool		unknown;
	uint32		refused;

	if (state == NULL)
		return;
	unknown = state->unknown;
	refused = state->refused;
	estate_unlock_piece(&prepared_area, state);
	if (!unknown)
		return;
	list = find_by_locks(&n);
	state = estate_lock_piece(&prepared_area, LW_EXCLUSIVE);
	if (state)
	{
		/* another may have found no room since we looked */
		state->unknown = state->refused != refused;
		for (int i = 0; i < n; i++)
			prepared_put(state, &list[i]);
		estate_unlock_piece(&prepared_area, state);
	}
	lane_read_from_start();
}

/* Takes those that have ended out of the list; into the current context */
static Prepared *
take_ended(int *n)
{
	TransactionId *xids = palloc(sizeof(TransactionId) * PREPARED_MOST);
	Prepared   *ended = palloc(sizeof(Prepared) * PREPARED_MOST);
	PreparedState *state = estate_lock_piece(&prepared_area, LW_SHARED);
	int			nxids;
	int			kept = 0;

	*n = 0;
	if (state == NULL)
		return ended;
	nxids = state->n;
	for (int i = 0; i < nxids; i++)
		xids[i] = state->list[i].xid;
	estate_unlock_piece(&prepared_area, state);

	for (int i = 0; i < nxids; i++)
		if (TransactionIdIsInProgress(xids[i]))
			xids[i] = InvalidTransactionId;

	state = estate_lock_piece(&prepared_area, LW_EXCLUSIVE);
	if (state == NULL)
		return ended;
	for (int i = 0; i < state->n; i++)
	{
		bool		over = false;

		for (int j = 0; j < nxids && !over; j++)
			over = xids[j] == state->list[i].xid;
		if (over)
			ended[(*n)++] = state->list[i];
		else
			state->list[kept++] = state->list[i];
	}
	state->n = kept;
	tell_slot(state);
	estate_unlock_piece(&prepared_area, state);
	return ended;
}

/* What its end would have told */
static void
tell_for(const Prepared *prepared)
{
	if (prepared->everywhere)
		lane_read_from_start();
	else
		for (int i = 0; i < prepared->n; i++)
			lane_take_again(&prepared->pages[i]);
}

/*
 * Looks whether any has ended, and tells for it; whether there was one.  For
 * SQL workers, in a transaction, before they take any page.
 */
bool
prepared_look(void)
{
	EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);
	Prepared   *ended;
	int			n;

	if (slot == NULL || !((volatile EstateDatabaseSlot *) slot)->prepared)
		return false;
	find_unknown();
	ended = take_ended(&n);
	for (int i = 0; i < n; i++)
		tell_for(&ended[i]);
	pfree(ended);
	if (n == 0)
		return false;
	for (Look look = 0; look < LOOKS; look++)
		look_put_up(look);
	/* it may have changed a queue */
	slot = estate_lock_slot(LW_EXCLUSIVE);
	if (slot)
	{
		slot->changes++;
		estate_unlock_slot(slot);
	}
	estate_wake_now(WORKER_NETWORK);
	estate_wake_now(WORKER_SQL);
	return true;
}
