/*
 * step.h
 *	  Short transactions: the only place that opens and commits them.
 */
#ifndef ESTATE_STEP_H
#define ESTATE_STEP_H

#include "estate.h"

typedef enum StepMode
{
	STEP_WORKER,				/* a background worker: a transaction for each step */
	STEP_CALL,					/* a procedure called outside a transaction block: the same */
	STEP_INSIDE					/* called inside a transaction block: all in that transaction */
} StepMode;

typedef void (*StepFunction) (void *arg);

extern void step_begin(StepMode mode, EstateUser *user);
extern void step_commit(StepMode mode, EstateUser *user);
extern void step_relax_commits(bool relax);
extern void step_must_last(void);
extern void step_flush(void);
extern ErrorData *step_try(StepMode mode, StepFunction function, void *arg);

#endif							/* ESTATE_STEP_H */
