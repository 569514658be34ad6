/*
 * net_stub.c
 *	  The few functions of the server that src/net calls, for its unit tests.
 *
 * The objects under test are the ones that go into the module, compiled with
 * the server's headers.  Memory comes from malloc, one block for each
 * allocation, so that the address sanitizer and valgrind see every overrun.
 */
#include "postgres.h"

#include "lib/ilist.h"
#include "nodes/memnodes.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "net_stub.h"

typedef struct Block
{
	slist_node	node;
	char		bytes[FLEXIBLE_ARRAY_MEMBER];
} Block;

typedef struct Context
{
	MemoryContextData header;
	slist_head	blocks;
	MemoryContextCallback *callbacks;
} Context;

MemoryContext CurrentMemoryContext = NULL;
ErrorContextCallback *error_context_stack = NULL;
sigjmp_buf *PG_exception_stack = NULL;
int			stub_external_fds = 0;
int			stub_free_fds = 1000;
char		stub_error[1000];

MemoryContext
stub_context_create(void)
{
	return (MemoryContext) calloc(1, sizeof(Context));
}

/* callbacks first, the newest before the older ones; then the memory */
void
stub_context_delete(MemoryContext context)
{
	Context    *self = (Context *) context;

	while (self->callbacks != NULL)
	{
		MemoryContextCallback *callback = self->callbacks;

		self->callbacks = callback->next;
		callback->func(callback->arg);
	}
	while (!slist_is_empty(&self->blocks))
		free(slist_container(Block, node, slist_pop_head_node(&self->blocks)));
	free(self);
}

void
MemoryContextRegisterResetCallback(MemoryContext context, MemoryContextCallback *callback)
{
	Context    *self = (Context *) context;

	callback->next = self->callbacks;
	self->callbacks = callback;
}

void *
MemoryContextAlloc(MemoryContext context, Size size)
{
	Context    *self = (Context *) context;
	Block	   *block = malloc(offsetof(Block, bytes) + size);

	slist_push_head(&self->blocks, &block->node);
	return block->bytes;
}

void *
MemoryContextAllocZero(MemoryContext context, Size size)
{
	return memset(MemoryContextAlloc(context, size), 0, size);
}

void *
MemoryContextAllocExtended(MemoryContext context, Size size, int flags)
{
	return MemoryContextAlloc(context, size);
}

void *
palloc(Size size)
{
	return MemoryContextAlloc(CurrentMemoryContext, size);
}

char *
psprintf(const char *fmt,...)
{
	char	   *text = palloc(1000);
	va_list		args;

	va_start(args, fmt);
	vsnprintf(text, 1000, fmt, args);
	va_end(args);
	return text;
}

bool
errstart(int elevel, const char *domain)
{
	return true;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return true;
}

int
errcode(int sqlerrcode)
{
	return 0;
}

int
errhint(const char *fmt,...)
{
	return 0;
}

int
errmsg(const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	vsnprintf(stub_error, sizeof(stub_error), fmt, args);
	va_end(args);
	return 0;
}

void
errfinish(const char *filename, int lineno, const char *funcname)
{
	if (PG_exception_stack != NULL)
		siglongjmp(*PG_exception_stack, 1);
	fprintf(stderr, "error outside of a test: %s (%s:%d)\n", stub_error, filename, lineno);
	abort();
}

bool
AcquireExternalFD(void)
{
	if (stub_external_fds >= stub_free_fds)
		return false;
	stub_external_fds++;
	return true;
}

void
ReleaseExternalFD(void)
{
	stub_external_fds--;
}
