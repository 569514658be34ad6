/*
 * prepared.h
 *	  Prepared transactions that have left something of ours to tell.
 */
#ifndef ESTATE_PREPARED_H
#define ESTATE_PREPARED_H

#include "estate.h"

#include "access/xact.h"

extern EstateArea prepared_area;

extern bool prepared_look(void);

/* a step of transaction_end.c */
extern void prepared_at_end(XactEvent event);

#endif							/* ESTATE_PREPARED_H */
