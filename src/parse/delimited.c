/*
 * delimited.c
 *	  Records from delimited text: CSV, pipe, tab.
 *
 * A leaf, used in whatever process runs a feed; no catalog access, and nothing
 * is thrown for bad input.  Bytes are converted to UTF-8 as they are pushed and
 * kept in one buffer.  A record is found there in one scan (delimited_scan.c), copied
 * once, and cut into fields in the copy.  All memory belongs to the reader's
 * context.
 *
 * What cannot be a record is handed out as one with error_code set, and
 * reading goes on behind it.  After a quote that does not fit, the scan cannot
 * know which lines it had swallowed wrongly.  It looks for the first later
 * line that is a whole record by itself, so that one stray quote costs one
 * line and not the rest of the file.
 */
#include "parse/delimited.h"

#include "mb/pg_wchar.h"
#include "parse/delimited_scan.h"
#include "parse/encoding.h"
#include "utils/memutils.h"

/* a header longer than this is none */
#define HEADER_MAX_BYTES (1024 * 1024)

/* so many bytes are looked at to see what the source is */
#define SNIFF_BYTES 256

/* an incomplete record larger than this is scanned again only when it has doubled */
#define RESCAN_MIN_BYTES (64 * 1024)

/* bytes that may be scanned again because of quotes that do not fit */
#define RESYNC_BUDGET ((int64) 64 * 1024 * 1024)

struct DelimitedReader
{
	MemoryContext context;
	DelimitedScan scan;			/* delimiter, quote, and the fields last found */
	TextEncoding encoding;
	bool		has_header;
	const char *const *given_names;
	int			ngiven;

	char	   *buffer;			/* UTF-8, not yet handed out from pos on */
	size_t		len,
				size,
				pos;
	bool		last;			/* nothing more will be pushed */
	size_t		wanted;			/* bytes after pos without which a scan is no use */
	bool		skipping;		/* the rest of a line that is too long */
	int64		resync_budget;

	int			nnames;
	char	  **names;			/* NULL: not known yet */
	char	   *values;			/* copy of the record, cut into fields */
	size_t		values_size;
	Field	   *fields;
	const char *error;
};

DelimitedReader *
delimited_create(MemoryContext context, const DelimitedOptions *options)
{
	DelimitedReader *reader = MemoryContextAllocZero(context, sizeof(DelimitedReader));

	reader->context = context;
	reader->has_header = !options->no_header;
	reader->given_names = options->names;
	reader->ngiven = options->names ? options->nnames : 0;
	reader->resync_budget = RESYNC_BUDGET;
	reader->encoding = TEXT_UTF8;
	if (options->encoding && !text_encoding_parse(options->encoding, &reader->encoding))
		reader->error = MemoryContextStrdup(context, psprintf("encoding \"%s\" is not supported, only %s",
															  options->encoding, text_encoding_names()));

	if (options->delimiter == '\n' || options->delimiter == '\r' || options->delimiter == ' ' ||
		(options->delimiter && !options->no_quote && options->delimiter == (options->quote ? options->quote : '"')))
		reader->error = "a delimiter cannot be a line end, a blank or the quote";

	reader->scan.delimiter = options->delimiter;
	reader->scan.quoting = !options->no_quote;
	reader->scan.quote = options->quote ? options->quote : '"';
	reader->scan.size = 32;
	reader->scan.fields = MemoryContextAlloc(context, reader->scan.size * sizeof(ScanField));
	return reader;
}

void
delimited_push(DelimitedReader *reader, const char *bytes, size_t len, bool last)
{
	size_t		needed;

	if (reader->pos > 0)
	{
		memmove(reader->buffer, reader->buffer + reader->pos, reader->len - reader->pos);
		reader->len -= reader->pos;
		reader->pos = 0;
	}

	needed = reader->len + len * (reader->encoding == TEXT_UTF8 ? 1 : TEXT_MAX_EXPANSION) + 1;
	if (needed > reader->size)
	{
		size_t		size = Max(needed, reader->size * 2);

		if (reader->buffer == NULL)
			reader->buffer = MemoryContextAllocHuge(reader->context, size);
		else
			reader->buffer = repalloc_huge(reader->buffer, size);
		reader->size = size;
	}
	reader->len += text_to_utf8(reader->encoding, bytes, len, reader->buffer + reader->len);
	reader->last = reader->last || last;
}

