/*
 * history.h
 *	  Jobs that have ended: the part of the history that is written, and what
 *	  is forgotten.
 */
#ifndef ESTATE_HISTORY_H
#define ESTATE_HISTORY_H

#include "estate.h"

#include "utils/relcache.h"

#define HISTORY_PART_PAGES 4096 /* 32 MB: then another part is begun */

extern Relation history_open_newest(void);
extern const char *history_newest_name(void);
extern bool history_is_large(void);
extern bool history_tidy(void);

#endif							/* ESTATE_HISTORY_H */
