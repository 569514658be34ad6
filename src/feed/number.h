/*
 * number.h
 *	  Numbers and amounts as feeds write them, without throwing.
 */
#ifndef ESTATE_NUMBER_H
#define ESTATE_NUMBER_H

#include "estate.h"

#include "utils/numeric.h"

#define NUMBER_TEXT_MAX 96

typedef struct NumberText
{
	char		text[NUMBER_TEXT_MAX];	/* sign, digits, point, digits, exponent */
	int			whole_digits;	/* before the point, without leading zeros */
	int			fraction_digits;	/* behind it, without trailing zeros */
	bool		has_exponent;
	char		currency[4];	/* code that came with an amount; empty: none */
	const char *sign_codes;		/* codes that its sign can stand for; NULL: no sign */
	const char *rest;			/* of the text, where it goes on behind the number */
} NumberText;

typedef enum NumberResult
{
	NUMBER_OK,
	NUMBER_AND_REST,			/* a number, and other text behind it */
	NUMBER_BAD_TEXT,
	NUMBER_OUT_OF_RANGE			/* NaN, infinity, or more digits than anything here has */
} NumberResult;

/* Reads "1,101", "$301,001.50", "$350K", "EUR 1.234,5" (decimal_comma), "1e3" */
extern NumberResult number_read(const char *text, bool amount, bool decimal_comma,
								NumberText *number);

/* To the types of columns; NUMBER_BAD_TEXT: not a whole number */
extern NumberResult number_to_int64(const NumberText *number, int64 *result);
extern NumberResult number_to_numeric(const NumberText *number, int32 typmod, Datum *result);

#endif							/* ESTATE_NUMBER_H */
