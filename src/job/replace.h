/*
 * replace.h
 *	  A job that waits is asked for anew.
 */
#ifndef ESTATE_REPLACE_H
#define ESTATE_REPLACE_H

#include "job/job.h"

extern bool replace_waiting(int64 id, const Job *with, bool network);

#endif							/* ESTATE_REPLACE_H */
