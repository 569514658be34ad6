/*
 * tasks.h
 *	  Drive tasks, jobs that wait for the network: many at once.
 */
#ifndef ESTATE_TASKS_H
#define ESTATE_TASKS_H

#include "job/run.h"
#include "job/task.h"
#include "process/step.h"

typedef struct TaskSet
{
	MemoryContext context;
	StepMode	mode;
	NetLoop    *loop;
	WaitEventSet *waits;		/* latch, death of the postmaster, loop */
	MemoryContextCallback cleanup;
	List	   *tasks;
	int64		done;
	int64		failed;
	ErrorData  *last_error;		/* of the last task that failed */
} TaskSet;

extern TaskSet *tasks_create(MemoryContext context, StepMode mode);
extern Task *tasks_add(TaskSet *set, const Job *job);
extern void tasks_turn(TaskSet *set);
extern void tasks_wait(TaskSet *set, TimestampTz until);
extern void tasks_drop_all(TaskSet *set);

#endif							/* ESTATE_TASKS_H */
