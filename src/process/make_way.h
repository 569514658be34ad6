/*
 * make_way.h
 *	  Workers make way for statements that need their database to themselves.
 */
#ifndef ESTATE_MAKE_WAY_H
#define ESTATE_MAKE_WAY_H

#include "estate.h"

#include "access/xact.h"

/* called once, when the module is preloaded */
extern void make_way_install(void);

/* a step of transaction_end.c */
extern void make_way_at_end(XactEvent event);

#endif							/* ESTATE_MAKE_WAY_H */
