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
#include "port/atomics.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "utils/hsearch.h"
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
#define lock_held_by_me(tag, mode) LockHeldByMe(tag, mode, false)
#else
#define lock_held_by_me(tag, mode) LockHeldByMe(tag, mode)
#endif
#if PG_VERSION_NUM >= 170000
#define CreateWaitEventSetInTop(n) CreateWaitEventSet(NULL, (n))
#else
#define CreateWaitEventSetInTop(n) CreateWaitEventSet(TopMemoryContext, (n))
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
#define ESTATE_MAX_QUEUES 64	/* for each database */

/* what a worker of a database does: its first one holds the event loop, the others run SQL handlers */
typedef enum EstateWorkerKind
{
	WORKER_NETWORK,
	WORKER_SQL
} EstateWorkerKind;

#define WORKER_KINDS 2
#define WORKER_KIND(number) ((number) == 0 ? WORKER_NETWORK : WORKER_SQL)

/* What the jobs of a queue are counted by, see src/job/count.c */
typedef enum EstateCounted
{
	COUNTED_READY,				/* in the lanes */
	COUNTED_OPEN,				/* could run as well: of the network, or a limit keeps it waiting */
	COUNTED_SCHEDULED,
	COUNTED_RETRYABLE,
	COUNTED_BLOCKED,
	COUNTED_DONE,
	COUNTED_DEAD,
	COUNTED_CANCELLED
} EstateCounted;

#define ESTATE_COUNTED (COUNTED_CANCELLED + 1)

/* A job in a worker's hands, as others see it */
typedef struct EstateRunning
{
	int64		id;
	TimestampTz started_at;
	Oid			role;
	int16		metric;			/* of its queue and handler */
	uint8		counted;		/* EstateCounted, as which it is counted until it ends */
	bool		cancel;			/* somebody wants it to stop */
} EstateRunning;

/* What the handler of a running job has reported of itself */
typedef struct EstateProgress
{
	int64		id;
	float8		done;
	float8		total;			/* 0: not known */
	char		note[128];
} EstateProgress;

typedef struct EstateWorkerSlot
{
	pid_t		pid;			/* 0: free */
	Latch	   *latch;
	bool		left;			/* the last one left by itself, without an error */
	int			nrunning;
	EstateRunning running[ESTATE_MAX_RUNNING];
	EstateProgress progress;
} EstateWorkerSlot;

/*
 * Positions in the lanes of ready jobs, see src/job/lane.c.  A hint only: what
 * is lost here is found again by reading the lane from its start.
 */
#define ESTATE_LANES 3			/* before, with and after priority 0 */
#define ESTATE_SEGMENTS 3		/* tables of a lane, filled and emptied in turn */
#define ESTATE_REVISITS 32

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
	TimestampTz drained_at;		/* when all of it was first found taken; 0: it is not */
	TransactionId drained_before;	/* no later one has deleted its rows */
	int			nrevisits;
	EstateBlocks revisits[ESTATE_REVISITS]; /* to be taken again: rows came or stayed behind */
} EstateSegment;

typedef struct EstateLane
{
	int			current;		/* segment that new jobs go to */
	uint64		turns;
	EstateSegment segments[ESTATE_SEGMENTS];
} EstateLane;

/* Which ended jobs of a queue stay in the history */
typedef enum EstateKeep
{
	KEEP_ALL,
	KEEP_FAILED,				/* dead and cancelled ones */
	KEEP_NONE
} EstateKeep;

/* Where fetch_jobs() has found the first job of a queue, see src/job/lease_fetch.c */
typedef struct EstateLeaseHint
{
	int			priority;
	TimestampTz run_at;
	int64		id;
	TimestampTz until;			/* good until then */
} EstateLeaseHint;

/* A queue: its limits, copied from estate_internal.queue, and where it is.  Zero: no limit. */
typedef struct EstateQueue
{
	bool		defined;
	bool		paused;
	char		name[NAMEDATALEN];
	int			concurrency;	/* in all processes */
	int			concurrency_local;	/* in one process */
	char		key[NAMEDATALEN * 2];	/* path into args; empty: none */
	int			concurrency_by_key;
	int			rate;			/* jobs started in a period */
	int			rate_by_key;
	double		rate_period;	/* microseconds */
	int64		timeout_ms;
	EstateKeep	keep;

	int			running;		/* batches and network jobs in hand */
	double		arrival;		/* theoretical arrival time of the next job by its rate, see src/job/limit.c */
	bool		refused;		/* somebody found no room: to be woken when there is */
	EstateLeaseHint lease_hint;
	TimestampTz expired_to;		/* keep_for has taken all that ended before this */
	EstateLane	lanes[ESTATE_LANES];
} EstateQueue;

/*
 * Jobs of each queue, by its name, see src/job/count.c.  The last name is for
 * all that found no room, or are too long.
 */
#define ESTATE_COUNTED_QUEUES 128
#define ESTATE_COUNTS_XIDS 1024

typedef struct EstateQueueCount
{
	char		name[NAMEDATALEN];
	TimestampTz trimmed_to;		/* keep_most has taken all that ended before this */
	pg_atomic_uint64 jobs[ESTATE_COUNTED];
} EstateQueueCount;

typedef enum EstateCountState
{
	COUNTS_NONE,
	COUNTS_BEGUN,				/* rows are being counted; what commits meanwhile is added already */
	COUNTS_KEPT
} EstateCountState;

