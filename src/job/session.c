/*
 * session.c
 *	  What handlers leave in the session that runs them: it must not reach the
 *	  handlers of another role, nor stay in the session of whoever calls
 *	  run_jobs().
 *
 * Runs in workers and in sessions that call run_jobs().  Most of what could be
 * left is refused to a handler, since it runs as a security-restricted
 * operation: temporary tables, prepared statements, LISTEN, cursors WITH HOLD,
 * another role.  Settings are undone when the handler returns or throws.  Two
 * things remain, which no end of a transaction undoes:
 *
 *	session-level advisory locks, given back after each batch;
 *	connections of dblink, closed before a handler of another role runs.
 *
 * What a procedural language remembers between calls is not ours to undo.
 * PL/Perl and PL/Tcl keep it by role; the untrusted languages do not, and
 * only superusers write functions in them.
 */
#include "postgres.h"

#include <dlfcn.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "job/session.h"

typedef struct KeptLock
{
	LOCKTAG		tag;
	LOCKMASK	modes;
} KeptLock;

/* whose handlers have run since the last connections were closed */
static Oid	session_role = InvalidOid;

/* what was there before the session called run_jobs(); in memory of its own */
static MemoryContext kept_context = NULL;
static KeptLock *kept_locks = NULL;
static int	nkept_locks = 0;
static List *kept_links = NIL;

/* A function of dblink, if its library is in this process: only then can there be connections */
static PGFunction
dblink_function(const char *name)
{
	return (PGFunction) dlsym(RTLD_DEFAULT, name);
}

/* Names of the connections that have one, in the current context */
static List *
link_names(void)
{
	LOCAL_FCINFO(fcinfo, 0);
	PGFunction	function = dblink_function("dblink_get_connections");
	Datum		result;
	Datum	   *names;
	int			n;
	List	   *list = NIL;

	if (function == NULL)
		return NIL;
	InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
	result = function(fcinfo);
	if (fcinfo->isnull)
		return NIL;
	deconstruct_array(DatumGetArrayTypeP(result), TEXTOID, -1, false, TYPALIGN_INT,
					  &names, NULL, &n);
	for (int i = 0; i < n; i++)
		list = lappend(list, TextDatumGetCString(names[i]));
	return list;
}

static bool
is_kept_link(const char *name)
{
	ListCell   *cell;

	foreach(cell, kept_links)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

/* The connection without a name; dblink says only by an error that there is none */
static void
close_unnamed_link(PGFunction disconnect)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		LOCAL_FCINFO(fcinfo, 0);

		InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
		(void) disconnect(fcinfo);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}

/* Closes what handlers have opened; inside a transaction */
static void
close_links(void)
{
	PGFunction	disconnect = dblink_function("dblink_disconnect");
	ListCell   *cell;

	if (disconnect == NULL)
		return;
	foreach(cell, link_names())
		if (!is_kept_link(lfirst(cell)))
			(void) DirectFunctionCall1(disconnect, CStringGetTextDatum(lfirst(cell)));
	close_unnamed_link(disconnect);
}

/* A handler of this role is about to run; inside a transaction */
void
session_enter_role(Oid role)
{
	if (session_role == role)
		return;
	if (OidIsValid(session_role))
		close_links();
	session_role = role;
}

/* Our advisory locks that are not among those kept, in the current context */
static KeptLock *
read_locks(int *n)
{
	LockData   *data = GetLockStatusData();
	KeptLock   *locks = palloc(sizeof(KeptLock) * Max(data->nelements, 1));

	*n = 0;
	for (int i = 0; i < data->nelements; i++)
	{
		const LockInstanceData *one = &data->locks[i];

		if (one->pid == MyProcPid && one->holdMask != 0 &&
			one->locktag.locktag_lockmethodid == USER_LOCKMETHOD)
			locks[(*n)++] = (KeptLock) {one->locktag, one->holdMask};
	}
	return locks;
}

/* The modes in which the session had a lock before it called us */
static LOCKMASK
kept_modes(const LOCKTAG *tag)
{
	for (int i = 0; i < nkept_locks; i++)
		if (memcmp(&kept_locks[i].tag, tag, sizeof(LOCKTAG)) == 0)
			return kept_locks[i].modes;
	return 0;
}

/*
 * Where the session has locks of its own, those that are new are given back
 * one by one.  One that a handler has taken for the transaction cannot be told
 * from others, and stays until that ends: hence no warnings.
 */
static void
release_new_locks(void)
{
	int			level = NewGUCNestLevel();
	int			n;
	KeptLock   *locks = read_locks(&n);

	(void) set_config_option("client_min_messages", "error", PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("log_min_messages", "error", PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	for (int i = 0; i < n; i++)
		for (LOCKMODE mode = AccessShareLock; mode <= AccessExclusiveLock; mode++)
			if ((locks[i].modes & ~kept_modes(&locks[i].tag)) & LOCKBIT_ON(mode))
				while (lock_held_by_me(&locks[i].tag, mode) &&
					   LockRelease(&locks[i].tag, mode, true))
					;
	AtEOXact_GUC(false, level);
	pfree(locks);
}

/*
 * A batch has ended: gives back the advisory locks that its handlers have
 * left.  Those of ours are of another kind, see lock.h: they stay.
 */
void
session_end_batch(void)
{
	if (nkept_locks == 0)
		LockReleaseSession(USER_LOCKMETHOD);
	else
		release_new_locks();
}

/* A session begins to run jobs, inside a transaction: what it has is its own */
void
session_begin(void)
{
	MemoryContext caller;

	if (kept_context == NULL)
		kept_context = AllocSetContextCreate(TopMemoryContext, "pg_estate session",
											 ALLOCSET_SMALL_SIZES);
	/* an error has broken off the last call */
	session_end();
	caller = MemoryContextSwitchTo(kept_context);
	kept_links = link_names();
	kept_locks = read_locks(&nkept_locks);
	MemoryContextSwitchTo(caller);
}

/* It has run them, inside a transaction */
void
session_end(void)
{
	session_enter_role(InvalidOid);
	kept_links = NIL;
	kept_locks = NULL;
	nkept_locks = 0;
	MemoryContextReset(kept_context);
}