const char *
delimited_error(const DelimitedReader *reader)
{
	return reader->error;
}

const char *const *
delimited_names(const DelimitedReader *reader, int *nnames)
{
	*nnames = reader->nnames;
	return (const char *const *) reader->names;
}

char
delimited_delimiter(const DelimitedReader *reader)
{
	return reader->names ? reader->scan.delimiter : 0;
}

bool
delimited_knows_encoding(const char *name)
{
	TextEncoding encoding;

	return text_encoding_parse(name, &encoding);
}

const char *
delimited_encodings(void)
{
	return text_encoding_names();
}

/* A message for the life of the reader */
static void pg_attribute_printf(2, 3)
set_error(DelimitedReader *reader, const char *format,...)
{
	char		message[512];
	va_list		args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);

	/* what is quoted from the source may not be UTF-8, or be cut in two */
	message[pg_encoding_verifymbstr(PG_UTF8, message, strlen(message))] = '\0';
	reader->error = MemoryContextStrdup(reader->context, message);
}

/* Moves behind empty lines; false: nothing but those is there */
static bool
skip_empty_lines(DelimitedReader *reader)
{
	while (reader->pos < reader->len &&
		   (reader->buffer[reader->pos] == '\n' || reader->buffer[reader->pos] == '\r'))
		reader->pos++;
	return reader->pos < reader->len;
}

/*
 * Copies the record's bytes and cuts the copy into the fields of the last
 * scan.  The copy is valid until the next call.
 */
static void
cut_fields(DelimitedReader *reader, size_t raw_len)
{
	DelimitedScan *scan = &reader->scan;

	if (raw_len + 1 > reader->values_size)
	{
		reader->values_size = Max(raw_len + 1, 2 * reader->values_size);
		if (reader->values)
			pfree(reader->values);
		reader->values = MemoryContextAlloc(reader->context, reader->values_size);
	}
	memcpy(reader->values, reader->buffer + reader->pos, raw_len);

	for (int i = 0; i < scan->nfields; i++)
	{
		ScanField  *field = &scan->fields[i];

		field->value = reader->values + field->start;
		field->len = field->end - field->start;
		if (field->doubled)
			field->len = delimited_undouble(field->value, field->len, scan->quote);
		field->value[field->len] = '\0';
	}
}

/* What the first bytes show to be no delimited text; NULL: may be some */
static const char *
foreign_format(const unsigned char *bytes, size_t len)
{
	if (len >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B)
		return "gzip";
	if (len >= 4 && memcmp(bytes, "PK\003\004", 4) == 0)
		return "a zip archive";
	if (len >= 2 && ((bytes[0] == 0xFF && bytes[1] == 0xFE) || (bytes[0] == 0xFE && bytes[1] == 0xFF)))
		return "UTF-16 text";
	if (len >= 4 && memcmp(bytes, "%PDF", 4) == 0)
		return "a PDF document";
	while (len > 0 && isspace(*bytes))
		bytes++, len--;
	if (len > 0 && *bytes == '<')
		return (len >= 5 && memcmp(bytes, "<?xml", 5) == 0) ? "XML" : "HTML or XML";
	if (len > 1 && (*bytes == '{' || *bytes == '['))
	{
		/* a brace may begin a key (land registry), but not one followed by a quote or a bracket */
		for (bytes++, len--; len > 0 && isspace(*bytes); bytes++, len--)
			;
		if (len > 0 && (*bytes == '"' || *bytes == '{' || *bytes == '['))
			return "JSON";
	}
	return NULL;
}

/* Takes the names of the fields from the scanned header, or as given, or makes them */
static void
set_names(DelimitedReader *reader)
{
	DelimitedScan *scan = &reader->scan;
	int			nfields = scan->nfields;
	char	  **names = MemoryContextAlloc(reader->context, nfields * sizeof(char *));

	if (reader->given_names && reader->ngiven != nfields)
	{
		set_error(reader, "%d names are given, but the first line has %d fields", reader->ngiven, nfields);
		return;
	}

	for (int i = 0; i < nfields; i++)
	{
		const char *name = "";

		if (reader->given_names)
			name = reader->given_names[i];
		else if (reader->has_header)
		{
			delimited_trim(&scan->fields[i]);
			name = scan->fields[i].value;
		}
		names[i] = MemoryContextStrdup(reader->context, *name ? name : psprintf("column_%d", i + 1));
	}

	reader->nnames = nfields;
	reader->names = names;
	reader->fields = MemoryContextAllocZero(reader->context, nfields * sizeof(Field));
}

