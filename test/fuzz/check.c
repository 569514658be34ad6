/*
 * check.c
 *	  What every record promises, whichever parser it comes from.
 */
#include "fuzz.h"

#include "mb/pg_wchar.h"

static void
check_text(const char *text, int len)
{
	PROMISE(len >= 0);
	PROMISE(text[len] == '\0');
	PROMISE(strlen(text) == len);
	PROMISE(pg_encoding_verifymbstr(PG_UTF8, text, len) == len);
}

void
fuzz_check_record(const Record *record)
{
	char	   *raw;
	int			len;

	PROMISE(record->raw_len >= 0 && record->nfields >= 0 && record->nfields <= RECORD_MAX_FIELDS);
	PROMISE((record->error_code == NULL) == (record->error == NULL));
	if (record->error)
		check_text(record->error, strlen(record->error));
	for (int i = 0; i < record->nfields; i++)
	{
		check_text(record->fields[i].name, strlen(record->fields[i].name));
		check_text(record->fields[i].value, record->fields[i].len);
	}
	raw = record_raw_text(record, RECORD_MAX_BYTES, &len);
	check_text(raw, len);
	raw = record_raw_text(record, 7, &len);
	check_text(raw, len);
}

/* PostgreSQL 15 has no such function outside the server; later ones bring their own */
struct JsonLexContext;
extern char *json_errdetail(int error, struct JsonLexContext *lexer) __attribute__((weak));

char *
json_errdetail(int error, struct JsonLexContext *lexer)
{
	return psprintf("JSON error %d", error);
}
