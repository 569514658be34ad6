/*
 * estate.h
 *	  What every room may use: settings, shared memory and how to have some,
 *	  wake-ups, the rights that bookkeeping runs with, and the compat block.
 *
 * This is the only header that all rooms include; it names nothing of theirs.
 */
#ifndef ESTATE_H
#define ESTATE_H

#include "postgres.h"

#include "fmgr.h"
#include "port/atomics.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "utils/timestamp.h"

#if PG_VERSION_NUM < 150000
#error "pg_estate needs PostgreSQL 15 or later"
#endif

/*
 * compat: the only place with version tests.  Code is written to the newest
 * API; this block brings older servers up to it.
 */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#if PG_VERSION_NUM < 160000
#define function_aclcheck(oid, role, mode) pg_proc_aclcheck(oid, role, mode)
#define server_aclcheck(oid, role, mode) pg_foreign_server_aclcheck(oid, role, mode)
#define database_ownercheck(oid, role) pg_database_ownercheck(oid, role)
#else
#define function_aclcheck(oid, role, mode) object_aclcheck(ProcedureRelationId, oid, role, mode)
#define server_aclcheck(oid, role, mode) object_aclcheck(ForeignServerRelationId, oid, role, mode)
#define database_ownercheck(oid, role) object_ownercheck(DatabaseRelationId, oid, role)
#endif
/* before 15.4 no database was marked */
#ifndef DATCONNLIMIT_INVALID_DB
#define DATCONNLIMIT_INVALID_DB -2
#endif
#if PG_VERSION_NUM >= 160000
#define insert_index_tuples(result, slot, estate) \
	ExecInsertIndexTuples((result), (slot), (estate), false, false, NULL, NIL, false)
#else
#define insert_index_tuples(result, slot, estate) \
	ExecInsertIndexTuples((result), (slot), (estate), false, false, NULL, NIL)
#define RelationSetNewRelfilenumber RelationSetNewRelfilenode
#endif
#if PG_VERSION_NUM >= 170000
#define reindex_table(relid, flags, params) reindex_relation(NULL, (relid), (flags), (params))
#else
#define reindex_table(relid, flags, params) reindex_relation((relid), (flags), (params))
#endif
#if PG_VERSION_NUM >= 170000
#define MyLocalTransactionId (MyProc->vxid.lxid)
#else
#define MyLocalTransactionId (MyProc->lxid)
#endif
#if PG_VERSION_NUM >= 170000
#define lock_held_by_me(tag, mode) LockHeldByMe(tag, mode, false)
#else
#define lock_held_by_me(tag, mode) LockHeldByMe(tag, mode)
#endif
#if PG_VERSION_NUM >= 170000
#define CreateWaitEventSetInTop(n) CreateWaitEventSet(NULL, (n))
#else
#define CreateWaitEventSetInTop(n) CreateWaitEventSet(TopMemoryContext, (n))
#endif
#if PG_VERSION_NUM < 160000
#define guc_malloc(elevel, size) malloc(size)
#endif
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif
/* semantic actions of the JSON parser, and its lexer */
#if PG_VERSION_NUM >= 160000
#define JsonActionResult JsonParseErrorType
#define JSON_ACTION_RETURN() return JSON_SUCCESS
#else
#define JsonActionResult void
#define JSON_ACTION_RETURN() return
#endif
#if PG_VERSION_NUM >= 170000
#define make_json_lexer(bytes, len) \
	makeJsonLexContextCstringLen(NULL, (bytes), (len), PG_UTF8, true)
#else
#define make_json_lexer(bytes, len) \
	makeJsonLexContextCstringLen(unconstify(char *, (bytes)), (len), PG_UTF8, true)
#endif

/* what setup() brings the tables to: the number of steps in sql/tables */
#define ESTATE_TABLES_VERSION 2

/* settings, defined in estate.c */
extern char *estate_databases;		/* names, comma-separated */
extern int	estate_workers;			/* for each database, always */
extern int	estate_max_workers;		/* the same, while long jobs hold them up */
extern int	estate_max_args_size;	/* kB, of a job */
extern char *estate_allow_private_hosts;
extern char *estate_secrets_dir;
extern TimestampTz estate_stopped_clock;	/* of this session, for tests; DT_NOBEGIN: it runs */

#define ESTATE_MAX_DATABASES 32
#define ESTATE_MAX_WORKERS 16	/* for each database */

/*
 * What a worker of a database does: its first one holds the event loop, the
 * others run SQL handlers.
 */
typedef enum EstateWorkerKind
{
	WORKER_NETWORK,
	WORKER_SQL
} EstateWorkerKind;

