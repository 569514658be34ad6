/*
 * run.c
 *	  Claim network jobs for the event loop; when the next job is due.
 *
 * Runs in workers and in sessions that call run_jobs(), inside a transaction
 * that the process room opened.  Statements on jobs run as the keeper, and
 * nothing else does: never a handler.
 *
 * A network job is claimed by a session-level lock on its id, since no
 * transaction is open while it waits; the lock goes with the process.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "job/limit.h"
#include "job/lock.h"
#include "job/open.h"
#include "job/queue.h"
#include "job/run.h"
#include "job/running.h"
#include "job/unique.h"

/* After the commit, or abort, of a batch: its jobs are no longer running */
void
job_batch_ended(JobScope *scope)
{
	for (int i = 0; i < scope->nran; i++)
		running_remove(scope->ran[i]);
	scope->nran = 0;
}

JobScope *
job_scope_create(Oid caller, const char *queue)
{
	JobScope   *scope = palloc0(sizeof(JobScope));

	scope->caller = caller;
	scope->queue = queue;
	scope->ran = palloc(sizeof(int64) * RUNNING_MOST);
	return scope;
}

/* Names of the queues that nothing is to be claimed of */
static Datum
queues_without_room(TimestampTz now, TimestampTz *until)
{
	Datum		names[QUEUES];
	int			n = 0;

	for (int i = 0; i < QUEUES; i++)
		if (queue_at(i)->defined && !limit_has_room(i, now, until))
			names[n++] = CStringGetTextDatum(queue_at(i)->name);
	return PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* Remembers that we have a job's lock, and what its limits gave it */
static void
note_claimed(JobScope *scope, int64 id)
{
	MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(scope));
	int64	   *claimed = palloc(sizeof(int64));

	*claimed = id;
	scope->claimed = lappend(scope->claimed, claimed);
	MemoryContextSwitchTo(caller);
}

/*
 * Whether the limits of its queue let a job start; then it has what they give
 * until limit_release()
 */
static bool
run_is_admitted(const Job *job, bool *full, TimestampTz *until)
{
	int			number = queue_find(job->queue);
	AdmissionAnswer answer;

	if (full[number])
		return false;
	if (strcmp(queue_at(number)->name, job->queue) != 0)
		return true;			/* of a queue that was not created */
	if (!limit_enter(number, false))
	{
		full[number] = true;
		return false;
	}
	answer = limit_ask(number, job);
	limit_keep(job->id);
	if (answer.admission == ADMITTED)
		return true;
	limit_release(job->id);
	if (answer.until)
		*until = Min(*until, answer.until);
	if (answer.admission == KEY_FULL || answer.admission == KEY_TOO_FAST ||
		answer.admission == KEY_UNCOUNTED)
		open_hold_back(job, &answer);
	else if (answer.admission == QUEUE_FULL)
		full[number] = true;
	return false;
}

static bool
run_claim(JobScope *scope, const Job *job, bool *full, TimestampTz *until)
{
	if (scope->inside ? !job_lock_in_transaction(job->id) : !job_lock(job->id))
		return false;
	if (run_is_admitted(job, full, until))
	{
		note_claimed(scope, job->id);
		return true;
	}
	if (!scope->inside)
		job_unlock(job->id);
	return false;
}

/*
 * Claims due network jobs, at most `most`, in the current context; those in
 * hand in this or another process are passed over, and so are those of queues
 * that have no room, which get no look at all.
 */
List *
job_claim_network(JobScope *scope, int most, TimestampTz *until)
{
	bool		full[QUEUES] = {false};
	List	   *jobs = NIL;
	EstateUser	user;
	KeeperRows	rows;

	scope->now = estate_now();
	keeper_begin(&user);
	/* others may hold the first ones: look a little further than we need */
	rows = open_network_due(scope, (int64) most + RUNNING_MOST,
							queues_without_room(scope->now, until));
	for (uint64 i = 0; i < rows.n && list_length(jobs) < most; i++)
	{
		Job		   *job = record_of_row(rows, i);

		CHECK_FOR_INTERRUPTS();
		if (!run_claim(scope, job, full, until))
			continue;
		jobs = lappend(jobs, job);
		if (unique_ends_at_start(job))
			unique_free(&job, 1);
	}
	keeper_end(&user);
	return jobs;
}

/* A task has taken the first of the claimed jobs over */
void
job_claim_taken(JobScope *scope)
{
	pfree(linitial(scope->claimed));
	scope->claimed = list_delete_first(scope->claimed);
}

/* Gives back what was claimed and not taken over by a task */
void
job_unlock_claimed(JobScope *scope)
{
	ListCell   *cell;

	if (!scope->inside)
		foreach(cell, scope->claimed)
			job_unlock(*(int64 *) lfirst(cell));
	foreach(cell, scope->claimed)
		limit_release(*(int64 *) lfirst(cell));
	list_free_deep(scope->claimed);
	scope->claimed = NIL;
}

/*
 * Whether a claimed job is still open: another process may just have ended it
 * before we got its lock
 */
bool
job_still_open(const Job *job)
{
	return open_exists(job->id);
}

/* When the next job is due that was not due at the last claim; DT_NOEND: none */
TimestampTz
job_next_due(const JobScope *scope, bool network)
{
	return open_next_due(network ? DONE_BY_NETWORK : DONE_BY_SQL, scope->now);
}
