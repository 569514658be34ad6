/*
 * suspect.h
 *	  Jobs that may have crashed the server.
 */
#ifndef ESTATE_SUSPECT_H
#define ESTATE_SUSPECT_H

#include "estate.h"

extern void suspect_settle(void);
extern void suspect_forget(void);

#endif							/* ESTATE_SUSPECT_H */
