/*
 * value_parts.h
 *	  Between value.c, which knows the forms of values, and value_number.c.
 */
#ifndef ESTATE_VALUE_PARTS_H
#define ESTATE_VALUE_PARTS_H

#include "feed/value.h"

extern bool value_refuse(ValueError *error, const char *code, const Field *field,
						 const char *format,...) pg_attribute_printf(4, 5);
extern bool value_to_text(const ValueRule *rule, const Field *field, const char *text,
						  Datum *result,
						  ValueError *error);
extern bool value_to_number(const ValueRule *rule, const Field *field, Datum *result, bool *isnull,
							ValueError *error);

#endif							/* ESTATE_VALUE_PARTS_H */
