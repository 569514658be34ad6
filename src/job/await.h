/*
 * await.h
 *	  Sessions that wait for a job to end.
 */
#ifndef ESTATE_AWAIT_H
#define ESTATE_AWAIT_H

#include "estate.h"

#include "access/xact.h"

#define AWAIT_STATE_SIZE 16

extern EstateArea await_area;

/* whoever ends jobs */
extern void await_note(int64 job, const char *state);

/* whoever waits for one */
extern bool await_begin(int64 job);
extern bool await_told(char *state);
extern void await_end(void);

/* a step of transaction_end.c */
extern void await_at_end(XactEvent event);

#endif							/* ESTATE_AWAIT_H */
