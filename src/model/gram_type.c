/*
 * gram_type.c
 *	  The SQL type estate.gram: its two forms in memory, and its text and
 *	  binary forms.
 *
 * On disk and between processes a gram is flat: counts, means and the lower
 * triangle.  While an aggregate runs it is an expanded object, so that rows
 * can wait in a block; it lives in the context that it was made for.  Being a
 * real type it can be stored, sent by postgres_fdw and merged on shards.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "common/shortest_dec.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"

#include "estate.h"
#include "model/gram_type.h"

#define GRAM_MAGIC 0x6772616d
#define BINARY_VERSION 1

/* values: q means, then the columns of the lower triangle */
typedef struct FlatGram
{
	int32		vl_len_;
	int32		p;
	int64		n;
	double		values[FLEXIBLE_ARRAY_MEMBER];
} FlatGram;

typedef struct ExpandedGram
{
	ExpandedObjectHeader header;
	int			magic;
	Gram	   *gram;
} ExpandedGram;

static Size
count_values(int p)
{
	Size		q = (Size) p + 1;

	return q + q * (q + 1) / 2;
}

static Size
expanded_size(ExpandedObjectHeader *header)
{
	Gram	   *gram = ((ExpandedGram *) header)->gram;

	gram_flush(gram);
	return offsetof(FlatGram, values) + count_values(gram->p) * sizeof(double);
}

static void
flatten(ExpandedObjectHeader *header, void *result, Size size)
{
	Gram	   *gram = ((ExpandedGram *) header)->gram;
	FlatGram   *flat = result;
	double	   *next = flat->values;

	memset(flat, 0, offsetof(FlatGram, values));
	SET_VARSIZE(flat, size);
	flat->p = gram->p;
	flat->n = gram->n;
	memcpy(next, gram->mean, sizeof(double) * gram->q);
	next += gram->q;
	for (int j = 0; j < gram->q; j++)
	{
		memcpy(next, gram->cross + (Size) j * gram->q + j,
			   sizeof(double) * (gram->q - j));
		next += gram->q - j;
	}
}

static const ExpandedObjectMethods gram_methods = {expanded_size, flatten};

static ExpandedGram *
new_expanded(MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "gram",
												  ALLOCSET_SMALL_SIZES);
	ExpandedGram *expanded = MemoryContextAllocZero(context, sizeof(ExpandedGram));

	EOH_init_header(&expanded->header, &gram_methods, context);
	expanded->magic = GRAM_MAGIC;
	return expanded;
}

static ExpandedGram *
expand(Datum value, MemoryContext parent)
{
	FlatGram   *flat = (FlatGram *) PG_DETOAST_DATUM(value);
	ExpandedGram *expanded = new_expanded(parent);
	Gram	   *gram = gram_create(expanded->header.eoh_context, flat->p);
	const double *next = flat->values;

	gram->n = flat->n;
	memcpy(gram->mean, next, sizeof(double) * gram->q);
	next += gram->q;
	for (int j = 0; j < gram->q; j++)
	{
		memcpy(gram->cross + (Size) j * gram->q + j, next,
			   sizeof(double) * (gram->q - j));
		next += gram->q - j;
	}
	expanded->gram = gram;
	return expanded;
}

static ExpandedGram *
as_expanded(Datum value)
{
	ExpandedGram *expanded;

	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
		return NULL;
	expanded = (ExpandedGram *) DatumGetEOHP(value);
	if (expanded->magic != GRAM_MAGIC)
		elog(ERROR, "expanded object is not a gram");
	return expanded;
}

/* To read: rows that wait in its block may be flushed, which changes no value. */
Gram *
datum_get_gram(Datum value)
{
	ExpandedGram *expanded = as_expanded(value);

	return (expanded ? expanded : expand(value, CurrentMemoryContext))->gram;
}

/* To write: the gram itself if it is ours to change, else a copy in the context. */
Gram *
datum_get_writable_gram(Datum value, MemoryContext context, Datum *writable)
{
	ExpandedGram *expanded = as_expanded(value);

	if (expanded && !VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(value)))
	{
		ExpandedGram *copy = new_expanded(context);

		copy->gram = gram_copy(copy->header.eoh_context, expanded->gram);
		expanded = copy;
	}
	if (expanded == NULL)
		expanded = expand(value, context);
	*writable = EOHPGetRWDatum(&expanded->header);
	return expanded->gram;
}

Datum
new_gram(MemoryContext context, int p, Gram **gram)
{
	ExpandedGram *expanded = new_expanded(context);

	expanded->gram = gram_create(expanded->header.eoh_context, p);
	*gram = expanded->gram;
	return EOHPGetRWDatum(&expanded->header);
}

/* What no aggregate can have made is refused, so that it cannot reach BLAS. */
static void
check_gram(const Gram *gram)
{
	bool		good = gram->n >= 0;

	for (int j = 0; j < gram->q; j++)
	{
		good &= isfinite(gram->mean[j]) && gram->cross[(Size) j * gram->q + j] >= 0;
		for (int i = j; i < gram->q; i++)
			good &= isfinite(gram->cross[(Size) j * gram->q + i]) != 0;
	}
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid value of type estate.gram"),
				 errdetail("Counts and squares must not be negative,"
						   " and all numbers must be finite.")));
}

/*
 * Text: {"n": rows, "mean": [x.., y], "products": [column by column of the
 * lower triangle]}, with the shortest digits that give the same bits again.
 */
static void
append_numbers(StringInfo text, const double *values, int count, bool *first)
{
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	for (int i = 0; i < count; i++)
	{
		double_to_shortest_decimal_buf(values[i], digits);
		if (!*first)
			appendStringInfoString(text, ", ");
		appendStringInfoString(text, digits);
		*first = false;
	}
}

