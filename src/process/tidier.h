/*
 * tidier.h
 *	  A process of its own for what takes long and is not urgent.
 */
#ifndef ESTATE_TIDIER_H
#define ESTATE_TIDIER_H

#include "estate.h"

extern void tidier_start_if_due(EstateDatabaseSlot *slot, int number);

#endif							/* ESTATE_TIDIER_H */
