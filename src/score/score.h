/*
 * score.h
 *	  How listings are valued: what is read, and the models that tables hold.
 */
#ifndef ESTATE_SCORE_H
#define ESTATE_SCORE_H

#include "estate.h"

#include "model/hedonic.h"
#include "nodes/pg_list.h"
#include "utils/date.h"
#include "utils/jsonb.h"

/* a segment with fewer sales gets no model: there is too little to check one by */
#define SCORE_LEAST_SALES 30

typedef struct Market
{
	int			market_id;
	char	   *name;
} Market;

/* The active model of a segment */
typedef struct SegmentModel
{
	char	   *segment;
	int			version;		/* 0: there is none */
	char	   *definition;
	int64		listings;		/* visible ones of the segment */
} SegmentModel;

/* A row of estate.estimate */
typedef struct Estimate
{
	double		estimate;
	double		low_80;
	double		high_80;
	double		low_90;
	double		high_90;
	double		fsd;
	char		confidence;
} Estimate;

/* fields.c */
extern bool field_is_known_too_late(const char *name, int length);
extern bool field_is_code(const char *name, int length);

/* read.c */
typedef struct Reader Reader;

extern List *score_markets(const char *market);
extern List *score_segments(int market_id, DateADT before);
extern void score_lock_market(int market_id);
extern Reader *reader_open(Observations *table, const char *from, int nargs,
						   Oid *types, Datum *values);
extern int64 reader_fetch(Reader *reader, int64 most);
extern void reader_close(Reader *reader);
extern Observations *read_sales(MemoryContext context, int market_id,
								const char *segment, DateADT before);
extern void prepare_columns(Observations *table, const FeatureSet *features);

/* estimate.c */
extern void score_estimate(const HedonicValue *value, Estimate *estimate);
extern double score_rounded(double value, int decimals);

/* progress.c */
extern void score_progress(const char *format,...) pg_attribute_printf(1, 2);
extern void score_progress_end(void);

#endif							/* ESTATE_SCORE_H */
