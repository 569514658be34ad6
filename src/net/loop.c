/*
 * loop.c
 *	  The event loop: one curl multi handle on one epoll descriptor.
 *
 * Runs in the worker that holds the network, or in a backend that runs a feed
 * by hand.  curl tells us which sockets it waits for; they go into an epoll
 * set of our own, so that the process has one descriptor to put into its
 * WaitEventSet however many transfers there are.
 *
 * A request waits here, not in curl, until there is a connection for it:
 * libcurl counts the time in its own queue as time spent connecting.
 *
 * Never blocks: a resolver thread that hangs is left alone, not joined (see
 * CURLOPT_QUICK_EXIT in http.c), so even an exit with dead DNS is quick.
 * At process exit nothing is cleaned up at all.
 */
#include "postgres.h"

#include <signal.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "net/transfer.h"
#include "storage/fd.h"

#define EVENTS_IN_A_TURN 128

/* descriptors left to others in the process; each wait on a latch needs one */
#define SPARE_DESCRIPTORS 16

/* when to call curl again after it has failed */
#define RETRY_MS 100

static void loop_release(void *arg);
static int	socket_changed(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg);
static int	timer_changed(CURLM *multi, long timeout_ms, void *arg);

int64
net_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * curl starts a thread to look up a name.  A thread inherits the signal mask,
 * and no signal of the server may ever be handled in one: so all are blocked
 * while curl runs, but those that a fault of our own raises.
 */
void
net_block_signals(sigset_t *saved)
{
	sigset_t	blocked;

	sigfillset(&blocked);
	sigdelset(&blocked, SIGSEGV);
	sigdelset(&blocked, SIGBUS);
	sigdelset(&blocked, SIGILL);
	sigdelset(&blocked, SIGFPE);
	sigdelset(&blocked, SIGABRT);
	sigdelset(&blocked, SIGTRAP);
	sigdelset(&blocked, SIGSYS);
	sigprocmask(SIG_SETMASK, &blocked, saved);
}

void
net_restore_signals(const sigset_t *saved)
{
	sigprocmask(SIG_SETMASK, saved, NULL);
}

/*
 * Tell the server of the descriptors we may come to have open, so that its
 * files leave room for them.  All at once, for curl does not say when it
 * closes a socket that was not yet connected.  Where they are scarce there
 * will be fewer connections.
 */
static void
reserve_descriptors(NetLoop *loop)
{
	while (loop->descriptors < loop->max_connections + 1 + SPARE_DESCRIPTORS && AcquireExternalFD())
		loop->descriptors++;
	for (int i = 0; i < SPARE_DESCRIPTORS && loop->descriptors > 0; i++)
	{
		ReleaseExternalFD();
		loop->descriptors--;
	}
	if (loop->descriptors < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("too many descriptors are in use to open a network connection"),
				 errhint("Raise max_files_per_process, or close connections to foreign servers.")));
	loop->max_connections = loop->descriptors - 1;
}

/*
 * A loop lives in context; so do its connections, which are kept for the next
 * request to the same host.
 */
NetLoop *
net_loop_create(MemoryContext context, int max_connections, int max_per_host)
{
	NetLoop    *loop = MemoryContextAllocZero(context, sizeof(NetLoop));

	loop->epoll_fd = -1;
	loop->due = -1;
	loop->max_connections = Max(max_connections, 1);
	loop->max_per_host = Max(max_per_host, 1);
	dlist_init(&loop->active);
	dlist_init(&loop->waiting);
	dlist_init(&loop->origins);
	loop->cleanup.func = loop_release;
	loop->cleanup.arg = loop;
	MemoryContextRegisterResetCallback(context, &loop->cleanup);

	/* counted by curl, so calling it for each loop does no harm */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not initialize libcurl")));
	reserve_descriptors(loop);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("could not create an epoll descriptor: %m")));
	loop->multi = curl_multi_init();
	if (loop->multi == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
	curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, (long) loop->max_connections);
	return loop;
}

/* reset callback of the loop's context; its requests stay readable */
static void
loop_release(void *arg)
{
	NetLoop    *loop = arg;
	dlist_mutable_iter iter;
	sigset_t	saved;

	net_block_signals(&saved);
	dlist_foreach_modify(iter, &loop->active)
		net_request_fail(dlist_container(NetRequest, node, iter.cur), NET_CUT,
						 "the transfer was given up");
	dlist_foreach_modify(iter, &loop->waiting)
		net_request_fail(dlist_container(NetRequest, node, iter.cur), NET_CUT,
						 "the transfer was given up");
	if (loop->multi != NULL)
		curl_multi_cleanup(loop->multi);
	loop->multi = NULL;
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	loop->epoll_fd = -1;
	for (; loop->descriptors > 0; loop->descriptors--)
		ReleaseExternalFD();
	net_restore_signals(&saved);
}

/* readable when there is work for net_loop_turn; for the WaitEventSet */
int
net_loop_fd(NetLoop *loop)
{
	return loop->epoll_fd;
}

/* how long the process may wait before the next turn; -1: until the descriptor is readable */
long
net_loop_timeout_ms(NetLoop *loop)
{
	if (loop->freed)
		return 0;
	if (loop->due < 0)
		return -1;
	return (long) Max(loop->due - net_clock_ms(), 0);
}

/*
 * curl waits for other events on a socket.  Nothing awaited takes the socket
 * out of the set, for epoll reports a hang-up even to those who did not ask.
 */
