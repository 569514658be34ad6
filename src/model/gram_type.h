/*
 * gram_type.h
 *	  The SQL type estate.gram.
 */
#ifndef ESTATE_MODEL_GRAM_TYPE_H
#define ESTATE_MODEL_GRAM_TYPE_H

#include "model/gram.h"

extern Gram *datum_get_gram(Datum value);
extern Gram *datum_get_writable_gram(Datum value, MemoryContext context, Datum *writable);
extern Datum new_gram(MemoryContext context, int p, Gram **gram);

#endif							/* ESTATE_MODEL_GRAM_TYPE_H */
