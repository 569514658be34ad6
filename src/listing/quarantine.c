/*
 * quarantine.c
 *	  Rows that the database refuses: found, and kept apart from the others.
 *
 * Runs inside the transaction of a page, with SPI connected.  A constraint or
 * a trigger that somebody has put on a table may refuse any record, and one
 * record must not stop a feed.  So rows are applied in a subtransaction; if
 * that fails, each half in one of its own, until the culprit is alone: it
 * becomes a reject, with what the database said of it.  Halves are of the
 * order of keys, so that rows are written in that order all the same.
 */
#include "postgres.h"

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "listing/apply.h"

/* of what the database says, this much is kept */
#define REASON_MOST_BYTES 1000

/* Whether the row is at fault, and not the server, the network, or how the tables are made */
static bool
is_about_the_row(const ErrorData *error)
{
	switch (ERRCODE_TO_CATEGORY(error->sqlerrcode))
	{
		case ERRCODE_DATA_EXCEPTION:
		case ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION:
		case ERRCODE_PLPGSQL_ERROR: /* RAISE in a trigger */
		case ERRCODE_PROGRAM_LIMIT_EXCEEDED:	/* too long for an index */
			return true;
		default:
			return false;
	}
}

/* NULL: the rows are applied; else what was thrown, and nothing is applied */
static ErrorData *
try_rows(const ListingPage *page, ListingRow **rows, int n, ListingCounts *counts)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ListingCounts before = *counts;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		listing_apply_rows(page, rows, n, counts);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		*counts = before;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	return error;
}

static void
quarantine_reject(ListingRow *row, const ErrorData *error)
{
	char	   *reason = error->detail ? psprintf("%s: %s", error->message, error->detail) :
		pstrdup(error->message ? error->message : "refused");

	reason[pg_mbcliplen(reason, strlen(reason), REASON_MOST_BYTES)] = '\0';
	row->reject_code = "refused";
	row->reject_field = error->column_name;
	row->reject_reason = reason;
}

/* Applies rows in the order of their keys; those that the database refuses become rejects */
void
listing_apply_good(const ListingPage *page, ListingRow **rows, int n, ListingCounts *counts)
{
	ErrorData  *error;

	if (n == 0)
		return;
	CHECK_FOR_INTERRUPTS();
	error = try_rows(page, rows, n, counts);
	if (error == NULL)
		return;
	if (!is_about_the_row(error))
		ReThrowError(error);
	if (n == 1)
	{
		quarantine_reject(rows[0], error);
		return;
	}
	FreeErrorData(error);
	listing_apply_good(page, rows, n / 2, counts);
	listing_apply_good(page, rows + n / 2, n - n / 2, counts);
}
