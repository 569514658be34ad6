/*
 * start.h
 *	  Start the processes of databases, as far as there are any to be had.
 */
#ifndef ESTATE_START_H
#define ESTATE_START_H

#include "estate.h"

#include "postmaster/bgworker.h"

extern EstateArea start_area;

extern bool start_worker(int slot, int number, Oid database, BackgroundWorkerHandle **handle);
extern void start_tidier(int slot, Oid database);
extern bool start_is_short(void);
extern TimestampTz start_refused_at(void);

#endif							/* ESTATE_START_H */
