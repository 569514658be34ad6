/*
 * body.c
 *	  The body of an answer: decoding, caps, and where the bytes go.
 *
 * Runs inside curl's write callback: never throws, memory is malloc'ed and
 * freed by net_body_release.  gzip is decoded here and not by libcurl, which
 * takes a truncated stream for a whole one (7.88) and has no cap on what comes
 * out of a small one.
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>

#include "net/transfer.h"

#define INFLATE_CHUNK (32 * 1024)

/* false: out of memory */
bool
net_body_init(NetBody *body, const NetOptions *options)
{
	memset(body, 0, sizeof(NetBody));
	body->sink_fd = options->sink_path ? -1 : options->sink_fd;
	body->max_bytes = options->max_bytes > 0 ? options->max_bytes : NET_DEFAULT_MAX_BYTES;
	body->failure = NET_RUNNING;
	if (options->sink_path == NULL)
		return true;
	body->sink_path = strdup(options->sink_path);
	return body->sink_path != NULL;
}

/* a redirect: what came with it was no body of ours */
void
net_body_restart(NetBody *body)
{
	body->received = 0;
	body->compressed = false;
}

void
net_body_release(NetBody *body)
{
	if (body->inflating)
		inflateEnd(&body->stream);
	body->inflating = false;
	free(body->data);
	free(body->sink_path);
	body->data = NULL;
	body->sink_path = NULL;
	body->start = body->end = body->size = 0;
}

/* so much is unread that the server shall wait */
bool
net_body_full(const NetBody *body)
{
	return body->end - body->start >= NET_UNREAD_LIMIT;
}

static bool
body_fail(NetBody *body, NetOutcome outcome, const char *reason)
{
	body->failure = outcome;
	body->reason = reason;
	return false;
}

static bool
write_all(NetBody *body, int fd, const char *bytes, size_t len)
{
	while (len > 0)
	{
		ssize_t		written = write(fd, bytes, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
		{
			body->sink_errno = written < 0 ? errno : ENOSPC;
			return body_fail(body, NET_SINK, "the file could not be written");
		}
		bytes += written;
		len -= written;
	}
	return true;
}

/* opened for this piece only; its owner has made it */
static bool
append_to_file(NetBody *body, const char *bytes, size_t len)
{
	int			fd = open(body->sink_path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	bool		written;

	if (fd < 0)
	{
		body->sink_errno = errno;
		return body_fail(body, NET_SINK, "the file could not be opened");
	}
	written = write_all(body, fd, bytes, len);
	close(fd);
	return written;
}

/* make room for len more bytes behind the unread ones */
static bool
body_reserve(NetBody *body, size_t len)
{
	size_t		unread = body->end - body->start;
	size_t		size;
	char	   *data;

	if (body->size - body->end >= len)
		return true;
	if (body->start >= unread && body->size - unread >= len)
	{
		/* the unread bytes are the smaller half: moving them is cheap */
		memcpy(body->data, body->data + body->start, unread);
		body->start = 0;
		body->end = unread;
		return true;
	}
	size = Max(body->size * 2, 16 * 1024);
	while (size - body->end < len)
		size *= 2;
	data = realloc(body->data, size);
	if (data == NULL)
		return body_fail(body, NET_TOO_LARGE, "there is no memory for the body");
	body->data = data;
	body->size = size;
	return true;
}

/* decoded bytes: to the file, or to the unread ones */
static bool
body_deliver(NetBody *body, const char *bytes, size_t len)
{
	if (body->decoded + (int64) len > body->max_bytes)
		return body_fail(body, NET_TOO_LARGE, "the body is larger than allowed");
	body->decoded += len;
	if (len == 0)
		return true;
	if (body->sink_path != NULL)
		return append_to_file(body, bytes, len);
	if (body->sink_fd >= 0)
		return write_all(body, body->sink_fd, bytes, len);
	if (!body_reserve(body, len))
		return false;
	memcpy(body->data + body->end, bytes, len);
	body->end += len;
	return true;
}

/* at the first byte of a gzip member; several may follow one another */
static bool
begin_member(NetBody *body)
{
	int			result;

	if (body->inflating)
		result = inflateReset(&body->stream);
	else
		result = inflateInit2(&body->stream, 16 + MAX_WBITS);
	if (result != Z_OK)
		return body_fail(body, NET_TOO_LARGE, "there is no memory to decompress the body");
	body->inflating = true;
	body->in_member = true;
	return true;
}

static bool
inflate_bytes(NetBody *body, const char *bytes, size_t len)
{
	char		chunk[INFLATE_CHUNK];
	z_stream   *stream = &body->stream;

	stream->next_in = (Bytef *) bytes;
	stream->avail_in = len;
	for (;;)
	{
		int			result;
		int64		taken;

		if (!body->in_member)
		{
			/* zeros may fill up the space behind the last member */
			while (body->inflating && stream->avail_in > 0 && *stream->next_in == 0)
			{
				stream->next_in++;
				stream->avail_in--;
			}
			if (stream->avail_in == 0)
				return true;
			if (!begin_member(body))
				return false;
		}
		stream->next_out = (Bytef *) chunk;
		stream->avail_out = INFLATE_CHUNK;
		result = inflate(stream, Z_NO_FLUSH);
		if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
			return body_fail(body, NET_PROTOCOL, "the body is not valid gzip");
		if (!body_deliver(body, chunk, INFLATE_CHUNK - stream->avail_out))
			return false;
		taken = body->received - stream->avail_in;
		if (body->decoded > NET_RATIO_GRACE && body->decoded / NET_RATIO_LIMIT > taken)
			return body_fail(body, NET_TOO_LARGE, "decompression blows up the body beyond measure");
		if (result == Z_STREAM_END)
			body->in_member = false;
		else if (stream->avail_out > 0)
			return true;		/* all input is used up */
	}
}

/* bytes as they came; false: see failure and reason */
bool
net_body_accept(NetBody *body, const char *bytes, size_t len)
{
	if (body->failure != NET_RUNNING)
		return false;
	body->received += len;
	if (body->compressed)
		return inflate_bytes(body, bytes, len);
	return body_deliver(body, bytes, len);
}

/* did the compressed stream come to its end? */
bool
net_body_whole(const NetBody *body)
{
	return !body->in_member;
}
