/*
 * http.c
 *	  One HTTP request: how it is put to libcurl, and what curl calls back.
 *
 * Runs wherever its loop runs.  Only net_request_start may throw.  Callbacks
 * return an error to curl and leave the reason in the request.
 *
 * Redirects are followed here and not by curl, so that each hop passes the
 * same checks as the first, and the token goes to its own origin only.
 */
#include "postgres.h"

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <time.h>

#include "mb/pg_wchar.h"

#include "net/transfer.h"

static const char *const header_names[NET_HEADERS] = {
	"etag", "last-modified", "retry-after", "content-type", "link", "location", "content-encoding"
};

/* reset callback of the owner's context */
static void
request_reset(void *arg)
{
	net_request_end(arg);
}

void
net_request_end(NetRequest *request)
{
	sigset_t	saved;

	net_block_signals(&saved);
	if (request->outcome == NET_RUNNING)
		net_request_fail(request, NET_CUT, "the transfer was given up");
	net_request_release(request);
	net_body_release(&request->body);
	for (int i = 0; i < NET_HEADERS; i++)
	{
		free(request->header[i]);
		request->header[i] = NULL;
	}
	net_url_release(&request->url);
	net_restore_signals(&saved);
}

/* give back what only a running transfer needs */
void
net_request_release(NetRequest *request)
{
	net_loop_remove(request);
	curl_easy_cleanup(request->easy);
	request->easy = NULL;
	curl_slist_free_all(request->headers);
	request->headers = NULL;
	free(request->allowed_hosts);
	request->allowed_hosts = NULL;
}

/*
 * What a peer or a library wrote may be of any encoding, and be cut in the
 * middle of a character: bytes that are not UTF-8 are written \xHH.
 */
static void
http_put_text(char *to, size_t size, const char *from)
{
	char	   *end = to + size - sizeof("\\xHH");

	while (*from != '\0' && to < end)
	{
		int			valid = pg_encoding_verifymbchar(PG_UTF8, from, strlen(from));

		if (valid > end - to)
			break;
		if (valid > 0)
		{
			memcpy(to, from, valid);
			to += valid;
			from += valid;
		}
		else
			to += snprintf(to, sizeof("\\xHH"), "\\x%02X", (unsigned char) *from++);
	}
	*to = '\0';
}

void
net_request_fail(NetRequest *request, NetOutcome outcome, const char *fmt,...)
{
	char		says[sizeof(request->error)];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(says, sizeof(says), fmt, args);
	va_end(args);
	http_put_text(request->error, sizeof(request->error), says);
	request->outcome = outcome;
	net_request_release(request);
}

/* ---- what curl calls ---- */

/* keep a header; one that is sent several times becomes a list, as HTTP has it */
static bool
http_keep_header(char **kept, const char *value, size_t len)
{
	size_t		before = *kept ? strlen(*kept) + 2 : 0;
	char	   *joined;

	/* a value that is not printable ASCII is not kept: it could end up in a table or a log */
	for (size_t i = 0; i < len; i++)
		if ((unsigned char) value[i] < 0x20 || (unsigned char) value[i] >= 0x7f)
			return true;
	joined = realloc(*kept, before + len + 1);
	if (joined == NULL)
		return false;
	if (before > 0)
		memcpy(joined + before - 2, ", ", 2);
	memcpy(joined + before, value, len);
	joined[before + len] = '\0';
	*kept = joined;
	return true;
}

static void
forget_headers(NetRequest *request)
{
	for (int i = 0; i < NET_HEADERS; i++)
	{
		free(request->header[i]);
		request->header[i] = NULL;
	}
	request->status = 0;
	request->headers_done = false;
}

/* the empty line: the body follows */
static void
end_headers(NetRequest *request)
{
	const char *encoding = request->header[NET_HEADER_CONTENT_ENCODING];

	if (request->status < 200)
		return;
	request->headers_done = true;
	if (encoding == NULL || encoding[0] == '\0' || pg_strcasecmp(encoding, "identity") == 0)
		return;
	if (pg_strcasecmp(encoding, "gzip") == 0 || pg_strcasecmp(encoding, "x-gzip") == 0)
		request->body.compressed = true;
	else if (request->status < 300)
	{
		request->body.failure = NET_PROTOCOL;
		request->body.reason = "the body has an encoding that was not asked for";
	}
}

