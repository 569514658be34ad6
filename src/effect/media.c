/*
 * media.c
 *	  Copy a photo of a listing to a target: a task of the event loop.
 *
 * Runs in the first worker of a database, and in sessions that call
 * run_jobs().  The body goes straight into a file beside its final name, and
 * gets that name when it is whole; the media row says so in the transaction
 * that ends the job.  After a crash in between the file is simply written
 * again under the same name.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "executor/spi.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "effect/media.h"
#include "effect/target.h"
#include "job/outcome.h"

#define MEDIUM_MOST_BYTES (64 * 1024 * 1024)
#define MEDIUM_MOST_MS (5 * 60 * 1000)

typedef struct MediaCopy
{
	int			market_id;
	int64		listing;
	char	   *media_key;
	char	   *target;
	bool		allowed;		/* the job's role may use the target */
	char	   *url;			/* what is being copied, and the version of it */
	char	   *version;
	const char *folder;
	char	   *name;			/* below the folder, without extension */
	char	   *partial;		/* path of the file being written */
	bool		made;			/* it is there, and is ours to remove */
	NetRequest *request;		/* NULL: nothing to fetch any more */
} MediaCopy;

static char *
media_argument(const Job *job, const char *name)
{
	JsonbValue	key;
	JsonbValue *value;

	key.type = jbvString;
	key.val.string.val = unconstify(char *, name);
	key.val.string.len = strlen(name);
	value = findJsonbValueFromContainer(&DatumGetJsonbP(job->args)->root, JB_FOBJECT, &key);
	if (value && value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	if (value && value->type == jbvNumeric)
		return DatumGetCString(DirectFunctionCall1(numeric_out,
												   NumericGetDatum(value->val.numeric)));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a media job needs the argument \"%s\"", name)));
}

/* Where the medium is, and which version of it; false: it is not known any more, or is nowhere */
static bool
read_source(const MediaCopy *copy, char **url, char **version)
{
	Oid			types[] = {INT4OID, INT8OID, TEXTOID};
	Datum		values[] = {Int32GetDatum(copy->market_id), Int64GetDatum(copy->listing),
	CStringGetTextDatum(copy->media_key)};
	MemoryContext caller = CurrentMemoryContext;
	bool		found = false;

	SPI_connect();
	SPI_execute_with_args("SELECT media_url,"
						  " coalesce(media_modification_timestamp, '-infinity')::text"
						  " FROM estate.media"
						  " WHERE market_id OPERATOR(pg_catalog.=) $1"
						  " AND listing OPERATOR(pg_catalog.=) $2"
						  " AND media_key OPERATOR(pg_catalog.=) $3"
						  " AND media_url IS NOT NULL",
						  3, types, values, NULL, true, 1);
	if (SPI_processed == 1)
	{
		HeapTuple	row = SPI_tuptable->vals[0];

		*url = MemoryContextStrdup(caller, SPI_getvalue(row, SPI_tuptable->tupdesc, 1));
		*version = MemoryContextStrdup(caller, SPI_getvalue(row, SPI_tuptable->tupdesc, 2));
		found = true;
	}
	SPI_finish();
	return found;
}

static void
make_directory(const char *path)
{
	if (mkdir(path, 0750) != 0 && errno != EEXIST)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create directory \"%s\": %m", path)));
}

static void
sha256_of(const uint8 *data, size_t len, uint8 *digest)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);

	if (context == NULL || pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, data, len) < 0 ||
		pg_cryptohash_final(context, digest, PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute a SHA-256");
	pg_cryptohash_free(context);
}