/* One line that looks like a header may still be unfit */
static bool
check_header(DelimitedReader *reader, size_t raw_len)
{
	DelimitedScan *scan = &reader->scan;
	const char *raw = reader->buffer + reader->pos;

	if (pg_encoding_verifymbstr(PG_UTF8, raw, raw_len) != raw_len)
	{
		set_error(reader, "the header holds bytes that are not text in the encoding of the feed");
		return false;
	}
	cut_fields(reader, raw_len);
	if (reader->given_names)
		return true;
	for (int i = 0; i < scan->nfields; i++)
		delimited_trim(&scan->fields[i]);
	for (int i = 0; i < scan->nfields; i++)
	{
		for (int j = 0; j < i; j++)
		{
			if (scan->fields[i].len > 0 && strcmp(scan->fields[i].value, scan->fields[j].value) == 0)
			{
				set_error(reader, "the header names \"%.100s\" twice, as fields %d and %d",
						  scan->fields[i].value, j + 1, i + 1);
				return false;
			}
		}
	}
	return true;
}

/*
 * Reads the first line: the header, or without one the number of fields.
 * False: more bytes are needed, or reader->error is set.
 */
static bool
read_header(DelimitedReader *reader)
{
	DelimitedScan *scan = &reader->scan;
	const char *foreign;
	size_t		next,
				raw_len;
	ScanResult	result;

	if (reader->len - reader->pos < SNIFF_BYTES && !reader->last)
		return false;
	if (reader->len - reader->pos >= 3 && memcmp(reader->buffer + reader->pos, "\xEF\xBB\xBF", 3) == 0)
		reader->pos += 3;
	if ((foreign = foreign_format((unsigned char *) reader->buffer + reader->pos,
								  Min(reader->len - reader->pos, SNIFF_BYTES))) != NULL)
	{
		set_error(reader, "the source is %s, not delimited text", foreign);
		return false;
	}
	if (!skip_empty_lines(reader))
	{
		if (reader->last)
			set_error(reader, "the source is empty");
		return false;
	}

	if (scan->delimiter == 0 &&
		!delimited_guess(scan, reader->buffer + reader->pos, reader->len - reader->pos, reader->last))
		result = SCAN_MORE;
	else
		result = delimited_scan(scan, reader->buffer + reader->pos, reader->len - reader->pos, reader->last,
								&raw_len, &next);

	if (result == SCAN_MORE && reader->len - reader->pos <= HEADER_MAX_BYTES)
		return false;
	if (result == SCAN_MORE || result == SCAN_TOO_LARGE || (result == SCAN_RECORD && raw_len > HEADER_MAX_BYTES))
	{
		set_error(reader, "the first line is too long for a header");
		return false;
	}
	if (result == SCAN_BROKEN)
	{
		set_error(reader, "the first line cannot be read: %s", scan->error);
		return false;
	}

	if (reader->has_header && !check_header(reader, raw_len))
		return false;
	set_names(reader);
	if (reader->has_header)
		reader->pos += next;
	return reader->error == NULL;
}

/* Hands out len bytes from pos as a record that cannot be used */
static void
broken_record(DelimitedReader *reader, size_t len, Record *record, const char *code, const char *error)
{
	record->nfields = 0;
	record->fields = NULL;
	record->raw = reader->buffer + reader->pos;
	record->raw_len = len;
	record->error_code = code;
	record->error = error;
}

/*
 * Where reading goes on after a record that is broken at pos + at: the first
 * later line that is a record by itself; in default of one, the line after the
 * break.  Returns an offset from pos.
 */
static size_t
resynchronise(DelimitedReader *reader, size_t at, bool *skip_line)
{
	const char *start = reader->buffer + reader->pos;
	size_t		len = Min(reader->len - reader->pos, RECORD_MAX_BYTES);
	size_t		line = delimited_line_end(start, 0, len);

	*skip_line = false;
	reader->resync_budget -= at;
	while (line < len && line < at)
	{
		size_t		end = delimited_line_end(start, line, len);
		size_t		raw_len,
					next;

		if (reader->resync_budget > 0 &&
			delimited_scan(&reader->scan, start + line, end - line, true, &raw_len, &next) == SCAN_RECORD &&
			next == end - line && reader->scan.nfields == reader->nnames)
			return line;
		line = end;
	}

	/* a line that ends beyond what is here, or beyond what a record may be */
	if (line >= len && len > 0 && start[len - 1] != '\n' && !(reader->last && len == reader->len - reader->pos))
		*skip_line = true;
	return line;
}