#define WORKER_KINDS 2
#define WORKER_KIND(number) ((number) == 0 ? WORKER_NETWORK : WORKER_SQL)

/*
 * Shared memory.  Nothing private to a process is kept here: no descriptors,
 * no pointers but the latch of a PGPROC, which lives in shared memory itself.
 *
 * What every room may use is here: which databases have workers, and who is to
 * be woken.  What a room keeps for itself is an area of its own, see below.
 */
typedef struct EstateWorkerSlot
{
	pid_t		pid;			/* 0: free */
	Latch	   *latch;
	bool		left;			/* the last one left by itself, without an error */
	bool		worked;			/* the last one, or the one that is there, has done something */
	bool		rests;			/* has nothing to do, unless it is to wake */
	bool		held_up;		/* has been inside of one batch for long */
} EstateWorkerSlot;

/* Of a database with workers; each has a lock, see estate_lock_slot() */
typedef struct EstateDatabaseSlot
{
	Oid			database;		/* InvalidOid: free */
	/* a commit has left work since this worker last looked */
	bool		wake[ESTATE_MAX_WORKERS];
	TimestampTz due[WORKER_KINDS];	/* when the next job is due, DT_NOEND: none known */
	/* a prepared transaction has left something that its end will not tell, see job/prepared.c */
	bool		prepared;
	/* commits that changed what workers remember of the installation and the queues */
	uint32		changes;
	EstateWorkerSlot workers[ESTATE_MAX_WORKERS];
} EstateDatabaseSlot;

typedef struct EstateShared
{
	/* these two have a lock of their own, see slot_set_launcher() */
	pid_t		launcher_pid;
	Latch	   *launcher_latch;
	EstateDatabaseSlot databases[ESTATE_MAX_DATABASES];
} EstateShared;

/* NULL when the module is not in shared_preload_libraries */
extern EstateShared *estate_shared;

/*
 * An area: what a room keeps in shared memory, in pieces, each with a lock of
 * its own.  Mostly a database has a piece, so that neither databases nor rooms
 * contend with each other.  To have one, a room defines it, and module.c lists
 * it.
 *
 * No two locks of areas or slots are ever held at once: what needs two, takes
 * one after the other.
 */
typedef struct EstateArea
{
	const char *name;			/* of the memory and its locks, as the server's views show them */
	Size		bytes;			/* of a piece */
	int			npieces;		/* ESTATE_MAX_DATABASES, or 1: it is not of databases */
	/* a database becomes the owner of a piece, which is locked; NULL: it is zeroed */
	void		(*begin) (void *piece);
	/* what else it needs: how much memory, and making it, in the postmaster; NULL: nothing */
	Size		(*more_bytes) (void);
	void		(*start) (void);

	/* filled in when shared memory is made */
	char	   *pieces;
	LWLockPadded *locks;
} EstateArea;

/* rights.c; for statements of the keeper see keeper.h */
typedef struct EstateUser
{
	Oid			saved_user;
	int			saved_context;
	int			guc_level;		/* 0: search_path was fixed already */
} EstateUser;

extern bool estate_tables_exist(void);
extern Oid	estate_schema_owner(const char *name);
extern Oid	estate_owner(void);
extern Oid	estate_keeper(void);
extern void estate_become(EstateUser *user, Oid role);
extern void estate_become_owner(EstateUser *user);
extern void estate_become_keeper(EstateUser *user);
extern void estate_resume_user(EstateUser *user);

/* tables.c */
extern int	estate_installation_version(void);
extern int	estate_tables_version(void);
extern void estate_require_tables(void);
extern bool estate_functions_are_current(void);
extern const char *estate_update_commands(void);

/* setup.c */
extern char *estate_tables_that(bool exist, int steps);

/* job/clock.c */
extern TimestampTz estate_now(void);

/* shared.c: slots of databases */
extern EstateDatabaseSlot *estate_find_slot(Oid database);
extern EstateDatabaseSlot *estate_lock_slot(LWLockMode mode);
extern void estate_unlock_slot(EstateDatabaseSlot *slot);
extern bool estate_workers_configured(void);

/* shared.c: areas of rooms */
extern void *estate_piece(const EstateArea *area);
extern void *estate_lock_piece(const EstateArea *area, LWLockMode mode);
extern void estate_unlock_piece(const EstateArea *area, void *piece);

/* wake.c: tell the workers that there is work, or that they have to read anew what they remember */
extern void estate_wake_at_commit(EstateWorkerKind kind);
extern void estate_wake_at_end(EstateWorkerKind kind);
extern void estate_wake_now(EstateWorkerKind kind);
extern void estate_change_at_commit(void);
extern void estate_note_prepared(void);
extern bool estate_take_prepared_note(void);

#endif							/* ESTATE_H */