static char *
hex(const uint8 *bytes, int n)
{
	char	   *text = palloc(n * 2 + 1);

	for (int i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

/*
 * Names the copy, from numbers and a hash: the key of a medium comes from
 * outside and may hold anything.
 */
static void
name_copy(MediaCopy *copy, int64 job_id)
{
	uint8		digest[PG_SHA256_DIGEST_LENGTH];

	sha256_of((const uint8 *) copy->media_key, strlen(copy->media_key), digest);
	copy->name = psprintf("%d/" INT64_FORMAT "/%s", copy->market_id, copy->listing,
						  hex(digest, 16));
	copy->partial = psprintf("%s/%s.part" INT64_FORMAT, copy->folder, copy->name, job_id);
}

/*
 * Makes the file that the body goes into.  It is not kept open: hundreds are
 * written at the same time.
 */
static void
make_partial(MediaCopy *copy)
{
	int			fd;

	make_directory(psprintf("%s/%d", copy->folder, copy->market_id));
	make_directory(psprintf("%s/%d/" INT64_FORMAT, copy->folder, copy->market_id, copy->listing));
	fd = OpenTransientFile(copy->partial, O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | PG_BINARY);
	if (fd < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create file \"%s\": %m", copy->partial)));
	copy->made = true;
	CloseTransientFile(fd);
}

static void
media_start(Task *task)
{
	MediaCopy  *copy = palloc0(sizeof(MediaCopy));
	NetOptions	options = {0};
	Target	   *target;
	Datum		listing;

	task->state = copy;
	copy->market_id = pg_strtoint32(media_argument(&task->job, "market_id"));
	listing = CStringGetDatum(media_argument(&task->job, "listing"));
	copy->listing = DatumGetInt64(DirectFunctionCall1(int8in, listing));
	copy->media_key = media_argument(&task->job, "media_key");
	copy->target = media_argument(&task->job, "target");
	target_require_usage(copy->target, task->job.role);
	copy->allowed = true;
	target = target_open(copy->target, task->job.role);
	copy->folder = target_folder(target);
	name_copy(copy, task->job.id);
	if (!read_source(copy, &copy->url, &copy->version))
	{
		copy->made = true;		/* a crash may have left it */
		task->wants = TASK_DONE;
		return;
	}
	make_partial(copy);

	options.url = copy->url;
	options.allowed_hosts = estate_allow_private_hosts;
	options.max_bytes = MEDIUM_MOST_BYTES;
	options.total_timeout_ms = MEDIUM_MOST_MS;
	options.follow_redirects = true;
	options.sink_path = copy->partial;
	copy->request = net_request_start(task->loop, task->context, &options);
}

static bool
media_ready(Task *task)
{
	MediaCopy  *copy = task->state;

	return net_request_outcome(copy->request) != NET_RUNNING;
}

/* A file name's extension for a content type; of others nothing is guessed */
static const char *
extension_of(const char *content_type)
{
	static const char *const known[][2] = {
		{"image/jpeg", ".jpg"}, {"image/png", ".png"}, {"image/webp", ".webp"},
		{"image/gif", ".gif"}, {"image/avif", ".avif"}, {"application/pdf", ".pdf"},
		{"video/mp4", ".mp4"}
	};

	for (int i = 0; content_type && i < lengthof(known); i++)
		if (pg_strncasecmp(content_type, known[i][0], strlen(known[i][0])) == 0)
			return known[i][1];
	return "";
}

