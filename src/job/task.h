/*
 * task.h
 *	  A job whose work waits for the network.
 *
 * A task is a small state machine.  Its steps run in short transactions, as
 * the owner of the tables; between steps it waits, and no transaction is
 * open.  The process room drives tasks: many at once in the first worker of a
 * database, or one in the session of CALL run_feed().
 *
 *	start	in a transaction: read what is needed, start the first request
 *	ready	outside a transaction, after network activity or at wake_at:
 *			is it time for a step?  Must not throw.
 *	step	in a transaction: apply what has come; set wants
 *	after	in the transaction of the last step, when the job has left the
 *			queue: what follows it; NULL: nothing
 *	failed	in a transaction, after start or step threw: record it.  Returns
 *			when to try again, or 0 for the usual back-off; the job's own
 *			failure is recorded by the caller.
 *	broken_off	in the transaction that cancels the job, or puts it off because
 *			of somebody else's lock: the work is not done, and that is no
 *			failure; NULL: nothing
 *	ended	outside a transaction, at the very end: give back what the
 *			context does not.  Must not throw.
 */
#ifndef ESTATE_TASK_H
#define ESTATE_TASK_H

#include "job/job.h"
#include "net/net.h"

typedef enum TaskWants
{
	TASK_WAIT,					/* for the network or wake_at */
	TASK_STEP,					/* another step at once */
	TASK_DONE,					/* the job is done */
	TASK_SNOOZE					/* give the job back until wake_at */
} TaskWants;

typedef struct Task Task;

typedef struct TaskHandler
{
	const char *name;			/* what enqueue() calls it */
	void		(*start) (Task *task);
	bool		(*ready) (Task *task);
	void		(*step) (Task *task);
	void		(*after) (Task *task);
	TimestampTz (*failed) (Task *task, const ErrorData *error);
	void		(*broken_off) (Task *task, const char *why);
	void		(*ended) (Task *task);
} TaskHandler;

struct Task
{
	const TaskHandler *handler;
	MemoryContext context;		/* everything of the task; deleted with it */
	Job			job;			/* id 0: called by a session, not from the queue */
	int64		lock_id;		/* job whose lock is held; 0: none */
	bool		inside;			/* in the caller's transaction, whose locks end with it */
	NetLoop    *loop;
	TaskWants	wants;
	TimestampTz wake_at;		/* TASK_WAIT: not later than this; 0: none */
	void	   *state;			/* the handler's own */
};

#endif							/* ESTATE_TASK_H */
