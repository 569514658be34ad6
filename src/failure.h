/*
 * failure.h
 *	  Failures of what runs by itself, in the server's log.
 */
#ifndef ESTATE_FAILURE_H
#define ESTATE_FAILURE_H

#include "estate.h"

#include "access/xact.h"

extern void failure_note(int sqlerrcode, const char *what, const char *message, const char *of);

/* steps of transaction_end.c */
extern void failure_before_end(XactEvent event);
extern void failure_at_end(XactEvent event);
extern void failure_at_subtransaction_end(SubXactEvent event, SubTransactionId mine,
										  SubTransactionId parent);

#endif							/* ESTATE_FAILURE_H */
