/*
 * step.c
 *	  Short transactions: the only place that opens and commits them.
 *
 * Runs in workers and in sessions that call our procedures.  A step runs as
 * the owner of the facts.  Between steps no snapshot, no transaction id and
 * no lock on a relation is held, so that the network may take its time.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "pgstat.h"
#include "replication/syncrep.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "process/step.h"

static bool relaxed = false;	/* commits of steps need not be waited for */
static bool must_last = false;	/* but that of this one has to be */
static char usual_level[32];	/* of synchronous_commit, where they need not */

/*
 * Deferred constraints are checked at once: at commit they would be checked
 * with our rights instead of those of the role that caused them.
 */
static void
check_constraints_at_once(void)
{
	ConstraintsSetStmt *all = makeNode(ConstraintsSetStmt);

	AfterTriggerSetState(all);
}

/*
 * From now on steps commit asynchronously, or no longer do.  A crash that loses
 * such a commit loses all that its step did; step_flush() waits for all of
 * them.
 */
void
step_relax_commits(bool relax)
{
	relaxed = relax;
}

/*
 * The commit of this step is waited for, in the way that the session's
 * synchronous_commit says
 */
void
step_must_last(void)
{
	must_last = true;
}

/* In the transaction, and outside of what is undone with the rights of a role */
static void
set_commit_level(const char *level)
{
	(void) set_config_option("synchronous_commit", level, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
}

static void
relax_commit(void)
{
	strlcpy(usual_level, GetConfigOption("synchronous_commit", false, false), sizeof(usual_level));
	set_commit_level("off");
}

/* A step that has asked for it commits synchronously where the others need not */
static void
make_commit_last(void)
{
	if (synchronous_commit == SYNCHRONOUS_COMMIT_OFF)
		set_commit_level(relaxed && strcmp(usual_level, "off") != 0 ? usual_level : "on");
}

void
step_begin(StepMode mode, EstateUser *user)
{
	must_last = false;
	if (mode == STEP_WORKER)
	{
		SetCurrentStatementStartTimestamp();
		StartTransactionCommand();
	}
	if (relaxed && mode != STEP_INSIDE)
		relax_commit();
	if (mode != STEP_INSIDE)
		check_constraints_at_once();
	PushActiveSnapshot(GetTransactionSnapshot());
	estate_become_owner(user);
}

void
step_commit(StepMode mode, EstateUser *user)
{
	estate_resume_user(user);
	PopActiveSnapshot();
	if (must_last)
		make_commit_last();
	if (mode == STEP_WORKER)
	{
		CommitTransactionCommand();
		pgstat_report_stat(true);
	}
	else if (mode == STEP_CALL)
		SPI_commit();
}

/*
 * Waits for the last commit of this process, and so for all before it, as its
 * synchronous_commit says.
 */
void
step_flush(void)
{
	if (XactLastCommitEnd == InvalidXLogRecPtr || synchronous_commit <= SYNCHRONOUS_COMMIT_OFF)
		return;
	XLogFlush(XactLastCommitEnd);
	/* if it is interrupted there is a warning, as at any commit */
	HOLD_INTERRUPTS();
	SyncRepWaitForLSN(XactLastCommitEnd, true);
	RESUME_INTERRUPTS();
}

/*
 * Runs a function as a step.  NULL when it went well; else what it threw, in
 * the caller's context, and its effects are undone.  Inside a transaction
 * block errors are not caught: they undo the caller's transaction, as he
 * expects.
 */
ErrorData *
step_try(StepMode mode, StepFunction function, void *arg)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner;
	EstateUser	user;
	ErrorData  *volatile error = NULL;

	step_begin(mode, &user);
	MemoryContextSwitchTo(caller);
	if (mode == STEP_INSIDE)
	{
		function(arg);
		step_commit(mode, &user);
		return NULL;
	}

	owner = CurrentResourceOwner;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		function(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	step_commit(mode, &user);
	MemoryContextSwitchTo(caller);
	return error;
}
