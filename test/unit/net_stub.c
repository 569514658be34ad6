/*
 * net_stub.c
 *	  The few functions of the server that src/net calls, for its unit tests.
 *
 * The objects under test are the ones that go into the module, compiled with
 * the server's headers.  Memory comes from malloc, one block for each
 * allocation, so that the address sanitizer and valgrind see every overrun.
 */
#include "postgres.h"

#include <curl/curl.h>

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

/*
 * Allocations of src/net (by the linker's --wrap) and of libcurl that may
 * still be made, and whether the one that was to fail was asked for.  libcurl
 * can be spared: 7.88 does not survive all of its own failures in the middle
 * of a transfer.
 */
static int	allocations_left = -1;
static bool allocation_failed = false;
bool		stub_spare_curl = false;

/* let the n-th allocation from now fail, or none (0); did the one before? */
bool
stub_fail_allocation(int n)
{
	bool		failed = allocation_failed;

	allocations_left = n > 0 ? n : -1;
	allocation_failed = false;
	return failed;
}

static bool
fails(void)
{
	if (allocations_left < 0 || --allocations_left > 0)
		return false;
	allocations_left = -1;
	allocation_failed = true;
	return true;
}

extern void *__real_malloc(size_t size);
extern void *__real_calloc(size_t n, size_t size);
extern void *__real_realloc(void *old, size_t size);
extern char *__real_strdup(const char *text);
extern void *__wrap_malloc(size_t size);
extern void *__wrap_calloc(size_t n, size_t size);
extern void *__wrap_realloc(void *old, size_t size);
extern char *__wrap_strdup(const char *text);

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

char *
__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

static void *
curl_malloc(size_t size)
{
	return stub_spare_curl ? __real_malloc(size) : __wrap_malloc(size);
}

static void *
curl_calloc(size_t n, size_t size)
{
	return stub_spare_curl ? __real_calloc(n, size) : __wrap_calloc(n, size);
}

static void *
curl_realloc(void *old, size_t size)
{
	return stub_spare_curl ? __real_realloc(old, size) : __wrap_realloc(old, size);
}

static char *
curl_strdup(const char *text)
{
	return stub_spare_curl ? __real_strdup(text) : __wrap_strdup(text);
}

/* before libcurl is used */
void
stub_count_curl_memory(void)
{
	curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, free, curl_realloc, curl_strdup, curl_calloc);
}

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

	if (block == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
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
