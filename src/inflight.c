/*
 * inflight.c
 *	  Which jobs' handlers each worker is in, kept where a crash of the server
 *	  does not lose it.
 *
 * Shared memory is made anew after a crash, so this is a file that the
 * postmaster maps before it starts anybody.  A worker writes there whose
 * handler it is about to call, and that it has returned: memory, never a disk.
 * That outlives every process, the postmaster too, but not the machine.
 *
 * A process that dies by itself leaves its entry as it was.  One that leaves,
 * or is told to because another one has crashed or the server is stopped at
 * once, clears it first.  One that a handler ends in good order, with FATAL,
 * makes suspects of its jobs itself: else they would end all workers, one
 * after the other, for as long as there are any.  So what the postmaster finds when it starts, or
 * starts anew, are the jobs that may have been the cause: the suspects.
 * src/job/suspect.c says what becomes of them.
 *
 * Without the file everything works, and suspects nobody.
 */
#include "postgres.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/pmsignal.h"
#include "tcop/tcopprot.h"

#include "inflight.h"

/* base backups leave out what is in this directory */
#define INFLIGHT_FILE PG_STAT_TMP_DIR "/pg_estate_inflight"
#define INFLIGHT_ENTRIES (ESTATE_MAX_DATABASES * ESTATE_MAX_WORKERS)
#define INFLIGHT_BYTES (sizeof(Inflight) * INFLIGHT_ENTRIES)

/* One list for all databases: it is made before any of them has its slot */
typedef struct SuspectState
{
	int			n;				/* not dealt with yet */
	Suspect		suspects[SUSPECTS_MOST];
} SuspectState;

static void start_inflight(void);

EstateArea inflight_area = {
	.name = "pg_estate suspects",
	.bytes = sizeof(SuspectState),
	.npieces = 1,
	.start = start_inflight
};

Inflight   *inflight_mine = NULL;

/* Mapped once for the life of the postmaster; its children inherit it */
static Inflight *entries = NULL;

/* Zeroes, written: a hole in the file would be a SIGBUS when the disk is full */
static bool
fill_file(int fd)
{
	char		zeroes[BLCKSZ] = {0};
	size_t		left = INFLIGHT_BYTES;

	if (ftruncate(fd, 0) < 0)
		return false;
	while (left > 0)
	{
		ssize_t		written = write(fd, zeroes, Min(left, sizeof(zeroes)));

		if (written <= 0)
		{
			if (written == 0)
				errno = ENOSPC;
			return false;
		}
		left -= written;
	}
	return true;
}

static Inflight *
map_file(void)
{
	struct stat state;
	void	   *mapped = MAP_FAILED;
	int			fd = BasicOpenFile(INFLIGHT_FILE, O_RDWR | O_CREAT | PG_BINARY);

	/* of another size: of another version, which says nothing to us */
	if (fd >= 0 && fstat(fd, &state) == 0 && (state.st_size == INFLIGHT_BYTES || fill_file(fd)))
		mapped = mmap(NULL, INFLIGHT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("could not map file \"%s\": %m", INFLIGHT_FILE),
				 errdetail("Jobs that crash the server will not be found.")));
	if (fd >= 0)
		close(fd);
	return mapped == MAP_FAILED ? NULL : mapped;
}

/*
 * Whether no other job was being run.  Where several were killed at once, as
 * when a container has used up its memory, nobody knows which it was.  But the
 * same job may have been begun twice: a handler that calls exit() gives it
 * back before the postmaster knows.
 */
static bool
is_only(const Inflight *entry)
{
	for (int i = 0; i < INFLIGHT_ENTRIES; i++)
		if (entries[i].count > 0 &&
			(entries[i].database != entry->database || entries[i].ids[0] != entry->ids[0]))
			return false;
	return true;
}

static void
add_suspects(SuspectState *state, const Inflight *entry, bool alone)
{
	for (int i = 0; i < entry->count && state->n < SUSPECTS_MOST; i++)
	{
		Suspect    *suspect = &state->suspects[state->n++];

		suspect->database = entry->database;
		suspect->id = entry->ids[i];
		suspect->alone = alone;
	}
}

/*
 * Reads what a crash has left.  Runs in the postmaster, whenever it has made
 * shared memory.
 */
