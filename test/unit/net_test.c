/*
 * net_test.c
 *	  What users of src/net rely on, against the scripted server.
 *
 * net_test PORT LOG TLSPORT prints TAP.  PORT is that of the scripted server
 * and LOG its log, TLSPORT (or 0) that of a TLS server with a certificate
 * nobody trusts.  net.t builds and runs this.
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "net/transfer.h"

#include "net_stub.h"

#define LOCAL "127.0.0.0/8"

static int	port;
static int	tls_port;
static const char *log_name;
static int	ntests = 0;
static int	nfailed = 0;
static NetLoop *loop;
static MemoryContext loop_context;
static MemoryContext test_context;

/* ---- names that a test decides on ---- */

static int	slow_lookups = 0;	/* that hang, of names under slow.test */
static int	rebind_lookups = 0;

/* libcurl calls this one: the executable comes before libc */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
	static int	(*real) (const char *, const char *, const struct addrinfo *, struct addrinfo **);
	size_t		len = node ? strlen(node) : 0;

	if (real == NULL)
		real = (int (*) (const char *, const char *, const struct addrinfo *, struct addrinfo **)) dlsym(RTLD_NEXT, "getaddrinfo");
	if (len > 10 && strcmp(node + len - 10, ".slow.test") == 0)
	{
		struct timespec long_time = {.tv_sec = 30};

		__sync_fetch_and_add(&slow_lookups, 1);
		nanosleep(&long_time, NULL);
		return EAI_AGAIN;
	}
	if (node && strcmp(node, "local.test") == 0)
		node = "127.0.0.1";
	if (node && strcmp(node, "metadata.test") == 0)
		node = "169.254.169.254";
	if (node && strcmp(node, "gone.test") == 0)
		return EAI_NONAME;
	if (node && strcmp(node, "rebind.test") == 0)
	{
		__sync_fetch_and_add(&rebind_lookups, 1);
		node = "10.1.2.3";
	}
	return real(node, service, hints, result);
}

/* ---- harness ---- */

static void
ok(bool good, const char *fmt,...)
{
	char		name[1000];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	ntests++;
	if (!good)
		nfailed++;
	printf("%sok %d - %s\n", good ? "" : "not ", ntests, name);
	fflush(stdout);
}

static char *
url(const char *path)
{
	return psprintf("http://127.0.0.1:%d%s", port, path);
}

static NetOptions
plain(const char *text)
{
	NetOptions	options = {.url = text, .allowed_hosts = LOCAL, .sink_fd = -1, .follow_redirects = true};

	return options;
}

/* one wait and one turn, as a worker does it */
static void
turn(void)
{
	struct pollfd wait = {.fd = net_loop_fd(loop), .events = POLLIN};
	long		timeout = net_loop_timeout_ms(loop);

	poll(&wait, 1, timeout < 0 || timeout > 1000 ? 1000 : timeout);
	net_loop_turn(loop);
}

/* to its outcome, throwing the data away if that is wanted */
static NetRequest *
run(const NetOptions *options, bool consume)
{
	NetRequest *request = net_request_start(loop, test_context, options);
	int64		limit = net_clock_ms() + 20000;

	while (net_request_outcome(request) == NET_RUNNING && net_clock_ms() < limit)
	{
		size_t		len;

		turn();
		net_request_data(request, &len);
		if (consume)
			net_request_consume(request, len);
	}
	return request;
}

static NetRequest *
get(const char *path)
{
	NetOptions	options = plain(url(path));

	return run(&options, false);
}

static void
outcome_is(NetRequest *request, NetOutcome expected, const char *name)
{
	const char *error = net_request_error(request);

	ok(net_request_outcome(request) == expected, "%s: %s", name, net_outcome_name(expected));
	if (net_request_outcome(request) != expected)
		printf("# is %s\n", net_outcome_name(net_request_outcome(request)));
	if (error != NULL)
		printf("# %s\n", error);
	if ((error == NULL) != (expected == NET_OK || expected == NET_NOT_MODIFIED))
		ok(false, "%s: a sentence for what went wrong and for nothing else", name);
}

static void
gives(const char *path, NetOutcome expected, const char *name)
{
	outcome_is(get(path), expected, name);
}

static bool
text_is(const char *actual, const char *expected)
{
	bool		same = actual && expected ? strcmp(actual, expected) == 0 : actual == expected;

	if (!same)
		printf("# is \"%s\", should be \"%s\"\n", actual ? actual : "(null)", expected ? expected : "(null)");
	return same;
}

static bool
body_is(NetRequest *request, const char *expected)
{
	size_t		len;
	const char *data = net_request_data(request, &len);

	return len == strlen(expected) && memcmp(data, expected, len) == 0;
}

