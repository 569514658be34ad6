/*
 * session.h
 *	  What handlers leave in the session that runs them.
 */
#ifndef ESTATE_SESSION_H
#define ESTATE_SESSION_H

#include "estate.h"

extern void session_begin(void);
extern void session_enter_role(Oid role);
extern void session_end_batch(void);
extern void session_end(void);

#endif							/* ESTATE_SESSION_H */
