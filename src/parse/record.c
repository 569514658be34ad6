/*
 * record.c
 *	  A record as text that can be stored.
 *
 * A leaf, used in whatever process runs a feed.  Results are in
 * CurrentMemoryContext.
 */
#include "parse/record.h"

#include "mb/pg_wchar.h"

/*
 * What cannot be text in the database is escaped, so that a reject shows what
 * came.  A backslash is not doubled: the text is for reading.
 */
char *
record_raw_text(const Record *record, int max_bytes, int *len)
{
	const unsigned char *in = (const unsigned char *) record->raw;
	const unsigned char *end = in + Min(record->raw_len, max_bytes);
	char	   *text = palloc((Size) (end - in) * 4 + 1);
	char	   *out = text;
	static const char hex[] = "0123456789ABCDEF";

	while (in < end)
	{
		int			valid = pg_encoding_verifymbstr(PG_UTF8, (const char *) in, end - in);

		memcpy(out, in, valid);
		out += valid;
		in += valid;
		if (in == end)
			break;
		if (record->raw_len > max_bytes && end - in < pg_encoding_mblen(PG_UTF8, (const char *) in))
			break;				/* a character that max_bytes cuts in two */
		*out++ = '\\';
		*out++ = 'x';
		*out++ = hex[*in >> 4];
		*out++ = hex[*in & 0x0F];
		in++;
	}
	*out = '\0';
	*len = out - text;
	return text;
}

char *
record_escaped(const char *bytes, int bytes_len, int *len)
{
	Record		record = {.raw = bytes, .raw_len = bytes_len};

	return record_raw_text(&record, bytes_len, len);
}
