/*
 * json.c
 *	  Records from a page of JSON.
 *
 * A leaf, used in whatever process runs a feed; no catalog access, and nothing
 * is thrown for bad input.  A first scan finds where the elements of value[] begin
 * and end by their brackets alone (json_scan.c), and so whether the page is
 * whole; each element is then parsed by itself, when it is asked for
 * (json_members.c).  So one element with a bad escape, bad bytes or a missing
 * comma is one reject, and the page goes on.  Results are in
 * CurrentMemoryContext.
 */
#include "parse/json.h"

#include "mb/pg_wchar.h"
#include "parse/json_members.h"
#include "parse/json_scan.h"

/* most fields that a record is expected to have because others had */
#define GUESS_MOST 256

typedef struct PageScan
{
	const char *begin;
	const char *p;
	const char *end;
	JsonPage   *page;
	bool		has_value;		/* the object has an array named value */
} PageScan;

static bool
page_error(PageScan *scan, const char *error)
{
	scan->page->error = error;
	return false;
}

static bool
skip_error(PageScan *scan, JsonSkip skip)
{
	return page_error(scan, skip == JSON_SKIP_CUT ? "the JSON is cut off before its end"
					  : psprintf("the JSON is malformed at byte %zu",
								 (size_t) (scan->p - scan->begin)));
}

/* What came instead of JSON, in words */
static const char *
not_json(const char *p, const char *end)
{
	char		excerpt[41];
	int			len = Min(end - p, (int) sizeof(excerpt) - 1);

	if (*p == '<')
		return "HTML or XML instead of JSON";
	if (end - p >= 2 && memcmp(p, "\x1F\x8B", 2) == 0)
		return "gzip instead of JSON";
	len = pg_encoding_verifymbstr(PG_UTF8, p, len);
	memcpy(excerpt, p, len);
	excerpt[len] = '\0';
	excerpt[strcspn(excerpt, "\r\n")] = '\0';
	return psprintf("not a JSON object or array: \"%s\"", excerpt);
}

/* Reads the value between begin and end as a record */
static void
read_record(JsonPage *page, const char *begin, const char *end, int depth, Record *record)
{
	memset(record, 0, sizeof(*record));
	record->raw = begin;
	record->raw_len = end - begin;

	if (end - begin > RECORD_MAX_BYTES)
	{
		record->error_code = "too_large";
		record->error = "the record is larger than 4 MB";
	}
	else if (*begin != '{')
	{
		record->error_code = "malformed";
		record->error = "not a JSON object";
	}
	else if (depth > RECORD_MAX_DEPTH)
	{
		record->error_code = "malformed";
		record->error = "nested deeper than 64 levels";
	}
	else
		json_members(begin, end - begin, page->guess, record);
	/* one record of very many fields must not make all that follow large */
	page->guess = Max(page->guess, Min(record->nfields, GUESS_MOST));
}

/* Walks the array at p, of which each element is a record; of two arrays the last one counts */
static bool
walk_array(PageScan *scan)
{
	scan->p = json_skip_blanks(scan->p + 1, scan->end);
	scan->page->position = scan->p;
	scan->page->nrecords = 0;
	if (scan->p < scan->end && *scan->p == ']')
	{
		scan->p++;
		return true;
	}
	for (;;)
	{
		int			depth;
		JsonSkip	skip = json_skip_value(&scan->p, scan->end, &depth);

		if (skip != JSON_SKIP_OK)
			return skip_error(scan, skip);
		scan->page->nrecords++;

		scan->p = json_skip_blanks(scan->p, scan->end);
		if (scan->p == scan->end)
			return skip_error(scan, JSON_SKIP_CUT);
		if (*scan->p == ']')
		{
			scan->p++;
			return true;
		}
		if (*scan->p != ',')
			return skip_error(scan, JSON_SKIP_MISMATCH);
		scan->p = json_skip_blanks(scan->p + 1, scan->end);
	}
}

static bool
key_is(const char *key, int len, const char *name)
{
	return len == strlen(name) && memcmp(key, name, len) == 0;
}

/* The text of a member that is a string or a number, unescaped; NULL: it is neither */
static const char *
scalar_text(const char *begin, const char *end)
{
	char	   *wrapped = psprintf("[%.*s]", (int) (end - begin), begin);
	Record		members;

	if (!json_members_parse(wrapped, strlen(wrapped), &members) || members.nfields != 1 ||
		(members.fields[0].kind != FIELD_TEXT && members.fields[0].kind != FIELD_NUMBER))
		return NULL;
	return members.fields[0].value;
}

