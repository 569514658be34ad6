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

#include "job/cancel.h"
#include "job/count.h"
#include "job/depend.h"
#include "job/lane.h"
#include "job/limit.h"
#include "job/look.h"
#include "job/metric.h"
#include "job/ready.h"
#include "module.h"
#include "wake.h"

/*
 * In this order at commit, abort and prepare.  First the places where others
 * find the jobs, then what they are told of them, last that they wake: whoever
 * is woken finds everything in place.
 */
static void (*const steps[]) (XactEvent event) = {
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
	/* last, for all of the above: what workers remember is old, and they are to look */
	wake_at_end,
};

/*
 * What a subtransaction leaves to its parent, or takes with it.  The two know
 * nothing of each other: any order would do.
 */
static void (*const substeps[]) (SubXactEvent event,
								 SubTransactionId mine, SubTransactionId parent) = {
	count_at_subtransaction_end,
	cancel_at_subtransaction_end,
};

static void
end_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			for (int i = 0; i < lengthof(steps); i++)
				steps[i] (event);
			break;
		default:
			/* before the end nothing is visible; a parallel worker writes no jobs */
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
