/*
 * nothing.h
 *	  Words by which sources say that they have no value.
 */
#ifndef ESTATE_NOTHING_H
#define ESTATE_NOTHING_H

#include "estate.h"

#include "utils/jsonb.h"

typedef struct Nothing Nothing;

/* words: an array of texts, the feed's own; NULL: the usual ones.  In CurrentMemoryContext */
extern Nothing *nothing_words(const Jsonb *words);

/*
 * Whether a text, trimmed, stands for nothing; as_text: in a column of text,
 * where fewer words do
 */
extern bool nothing_is(const Nothing *nothing, const char *text, int len, bool as_text);

#endif							/* ESTATE_NOTHING_H */
