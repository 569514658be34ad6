/*
 * memory.c
 *	  PostgreSQL's memory functions over malloc, for fuzzing the parsers
 *	  outside a server: each piece by itself, so that AddressSanitizer sees its
 *	  bounds, and all of them freed after each input.
 */
#include "postgres.h"

#include "fuzz.h"
#include "utils/memutils.h"

typedef struct Piece
{
	struct Piece *next;
	struct Piece *previous;
	size_t		size;
	char		data[FLEXIBLE_ARRAY_MEMBER];
} Piece;

static Piece pieces = {&pieces, &pieces};

MemoryContext CurrentMemoryContext = NULL;

static Piece *
piece_of(void *pointer)
{
	return (Piece *) ((char *) pointer - offsetof(Piece, data));
}

void *
palloc(Size size)
{
	Piece	   *piece = malloc(offsetof(Piece, data) + size);

	if (piece == NULL)
		abort();
	piece->size = size;
	piece->next = pieces.next;
	piece->previous = &pieces;
	pieces.next->previous = piece;
	pieces.next = piece;
	return piece->data;
}

void
pfree(void *pointer)
{
	Piece	   *piece = piece_of(pointer);

	piece->previous->next = piece->next;
	piece->next->previous = piece->previous;
	free(piece);
}

void
fuzz_free_all(void)
{
	while (pieces.next != &pieces)
		pfree(pieces.next->data);
}

void *
palloc0(Size size)
{
	return memset(palloc(size), 0, size);
}

void *
palloc_extended(Size size, int flags)
{
	return palloc0(size);
}

void *
repalloc(void *pointer, Size size)
{
	void	   *larger = palloc(size);

	memcpy(larger, pointer, Min(size, piece_of(pointer)->size));
	pfree(pointer);
	return larger;
}

char *
pnstrdup(const char *text, Size len)
{
	char	   *copy;

	len = strnlen(text, len);
	copy = palloc(len + 1);
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *
pstrdup(const char *text)
{
	return pnstrdup(text, strlen(text));
}

void *
MemoryContextAlloc(MemoryContext context, Size size)
{
	return palloc(size);
}

void *
MemoryContextAllocZero(MemoryContext context, Size size)
{
	return palloc0(size);
}

void *
MemoryContextAllocZeroAligned(MemoryContext context, Size size)
{
	return palloc0(size);
}

void *
MemoryContextAllocHuge(MemoryContext context, Size size)
{
	return palloc(size);
}

void *
repalloc_huge(void *pointer, Size size)
{
	return repalloc(pointer, size);
}

char *
MemoryContextStrdup(MemoryContext context, const char *text)
{
	return pstrdup(text);
}

/* what PostgreSQL's frontend library asks for */
void *
pg_malloc(size_t size)
{
	return palloc(size);
}

void *
pg_malloc0(size_t size)
{
	return palloc0(size);
}

void *
pg_malloc_extended(size_t size, int flags)
{
	return palloc0(size);
}

void *
pg_realloc(void *pointer, size_t size)
{
	return pointer ? repalloc(pointer, size) : palloc(size);
}

char *
pg_strdup(const char *text)
{
	return pstrdup(text);
}

void
pg_free(void *pointer)
{
	if (pointer)
		pfree(pointer);
}
