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
#include "parse/delimited_reader.h"
#include "utils/memutils.h"

/* an incomplete record larger than this is scanned again only when it has doubled */
#define RESCAN_MIN_BYTES (64 * 1024)

/* bytes that may be scanned again because of quotes that do not fit */
#define RESYNC_BUDGET ((int64) 64 * 1024 * 1024)

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
	reader->convert = options->convert;
	reader->convert_arg = options->convert_arg;
	reader->strict = options->strict;
	if (options->convert == NULL && options->encoding &&
		!text_encoding_parse(options->encoding, &reader->encoding))
		reader->error = MemoryContextStrdup(context,
											psprintf("encoding \"%s\" is not supported, only %s",
															  options->encoding,
															  text_encoding_names()));

	if (options->delimiter == '\n' || options->delimiter == '\r' || options->delimiter == ' ' ||
		(options->delimiter && !options->no_quote &&
		 options->delimiter == (options->quote ? options->quote : '"')))
		reader->error = "a delimiter cannot be a line end, a blank or the quote";

	reader->scan.delimiter = options->delimiter;
	reader->scan.quoting = !options->no_quote;
	reader->scan.quote = options->quote ? options->quote : '"';
	reader->scan.size = 32;
	reader->scan.fields = MemoryContextAlloc(context, reader->scan.size * sizeof(ScanField));
	return reader;
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

/* Hands out len bytes from pos as a record that cannot be used */
static void
broken_record(DelimitedReader *reader, size_t len, Record *record, const char *code,
			  const char *error)
{
	record->nfields = 0;
	record->fields = NULL;
	record->raw = reader->buffer + reader->pos;
	record->raw_len = len;
	record->error_code = code;
	record->error = error;
}

/* How many of the fields last scanned are left without empty ones behind those of the header */
static int
fields_without_surplus(const DelimitedReader *reader, int nfields)
{
	while (nfields > reader->nnames)
	{
		const ScanField *field = &reader->scan.fields[nfields - 1];

		if (field->end > field->start)
			break;
		nfields--;
	}
	return nfields;
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
	reader->scan.backslash = false;
	reader->resync_budget -= at;
	while (line < len && line < at)
	{
		size_t		end = delimited_line_end(start, line, len);
		size_t		raw_len,
					next;

		if (reader->resync_budget > 0 &&
			delimited_scan(&reader->scan, start + line, end - line, true, &raw_len,
						   &next) == SCAN_RECORD &&
			next == end - line &&
			fields_without_surplus(reader, reader->scan.nfields) == reader->nnames)
			return line;
		line = end;
	}

	/* a line that ends beyond what is here, or beyond what a record may be */
	if (line >= len && len > 0 && start[len - 1] != '\n' &&
		!(reader->last && len == reader->len - reader->pos))
		*skip_line = true;
	return line;
}

/* The fields whose bytes are no text are shown with escapes, and say so */
static void
mark_damaged(DelimitedReader *reader, Record *record)
{
	record->bad_bytes = true;
	for (int i = 0; i < record->nfields; i++)
	{
		Field	   *field = &record->fields[i];

		if (pg_encoding_verifymbstr(PG_UTF8, field->value, field->len) == field->len)
			continue;
		field->value = record_escaped(field->value, field->len, &field->len);
		field->kind = FIELD_DAMAGED;
	}
}

/* A record with another number of fields than the header; false: it is none */
static bool
fit_fields(DelimitedReader *reader, Record *record, int nfields)
{
	DelimitedScan *scan = &reader->scan;

	/* many writers leave out the empty fields at the end, but not most of a record */
	if (nfields < reader->nnames && !reader->strict && 2 * nfields >= reader->nnamed)
	{
		for (int i = nfields; i < reader->nnames; i++)
		{
			reader->fields[i].name = reader->names[i];
			reader->fields[i].value = "";
			reader->fields[i].len = 0;
			reader->fields[i].kind = FIELD_NULL;
		}
		record->nfields = reader->nnames;
		reader->short_records++;
		return true;
	}
	snprintf(scan->error_space, sizeof(scan->error_space), "%d fields where the header has %d",
			 nfields, reader->nnames);
	record->error_code = "ragged_row";
	record->error = scan->error_space;
	return false;
}

/* Fills a record from the last scan, which took raw_len bytes; false: nothing is in it */
static bool
good_record(DelimitedReader *reader, size_t raw_len, Record *record)
{
	DelimitedScan *scan = &reader->scan;
	const char *raw = reader->buffer + reader->pos;
	int			nfields = scan->nfields;
	bool		is_empty = nfields > 1;

	delimited_cut_fields(reader, raw_len);
	for (int i = 0; i < nfields && is_empty; i++)
		is_empty = scan->fields[i].len == 0;
	if (is_empty)
		return false;

	/* many writers end each line, but not the header, with delimiters */
	nfields = fields_without_surplus(reader, nfields);

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
		(void) fit_fields(reader, record, nfields);
	if (pg_encoding_verifymbstr(PG_UTF8, raw, raw_len) != raw_len)
		mark_damaged(reader, record);
	return true;
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
	while (reader->pos < reader->len && reader->skipping)
	{
		char		c = reader->buffer[reader->pos++];

		reader->skipping = c != '\n' && c != '\r';
	}
}

