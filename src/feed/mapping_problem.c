/*
 * mapping_problem.c
 *	  What becomes of a value that cannot be read.
 *
 * Used by whatever process runs a feed.  A guess never costs a record: the
 * column is null, the text stays in extra under the name it has at the source,
 * and the row says why.  Only the key, what the mapping requires, and a feed
 * that is strict reject the record.
 */
#include "feed/mapping_plan.h"

#include "utils/builtins.h"

void
mapping_reject(ListingRow *row, const char *code, const char *field, const char *reason)
{
	row->reject_code = code;
	row->reject_field = field;
	row->reject_reason = reason;
}

/* False: the record is rejected */
bool
mapping_note_problem(const Mapping *mapping, ListingRow *row, bool required, const char *code,
					 const char *field,
					 const char *reason)
{
	ListingProblem *problem;

	/* of a listing that the source withdraws the key is enough */
	if (row->removed_reason)
		return true;
	if (required || mapping->strict)
	{
		mapping_reject(row, code, field, reason);
		return false;
	}
	if (row->problems == NULL)
		row->problems = palloc(4 * sizeof(ListingProblem));
	else if (row->nproblems >= 4 && (row->nproblems & (row->nproblems - 1)) == 0)
		row->problems = repalloc(row->problems, 2 * row->nproblems * sizeof(ListingProblem));
	problem = &row->problems[row->nproblems++];
	problem->code = code;
	problem->field = field;
	problem->reason = reason;
	return true;
}

/* The texts that a target was to be made of go to extra */
static void
keep_texts(Mapping *mapping, const MappedTarget *target)
{
	for (int i = 0; i < target->nslots; i++)
	{
		const MappedSlot *slot = &mapping->slots[target->slots[i]];
		const Field *field = mapping->values[target->slots[i]];

		/* of a field within another the outer one is in extra already */
		if (field && (slot->path == NULL || strcmp(slot->full_name, field->name) == 0))
			mapping_push_extra(&mapping->extra, field);
	}
}

/* A target's value cannot be read; false: the record is rejected */
bool
mapping_fail_target(Mapping *mapping, ListingRow *row, const MappedTarget *target,
					const char *code, const char *reason)
{
	if (!mapping_note_problem(mapping, row, target->required, code, target->name, reason))
		return false;
	if (!row->nulls[target->column])
		mapping_unset_value(mapping, row, target->column);
	keep_texts(mapping, target);
	return true;
}

bool
mapping_fail_column(Mapping *mapping, ListingRow *row, int column, const char *code,
					const char *reason)
{
	for (int t = 0; t < mapping->ntargets; t++)
	{
		if (mapping->targets[t].column == column)
			return mapping_fail_target(mapping, row, &mapping->targets[t], code, reason);
	}
	return true;
}