typedef struct EstateCounts
{
	EstateCountState state;
	bool		stale;			/* something has happened that was not seen: to be counted again */
	Oid			table;			/* job_ended: after teardown() and setup() it is another */
	uint64		xmax;			/* the snapshot of the count: what it saw is in it, and is not added */
	int			nxids;
	TransactionId xids[ESTATE_COUNTS_XIDS];
	int			nqueues;
	EstateQueueCount queues[ESTATE_COUNTED_QUEUES];
} EstateCounts;

/* What handlers do, by queue and handler, since the server started, see src/job/metric.c; the last is for all others */
#define ESTATE_METRICS 128
#define ESTATE_BUCKETS 24		/* of 100 us, doubling: the last begins at 7 minutes */
#define ESTATE_THROUGHPUT_SPANS 12	/* of 5 s */

typedef struct EstateMetricNumbers
{
	int64		done;
	int64		failed;			/* attempts */
	int64		dead;
	int64		snoozed;
	int64		cancelled;		/* while running */
	int64		latency[ESTATE_BUCKETS];	/* from when it could start to when it did */
	int64		run_time[ESTATE_BUCKETS];
} EstateMetricNumbers;

typedef struct EstateMetric
{
	char		queue[NAMEDATALEN];
	char		handler[NAMEDATALEN * 2 + 16];
	EstateMetricNumbers total;
	int64		span;			/* number of the newest span of ended[] */
	int64		ended[ESTATE_THROUGHPUT_SPANS];
} EstateMetric;

typedef struct EstateDatabaseSlot
{
	Oid			database;		/* InvalidOid: free */
	bool		wake[ESTATE_MAX_WORKERS];	/* a commit has left work since this worker last looked */
	TimestampTz due[WORKER_KINDS];	/* when the next job is due, DT_NOEND: none known */
	TimestampTz complained_at;	/* when a worker last logged that it stays quiet */
	bool		prepared;		/* a prepared transaction holds jobs, or what they wait for: its commit will not tell */
	uint32		prepares;		/* so many have been prepared */
	uint32		changes;		/* commits that changed what workers remember of the installation and the queues */
	uint32		queues_read;	/* number of changes when the queues were read, and one more */
	bool		held;			/* jobs may be held back by a limit of their key */
	bool		cancels;		/* jobs that were being run are to be cancelled */
	bool		dependencies;	/* jobs may wait for others */
	int			depending;		/* transactions under way that make jobs wait for others */
	EstateQueue queues[ESTATE_MAX_QUEUES];
	EstateCounts counts;
	int			nmetrics;
	EstateMetric metrics[ESTATE_METRICS];
	pid_t		tidier;			/* 0: none */
	TimestampTz tidy_at;		/* not before this */
	TimestampTz count_at;		/* the same when jobs are to be counted */
	uint32		tidied_changes; /* number of changes when expired_to of the queues was set, and one more */
	EstateWorkerSlot workers[ESTATE_MAX_WORKERS];
} EstateDatabaseSlot;

/* A job whose handler a worker was in when the server crashed, see src/inflight.c */
#define ESTATE_MAX_SUSPECTS 8192

typedef struct EstateSuspect
{
	Oid			database;
	bool		alone;			/* nothing else was being run */
	int64		id;
} EstateSuspect;

typedef struct EstateShared
{
	LWLock	   *lock;
	LWLock	   *counts_lock;	/* shared to add to counts, exclusive to begin them anew */
	LWLock	   *metrics_lock;
	pid_t		launcher_pid;
	Latch	   *launcher_latch;
	int			nsuspects;		/* not dealt with yet */
	EstateSuspect suspects[ESTATE_MAX_SUSPECTS];
	EstateDatabaseSlot databases[ESTATE_MAX_DATABASES];
} EstateShared;

/* What is counted for a key of a limited queue, see src/job/limit.c */
#define ESTATE_LIMIT_KEYS 16384 /* that are running, or were a moment ago */

typedef struct EstateLimitName
{
	Oid			database;
	int			queue;
	uint64		hash;			/* of the key's text */
} EstateLimitName;

typedef struct EstateLimitKey
{
	EstateLimitName name;
	int			holds;			/* records that processes keep of it */
	int			running;
	bool		slow;			/* one of them, or of the last ones, is no quick batch */
	double		since;			/* when the first of them began, microseconds */
	bool		waited_for;		/* jobs are held back */
	pid_t		process;		/* who took it last, in which of its batches */
	uint64		batch;
	double		arrival;		/* theoretical arrival time of the next job by its rate, microseconds */
} EstateLimitKey;

/* NULL when the module is not in shared_preload_libraries */
extern EstateShared *estate_shared;
extern HTAB *estate_limit_keys;

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

/* job/clock.c */
extern TimestampTz estate_now(void);

/* shared.c: tell the workers at commit that there is work, or that they have to read anew what they remember */
extern void estate_wake_at_commit(EstateWorkerKind kind);
extern void estate_wake_now(EstateWorkerKind kind);
extern void estate_change_at_commit(void);
extern bool estate_begin_look(EstateDatabaseSlot *slot, bool *flag);
extern void estate_note_prepared(void);
extern EstateDatabaseSlot *estate_find_slot(Oid database);
extern bool estate_workers_configured(void);

#endif							/* ESTATE_H */
