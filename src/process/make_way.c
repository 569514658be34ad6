/*
 * make_way.c
 *	  Workers make way for statements that need their database to themselves.
 *
 * Workers stay connected, so that a job does not have to wait for a process.
 * But a database that has sessions can be neither dropped nor renamed, moved
 * to another tablespace or copied: the server waits five seconds for them to
 * go, then refuses.  So the session that runs such a statement asks the
 * workers to leave first.  Those with nothing to do leave at once; a job gets a
 * moment to end, then it is rolled back and will be run anew, as when the
 * server is stopped.  Where other sessions are there too, no job is broken off:
 * the statement will be refused anyway.  Workers stay away until the
 * transaction ends, whatever its end: commit, error, or the session being
 * terminated.  A crash makes shared memory anew.
 *
 * Workers also keep what they read when they connected.  Where a statement
 * changes that, the settings of a database or of all roles, they leave after
 * the commit and are started anew.  And the launcher looks at once when a
 * database has come, gone, or been closed.
 *
 * Runs in sessions, as a hook around utility statements.  What it asks for is
 * asked only for a database that the caller owns: nobody else may run any of
 * these statements, nor stop the workers by trying.
 */
#include "postgres.h"

#include <signal.h>

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/procarray.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "process/make_way.h"
#include "process/served.h"
#include "process/worker.h"
#include "slot.h"

#define JOB_MAY_END_MS 2000
#define FORCED_MS 100
#define LOOK_EVERY_MS 5

static ProcessUtility_hook_type next_process_utility = NULL;

/* what this transaction's end has to do */
static bool asked[ESTATE_MAX_DATABASES];	/* workers of these may come back */
static bool renewed[ESTATE_MAX_DATABASES];	/* workers of these start anew, if it commits */
static bool any_at_end = false; /* the launcher looks */

/* Workers of a database, and its tidier */
typedef struct Processes
{
	int			n;
	pid_t		pids[ESTATE_MAX_WORKERS + 1];
} Processes;

/* The tidier of a database; ended at once, if it is to be */
static pid_t
find_tidier(EstateDatabaseSlot *slot, Oid database, bool end)
{
	ProcessState *state = slot_lock_piece(&process_area, slot, LW_SHARED);
	pid_t		pid = slot->database == database ? state->tidier : 0;

	/* while it is in there, under the lock, it is still that process */
	if (end && pid != 0)
		kill(pid, SIGTERM);
	estate_unlock_piece(&process_area, state);
	return pid;
}

/* The processes of a database, which are woken to look whether they are wanted; or ended at once */
static Processes
call_processes(EstateDatabaseSlot *slot, Oid database, bool end)
{
	Processes	processes = {0};
	pid_t		tidier = find_tidier(slot, database, end);

	if (tidier != 0)
		processes.pids[processes.n++] = tidier;
	slot_lock(slot, LW_SHARED);
	if (slot->database == database)
	{
		slot_call_workers(slot);
		for (int i = 0; i < ESTATE_MAX_WORKERS; i++)
		{
			pid_t		pid = slot->workers[i].pid;

			if (pid == 0)
				continue;
			processes.pids[processes.n++] = pid;
			if (end)
				kill(pid, SIGTERM);
		}
	}
	estate_unlock_slot(slot);
	return processes;
}

/* How many of them are still there */
static int
count_alive(const Processes *processes)
{
	int			alive = 0;

	for (int i = 0; i < processes->n; i++)
		alive += BackendPidGetProc(processes->pids[i]) != NULL;
	return alive;
}

/* Waits until they have left; false: some are in the middle of a job */
static bool
wait_for_leaving(const Processes *processes, int ms)
{
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms);

	while (count_alive(processes) > 0)
	{
		if (GetCurrentTimestamp() >= until)
			return false;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, LOOK_EVERY_MS,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	return true;
}

/* Ends what they are in the middle of, unless other sessions are in the database as well */
static void
make_way_break_off(Oid database, const Processes *before)
{
	EstateDatabaseSlot *slot = estate_find_slot(database);

	if (slot && CountDBBackends(database) <= count_alive(before))
		(void) call_processes(slot, database, true);
}

