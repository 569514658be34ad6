/*
 * count.c
 *	  How many jobs there are, by queue and state, without counting rows.
 *
 * Runs in any process.  Whoever writes or deletes a row of a job notes it; the
 * commit adds what the transaction has noted to counts in shared memory, less
 * what its aborted subtransactions had.  count_at_end() neither allocates nor
 * throws.
 *
 * After a start of the server the rows are counted once, in the background, by
 * the tidier (src/process/tidier.c).  That is exact although jobs come and go
 * meanwhile: the snapshot of the count is taken while nobody can add, and from
 * then on a commit adds what that snapshot does not see, and nothing else.  A
 * commit adds after its rows have become visible, so each is in the snapshot
 * or is added, never both and never none.
 *
 * What is not seen is a prepared transaction, whose commit calls nobody, and
 * what a superuser writes into these tables himself.  After the first the rows
 * are counted again, when no prepared transaction is left.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "job/count.h"

EstateArea count_area = {
	.name = "pg_estate counts",
	.bytes = sizeof(Counts),
	.npieces = ESTATE_MAX_DATABASES
};

/* What this transaction has done to the jobs of a queue, by its nesting level */
typedef struct PendingCount
{
	int			level;
	int			queue;			/* place in the counts */
	int64		jobs[COUNTED_STATES];
} PendingCount;

static PendingCount *pending = NULL;
static int	npending = 0;
static int	most_pending = 0;
static bool unseen = false;		/* this transaction has done what could not be noted */

/* What a job on its way to job_open, or in it, is counted as */
Counted
count_open(const Job *job, JobWait waits_for)
{
	if (waits_for == WAITS_FOR_JOBS)
		return COUNTED_BLOCKED;
	if (waits_for == WAITS_FOR_KEY || job->waited != 0)
		return COUNTED_OPEN;
	if (job->attempt > 0)
		return COUNTED_RETRYABLE;
	return job->run_at <= job->enqueued_at ? COUNTED_OPEN : COUNTED_SCHEDULED;
}

Counted
count_ended(const char *state)
{
	return strcmp(state, "done") == 0 ? COUNTED_DONE :
		strcmp(state, "dead") == 0 ? COUNTED_DEAD :
		COUNTED_CANCELLED;
}

/* Place of a queue; names are only ever added, so that no lock is needed to read them */
static int
find_queue(const Counts *counts, const char *name)
{
	static int	last = 0;
	int			n = ((volatile const Counts *) counts)->nqueues;

	pg_read_barrier();
	if (last < n && strcmp(counts->queues[last].name, name) == 0)
		return last;
	for (int i = 0; i < n; i++)
		if (strcmp(counts->queues[i].name, name) == 0)
			return last = i;
	return -1;
}

static int
place_of_queue(Counts *counts, const char *name)
{
	int			place;

	if (strlen(name) >= NAMEDATALEN)
		return COUNTED_QUEUES - 1;
	place = find_queue(counts, name);
	if (place >= 0)
		return place;
	counts = estate_lock_piece(&count_area, LW_EXCLUSIVE);
	if (counts == NULL)
		return COUNTED_QUEUES - 1;
	place = find_queue(counts, name);
	if (place < 0 && counts->nqueues < COUNTED_QUEUES - 1)
	{
		place = counts->nqueues;
		strlcpy(counts->queues[place].name, name, NAMEDATALEN);
		pg_write_barrier();
		counts->nqueues++;
	}
	estate_unlock_piece(&count_area, counts);
	return place < 0 ? COUNTED_QUEUES - 1 : place;
}

/* Whether the count of all rows has seen what this transaction did; caller holds the lock */
static bool
is_counted_already(const Counts *counts)
{
	FullTransactionId me = GetTopFullTransactionIdIfAny();

	if (!FullTransactionIdIsValid(me) || U64FromFullTransactionId(me) >= counts->xmax)
		return false;
	for (int i = 0; i < counts->nxids; i++)
		if (counts->xids[i] == XidFromFullTransactionId(me))
			return false;
	return true;
}

static void
add_pending(void)
{
	Counts	   *counts = estate_lock_piece(&count_area, LW_SHARED);

	if (counts == NULL)
		return;
	if (unseen)
		counts->stale = true;
	if (counts->state != COUNTS_NONE && !is_counted_already(counts))
		for (int i = 0; i < npending; i++)
			for (int as = 0; as < COUNTED_STATES; as++)
				if (pending[i].jobs[as] != 0)
					pg_atomic_fetch_add_u64(&counts->queues[pending[i].queue].jobs[as],
											pending[i].jobs[as]);
	estate_unlock_piece(&count_area, counts);
}

