/*
 * mapping_media.c
 *	  The photos and other media that a RESO record states.
 *
 * Used by whatever process runs a feed; throws nothing for bad data.  Results
 * are in CurrentMemoryContext.
 */
#include "feed/mapping_plan.h"

#include "common/hashfn.h"
#include "parse/json.h"

static bool
reject_media(ListingRow *row, const char *code, const char *reason)
{
	row->reject_code = code;
	row->reject_field = "Media";
	row->reject_reason = reason;
	return false;
}

/* Fills one medium from the members of its object; false: *problem says why not */
static bool
read_medium(const Record *members, ListingMedia *medium, char **problem)
{
	memset(medium, 0, sizeof(*medium));
	medium->media_order = -1;
	medium->modified_at = DT_NOBEGIN;

	for (int i = 0; i < members->nfields; i++)
	{
		const Field *field = &members->fields[i];
		char	   *value = unconstify(char *, field->value);

		if (field->kind == FIELD_NULL || field->len == 0)
			continue;
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
				*problem = psprintf("a medium has Order \"%.40s\"", value);
				return false;
			}
			medium->media_order = order;
		}
		else if (strcmp(field->name, "MediaModificationTimestamp") == 0 &&
				 time_stamp_from_text(NULL, value, pg_tzset("UTC"), &medium->modified_at) != TIME_OK)
		{
			*problem = psprintf("a medium has MediaModificationTimestamp \"%.40s\"", value);
			return false;
		}
	}
	if (medium->media_key == NULL)
		medium->media_key = medium->media_url;
	if (medium->media_key == NULL)
		*problem = "a medium has neither MediaKey nor MediaURL";
	return medium->media_key != NULL;
}

static uint64
hash_string(const char *text, uint64 seed)
{
	return text ? hash_bytes_extended((const unsigned char *) text, strlen(text), seed) : seed;
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

/* Fills row's media from the record's Media, and adds them to its hash; false: the row is rejected */
bool
mapping_media(const Mapping *mapping, const Field *field, ListingRow *row)
{
	Record		list;

	if (field == NULL || field->kind == FIELD_NULL)
		return true;
	if (field->kind != FIELD_JSON || field->value[0] != '[' ||
		!json_members_parse(field->value, field->len, &list))
		return reject_media(row, "bad_type", "Media is not a list");

	row->has_media = true;
	row->media = palloc(Max(list.nfields, 1) * sizeof(ListingMedia));
	for (int i = 0; i < list.nfields; i++)
	{
		Record		members;
		char	   *problem = NULL;

		if (list.fields[i].kind != FIELD_JSON || list.fields[i].value[0] != '{' ||
			!json_members_parse(list.fields[i].value, list.fields[i].len, &members))
			return reject_media(row, "bad_type", "an element of Media is not an object");
		if (!read_medium(&members, &row->media[row->nmedia], &problem))
			return reject_media(row, "bad_type", problem);
		row->content_hash += (int64) hash_medium(&row->media[row->nmedia]);
		row->nmedia++;
	}
	row->content_hash += list.nfields + 1;
	return true;
}
