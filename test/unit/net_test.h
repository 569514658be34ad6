/*
 * net_test.h
 *	  What the unit tests of src/net share: one loop, one scripted server, TAP.
 */
#ifndef NET_TEST_H
#define NET_TEST_H

#include "net/transfer.h"

#include "net_stub.h"

/* the setting under which most tests run */
#define LOCAL "127.0.0.0/8"

extern int	port;				/* of the scripted server */
extern int	tls_port;			/* of a TLS server nobody trusts; 0: none */
extern int	slow_lookups;		/* of names under slow.test, which hang */
extern NetLoop *loop;
extern MemoryContext loop_context;
extern MemoryContext test_context;

extern void ok(bool good, const char *fmt,...) pg_attribute_printf(2, 3);
extern bool text_is(const char *actual, const char *expected);
extern char *url(const char *path);
extern NetOptions plain(const char *text);
extern void new_loop(int max_connections, int max_per_host);
extern void turn(void);
extern NetRequest *finish(NetRequest *request, bool consume);
extern NetRequest *run(const NetOptions *options, bool consume);
extern NetRequest *get(const char *path);
extern void outcome_is(NetRequest *request, NetOutcome expected, const char *name);
extern void gives(const char *path, NetOutcome expected, const char *name);
extern bool body_is(NetRequest *request, const char *expected);
extern int	logged(const char *text);
extern int	most_open(const char *text);
extern int	connections(const char *text);
extern int	entries(const char *directory);
extern long resident_kb(void);

/* net_test_places.c */
extern void test_address_table(void);
extern void test_list_check(void);
extern void test_urls(void);
extern void test_random_urls(void);
extern void test_bad_urls(void);
extern void test_addresses_refused(void);
extern void test_addresses_allowed(void);

/* net_test_answers.c */
extern void test_answers(void);
extern void test_gzip(void);
extern void test_broken(void);
extern void test_large(void);
extern void test_redirects(void);
extern void test_sink(void);

/* net_test_loop.c */
extern void test_many(void);
extern void test_waiting(void);
extern void test_back_pressure(void);
extern void test_long_pause(void);
extern void test_breaking_off(void);
extern void test_leaks(void);
extern void test_no_memory(void);
extern void test_black_hole(void);
extern void test_dead_dns(void);

#endif							/* NET_TEST_H */
