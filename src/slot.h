/*
 * slot.h
 *	  Who gives slots of shared memory to databases: the launcher, and whom it
 *	  starts.
 */
#ifndef ESTATE_SLOT_H
#define ESTATE_SLOT_H

#include "estate.h"

extern void slot_lock(EstateDatabaseSlot *slot, LWLockMode mode);
extern void *slot_lock_piece(const EstateArea *area, const EstateDatabaseSlot *slot,
							 LWLockMode mode);
extern void slot_give(EstateDatabaseSlot *slot, Oid database);
extern void slot_set_launcher(pid_t pid, Latch *latch);
extern void slot_wake_launcher(void);

#endif							/* ESTATE_SLOT_H */