/* What an OData error object says */
static const char *
odata_error(const char *begin, const char *end)
{
	Record		members;
	const char *code = NULL,
			   *message = NULL;

	if (*begin == '"')
		message = scalar_text(begin, end);
	else if (json_members_parse(begin, end - begin, &members))
	{
		for (int i = 0; i < members.nfields; i++)
		{
			Field	   *field = &members.fields[i];
			Field		inner;

			if (strcmp(field->name, "code") == 0 && field->kind != FIELD_JSON)
				code = field->value;
			else if (strcmp(field->name, "message") == 0 && field->kind == FIELD_TEXT)
				message = field->value;
			else if (strcmp(field->name, "message") == 0 && json_path_find(field, "value", &inner))
				message = inner.value;	/* OData 3 */
		}
	}
	if (code && *code && message)
		return psprintf("the source reports error %s: %s", code, message);
	if (message || (code && *code))
		return psprintf("the source reports an error: %s", message ? message : code);
	return "the source reports an error";
}

/* One member of the page's object, whose value is at p */
static bool
walk_member(PageScan *scan, const char *key, int key_len)
{
	const char *begin = scan->p;
	JsonSkip	skip;
	int			depth;

	if (key_is(key, key_len, "value") && *scan->p == '[')
	{
		scan->has_value = true;
		return walk_array(scan);
	}

	skip = json_skip_value(&scan->p, scan->end, &depth);
	if (skip != JSON_SKIP_OK)
		return skip_error(scan, skip);
	if (key_is(key, key_len, "@odata.nextLink") || key_is(key, key_len, "@nextLink") ||
		key_is(key, key_len, "odata.nextLink"))
	{
		if (*begin == '"' && (scan->page->next_link = scalar_text(begin, scan->p)) == NULL)
			return page_error(scan, "the link to the next page is not text");
	}
	else if (key_is(key, key_len, "error") && (*begin == '{' || *begin == '"'))
		return page_error(scan, odata_error(begin, scan->p));
	return true;
}

/* Walks the members of the object at p: the page, or the only record */
static bool
walk_object(PageScan *scan)
{
	const char *begin = scan->p;
	int			depth;

	scan->p = json_skip_blanks(scan->p + 1, scan->end);
	while (scan->p < scan->end && *scan->p != '}')
	{
		const char *key = scan->p;
		int			key_len;
		JsonSkip	skip = *key == '"' ? json_skip_value(&scan->p, scan->end, &depth)
			: JSON_SKIP_MISMATCH;

		if (skip != JSON_SKIP_OK)
			return skip_error(scan, skip);
		key_len = scan->p - key - 2;
		scan->p = json_skip_blanks(scan->p, scan->end);
		if (scan->p < scan->end && *scan->p != ':')
			return skip_error(scan, JSON_SKIP_MISMATCH);
		if (scan->p < scan->end)
			scan->p = json_skip_blanks(scan->p + 1, scan->end);
		if (scan->p == scan->end)
			break;
		if (!walk_member(scan, key + 1, key_len))
			return false;

		scan->p = json_skip_blanks(scan->p, scan->end);
		if (scan->p < scan->end && *scan->p == ',')
			scan->p = json_skip_blanks(scan->p + 1, scan->end);
		else if (scan->p < scan->end && *scan->p != '}')
			return skip_error(scan, JSON_SKIP_MISMATCH);
	}
	if (scan->p == scan->end)
		return skip_error(scan, JSON_SKIP_CUT);
	scan->p++;

	if (!scan->has_value)
	{
		scan->page->position = begin;
		scan->page->nrecords = 1;
	}
	return true;
}

bool
json_page_parse(const char *bytes, size_t len, JsonPage *page)
{
	PageScan	scan = {0};

	memset(page, 0, sizeof(*page));
	scan.page = page;
	scan.begin = bytes;
	scan.end = bytes + len;
	page->end = scan.end;
	if (len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
		bytes += 3;
	scan.p = json_skip_blanks(bytes, scan.end);

	if (scan.p == scan.end)
		return page_error(&scan, "the body is empty");
	if (*scan.p != '{' && *scan.p != '[')
		return page_error(&scan, not_json(scan.p, scan.end));
	if (!(*scan.p == '{' ? walk_object(&scan) : walk_array(&scan)))
		return false;
	if (json_skip_blanks(scan.p, scan.end) != scan.end)
		return page_error(&scan, "there is text after the end of the JSON");
	return true;
}

bool
json_page_next(JsonPage *page, Record *record)
{
	const char *begin = page->position;
	int			depth;

	/* the first scan has been here, and found nothing wrong */
	if (page->nrecords == 0 || json_skip_value(&page->position, page->end, &depth) != JSON_SKIP_OK)
		return false;
	page->nrecords--;
	read_record(page, begin, page->position, depth, record);
	page->position = json_skip_blanks(page->position, page->end);
	if (page->position < page->end && *page->position == ',')
		page->position = json_skip_blanks(page->position + 1, page->end);
	return true;
}
