/*
 * progress.c
 *	  Tells in pg_stat_activity how far a long call is.
 *
 * Runs in the backend or worker that trains or scores.  The statement stays
 * readable; what it is doing follows as a comment.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"

#include "score/score.h"

void
score_progress(const char *format,...)
{
	char		says[200];
	char		activity[1000];
	const char *query = debug_query_string ? debug_query_string : "pg_estate";
	va_list		args;

	va_start(args, format);
	vsnprintf(says, sizeof(says), format, args);
	va_end(args);
	snprintf(activity, sizeof(activity), "%.*s /* %s */",
			 pg_mbcliplen(query, strlen(query), 700), query, says);
	pgstat_report_activity(STATE_RUNNING, activity);
}

void
score_progress_end(void)
{
	pgstat_report_activity(STATE_RUNNING, debug_query_string ? debug_query_string : "");
}