/* Asks the workers of a database to leave, and to stay away until this transaction ends */
static void
ask_to_leave(Oid database, int ms)
{
	EstateDatabaseSlot *slot = estate_find_slot(database);
	ProcessState *state;
	Processes	processes;
	int			number;

	/* in our own the statement will be refused whoever is there */
	if (slot == NULL || database == MyDatabaseId || !database_ownercheck(database, GetUserId()))
		return;
	number = slot - estate_shared->databases;
	state = slot_lock_piece(&process_area, slot, LW_EXCLUSIVE);
	if (slot->database == database && !asked[number])
	{
		state->asked_to_leave++;
		asked[number] = any_at_end = true;
	}
	estate_unlock_piece(&process_area, state);
	processes = call_processes(slot, database, false);
	if (!wait_for_leaving(&processes, ms))
		make_way_break_off(database, &processes);
}

static const char *
option_of(List *options, const char *name)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		DefElem    *option = lfirst(cell);

		if (strcmp(option->defname, name) == 0 && option->arg)
			return defGetString(option);
	}
	return NULL;
}

/* The database that a statement needs to itself; NULL: none */
static const char *
database_needed(const Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_DropdbStmt:
			return ((const DropdbStmt *) statement)->dbname;
		case T_RenameStmt:
			if (((const RenameStmt *) statement)->renameType != OBJECT_DATABASE)
				return NULL;
			return ((const RenameStmt *) statement)->subname;
		case T_AlterDatabaseStmt:
			if (option_of(((const AlterDatabaseStmt *) statement)->options, "tablespace") == NULL)
				return NULL;
			return ((const AlterDatabaseStmt *) statement)->dbname;
		case T_CreatedbStmt:
			/* the usual one is a template, which has no workers */
			return option_of(((const CreatedbStmt *) statement)->options, "template");
		default:
			return NULL;
	}
}

/* Whoever says DROP DATABASE .. WITH (FORCE) waits for no job */
static bool
is_forced(const Node *statement)
{
	ListCell   *cell;

	if (!IsA(statement, DropdbStmt))
		return false;
	foreach(cell, ((const DropdbStmt *) statement)->options)
		if (strcmp(((DefElem *) lfirst(cell))->defname, "force") == 0)
			return true;
	return false;
}

/* Workers of a database, or of all, that have read settings which are not so any more */
static void
renew_after_commit(Oid database)
{
	for (int i = 0; i < ESTATE_MAX_DATABASES; i++)
	{
		Oid			served = estate_shared->databases[i].database;

		if (OidIsValid(served) && (served == database || !OidIsValid(database)))
			renewed[i] = any_at_end = true;
	}
}

/*
 * Whether settings of a role are those of workers, which are sessions of the
 * bootstrap superuser
 */
static bool
is_role_of_workers(const RoleSpec *role)
{
	return role == NULL || get_rolespec_oid(role, true) == BOOTSTRAP_SUPERUSERID;
}

/* A database is renamed: workers are for names */
static void
tell_of_name(const RenameStmt *statement)
{
	if (!served_is_named(statement->subname) || served_is_named(statement->newname))
		return;
	ereport(WARNING,
			(errmsg("no workers will run in database \"%s\"", statement->newname),
			 errdetail("estate.databases names it \"%s\".", statement->subname),
			 errhint("Put the new name into estate.databases, then SELECT pg_reload_conf();")));
}

/*
 * What a statement that has succeeded changes for the workers.  Of a ROLLBACK
 * or a CALL nothing may be left by now: so its tag comes with it.
 */
static void
note_change(const Node *statement, NodeTag tag)
{
	switch (tag)
	{
		case T_RenameStmt:
			if (((const RenameStmt *) statement)->renameType != OBJECT_DATABASE)
				break;
			tell_of_name((const RenameStmt *) statement);
			any_at_end = true;
			break;
		case T_CreatedbStmt:
		case T_DropdbStmt:
		case T_AlterDatabaseStmt:
			any_at_end = true;
			break;
		case T_DropStmt:
			/* it may be our extension or schema: workers that rest have to be told */
			if (((const DropStmt *) statement)->removeType == OBJECT_EXTENSION ||
				((const DropStmt *) statement)->removeType == OBJECT_SCHEMA)
				estate_change_at_commit();
			break;
		case T_DropOwnedStmt:
			estate_change_at_commit();
			break;
		case T_AlterDatabaseSetStmt:
			renew_after_commit(get_database_oid(((const AlterDatabaseSetStmt *) statement)->dbname,
												true));
			break;
		case T_AlterRoleSetStmt:
			{
				const AlterRoleSetStmt *set = (const AlterRoleSetStmt *) statement;

				if (is_role_of_workers(set->role))
					renew_after_commit(set->database ? get_database_oid(set->database, true) :
									   InvalidOid);
				break;
			}
		default:
			break;
	}
}