static size_t
header_came(char *line, size_t size, size_t nitems, void *arg)
{
	NetRequest *request = arg;
	size_t		len = size * nitems;
	size_t		rest = len;
	char	   *colon;

	request->header_bytes += len;
	if (request->header_bytes > NET_HEADER_LIMIT)
	{
		request->body.failure = NET_PROTOCOL;
		request->body.reason = "the headers are too long";
		return 0;
	}
	if (request->headers_done)
		return len;				/* trailers */
	while (rest > 0 && strchr(" \t\r\n", line[rest - 1]) != NULL)
		rest--;
	if (rest == 0)
	{
		end_headers(request);
		return len;
	}
	if (rest > 5 && memcmp(line, "HTTP/", 5) == 0)
	{
		char	   *space = memchr(line, ' ', rest);

		forget_headers(request);
		if (space != NULL && line + rest - space > 3)
			request->status = (space[1] - '0') * 100 + (space[2] - '0') * 10 + (space[3] - '0');
		return len;
	}
	colon = memchr(line, ':', rest);
	for (int i = 0; colon != NULL && i < NET_HEADERS; i++)
	{
		char	   *value = colon + 1;

		if (strlen(header_names[i]) != colon - line ||
			pg_strncasecmp(header_names[i], line, colon - line) != 0)
			continue;
		while (value < line + rest && (*value == ' ' || *value == '\t'))
			value++;
		if (!http_keep_header(&request->header[i], value, line + rest - value))
			return 0;
	}
	return len;
}

static size_t
body_came(char *bytes, size_t size, size_t nmemb, void *arg)
{
	NetRequest *request = arg;
	NetBody    *body = &request->body;
	size_t		len = size * nmemb;

	if (request->status < 200 || request->status >= 300)
	{
		/*
		 * The page that comes with an error status is not kept.  A short one is
		 * read to its end, so that the connection can be used again.
		 */
		body->received += len;
		return body->received > NET_ERROR_PAGE_LIMIT ? 0 : len;
	}
	if (net_body_full(body))
	{
		request->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	return net_body_accept(body, bytes, len) ? len : 0;
}

/*
 * The address that a name really has, at each hop.  Checking the name before
 * would leave the time between check and use to whoever runs its DNS.
 */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	NetRequest *request = arg;

	if (!net_address_allowed(&address->addr, request->url.host, request->allowed_hosts))
	{
		request->address_refused = true;
		return CURL_SOCKET_BAD;
	}
	request->address_tried = true;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* a connection kept from an earlier request was opened under an earlier setting */
static int
http_connected(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	NetRequest *request = arg;
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(remote_port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(remote_port)};
	struct sockaddr *address = NULL;

	if (inet_pton(AF_INET, remote, &v4.sin_addr) == 1)
		address = (struct sockaddr *) &v4;
	else if (inet_pton(AF_INET6, remote, &v6.sin6_addr) == 1)
		address = (struct sockaddr *) &v6;
	if (address != NULL &&
		net_address_allowed(address, request->url.host, request->allowed_hosts))
		return CURL_PREREQFUNC_OK;
	request->address_refused = true;
	request->address_tried = false;
	return CURL_PREREQFUNC_ABORT;
}

/* ---- starting ---- */

/* an added header, or "name: value"; false: out of memory */
static bool
add_header(NetRequest *request, const char *name, const char *value)
{
	struct curl_slist *list;
	size_t		size;
	char	   *line;

	if (value == NULL)
		return true;
	size = strlen(name) + strlen(value) + 3;
	line = malloc(size);
	if (line == NULL)
		return false;
	snprintf(line, size, "%s: %s", name, value);
	list = curl_slist_append(request->headers, line);
	free(line);
	if (list == NULL)
		return false;
	request->headers = list;
	return true;
}

/* whether a value has a character that ends its header line, and so could add another */
static bool
breaks_line(const char *value)
{
	for (; value != NULL && *value; value++)
		if ((unsigned char) *value < 0x20 || *value == 0x7f)
			return true;
	return false;
}

#define SET(option, value) \
	do { \
		if (code == CURLE_OK) \
			code = curl_easy_setopt(easy, (option), (value)); \
	} while (0)

static CURLcode
set_rules(CURL *easy, const NetOptions *options)
{
	CURLcode	code = CURLE_OK;

	SET(CURLOPT_NOSIGNAL, 1L);

	/* a transfer that ends while its name is looked up must not wait for the thread */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);

	/* HTTP/2 would buffer up to 32 MB for each paused stream */
	SET(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long) NET_CONNECT_TIMEOUT_MS);
	SET(CURLOPT_LOW_SPEED_LIMIT, (long) NET_LOW_SPEED_BYTES);
	SET(CURLOPT_LOW_SPEED_TIME, (long) NET_LOW_SPEED_SECONDS);
	if (options->sink_path != NULL)
		SET(CURLOPT_BUFFERSIZE, NET_PIECE_BYTES);
	SET(CURLOPT_USERAGENT, "pg_estate/" ESTATE_VERSION);
	if (options->bearer != NULL)
	{
		SET(CURLOPT_HTTPAUTH, (long) CURLAUTH_BEARER);
		SET(CURLOPT_XOAUTH2_BEARER, options->bearer);
	}
	return code;
}

