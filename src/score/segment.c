/*
 * segment.c
 *	  estate.segment() and estate.is_for_sale(): what the type of a listing says
 *	  about which model is for it, and its status about whether it can be bought.
 *
 * Pure functions, called for every row of most views: C, because a regular
 * expression for each row would cost more than the rest of the view.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "score/score.h"

#define LONGEST_CLASS 40		/* with "lease " fits the column segment */

/* types of the RESO Data Dictionary whose class has another name */
static const struct
{
	const char *type;
	const char *class;
}			known_types[] =
{
	{"residential lease", "residential"},
	{"commercial sale", "commercial"},
	{"commercial lease", "commercial"},
	{"manufactured in park", "manufactured"},
};

static const char *const lease_words[] = {
	"lease", "leases", "rental", "rentals", "rent", "let", "letting", "lettings"
};

static const char *const for_sale_statuses[] = {"Active", "Active Under Contract", "Coming Soon"};

/* Whether one of the words of a type, in lower case, says lease. */
static bool
says_lease(const char *type)
{
	while (*type)
	{
		size_t		length = strcspn(type, " -_/,()");

		for (int i = 0; i < lengthof(lease_words); i++)
			if (strlen(lease_words[i]) == length && strncmp(type, lease_words[i], length) == 0)
				return true;
		type += length;
		type += strspn(type, " -_/,()");
	}
	return false;
}

PG_FUNCTION_INFO_V1(estate_segment);

/* estate.segment(property_type) -> text */
Datum
estate_segment(PG_FUNCTION_ARGS)
{
	char	   *type;
	const char *class;

	if (PG_ARGISNULL(0))
		PG_RETURN_TEXT_P(cstring_to_text("sale residential"));
	type = text_to_cstring(PG_GETARG_TEXT_PP(0));
	for (char *c = type; *c; c++)
		*c = pg_ascii_tolower((unsigned char) *c);
	class = type[strspn(type, " ")] ? type : "residential";
	for (int i = 0; i < lengthof(known_types); i++)
		if (strcmp(type, known_types[i].type) == 0)
			class = known_types[i].class;
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s %.*s", says_lease(type) ? "lease" : "sale",
											  pg_mbcliplen(class, strlen(class), LONGEST_CLASS),
											  class)));
}

PG_FUNCTION_INFO_V1(estate_is_for_sale);

/* estate.is_for_sale(standard_status, property_type) -> bool */
Datum
estate_is_for_sale(PG_FUNCTION_ARGS)
{
	char	   *status;
	char	   *type;

	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	status = text_to_cstring(PG_GETARG_TEXT_PP(0));
	type = PG_ARGISNULL(1) ? pstrdup("") : text_to_cstring(PG_GETARG_TEXT_PP(1));
	for (char *c = type; *c; c++)
		*c = pg_ascii_tolower((unsigned char) *c);
	for (int i = 0; i < lengthof(for_sale_statuses); i++)
		if (strcmp(status, for_sale_statuses[i]) == 0)
			PG_RETURN_BOOL(!says_lease(type));
	PG_RETURN_BOOL(false);
}
