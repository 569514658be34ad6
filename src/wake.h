/*
 * wake.h
 *	  Tell the workers that there is work.
 */
#ifndef ESTATE_WAKE_H
#define ESTATE_WAKE_H

#include "estate.h"

#include "access/xact.h"

/* a step of transaction_end.c */
extern void wake_at_end(XactEvent event);

#endif							/* ESTATE_WAKE_H */