static void
note_unseen(void)
{
	Counts	   *counts = estate_lock_piece(&count_area, LW_SHARED);

	if (counts == NULL)
		return;
	counts->stale = true;
	estate_unlock_piece(&count_area, counts);
}

void
count_at_end(XactEvent event)
{
	if (npending == 0 && !unseen)
		return;
	if (event == XACT_EVENT_COMMIT)
		add_pending();
	else if (event == XACT_EVENT_PREPARE)
		note_unseen();
	npending = 0;
	unseen = false;
}

/* The last one of a level, which is where the last added is */
static PendingCount *
find_pending(int level, int queue)
{
	for (int i = npending - 1; i >= 0 && pending[i].level == level; i--)
		if (pending[i].queue == queue)
			return &pending[i];
	return NULL;
}

/* What a subtransaction has done becomes its parent's */
static void
hand_to_parent(int level)
{
	int			first = npending;

	while (first > 0 && pending[first - 1].level >= level)
		first--;
	for (int i = first, n = npending; i < n; i++)
	{
		PendingCount child = pending[i];
		PendingCount *parent;

		npending = i == first ? first : npending;
		parent = find_pending(level - 1, child.queue);
		if (parent)
		{
			for (int as = 0; as < COUNTED_STATES; as++)
				parent->jobs[as] += child.jobs[as];
			continue;
		}
		pending[npending] = child;
		pending[npending++].level = level - 1;
	}
}

void
count_at_subtransaction_end(SubXactEvent event,
							 SubTransactionId mine, SubTransactionId parent)
{
	int			level = GetCurrentTransactionNestLevel();

	if (npending == 0 || pending[npending - 1].level < level)
		return;
	if (event == SUBXACT_EVENT_COMMIT_SUB)
		hand_to_parent(level);
	else if (event == SUBXACT_EVENT_ABORT_SUB)
		while (npending > 0 && pending[npending - 1].level >= level)
			npending--;
}

static PendingCount *
add_place(int level, int queue)
{
	PendingCount *place;

	if (npending == most_pending)
	{
		int			most = Max(16, most_pending * 2);

		pending = pending ? repalloc(pending, sizeof(PendingCount) * most) :
			MemoryContextAlloc(TopMemoryContext, sizeof(PendingCount) * most);
		most_pending = most;
	}
	place = &pending[npending++];
	memset(place, 0, sizeof(*place));
	place->level = level;
	place->queue = queue;
	return place;
}

/* This transaction makes jobs of a queue more, or fewer */
void
count_jobs(const char *queue, Counted as, int64 n)
{
	Counts	   *counts = estate_piece(&count_area);
	int			level;
	int			place;
	PendingCount *count;

	if (estate_shared == NULL)
		return;
	if (counts == NULL)
	{
		unseen = true;			/* it may have one before we commit */
		return;
	}
	level = GetCurrentTransactionNestLevel();
	place = place_of_queue(counts, queue);
	count = find_pending(level, place);
	if (count == NULL)
		count = add_place(level, place);
	count->jobs[as] += n;
}

/*
 * The same for the rows of a statement: (queue, what it is counted as,
 * number).  Returns the sum of the numbers.
 */
int64
count_rows(KeeperRows rows, int64 sign)
{
	int64		sum = 0;

	for (uint64 i = 0; i < rows.n; i++)
	{
		int64		n = keeper_int64(rows, i, 3);

		count_jobs(keeper_text(rows, i, 1), keeper_int32(rows, i, 2), sign * n);
		sum += n;
	}
	return sum;
}

/* What this transaction did to the jobs could not be noted */
void
count_anew_at_commit(void)
{
	if (estate_shared == NULL)
		return;
	unseen = true;
}

/*
 * Whether all rows are to be counted: not while a prepared transaction may
 * change them unseen, except for the first time
 */
bool
count_is_wanted(void)
{
	EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);
	Oid			table = record_table("job_ended");
	Counts	   *counts = estate_lock_piece(&count_area, LW_SHARED);
	bool		wanted;

	if (counts == NULL)
		return false;
	wanted = counts->state != COUNTS_KEPT || counts->table != table ||
		(counts->stale && slot && !slot->prepared);
	estate_unlock_piece(&count_area, counts);
	return wanted;
}

