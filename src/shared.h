/*
 * shared.h
 *	  Which jobs a worker has in hand, as others see them.
 */
#ifndef ESTATE_SHARED_H
#define ESTATE_SHARED_H

#include "estate.h"

extern void estate_set_my_slot(EstateWorkerSlot *slot);
extern void estate_running_add(const EstateRunning *running);
extern TimestampTz estate_running_since(int64 id);
extern void estate_running_remove(int64 id);
extern bool estate_running_cancelled(int64 id);
extern bool estate_is_running(int64 id);
extern void estate_running_cancel(int64 id);
extern bool estate_report_progress(int64 id, double done, double total, const char *note);

#endif							/* ESTATE_SHARED_H */
