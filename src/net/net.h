/*
 * net.h
 *	  Bytes from and to the world: an event loop of HTTP transfers.
 *
 * A leaf: no SPI, no transactions.  The only room that includes curl.  A loop
 * belongs to one process; its descriptor (an epoll set) goes into that
 * process's WaitEventSet.  Nothing here waits.  net_loop_create throws when
 * there is no descriptor or memory, net_request_start and the functions that
 * return text only when there is no memory, the others never.
 *
 * How to use it: start requests, wait for net_loop_fd to be readable or for
 * net_loop_timeout_ms, call net_loop_turn, look at each request: take what
 * net_request_data shows, net_request_consume it, act when the outcome is no
 * longer NET_RUNNING.  A body that is kept here stops to flow while 4 MB of it
 * are unread, so somebody who wants more must consume as it comes.
 */
#ifndef ESTATE_NET_H
#define ESTATE_NET_H

#include "postgres.h"

struct sockaddr;

typedef struct NetLoop NetLoop;
typedef struct NetRequest NetRequest;

typedef enum NetOutcome
{
	NET_RUNNING,
	NET_OK,						/* 2xx, the whole body has come */
	NET_NOT_MODIFIED,			/* 304 */
	NET_STATUS,					/* any other status, see net_request_status */
	NET_BAD_URL,				/* not http(s), user info in it, or unreadable */
	NET_FORBIDDEN_ADDRESS,		/* an address that estate.allow_private_hosts does not open */
	NET_UNREACHABLE,			/* no such host, connection refused, no route */
	NET_TLS,					/* certificate or handshake */
	NET_TIMEOUT,
	NET_CUT,					/* the body ended before it was whole, also inside gzip */
	NET_TOO_LARGE,				/* more than max_bytes, or blown up by decompression */
	NET_PROTOCOL,				/* not HTTP, bad encoding, too many redirects */
	NET_SINK					/* the file could not be written */
} NetOutcome;

typedef struct NetOptions
{
	const char *url;
	const char *bearer;			/* token; NULL: none.  Never sent to another origin */
	const char *accept;			/* NULL: any */
	const char *if_none_match;
	const char *if_modified_since;
	const char *allowed_hosts;	/* value of estate.allow_private_hosts */
	int64		max_bytes;		/* of the decoded body; 0: 1 GB */
	int			total_timeout_ms;	/* from when there is a connection for it; 0: none */
	bool		follow_redirects;	/* at most 3; each is checked like the first */
	int			sink_fd;		/* write the body there; -1: keep it for net_request_data */
	const char *sink_path;		/* or append it to this file, which is open only
								 * while a piece is written: hundreds of transfers
								 * need no more descriptors than connections */
} NetOptions;

extern NetLoop *net_loop_create(MemoryContext context, int max_connections, int max_per_host);
extern int	net_loop_fd(NetLoop *loop);
extern long net_loop_timeout_ms(NetLoop *loop);
extern void net_loop_turn(NetLoop *loop);

/*
 * A request lives in owner, whose reset ends it.  Unfit options make a request
 * that has its outcome at once.
 */
extern NetRequest *net_request_start(NetLoop *loop, MemoryContext owner, const NetOptions *options);

/* break it off if it runs, and give its data back; the outcome stays readable */
extern void net_request_end(NetRequest *request);
extern NetOutcome net_request_outcome(const NetRequest *request);
extern const char *net_outcome_name(NetOutcome outcome);

/* of the last answer; 0: none has come yet */
extern int	net_request_status(const NetRequest *request);

/* what went wrong, a sentence without secrets; NULL: nothing did */
extern const char *net_request_error(const NetRequest *request);

/* etag, last-modified, retry-after, content-type, link of the last answer; NULL: not sent */
extern const char *net_request_header(const NetRequest *request, const char *name);

/* for how many seconds the server wants to be left alone, at most a day; -1: it does not say */
extern int	net_request_retry_after(const NetRequest *request);

/*
 * unread bytes of a 2xx body, valid until the next turn, consume or end;
 * consume takes bytes off their front
 */
extern const char *net_request_data(const NetRequest *request, size_t *len);
extern void net_request_consume(NetRequest *request, size_t len);

/* of the decoded body, so far */
extern int64 net_request_bytes(const NetRequest *request);

/* address.c */
extern bool net_address_allowed(const struct sockaddr *address, const char *host,
								const char *allowed_hosts);
extern bool net_allowed_hosts_valid(const char *allowed_hosts, char **error);

/* url.c */
extern bool net_same_origin(const char *a, const char *b);
extern char *net_resolve_url(const char *base, const char *relative);
extern char *net_redact_url(const char *url);

#endif							/* ESTATE_NET_H */