/*
 * Where the server refuses because sessions are there, says which of them is
 * ours; runs while the error is made.
 */
static void
explain_refusal(void *arg)
{
	EstateDatabaseSlot *slot = estate_find_slot(*(Oid *) arg);

	if (slot == NULL || geterrcode() != ERRCODE_OBJECT_IN_USE)
		return;
	for (int i = 0; i < ESTATE_MAX_WORKERS; i++)
	{
		int			pid = slot->workers[i].pid;

		if (pid == 0)
			continue;
		errhint("Process %d is a worker in the middle of a job. "
				"It makes way when nobody else is connected.", pid);
		break;
	}
}

static void
call_next(PlannedStmt *planned, const char *query, bool keep_tree, ProcessUtilityContext context,
		  ParamListInfo params, QueryEnvironment *environment, DestReceiver *dest,
		  QueryCompletion *done)
{
	ProcessUtility_hook_type next = next_process_utility;

	if (next == NULL)
		next = standard_ProcessUtility;
	next(planned, query, keep_tree, context, params, environment, dest, done);
}

static void
make_way_utility(PlannedStmt *planned, const char *query, bool keep_tree,
				 ProcessUtilityContext context, ParamListInfo params,
				 QueryEnvironment *environment, DestReceiver *dest,
				 QueryCompletion *done)
{
	const Node *statement = planned->utilityStmt;
	NodeTag		tag = nodeTag(statement);
	const char *name = database_needed(statement);
	Oid			database = name && estate_shared ? get_database_oid(name, true) : InvalidOid;
	ErrorContextCallback explain = {.callback = explain_refusal, .arg = &database};

	if (OidIsValid(database))
	{
		ask_to_leave(database, is_forced(statement) ? FORCED_MS : JOB_MAY_END_MS);
		explain.previous = error_context_stack;
		error_context_stack = &explain;
	}
	call_next(planned, query, keep_tree, context, params, environment, dest, done);
	if (OidIsValid(database))
		error_context_stack = explain.previous;
	note_change(statement, tag);
}

/* Workers that were asked to leave may come back, also those that had nothing to do */
static void
let_come_back(EstateDatabaseSlot *slot)
{
	ProcessState *state = slot_lock_piece(&process_area, slot, LW_EXCLUSIVE);

	state->asked_to_leave--;
	estate_unlock_piece(&process_area, state);
	slot_lock(slot, LW_EXCLUSIVE);
	memset(slot->wake, true, sizeof(slot->wake));
	estate_unlock_slot(slot);
}

static void
make_way_renew(EstateDatabaseSlot *slot)
{
	ProcessState *state = slot_lock_piece(&process_area, slot, LW_EXCLUSIVE);

	state->renewals++;
	estate_unlock_piece(&process_area, state);
	slot_lock(slot, LW_SHARED);
	slot_call_workers(slot);
	estate_unlock_slot(slot);
}

/* Also when a session is terminated in the middle of it; neither allocates nor throws */
void
make_way_at_end(XactEvent event)
{
	if (!any_at_end)
		return;
	for (int i = 0; i < ESTATE_MAX_DATABASES; i++)
	{
		if (asked[i])
			let_come_back(&estate_shared->databases[i]);
		if (renewed[i] && event == XACT_EVENT_COMMIT)
			make_way_renew(&estate_shared->databases[i]);
		asked[i] = renewed[i] = false;
	}
	any_at_end = false;
	slot_wake_launcher();
}

/* Called in the postmaster: all sessions inherit the hook */
void
make_way_install(void)
{
	next_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = make_way_utility;
}
