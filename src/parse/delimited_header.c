/*
 * delimited_header.c
 *	  The header of delimited text, and what may be above it: a line that names
 *	  the delimiter, and title lines.
 *
 * A leaf, used in whatever process runs a feed; nothing is thrown for bad
 * input.  All memory belongs to the reader's context.
 *
 * The first lines are looked at together.  How many depends on the bytes alone,
 * not on how they were pushed.
 */
#include "parse/delimited_reader.h"

#include "mb/pg_wchar.h"
#include "utils/memutils.h"

/* a header longer than this is none */
#define HEADER_MAX_BYTES (1024 * 1024)

/* so many bytes are looked at to see what the source is */
#define SNIFF_BYTES 256

/* what is looked at to find the delimiter and the header */
#define WINDOW_BYTES (16 * 1024)
#define WINDOW_LINES 30

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

/* How many of the bytes from pos on are the first lines */
static size_t
window_length(const DelimitedReader *reader)
{
	const char *begin = reader->buffer + reader->pos;
	size_t		len = Min(reader->len - reader->pos, WINDOW_BYTES);
	size_t		end = 0;

	for (int i = 0; i < WINDOW_LINES && end < len; i++)
		end = delimited_line_end(begin, end, len);
	return end;
}

/* Whether all that is to be looked at together has come */
static bool
window_is_here(const DelimitedReader *reader)
{
	size_t		available = reader->len - reader->pos;

	return reader->last || available >= WINDOW_BYTES ||
		(available >= SNIFF_BYTES && window_length(reader) < available);
}

/* sep=; in a first line of its own is how some programs tell the delimiter to others */
static void
skip_separator_line(DelimitedReader *reader)
{
	const char *begin = reader->buffer + reader->pos;
	size_t		len = Min(reader->len - reader->pos, SNIFF_BYTES);
	size_t		line = delimited_line_end(begin, 0, len);
	size_t		end = line;
	const char *p = begin;

	while (end > 0 && (begin[end - 1] == '\n' || begin[end - 1] == '\r'))
		end--;
	if (end >= 2 && begin[0] == '"' && begin[end - 1] == '"')
	{
		p++;
		end--;
	}
	if (begin + end - p != 5 || pg_strncasecmp(p, "sep=", 4) != 0)
		return;
	if (reader->scan.delimiter == 0)
		reader->scan.delimiter = p[4];
	reader->pos += line;
}

/* How many fields of the first lines have text, line by line; how many lines there are */
static int
count_filled(DelimitedReader *reader, size_t window, int *nfilled, size_t *ends)
{
	const char *begin = reader->buffer + reader->pos;
	bool		last = reader->last && window == reader->len - reader->pos;
	size_t		at = 0;
	int			n = 0;

	while (n < WINDOW_LINES && at < window)
	{
		size_t		raw_len,
					next;

		if (delimited_scan(&reader->scan, begin + at, window - at, last, &raw_len,
						   &next) != SCAN_RECORD)
			break;
		nfilled[n] = 0;
		for (int i = 0; i < reader->scan.nfields; i++)
		{
			const ScanField *field = &reader->scan.fields[i];
			uint32		from = field->start;

			while (from < field->end && isspace((unsigned char) begin[at + from]))
				from++;
			nfilled[n] += from < field->end;
		}
		at += next;
		ends[n++] = at;
	}
	return n;
}

static int
compare_ints(const void *a, const void *b)
{
	return *(const int *) a - *(const int *) b;
}

/*
 * Skips lines that hold one or two texts where the lines that follow hold more:
 * titles, dates, a notice of who may use the file.
 */
static void
skip_titles(DelimitedReader *reader, size_t window)
{
	int			nfilled[WINDOW_LINES];
	size_t		ends[WINDOW_LINES];
	int			n = count_filled(reader, window, nfilled, ends);
	int			title;

	for (title = 0; title + 1 < n; title++)
	{
		int			after[WINDOW_LINES];
		int			nafter = n - title - 1;
		int			usual;

		memcpy(after, nfilled + title + 1, nafter * sizeof(int));
		qsort(after, nafter, sizeof(int), compare_ints);
		usual = after[nafter / 2];
		if (!(nfilled[title] == 0 || (nfilled[title] == 1 && usual >= 2) ||
			  (nfilled[title] == 2 && usual >= 5)))
			break;
	}
	if (title > 0)
	{
		size_t		len = ends[title - 1];
		char	   *titles = MemoryContextAlloc(reader->context, len + 1);

		memcpy(titles, reader->buffer + reader->pos, len);
		while (len > 0 && isspace((unsigned char) titles[len - 1]))
			len--;
		titles[len] = '\0';
		titles[pg_encoding_verifymbstr(PG_UTF8, titles, len)] = '\0';
		reader->titles = titles;
		reader->pos += ends[title - 1];
	}
}

const char *
delimited_titles(const DelimitedReader *reader)
{
	return reader->titles;
}

