/*
 * record.h
 *	  A job as a row of the tables that it goes through.
 */
#ifndef ESTATE_RECORD_H
#define ESTATE_RECORD_H

#include "job/job.h"
#include "keeper.h"

#include "utils/relcache.h"

/*
 * Columns of estate_internal.job_ready.  The other two tables begin with the
 * same, but for the last one, which is their last one, too.
 */
enum
{
	JOB_ID, JOB_HANDLER, JOB_QUEUE, JOB_PRIORITY, JOB_MAX_ATTEMPTS, JOB_ROLE, JOB_ENQUEUED_AT,
	JOB_ARGS, JOB_RUN_AT, JOB_ATTEMPT, JOB_EFFECT_KEY, JOB_UNIQUE_KEY, JOB_UNIQUE_UNTIL,
	JOB_TIMEOUT, JOB_BACKOFF, JOB_TAGS, JOB_ERRORS, JOB_ALONE, JOB_WAITED, JOB_DURABLE,
	JOB_COLUMNS
};

enum
{
	OPEN_DONE_BY = JOB_DURABLE, OPEN_WAITS_FOR, OPEN_HELD_KEY, OPEN_BLOCKERS, OPEN_LEASE_TOKEN,
	OPEN_LEASED_UNTIL, OPEN_LEASED_TO, OPEN_DURABLE, OPEN_COLUMNS
};

enum
{
	ENDED_DONE_BY = JOB_DURABLE, ENDED_STATE, ENDED_ENDED_AT, ENDED_RESULT, ENDED_DURABLE,
	ENDED_COLUMNS
};

/* Their names in a statement */
#define JOB_COLUMN_NAMES \
	"id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt," \
	" effect_key, unique_key, unique_until, timeout, backoff, tags, errors, alone, waited, durable"

/* What a job of job_open waits for */
typedef enum JobWait
{
	WAITS_FOR_TIME,
	WAITS_FOR_KEY,				/* the limit of its key */
	WAITS_FOR_JOBS				/* those that it depends on */
} JobWait;

/* What was made of the last row's texts: the next row mostly has the same */
typedef struct RecordText
{
	const char *text;
	Datum		value;
} RecordText;

typedef struct RecordTexts
{
	RecordText	handler;
	RecordText	queue;
	RecordText	state;
} RecordTexts;

extern void record_read(Job *job, const Datum *values, const bool *nulls, const Job *before);
extern bool record_find_again(Job *job, HeapTuple tuple, TupleDesc desc);
extern Job *record_of_row(KeeperRows rows, uint64 row);
extern void record_fill(const Job *job, Datum *values, bool *nulls, RecordTexts *before);
extern void record_set_text(Datum *values, bool *nulls, int column, const char *text);
extern void record_set_text_like(Datum *values, bool *nulls, int column, const char *text,
								 RecordText *before);
extern void record_set_pointer(Datum *values, bool *nulls, int column, const void *pointer);
extern void record_check_columns(Relation relation, int columns);

/* record_table.c */
extern Oid	record_table(const char *name);
extern void record_keep_here(const char *table);

#endif							/* ESTATE_RECORD_H */