static int
socket_changed(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	NetLoop    *loop = arg;
	struct epoll_event event = {0};

	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		event.events |= EPOLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		event.events |= EPOLLOUT;
	event.data.fd = fd;
	if (event.events == 0)
		epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event) < 0 && errno == ENOENT)
		epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event);

	/* failure would kill all transfers; a lost event only lets one time out */
	return 0;
}

static int
timer_changed(CURLM *multi, long timeout_ms, void *arg)
{
	NetLoop    *loop = arg;

	loop->due = timeout_ms < 0 ? -1 : net_clock_ms() + timeout_ms;
	return 0;
}

static NetOrigin *
origin_enter(NetLoop *loop, const char *name)
{
	NetOrigin  *origin;
	dlist_iter	iter;

	dlist_foreach(iter, &loop->origins)
	{
		origin = dlist_container(NetOrigin, node, iter.cur);
		if (strcmp(origin->name, name) == 0)
		{
			origin->requests++;
			return origin;
		}
	}
	origin = calloc(1, sizeof(NetOrigin));
	if (origin == NULL)
		return NULL;
	origin->name = strdup(name);
	if (origin->name == NULL)
	{
		free(origin);
		return NULL;
	}
	origin->requests = 1;
	dlist_push_tail(&loop->origins, &origin->node);
	return origin;
}

static void
origin_leave(NetOrigin *origin)
{
	if (--origin->requests > 0)
		return;
	dlist_delete(&origin->node);
	free(origin->name);
	free(origin);
}

/* give waiting requests to curl while there are connections for them */
static void
loop_admit(NetLoop *loop)
{
	dlist_mutable_iter iter;

	loop->freed = false;
	dlist_foreach_modify(iter, &loop->waiting)
	{
		NetRequest *request = dlist_container(NetRequest, node, iter.cur);

		if (loop->running >= loop->max_connections)
			break;
		if (request->origin->running >= loop->max_per_host)
			continue;
		net_request_begin(request);
		if (curl_multi_add_handle(loop->multi, request->easy) != CURLM_OK)
		{
			net_request_fail(request, NET_UNREACHABLE, "out of memory for the transfer");
			continue;
		}
		dlist_delete(&request->node);
		dlist_push_tail(&loop->active, &request->node);
		request->active = true;
		request->origin->running++;
		loop->running++;
	}
}

/* take a request into the loop; false: out of memory */
bool
net_loop_add(NetLoop *loop, NetRequest *request)
{
	sigset_t	saved;

	request->origin = origin_enter(loop, request->url.origin);
	if (request->origin == NULL)
		return false;
	request->loop = loop;
	request->active = false;
	dlist_push_tail(&loop->waiting, &request->node);
	net_block_signals(&saved);
	loop_admit(loop);
	net_restore_signals(&saved);
	return true;
}

/* take it out again; its connection is closed unless the transfer was complete */
void
net_loop_remove(NetRequest *request)
{
	NetLoop    *loop = request->loop;

	if (loop == NULL)
		return;
	if (request->active)
	{
		curl_multi_remove_handle(loop->multi, request->easy);
		request->origin->running--;
		loop->running--;
		loop->freed = !dlist_is_empty(&loop->waiting);
	}
	dlist_delete(&request->node);
	origin_leave(request->origin);
	request->active = false;
	request->origin = NULL;
	request->loop = NULL;
}

/* the same request once more, to the origin that its URL now has */
bool
net_loop_readd(NetRequest *request)
{
	NetLoop    *loop = request->loop;

	net_loop_remove(request);
	request->origin = origin_enter(loop, request->url.origin);
	if (request->origin == NULL)
		return false;
	request->loop = loop;
	dlist_push_head(&loop->waiting, &request->node);
	return true;
}

/*
 * A call that fails, for lack of memory, may end before it tells what it waits
 * for next; ask it again a little later.
 */
static void
call_curl(NetLoop *loop, curl_socket_t fd, int what)
{
	int			running;

	if (curl_multi_socket_action(loop->multi, fd, what, &running) != CURLM_OK)
		loop->due = net_clock_ms() + RETRY_MS;
}

static void
serve_socket(NetLoop *loop, const struct epoll_event *event)
{
	int			what = 0;

	if (event->events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP))
		what |= CURL_CSELECT_IN;
	if (event->events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (event->events & EPOLLERR)
		what |= CURL_CSELECT_ERR;
	call_curl(loop, event->data.fd, what);
}

/*
 * Serve the sockets that are ready and the timers that are due, once.  After
 * it, requests may have come to an outcome or have more data.
 */
void
net_loop_turn(NetLoop *loop)
{
	struct epoll_event events[EVENTS_IN_A_TURN];
	CURLMsg    *message;
	sigset_t	saved;
	int			nevents;
	int			left;

	net_block_signals(&saved);
	nevents = epoll_wait(loop->epoll_fd, events, EVENTS_IN_A_TURN, 0);
	for (int i = 0; i < nevents; i++)
		serve_socket(loop, &events[i]);
	if (loop->due >= 0 && loop->due <= net_clock_ms())
	{
		loop->due = -1;
		call_curl(loop, CURL_SOCKET_TIMEOUT, 0);
	}
	while ((message = curl_multi_info_read(loop->multi, &left)) != NULL)
	{
		char	   *request;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
		net_request_done((NetRequest *) request, message->data.result);
	}
	loop_admit(loop);
	net_restore_signals(&saved);
}
