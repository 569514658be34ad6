/*
 * cancel.h
 *	  Jobs that somebody does not want any more.
 */
#ifndef ESTATE_CANCEL_H
#define ESTATE_CANCEL_H

#include "estate.h"

#include "access/xact.h"

extern void cancel_sweep(void);

/* steps of transaction_end.c */
extern void cancel_at_end(XactEvent event);
extern void cancel_at_subtransaction_end(SubXactEvent event,
										 SubTransactionId mine, SubTransactionId parent);

#endif							/* ESTATE_CANCEL_H */