/* Begins anew, with a snapshot that becomes the active one */
static void
begin_count(const EstateDatabaseSlot *slot)
{
	Counts	   *counts = estate_lock_piece(&count_area, LW_EXCLUSIVE);
	uint64		next;
	Snapshot	snapshot;

	if (counts == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("jobs cannot be counted: this database has no workers any more")));
	PushActiveSnapshot(GetLatestSnapshot());
	snapshot = GetActiveSnapshot();
	if (snapshot->xcnt > COUNTS_XIDS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many transactions are under way for jobs to be counted")));
	next = U64FromFullTransactionId(ReadNextFullTransactionId());
	counts->xmax = next - (uint32) ((uint32) next - snapshot->xmax);
	counts->nxids = snapshot->xcnt;
	memcpy(counts->xids, snapshot->xip, sizeof(TransactionId) * snapshot->xcnt);
	for (int i = 0; i < COUNTED_QUEUES; i++)
		for (int as = 0; as < COUNTED_STATES; as++)
			pg_atomic_write_u64(&counts->queues[i].jobs[as], 0);
	counts->state = COUNTS_BEGUN;
	/* a transaction that is prepared already will not add its changes when it commits */
	counts->stale = slot->prepared;
	estate_unlock_piece(&count_area, counts);
}

/*
 * The rows found are in the snapshot: they are added as they are, not by the
 * commit of this transaction
 */
static void
finish_count(Counts *counts, KeeperRows rows)
{
	Oid			table;

	for (uint64 i = 0; i < rows.n; i++)
	{
		int			place = place_of_queue(counts, keeper_text(rows, i, 1));

		pg_atomic_fetch_add_u64(&counts->queues[place].jobs[keeper_int32(rows, i, 2)],
								keeper_int64(rows, i, 3));
	}
	table = record_table("job_ended");
	counts = estate_lock_piece(&count_area, LW_EXCLUSIVE);
	if (counts == NULL)
		return;					/* nobody wants to know any more */
	counts->table = table;
	counts->state = COUNTS_KEPT;
	estate_unlock_piece(&count_area, counts);
}

/*
 * Counts all rows, in the tidier, inside a transaction.  Locked first, since
 * to truncate a lane or drop a part of the history takes rows from under any
 * snapshot.
 */
void
count_all(void)
{
	static KeeperStatement lock = {
		"LOCK TABLE estate_internal.job_ready, estate_internal.job_ended IN ACCESS SHARE MODE",
		.flags = KEEPER_PASSING
	};
	static KeeperStatement count = {
		"SELECT queue, 0, pg_catalog.count(*) FROM estate_internal.job_ready GROUP BY 1"
		" UNION ALL"
		" SELECT queue, " COUNTED_OPEN_ROW("") ", pg_catalog.count(*)"
		" FROM estate_internal.job_open GROUP BY 1, 2"
		" UNION ALL"
		" SELECT queue, " COUNTED_ENDED_ROW ", pg_catalog.count(*)"
		" FROM estate_internal.job_ended GROUP BY 1, 2",
		.flags = KEEPER_READS | KEEPER_PASSING
	};
	EstateDatabaseSlot *slot = estate_find_slot(MyDatabaseId);
	Counts	   *counts = estate_piece(&count_area);
	EstateUser	user;

	if (slot == NULL || counts == NULL)
		return;
	keeper_begin(&user);
	(void) keeper_run(&lock, NULL, NULL);
	(void) place_of_queue(counts, "default");
	begin_count(slot);
	finish_count(counts, keeper_run(&count, NULL, NULL));
	PopActiveSnapshot();
	keeper_end(&user);
}

/* Jobs of a queue in the history; -1: they are not counted here */
int64
count_of_ended(const char *queue)
{
	Counts	   *counts = estate_piece(&count_area);
	int			place;
	int64		n = 0;

	if (counts == NULL || counts->state != COUNTS_KEPT)
		return -1;
	place = find_queue(counts, queue);
	if (place < 0)
		return 0;
	for (int as = COUNTED_DONE; as <= COUNTED_CANCELLED; as++)
		n += (int64) pg_atomic_read_u64(&counts->queues[place].jobs[as]);
	return n;
}
