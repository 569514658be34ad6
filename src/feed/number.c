/*
 * number.c
 *	  Numbers and amounts as feeds write them, without throwing.
 *
 * Used by whatever process runs a feed.  PostgreSQL 15 has no input functions
 * that report instead of throwing; so the text is brought into a form that
 * numeric_in is known to take, and what cannot fit is found before the call.
 * Results are in CurrentMemoryContext.
 */
#include "feed/number.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

/* more digits than this, with its exponent, is no quantity of real estate */
#define MAX_DIGITS 40

/* and further digits of a fraction say nothing */
#define MAX_FRACTION_DIGITS 30

#define DOLLARS "USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU DOP JMD TTD BBD BSD BZD " \
	"FJD XCD BMD KYD GYD LRD NAD SRD BND NIO CVE MOP"

/* signs of currencies, the longer ones first, and the codes of those that use them */
static const struct
{
	const char *sign;
	const char *codes;
}			currency_signs[] = {
	{"US$", "USD"}, {"AU$", "AUD"}, {"CA$", "CAD"}, {"NZ$", "NZD"}, {"HK$", "HKD"}, {"NT$", "TWD"},
	{"MX$", "MXN"}, {"R$", "BRL"}, {"A$", "AUD"}, {"C$", "CAD NIO"}, {"S$", "SGD"}, {"$", DOLLARS},
	{"\xE2\x82\xAC" /* euro */ , "EUR"}, {"\xC2\xA3" /* pound */ , "GBP GIP FKP SHP EGP LBP"},
	{"\xC2\xA5" /* yen */ , "JPY CNY"}, {"\xE2\x82\xB9" /* rupee */ , "INR"},
	{"\xE2\x82\xBA" /* lira */ , "TRY"}, {"\xE2\x82\xA9" /* won */ , "KRW KPW"},
	{"\xE2\x82\xAA" /* shekel */ , "ILS"}, {"\xE0\xB8\xBF" /* baht */ , "THB"},
	{"\xE2\x82\xB1" /* peso */ , "PHP CUP"}, {"\xE2\x82\xAB" /* dong */ , "VND"},
	{"\xE2\x82\xB4" /* hryvnia */ , "UAH"}
};

/* Steps over blanks, also those that do not break */
static const char *
skip_blanks(const char *p)
{
	for (;;)
	{
		if (*p == ' ' || *p == '\t')
			p++;
		else if (strncmp(p, "\xC2\xA0", 2) == 0)
			p += 2;
		else if (strncmp(p, "\xE2\x80\xAF", 3) == 0)
			p += 3;
		else
			return p;
	}
}

/* Steps over a sign or a three-letter code of a currency */
static const char *
skip_currency(const char *p, NumberText *number)
{
	for (int i = 0; i < lengthof(currency_signs); i++)
	{
		int			len = strlen(currency_signs[i].sign);

		if (strncmp(p, currency_signs[i].sign, len) != 0)
			continue;
		number->sign_codes = currency_signs[i].codes;
		return p + len;
	}
	if (isupper((unsigned char) p[0]) && isupper((unsigned char) p[1]) &&
		isupper((unsigned char) p[2]) &&
		!isalpha((unsigned char) p[3]))
	{
		memcpy(number->currency, p, 3);
		number->currency[3] = '\0';
		p = skip_blanks(p + 3);
		return *p == '$' ? p + 1 : p;
	}

	/* US$, A$ */
	if (isupper((unsigned char) p[0]) && p[1] == '$')
		return p + 2;
	if (isupper((unsigned char) p[0]) && isupper((unsigned char) p[1]) && p[2] == '$')
		return p + 3;
	return p;
}

/* NaN, Inf, -Infinity */
static bool
is_no_quantity(const char *p)
{
	if (*p == '-' || *p == '+')
		p++;
	return pg_strcasecmp(p, "nan") == 0 || pg_strcasecmp(p, "inf") == 0 ||
		pg_strcasecmp(p, "infinity") == 0;
}

/* The length of a group separator at p: a comma (or point), an apostrophe, or a blank; 0: none */
static int
group_separator(const char *p, bool decimal_comma)
{
	if (*p == (decimal_comma ? '.' : ',') || *p == '\'' || *p == ' ')
		return 1;
	if (strncmp(p, "\xC2\xA0", 2) == 0)
		return 2;
	return strncmp(p, "\xE2\x80\xAF", 3) == 0 ? 3 : 0;
}

/*
 * Reads the digits before the point into *out.  Groups have three digits, the
 * inner ones may have two (lakh): "1,10" is no number, so that a decimal
 * comma is not taken for a separator.
 */
static bool
read_whole(const char **pp, bool decimal_comma, char **out, NumberText *number)
{
	const char *p = *pp;
	int			separator = 0;
	int			in_group = 0;
	int			ngroups = 0;

	for (;;)
	{
		int			len;

		if (isdigit((unsigned char) *p))
		{
			if (number->whole_digits > 0 || *p != '0')
			{
				if (++number->whole_digits > MAX_DIGITS)
					return true;
				*(*out)++ = *p;
			}
			in_group++;
			p++;
			continue;
		}

		len = group_separator(p, decimal_comma);
		if (len == 0 || in_group == 0 || !isdigit((unsigned char) p[len]))
			break;
		if (ngroups > 0 && (*p != separator || in_group < 2 || in_group > 3))
			return false;
		if (ngroups == 0 && in_group > 3)
			return false;
		separator = *p;
		ngroups++;
		in_group = 0;
		p += len;
	}
	if (ngroups > 0 && in_group != 3)
		return false;
	if (number->whole_digits == 0)
		*(*out)++ = '0';
	*pp = p;
	return true;
}

