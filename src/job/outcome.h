/*
 * outcome.h
 *	  What the network said, as an error of PostgreSQL.
 */
#ifndef ESTATE_OUTCOME_H
#define ESTATE_OUTCOME_H

#include "net/net.h"

extern void job_require_outcome(const NetRequest *request, const char *what);

#endif							/* ESTATE_OUTCOME_H */
