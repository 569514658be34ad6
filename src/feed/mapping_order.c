/*
 * mapping_order.c
 *	  Whether the day or the month goes first in the dates of a source.
 *
 * Used by whatever process runs a feed.  3/1/2026 says nothing, 25/12/2026
 * says all; so that no record is read in another way than the one before it,
 * the order is decided once, from as many records as there are at hand when
 * the first date comes that could be either.  Where none of them tells, the
 * market does.
 */
#include "feed/mapping_plan.h"

/* How dates are written where the market is, as far as it tells */
DayOrder
mapping_order_of_market(const MappingSource *source)
{
	const char *zone = source->time_zone ? source->time_zone : "UTC";

	if (source->currency == NULL || strcmp(source->currency, "CAD") == 0)
		return DATE_ORDER_UNKNOWN;
	if (strcmp(source->currency, "USD") != 0)
		return DATE_DAY_FIRST;
	/* dollars are also asked elsewhere */
	if (strncmp(zone, "America/", 8) == 0 || strncmp(zone, "US/", 3) == 0 ||
		strncmp(zone, "Pacific/", 8) == 0 ||
		strchr(zone, '/') == NULL || strncmp(zone, "Etc/", 4) == 0)
		return DATE_MONTH_FIRST;
	return DATE_ORDER_UNKNOWN;
}

bool
mapping_wants_order(const Mapping *mapping)
{
	return mapping->order_is_wanted;
}

/* Notes what the record's dates show */
void
mapping_survey(Mapping *mapping, const Record *record)
{
	if (record->error_code)
		return;
	for (int i = 0; i < record->nfields; i++)
	{
		const NamedField *named = mapping_named_field(mapping, record->fields[i].name, i);
		bool		is_date = false;

		for (int t = 0; t < mapping->ntargets && named->nslots > 0 && !is_date; t++)
		{
			const MappedTarget *target = &mapping->targets[t];

			if (target->rule.template || target->nslots != 1 ||
				(target->rule.form != VALUE_DATE && target->rule.form != VALUE_TIMESTAMP))
				continue;
			for (int s = 0; s < named->nslots && !is_date; s++)
				is_date = named->slots[s] == target->slots[0] &&
					mapping->slots[named->slots[s]].path == NULL;
		}
		if (is_date && record->fields[i].kind == FIELD_TEXT)
		{
			Field		value = mapping_trimmed(&record->fields[i]);
			DayOrder	shown = time_order_shown(value.value);

			mapping->month_first_shown += shown == DATE_MONTH_FIRST;
			mapping->day_first_shown += shown == DATE_DAY_FIRST;
		}
	}
}

/* Whether what has been surveyed is enough to decide without the market */
bool
mapping_order_is_shown(const Mapping *mapping)
{
	return mapping->month_first_shown > 0 || mapping->day_first_shown > 0;
}

/* The order that the dates have from now on; UNKNOWN: nothing tells it */
DayOrder
mapping_decide_order(Mapping *mapping)
{
	mapping->order_is_wanted = false;
	if (mapping->month_first_shown > 0 && mapping->day_first_shown > 0)
		mapping->date_order = DATE_ORDER_MIXED;
	else if (mapping->month_first_shown > 0)
		mapping->date_order = DATE_MONTH_FIRST;
	else if (mapping->day_first_shown > 0)
		mapping->date_order = DATE_DAY_FIRST;
	else
	{
		/* of a market that does not tell, each such date is told of by itself */
		mapping->order_is_assumed = mapping->market_order != DATE_ORDER_UNKNOWN;
		mapping->date_order = mapping->order_is_assumed ? mapping->market_order : DATE_ORDER_MIXED;
		return mapping->market_order;
	}
	return mapping->date_order;
}

bool
mapping_order_is_wrong(const Mapping *mapping)
{
	return mapping->order_is_wrong;
}