/* Reads point and fraction; digits beyond MAX_FRACTION_DIGITS are dropped */
static const char *
read_fraction(const char *p, char **out, NumberText *number)
{
	char	   *begin = *out;

	*(*out)++ = '.';
	for (p++; isdigit((unsigned char) *p); p++)
	{
		if (*out - begin <= MAX_FRACTION_DIGITS)
			*(*out)++ = *p;
	}
	while ((*out)[-1] == '0')
		(*out)--;
	number->fraction_digits = *out - begin - 1;
	if (number->fraction_digits == 0)
		*out = begin;
	return p;
}

static const char *
read_exponent(const char *p, char **out, NumberText *number)
{
	long		exponent;
	char	   *end;

	exponent = strtol(p + 1, &end, 10);
	number->has_exponent = true;
	if (exponent > 1000 || exponent < -1000)
		exponent = exponent < 0 ? -1000 : 1000;
	*(*out)++ = 'e';
	*out += pg_ltoa((int32) exponent, *out);
	if (exponent > 0 && (number->whole_digits > 0 || number->fraction_digits > 0))
		number->whole_digits += exponent;
	return end;
}

/* K and M behind an amount, or the words for them, as an exponent */
static const char *
read_multiple(const char *p, char **out, NumberText *number)
{
	static const struct
	{
		const char *word;
		int			power;
	}			multiples[] = {{"million", 6}, {"mio", 6}, {"thousand", 3}, {"k", 3}, {"m", 6}};
	const char *word = skip_blanks(p);

	for (int i = 0; i < lengthof(multiples); i++)
	{
		int			len = strlen(multiples[i].word);

		if (pg_strncasecmp(word, multiples[i].word, len) != 0 || isalnum((unsigned char) word[len]))
			continue;
		*(*out)++ = 'e';
		*out += pg_ltoa(multiples[i].power, *out);
		number->has_exponent = true;
		number->whole_digits += multiples[i].power;
		return word + len;
	}
	return p;
}

NumberResult
number_read(const char *text, bool amount, bool decimal_comma, NumberText *number)
{
	const char *p = text;
	char	   *out = number->text;
	bool		negative;
	char		point = decimal_comma ? ',' : '.';
	const char *digits;

	memset(number, 0, sizeof(*number));
	if (is_no_quantity(p))
		return NUMBER_OUT_OF_RANGE;

	negative = (*p == '-');
	if (*p == '-' || *p == '+')
		p++;
	if (amount)
		p = skip_blanks(skip_currency(p, number));
	if (amount && !negative && (*p == '-' || *p == '+'))
		negative = (*p++ == '-');
	if (negative)
		*out++ = '-';

	digits = p;
	if (!read_whole(&p, decimal_comma, &out, number))
		return NUMBER_BAD_TEXT;
	if (number->whole_digits > MAX_DIGITS)
		return NUMBER_OUT_OF_RANGE;
	if (*p == point && (isdigit((unsigned char) p[1]) || p > digits))
		p = read_fraction(p, &out, number);
	if (p == digits)
		return NUMBER_BAD_TEXT;
	if ((*p == 'e' || *p == 'E') &&
		(isdigit((unsigned char) p[1]) ||
		 ((p[1] == '-' || p[1] == '+') && isdigit((unsigned char) p[2]))))
		p = read_exponent(p, &out, number);
	else if (amount)
		p = read_multiple(p, &out, number);
	*out = '\0';

	p = skip_blanks(p);
	if (amount)
		p = skip_blanks(skip_currency(p, number));
	number->rest = p;
	if (number->whole_digits > MAX_DIGITS)
		return NUMBER_OUT_OF_RANGE;
	return *p == '\0' ? NUMBER_OK : NUMBER_AND_REST;
}

NumberResult
number_to_int64(const NumberText *number, int64 *result)
{
	char	   *end;

	if (number->has_exponent)
	{
		double		value = strtod(number->text, NULL);

		if (value != rint(value))
			return NUMBER_BAD_TEXT;
		if (fabs(value) > 9007199254740992.0)
			return NUMBER_OUT_OF_RANGE;
		*result = (int64) value;
		return NUMBER_OK;
	}
	if (number->fraction_digits > 0)
		return NUMBER_BAD_TEXT;
	if (number->whole_digits > 18)
		return NUMBER_OUT_OF_RANGE;
	*result = strtoll(number->text, &end, 10);
	return NUMBER_OK;
}

static Datum
numeric_from_text(const char *text, int32 typmod)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(typmod));
}

/* Precision and scale as numeric's typmod holds them */
NumberResult
number_to_numeric(const NumberText *number, int32 typmod, Datum *result)
{
	int			precision,
				scale;
	char		limit[8];

	if (typmod < (int32) VARHDRSZ)
	{
		*result = numeric_from_text(number->text, -1);
		return NUMBER_OK;
	}
	precision = ((typmod - VARHDRSZ) >> 16) & 0xffff;
	scale = (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;

	/* with a digit to spare, rounding cannot make it too large */
	if (!number->has_exponent && number->whole_digits < precision - scale)
	{
		*result = numeric_from_text(number->text, typmod);
		return NUMBER_OK;
	}

	*result = DirectFunctionCall2(numeric_round, numeric_from_text(number->text, -1),
								  Int32GetDatum(scale));
	snprintf(limit, sizeof(limit), "1e%d", precision - scale);
	if (DatumGetBool(DirectFunctionCall2(numeric_ge, DirectFunctionCall1(numeric_abs, *result),
										 numeric_from_text(limit, -1))))
		return NUMBER_OUT_OF_RANGE;
	return NUMBER_OK;
}