/* The length of white space at p, also that of UTF-8; 0: there is none */
static int
blank_length(const char *p)
{
	if (isspace((unsigned char) *p))
		return 1;
	if (strncmp(p, "\xC2\xA0", 2) == 0)
		return 2;
	return strncmp(p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

char *
delimited_tidy_name(const char *name)
{
	char	   *tidy = palloc(strlen(name) + 1);
	char	   *out = tidy;
	bool		blank = false;

	while (*name)
	{
		int			len = blank_length(name);

		if (len > 0)
		{
			blank = true;
			name += len;
			continue;
		}
		if (blank && out > tidy)
			*out++ = ' ';
		blank = false;
		*out++ = *name++;
	}
	*out = '\0';
	return tidy;
}

const char *
delimited_name_without_place(const char *name)
{
	const char *place = strstr(name, DELIMITED_PLACE);

	return place ? pnstrdup(name, place - name) : name;
}

/* What the first bytes show to be no delimited text; NULL: may be some */
static const char *
foreign_format(const unsigned char *bytes, size_t len)
{
	if (len >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B)
		return "gzip";
	if (len >= 4 && memcmp(bytes, "PK\003\004", 4) == 0)
		return "a zip archive";
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

/* Names that the header has more than once are told apart by their place */
static void
complete_repeated(DelimitedReader *reader, char **names, int nfields)
{
	bool	   *repeated = palloc0(nfields * sizeof(bool));

	for (int i = 0; i < nfields; i++)
	{
		for (int j = 0; j < i; j++)
		{
			if (strcmp(names[i], names[j]) == 0)
				repeated[i] = repeated[j] = true;
		}
	}
	for (int i = 0; i < nfields; i++)
	{
		if (repeated[i])
			names[i] = MemoryContextStrdup(reader->context,
										   psprintf("%s" DELIMITED_PLACE "%d]", names[i], i + 1));
	}
	pfree(repeated);
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
		set_error(reader, "%d names are given, but the first line has %d fields", reader->ngiven,
				  nfields);
		return;
	}

	for (int i = 0; i < nfields; i++)
	{
		const char *name = "";

		if (reader->given_names)
			name = reader->given_names[i];
		else if (reader->has_header)
			name = delimited_tidy_name(scan->fields[i].value);
		reader->nnamed += *name != '\0';
		names[i] = MemoryContextStrdup(reader->context, *name ? name :
									   psprintf("column_%d", i + 1));
	}

	if (reader->nnamed == 0)
		reader->nnamed = nfields;
	complete_repeated(reader, names, nfields);
	reader->nnames = nfields;
	reader->names = names;
	reader->fields = MemoryContextAllocZero(reader->context, nfields * sizeof(Field));
}

/* One line that looks like a header may still be unfit */
static bool
check_header(DelimitedReader *reader, size_t raw_len)
{
	const char *raw = reader->buffer + reader->pos;

	if (pg_encoding_verifymbstr(PG_UTF8, raw, raw_len) != raw_len)
	{
		set_error(reader, "the header holds bytes that are not text in the encoding of the feed");
		return false;
	}
	delimited_cut_fields(reader, raw_len);
	return true;
}

/*
 * The first line, as a header or to count its fields; SCAN_MORE: its end is
 * not here, or reader->error is set
 */
static ScanResult
scan_first_line(DelimitedReader *reader, size_t *raw_len, size_t *next)
{
	DelimitedScan *scan = &reader->scan;
	ScanResult	result = delimited_scan(scan, reader->buffer + reader->pos,
										reader->len - reader->pos, reader->last,
										raw_len, next);

	if (result == SCAN_MORE && reader->len - reader->pos <= HEADER_MAX_BYTES)
		return SCAN_MORE;
	if (result == SCAN_MORE || result == SCAN_TOO_LARGE ||
		(result == SCAN_RECORD && *raw_len > HEADER_MAX_BYTES))
		set_error(reader, "the first line is too long for a header");
	else if (result == SCAN_BROKEN)
		set_error(reader, "the first line cannot be read: %s", scan->error);
	return result;
}

/* Moves behind what is above the header, and finds the delimiter; false: reader->error is set */
static bool
find_first_line(DelimitedReader *reader)
{
	size_t		window_end = reader->pos + window_length(reader);
	const char *foreign;

	if (reader->len - reader->pos >= 3 &&
		memcmp(reader->buffer + reader->pos, "\xEF\xBB\xBF", 3) == 0)
		reader->pos += 3;
	if ((foreign = foreign_format((unsigned char *) reader->buffer + reader->pos,
								  Min(reader->len - reader->pos, SNIFF_BYTES))) != NULL)
	{
		set_error(reader, "the source is %s, not delimited text", foreign);
		return false;
	}
	skip_separator_line(reader);
	if (!delimited_skip_empty_lines(reader))
	{
		if (reader->last)
			set_error(reader, "the source is empty");
		return false;
	}
	window_end = Max(window_end, reader->pos);
	if (reader->scan.delimiter == 0)
		delimited_guess(&reader->scan, reader->buffer + reader->pos, window_end - reader->pos);
	if (reader->has_header && reader->given_names == NULL)
		skip_titles(reader, window_end - reader->pos);
	return true;
}

/*
 * Reads the first line: the header, or without one the number of fields.
 * False: more bytes are needed, or reader->error is set.
 */
bool
delimited_read_header(DelimitedReader *reader)
{
	size_t		begin = reader->pos;
	char		delimiter = reader->scan.delimiter;
	size_t		raw_len,
				next;

	if (!window_is_here(reader))
		return false;
	if (!find_first_line(reader) || scan_first_line(reader, &raw_len, &next) != SCAN_RECORD)
	{
		/* with more bytes all of it is looked at again */
		reader->pos = begin;
		reader->scan.delimiter = delimiter;
		return false;
	}
	if (reader->error || (reader->has_header && !check_header(reader, raw_len)))
		return false;
	set_names(reader);
	if (reader->has_header)
		reader->pos += next;
	return reader->error == NULL;
}
