/*
 * drop.h
 *	  Keeps DROP EXTENSION and DROP SCHEMA with CASCADE from taking servers along.
 */
#ifndef ESTATE_DROP_H
#define ESTATE_DROP_H

extern void drop_watch(void);

#endif							/* ESTATE_DROP_H */
