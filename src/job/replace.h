/*
 * replace.h
 *	  A job that waits is asked for anew.
 */
#ifndef ESTATE_REPLACE_H
#define ESTATE_REPLACE_H

#include "estate.h"

extern bool replace_waiting(int64 id);

#endif							/* ESTATE_REPLACE_H */