static CURLcode
set_callbacks(CURL *easy, NetRequest *request)
{
	CURLcode	code = CURLE_OK;

	SET(CURLOPT_PRIVATE, request);
	SET(CURLOPT_ERRORBUFFER, request->curl_error);
	SET(CURLOPT_WRITEFUNCTION, body_came);
	SET(CURLOPT_WRITEDATA, request);
	SET(CURLOPT_HEADERFUNCTION, header_came);
	SET(CURLOPT_HEADERDATA, request);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, request);
	SET(CURLOPT_PREREQFUNCTION, http_connected);
	SET(CURLOPT_PREREQDATA, request);
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t) request->body.max_bytes);
	SET(CURLOPT_HTTPHEADER, request->headers);
	SET(CURLOPT_URL, request->url.text);
	return code;
}

/* false: out of memory */
static bool
http_prepare(NetRequest *request, const NetOptions *options)
{
	request->allowed_hosts = strdup(options->allowed_hosts ? options->allowed_hosts : "");
	if (request->allowed_hosts == NULL)
		return false;
	if (!add_header(request, "Accept-Encoding", "gzip") ||
		!add_header(request, "Accept", options->accept) ||
		!add_header(request, "If-None-Match", options->if_none_match) ||
		!add_header(request, "If-Modified-Since", options->if_modified_since))
		return false;
	request->easy = curl_easy_init();
	return request->easy != NULL &&
		set_rules(request->easy, options) == CURLE_OK &&
		set_callbacks(request->easy, request) == CURLE_OK;
}

NetRequest *
net_request_start(NetLoop *loop, MemoryContext owner, const NetOptions *options)
{
	NetRequest *request = MemoryContextAllocZero(owner, sizeof(NetRequest));
	const char *problem;
	bool		memory;

	request->outcome = NET_RUNNING;
	request->conditional = options->if_none_match != NULL || options->if_modified_since != NULL;
	request->follow = options->follow_redirects;
	request->timeout_ms = options->total_timeout_ms;
	request->deadline = -1;
	request->cleanup.func = request_reset;
	request->cleanup.arg = request;
	MemoryContextRegisterResetCallback(owner, &request->cleanup);
	memory = net_body_init(&request->body, options);

	if (breaks_line(options->bearer) || breaks_line(options->accept) ||
		breaks_line(options->if_none_match) || breaks_line(options->if_modified_since))
	{
		net_request_fail(request, NET_BAD_URL,
						 "a value for a request header has a control character in it");
		return request;
	}
	if (!net_url_read(&request->url, NULL, options->url, &problem))
	{
		if (problem != net_url_no_memory)
		{
			net_request_fail(request, NET_BAD_URL, "the URL %s", problem);
			return request;
		}
	}
	else if (memory && http_prepare(request, options) && net_loop_add(loop, request))
		return request;

	net_request_end(request);
	ereport(ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("out of memory")));
}

