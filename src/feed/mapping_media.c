/*
 * mapping_media.c
 *	  The photos and other media that a RESO record states.
 *
 * Used by whatever process runs a feed; throws nothing for bad data.  Results
 * are in CurrentMemoryContext.
 */
#include "feed/mapping_plan.h"

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "parse/json.h"

/* as the columns of estate.media are wide */
#define MEDIA_KEY_MOST 255
#define MEDIA_CATEGORY_MOST 50

/*
 * The media cannot be read: they stay as they are known, and as they came go
 * to extra; false: the record is rejected
 */
static bool
fail_media(Mapping *mapping, const Field *field, ListingRow *row, int64 hash_before,
		   const char *code, const char *reason)
{
	row->has_media = false;
	row->nmedia = 0;
	row->content_hash = hash_before;
	if (!mapping_note_problem(mapping, row, false, code, "Media", reason))
		return false;
	mapping_push_extra(&mapping->extra, field);
	return true;
}

static uint64
hash_string(const char *text, uint64 seed)
{
	return text ? hash_bytes_extended((const unsigned char *) text, strlen(text), seed) : seed;
}

/* Fills one medium from the members of its object; false: *code and *problem say why not */
static bool
read_medium(const Record *members, ListingMedia *medium, const char **code, char **problem)
{
	memset(medium, 0, sizeof(*medium));
	medium->media_order = -1;
	*code = "bad_type";
	medium->modified_at = DT_NOBEGIN;

	for (int i = 0; i < members->nfields; i++)
	{
		const Field *field = &members->fields[i];
		char	   *value = unconstify(char *, field->value);

		if (field->kind == FIELD_NULL || field->len == 0)
			continue;
		if (field->kind == FIELD_DAMAGED)
		{
			*code = "bad_encoding";
			*problem = psprintf("a medium has a %.60s that no text in the database can hold",
								field->name);
			return false;
		}
		if (strcmp(field->name, "MediaKey") == 0)
			medium->media_key = value;
		else if (strcmp(field->name, "MediaURL") == 0)
			medium->media_url = value;
		else if (strcmp(field->name, "MediaCategory") == 0)
			medium->media_category = value;
		else if (strcmp(field->name, "ShortDescription") == 0)
			medium->short_description = value;
		else if (strcmp(field->name, "PreferredPhotoYN") == 0)
			medium->preferred = strcmp(value, "true") == 0;
		else if (strcmp(field->name, "Order") == 0)
		{
			char	   *end;
			long		order = strtol(value, &end, 10);

			if (*end != '\0' || order < 0 || order > INT_MAX)
			{
				*problem = psprintf("a medium has Order \"%.*s\"",
									pg_mbcliplen(value, field->len, 40), value);
				return false;
			}
			medium->media_order = order;
		}
		else if (strcmp(field->name, "MediaModificationTimestamp") == 0 &&
				 time_stamp_from_text(NULL, DATE_ORDER_UNKNOWN, value, pg_tzset("UTC"),
									  &medium->modified_at) != TIME_OK)
		{
			*problem = psprintf("a medium has MediaModificationTimestamp \"%.*s\"",
								pg_mbcliplen(value, field->len, 40), value);
			return false;
		}
	}
	if (medium->media_key == NULL && medium->media_url)
	{
		/* known by its address then, which may be of any length */
		if (strlen(medium->media_url) <= MEDIA_KEY_MOST)
			medium->media_key = medium->media_url;
		else
			medium->media_key = psprintf("url:" UINT64_FORMAT, hash_string(medium->media_url, 0));
	}
	if (medium->media_key == NULL)
	{
		*problem = "a medium has neither MediaKey nor MediaURL";
		return false;
	}
	*code = "out_of_range";
	if (pg_mbstrlen(medium->media_key) > MEDIA_KEY_MOST)
		*problem = psprintf("a medium has a MediaKey of more than %d characters", MEDIA_KEY_MOST);
	else if (medium->media_category && pg_mbstrlen(medium->media_category) > MEDIA_CATEGORY_MOST)
		*problem = psprintf("a medium has a MediaCategory of more than %d characters",
							MEDIA_CATEGORY_MOST);
	return *problem == NULL;
}

static uint64
hash_medium(const ListingMedia *medium)
{
	uint64		hash = hash_string(medium->media_key, UINT64CONST(0x6d65646961));

	hash = hash_string(medium->media_url, hash);
	hash = hash_string(medium->media_category, hash_combine64(hash, 1));
	hash = hash_string(medium->short_description, hash_combine64(hash, 2));
	hash = hash_combine64(hash, (uint64) medium->media_order);
	hash = hash_combine64(hash, (uint64) medium->modified_at);
	return hash_combine64(hash, medium->preferred);
}

/*
 * Fills row's media from the record's Media, and adds them to its hash;
 * false: the record is rejected
 */
bool
mapping_media(Mapping *mapping, const Field *field, ListingRow *row)
{
	Record		list;
	int64		hash_before = row->content_hash;

	if (field == NULL || field->kind == FIELD_NULL)
		return true;
	if (field->kind != FIELD_JSON || field->value[0] != '[' ||
		!json_members_parse(field->value, field->len, &list))
		return fail_media(mapping, field, row, hash_before, "bad_type", "Media is not a list");

	row->has_media = true;
	row->media = palloc(Max(list.nfields, 1) * sizeof(ListingMedia));
	for (int i = 0; i < list.nfields; i++)
	{
		Record		members;
		const char *code;
		char	   *problem = NULL;

		if (list.fields[i].kind != FIELD_JSON || list.fields[i].value[0] != '{' ||
			!json_members_parse(list.fields[i].value, list.fields[i].len, &members))
			return fail_media(mapping, field, row, hash_before, "bad_type",
							  "an element of Media is not an object");
		if (!read_medium(&members, &row->media[row->nmedia], &code, &problem))
			return fail_media(mapping, field, row, hash_before, code, problem);
		row->content_hash += (int64) hash_medium(&row->media[row->nmedia]);
		row->nmedia++;
	}
	row->content_hash += list.nfields + 1;
	return true;
}
