/*
 * net_stub.h
 *	  How the unit tests of src/net look behind the stand-in for the server.
 */
#ifndef NET_STUB_H
#define NET_STUB_H

extern int	stub_external_fds;	/* acquired */
extern int	stub_free_fds;		/* that may be */
extern char stub_error[1000];
extern bool stub_spare_curl;	/* from failing allocations */

extern bool stub_fail_allocation(int n);
extern void stub_count_curl_memory(void);
extern MemoryContext stub_context_create(void);
extern void stub_context_delete(MemoryContext context);

#endif							/* NET_STUB_H */
