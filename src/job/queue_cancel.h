/*
 * queue_cancel.h
 *	  Cancel all that waits in a queue.
 */
#ifndef ESTATE_QUEUE_CANCEL_H
#define ESTATE_QUEUE_CANCEL_H

#include "job/depend.h"

extern EndedJobs queue_cancel_all(const char *name);

#endif							/* ESTATE_QUEUE_CANCEL_H */