/* Whether a quote with a backslash before it is among the bytes */
static bool
has_escaped_quote(const DelimitedReader *reader, size_t len)
{
	const char *begin = reader->buffer + reader->pos;
	const char *p = begin;

	while ((p = memchr(p, reader->scan.quote, begin + len - p)) != NULL)
	{
		if (p > begin && p[-1] == '\\')
			return true;
		p++;
	}
	return false;
}

/*
 * A record that cannot be, or has too few or too many fields, may have been
 * written by one who escapes quotes with a backslash.  SCAN_BROKEN: it was not.
 */
static ScanResult
scan_escaped(DelimitedReader *reader, size_t looked_at, size_t *raw_len, size_t *next)
{
	DelimitedScan *scan = &reader->scan;
	ScanResult	result;

	if (!scan->quoting || scan->quote == '\\' || !has_escaped_quote(reader, looked_at))
		return SCAN_BROKEN;
	scan->backslash = true;
	result = delimited_scan(scan, reader->buffer + reader->pos, reader->len - reader->pos,
							reader->last, raw_len, next);
	if (result == SCAN_MORE || (result == SCAN_RECORD && scan->nfields == reader->nnames))
		return result;
	scan->backslash = false;
	return SCAN_BROKEN;
}

/* Scans the record at pos in either dialect */
static ScanResult
scan_record(DelimitedReader *reader, size_t *raw_len, size_t *next)
{
	DelimitedScan *scan = &reader->scan;
	const char *bytes = reader->buffer + reader->pos;
	size_t		available = reader->len - reader->pos;
	ScanResult	result;
	size_t		broken_at;
	const char *error;
	ScanResult	escaped;

	scan->backslash = false;
	result = delimited_scan(scan, bytes, available, reader->last, raw_len, next);
	if (result == SCAN_MORE || (result == SCAN_RECORD && scan->nfields == reader->nnames))
		return result;
	if (result != SCAN_RECORD && !broken_line_is_here(reader, available))
		return SCAN_MORE;

	broken_at = result == SCAN_RECORD ? *raw_len : scan->broken_at;
	error = scan->error;
	escaped = scan_escaped(reader, broken_at, raw_len, next);
	if (escaped != SCAN_BROKEN)
		return escaped;
	if (result == SCAN_RECORD)
		return delimited_scan(scan, bytes, available, reader->last, raw_len, next);
	scan->broken_at = broken_at;
	scan->error = error;
	return result;
}

/* Hands out what cannot be a record, and finds where reading goes on */
static size_t
hand_out_broken(DelimitedReader *reader, ScanResult result, Record *record)
{
	const char *error = reader->scan.error;
	size_t		next = resynchronise(reader, reader->scan.broken_at, &reader->skipping);
	size_t		raw_len = next;

	while (raw_len > 0 && (reader->buffer[reader->pos + raw_len - 1] == '\n' ||
						   reader->buffer[reader->pos + raw_len - 1] == '\r'))
		raw_len--;
	broken_record(reader, raw_len, record, result == SCAN_TOO_LARGE ? "too_large" : "malformed",
				  error);
	return next;
}

bool
delimited_next(DelimitedReader *reader, Record *record)
{
	bool		is_record = false;

	memset(record, 0, sizeof(*record));
	if (reader->error || (reader->names == NULL && !delimited_read_header(reader)))
		return false;
	while (!is_record)
	{
		size_t		raw_len,
					next,
					available;
		ScanResult	result;

		if (reader->skipping)
			skip_long_line(reader);
		if (!delimited_skip_empty_lines(reader))
			return false;
		available = reader->len - reader->pos;
		if (available < reader->wanted && !reader->last)
			return false;
		result = scan_record(reader, &raw_len, &next);
		if (result == SCAN_MORE)
		{
			reader->wanted = available < RESCAN_MIN_BYTES ? 0
				: Min(2 * available, RECORD_MAX_BYTES + 1);
			return false;
		}
		reader->wanted = 0;
		is_record = true;
		if (result == SCAN_RECORD)
			is_record = good_record(reader, raw_len, record);
		else
			next = hand_out_broken(reader, result, record);
		reader->pos += next;
	}
	return true;
}

void
delimited_mark(DelimitedReader *reader)
{
	/* going back to what is above the first record would make it one */
	if (reader->names == NULL && reader->error == NULL)
		(void) delimited_read_header(reader);
	reader->mark.pos = reader->pos;
	reader->mark.skipping = reader->skipping;
	reader->mark.resync_budget = reader->resync_budget;
	reader->mark.short_records = reader->short_records;
}

void
delimited_rewind(DelimitedReader *reader)
{
	reader->pos = reader->mark.pos;
	reader->skipping = reader->mark.skipping;
	reader->resync_budget = reader->mark.resync_budget;
	reader->short_records = reader->mark.short_records;
	reader->wanted = 0;
}

size_t
delimited_buffered(const DelimitedReader *reader)
{
	return reader->len - reader->mark.pos;
}

int64
delimited_short_records(const DelimitedReader *reader)
{
	return reader->short_records;
}
