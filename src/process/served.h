/*
 * served.h
 *	  Which of the databases in estate.databases have workers, and why others do not.
 */
#ifndef ESTATE_SERVED_H
#define ESTATE_SERVED_H

#include "estate.h"

#include "nodes/pg_list.h"

typedef enum ServedState
{
	SERVED,
	SERVED_MISSING,				/* there is no such database */
	SERVED_TEMPLATE,
	SERVED_CLOSED,				/* allows no connections */
	SERVED_INVALID,				/* DROP DATABASE was interrupted */
	SERVED_NO_ROOM				/* more are served already than there is room for */
} ServedState;

typedef struct ServedDatabase
{
	const char *name;
	Oid			database;
	ServedState state;
} ServedDatabase;

extern List *served_databases(void);
extern const char *served_reason(ServedState state);
extern bool served_is_named(const char *name);
extern void served_complain(List *databases);

#endif							/* ESTATE_SERVED_H */
