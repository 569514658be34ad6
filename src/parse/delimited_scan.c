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
scan_find_special(const char *p, const char *end, char delimiter)
{
	while (p < end && *p != delimiter && *p != '\n' && *p != '\r')
		p++;
	return p;
}

/* Whether a quote has an odd number of backslashes before it */
static bool
is_escaped(const char *quote, const char *begin)
{
	int			n = 0;

	while (quote - n > begin && quote[-n - 1] == '\\')
		n++;
	return n % 2 == 1;
}

/*
 * Steps over a quoted field that begins at *pp, behind its opening quote.
 * False: the closing quote, or what follows it, is not here.
 */
static bool
scan_quoted(DelimitedScan *scan, ScanField *field, const char *bytes, const char **pp,
			const char *end, bool last)
{
	const char *p = *pp;

	field->start = p - bytes;
	for (;;)
	{
		const char *quote = memchr(p, scan->quote, end - p);

		if (quote == NULL || (quote + 1 == end && !last))
			return false;
		p = quote + 1;
		if (scan->backslash && is_escaped(quote, bytes + field->start))
		{
			field->doubled = true;
			continue;
		}
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
scan_broken(DelimitedScan *scan, ScanResult result, size_t at, const char *error)
{
	scan->broken_at = at;
	scan->error = error;
	return result;
}

/* No end of the record before the end of the bytes: what does that mean? */
static ScanResult
scan_unfinished(DelimitedScan *scan, size_t len, bool cut, bool last)
{
	if (cut)
		return scan_broken(scan, SCAN_TOO_LARGE, len,
						   "the record is larger than 4 MB, or a quote is never closed");
	if (last)
		return scan_broken(scan, SCAN_BROKEN, len,
						   "a quote is never closed: the source may have been cut");
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
delimited_scan(DelimitedScan *scan, const char *bytes, size_t len, bool last, size_t *raw_len,
			   size_t *next)
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
			return scan_broken(scan, SCAN_TOO_LARGE, p - bytes,
							   "the record has more than 4096 fields");
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
				return scan_unfinished(scan, end - bytes, cut, last);
			if (p < end && *p != scan->delimiter && *p != '\n' && *p != '\r')
				return scan_broken(scan, SCAN_BROKEN, p - bytes,
								   "text after the closing quote of a field");
		}
		else
		{
			p = scan_find_special(p, end, scan->delimiter);
			field->start = begin - bytes;
			field->end = p - bytes;
		}

		if (p < end && *p == scan->delimiter)
			p++;
		else if (p < end)
			break;
		else if (!final)
			return scan_unfinished(scan, end - bytes, cut, last);
		else
			break;
	}

	*raw_len = p - bytes;
	*next = *raw_len + behind_line_end(p, end, last);
	if (p < end && *next == *raw_len)
		return cut ? scan_unfinished(scan, end - bytes, cut, last) : SCAN_MORE;
	return SCAN_RECORD;
}

/* What a candidate for the delimiter does in the first lines */
typedef struct Candidate
{
	char		delimiter;
	int			usual;			/* how many there are in most lines that have any */
	int			nlines;			/* in how many lines there are as many */
} Candidate;

#define GUESS_LINES 32

static void
weigh(Candidate *candidate, const int *counts, int nlines)
{
	for (int i = 0; i < nlines; i++)
	{
		int			same = 0;

		for (int j = 0; j < nlines; j++)
			same += counts[j] == counts[i];
		if (counts[i] > 0 && (same > candidate->nlines ||
							  (same == candidate->nlines && counts[i] > candidate->usual)))
		{
			candidate->usual = counts[i];
			candidate->nlines = same;
		}
	}
}

/*
 * Chooses the delimiter of which most of the first lines have the same number,
 * outside quotes, and of several the one that they have most of; a comma if
 * there is none.
 */
void
delimited_guess(DelimitedScan *scan, const char *bytes, size_t len)
{
	Candidate	candidates[] = {{','}, {'\t'}, {';'}, {'|'}};
	int			counts[lengthof(candidates)][GUESS_LINES] = {{0}};
	bool		quoted = false;
	bool		at_begin = true;
	int			line = 0;
	int			best = 0;

	for (size_t i = 0; i < len && line < GUESS_LINES; i++)
	{
		bool		is_delimiter = false;

		if (scan->quoting && bytes[i] == scan->quote && (quoted || at_begin))
		{
			quoted = !quoted;
			at_begin = false;
			continue;
		}
		if (quoted)
			continue;
		if (bytes[i] == '\n' || bytes[i] == '\r')
		{
			if (i > 0 && bytes[i - 1] != '\n' && bytes[i - 1] != '\r')
				line++;
			at_begin = true;
			continue;
		}
		for (int c = 0; c < lengthof(candidates); c++)
		{
			if (bytes[i] != candidates[c].delimiter)
				continue;
			counts[c][line]++;
			is_delimiter = true;
		}
		at_begin = is_delimiter || (at_begin && bytes[i] == ' ');
	}
	for (int c = 0; c < lengthof(candidates); c++)
	{
		weigh(&candidates[c], counts[c], Min(line + 1, GUESS_LINES));
		if (candidates[c].nlines > candidates[best].nlines ||
			(candidates[c].nlines == candidates[best].nlines &&
			 candidates[c].usual > candidates[best].usual))
			best = c;
	}
	scan->delimiter = candidates[best].delimiter;
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

/* Makes one quote of each doubled or escaped one, in place; returns the new length */
uint32
delimited_undouble(char *value, uint32 len, char quote, bool backslash)
{
	uint32		out = 0;

	for (uint32 in = 0; in < len; in++)
	{
		if (backslash && value[in] == '\\' && in + 1 < len &&
			(value[in + 1] == quote || value[in + 1] == '\\'))
		{
			value[out++] = value[++in];
			continue;
		}
		value[out++] = value[in];
		if (value[in] == quote)
			in++;
	}
	return out;
}
