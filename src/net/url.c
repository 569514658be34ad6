/*
 * url.c
 *	  Reading URLs: which we go to, which are of one origin, and how they are
 *	  shown to people.
 *
 * libcurl's own parser decides, so that what was checked is what is connected
 * to.  Only net_resolve_url and net_redact_url allocate in the current memory
 * context and may throw; the rest is called while curl runs.
 */
#include "postgres.h"

#include "net/transfer.h"

const char	net_url_no_memory[] = "could not be read: out of memory";
static const char not_http[] = "does not begin with http:// or https://";
static const char not_well_formed[] = "is not well-formed";

/* the length of "http:" at the front of text, 0 if that is not absolute */
static size_t
scheme_length(const char *text)
{
	size_t		len = strspn(text, "abcdefghijklmnopqrstuvwxyz"
							 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	return len > 0 && text[len] == ':' ? len + 1 : 0;
}

/* where the part after scheme and host begins */
static const char *
after_authority(const char *text)
{
	const char *rest = text + scheme_length(text);

	if (rest[0] != '/' || rest[1] != '/')
		return text;
	rest += 2;
	return rest + strcspn(rest, "/?#");
}

/*
 * What is wrong with the front of a URL; NULL: nothing.  libcurl would
 * overlook missing and surplus slashes, and then one URL has two readings.
 */
static const char *
problem_of_front(const char *text)
{
	size_t		len = scheme_length(text);
	size_t		slashes = strspn(text + len, "/");

	if (len > 0 &&
		pg_strncasecmp(text, "http:", len) != 0 && pg_strncasecmp(text, "https:", len) != 0)
		return not_http;
	if (len > 0 ? slashes != 2 : slashes > 2)
		return not_well_formed;
	return NULL;
}

/*
 * Percent-encode what may not stand in a URL but often does: servers write
 * next links with spaces in them.  malloc'ed; NULL: out of memory.
 */
static char *
encode(const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	const char *rest = after_authority(text);
	char	   *encoded = malloc(strlen(text) * 3 + 1);
	char	   *out = encoded;

	if (encoded == NULL)
		return NULL;
	memcpy(out, text, rest - text);
	out += rest - text;
	for (; *rest; rest++)
	{
		unsigned char c = *rest;

		if (c == ' ' || c >= 0x7f || strchr("\"<>\\^`{|}", c) != NULL)
		{
			*out++ = '%';
			*out++ = hex[c >> 4];
			*out++ = hex[c & 15];
		}
		else
			*out++ = c;
	}
	*out = '\0';
	return encoded;
}

static const char *
problem_of(CURLUcode code)
{
	switch (code)
	{
		case CURLUE_OUT_OF_MEMORY:
			return net_url_no_memory;
		case CURLUE_USER_NOT_ALLOWED:
			return "has a user name in it";
		case CURLUE_UNSUPPORTED_SCHEME:
		case CURLUE_BAD_SCHEME:
			return not_http;
		default:
			return not_well_formed;
	}
}

/* scheme://host:port, malloc'ed */
static char *
origin_of(CURLU *handle, const char *scheme, const char *host)
{
	char	   *port = NULL;
	char	   *origin = NULL;
	size_t		size;

	if (curl_url_get(handle, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
	{
		size = strlen(scheme) + strlen(host) + strlen(port) + 5;
		origin = malloc(size);
		if (origin != NULL)
			snprintf(origin, size, "%s://%s:%s", scheme, host, port);
	}
	curl_free(port);
	return origin;
}

static bool
take_parts(NetUrl *url, CURLU *handle, const char **problem)
{
	char	   *scheme = NULL;
	CURLUcode	code;

	code = curl_url_set(handle, CURLUPART_FRAGMENT, NULL, 0);
	if (code == CURLUE_OK)
		code = curl_url_get(handle, CURLUPART_SCHEME, &scheme, 0);
	if (code == CURLUE_OK && strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		code = CURLUE_UNSUPPORTED_SCHEME;
	if (code == CURLUE_OK)
		code = curl_url_get(handle, CURLUPART_HOST, &url->host, 0);
	if (code == CURLUE_OK)
	{
		for (char *c = url->host; *c; c++)
			*c = pg_ascii_tolower((unsigned char) *c);
		url->origin = origin_of(handle, scheme, url->host);
		if (url->origin == NULL)
			code = CURLUE_OUT_OF_MEMORY;
	}
	if (code == CURLUE_OK)
		code = curl_url_get(handle, CURLUPART_URL, &url->text, 0);
	curl_free(scheme);
	if (code == CURLUE_OK)
		return true;
	*problem = problem_of(code);
	return false;
}

/*
 * Read text, relative to base if that is given.  Never throws.  On success
 * net_url_release must follow; otherwise *problem says what is wrong.
 */
bool
net_url_read(NetUrl *url, const char *base, const char *text, const char **problem)
{
	CURLU	   *handle;
	char	   *encoded;
	CURLUcode	code = CURLUE_OK;
	bool		good = false;

	memset(url, 0, sizeof(NetUrl));
	for (const char *c = text; *c; c++)
	{
		if ((unsigned char) *c < 0x20)
		{
			*problem = "has a control character in it";
			return false;
		}
	}
	*problem = problem_of_front(text);
	if (*problem != NULL)
		return false;
	*problem = net_url_no_memory;
	encoded = encode(text);
	handle = curl_url();
	if (encoded != NULL && handle != NULL)
	{
		if (base != NULL)
			code = curl_url_set(handle, CURLUPART_URL, base, CURLU_DISALLOW_USER);
		if (code == CURLUE_OK)
			code = curl_url_set(handle, CURLUPART_URL, encoded, CURLU_DISALLOW_USER);
		if (code == CURLUE_OK)
			good = take_parts(url, handle, problem);
		else
			*problem = problem_of(code);
	}
	if (!good)
		net_url_release(url);
	curl_url_cleanup(handle);
	free(encoded);
	return good;
}

void
net_url_release(NetUrl *url)
{
	curl_free(url->text);
	curl_free(url->host);
	free(url->origin);
	memset(url, 0, sizeof(NetUrl));
}

/* same scheme, host and port?  false also if one of them is no URL of ours */
bool
net_same_origin(const char *a, const char *b)
{
	NetUrl		first;
	NetUrl		second;
	const char *problem;
	bool		same = false;

	if (!net_url_read(&first, NULL, a, &problem))
		return false;
	if (net_url_read(&second, NULL, b, &problem))
	{
		same = strcmp(first.origin, second.origin) == 0;
		net_url_release(&second);
	}
	net_url_release(&first);
	return same;
}

/*
 * Where a link found in the answer from base leads, in the current memory
 * context; NULL if that is not a URL we would go to.
 */
char *
net_resolve_url(const char *base, const char *relative)
{
	NetUrl		checked;
	NetUrl		url;
	const char *problem;
	char	   *volatile result = NULL;

	if (!net_url_read(&checked, NULL, base, &problem))
		return NULL;
	if (net_url_read(&url, checked.text, relative, &problem))
	{
		result = MemoryContextAllocExtended(CurrentMemoryContext, strlen(url.text) + 1,
											MCXT_ALLOC_NO_OOM);
		if (result != NULL)
			memcpy(result, url.text, strlen(url.text) + 1);
		else
			problem = net_url_no_memory;
		net_url_release(&url);
	}
	net_url_release(&checked);
	if (result == NULL && problem == net_url_no_memory)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	return result;
}

/* is the value of this query parameter a secret by its name? */
static bool
names_secret(const char *name, size_t len)
{
	static const char *const secrets[] = {
		"token", "key", "sig", "signature", "password", "passwd", "pwd", "secret", "credential",
		"auth"
	};

	for (int i = 0; i < lengthof(secrets); i++)
	{
		size_t		tail = strlen(secrets[i]);

		if (len < tail || pg_strncasecmp(name + len - tail, secrets[i], tail) != 0)
			continue;

		/* api_key and apikey are secrets; ListingKey is not */
		if (len == tail || strchr("_-.", name[len - tail - 1]) != NULL ||
			strcmp(secrets[i], "key") != 0 ||
			(len == 6 && pg_strncasecmp(name, "apikey", 6) == 0))
			return true;
	}
	return false;
}

/*
 * A URL as it may be shown: without user info and fragment, and without the
 * values of parameters that are secrets.  In the current memory context.
 *
 * The text need not be well-formed: whatever stands before an @ is taken for
 * user info, even where that would be part of a path.
 */
char *
net_redact_url(const char *text)
{
	size_t		path_end = strcspn(text, "?#");
	char	   *shown = palloc(strlen(text) * 4 + 16);
	char	   *out = shown;
	const char *in = text;
	size_t		len;

	for (const char *c = text + path_end; c > text; c--)
	{
		if (c[-1] == '@')
		{
			len = strcspn(text, ":") + 3;
			if (strncmp(text + len - 3, "://", 3) == 0)
			{
				memcpy(out, text, len);
				out += len;
			}
			memcpy(out, "...@", 4);
			out += 4;
			in = c;
			break;
		}
	}
	len = text + path_end - in;
	memcpy(out, in, len);
	out += len;
	in += len;
	while (*in != '\0' && *in != '#')
	{
		size_t		name = strcspn(in + 1, "=?&;#") + 1;

		len = strcspn(in + 1, "?&;#") + 1;
		if (in[name] == '=' && names_secret(in + 1, name - 1))
		{
			memcpy(out, in, name);
			out += name;
			memcpy(out, "=...", 4);
			out += 4;
		}
		else
		{
			memcpy(out, in, len);
			out += len;
		}
		in += len;
	}
	*out = '\0';
	return shown;
}
