/*
 * transfer.h
 *	  What the files of src/net share and nobody else sees.
 *
 * Whatever curl or zlib may call back into must not throw, so all memory that
 * changes during a transfer is malloc'ed and checked; the reset callbacks of
 * the owner's and of the loop's memory context free it.
 */
#ifndef ESTATE_NET_TRANSFER_H
#define ESTATE_NET_TRANSFER_H

#include <curl/curl.h>
#include <zlib.h>

#include "lib/ilist.h"
#include "net/net.h"

/* unread bytes from which on the server is made to wait */
#define NET_UNREAD_LIMIT		(4 * 1024 * 1024)

/* a compressed body may grow by this factor, once it is longer than the grace */
#define NET_RATIO_LIMIT			200
#define NET_RATIO_GRACE			(1024 * 1024)

/* the connection is closed after so many bytes of a page that comes with an error status */
#define NET_ERROR_PAGE_LIMIT	(1024 * 1024)

/* what a file gets at once */
#define NET_PIECE_BYTES			65536L

#define NET_HEADER_LIMIT		(128 * 1024)
#define NET_MAX_REDIRECTS		3
#define NET_LONGEST_RETRY		(24 * 60 * 60)
#define NET_DEFAULT_MAX_BYTES	(INT64CONST(1) << 30)

#ifndef NET_CONNECT_TIMEOUT_MS
#define NET_CONNECT_TIMEOUT_MS	10000
#endif

/* slower than this many bytes a second, for that many seconds: hang up */
#ifndef NET_LOW_SPEED_BYTES
#define NET_LOW_SPEED_BYTES		100
#define NET_LOW_SPEED_SECONDS	30
#endif

/* a URL that has been checked: http or https, no user info */
typedef struct NetUrl
{
	char	   *text;			/* whole, percent-encoded, without a fragment */
	char	   *host;			/* lower case, IPv6 in brackets */
	char	   *origin;			/* scheme://host:port */
} NetUrl;

/* one origin with requests in the loop; carries the count of its connections */
typedef struct NetOrigin
{
	dlist_node	node;
	char	   *name;
	int			requests;		/* that point here */
	int			running;		/* of them, with the transfer started */
} NetOrigin;

typedef struct NetBody
{
	char	   *data;			/* malloc'ed; [start, end) is unread */
	size_t		start;
	size_t		end;
	size_t		size;
	int			sink_fd;		/* or -1 */
	char	   *sink_path;		/* malloc'ed, or NULL */
	int64		max_bytes;
	int64		received;		/* as it came */
	int64		decoded;
	bool		compressed;
	bool		inflating;		/* stream is initialised */
	bool		in_member;		/* between the first and the last byte of a gzip member */
	z_stream	stream;
	NetOutcome	failure;		/* NET_RUNNING: none */
	const char *reason;			/* of the failure; constant text */
	int			sink_errno;
} NetBody;

/* the headers that are kept */
typedef enum NetHeader
{
	NET_HEADER_ETAG,
	NET_HEADER_LAST_MODIFIED,
	NET_HEADER_RETRY_AFTER,
	NET_HEADER_CONTENT_TYPE,
	NET_HEADER_LINK,
	NET_HEADER_LOCATION,
	NET_HEADER_CONTENT_ENCODING
} NetHeader;

#define NET_HEADERS (NET_HEADER_CONTENT_ENCODING + 1)

struct NetLoop
{
	CURLM	   *multi;
	int			epoll_fd;
	int64		due;			/* when curl wants to be called, in ms; -1: never */
	int			max_connections;
	int			max_per_host;
	int			running;
	bool		freed;			/* a connection, and a request waits for one */
	int			descriptors;	/* that the server was told of */
	dlist_head	active;			/* given to curl */
	dlist_head	waiting;		/* for a free connection, oldest first */
	dlist_head	origins;
	MemoryContextCallback cleanup;
};

struct NetRequest
{
	dlist_node	node;			/* in active or waiting of the loop */
	NetLoop    *loop;			/* NULL: the transfer is over */
	bool		active;
	NetOrigin  *origin;
	CURL	   *easy;
	struct curl_slist *headers;
	NetUrl		url;			/* of the present hop */
	char	   *allowed_hosts;
	bool		conditional;
	bool		follow;
	int			redirects;
	int			timeout_ms;
	int64		deadline;		/* in ms, set when the transfer starts; -1: none */
	bool		paused;
	bool		address_refused;
	bool		address_tried;
	bool		headers_done;
	size_t		header_bytes;
	int			status;
	char	   *header[NET_HEADERS];
	NetBody		body;
	NetOutcome	outcome;
	char		error[512];
	char		curl_error[CURL_ERROR_SIZE];
	MemoryContextCallback cleanup;
};

/* loop.c */
extern int64 net_clock_ms(void);
extern void net_block_signals(sigset_t *saved);
extern void net_restore_signals(const sigset_t *saved);
extern bool net_loop_add(NetLoop *loop, NetRequest *request);
extern void net_loop_remove(NetRequest *request);
extern bool net_loop_readd(NetRequest *request);

/* http.c */
extern void net_request_begin(NetRequest *request);
extern void net_request_done(NetRequest *request, CURLcode code);
extern void net_request_release(NetRequest *request);
extern void net_request_fail(NetRequest *request, NetOutcome outcome, const char *fmt,...)
			pg_attribute_printf(3, 4);

/* outcome.c */
extern void net_request_judge(NetRequest *request, CURLcode code);

/* body.c */
extern bool net_body_init(NetBody *body, const NetOptions *options);
extern void net_body_restart(NetBody *body);
extern bool net_body_full(const NetBody *body);
extern bool net_body_accept(NetBody *body, const char *bytes, size_t len);
extern bool net_body_whole(const NetBody *body);
extern void net_body_release(NetBody *body);

/* url.c; problem is constant text that ends a sentence like "the URL ..." */
extern const char net_url_no_memory[];
extern bool net_url_read(NetUrl *url, const char *base, const char *text, const char **problem);
extern void net_url_release(NetUrl *url);

#endif							/* ESTATE_NET_TRANSFER_H */
