/*
 * estate.h
 *	  What every room may use: settings, the shared-memory struct, the rights
 *	  that bookkeeping runs with, and the compat block.
 *
 * This is the only header that all rooms include; it names nothing of theirs.
 */
#ifndef ESTATE_H
#define ESTATE_H

#include "postgres.h"

#include "fmgr.h"
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
#else
#define function_aclcheck(oid, role, mode) object_aclcheck(ProcedureRelationId, oid, role, mode)
#define server_aclcheck(oid, role, mode) object_aclcheck(ForeignServerRelationId, oid, role, mode)
#endif
#if PG_VERSION_NUM >= 170000
#define MyLocalTransactionId (MyProc->vxid.lxid)
#else
#define MyLocalTransactionId (MyProc->lxid)
#endif
#if PG_VERSION_NUM >= 170000
#define CreateWaitEventSetInTop(n) CreateWaitEventSet(NULL, (n))
#else
#define CreateWaitEventSetInTop(n) CreateWaitEventSet(TopMemoryContext, (n))
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
#define make_json_lexer(bytes, len) makeJsonLexContextCstringLen(NULL, (bytes), (len), PG_UTF8, true)
#else
#define make_json_lexer(bytes, len) makeJsonLexContextCstringLen(unconstify(char *, (bytes)), (len), PG_UTF8, true)
#endif

/* what setup() brings the tables to; see sql/tables */
#define ESTATE_TABLES_VERSION 1

/* settings, defined in estate.c */
extern char *estate_databases;		/* names, comma-separated */
extern int	estate_workers;			/* for each database */
extern char *estate_allow_private_hosts;
extern char *estate_secrets_dir;

/*
 * Shared memory.  Nothing private to a process is kept here: no descriptors,
 * no pointers but the latch of a PGPROC, which lives in shared memory itself.
 */
#define ESTATE_MAX_DATABASES 32
#define ESTATE_MAX_WORKERS 16	/* for each database */
#define ESTATE_MAX_RUNNING 512	/* jobs shown as running, for each worker */

/* what a worker of a database does: its first one holds the event loop, the others run SQL handlers */
typedef enum EstateWorkerKind
{
	WORKER_NETWORK,
	WORKER_SQL
} EstateWorkerKind;

#define WORKER_KINDS 2

typedef struct EstateWorkerSlot
{
	pid_t		pid;			/* 0: free */
	Latch	   *latch;
	bool		left;			/* the last one left by itself, without an error */
	int			nrunning;
	int64		running[ESTATE_MAX_RUNNING];	/* ids of the jobs in its hands */
} EstateWorkerSlot;

/*
 * Positions in the lanes of ready jobs, see src/job/lane.c.  A hint only: what
 * is lost here is found again by reading the lane from its start.
 */
#define ESTATE_LANES 3			/* before, with and after priority 0 */
#define ESTATE_SEGMENTS 3		/* tables of a lane, filled and emptied in turn */
#define ESTATE_REVISITS 64

typedef struct EstateBlocks
{
	uint32		from;			/* block numbers, to is not included */
	uint32		to;
} EstateBlocks;

typedef struct EstateSegment
{
	uint64		turn;			/* when jobs were last directed here */
	Oid			filenode;		/* what the positions are of: VACUUM FULL moves all rows */
	uint32		next;			/* blocks before it have been taken */
	int			in_hand;		/* ranges that workers are at */
	int			nrevisits;
	EstateBlocks revisits[ESTATE_REVISITS]; /* to be taken again: rows came or stayed behind */
} EstateSegment;

typedef struct EstateLane
{
	int			current;		/* segment that new jobs go to */
	uint64		turns;
	EstateSegment segments[ESTATE_SEGMENTS];
} EstateLane;

typedef struct EstateDatabaseSlot
{
	Oid			database;		/* InvalidOid: free */
	bool		wake[ESTATE_MAX_WORKERS];	/* a commit has left work since this worker last looked */
	TimestampTz due[WORKER_KINDS];	/* when the next job is due, DT_NOEND: none known */
	TimestampTz complained_at;	/* when a worker last logged that it stays quiet */
	bool		prepared;		/* a prepared transaction holds jobs: its commit will not tell */
	EstateLane	lanes[ESTATE_LANES];
	EstateWorkerSlot workers[ESTATE_MAX_WORKERS];
} EstateDatabaseSlot;

typedef struct EstateShared
{
	LWLock	   *lock;
	pid_t		launcher_pid;
	Latch	   *launcher_latch;
	EstateDatabaseSlot databases[ESTATE_MAX_DATABASES];
} EstateShared;

/* NULL when the module is not in shared_preload_libraries */
extern EstateShared *estate_shared;

/* rights.c: rights, and the version of the tables */
typedef struct EstateUser
{
	Oid			saved_user;
	int			saved_context;
	int			guc_level;		/* 0: search_path was fixed already */
} EstateUser;

extern bool estate_tables_exist(void);
extern int	estate_tables_version(void);
extern void estate_require_tables(void);
extern Oid	estate_schema_owner(const char *name);
extern Oid	estate_owner(void);
extern Oid	estate_keeper(void);
extern void estate_become(EstateUser *user, Oid role);
extern void estate_become_owner(EstateUser *user);
extern void estate_become_keeper(EstateUser *user);
extern void estate_resume_user(EstateUser *user);

/* shared.c: tell the workers at commit that there is work */
extern void estate_wake_at_commit(void);
extern void estate_wake_now(void);
extern EstateDatabaseSlot *estate_find_slot(Oid database);
extern bool estate_workers_configured(void);

#endif							/* ESTATE_H */
