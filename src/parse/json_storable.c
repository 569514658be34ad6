/*
 * json_storable.c
 *	  JSON without what no text in the database can hold.
 *
 * A leaf, used in whatever process runs a feed.  PostgreSQL's parser refuses a
 * whole document for one \u0000 in it, or for half a surrogate pair, as
 * programs leave that cut texts at so many characters.  One such text must not
 * cost the record.  Results are in CurrentMemoryContext.
 */
#include "parse/json_storable.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

typedef struct Replacing
{
	StringInfoData text;
	JsonEscape *escapes;
	int			nescapes;
	int			size;
} Replacing;

/* The four hexadecimal digits behind \u; -1: they are not there */
static int
code_unit(const char *p, const char *end)
{
	int			code = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++)
	{
		char		c = pg_ascii_tolower((unsigned char) p[i]);

		if (!isxdigit((unsigned char) c))
			return -1;
		code = code * 16 + (isdigit((unsigned char) c) ? c - '0' : c - 'a' + 10);
	}
	return code;
}

/*
 * The length of the escape at p, which begins with a backslash; *bad: what it
 * stands for cannot be stored
 */
static int
escape_length(const char *p, const char *end, bool *bad)
{
	int			code = code_unit(p, end);
	int			low;

	*bad = false;
	if (code < 0)
		return Min(2, end - p);
	if (code >= 0xD800 && code < 0xDC00)
	{
		low = code_unit(p + 6, end);
		if (low >= 0xDC00 && low < 0xE000)
			return 12;
	}
	*bad = code == 0 || (code >= 0xD800 && code < 0xE000);
	return 6;
}

static void
storable_replace(Replacing *to, const char *by, int len, int replaced)
{
	if (to->nescapes == to->size)
	{
		to->size = Max(2 * to->size, 8);
		to->escapes = to->escapes ? repalloc(to->escapes, to->size * sizeof(JsonEscape))
			: palloc(to->size * sizeof(JsonEscape));
	}
	to->escapes[to->nescapes].at = to->text.len;
	to->escapes[to->nescapes++].grown = len - replaced;
	appendBinaryStringInfo(&to->text, by, len);
}

/* Whether there may be something to replace, in one pass that is cheap */
static bool
is_storable(const char *bytes, int len)
{
	const char *p = bytes;
	const char *end = bytes + len;

	while ((p = memchr(p, '\\', end - p)) != NULL)
	{
		bool		bad;

		p += escape_length(p, end, &bad);
		if (bad)
			return false;
	}
	return pg_encoding_verifymbstr(PG_UTF8, bytes, len) == len;
}

const char *
json_storable(const char *bytes, int len, int *new_len, const JsonEscape **escapes, int *nescapes)
{
	Replacing	to = {{0}};
	const char *p = bytes;
	const char *end = bytes + len;

	*new_len = len;
	*nescapes = 0;
	*escapes = NULL;
	if (is_storable(bytes, len))
		return bytes;

	initStringInfo(&to.text);
	while (p < end)
	{
		bool		bad;
		int			n;

		if (*p == '\\')
		{
			n = escape_length(p, end, &bad);
			if (bad)
			{
				char		escaped[8];

				escaped[0] = '\\';
				memcpy(escaped + 1, p, n);
				storable_replace(&to, escaped, n + 1, n);
			}
			else
				appendBinaryStringInfo(&to.text, p, n);
			p += n;
			continue;
		}
		n = pg_encoding_mblen(PG_UTF8, p);
		if (n <= end - p && pg_encoding_verifymbstr(PG_UTF8, p, n) == n)
			appendBinaryStringInfo(&to.text, p, n);
		else
		{
			char		escaped[8];

			snprintf(escaped, sizeof(escaped), "\\\\x%02X", (unsigned char) *p);
			storable_replace(&to, escaped, strlen(escaped), 1);
			n = 1;
		}
		p += n;
	}
	*new_len = to.text.len;
	*escapes = to.escapes;
	*nescapes = to.nescapes;
	return to.text.data;
}

char *
json_escaped_bytes(const char *bytes, int len, int *new_len)
{
	StringInfoData text;
	const char *p = bytes;
	const char *end = bytes + len;

	initStringInfo(&text);
	while (p < end)
	{
		int			valid = pg_encoding_verifymbstr(PG_UTF8, p, end - p);

		appendBinaryStringInfo(&text, p, valid);
		p += valid;
		if (p == end)
			break;
		/* half a surrogate pair, as Python has it for a byte that is no text */
		if (*p == '\0')
			appendStringInfoString(&text, "\\u0000");
		else
			appendStringInfo(&text, "\\udc%02x", (unsigned char) *p);
		p++;
	}
	*new_len = text.len;
	return text.data;
}
