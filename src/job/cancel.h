/*
 * cancel.h
 *	  Jobs that somebody does not want any more.
 */
#ifndef ESTATE_CANCEL_H
#define ESTATE_CANCEL_H

#include "estate.h"

extern void cancel_sweep(void);

#endif							/* ESTATE_CANCEL_H */
