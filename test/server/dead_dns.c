/*
 * dead_dns.c
 *	  Dead name servers without privileges: preload it, and the lookup of any
 *	  name under dead.test hangs, as it does when nobody answers.
 *
 *	  cc -shared -fPIC -o dead_dns.so dead_dns.c -ldl
 *	  LD_PRELOAD=./dead_dns.so postgres ..
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <time.h>

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
	typedef int (*Lookup) (const char *, const char *, const struct addrinfo *, struct addrinfo **);
	Lookup		lookup = (Lookup) dlsym(RTLD_NEXT, "getaddrinfo");
	size_t		len = node ? strlen(node) : 0;

	if (len > 10 && strcmp(node + len - 10, ".dead.test") == 0)
	{
		struct timespec long_time = {.tv_sec = 60};

		nanosleep(&long_time, NULL);
		return EAI_AGAIN;
	}
	return lookup(node, service, hints, result);
}
