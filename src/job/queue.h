/*
 * queue.h
 *	  Queues: what they are called and how they are limited.
 */
#ifndef ESTATE_QUEUE_H
#define ESTATE_QUEUE_H

#include "estate.h"

#define QUEUE_DEFAULT 0

extern EstateQueue *queue_at(int number);
extern int	queue_find(const char *name);
extern void queue_refresh(void);
extern void queue_forget(void);

#endif							/* ESTATE_QUEUE_H */
