/*
 * survey.c
 *	  Whether the day or the month goes first in the dates of a run's source.
 *
 * Runs in the steps of a feed's run.  See mapping_order.c for what decides.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "feed/state.h"

/* so many bytes are waited for to know it */
#define SURVEY_MOST_BYTES (4 * 1024 * 1024)

/*
 * What was taken from the market is contradicted: what has been applied may
 * be wrong, and must not be left so
 */
void
feed_check_date_order(const FeedRun *run)
{
	if (mapping_order_is_wrong(run->mapping))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_FIELD_OVERFLOW),
				 errmsg("the dates of feed \"%s\" are not in the order that is usual in its market",
						run->feed->name),
				 errdetail("The first ones could be read either way, and were read as the market "
						   "does; a later one cannot."),
				 errhint("SELECT estate.alter_feed(%s, options => '{\"date_order\": \"DMY\"}'), "
						 "or \"MDY\", and whatever other options it has.",
						 quote_literal_cstr(run->feed->name))));
}

/* The order that dates have from now on, told to a session where it was not certain */
static void
decide_date_order(FeedRun *run)
{
	bool		is_shown = mapping_order_is_shown(run->mapping);
	DayOrder	order = mapping_decide_order(run->mapping);

	if (is_shown || !run->talkative)
		return;
	ereport(NOTICE,
			(order == DATE_ORDER_UNKNOWN ?
			 errmsg("feed \"%s\": dates such as 3/1/2026 are not read, since nothing tells "
					"whether the month goes first",
					run->feed->name) :
			 errmsg("feed \"%s\": no date tells whether the month goes first; in this market the "
					"%s does",
					run->feed->name, order == DATE_DAY_FIRST ? "day" : "month"),
			 errhint("Option \"date_order\" of the feed, DMY or MDY, says so.")));
}

/*
 * A record has come with a date that could be either way round: looks at all
 * that are here.  False: none tells, and more bytes are to come.
 */
bool
feed_survey_delimited(FeedRun *run)
{
	Record		record;
	size_t		buffered;

	delimited_rewind(run->reader);
	buffered = delimited_buffered(run->reader);
	/* not after each few bytes more */
	if (buffered < Min(2 * run->surveyed, SURVEY_MOST_BYTES) && !run->last)
		return false;
	while (delimited_next(run->reader, &record))
	{
		CHECK_FOR_INTERRUPTS();
		mapping_survey(run->mapping, &record);
	}
	delimited_rewind(run->reader);
	if (!mapping_order_is_shown(run->mapping) && !run->last && buffered < SURVEY_MOST_BYTES)
	{
		run->surveyed = buffered;
		return false;
	}
	decide_date_order(run);
	return true;
}

/* The same of a page of JSON, all of which is here */
void
feed_survey_json(FeedRun *run, JsonPage page)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_estate survey",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Record		record;

	while (json_page_next(&page, &record))
	{
		CHECK_FOR_INTERRUPTS();
		mapping_survey(run->mapping, &record);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	decide_date_order(run);
}