/* Fills a record from the last scan, which took raw_len bytes */
static void
good_record(DelimitedReader *reader, size_t raw_len, Record *record)
{
	DelimitedScan *scan = &reader->scan;
	const char *raw = reader->buffer + reader->pos;
	int			valid = pg_encoding_verifymbstr(PG_UTF8, raw, raw_len);
	int			nfields = scan->nfields;

	if (valid != raw_len)
	{
		broken_record(reader, raw_len, record, "bad_encoding",
					  raw[valid] == '\0' ? "a zero byte in the record" : "bytes that are not text in the encoding of the feed");
		return;
	}

	cut_fields(reader, raw_len);

	/* many writers end each line, but not the header, with a delimiter */
	if (nfields == reader->nnames + 1 && scan->fields[nfields - 1].len == 0)
		nfields--;

	record->nfields = Min(nfields, reader->nnames);
	record->fields = reader->fields;
	record->raw = raw;
	record->raw_len = raw_len;
	for (int i = 0; i < record->nfields; i++)
	{
		reader->fields[i].name = reader->names[i];
		reader->fields[i].value = scan->fields[i].value;
		reader->fields[i].len = scan->fields[i].len;
		reader->fields[i].kind = FIELD_TEXT;
	}

	if (nfields != reader->nnames)
	{
		snprintf(scan->error_space, sizeof(scan->error_space), "%d fields where the header has %d",
				 nfields, reader->nnames);
		record->error_code = "ragged_row";
		record->error = scan->error_space;
	}
}

/*
 * Whether the line that a record broke in has come whole, so that where
 * reading goes on does not depend on how the bytes were pushed.
 */
static bool
broken_line_is_here(const DelimitedReader *reader, size_t available)
{
	const char *start = reader->buffer + reader->pos;

	return reader->last || available > RECORD_MAX_BYTES ||
		delimited_line_end(start, reader->scan.broken_at, available) < available;
}

/* Drops bytes up to the end of a line whose beginning was handed out as too large */
static void
skip_long_line(DelimitedReader *reader)
{
	const char *newline = memchr(reader->buffer + reader->pos, '\n', reader->len - reader->pos);

	reader->skipping = (newline == NULL);
	reader->pos = newline ? newline + 1 - reader->buffer : reader->len;
}

bool
delimited_next(DelimitedReader *reader, Record *record)
{
	DelimitedScan *scan = &reader->scan;
	size_t		raw_len,
				next,
				available;
	ScanResult	result;

	memset(record, 0, sizeof(*record));
	if (reader->error || (reader->names == NULL && !read_header(reader)))
		return false;
	if (reader->skipping)
		skip_long_line(reader);
	if (!skip_empty_lines(reader))
		return false;

	available = reader->len - reader->pos;
	if (available < reader->wanted && !reader->last)
		return false;
	result = delimited_scan(scan, reader->buffer + reader->pos, available, reader->last, &raw_len, &next);
	if (result == SCAN_MORE || (result != SCAN_RECORD && !broken_line_is_here(reader, available)))
	{
		reader->wanted = available < RESCAN_MIN_BYTES ? 0 : Min(2 * available, RECORD_MAX_BYTES + 1);
		return false;
	}

	reader->wanted = 0;
	if (result == SCAN_RECORD)
		good_record(reader, raw_len, record);
	else
	{
		const char *code = result == SCAN_TOO_LARGE ? "too_large" : "malformed";
		const char *error = scan->error;

		next = resynchronise(reader, scan->broken_at, &reader->skipping);
		raw_len = next;
		while (raw_len > 0 && (reader->buffer[reader->pos + raw_len - 1] == '\n' ||
							   reader->buffer[reader->pos + raw_len - 1] == '\r'))
			raw_len--;
		broken_record(reader, raw_len, record, code, error);
	}
	reader->pos += next;
	return true;
}
