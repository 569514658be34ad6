/*
 * inflight.h
 *	  Which jobs' handlers each worker is in, kept where a crash of the server
 *	  does not lose it.
 */
#ifndef ESTATE_INFLIGHT_H
#define ESTATE_INFLIGHT_H

#include "estate.h"

#define INFLIGHT_MOST_JOBS 1000 /* in one call; as many as a batch has */

/* Of one worker, in a file that all processes have mapped */
typedef struct Inflight
{
	Oid			database;
	bool		alone;			/* nothing else was run before it in its transaction */
	int			count;
	int64		ids[INFLIGHT_MOST_JOBS];
} Inflight;

/* A job whose handler a worker was in when the server crashed */
#define SUSPECTS_MOST 8192

typedef struct Suspect
{
	Oid			database;
	bool		alone;			/* nothing else was being run */
	int64		id;
} Suspect;

extern EstateArea inflight_area;

/* NULL: this process is no worker, or there is no file */
extern Inflight *inflight_mine;

extern void inflight_join(int number, Oid database);
extern bool inflight_any_suspect(void);
extern int	inflight_suspects(Suspect *suspects);
extern void inflight_forget_suspects(void);

/*
 * Around each call of a handler: plain stores.  The order matters only to
 * ourselves, who may be killed between two of them.
 */
static inline void
inflight_begin(bool alone)
{
	if (inflight_mine)
	{
		inflight_mine->count = 0;
		inflight_mine->alone = alone;
	}
}

static inline void
inflight_add(int64 id)
{
	if (inflight_mine && inflight_mine->count < INFLIGHT_MOST_JOBS)
	{
		inflight_mine->ids[inflight_mine->count] = id;
		pg_compiler_barrier();
		inflight_mine->count++;
	}
}

static inline void
inflight_end(void)
{
	pg_compiler_barrier();
	if (inflight_mine)
		inflight_mine->count = 0;
}

#endif							/* ESTATE_INFLIGHT_H */
