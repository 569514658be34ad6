/*
 * fuzz_json.c
 *	  Any bytes into the JSON page parser, and its parts into the functions for
 *	  nested values.
 */
#include "fuzz.h"

#include "mb/pg_wchar.h"
#include "parse/json.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything nested must be readable again, as media and paths are */
static void
check_nested(const Field *field, int depth)
{
	Record		members;

	PROMISE(depth <= RECORD_MAX_DEPTH);
	if (field->kind != FIELD_JSON)
		return;
	PROMISE(json_members_parse(field->value, field->len, &members));
	fuzz_check_record(&members);
	for (int i = 0; i < members.nfields; i++)
		check_nested(&members.fields[i], depth + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	JsonPage	page;
	Field		found;
	char	   *bytes = palloc(size);

	memcpy(bytes, data, size);
	PROMISE(json_page_parse(bytes, size, &page) == (page.error == NULL));
	if (page.error)
		PROMISE(pg_encoding_verifymbstr(PG_UTF8, page.error, strlen(page.error)) == strlen(page.error));
	else
	{
		int			promised = page.nrecords;
		Record		record;

		while (json_page_next(&page, &record))
		{
			promised--;
			fuzz_check_record(&record);
			PROMISE(record.raw >= bytes && record.raw + record.raw_len <= bytes + size);
			for (int f = 0; f < record.nfields && record.error_code == NULL; f++)
			{
				check_nested(&record.fields[f], 1);
				(void) json_path_find(&record.fields[f], "0.a.b", &found);
			}
		}
		PROMISE(promised == 0);
	}
	fuzz_free_all();
	return 0;
}
