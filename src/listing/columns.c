/*
 * columns.c
 *	  The columns of estate.listing that a mapping may fill, and arrays of
 *	  their values as parameters of a statement.
 *
 * Runs in any process, inside a transaction.  Results are in
 * CurrentMemoryContext.  The columns are read from the catalog, so that a
 * column that a user adds can be mapped like any other.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "listing/columns.h"

/* what apply writes by itself */
static const char *const managed[] = {
	"market_id", "id", "source_system", "feed_id", "property", "currency", "extra", "content_hash",
	"first_seen_at", "changed_at", "run_id", "removed_at", "removed_reason"
};

static bool
is_managed(const char *name)
{
	for (int i = 0; i < lengthof(managed); i++)
		if (strcmp(managed[i], name) == 0)
			return true;
	return false;
}

ListingColumns *
listing_columns(void)
{
	ListingColumns *columns = palloc0(sizeof(ListingColumns));
	Oid			oid = get_relname_relid("listing", get_namespace_oid("estate", false));
	Relation	relation;
	TupleDesc	desc;

	if (!OidIsValid(oid))
		estate_require_tables();	/* says what to do */
	relation = table_open(oid, AccessShareLock);
	desc = RelationGetDescr(relation);
	columns->column = palloc0(sizeof(ListingColumn) * desc->natts);
	columns->listing_key = -1;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		ListingColumn *column = &columns->column[columns->count];

		if (attribute->attisdropped || attribute->attgenerated ||
			is_managed(NameStr(attribute->attname)))
			continue;
		column->name = pstrdup(NameStr(attribute->attname));
		column->type = attribute->atttypid;
		column->typmod = attribute->atttypmod;
		column->attnum = attribute->attnum;
		if (strcmp(column->name, "listing_key") == 0)
			columns->listing_key = columns->count;
		columns->count++;
	}
	table_close(relation, AccessShareLock);
	if (columns->listing_key < 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("estate.listing has no column \"listing_key\"")));
	return columns;
}

/* Index of a column that the page fills; -1: it does not */
int
listing_column_index(const ListingPage *page, const char *name)
{
	for (int i = 0; i < page->columns->count; i++)
		if (page->filled[i] && strcmp(page->columns->column[i].name, name) == 0)
			return i;
	return -1;
}

Oid
get_array_type_checked(Oid type)
{
	Oid			array = get_array_type(type);

	if (!OidIsValid(array))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("a column of type %s cannot be mapped, since there are no arrays of it",
						format_type_be(type))));
	return array;
}

/* An array parameter of n values */
Datum
array_parameter(Oid type, const Datum *values, const bool *nulls, int n)
{
	int16		len;
	bool		byval;
	char		align;
	int			lower = 1;

	get_typlenbyvalalign(type, &len, &byval, &align);
	return PointerGetDatum(construct_md_array(unconstify(Datum *, values),
											  unconstify(bool *, nulls),
											  1, &n, &lower, type, len, byval, align));
}

/*
 * The values of one column of the chosen rows, as an array parameter.  A
 * column that is an array itself travels as text, since an array of arrays
 * would be a matrix: *type tells what it travels as.
 */
Datum
column_parameter(const ListingPage *page, int column, ListingRow *const *rows, int n, Oid *type)
{
	const ListingColumn *c = &page->columns->column[column];
	bool		as_text = OidIsValid(get_element_type(c->type));
	Datum	   *values = palloc(sizeof(Datum) * Max(n, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(n, 1));
	Oid			output = InvalidOid;
	bool		varlena;

	if (as_text)
		getTypeOutputInfo(c->type, &output, &varlena);
	for (int i = 0; i < n; i++)
	{
		nulls[i] = rows[i]->nulls[column];
		values[i] = rows[i]->values[column];
		if (as_text && !nulls[i])
			values[i] = CStringGetTextDatum(OidOutputFunctionCall(output, values[i]));
	}
	*type = as_text ? TEXTOID : c->type;
	return array_parameter(*type, values, nulls, n);
}

/* The column's type with its modifiers, as a cast takes it */
char *
column_type_name(const ListingColumn *column)
{
	return format_type_with_typemod(column->type, column->typmod);
}
