/*
 * promote.h
 *	  Jobs that have waited long enough go to the lanes.
 */
#ifndef ESTATE_PROMOTE_H
#define ESTATE_PROMOTE_H

#include "job/run.h"

extern int	job_promote_due(JobScope *scope);
extern int	job_promote_held(void);

#endif							/* ESTATE_PROMOTE_H */
