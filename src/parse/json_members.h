/*
 * json_members.h
 *	  One JSON object or array into fields, for json.c.
 */
#ifndef ESTATE_JSON_MEMBERS_H
#define ESTATE_JSON_MEMBERS_H

#include "parse/record.h"

extern void json_members(const char *bytes, int len, int guess, Record *record);

#endif							/* ESTATE_JSON_MEMBERS_H */
