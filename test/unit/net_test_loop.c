/*
 * net_test_loop.c
 *	  Many requests at once, much data, no memory, dead DNS, and giving up.
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <malloc.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net_test.h"

void
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

void
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

/* the reader is busy for longer than a slow server is borne with */
void
test_long_pause(void)
{
	NetOptions	options = plain(url("/-size=20000000"));
	NetRequest *request = net_request_start(loop, test_context, &options);
	int64		start = net_clock_ms();
	int64		total = 0;
	size_t		len = 0;

	while (net_clock_ms() < start + (NET_LOW_SPEED_SECONDS + 1) * 1000)
		turn();
	while (net_request_outcome(request) == NET_RUNNING || len > 0)
	{
		net_request_data(request, &len);
		net_request_consume(request, len);
		total += len;
		if (len == 0)
			turn();
		net_request_data(request, &len);
	}
	outcome_is(request, NET_OK, "a reader that takes its time");
	ok(total == 20000000, "has it all");
}

/* a request that waits goes on as soon as another is given up */
void
test_waiting(void)
{
	NetOptions	options = plain(url("/-hang/x"));
	NetRequest *hanging;
	NetRequest *waiting;
	int64		start;

	new_loop(1, 1);
	hanging = net_request_start(loop, test_context, &options);
	turn();
	options = plain(url("/hello.txt"));
	waiting = net_request_start(loop, test_context, &options);
	turn();
	start = net_clock_ms();
	net_request_end(hanging);
	while (net_request_outcome(waiting) == NET_RUNNING && net_clock_ms() < start + 5000)
		turn();
	outcome_is(waiting, NET_OK, "what waited for a connection");
	ok(net_clock_ms() - start < 500, "goes on at once");
	new_loop(50, 50);
}

void
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

/* the outcome of a request whose n-th allocation fails; NET_RUNNING: it threw */
static NetOutcome
outcome_without_memory(int n)
{
	NetOptions	options = plain(url("/-redirect=%2f-gzip%2flong.txt/x"));
	NetRequest *request;
	sigjmp_buf	jump;

	options.bearer = "s3cret";
	options.if_none_match = "\"x\"";
	PG_exception_stack = &jump;
	if (sigsetjmp(jump, 0) != 0)
		return NET_RUNNING;
	stub_fail_allocation(n);
	stub_spare_curl = false;
	request = net_request_start(loop, test_context, &options);
	stub_spare_curl = true;
	finish(request, false);
	PG_exception_stack = NULL;
	if (net_request_outcome(request) == NET_RUNNING)
		ok(false, "a request comes to an end though allocation %d failed", n);
	if (net_request_outcome(request) == NET_OK && net_request_bytes(request) != 378894)
		ok(false, "a body that is whole is whole");
	return net_request_outcome(request);
}

/* each allocation fails once: an error or an outcome, and nothing is left */
void
test_no_memory(void)
{
	int			fds;
	int			errors = 0;
	int			failures = 0;
	int			n = 0;
	bool		failed = true;

	new_loop(50, 50);
	get("/hello.txt");
	fds = entries("/proc/self/fd");
	while (failed && n < 3000)
	{
		MemoryContext saved = test_context;
		NetOutcome	outcome;

		CurrentMemoryContext = test_context = stub_context_create();
		outcome = outcome_without_memory(++n);
		failed = stub_fail_allocation(0);
		errors += outcome == NET_RUNNING;
		failures += outcome != NET_RUNNING && outcome != NET_OK;
		stub_context_delete(test_context);
		CurrentMemoryContext = test_context = saved;
	}
	ok(!failed, "%d allocations failed in turn: %d errors, %d failed requests", n - 1, errors, failures);
	ok(errors > 5 && failures > 5, "both kinds were seen");
	gives("/hello.txt", NET_OK, "the loop works on");
	ok(entries("/proc/self/fd") <= fds + 1, "no descriptor is left");
}

/* somebody who does not even accept: the queue of the listener is full */
void
test_black_hole(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t	len = sizeof(address);
	int			listener = socket(AF_INET, SOCK_STREAM, 0);
	int			waiting[4];
	NetOptions	options = plain(NULL);

	if (bind(listener, (struct sockaddr *) &address, len) != 0 || listen(listener, 0) != 0 ||
		getsockname(listener, (struct sockaddr *) &address, &len) != 0)
		abort();
	for (int i = 0; i < lengthof(waiting); i++)
	{
		waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void) connect(waiting[i], (struct sockaddr *) &address, len);
	}
	options.url = psprintf("http://127.0.0.1:%d/", ntohs(address.sin_port));
	outcome_is(run(&options, false), NET_TIMEOUT, "a host that takes no connection");
	for (int i = 0; i < lengthof(waiting); i++)
		close(waiting[i]);
	close(listener);
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

void
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
void
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
