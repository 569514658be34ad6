/*
 * worker.h
 *	  What the launcher hands to a worker it starts.
 */
#ifndef ESTATE_WORKER_H
#define ESTATE_WORKER_H

#include "estate.h"

/* bgw_main_arg: both numbers in one */
#define WORKER_ARGUMENT(slot, worker) ((slot) * ESTATE_MAX_WORKERS + (worker))
#define WORKER_SLOT(argument) ((argument) / ESTATE_MAX_WORKERS)
#define WORKER_NUMBER(argument) ((argument) % ESTATE_MAX_WORKERS)

#endif							/* ESTATE_WORKER_H */