/* lines of the server's log with this text in them */
static int
logged(const char *text)
{
	FILE	   *log = fopen(log_name, "r");
	char		line[8192];
	int			n = 0;

	while (fgets(line, sizeof(line), log) != NULL)
		if (strstr(line, text) != NULL)
			n++;
	fclose(log);
	return n;
}

static int
most_open(const char *text)
{
	FILE	   *log = fopen(log_name, "r");
	char		line[8192];
	int			most = 0;

	while (fgets(line, sizeof(line), log) != NULL)
		if (strstr(line, text) != NULL)
			most = Max(most, atoi(strstr(line, "\"open\":") + 7));
	fclose(log);
	return most;
}

static int
entries(const char *directory)
{
	DIR		   *dir = opendir(directory);
	int			n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static long
resident_kb(void)
{
	FILE	   *file = fopen("/proc/self/statm", "r");
	long		pages = 0;

	if (fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void
new_loop(int max_connections, int max_per_host)
{
	if (loop_context != NULL)
		stub_context_delete(loop_context);
	loop_context = stub_context_create();
	loop = net_loop_create(loop_context, max_connections, max_per_host);
}

/* ---- what an answer is ---- */

static void
test_answers(void)
{
	NetRequest *request;
	NetOptions	options;
	char	   *etag;

	request = get("/hello.txt?a=1");
	outcome_is(request, NET_OK, "a file");
	ok(body_is(request, "hello, world\n"), "its body has come");
	ok(net_request_bytes(request) == 13, "its bytes are counted");
	ok(net_request_status(request) == 200, "its status is 200");
	ok(text_is(net_request_header(request, "Content-TYPE"), "text/plain"), "headers are found in any case");
	ok(net_request_header(request, "retry-after") == NULL, "a header that was not sent is not there");
	etag = psprintf("%s", net_request_header(request, "etag"));

	options = plain(url("/hello.txt"));
	options.if_none_match = etag;
	request = run(&options, false);
	outcome_is(request, NET_NOT_MODIFIED, "the same file by its etag");
	ok(net_request_status(request) == 304, "its status is 304");
	gives("/-status=304/hello.txt", NET_STATUS, "304 that was not asked for");

	gives("/none.txt", NET_STATUS, "no such file");
	request = get("/-status=429/-retry-after=17/hello.txt");
	outcome_is(request, NET_STATUS, "too many requests");
	ok(text_is(net_request_header(request, "retry-after"), "17"), "it says when to come back");
	ok(body_is(request, ""), "an error page is not data");
	gives("/-fail=500,1/hello.txt", NET_STATUS, "a server that fails once");
	gives("/-fail=500,1/hello.txt", NET_OK, "and then works");
	gives("/-empty/x", NET_OK, "an empty body");
	gives("/-html/x", NET_OK, "HTML is for the reader to judge");
	request = get("/-header=Link:%3Ca%3E;%20rel=next/-header=Link:%3Cb%3E;%20rel=last/hello.txt");
	ok(text_is(net_request_header(request, "link"), "<a>; rel=next, <b>; rel=last"), "a header sent twice is a list");
	request = get("/-header=ETag:%22a%FFb%22/-html/x");
	ok(net_request_header(request, "etag") == NULL, "a header that is not plain text is left out");
	gives("/-status=206/hello.txt", NET_PROTOCOL, "a part of the file");

	options = plain(url("/-bearer=s3cret/hello.txt"));
	outcome_is(run(&options, false), NET_STATUS, "no token");
	options.bearer = "wrong";
	outcome_is(run(&options, false), NET_STATUS, "a wrong token");
	options.bearer = "s3cret";
	outcome_is(run(&options, false), NET_OK, "the token");
	options.bearer = "s3cret\r\nX-Evil: yes";
	outcome_is(run(&options, false), NET_BAD_URL, "a token with a line break");
	options = plain(url("/hello.txt?agent"));
	options.accept = "application/json";
	run(&options, false);
	ok(logged("\"accept\":\"application/json\",\"accept-encoding\":\"gzip\"") == 1, "what we accept is said");
	ok(logged("\"user-agent\":\"pg_estate/") > 0, "who we are is said");
}

static void
test_gzip(void)
{
	NetRequest *request;

	request = get("/-gzip/hello.txt");
	ok(net_request_outcome(request) == NET_OK && body_is(request, "hello, world\n"), "gzip");
	request = get("/-gzip-members=4/hello.txt");
	ok(net_request_outcome(request) == NET_OK && body_is(request, "hello, world\n"), "gzip of several members");
	request = get("/-gzip-members=3/-slow=1,1/hello.txt");
	ok(net_request_outcome(request) == NET_OK && body_is(request, "hello, world\n"), "gzip, byte by byte");
	request = get("/padded.gz?/");
	ok(net_request_outcome(request) == NET_OK && net_request_bytes(request) > 13, "a gzip file is not decoded");
	request = get("/-encoding=x-gzip/padded.gz");
	ok(net_request_outcome(request) == NET_OK && body_is(request, "hello, world\n"), "zeros behind gzip");
	gives("/-encoding=gzip/hello.txt", NET_PROTOCOL, "gzip that is none");
	gives("/-encoding=br/hello.txt", NET_PROTOCOL, "an encoding that was not asked for");
	gives("/-encoding=identity/hello.txt", NET_OK, "no encoding, said aloud");
	gives("/-status=500/-encoding=br/hello.txt", NET_STATUS, "an odd encoding of an error page");
	for (int cut = 1; cut < 33; cut++)
	{
		NetRequest *part = get(psprintf("/-gzip-cut=%d/hello.txt", cut));

		if (net_request_outcome(part) != NET_CUT)
			ok(false, "gzip without its last %d bytes is %s", cut, net_outcome_name(net_request_outcome(part)));
	}
	gives("/-gzip-cut=1/hello.txt", NET_CUT, "gzip without its last bytes, 1 to 32 of them");
}

static void
test_broken(void)
{
	NetOptions	options;

	gives("/-cut=5/hello.txt", NET_CUT, "a body shorter than its length");
	gives("/-cut=0/hello.txt", NET_CUT, "headers and no body");
	gives("/-chunked/-cut=5/hello.txt", NET_CUT, "chunks without the last one");
	gives("/-gzip/-cut=12/hello.txt", NET_CUT, "gzip cut on the way");
	gives("/-reset=50000/-size=200000", NET_CUT, "a connection reset in the body");
	gives("/-raw=", NET_CUT, "no answer at all");
	gives("/-nolength/hello.txt", NET_OK, "a body that the end of the connection ends");
	gives("/-nolength/-gzip-cut=9/hello.txt", NET_CUT, "the same, and its gzip is cut");
	gives("/-raw=SSH-2.0-OpenSSH_9%0d%0a", NET_PROTOCOL, "not HTTP");
	gives("/-raw=HTTP%2f1.1 2x0 OK%0d%0a%0d%0a", NET_PROTOCOL, "a malformed status line");
	gives("/-raw=HTTP%2f1.1 200 OK%0d%0aTransfer-Encoding: chunked%0d%0a%0d%0azz%0d%0a", NET_PROTOCOL, "malformed chunks");
	gives("/-raw=HTTP%2f1.1 200 OK%0d%0aX: a%00b%0d%0a%0d%0a", NET_PROTOCOL, "a zero byte in a header");
	gives("/-continues=100000/hello.txt", NET_PROTOCOL, "a storm of interim answers");
	gives("/-long-header=60000/hello.txt", NET_OK, "a long header");
	gives("/-long-header=99000/-continues=2000/hello.txt", NET_PROTOCOL, "headers that are too long together");
	gives("/-long-header=1000000/hello.txt", NET_PROTOCOL, "a header that is much too long");

	options = plain(url("/-hang/x"));
	options.total_timeout_ms = 300;
	outcome_is(run(&options, false), NET_TIMEOUT, "no answer for 300 ms");
	options.url = url("/-slow=1,20/hello.txt");
	outcome_is(run(&options, false), NET_TIMEOUT, "a slow answer, for 300 ms");
	gives("/-slow=5,300/long.txt", NET_TIMEOUT, "a trickle, too slow for too long");
}

static void
test_large(void)
{
	NetOptions	options = plain(url("/-size=1000"));
	NetRequest *request;

	options.max_bytes = 1000;
	outcome_is(run(&options, false), NET_OK, "as large as allowed");
	options.url = url("/-size=1001");
	outcome_is(run(&options, false), NET_TOO_LARGE, "one byte more");
	options.url = url("/-chunked/-size=1001");
	outcome_is(run(&options, false), NET_TOO_LARGE, "one byte more, length unknown");
	options.url = url("/-endless");
	request = run(&options, false);
	outcome_is(request, NET_TOO_LARGE, "a body without end");
	ok(net_request_bytes(request) <= 1000, "no more than allowed is kept");
	options.url = url("/-gzip/long.txt");
	outcome_is(run(&options, false), NET_TOO_LARGE, "too large when decompressed");
	options.url = url("/-status=404/-size=9000");
	outcome_is(run(&options, false), NET_STATUS, "a large error page");
	options = plain(url("/-bomb=64/x"));
	request = run(&options, true);
	outcome_is(request, NET_TOO_LARGE, "a gzip bomb");
	ok(net_request_bytes(request) < 8 * 1024 * 1024, "it stops early");
	gives("/-bomb=1/x", NET_OK, "a megabyte of zeros is no bomb");
}

/* ---- where we go ---- */

static void
test_bad_urls(void)
{
	static const char *const bad[] = {
		"", "hello", "/etc/passwd", "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/",
		"dict://127.0.0.1:11211/", "http://", "http://user:pw@127.0.0.1/", "http://user@127.0.0.1/",
		"http://127.0.0.1:99999/", "http://127.0.0.1:x/", "http://127.0.0.1/\r\nX: y", "http://a b/",
		"javascript:alert(1)", "http://[::1/", "https://u:p@h/"
	};
	NetOptions	options = plain(NULL);

	for (int i = 0; i < lengthof(bad); i++)
	{
		NetRequest *request;

		options.url = bad[i];
		request = net_request_start(loop, test_context, &options);
		ok(net_request_outcome(request) == NET_BAD_URL, "bad URL %d: %s", i, net_request_error(request));
	}
}

static void
test_addresses_refused(void)
{
	static const char *const hosts[] = {
		"127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0", "0",
		"[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
		"local.test", "metadata.test", "169.254.169.254", "[::ffff:a9fe:a9fe]", "[fe80::1]", "[fd00:ec2::254]", "rebind.test"
	};
	int			before = logged("refused");

	for (int i = 0; i < lengthof(hosts); i++)
	{
		NetOptions	options = plain(psprintf("http://%s:%d/refused", hosts[i], port));
		NetRequest *request;

		options.allowed_hosts = "";
		request = run(&options, false);
		ok(net_request_outcome(request) == NET_FORBIDDEN_ADDRESS, "%s is refused", hosts[i]);
		if (net_request_outcome(request) != NET_FORBIDDEN_ADDRESS)
			printf("# is %s\n", net_outcome_name(net_request_outcome(request)));
	}
	ok(logged("refused") == before, "none of them was asked");
}

static void
test_addresses_allowed(void)
{
	NetOptions	options = plain(psprintf("http://local.test:%d/hello.txt", port));

	options.allowed_hosts = "";
	outcome_is(run(&options, false), NET_FORBIDDEN_ADDRESS, "a name for this machine");
	options.allowed_hosts = "other.test, LOCAL.test";
	outcome_is(run(&options, false), NET_OK, "opened by its name");
	options.allowed_hosts = "other.test";
	outcome_is(run(&options, false), NET_FORBIDDEN_ADDRESS, "no longer open, though a connection is");
	options.allowed_hosts = psprintf("127.0.0.1:%d", port);
	outcome_is(run(&options, false), NET_OK, "opened by address and port");
	options.allowed_hosts = "127.0.0.1:1";
	outcome_is(run(&options, false), NET_FORBIDDEN_ADDRESS, "another port is open");

	options = plain("http://127.0.0.1:1/");
	outcome_is(run(&options, false), NET_UNREACHABLE, "nobody listens");
	options.url = "http://gone.test/";
	outcome_is(run(&options, false), NET_UNREACHABLE, "no such name");
	options.url = psprintf("https://127.0.0.1:%d/", port);
	outcome_is(run(&options, false), NET_TLS, "no TLS there");
	if (tls_port != 0)
	{
		options.url = psprintf("https://localhost:%d/", tls_port);
		options.allowed_hosts = "localhost";
		outcome_is(run(&options, false), NET_TLS, "a certificate that nobody vouches for");
	}
}

static void
test_redirects(void)
{
	NetOptions	options = plain(url("/-redirect=..%2fhello.txt/dir/x"));
	NetRequest *request = run(&options, false);

	outcome_is(request, NET_OK, "a redirect");
	ok(body_is(request, "hello, world\n"), "leads to the file");
	options.follow_redirects = false;
	outcome_is(run(&options, false), NET_STATUS, "a redirect that we do not follow");
	gives("/-loop/x", NET_PROTOCOL, "a redirect to itself");
	ok(logged("\"path\":\"/-loop/x\"") == 4, "asked once and three times more");
	gives("/-redirect=http:%2f%2f169.254.169.254%2flatest/x", NET_FORBIDDEN_ADDRESS, "a redirect to cloud metadata");
	gives("/-redirect=file:%2f%2f%2fetc%2fpasswd/x", NET_BAD_URL, "a redirect to a file");
	gives("/-redirect=http:%2f%2fa:b@127.0.0.1%2f/x", NET_BAD_URL, "a redirect with a password");
	gives("/-redirect=http:%2f%2f127.0.0.1:1%2f/x", NET_UNREACHABLE, "a redirect to nowhere");

	options = plain(url(psprintf("/-redirect=http:%%2f%%2flocal.test:%d%%2fhello.txt%%3felsewhere/x", port)));
	options.bearer = "s3cret";
	options.allowed_hosts = "127.0.0.1, local.test";
	outcome_is(run(&options, false), NET_OK, "a redirect to another origin");
	ok(logged("\"path\":\"/hello.txt?elsewhere\"") == 1, "the other origin was asked");
	ok(logged("\"authorization\":\"Bearer s3cret\",\"host\":\"local.test") == 0, "it did not get the token");
	options.url = url("/-redirect=%2f-bearer=s3cret%2fhello.txt/x");
	outcome_is(run(&options, false), NET_OK, "a redirect on the same origin keeps the token");
}

static void
test_sink(void)
{
	NetOptions	options = plain(url("/-gzip/long.txt"));
	char		name[] = "/tmp/net_test.XXXXXX";
	struct stat status;
	NetRequest *request;

	options.sink_fd = mkstemp(name);
	unlink(name);
	request = run(&options, false);
	fstat(options.sink_fd, &status);
	outcome_is(request, NET_OK, "into a file");
	ok(status.st_size == net_request_bytes(request) && status.st_size > 100000, "all bytes are in it");
	options.url = url("/none.txt");
	run(&options, false);
	fstat(options.sink_fd, &status);
	ok(status.st_size > 100000 && lseek(options.sink_fd, 0, SEEK_CUR) == status.st_size, "an error page is not written");
	close(options.sink_fd);
	options.url = url("/long.txt");
	options.sink_fd = open("/dev/full", O_WRONLY);
	outcome_is(run(&options, false), NET_SINK, "a full disk");
	close(options.sink_fd);
}

/* ---- many, much, and breaking off ---- */

static void
test_many(void)
{
	NetRequest *request[300];
	int64		start = net_clock_ms();
	int			left = lengthof(request);
	int			good = 0;
	int64		took;

	new_loop(300, 300);
	for (int i = 0; i < lengthof(request); i++)
	{
		NetOptions	options = plain(url("/-delay=1000/hello.txt?many"));

		request[i] = net_request_start(loop, test_context, &options);
	}
	while (left > 0 && net_clock_ms() < start + 20000)
	{
		turn();
		left = 0;
		for (int i = 0; i < lengthof(request); i++)
			left += net_request_outcome(request[i]) == NET_RUNNING;
	}
	took = net_clock_ms() - start;
	for (int i = 0; i < lengthof(request); i++)
		good += net_request_outcome(request[i]) == NET_OK && body_is(request[i], "hello, world\n");
	ok(good == 300, "300 requests of a second each: all came");
	ok(took < 3000, "in " INT64_FORMAT " ms", took);
	ok(most_open("?many") == 300, "all in flight at once (%d)", most_open("?many"));

	/* the caps hold, and what waits is not counted as slow */
	new_loop(10, 4);
	left = 12;
	start = net_clock_ms();
	for (int i = 0; i < left; i++)
	{
		NetOptions	options = plain(url("/-delay=200/hello.txt?capped"));

		options.total_timeout_ms = 450;
		request[i] = net_request_start(loop, test_context, &options);
	}
	for (left = 1; left > 0;)
	{
		turn();
		left = 0;
		for (int i = 0; i < 12; i++)
			left += net_request_outcome(request[i]) == NET_RUNNING;
	}
	good = 0;
	for (int i = 0; i < 12; i++)
		good += net_request_outcome(request[i]) == NET_OK;
	ok(good == 12, "four at a time on one host: all came");
	ok(most_open("?capped") == 4, "never more than four at once");
	ok(logged("?capped") == 12 && net_clock_ms() - start >= 600, "in three rounds");
	new_loop(50, 50);
}

/* the server's generated text is lines of 64 bytes, all the same */
static bool
is_generated(const char *data, size_t len, int64 offset)
{
	static const char line[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+\n";

	for (size_t i = 0; i < len; i++)
		if (data[i] != line[(offset + i) % 64])
			return false;
	return true;
}

static void
test_back_pressure(void)
{
	NetOptions	options = plain(url("/-size=200000000"));
	NetRequest *request;
	long		before = resident_kb();
	long		most = 0;
	int64		total = 0;
	int64		grown = net_clock_ms();
	bool		same = true;
	size_t		before_len = 0;
	size_t		len;

	/* until half a second has brought nothing more */
	request = net_request_start(loop, test_context, &options);
	while (net_clock_ms() < grown + 500)
	{
		struct pollfd wait = {.fd = net_loop_fd(loop), .events = POLLIN};

		poll(&wait, 1, Min(Max(net_loop_timeout_ms(loop), 0), 5));
		net_loop_turn(loop);
		net_request_data(request, &len);
		if (len > before_len)
			grown = net_clock_ms();
		before_len = len;
	}
	ok(len >= NET_UNREAD_LIMIT && len < NET_UNREAD_LIMIT + 256 * 1024, "nobody reads: it stops at %zu bytes", len);
	while (net_request_outcome(request) == NET_RUNNING || len > 0)
	{
		const char *data = net_request_data(request, &len);
		size_t		some = Min(len, 1000003);

		same = same && is_generated(data, some, total);
		total += some;
		net_request_consume(request, some);
		most = Max(most, resident_kb());
		if (len == 0)
			turn();
		else
			net_loop_turn(loop);
		net_request_data(request, &len);
	}
	outcome_is(request, NET_OK, "200 MB, read by and by");
	ok(total == 200000000 && same, "all of it, in order");
#ifdef __SANITIZE_ADDRESS__
	before = most;				/* it keeps what is freed, to watch it */
#endif
	ok(most - before < 16 * 1024, "with %ld kB of memory", most - before);
}

static void
test_breaking_off(void)
{
	NetOptions	options = plain(url("/-endless"));
	MemoryContext owner = stub_context_create();
	NetRequest *request;
	size_t		len;
	int			before;

	new_loop(50, 50);
	before = entries("/proc/self/fd");
	request = net_request_start(loop, owner, &options);
	for (len = 0; len == 0 && net_request_outcome(request) == NET_RUNNING; net_request_data(request, &len))
		turn();
	ok(len > 0, "a transfer runs");
	stub_context_delete(owner);
	net_loop_turn(loop);
	ok(entries("/proc/self/fd") == before, "its owner's memory is reset: it is gone, with its socket");

	request = net_request_start(loop, test_context, &options);
	turn();
	net_request_end(request);
	outcome_is(request, NET_CUT, "ended by hand");
	net_request_end(request);
	ok(net_request_data(request, &len) != NULL && len == 0 && net_request_header(request, "etag") == NULL, "ended twice, and still readable");
	net_request_consume(request, 10);

	request = net_request_start(loop, test_context, &options);
	turn();
	new_loop(50, 50);
	outcome_is(request, NET_CUT, "the loop goes before the request");
	net_request_end(request);

	/* a request that waits for its turn */
	new_loop(1, 1);
	net_request_start(loop, test_context, &options);
	owner = stub_context_create();
	net_request_start(loop, owner, &options);
	turn();
	stub_context_delete(owner);
	new_loop(50, 50);
	ok(stub_external_fds == 51, "the server knows of each descriptor (%d)", stub_external_fds);
	stub_free_fds = 3 + 16;
	new_loop(50, 50);
	ok(loop->max_connections == 2 && stub_external_fds == 3, "few descriptors left: fewer connections, and some for others");
	gives("/hello.txt", NET_OK, "over one of them");
	stub_free_fds = 1000;
	new_loop(50, 50);
}

/* does any thread of ours but the first take this signal? */
static bool
threads_block(int signo)
{
	DIR		   *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	bool		all = true;

	while ((entry = readdir(tasks)) != NULL)
	{
		char		line[256];
		FILE	   *status;

		if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
			continue;
		status = fopen(psprintf("/proc/self/task/%s/status", entry->d_name), "r");
		while (status != NULL && fgets(line, sizeof(line), status) != NULL)
			if (strncmp(line, "SigBlk:", 7) == 0)
				all &= (strtoull(line + 7, NULL, 16) >> (signo - 1)) & 1;
		if (status != NULL)
			fclose(status);
	}
	closedir(tasks);
	return all;
}

static void
test_dead_dns(void)
{
	MemoryContext owner = stub_context_create();
	NetOptions	options = plain(NULL);
	NetRequest *request;
	int64		start;
	int64		worst = 0;

	for (int i = 0; i < 20; i++)
	{
		options.url = psprintf("http://host%d.slow.test/", i);
		net_request_start(loop, owner, &options);
	}
	while (slow_lookups < 20)
	{
		start = net_clock_ms();
		net_loop_turn(loop);
		worst = Max(worst, net_clock_ms() - start);
		usleep(1000);
	}
	ok(entries("/proc/self/task") > 2, "lookups hang in threads");
	ok(threads_block(SIGTERM) && threads_block(SIGUSR1) && threads_block(SIGALRM) && threads_block(SIGINT),
	   "which take none of our signals");
	gives("/hello.txt", NET_OK, "meanwhile another host");
	start = net_clock_ms();
	stub_context_delete(owner);
	ok(net_clock_ms() - start < 200, "breaking 20 of them off took " INT64_FORMAT " ms", net_clock_ms() - start);

	options.url = "http://again.slow.test/";
	options.total_timeout_ms = 200;
	start = net_clock_ms();
	request = run(&options, false);
	outcome_is(request, NET_TIMEOUT, "a lookup that takes too long");
	ok(net_clock_ms() - start < 1000, "seen after " INT64_FORMAT " ms", net_clock_ms() - start);

	options.total_timeout_ms = 0;
	options.url = "http://last.slow.test/";
	net_request_start(loop, test_context, &options);
	turn();
	start = net_clock_ms();
	new_loop(50, 50);
	ok(net_clock_ms() - start < 200, "the loop goes while a lookup hangs: " INT64_FORMAT " ms", net_clock_ms() - start);
	ok(worst < 200, "no turn took longer than " INT64_FORMAT " ms", worst);
}

/* all kinds of ends, a thousand times: nothing may be left */
static void
test_leaks(void)
{
	static const char *const paths[] = {
		"/hello.txt", "/-gzip/long.txt", "/-cut=5/hello.txt", "/-gzip-cut=3/hello.txt", "/-loop/x",
		"/none.txt", "/-close/hello.txt", "/-raw=x", "/-redirect=%2fhello.txt/x", "/-size=100000"
	};
	int			fds = 0;
	size_t		used = 0;

	for (int i = 0; i < 1200; i++)
	{
		MemoryContext saved = test_context;
		NetOptions	options;

		if (i == 200)
		{
			fds = entries("/proc/self/fd");
			used = mallinfo2().uordblks;
		}
		CurrentMemoryContext = test_context = stub_context_create();
		options = plain(url(paths[i % lengthof(paths)]));
		if (i % 7 == 0)
			options.max_bytes = 3;
		run(&options, false);
		stub_context_delete(test_context);
		CurrentMemoryContext = test_context = saved;
	}
	ok(entries("/proc/self/fd") <= fds + 1, "no descriptor is left after 1000 requests");
	ok(mallinfo2().uordblks < used + 150 * 1024, "no memory is left after 1000 requests (%ld bytes)",
	   (long) (mallinfo2().uordblks - used));
}

/* ---- without any server ---- */

static bool
allowed(const char *address, const char *host, const char *list)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(8080)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(8080)};

	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
		return net_address_allowed((struct sockaddr *) &v4, host, list);
	if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1)
		return net_address_allowed((struct sockaddr *) &v6, host, list);
	ok(false, "%s is an address", address);
	return false;
}

static void
test_address_table(void)
{
	static const char *const open_addresses[] = {
		"8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "169.253.0.1", "192.167.1.1",
		"223.255.255.255", "2606:4700::1111", "2a00:1450::1", "2002:0808:0808::1", "64:ff9b::808:808", "::ffff:8.8.8.8"
	};
	static const char *const closed_addresses[] = {
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.169.254",
		"172.16.0.1", "172.31.255.255", "192.168.1.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "255.255.255.255",
		"::", "::1", "fe80::1", "febf::1", "fc00::1", "fdff::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
		"::127.0.0.1", "2002:7f00:1::1", "2002:a9fe:a9fe::", "64:ff9b::a00:1", "64:ff9b:1::1", "2001::1", "2001:db8::1", "100::1", "3fff::1"
	};

	for (int i = 0; i < lengthof(open_addresses); i++)
		if (!allowed(open_addresses[i], "h", ""))
			ok(false, "%s is public", open_addresses[i]);
	ok(true, "%d public addresses are open", (int) lengthof(open_addresses));
	for (int i = 0; i < lengthof(closed_addresses); i++)
		if (allowed(closed_addresses[i], "h", "") || allowed(closed_addresses[i], "h", NULL))
			ok(false, "%s is not public", closed_addresses[i]);
	ok(true, "%d others are closed", (int) lengthof(closed_addresses));
	ok(allowed("10.1.2.3", "h", " 192.168.0.0/16 ,10.0.0.0/8"), "a network opens");
	ok(!allowed("11.1.2.3", "h", "") == false && !allowed("192.168.1.1", "h", "10.0.0.0/8"), "only itself");
	ok(allowed("10.1.2.3", "h", "10.1.2.3:8080") && !allowed("10.1.2.3", "h", "10.1.2.3:80"), "an address with a port");
	ok(allowed("fd00::5", "h", "[fd00::/8]:8080") && !allowed("fd00::5", "h", "[fd00::/8]:80"), "IPv6 with a port");
	ok(allowed("fd00::5", "h", "fd00::/8") && allowed("::1", "h", "::1"), "IPv6 without");
	ok(allowed("::ffff:127.0.0.1", "h", "127.0.0.1") && allowed("127.0.0.1", "h", "::ffff:127.0.0.1"), "IPv4 in IPv6 is the same");
	ok(allowed("10.1.1.1", "Intranet.Example", "intranet.example:8080"), "a name with a port");
	ok(!allowed("10.1.1.1", "intranet.example.evil", "intranet.example") && !allowed("10.1.1.1", "example", "intranet.example"),
	   "only the whole name");
	ok(allowed("10.9.9.9", "h", "0.0.0.0/0") && !allowed("fd00::1", "h", "0.0.0.0/0"), "all of IPv4");
}

static void
test_list_check(void)
{
	static const char *const good[] = {
		"", " ", "localhost", "a.b-c_d.example:80", "127.0.0.1", "127.0.0.1:8080, ::1", "10.0.0.0/8,fd00::/8", "[::1]:80", "10.0.0.0/0:443", ",,"
	};
	static const char *const bad[] = {
		"*", "http://x", "10.0.0.0/33", "10.0.0", "1.2.3.4.5", "[::1", "::1/129", "h:0", "h:65536", "h:", "a b", "10.0.0.1/", "[h]:80", "user@h", "10.0.0.1/-1"
	};
	char	   *error;

	for (int i = 0; i < lengthof(good); i++)
		ok(net_allowed_hosts_valid(good[i], &error), "list \"%s\" is understood", good[i]);
	for (int i = 0; i < lengthof(bad); i++)
		ok(!net_allowed_hosts_valid(bad[i], &error), "list \"%s\" is not", bad[i]);
}

static void
test_urls(void)
{
	ok(net_same_origin("http://A.example/x", "http://a.EXAMPLE:80/y?z"), "one origin");
	ok(net_same_origin("https://a.example", "HTTPS://a.example:443/"), "one origin with its port");
	ok(!net_same_origin("http://a.example/", "https://a.example/"), "another scheme");
	ok(!net_same_origin("http://a.example/", "http://a.example:8080/"), "another port");
	ok(!net_same_origin("http://a.example/", "http://a.example.evil/"), "another host");
	ok(!net_same_origin("file:///x", "file:///x"), "no origin of ours");
	ok(text_is(net_resolve_url("http://f.test/odata/Property?$top=1", "Property?$filter=MlgCanView eq true&$skip=2"),
			   "http://f.test/odata/Property?$filter=MlgCanView%20eq%20true&$skip=2"), "a link with spaces, relative");
	ok(text_is(net_resolve_url("http://f.test/a", "http://f.test/b?$filter=City eq 'K\xc3\xb6ln'"),
			   "http://f.test/b?$filter=City%20eq%20'K%C3%B6ln'"), "a link with letters beyond ASCII");
	ok(text_is(net_resolve_url("http://f.test/a?x%20y", "/b?q=%20%2F#frag"), "http://f.test/b?q=%20%2F"), "what is encoded stays");
	ok(text_is(net_resolve_url("http://f.test/a/b/c", "../d"), "http://f.test/a/d"), "a path upwards");
	ok(text_is(net_resolve_url("http://f.test/a", "//g.test/d"), "http://g.test/d"), "another host");
	ok(net_resolve_url("http://f.test/a", "file:///etc/passwd") == NULL, "a file");
	ok(net_resolve_url("http://f.test/a", "http://u:p@g.test/") == NULL, "a password");
	ok(net_resolve_url("nothing", "http://f.test/") == NULL, "a base that is none");
	ok(text_is(net_redact_url("https://u:p@h.test/p?a=1&access_token=xyz&ListingKey=5&X-Amz-Signature=q&apikey=z#t"),
			   "https://...@h.test/p?a=1&access_token=...&ListingKey=5&X-Amz-Signature=...&apikey=..."), "secrets are not shown");
	ok(text_is(net_redact_url("u:p@h/x"), "...@h/x"), "nor those of a malformed URL");
	ok(text_is(net_redact_url("http://u:p/a@h/?Token=1"), "http://...@h/?Token=..."), "nor of a tricky one");
	ok(text_is(net_redact_url("http://h/?key=a&b&sig=&password=p"), "http://h/?key=...&b&sig=...&password=..."), "several");
}

int
main(int argc, char **argv)
{
	int			tls_name = argc > 3 ? 3 : 0;

	if (argc < 3)
		return 2;
	port = atoi(argv[1]);
	log_name = argv[2];
	tls_port = tls_name ? atoi(argv[3]) : 0;
	signal(SIGPIPE, SIG_IGN);
	CurrentMemoryContext = test_context = stub_context_create();
	new_loop(50, 50);

	test_address_table();
	test_list_check();
	test_urls();
	test_bad_urls();
	test_answers();
	test_gzip();
	test_broken();
	test_large();
	test_addresses_refused();
	test_addresses_allowed();
	test_redirects();
	test_sink();
	test_many();
	test_back_pressure();
	test_breaking_off();
	test_leaks();
	test_dead_dns();
	stub_context_delete(loop_context);
	stub_context_delete(test_context);
	ok(stub_external_fds == 0, "all descriptors are given back");
	printf("1..%d\n", ntests);
	return nfailed > 0;
}
