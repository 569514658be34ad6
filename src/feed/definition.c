/*
 * definition.c
 *	  Whether a feed, as somebody wants to define it, can work.
 *
 * Runs in client backends, in the caller's transaction and with his rights, but
 * for the mapping.  Writes nothing and does not look at the source.  The mapping
 * is returned in CurrentMemoryContext.
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "effect/target.h"
#include "feed/definition.h"
#include "feed/state.h"

/* scheme://user:password@host */
static bool
has_user_info(const char *url)
{
	const char *authority = strstr(url, "://");

	return authority && memchr(authority + 3, '@', strcspn(authority + 3, "/?#")) != NULL;
}

static void
definition_check_url(const char *url)
{
	if (source_is_file(url) && !has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to read a file of the server"),
				 errdetail("Only members of role pg_read_server_files may make such a feed.")));
	if (!source_is_file(url) && pg_strncasecmp(url, "http://", 7) != 0 &&
		pg_strncasecmp(url, "https://", 8) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not an http, https or file url", net_redact_url(url))));
	if (has_user_info(url))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the url of a feed must not hold a name or a password"),
				 errhint("Give the feed a server whose user mapping has a secret_ref.")));
}

/* Options whose values must be more than of the right JSON type, which SQL has checked */
static void
definition_check_options(Jsonb *options)
{
	Feed		feed = {.options = options};
	char	   *delimiter = feed_option(&feed, "delimiter");
	char	   *quote = feed_option(&feed, "quote");
	char	   *encoding = feed_option(&feed, "encoding");

	if (delimiter && strlen(delimiter) != 1 && strcmp(delimiter, "\\t") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"delimiter\" must be one character of ASCII, or \\t")));
	if (quote && strlen(quote) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"quote\" must be one character of ASCII, or empty for none")));
	if (encoding && !feed_knows_encoding(encoding))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("encoding \"%s\" is not supported", encoding),
				 errhint("Encodings are %s, and all that the server can convert to UTF8: "
						 "SELECT pg_encoding_to_char(conforencoding) FROM pg_conversion;",
						 delimited_encodings())));
}

/*
 * The mapping, compiled as the owner of estate.listing: its columns may be of
 * types that he has made, whose input functions are then called.
 */
static Mapping *
definition_check_mapping(const FeedDefinition *feed)
{
	MappingSource source = {0};
	Mapping    *mapping;
	EstateUser	user;

	source.preset = feed->preset;
	source.mapping = feed->mapping;
	source.time_zone = "UTC";
	source.area_unit = "sqft";
	feed_read_mapping_options(&(Feed) {.options = feed->options}, &source);
	estate_become_owner(&user);
	source.columns = listing_columns();
	mapping = mapping_compile(&source);
	estate_resume_user(&user);
	return mapping;
}

Mapping *
definition_check(const FeedDefinition *feed)
{
	Mapping    *mapping;

	if (feed->preset == NULL || feed->options == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("preset and options of a feed must not be null")));
	if (!JB_ROOT_IS_OBJECT(feed->options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the options of a feed must be a JSON object")));
	definition_check_options(feed->options);
	mapping = definition_check_mapping(feed);
	if (feed->server)
		(void) target_open(feed->server, GetUserId());
	if (feed->url)
		definition_check_url(feed->url);
	return mapping;
}