/* there is a connection for it: from now on its time runs */
void
net_request_begin(NetRequest *request)
{
	int64		now = net_clock_ms();

	if (request->timeout_ms <= 0)
		return;
	if (request->deadline < 0)
		request->deadline = now + request->timeout_ms;
	curl_easy_setopt(request->easy, CURLOPT_TIMEOUT_MS, (long) Max(request->deadline - now, 1));
}

/* ---- ending ---- */

/* true: the request goes on at another URL, or has failed to */
static bool
redirect(NetRequest *request)
{
	NetUrl		target;
	const char *problem;
	bool		moved;

	if (!request->follow || request->header[NET_HEADER_LOCATION] == NULL)
		return false;
	if (request->status != 301 && request->status != 302 && request->status != 303 &&
		request->status != 307 && request->status != 308)
		return false;
	if (++request->redirects > NET_MAX_REDIRECTS)
	{
		net_request_fail(request, NET_PROTOCOL, "the server redirected more than %d times",
						 NET_MAX_REDIRECTS);
		return true;
	}
	if (!net_url_read(&target, request->url.text, request->header[NET_HEADER_LOCATION], &problem))
	{
		net_request_fail(request, NET_BAD_URL, "the server redirected to a URL that %s", problem);
		return true;
	}
	if (strcmp(target.origin, request->url.origin) != 0)
	{
		curl_easy_setopt(request->easy, CURLOPT_XOAUTH2_BEARER, NULL);
		curl_easy_setopt(request->easy, CURLOPT_HTTPAUTH, (long) CURLAUTH_NONE);
	}
	net_url_release(&request->url);
	request->url = target;
	request->address_refused = request->address_tried = false;
	request->header_bytes = 0;
	forget_headers(request);
	net_body_restart(&request->body);
	moved = curl_easy_setopt(request->easy, CURLOPT_URL, target.text) == CURLE_OK &&
		net_loop_readd(request);
	if (!moved)
		net_request_fail(request, NET_UNREACHABLE, "out of memory for the transfer");
	return true;
}

/* curl has finished with it */
void
net_request_done(NetRequest *request, CURLcode code)
{
	if (request->headers_done && request->body.failure == NET_RUNNING && redirect(request))
		return;
	net_request_judge(request, code);
	net_request_release(request);
}

/* ---- reading ---- */

NetOutcome
net_request_outcome(const NetRequest *request)
{
	return request->outcome;
}

int
net_request_status(const NetRequest *request)
{
	return request->status < 200 ? 0 : request->status;
}

const char *
net_request_error(const NetRequest *request)
{
	return request->error[0] ? request->error : NULL;
}

const char *
net_request_header(const NetRequest *request, const char *name)
{
	for (int i = 0; i < NET_HEADERS; i++)
		if (pg_strcasecmp(name, header_names[i]) == 0)
			return request->header[i];
	return NULL;
}

/* a number of seconds, or a date by the server's clock, which we take for ours */
int
net_request_retry_after(const NetRequest *request)
{
	const char *text = request->header[NET_HEADER_RETRY_AFTER];
	double		seconds;
	char	   *end;

	if (text == NULL)
		return -1;
	seconds = strtod(text, &end);
	if (end == text || *end != '\0')
	{
		time_t		date = curl_getdate(text, NULL);

		if (date == -1)
			return -1;
		seconds = difftime(date, time(NULL));
	}
	return (int) Min(Max(seconds, 0), NET_LONGEST_RETRY);
}

const char *
net_request_data(const NetRequest *request, size_t *len)
{
	*len = request->body.end - request->body.start;
	return *len > 0 ? request->body.data + request->body.start : "";
}

void
net_request_consume(NetRequest *request, size_t len)
{
	NetBody    *body = &request->body;
	sigset_t	saved;

	body->start += Min(len, body->end - body->start);
	if (body->start == body->end)
		body->start = body->end = 0;
	if (!request->paused || request->easy == NULL || net_body_full(body))
		return;

	/* may come back to body_came at once with what curl had in its hands */
	request->paused = false;
	net_block_signals(&saved);
	curl_easy_pause(request->easy, CURLPAUSE_CONT);
	net_restore_signals(&saved);
}

int64
net_request_bytes(const NetRequest *request)
{
	return request->body.decoded;
}
