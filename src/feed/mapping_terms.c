/*
 * mapping_terms.c
 *	  What the prices of a record are: of a sale or a lease, and of which currency.
 *
 * Used by whatever process compiles a mapping or runs a feed.  Exports of
 * portals have offers for sale and for rent in one file, and prices of several
 * currencies in one column; a field beside the price says so.  A rent that is
 * taken for a price, or pesos that are taken for dollars, spoil every figure
 * that is made of them.  Only for files that are mapped by their names, and the
 * fields that are asked for stay in extra.
 */
#include "feed/mapping_plan.h"

#include "feed/synonym.h"
#include "utils/builtins.h"

/* folded names of the fields */
static const char *const offer_headers[] = {
	"operation", "operationtype", "purpose", "offertype", "listingtype", "transactiontype",
	"transaction", "saleorrent", "rentorsale", "salerent", "forsaleorrent", "forsalerent",
	"saleorlease", "dealtype", "contract", "contracttype", "advertisementtype", "homestatus",
	"saletype", NULL
};
static const char *const currency_headers[] = {
	"currency", "currencycode", "pricecurrency", "listpricecurrency", "currencyiso", NULL
};

/* folded words that say that what is asked is a rent */
static const char *const lease_words[] = {
	"rent", "forrent", "torent", "rental", "rentals", "rented", "let", "tolet", "letting",
	"lettings", "letagreed", "lease", "forlease", "leased", "residentiallease",
	"commerciallease", "residentialrental", "alquiler", "aluguel", "arriendo", "miete",
	"zurmiete", "vermietung", "location", "affitto", "huur", NULL
};

static bool
is_of(const char *const *list, const char *folded)
{
	for (; *list; list++)
	{
		if (strcmp(*list, folded) == 0)
			return true;
	}
	return false;
}

/* The slot of the first field whose name is of the list; -1: there is none */
static int
find_slot(Mapping *mapping, const char *const *headers)
{
	for (int i = 0; i < mapping->nfields; i++)
	{
		int			nslots = mapping->nslots;
		int			slot;

		if (!is_of(headers, synonym_fold(mapping->fields[i])))
			continue;
		slot = mapping_add_slot(mapping, mapping->fields[i], false);
		/* one that fills a column too is there already */
		if (mapping->nslots > nslots)
			mapping->slots[slot].in_extra = true;
		return slot;
	}
	return -1;
}

/* The slot that the target of the status is read from */
static int
status_slot(const Mapping *mapping)
{
	for (int t = 0; t < mapping->ntargets; t++)
	{
		if (mapping->targets[t].column == mapping->status_column &&
			mapping->targets[t].nslots == 1)
			return mapping->targets[t].slots[0];
	}
	return -1;
}

void
mapping_terms_create(Mapping *mapping, const MappingSource *source)
{
	int			type = mapping_find_column(mapping->columns, "property_type");

	mapping->offer_slot = mapping->offer_status_slot = mapping->currency_slot = -1;
	mapping->type_column = -1;
	if (mapping->reso || mapping->fields == NULL || source->mapping)
		return;
	mapping->market_currency = source->currency;
	mapping->currency_slot = find_slot(mapping, currency_headers);
	if (type < 0)
		return;
	mapping->offer_slot = find_slot(mapping, offer_headers);
	mapping->offer_status_slot = mapping->status_column >= 0 ? status_slot(mapping) : -1;
	if (mapping->offer_slot < 0 && mapping->offer_status_slot < 0)
		return;
	mapping->type_column = type;
	mapping->filled[type] = true;
}

/* The text of a slot; NULL: the record has none */
static const char *
slot_text(const Mapping *mapping, int slot)
{
	Field		field;

	if (slot < 0 || mapping->values[slot] == NULL)
		return NULL;
	field = mapping_trimmed(mapping->values[slot]);
	return field.kind == FIELD_TEXT ? field.value : NULL;
}

static bool
says_lease(const Mapping *mapping, int slot)
{
	const char *text = slot_text(mapping, slot);

	return text && is_of(lease_words, synonym_fold(text));
}

/* The type of what is leased: RESO has types for that, and other words get one more */
static void
make_lease(Mapping *mapping, ListingRow *row)
{
	int			column = mapping->type_column;
	int32		typmod = mapping->columns->column[column].typmod;
	const char *type = "Residential";
	char	   *lease;

	if (!row->nulls[column])
		type = TextDatumGetCString(row->values[column]);
	if (strstr(type, "Lease"))
		return;
	if (strcmp(type, "Commercial Sale") == 0)
		type = "Commercial";
	lease = psprintf("%s Lease", type);
	if (typmod >= (int32) VARHDRSZ && strlen(lease) > typmod - VARHDRSZ)
		lease = pstrdup("Residential Lease");
	if (!row->nulls[column])
		mapping_unset_value(mapping, row, column);
	mapping_set_value(mapping, row, column, PointerGetDatum(cstring_to_text(lease)));
}

/* Amounts of another currency than the market's are none that could be compared */
static bool
refuse_amounts(Mapping *mapping, ListingRow *row, const char *currency)
{
	for (int t = 0; t < mapping->ntargets; t++)
	{
		const MappedTarget *target = &mapping->targets[t];

		if (target->rule.form == VALUE_MONEY && !row->nulls[target->column] &&
			!mapping_fail_target(mapping, row, target, "bad_type",
								 psprintf("the record states %.20s, the market's currency is %s",
										  currency, mapping->market_currency)))
			return false;
	}
	return true;
}

/* After all columns are filled; false: the record is rejected */
bool
mapping_take_terms(Mapping *mapping, ListingRow *row)
{
	const char *currency = slot_text(mapping, mapping->currency_slot);

	if (mapping->type_column >= 0 &&
		(says_lease(mapping, mapping->offer_slot) ||
		 says_lease(mapping, mapping->offer_status_slot)))
		make_lease(mapping, row);
	if (currency == NULL || mapping->market_currency == NULL || strlen(currency) != 3 ||
		strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != 3 ||
		pg_strcasecmp(currency, mapping->market_currency) == 0)
		return true;
	return refuse_amounts(mapping, row, currency);
}
