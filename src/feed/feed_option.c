/*
 * feed_option.c
 *	  Options of a feed that say how its records are read.
 *
 * Used by whatever process defines, previews or runs a feed.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "feed/state.h"

/* A conversion of the server's, for a reader that has no catalog */
typedef struct Conversion
{
	Oid			procedure;
	int			encoding;
} Conversion;

static JsonbValue *
option_value(const Feed *feed, const char *name)
{
	JsonbValue	key = {.type = jbvString};

	key.val.string.val = unconstify(char *, name);
	key.val.string.len = strlen(name);
	return findJsonbValueFromContainer(&feed->options->root, JB_FOBJECT, &key);
}

/* MDY or DMY; UNKNOWN: not stated */
static DayOrder
date_order(const Feed *feed)
{
	char	   *order = feed_option(feed, "date_order");

	if (order == NULL)
		return DATE_ORDER_UNKNOWN;
	if (pg_strcasecmp(order, "MDY") == 0)
		return DATE_MONTH_FIRST;
	if (pg_strcasecmp(order, "DMY") == 0)
		return DATE_DAY_FIRST;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"date_order\" cannot be \"%s\"", order),
			 errhint("It is DMY, where the day goes first, or MDY.")));
}

static const char *
made_key(const Feed *feed)
{
	char	   *key = feed_option(feed, "key");

	if (key && strcmp(key, "address") != 0 && strcmp(key, "row") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the key of a feed's records cannot be made of \"%s\"", key),
				 errhint("It is address, or row for a hash of all fields; a field that is the key "
						 "is mapped to listing_key.")));
	return key;
}

static const Jsonb *
nothing_option(const Feed *feed)
{
	JsonbValue *value = option_value(feed, "nothing");

	return value ? JsonbValueToJsonb(value) : NULL;
}

/* Sets what options say of a mapping; throws for those that cannot be */
void
feed_read_mapping_options(const Feed *feed, MappingSource *source)
{
	source->date_order = date_order(feed);
	source->strict = feed_option_bool(feed, "strict", false);
	source->key = made_key(feed);
	source->nothing = nothing_option(feed);
}

/*
 * The conversion of an encoding that the readers do not know themselves;
 * InvalidOid: there is none
 */
static Oid
find_conversion(const char *name, int *encoding)
{
	*encoding = pg_char_to_encoding(name);
	return *encoding < 0 ? InvalidOid : FindDefaultConversionProc(*encoding, PG_UTF8);
}

bool
feed_knows_encoding(const char *name)
{
	int			encoding;

	return delimited_knows_encoding(name) || OidIsValid(find_conversion(name, &encoding));
}

static size_t
option_convert(void *arg, const char *source, size_t len, char *target, size_t *target_len)
{
	Conversion *conversion = arg;
	size_t		taken;

	/* the server's functions take no more than an int says; the reader asks again */
	len = Min(len, 1024 * 1024);
	taken = pg_do_encoding_conversion_buf(conversion->procedure, conversion->encoding, PG_UTF8,
										  (unsigned char *) unconstify(char *, source), len,
										  (unsigned char *) target, DELIMITED_EXPANSION * len + 1,
										  true);
	*target_len = strlen(target);
	return taken;
}

/* Sets how a reader comes to UTF-8.  The conversion is remembered in context */
void
feed_set_encoding(MemoryContext context, char *name, DelimitedOptions *options)
{
	Conversion *conversion;

	options->encoding = name;
	if (name == NULL || delimited_knows_encoding(name))
		return;
	conversion = MemoryContextAlloc(context, sizeof(Conversion));
	conversion->procedure = find_conversion(name, &conversion->encoding);
	if (!OidIsValid(conversion->procedure))
		return;					/* the reader says that it does not know it */
	options->convert = option_convert;
	options->convert_arg = conversion;
}