/* SHA-256 of the file, which is read once more; also waits until it is on disk */
static void
finish_file(MediaCopy *copy, uint8 *digest)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
	uint8	   *buffer = palloc(65536);
	int			fd = OpenTransientFile(copy->partial, O_RDWR | O_NOFOLLOW | PG_BINARY);
	ssize_t		n = -1;

	if (context == NULL || pg_cryptohash_init(context) < 0)
		elog(ERROR, "could not compute a SHA-256");
	while (fd >= 0 && (n = read(fd, buffer, 65536)) > 0)
		if (pg_cryptohash_update(context, buffer, n) < 0)
			elog(ERROR, "could not compute a SHA-256");
	if (n < 0 || pg_fsync(fd) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not finish file \"%s\": %m", copy->partial)));
	CloseTransientFile(fd);
	if (pg_cryptohash_final(context, digest, PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute a SHA-256");
	pg_cryptohash_free(context);
}

/* False: the medium has changed or gone while it was copied */
static bool
remember_copy(const MediaCopy *copy, const char *stored_as, int64 bytes, const uint8 *digest)
{
	Oid			types[] = {INT4OID, INT8OID, TEXTOID, TEXTOID, TEXTOID,
	INT8OID, BYTEAOID, TEXTOID, TEXTOID};
	bytea	   *hash = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	Datum		values[9];
	bool		stored;

	SET_VARSIZE(hash, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	memcpy(VARDATA(hash), digest, PG_SHA256_DIGEST_LENGTH);
	values[0] = Int32GetDatum(copy->market_id);
	values[1] = Int64GetDatum(copy->listing);
	values[2] = CStringGetTextDatum(copy->media_key);
	values[3] = CStringGetTextDatum(copy->target);
	values[4] = CStringGetTextDatum(stored_as);
	values[5] = Int64GetDatum(bytes);
	values[6] = PointerGetDatum(hash);
	values[7] = CStringGetTextDatum(copy->url);
	values[8] = CStringGetTextDatum(copy->version);
	SPI_connect();
	SPI_execute_with_args("UPDATE estate.media"
						  " SET target = $4, stored_as = $5, stored_bytes = $6, stored_sha256 = $7,"
						  " stored_at = pg_catalog.clock_timestamp(), stored_error = NULL"
						  " WHERE market_id OPERATOR(pg_catalog.=) $1"
						  " AND listing OPERATOR(pg_catalog.=) $2"
						  " AND media_key OPERATOR(pg_catalog.=) $3"
						  " AND media_url OPERATOR(pg_catalog.=) $8"
						  " AND coalesce(media_modification_timestamp, '-infinity')"
						  " OPERATOR(pg_catalog.=) $9::timestamptz",
						  9, types, values, NULL, false, 0);
	stored = SPI_processed == 1;
	SPI_finish();
	return stored;
}

static void
media_step(Task *task)
{
	MediaCopy  *copy = task->state;
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	char	   *stored_as;

	job_require_outcome(copy->request,
						psprintf("medium \"%s\" of listing " INT64_FORMAT,
								 copy->media_key, copy->listing));
	finish_file(copy, digest);
	stored_as = psprintf("%s%s", copy->name,
						 extension_of(net_request_header(copy->request, "content-type")));
	if (remember_copy(copy, stored_as, net_request_bytes(copy->request), digest))
	{
		durable_rename(copy->partial, psprintf("%s/%s", copy->folder, stored_as), ERROR);
		task->wants = TASK_DONE;
		return;
	}
	/* look again: the next start copies what is there now, or finds that nothing is */
	task->wants = TASK_SNOOZE;
	task->wake_at = GetCurrentTimestamp();
}

/*
 * Whether the job was made by a page of a feed: nobody else gets such a key.
 * That its owner may not use the target is then for the facts to say; one that
 * somebody has asked for must not write there by a target that is not his.
 */
static bool
is_of_page(const Job *job)
{
	return job->unique_key && strncmp(job->unique_key, "media:", strlen("media:")) == 0;
}

static TimestampTz
media_failed(Task *task, const ErrorData *error)
{
	MediaCopy  *copy = task->state;
	Oid			types[] = {INT4OID, INT8OID, TEXTOID, TEXTOID};
	Datum		values[4];

	if (copy == NULL || copy->target == NULL || !(copy->allowed || is_of_page(&task->job)))
		return 0;
	values[0] = Int32GetDatum(copy->market_id);
	values[1] = Int64GetDatum(copy->listing);
	values[2] = CStringGetTextDatum(copy->media_key);
	values[3] = CStringGetTextDatum(error->detail ? error->detail : error->message);
	SPI_connect();
	SPI_execute_with_args("UPDATE estate.media SET stored_error = $4"
						  " WHERE market_id OPERATOR(pg_catalog.=) $1"
						  " AND listing OPERATOR(pg_catalog.=) $2"
						  " AND media_key OPERATOR(pg_catalog.=) $3",
						  4, types, values, NULL, false, 0);
	SPI_finish();
	return 0;
}

static void
media_ended(Task *task)
{
	MediaCopy  *copy = task->state;

	if (copy == NULL)
		return;
	if (copy->request)
		net_request_end(copy->request);
	if (copy->made)
		(void) unlink(copy->partial);	/* gone already if it got its name */
}

const TaskHandler media_task_handler = {
	.name = "media",
	.start = media_start,
	.ready = media_ready,
	.step = media_step,
	.failed = media_failed,
	.ended = media_ended
};