PG_FUNCTION_INFO_V1(estate_gram_out);
Datum
estate_gram_out(PG_FUNCTION_ARGS)
{
	Gram	   *gram = datum_get_gram(PG_GETARG_DATUM(0));
	StringInfoData text;
	bool		first = true;

	gram_flush(gram);
	initStringInfo(&text);
	appendStringInfo(&text, "{\"n\": " INT64_FORMAT ", \"mean\": [", gram->n);
	append_numbers(&text, gram->mean, gram->q, &first);
	appendStringInfoString(&text, "], \"products\": [");
	first = true;
	for (int j = 0; j < gram->q; j++)
		append_numbers(&text, gram->cross + (Size) j * gram->q + j, gram->q - j, &first);
	appendStringInfoString(&text, "]}");
	PG_RETURN_CSTRING(text.data);
}

static void
reject_text(const char *text)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s: \"%.*s\"", "estate.gram",
					pg_mbcliplen(text, strlen(text), 100), text),
			 errhint("It looks like {\"n\": 2, \"mean\": [1.5, 10], \"products\": [0.5, 2, 8]}.")));
}

static void
gram_expect(const char *text, const char **next, const char *token)
{
	while (isspace((unsigned char) **next))
		(*next)++;
	if (strncmp(*next, token, strlen(token)) != 0)
		reject_text(text);
	*next += strlen(token);
}

/* Numbers up to the closing bracket; the array grows with them. */
static double *
gram_numbers(const char *text, const char **next, int most, int *count)
{
	int			size = 64;
	double	   *values = palloc(sizeof(double) * size);

	*count = 0;
	do
	{
		char	   *end;

		if (*count > 0)
			gram_expect(text, next, ",");
		if (*count == most)
			reject_text(text);
		if (*count == size)
			values = repalloc_huge(values, sizeof(double) * (size *= 2));
		errno = 0;
		values[(*count)++] = strtod(*next, &end);
		if (end == *next || (errno == ERANGE && isinf(values[*count - 1])))
			reject_text(text);
		*next = end;
		while (isspace((unsigned char) **next))
			(*next)++;
	} while (**next != ']');
	(*next)++;
	return values;
}

/* A gram from its parts, or NULL when they do not fit together. */
static Gram *
assemble(int64 n, const double *mean, int q, const double *products, int count,
		 Datum *result)
{
	Gram	   *gram;

	if (q < 2 || q > GRAM_MAX_COLUMNS + 1 || count != count_values(q - 1) - q)
		return NULL;
	*result = new_gram(CurrentMemoryContext, q - 1, &gram);
	gram->n = n;
	memcpy(gram->mean, mean, sizeof(double) * q);
	for (int j = 0; j < q; j++)
	{
		memcpy(gram->cross + (Size) j * q + j, products, sizeof(double) * (q - j));
		products += q - j;
	}
	check_gram(gram);
	return gram;
}

PG_FUNCTION_INFO_V1(estate_gram_in);
Datum
estate_gram_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	const char *next = text;
	char	   *end;
	long long	n;
	int			q,
				count;
	double	   *mean,
			   *products;
	Datum		result = (Datum) 0;

	gram_expect(text, &next, "{");
	gram_expect(text, &next, "\"n\"");
	gram_expect(text, &next, ":");
	errno = 0;
	n = strtoll(next, &end, 10);
	if (end == next || errno != 0)
		reject_text(text);
	next = end;
	gram_expect(text, &next, ",");
	gram_expect(text, &next, "\"mean\"");
	gram_expect(text, &next, ":");
	gram_expect(text, &next, "[");
	mean = gram_numbers(text, &next, GRAM_MAX_COLUMNS + 1, &q);
	gram_expect(text, &next, ",");
	gram_expect(text, &next, "\"products\"");
	gram_expect(text, &next, ":");
	gram_expect(text, &next, "[");
	products = gram_numbers(text, &next, count_values(q - 1) - q, &count);
	gram_expect(text, &next, "}");
	while (isspace((unsigned char) *next))
		next++;
	if (*next != '\0' || assemble(n, mean, q, products, count, &result) == NULL)
		reject_text(text);
	PG_RETURN_DATUM(result);
}

PG_FUNCTION_INFO_V1(estate_gram_send);
Datum
estate_gram_send(PG_FUNCTION_ARGS)
{
	Gram	   *gram = datum_get_gram(PG_GETARG_DATUM(0));
	StringInfoData buffer;

	gram_flush(gram);
	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, BINARY_VERSION);
	pq_sendint32(&buffer, gram->p);
	pq_sendint64(&buffer, gram->n);
	for (int j = 0; j < gram->q; j++)
		pq_sendfloat8(&buffer, gram->mean[j]);
	for (int j = 0; j < gram->q; j++)
		for (int i = j; i < gram->q; i++)
			pq_sendfloat8(&buffer, gram->cross[(Size) j * gram->q + i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

PG_FUNCTION_INFO_V1(estate_gram_recv);
Datum
estate_gram_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buffer);
	int			p = pq_getmsgint(buffer, 4);
	int64		n = pq_getmsgint64(buffer);
	Size		count;
	double	   *values;
	Datum		result = (Datum) 0;

	if (version != BINARY_VERSION || p < 1 || p > GRAM_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary form of type estate.gram")));
	count = count_values(p);
	values = palloc(sizeof(double) * count);
	for (Size i = 0; i < count; i++)
		values[i] = pq_getmsgfloat8(buffer);
	if (assemble(n, values, p + 1, values + p + 1, count - p - 1, &result) == NULL)
		elog(ERROR, "binary form of a gram has wrong length");
	PG_RETURN_DATUM(result);
}
