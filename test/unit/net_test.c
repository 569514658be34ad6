/*
 * net_test.c
 *	  What users of src/net rely on, against the scripted server: the frame.
 *
 * net_test PORT LOG TLSPORT prints TAP.  PORT is that of the scripted server
 * and LOG its log, TLSPORT (or 0) that of a TLS server with a certificate
 * nobody trusts.  net.t builds and runs this.
 */
#include "postgres.h"

#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "net_test.h"

int			port;
int			tls_port;
int			slow_lookups = 0;
NetLoop    *loop;
MemoryContext loop_context;
MemoryContext test_context;

static const char *log_name;
static int	ntests = 0;
static int	nfailed = 0;

/* libcurl calls this one, for the executable comes before libc: names that a test decides on */
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
	if (node && strcmp(node, "intranet.test") == 0)
		node = "10.1.2.3";
	return real(node, service, hints, result);
}

void
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

char *
url(const char *path)
{
	return psprintf("http://127.0.0.1:%d%s", port, path);
}

NetOptions
plain(const char *text)
{
	NetOptions	options = {.url = text, .allowed_hosts = LOCAL, .sink_fd = -1, .follow_redirects = true};

	return options;
}

/* one wait and one turn, as a worker does it */
void
turn(void)
{
	struct pollfd wait = {.fd = net_loop_fd(loop), .events = POLLIN};
	long		timeout = net_loop_timeout_ms(loop);

	poll(&wait, 1, timeout < 0 || timeout > 1000 ? 1000 : timeout);
	net_loop_turn(loop);
}

/* to its outcome, throwing the data away if that is wanted */
NetRequest *
finish(NetRequest *request, bool consume)
{
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

NetRequest *
run(const NetOptions *options, bool consume)
{
	return finish(net_request_start(loop, test_context, options), consume);
}

NetRequest *
get(const char *path)
{
	NetOptions	options = plain(url(path));

	return run(&options, false);
}

void
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

void
gives(const char *path, NetOutcome expected, const char *name)
{
	outcome_is(get(path), expected, name);
}

bool
text_is(const char *actual, const char *expected)
{
	bool		same = actual && expected ? strcmp(actual, expected) == 0 : actual == expected;

	if (!same)
		printf("# is \"%s\", should be \"%s\"\n", actual ? actual : "(null)", expected ? expected : "(null)");
	return same;
}

bool
body_is(NetRequest *request, const char *expected)
{
	size_t		len;
	const char *data = net_request_data(request, &len);

	return len == strlen(expected) && memcmp(data, expected, len) == 0;
}

/* lines of the server's log with this text in them */
int
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

/* the largest number of requests that were open at once when one of these came */
int
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

/* over how many connections these came, one after the other */
int
connections(const char *text)
{
	FILE	   *log = fopen(log_name, "r");
	char		line[8192];
	int			last = 0;
	int			n = 0;

	while (fgets(line, sizeof(line), log) != NULL)
	{
		int			number = atoi(strstr(line, "\"connection\":") + 13);

		if (strstr(line, text) == NULL)
			continue;
		n += number != last;
		last = number;
	}
	fclose(log);
	return n;
}

int
entries(const char *directory)
{
	DIR		   *dir = opendir(directory);
	int			n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

long
resident_kb(void)
{
	FILE	   *file = fopen("/proc/self/statm", "r");
	long		pages = 0;

	if (fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

void
new_loop(int max_connections, int max_per_host)
{
	if (loop_context != NULL)
		stub_context_delete(loop_context);
	loop_context = stub_context_create();
	loop = net_loop_create(loop_context, max_connections, max_per_host);
}

int
main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	port = atoi(argv[1]);
	log_name = argv[2];
	tls_port = atoi(argv[3]);
	signal(SIGPIPE, SIG_IGN);
	stub_count_curl_memory();
	CurrentMemoryContext = test_context = stub_context_create();
	new_loop(50, 50);

	test_address_table();
	test_list_check();
	test_urls();
	test_random_urls();
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
	test_waiting();
	test_back_pressure();
	test_long_pause();
	test_breaking_off();
	test_leaks();
	test_no_memory();
	test_black_hole();
	test_dead_dns();
	stub_context_delete(loop_context);
	stub_context_delete(test_context);
	ok(stub_external_fds == 0, "all descriptors are given back");
	printf("1..%d\n", ntests);
	return nfailed > 0;
}
