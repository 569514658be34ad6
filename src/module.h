/*
 * module.h
 *	  What module.c calls when the module is loaded.
 */
#ifndef ESTATE_MODULE_H
#define ESTATE_MODULE_H

#include "estate.h"

/* estate.c */
extern void estate_define_settings(void);

/* shared.c */
extern void estate_request_memory(EstateArea *const *areas, int nareas);
extern void estate_make_memory(void);

/* transaction_end.c */
extern void estate_listen_to_transactions(void);

#endif							/* ESTATE_MODULE_H */
