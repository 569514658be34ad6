/*
 * tidier.h
 *	  A process of its own for what takes long and is not urgent.
 */
#ifndef ESTATE_TIDIER_H
#define ESTATE_TIDIER_H

#include "estate.h"

extern bool tidier_ask_if_due(EstateDatabaseSlot *slot);

#endif							/* ESTATE_TIDIER_H */
