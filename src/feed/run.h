/*
 * run.h
 *	  A run of a feed, as a task.
 */
#ifndef ESTATE_FEED_RUN_H
#define ESTATE_FEED_RUN_H

#include "job/task.h"

extern const TaskHandler feed_task_handler;

/* schedule.c */
extern void feed_keep_schedules(void);

/* run.c */
extern void feed_job(const char *name, Job *job);
extern void feed_last_run(const Job *job, Datum *values, bool *nulls);

#endif							/* ESTATE_FEED_RUN_H */
