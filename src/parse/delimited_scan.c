/*
 * delimited_scan.c
 *	  Where a delimited record and its fields begin and end.
 *
 * A leaf; changes no bytes but those that it is told to, and allocates nothing
 * but more room for fields, where the first of it is.
 *
 * The dialect: a field that begins with the quote (blanks before it do not
 * count) ends with a single quote; a doubled one stands for itself; delimiters
 * and line ends in between are its text.  A quote further on in an unquoted
 * field is an ordinary character.  Lines end with LF, CR LF or CR.
 */
#include "parse/delimited_scan.h"

/* The first line end or delimiter from p on; end if none */
static const char *
find_special(const char *p, const char *end, char delimiter)
{
	while (p < end && *p != delimiter && *p != '\n' && *p != '\r')
		p++;
	return p;
}

/*
 * Steps over a quoted field that begins at *pp, behind its opening quote.
 * False: the closing quote, or what follows it, is not here.
 */
static bool
scan_quoted(DelimitedScan *scan, ScanField *field, const char *bytes, const char **pp, const char *end, bool last)
{
	const char *p = *pp;

	field->start = p - bytes;
	for (;;)
	{
		const char *quote = memchr(p, scan->quote, end - p);

		if (quote == NULL || (quote + 1 == end && !last))
			return false;
		p = quote + 1;
		if (p == end || *p != scan->quote)
		{
			field->end = quote - bytes;
			break;
		}
		field->doubled = true;
		p++;
	}
	while (p < end && *p == ' ')
		p++;
	*pp = p;
	return p < end || last;
}

static ScanResult
broken(DelimitedScan *scan, ScanResult result, size_t at, const char *error)
{
	scan->broken_at = at;
	scan->error = error;
	return result;
}

/* No end of the record before the end of the bytes: what does that mean? */
static ScanResult
unfinished(DelimitedScan *scan, size_t len, bool cut, bool last)
{
	if (cut)
		return broken(scan, SCAN_TOO_LARGE, len, "the record is larger than 4 MB, or a quote is never closed");
	if (last)
		return broken(scan, SCAN_BROKEN, len, "a quote is never closed: the source may have been cut");
	return SCAN_MORE;
}

/* Behind the record's line end at p; 0: the second half of CR LF may be still to come */
static size_t
behind_line_end(const char *p, const char *end, bool last)
{
	if (p == end)
		return 0;
	if (*p == '\n')
		return 1;
	if (p + 1 == end)
		return last ? 1 : 0;
	return p[1] == '\n' ? 2 : 1;
}

/*
 * Scans one record from the start of bytes.  Sets raw_len to its length
 * without line end, and next to where the next one begins.
 */
ScanResult
delimited_scan(DelimitedScan *scan, const char *bytes, size_t len, bool last, size_t *raw_len, size_t *next)
{
	bool		cut = len > RECORD_MAX_BYTES;
	const char *end = bytes + (cut ? RECORD_MAX_BYTES : len);
	const char *p = bytes;
	bool		final = last && !cut;

	scan->nfields = 0;
	for (;;)
	{
		ScanField  *field;
		const char *begin = p;

		if (scan->nfields == RECORD_MAX_FIELDS)
			return broken(scan, SCAN_TOO_LARGE, p - bytes, "the record has more than 4096 fields");
		if (scan->nfields == scan->size)
		{
			scan->size *= 2;
			scan->fields = repalloc(scan->fields, scan->size * sizeof(ScanField));
		}
		field = &scan->fields[scan->nfields++];
		field->doubled = false;

		if (scan->quoting)
		{
			while (p < end && *p == ' ')
				p++;
		}
		if (scan->quoting && p < end && *p == scan->quote)
		{
			p++;
			if (!scan_quoted(scan, field, bytes, &p, end, final))
				return unfinished(scan, end - bytes, cut, last);
			if (p < end && *p != scan->delimiter && *p != '\n' && *p != '\r')
				return broken(scan, SCAN_BROKEN, p - bytes, "text after the closing quote of a field");
		}
		else
		{
			p = find_special(p, end, scan->delimiter);
			field->start = begin - bytes;
			field->end = p - bytes;
		}

		if (p < end && *p == scan->delimiter)
			p++;
		else if (p < end)
			break;
		else if (!final)
			return unfinished(scan, end - bytes, cut, last);
		else
			break;
	}

	*raw_len = p - bytes;
	*next = *raw_len + behind_line_end(p, end, last);
	if (p < end && *next == *raw_len)
		return cut ? unfinished(scan, end - bytes, cut, last) : SCAN_MORE;
	return SCAN_RECORD;
}

/*
 * Chooses the delimiter that the first line has most of, outside quotes; a
 * comma if it has none.  False: the line's end is not here.
 */
bool
delimited_guess(DelimitedScan *scan, const char *bytes, size_t len, bool last)
{
	static const char candidates[] = {',', '\t', ';', '|'};
	int			count[lengthof(candidates)] = {0};
	bool		quoted = false;
	int			best = 0;
	size_t		i;

	for (i = 0; i < len; i++)
	{
		if (scan->quoting && bytes[i] == scan->quote)
			quoted = !quoted;
		else if (!quoted && (bytes[i] == '\n' || bytes[i] == '\r'))
			break;
		for (int c = 0; c < lengthof(candidates); c++)
		{
			if (!quoted && bytes[i] == candidates[c])
				count[c]++;
		}
	}
	if (i == len && !last)
		return false;
	for (int c = 1; c < lengthof(candidates); c++)
	{
		if (count[c] > count[best])
			best = c;
	}
	scan->delimiter = candidates[best];
	return true;
}

/* Behind the end of the line that begins at from; len if it has none */
size_t
delimited_line_end(const char *bytes, size_t from, size_t len)
{
	const char *p = bytes + from;
	const char *end = bytes + len;

	while (p < end && *p != '\n' && *p != '\r')
		p++;
	if (p == end)
		return len;
	return (p - bytes) + behind_line_end(p, end, true);
}

/* Makes one quote of each doubled one, in place; returns the new length */
uint32
delimited_undouble(char *value, uint32 len, char quote)
{
	uint32		out = 0;

	for (uint32 in = 0; in < len; in++)
	{
		value[out++] = value[in];
		if (value[in] == quote)
			in++;
	}
	return out;
}

/* Moves the bounds of a copied field past the blanks around it */
void
delimited_trim(ScanField *field)
{
	while (field->len > 0 && isspace((unsigned char) *field->value))
		field->value++, field->len--;
	while (field->len > 0 && isspace((unsigned char) field->value[field->len - 1]))
		field->len--;
	field->value[field->len] = '\0';
}
