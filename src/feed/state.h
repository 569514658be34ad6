/*
 * state.h
 *	  What a run of a feed knows, private to the room.
 */
#ifndef ESTATE_FEED_STATE_H
#define ESTATE_FEED_STATE_H

#include "estate.h"

#include "feed/mapping.h"
#include "feed/source.h"
#include "listing/listing.h"
#include "parse/delimited.h"
#include "parse/json.h"
#include "utils/hsearch.h"
#include "utils/jsonb.h"

typedef struct Feed
{
	int			feed_id;
	char	   *name;
	char	   *preset;
	char	   *url;			/* NULL: only push_feed() fills it */
	char	   *server;			/* NULL: none */
	Jsonb	   *mapping;		/* NULL: by names and synonyms */
	Jsonb	   *options;
	bool		paused;
	Oid			owner;
	bool		has_every;
	char	   *source_system;
	int			market_id;
	char	   *currency;
	char	   *area_unit;
	char	   *time_zone;
	/* the cursor */
	char	   *next_url;		/* NULL: from the start */
	char	   *watermark;		/* as the source wrote it; NULL: none */
	char	   *pending_watermark;
	char	   *etag;
	char	   *last_modified;
	int			failures;
} Feed;

typedef struct FeedRun
{
	MemoryContext context;
	MemoryContext page_context; /* reset after each page */
	Feed	   *feed;
	int64		run_id;
	const ListingColumns *columns;
	Mapping    *mapping;		/* NULL: not compiled yet */
	MemoryContext source_context;	/* of the page in hand, with its urls; NULL: none */
	FeedSource *source;
	char	   *url;			/* of the page in hand */
	HTAB	   *pages_seen;		/* hashes of the links followed; NULL: none */
	char	   *secret;			/* NULL: none */
	DelimitedReader *reader;	/* csv */
	StringInfoData body;		/* reso: the page as far as it has come */
	int64		bytes;			/* since the last page was counted */
	TimestampTz watermark_at;	/* of pending_watermark */
	char	   *pending_watermark;
	char	   *next_url;
	int64		inserted;		/* in this run, and at the last refresh of statistics */
	int64		inserted_at_refresh;
	bool		last;			/* the source has no more bytes */
	bool		page_ended;		/* reso: the page is applied, the next one can be asked for */
	bool		full;			/* the reader holds records that no page has taken yet */
	bool		ended;			/* nothing more to apply */
	bool		locked;
	bool		pushed;			/* a text that somebody pushed: it has no cursor */
	bool		talkative;		/* in a session: say how the fields are mapped */
	size_t		surveyed;		/* bytes in which no date has told its order */
	int64		fields_rejected;
	int64		replaced;		/* records of this run by others of it, with the same key */
} FeedRun;

/* catalog.c */
extern Feed *feed_read(int feed_id);
extern Feed *feed_require(const char *name);
extern void feed_hold(int feed_id, const char *name);
extern int	feed_id_of(const char *name);
extern char *feed_option(const Feed *feed, const char *name);
extern bool feed_option_bool(const Feed *feed, const char *name, bool otherwise);
extern int64 feed_begin_run(const Feed *feed);
extern void feed_count_page(FeedRun *run, const ListingCounts *counts, int64 bytes);
extern void feed_end_run(FeedRun *run, const char *outcome);
extern void feed_fail_run(int feed_id, int64 run_id, const char *error, bool keep_link);
extern void feed_interrupt_run(int64 run_id, const char *why);
extern int64 feed_enqueue_run(int feed_id, Oid owner, TimestampTz run_at, bool alone);
extern void feed_enqueue_next(const Feed *feed);
extern int64 feed_request_run(const Feed *feed);
extern char *feed_job_key(int feed_id);
extern char *feed_header(const Feed *feed);
pg_noreturn extern void feed_throw_unknown(const char *name);

/* feed_option.c */
extern void feed_read_mapping_options(const Feed *feed, MappingSource *source);
extern bool feed_knows_encoding(const char *name);
extern void feed_set_encoding(MemoryContext context, char *name, DelimitedOptions *options);

/* page.c */
extern void feed_work(FeedRun *run);
extern bool feed_watermark_time(const Feed *feed, const char *text, TimestampTz *at);
extern int	feed_take_rows(FeedRun *run, ListingRow *rows, int most);

/* survey.c */
extern void feed_check_date_order(const FeedRun *run);
extern bool feed_survey_delimited(FeedRun *run);
extern void feed_survey_json(FeedRun *run, JsonPage page);

/* run.c */
extern FeedRun *feed_run_create(MemoryContext context, Feed *feed);
extern void feed_open_page(FeedRun *run, NetLoop *loop);

#endif							/* ESTATE_FEED_STATE_H */
