/*
 * look.h
 *	  Flags that say that there may be something to look for.
 */
#ifndef ESTATE_LOOK_H
#define ESTATE_LOOK_H

#include "estate.h"

#include "access/xact.h"

typedef enum Look
{
	LOOK_HELD,					/* jobs may be held back by a limit of their key */
	LOOK_CANCELS,				/* jobs that were being run are to be cancelled */
	LOOK_DEPENDENCIES			/* jobs may wait for others */
} Look;

#define LOOKS (LOOK_DEPENDENCIES + 1)

extern EstateArea look_area;

extern void look_put_up(Look look);
extern bool look_is_up(Look look);
extern bool look_begin(Look look);
extern bool look_is_prepared(void);
extern bool look_depending_begins(void);
extern void look_depending_ends(bool left);
extern bool look_any_depending(void);

/* a step of transaction_end.c */
extern void look_at_end(XactEvent event);

#endif							/* ESTATE_LOOK_H */
