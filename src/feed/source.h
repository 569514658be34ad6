/*
 * source.h
 *	  Where the bytes of a feed come from: a request, a file of the server, or
 *	  a text that somebody pushed.
 */
#ifndef ESTATE_SOURCE_H
#define ESTATE_SOURCE_H

#include "estate.h"
#include "net/net.h"

typedef struct FeedSource FeedSource;

extern FeedSource *source_http(NetLoop *loop, MemoryContext context, const NetOptions *options);
extern FeedSource *source_file(MemoryContext context, const char *url, Oid role);
extern FeedSource *source_text(MemoryContext context, const char *bytes, size_t len);
extern bool source_is_file(const char *url);
extern void source_close(FeedSource *source);

extern bool source_ready(FeedSource *source);
extern const char *source_data(FeedSource *source, size_t *len, bool *last);
extern void source_consume(FeedSource *source, size_t len);
extern void source_require(FeedSource *source, const char *what);
extern bool source_unmodified(const FeedSource *source);
extern bool source_is_local(const FeedSource *source);
extern int	source_retry_after(const FeedSource *source);
extern const char *source_header(const FeedSource *source, const char *name);

#endif							/* ESTATE_SOURCE_H */
