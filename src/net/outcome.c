/*
 * outcome.c
 *	  What has become of a request, in one word and in one sentence.
 *
 * Sentences name host and cause; never a URL's path or query, a token, or text
 * that the server wrote.
 */
#include "postgres.h"

#include "net/transfer.h"

const char *
net_outcome_name(NetOutcome outcome)
{
	switch (outcome)
	{
		case NET_RUNNING:
			return "running";
		case NET_OK:
			return "ok";
		case NET_NOT_MODIFIED:
			return "not_modified";
		case NET_STATUS:
			return "status";
		case NET_BAD_URL:
			return "bad_url";
		case NET_FORBIDDEN_ADDRESS:
			return "forbidden_address";
		case NET_UNREACHABLE:
			return "unreachable";
		case NET_TLS:
			return "tls";
		case NET_TIMEOUT:
			return "timeout";
		case NET_CUT:
			return "cut";
		case NET_TOO_LARGE:
			return "too_large";
		case NET_PROTOCOL:
			return "protocol";
		case NET_SINK:
			return "sink";
	}
	return "unknown";
}

static const char *
status_meaning(int status)
{
	switch (status)
	{
		case 400:
			return " (bad request)";
		case 401:
			return " (unauthorized)";
		case 403:
			return " (forbidden)";
		case 404:
			return " (not found)";
		case 410:
			return " (gone)";
		case 429:
			return " (too many requests)";
		case 500:
			return " (internal server error)";
		case 502:
			return " (bad gateway)";
		case 503:
			return " (service unavailable)";
		case 504:
			return " (gateway time-out)";
		default:
			return status >= 300 && status < 400 ? " (redirect)" : "";
	}
}

/* an answer with its headers has come */
static void
judge_status(NetRequest *request)
{
	if (request->status == 304 && request->conditional)
	{
		request->outcome = NET_NOT_MODIFIED;
		return;
	}
	net_request_fail(request, NET_STATUS, "%s answered with status %d%s",
					 request->url.host, request->status, status_meaning(request->status));
}

static void
judge_unreachable(NetRequest *request)
{
	long		os_error = 0;

	if (request->address_refused && !request->address_tried)
	{
		net_request_fail(request, NET_FORBIDDEN_ADDRESS,
						 "%s has an address in a private network"
						 " that estate.allow_private_hosts does not open",
						 request->url.host);
		return;
	}
	curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &os_error);
	net_request_fail(request, NET_UNREACHABLE, "could not connect to %s: %s", request->url.origin,
					 os_error != 0 ? strerror(os_error) : "no address answered");
}

static void
judge_timeout(NetRequest *request)
{
	curl_off_t	found = 0;
	curl_off_t	connected = 0;

	curl_easy_getinfo(request->easy, CURLINFO_NAMELOOKUP_TIME_T, &found);
	curl_easy_getinfo(request->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
	if (found == 0)
		net_request_fail(request, NET_TIMEOUT, "could not look up host name \"%s\" in time",
						 request->url.host);
	else if (connected == 0)
		net_request_fail(request, NET_TIMEOUT, "could not connect to %s in time",
						 request->url.origin);
	else if (request->deadline >= 0 && request->deadline <= net_clock_ms())
		net_request_fail(request, NET_TIMEOUT, "%s took longer than %d ms",
						 request->url.host, request->timeout_ms);
	else
		net_request_fail(request, NET_TIMEOUT, "%s sent less than %d bytes a second for %d seconds",
						 request->url.host, NET_LOW_SPEED_BYTES, NET_LOW_SPEED_SECONDS);
}

/* the connection broke; was it while an answer came? */
static void
judge_broken(NetRequest *request)
{
	long		os_error = 0;

	curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &os_error);
	if (os_error == 0)
		net_request_fail(request, NET_PROTOCOL, "%s does not speak proper HTTP", request->url.host);
	else
		net_request_fail(request, NET_CUT, "the connection to %s broke: %s",
						 request->url.host, strerror(os_error));
}

static void
judge_code(NetRequest *request, CURLcode code)
{
	const char *host = request->url.host;

	switch (code)
	{
		case CURLE_COULDNT_RESOLVE_HOST:
			net_request_fail(request, NET_UNREACHABLE,
							 "could not find an address for host name \"%s\"", host);
			break;
		case CURLE_COULDNT_CONNECT:
		case CURLE_ABORTED_BY_CALLBACK:
			judge_unreachable(request);
			break;
		case CURLE_OPERATION_TIMEDOUT:
			judge_timeout(request);
			break;
		case CURLE_PARTIAL_FILE:
		case CURLE_GOT_NOTHING:
			net_request_fail(request, NET_CUT,
							 "%s ended the connection before the answer was whole", host);
			break;
		case CURLE_SEND_ERROR:
		case CURLE_RECV_ERROR:
			judge_broken(request);
			break;
		case CURLE_OUT_OF_MEMORY:

			/* also what libcurl says to a line of more than 100 kB */
			net_request_fail(request, NET_PROTOCOL,
							 "the headers from %s are too long, or there is no memory", host);
			break;
		case CURLE_FILESIZE_EXCEEDED:
			net_request_fail(request, NET_TOO_LARGE,
							 "the body is larger than allowed (" INT64_FORMAT " bytes)",
							 request->body.max_bytes);
			break;
		case CURLE_SSL_CONNECT_ERROR:
		case CURLE_PEER_FAILED_VERIFICATION:
		case CURLE_SSL_CERTPROBLEM:
		case CURLE_SSL_CIPHER:
		case CURLE_SSL_CACERT_BADFILE:
		case CURLE_SSL_ISSUER_ERROR:
		case CURLE_SSL_INVALIDCERTSTATUS:
			net_request_fail(request, NET_TLS, "no trusted TLS connection to %s: %s", host,
							 request->curl_error[0] ? request->curl_error :
							 curl_easy_strerror(code));
			break;
		default:
			net_request_fail(request, NET_PROTOCOL, "%s does not speak proper HTTP (%s)", host,
							 curl_easy_strerror(code));
	}
}

void
net_request_judge(NetRequest *request, CURLcode code)
{
	NetBody    *body = &request->body;

	if (body->failure == NET_SINK)
		net_request_fail(request, NET_SINK, "%s: %s", body->reason, strerror(body->sink_errno));
	else if (body->failure != NET_RUNNING)
		net_request_fail(request, body->failure, "%s", body->reason);
	else if (request->headers_done && (request->status < 200 || request->status >= 300))
		judge_status(request);
	else if (code != CURLE_OK)
		judge_code(request, code);
	else if (!net_body_whole(body))
		net_request_fail(request, NET_CUT, "the compressed body from %s ends before it is whole",
						 request->url.host);
	else if (request->status == 206)
		net_request_fail(request, NET_PROTOCOL, "%s sent a part where the whole was asked for",
						 request->url.host);
	else
		request->outcome = NET_OK;
}
