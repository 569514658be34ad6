/*
 * transaction_end.c
 *	  What is done when a transaction ends, in one written order.
 *
 * Runs in any process, after the end of the transaction has been made visible
 * to others, where an error would be a PANIC: no step allocates or throws.
 * Each step knows by itself whether this transaction has anything for it; in
 * most it has not.
 *
 * Knows the rooms, as module.c does: the order is one of all of them.
 */
#include "postgres.h"

#include "access/xact.h"

#include "job/await.h"
#include "job/cancel.h"
#include "job/count.h"
#include "job/depend.h"
#include "job/lane.h"
#include "job/limit.h"
#include "job/look.h"
#include "job/metric.h"
#include "job/prepared.h"
#include "job/ready.h"
#include "failure.h"
#include "module.h"
#include "process/make_way.h"
#include "wake.h"

/*
 * Before the end, where nothing but the commit itself can fail any more, and
 * errors are still errors
 */
static void (*const first_steps[]) (XactEvent event) = {
	failure_before_end,
};

/*
 * In this order at commit, abort and prepare.  First the places where others
 * find the jobs, then what they are told of them, then that they wake: whoever
 * is woken finds everything in place.
 */
static void (*const steps[]) (XactEvent event) = {
	/* at abort failures that were noted have not happened */
	failure_at_end,
	/* at abort the pages in hand go back: their rows are there again */
	ready_at_end,
	/* pages with our rows, which are visible now: those that workers have passed are taken again */
	lane_at_end,
	/* after the rows: each is in the snapshot of a count of all rows, or is added; never both */
	count_at_end,
	/* what handlers did is certain now; before anybody is woken who could ask for it */
	metric_at_end,
	/* jobs that wait for others can be seen: the flag that there are some stands in for us now */
	depend_at_end,
	/* the wish to cancel can be read: whoever runs the job is interrupted, and finds it */
	cancel_at_end,
	/* room goes to jobs that were held back, which can be seen now; at abort also the rates */
	limit_at_end,
	/* flags that we took down to look, and whose look is undone, are up again */
	look_at_end,
	/* a statement has had another database to itself: the workers of that one may come back */
	make_way_at_end,
	/* sessions that wait for jobs which have ended: they find the rows */
	await_at_end,
	/* for all of the above: what workers remember is old, and they are to look */
	wake_at_end,
	/* last: what all of the above would have told at a commit is noted for whoever sees it */
	prepared_at_end,
};

/*
 * What a subtransaction leaves to its parent, or takes with it.  They know
 * nothing of each other: any order would do.
 */
static void (*const substeps[]) (SubXactEvent event,
								 SubTransactionId mine, SubTransactionId parent) = {
	failure_at_subtransaction_end,
	count_at_subtransaction_end,
	cancel_at_subtransaction_end,
};

static void
end_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			for (int i = 0; i < lengthof(first_steps); i++)
				first_steps[i] (event);
			if (event == XACT_EVENT_PRE_PREPARE)
				cancel_before_prepare();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			for (int i = 0; i < lengthof(steps); i++)
				steps[i] (event);
			break;
		default:
			/* a parallel worker writes no jobs */
			break;
	}
}

static void
end_subtransaction(SubXactEvent event, SubTransactionId mine, SubTransactionId parent,
				   void *arg)
{
	if (event == SUBXACT_EVENT_COMMIT_SUB || event == SUBXACT_EVENT_ABORT_SUB)
		for (int i = 0; i < lengthof(substeps); i++)
			substeps[i] (event, mine, parent);
}

/* Once for each process: a callback for each transaction would make commits quadratic */
void
estate_listen_to_transactions(void)
{
	RegisterXactCallback(end_transaction, NULL);
	RegisterSubXactCallback(end_subtransaction, NULL);
}
