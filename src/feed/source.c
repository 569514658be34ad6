/*
 * source.c
 *	  Where the bytes of a feed come from: a request, a file of the server, or
 *	  a text that somebody pushed.
 *
 * Runs in workers and client backends.  A source lives in the context it was
 * made in; source_close() gives back its descriptor or request, and may be
 * called outside a transaction.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/pg_authid.h"
#include "storage/fd.h"
#include "utils/acl.h"

#include "feed/source.h"
#include "job/outcome.h"

/* what is handed out in one go */
#define CHUNK_BYTES (256 * 1024)

struct FeedSource
{
	NetRequest *request;		/* NULL: not http */
	int			fd;				/* -1: not a file */
	bool		ended;			/* of a file or text: all of it is in hand */
	char	   *buffer;
	size_t		start;
	size_t		len;
};

static FeedSource *
source_create(MemoryContext context)
{
	FeedSource *source = MemoryContextAllocZero(context, sizeof(FeedSource));

	source->fd = -1;
	return source;
}

FeedSource *
source_http(NetLoop *loop, MemoryContext context, const NetOptions *options)
{
	FeedSource *source = source_create(context);

	source->request = net_request_start(loop, context, options);
	return source;
}

FeedSource *
source_text(MemoryContext context, const char *bytes, size_t len)
{
	FeedSource *source = source_create(context);

	source->buffer = unconstify(char *, bytes);
	source->len = len;
	source->ended = true;
	return source;
}

bool
source_is_file(const char *url)
{
	return strncmp(url, "file:", 5) == 0 || url[0] == '/';
}

/* A file of the server, for members of pg_read_server_files */
FeedSource *
source_file(MemoryContext context, const char *url, Oid role)
{
	const char *path = strncmp(url, "file://", 7) == 0 ? url + 7 : url;
	FeedSource *source;
	struct stat status;

	if (!has_privs_of_role(role, ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to read a file of the server"),
				 errdetail("The owner of the feed must be a member of role "
						   "pg_read_server_files.")));
	if (path[0] != '/')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not an absolute path", path)));
	if (stat(path, &status) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read file \"%s\": %m", path)));
	if (!S_ISREG(status.st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a file", path)));
	source = source_create(context);
	source->buffer = MemoryContextAlloc(context, CHUNK_BYTES);
	if (!AcquireExternalFD())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("too many files are open")));
	source->fd = BasicOpenFile(path, O_RDONLY | O_NONBLOCK | PG_BINARY);
	if (source->fd < 0)
	{
		ReleaseExternalFD();
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read file \"%s\": %m", path)));
	}
	return source;
}

void
source_close(FeedSource *source)
{
	if (source->request)
		net_request_end(source->request);
	if (source->fd >= 0)
	{
		close(source->fd);
		ReleaseExternalFD();
		source->fd = -1;
	}
}

/* Whether there is a chunk to work on, or nothing more will come */
bool
source_ready(FeedSource *source)
{
	size_t		len;

	if (source->request == NULL)
		return true;
	(void) net_request_data(source->request, &len);
	return len >= CHUNK_BYTES || net_request_outcome(source->request) != NET_RUNNING;
}

static void
read_chunk(FeedSource *source)
{
	ssize_t		n = read(source->fd, source->buffer, CHUNK_BYTES);

	if (n < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read the feed's file: %m")));
	source->start = 0;
	source->len = n;
	source->ended = n == 0;
}

/* The unread bytes; last: no more will come */
const char *
source_data(FeedSource *source, size_t *len, bool *last)
{
	if (source->request)
	{
		*last = net_request_outcome(source->request) != NET_RUNNING;
		return net_request_data(source->request, len);
	}
	if (source->len == 0 && !source->ended)
		read_chunk(source);
	*len = source->len;
	*last = source->ended;
	return source->buffer + source->start;
}

void
source_consume(FeedSource *source, size_t len)
{
	if (source->request)
		net_request_consume(source->request, len);
	else
	{
		source->start += len;
		source->len -= len;
	}
}

/* Throws when the source has failed */
void
source_require(FeedSource *source, const char *what)
{
	if (source->request && net_request_outcome(source->request) != NET_RUNNING)
		job_require_outcome(source->request, net_redact_url(what));
}

bool
source_unmodified(const FeedSource *source)
{
	return source->request && net_request_outcome(source->request) == NET_NOT_MODIFIED;
}

/* Nothing to wait for */
bool
source_is_local(const FeedSource *source)
{
	return source->request == NULL;
}

/* Seconds after which the source wants to be asked again; -1: it does not say */
int
source_retry_after(const FeedSource *source)
{
	return source->request ? net_request_retry_after(source->request) : -1;
}

const char *
source_header(const FeedSource *source, const char *name)
{
	return source->request ? net_request_header(source->request, name) : NULL;
}