static void
start_inflight(void)
{
	if (!IsPostmasterEnvironment)
		return;
	if (entries == NULL)
		entries = map_file();
	if (entries == NULL)
		return;
	for (int i = 0; i < INFLIGHT_ENTRIES; i++)
		/* what was written by another version, or by nobody */
		if (entries[i].count < 0 || entries[i].count > INFLIGHT_MOST_JOBS)
			entries[i].count = 0;
	for (int i = 0; i < INFLIGHT_ENTRIES; i++)
		if (entries[i].count > 0)
			add_suspects((SuspectState *) inflight_area.pieces, &entries[i],
						 entries[i].alone && is_only(&entries[i]));
	for (int i = 0; i < INFLIGHT_ENTRIES; i++)
		if (entries[i].count > 0)
			entries[i].count = 0;
}

/* Told to die at once, for what another process did, or because the server is stopped so */
static void
inflight_quit(SIGNAL_ARGS)
{
	inflight_end();
	SignalHandlerForCrashExit(postgres_signal_arg);
}

static volatile sig_atomic_t told_to_leave = false;

/*
 * Whoever wants us to leave is somebody else: a handler that terminates its own
 * backend is a suspect, too
 */
static void
inflight_terminate(int number, siginfo_t *from, void *context)
{
	if (MyProcPid != (int) getpid())
		_exit(1);
	if (from->si_pid != MyProcPid)
		told_to_leave = true;
	die(number);
}

/*
 * Not by pqsignal(): its handlers are not told who has sent the signal.  What
 * that does for a child that has not yet become another program is done here.
 */
static void
listen_to_terminate(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = inflight_terminate;
	action.sa_flags = SA_RESTART | SA_SIGINFO;
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
}

/*
 * Runs after the transaction was aborted, when others can see the jobs again.
 * A handler that calls exit() brings us here as well, with another code: the
 * postmaster will take that for a crash.
 */
static void
inflight_leave(int code, Datum arg)
{
	if (code != 0 && code != 1)
		return;
	if (code == 1 && inflight_mine->count > 0 && !told_to_leave && PostmasterIsAlive())
	{
		SuspectState *state = estate_lock_piece(&inflight_area, LW_EXCLUSIVE);

		add_suspects(state, inflight_mine, inflight_mine->alone);
		estate_unlock_piece(&inflight_area, state);
		estate_wake_now(WORKER_SQL);
	}
	inflight_end();
}

/* A worker begins to use its entry.  Before it connects: see inflight_leave(). */
void
inflight_join(int number, Oid database)
{
	listen_to_terminate();
	if (entries == NULL)
		return;
	inflight_mine = &entries[number];
	inflight_mine->count = 0;
	inflight_mine->database = database;
	before_shmem_exit(inflight_leave, (Datum) 0);
	pqsignal(SIGQUIT, inflight_quit);
}

/* Whether there are any of this database */
bool
inflight_any_suspect(void)
{
	SuspectState *state = (SuspectState *) inflight_area.pieces;
	bool		any = false;

	/* mostly there are none, and this is asked often */
	if (((volatile SuspectState *) state)->n == 0)
		return false;
	state = estate_lock_piece(&inflight_area, LW_SHARED);
	for (int i = 0; i < state->n && !any; i++)
		any = state->suspects[i].database == MyDatabaseId;
	estate_unlock_piece(&inflight_area, state);
	return any;
}

/* Those of this database, into an array that has room for all; how many */
int
inflight_suspects(Suspect *suspects)
{
	SuspectState *state = estate_lock_piece(&inflight_area, LW_SHARED);
	int			n = 0;

	for (int i = 0; i < state->n; i++)
		if (state->suspects[i].database == MyDatabaseId)
			suspects[n++] = state->suspects[i];
	estate_unlock_piece(&inflight_area, state);
	return n;
}

/* Those of this database have been dealt with */
void
inflight_forget_suspects(void)
{
	SuspectState *state = estate_lock_piece(&inflight_area, LW_EXCLUSIVE);
	int			kept = 0;

	for (int i = 0; i < state->n; i++)
		if (state->suspects[i].database != MyDatabaseId)
			state->suspects[kept++] = state->suspects[i];
	state->n = kept;
	estate_unlock_piece(&inflight_area, state);
}
