/*
 * net_test_answers.c
 *	  What becomes of the answers of well-behaved and of broken servers.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net_test.h"

void
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
	ok(net_request_retry_after(request) == 17, "in seconds");
	request = get("/-status=503/-retry-after=Fri, 31 Dec 2100 23:59:59 GMT/hello.txt");
	ok(net_request_retry_after(request) == 24 * 60 * 60, "a date far away is a day");
	request = get("/-status=503/-retry-after=Fri, 31 Dec 1999 23:59:59 GMT/hello.txt");
	ok(net_request_retry_after(request) == 0, "a date that has passed is now");
	ok(net_request_retry_after(get("/-status=503/-retry-after=-5/x")) == 0, "a negative time is now");
	ok(net_request_retry_after(get("/-status=503/-retry-after=1e300/x")) == 24 * 60 * 60, "an endless time is a day");
	ok(net_request_retry_after(get("/-status=503/-retry-after=soon/x")) == -1, "a time that is none");
	ok(net_request_retry_after(get("/-status=503/x")) == -1, "none");
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

	new_loop(50, 50);
	for (int i = 0; i < 10; i++)
		get("/-gzip/hello.txt?alive");
	ok(connections("?alive") == 1, "ten requests go over one connection");
}

void
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

void
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

void
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

void
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

void
test_sink(void)
{
	NetOptions	options = plain(url("/-gzip/long.txt"));
	char		name[] = "/tmp/net_test.XXXXXX";
	struct stat status;
	int			fds;
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

	/* a file by its name */
	strcpy(name, "/tmp/net_test.XXXXXX");
	close(mkstemp(name));
	options.sink_path = name;
	options.url = url("/-redirect=%2f-gzip%2flong.txt/x");
	fds = entries("/proc/self/fd");
	request = run(&options, false);
	stat(name, &status);
	outcome_is(request, NET_OK, "into a file by its name");
	ok(status.st_size == 378894 && net_request_bytes(request) == 378894, "all bytes are in it");
	ok(entries("/proc/self/fd") <= fds + 1, "it is not left open");
	unlink(name);
	outcome_is(run(&options, false), NET_SINK, "a file that has gone");
	options.sink_path = "/dev/full";
	outcome_is(run(&options, false), NET_SINK, "a full disk, by its name");
}
