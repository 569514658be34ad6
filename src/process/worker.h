/*
 * worker.h
 *	  What the launcher hands to a worker it starts, and what workers and tidiers
 *	  share.
 */
#ifndef ESTATE_WORKER_H
#define ESTATE_WORKER_H

#include "estate.h"

/* bgw_main_arg: both numbers in one */
#define WORKER_ARGUMENT(slot, worker) ((slot) * ESTATE_MAX_WORKERS + (worker))
#define WORKER_SLOT(argument) ((argument) / ESTATE_MAX_WORKERS)
#define WORKER_NUMBER(argument) ((argument) % ESTATE_MAX_WORKERS)

/* What the processes of a database know of each other, besides who is to be woken */
typedef struct ProcessState
{
	TimestampTz complained_at;	/* when a worker last logged that it stays quiet */
	pid_t		tidier;			/* 0: none */
	TimestampTz tidy_at;		/* not before this */
	TimestampTz count_at;		/* the same when jobs are to be counted */
} ProcessState;

/* launcher.c */
extern EstateArea process_area;

#endif							/* ESTATE_WORKER_H */
