/*
 * target.h
 *	  Where effects go, and what credential a feed has: a SERVER of the
 *	  foreign data wrapper estate_target.
 */
#ifndef ESTATE_TARGET_H
#define ESTATE_TARGET_H

#include "estate.h"

typedef struct Target
{
	const char *name;
	const char *kind;			/* s3, folder, smtp or http */
	const char *url;
	const char *secret;			/* NULL: the mapping names none */
} Target;

extern void target_require_usage(const char *name, Oid role);
extern Target *target_open(const char *name, Oid role);
extern const char *target_folder(const Target *target);
extern void target_require_host(const Target *target, const char *url);

#endif							/* ESTATE_TARGET_H */
