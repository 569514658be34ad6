/*
 * net_test_places.c
 *	  Which URLs and addresses are gone to, and how they are shown.
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net_test.h"

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

void
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

void
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

void
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

/* whatever comes in, what comes out is a URL we may go to, and secrets stay in */
void
test_random_urls(void)
{
	static const char *const pieces[] = {
		"http", "https", "file", ":", "//", "/", "?", "#", "@", "&", "=", "%", "%2", "%20", "%zz", "[", "]", "::1", "host.test", "127.1",
		":80", ":0", ":99999", " ", "\t", "\n", "\\", "..", ".", "\xc3\xa9", "\xff", "\x7f", "'", "\"", "$filter", "?token=SECRET",
		"&sig=", "user:USERINFO@", "0x7f.1", "+", ",", ";", "<", "xn--", "a"
	};
	int			resolved = 0;
	bool		good = true;

	srandom(20);
	for (int i = 0; i < 50000; i++)
	{
		MemoryContext saved = CurrentMemoryContext;
		char		text[400] = "";
		char	   *result;
		char	   *again;
		char	   *shown;
		char	   *secret;

		CurrentMemoryContext = stub_context_create();
		if (random() % 2)
			strcpy(text, "http://");
		for (int n = random() % 12; n > 0; n--)
			strcat(text, pieces[random() % lengthof(pieces)]);
		result = net_resolve_url("http://base.test/a/b?c=d", text);
		if (result != NULL)
		{
			resolved++;
			again = net_resolve_url("http://other.test/", result);
			if (again == NULL || strcmp(result, again) != 0 || !net_same_origin(result, again) ||
				(strncmp(result, "http://", 7) != 0 && strncmp(result, "https://", 8) != 0) ||
				strcspn(result, " \t\n\r\\\"<#") != strlen(result))
			{
				printf("# %s -> %s -> %s\n", text, result, again ? again : "(null)");
				good = false;
			}
		}
		shown = net_redact_url(text);
		secret = strstr(shown, "USERINFO");
		if (strstr(shown, "SECRET") != NULL || (secret != NULL && secret < shown + strcspn(shown, "?#")))
		{
			printf("# %s is shown as %s\n", text, shown);
			good = false;
		}
		stub_context_delete(CurrentMemoryContext);
		CurrentMemoryContext = saved;
	}
	ok(good && resolved > 5000, "50000 random URLs, of which %d were good", resolved);
}

void
test_bad_urls(void)
{
	static const char *const bad[] = {
		"", "hello", "/etc/passwd", "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/",
		"dict://127.0.0.1:11211/", "http://", "http:///x", "http:/127.0.0.1/", "http:127.0.0.1", "http://user:pw@127.0.0.1/", "http://user@127.0.0.1/",
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

void
test_addresses_refused(void)
{
	static const char *const hosts[] = {
		"127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0", "0",
		"[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
		"local.test", "metadata.test", "169.254.169.254", "[::ffff:a9fe:a9fe]", "[fe80::1]", "[fd00:ec2::254]", "intranet.test"
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

void
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
