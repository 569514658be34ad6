/*
 * fields.c
 *	  What the name of a field says about its use as a feature.
 *
 * Runs where sales are read.  Fields that no column of listing is mapped to
 * come under the source's own names, so the names are all there is to tell a
 * feature from what a buyer cannot know: prices and what follows from them,
 * what is known only after listing, assessments, and keys.  What slips through
 * is caught by its values (see model/choose.c).
 */
#include "postgres.h"

#include <ctype.h>

#include "score/score.h"

#define LONGEST 128

/* whole words of a name; camelCase, snake_case and spaces part words */
static const char *const late_words[] = {
	/* prices and what is made from them */
	"price", "prices", "value", "valuation", "estimate", "estimated", "zestimate", "avm",
	"amount", "cost", "psf", "ppsf", "ppsqft", "yield", "cap", "caprate", "grm", "mortgage",
	"loan", "deposit", "bid", "offer", "offers", "ask", "asking", "concession", "concessions",
	"commission", "compensation", "discount", "consideration",
	/* taxes and assessments */
	"tax", "taxes", "assessed", "assessment", "assessor", "appraised", "appraisal", "millage",
	/* known only once it is listed or sold */
	"dom", "cdom", "status", "sold", "sale", "sales", "close", "closed", "closing", "contract",
	"pending", "list", "listed", "listing", "withdrawn", "expired", "expiration", "cancelled",
	"canceled", "market", "buyer", "buyers", "seller", "sellers", "showing", "showings", "views",
	"clicks", "favorites", "saves", "photo", "photos", "media", "images", "date", "timestamp",
	"modified", "modification", "updated", "created", "entered",
	/* keys and people */
	"id", "ids", "key", "keys", "guid", "uuid", "pin", "apn", "mls", "parcel", "ref", "reference",
	"url", "link", "phone", "email", "agent", "agents", "office", "broker", "brokerage",
	"remarks", "description", "address"
};

/* parts of a name that has lost its word boundaries */
static const char *const late_parts[] = {
	"price", "daysonmarket", "zestimate", "apprais", "soldfor", "persqft", "persquare", "persqm",
	"saledate", "solddate", "closedate", "listdate", "taxamount", "taxvalue", "assessedvalue",
	"marketvalue", "listingid", "parcelid", "parcelnumber", "propertyid", "mlsid", "mlsnumber"
};

/* numbers that name something instead of counting it */
static const char *const code_words[] = {
	"zip", "zipcode", "postal", "postcode", "code", "district", "tract", "zone", "zoning", "fips",
	"region", "ward", "township", "neighborhood", "neighbourhood", "precinct"
};

static bool
is_listed(const char *word, const char *const *list, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

/* Whether one of the words of the name is in the list. */
static bool
has_word(const char *name, int length, const char *const *list, int count)
{
	char		word[LONGEST];
	int			filled = 0;

	for (int i = 0; i <= length; i++)
	{
		char		c = i < length ? name[i] : '_';
		bool		begins = isupper((unsigned char) c) && i > 0 &&
			(islower((unsigned char) name[i - 1]) ||
			 (i + 1 < length && islower((unsigned char) name[i + 1])));

		if (filled > 0 && (begins || !isalpha((unsigned char) c)))
		{
			word[filled] = '\0';
			if (is_listed(word, list, count))
				return true;
			filled = 0;
		}
		if (isalpha((unsigned char) c) && filled < LONGEST - 1)
			word[filled++] = tolower((unsigned char) c);
	}
	return false;
}

/* A field that tells the price, the course of the sale, or which record it is. */
bool
field_is_known_too_late(const char *name, int length)
{
	char		letters[LONGEST];
	int			filled = 0;

	if (has_word(name, length, late_words, lengthof(late_words)))
		return true;
	for (int i = 0; i < length && filled < LONGEST - 1; i++)
		if (isalpha((unsigned char) name[i]))
			letters[filled++] = tolower((unsigned char) name[i]);
	letters[filled] = '\0';
	for (int i = 0; i < lengthof(late_parts); i++)
		if (strstr(letters, late_parts[i]) != NULL)
			return true;
	return false;
}

bool
field_is_code(const char *name, int length)
{
	return has_word(name, length, code_words, lengthof(code_words));
}
