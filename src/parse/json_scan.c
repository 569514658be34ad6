/*
 * json_scan.c
 *	  Where JSON values begin and end, without looking into them.
 *
 * A leaf; allocates nothing.  Only strings and brackets count here, so that
 * what is wrong within one value of an array does not hide where the next one
 * begins.
 */
#include "parse/json_scan.h"

const char *
json_skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

/* Behind the string that begins at p; NULL: it has no end */
static const char *
skip_string(const char *p, const char *end)
{
	const char *begin = ++p;

	for (;;)
	{
		const char *quote = memchr(p, '"', end - p);
		const char *escape;

		if (quote == NULL)
			return NULL;
		for (escape = quote; escape > begin && escape[-1] == '\\'; escape--)
			;
		p = quote + 1;
		if ((quote - escape) % 2 == 0)
			return p;
	}
}

/* Behind a number or a word */
static const char *
skip_word(const char *p, const char *end)
{
	while (p < end && *p != ',' && *p != ']' && *p != '}' && *p != ':' && *p != '"' &&
		   *p != '[' && *p != '{' && *p != ' ' && *p != '\n' && *p != '\r' && *p != '\t')
		p++;
	return p;
}

JsonSkip
json_skip_value(const char **pp, const char *end, int *depth)
{
	const char *p = *pp;
	uint64		in_object = 0;	/* the last 64 open brackets, a bit each, the lowest the last */
	int			open = 0;

	*depth = 0;
	if (p == end)
		return JSON_SKIP_CUT;
	do
	{
		switch (*p)
		{
			case '"':
				p = skip_string(p, end);
				if (p == NULL)
					return JSON_SKIP_CUT;
				break;
			case '{':
			case '[':
				in_object = (in_object << 1) | (*p == '{');
				open++;
				*depth = Max(*depth, open);
				p++;
				break;
			case '}':
			case ']':
				/* what was pushed out of the 64 bits cannot be checked */
				if (open == 0 || (*depth <= 64 && (in_object & 1) != (*p == '}')))
					return JSON_SKIP_MISMATCH;
				in_object >>= 1;
				open--;
				p++;
				break;
			case ',':
			case ':':
			case ' ':
			case '\n':
			case '\r':
			case '\t':
				if (open == 0)
					return JSON_SKIP_MISMATCH;
				p++;
				break;
			default:
				p = skip_word(p, end);
				break;
		}
		if (open == 0)
		{
			*pp = p;
			return JSON_SKIP_OK;
		}
	} while (p < end);
	return JSON_SKIP_CUT;
}
