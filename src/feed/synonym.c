/*
 * synonym.c
 *	  The names and words of real-estate data: which column a header means, and
 *	  which RESO value a word means.
 *
 * Used by whatever process compiles or applies a mapping.  Tables only;
 * results are constants, or in CurrentMemoryContext where said so.
 *
 * Words that mean different things in different places (A, C and S as
 * statuses; "area", "type" of a lot) are left out on purpose: a mapping with
 * "lookup" says what they mean.
 */
#include "feed/synonym.h"

/* RESO's own names, for showing; a column's name folds to the same letters */
static const char *const reso_names[] = {
	"ListingKey", "ListingId", "OriginatingSystemName", "OriginatingSystemKey",
	"UniversalPropertyId", "ParcelNumber", "StandardStatus", "MlsStatus", "PropertyType",
	"PropertySubType", "ListPrice", "OriginalListPrice", "PreviousListPrice", "ClosePrice",
	"CloseDate", "ListingContractDate", "OnMarketDate", "OffMarketDate", "PurchaseContractDate",
	"ExpirationDate", "DaysOnMarket", "CumulativeDaysOnMarket", "UnparsedAddress", "StreetNumber",
	"StreetDirPrefix", "StreetName", "StreetSuffix", "StreetDirSuffix", "UnitNumber", "City",
	"StateOrProvince", "PostalCode", "CountyOrParish", "Country", "SubdivisionName", "MLSAreaMajor",
	"Latitude", "Longitude", "BedroomsTotal", "BathroomsTotalInteger", "BathroomsFull",
	"BathroomsHalf", "LivingArea", "LivingAreaUnits", "BuildingAreaTotal", "LotSizeArea",
	"LotSizeUnits", "LotSizeAcres", "LotSizeSquareFeet", "YearBuilt", "StoriesTotal",
	"GarageSpaces", "PoolPrivateYN", "WaterfrontYN", "ViewYN", "NewConstructionYN",
	"AssociationFee", "AssociationFeeFrequency", "TaxAnnualAmount", "Appliances", "Cooling",
	"Heating", "View", "PublicRemarks", "PhotosCount", "InternetEntireListingDisplayYN",
	"InternetAddressDisplayYN", "ListAgentKey", "ListAgentMlsId", "ListAgentFullName",
	"ListOfficeKey", "ListOfficeName", "ModificationTimestamp", "OriginalEntryTimestamp",
	"PhotosChangeTimestamp", "StatusChangeTimestamp", "PriceChangeTimestamp",
	"MajorChangeTimestamp", "MajorChangeType"
};

/* folded headers for a column, the surest first */
typedef struct ColumnSynonyms
{
	const char *column;
	const char *const *headers; /* ends with NULL */
} ColumnSynonyms;

#define HEADERS(...) (const char *const[]) {__VA_ARGS__, NULL}

static const ColumnSynonyms column_synonyms[] = {
	{"listing_key", HEADERS("listingkeynumeric", "mlskey", "uniqueid", "recordid", "listinguid",
							"guid", "uuid", "zpid", "propertyid", "id")},
	{"listing_id", HEADERS("mlsnumber", "mlsno", "mlsnum", "mlsid", "mls", "mlslistingid",
						   "listingnumber", "listingno", "listingnum", "listnumber", "listno",
						   "listnum", "propertyref", "reference", "ref")},
	{"unparsed_address", HEADERS("address", "fulladdress", "streetaddress", "propertyaddress",
								 "siteaddress", "addressline1", "address1", "addr")},
	{"street_number", HEADERS("housenumber", "streetno", "streetnum", "houseno")},
	{"unit_number", HEADERS("unit", "unitno", "apt", "apartment", "suite")},
	{"city", HEADERS("cityname", "town", "municipality", "posttown", "suburb")},
	{"state_or_province", HEADERS("state", "province", "stateprovince")},
	{"postal_code", HEADERS("zip", "zipcode", "postcode", "postal", "zip5", "ziporpostalcode")},
	{"county_or_parish", HEADERS("county", "countyname", "parish")},
	{"country", HEADERS("countrycode")},
	{"subdivision_name", HEADERS("subdivision", "subdiv", "neighborhood", "neighbourhood")},
	{"mls_area_major", HEADERS("mlsarea", "marketarea")},
	{"parcel_number", HEADERS("apn", "parcelid", "parcelno", "parcelnum", "parcel", "taxid",
							  "taxparcel")},
	{"list_price", HEADERS("askingprice", "asking", "currentprice", "listingprice", "price", "lp")},
	{"original_list_price", HEADERS("originalprice", "origlistprice", "origprice", "olp")},
	{"previous_list_price", HEADERS("previousprice", "prevprice")},
	{"close_price", HEADERS("closedprice", "soldprice", "saleprice", "salesprice", "sellingprice",
							"resaleprice")},
	{"close_date", HEADERS("closeddate", "closingdate", "solddate", "datesold", "saledate",
						   "settlementdate", "coedate")},
	{"standard_status", HEADERS("status", "listingstatus", "liststatus", "stat", "homestatus")},
	{"property_type", HEADERS("proptype", "propertyclass")},
	{"property_sub_type", HEADERS("propsubtype", "subtype")},
	{"listing_contract_date", HEADERS("listdate", "listingdate", "datelisted", "listeddate",
									  "listdt")},
	{"on_market_date", HEADERS("dateonmarket")},
	{"off_market_date", HEADERS("dateoffmarket")},
	{"purchase_contract_date", HEADERS("contractdate", "pendingdate", "undercontractdate")},
	{"expiration_date", HEADERS("expirydate", "expiredate", "expires")},
	{"days_on_market", HEADERS("dom", "marketdays", "daysonmls", "daysonzillow")},
	{"cumulative_days_on_market", HEADERS("cdom")},
	{"latitude", HEADERS("lat", "geolat", "lattitude")},
	{"longitude", HEADERS("long", "lng", "lon", "geolong", "geolon", "geolng", "longtitude")},
	{"bedrooms_total", HEADERS("bedrooms", "beds", "bedroom", "bed", "br", "bdrms", "totalbedrooms",
							   "numbedrooms", "bedscount", "bedroomabvgr")},
	{"bathrooms_full", HEADERS("fullbaths", "bathsfull", "fullbathrooms", "fullbath")},
	{"bathrooms_half", HEADERS("halfbaths", "bathshalf", "halfbathrooms", "halfbath")},
	{"living_area", HEADERS("livingareasqft", "livingsqft", "sqftliving", "livingareasqm", "sqft",
							"squarefeet", "squarefootage", "totalsqft", "finishedsqft",
							"heatedsqft", "sqm", "m2", "squaremeters", "squaremetres", "floorarea",
							"grlivarea")},
	{"building_area_total", HEADERS("buildingarea", "grossarea", "buildingsqft", "grosssqft",
									"grosssquarefeet")},
	{"lot_size_area", HEADERS("lotsize", "lotarea", "plotsize", "plotarea", "landarea",
							  "landsize")},
	{"lot_size_square_feet", HEADERS("lotsizesqft", "lotsqft", "sqftlot", "lotsquarefeet",
									 "landsquarefeet", "landsqft")},
	{"lot_size_acres", HEADERS("lotacres", "acres", "acreage", "lotsizeacre")},
	{"year_built", HEADERS("yrbuilt", "builtyear", "constructionyear", "yearofconstruction",
						   "built")},
	{"stories_total", HEADERS("stories", "storeys", "numstories")},
	{"garage_spaces", HEADERS("garages", "garagecars", "garage", "parkinggarage")},
	{"pool_private_yn", HEADERS("pool", "haspool", "poolyn")},
	{"waterfront_yn", HEADERS("waterfront", "iswaterfront")},
	{"new_construction_yn", HEADERS("newconstruction", "newbuild", "isnew")},
	{"association_fee", HEADERS("hoafee", "hoafees", "hoadues", "hoa", "servicecharge")},
	{"tax_annual_amount", HEADERS("annualtax", "annualtaxes", "propertytax", "propertytaxes",
								  "taxes", "taxamount")},
	{"public_remarks", HEADERS("remarks", "description", "publiccomments", "comments", "desc")},
	{"photos_count", HEADERS("photocount", "numphotos", "photos", "photosnumber")},
	{"list_agent_full_name", HEADERS("listagent", "listingagent", "listagentname",
									 "listingagentname", "agentname", "agent")},
	{"list_office_name", HEADERS("listoffice", "listingoffice", "officename", "office", "brokerage",
								 "broker")},
	{"modification_timestamp", HEADERS("modified", "modifieddate", "modificationdate", "modifiedat",
									   "lastmodified", "lastmodifieddate", "lastupdated",
									   "lastupdate", "updatedat", "updated")},
	{"original_entry_timestamp", HEADERS("entrydate", "createdat", "created", "entered")}
};

static const char *const status_values[] = {
	"Active", "Active Under Contract", "Canceled", "Closed", "Coming Soon", "Delete", "Expired",
	"Hold", "Incomplete", "Pending", "Withdrawn", NULL
};
static const char *const type_values[] = {
	"Business Opportunity", "Commercial Lease", "Commercial Sale", "Farm", "Land",
	"Manufactured In Park", "Residential", "Residential Income", "Residential Lease", NULL
};
static const char *const sub_type_values[] = {
	"Agriculture", "Apartment", "Boat Slip", "Business", "Cabin", "Condominium", "Deeded Parking",
	"Duplex", "Farm", "Hotel/Motel", "Industrial", "Manufactured Home", "Manufactured On Land",
	"Mixed Use", "Mobile Home", "Multi Family", "Office", "Own Your Own", "Quadruplex", "Ranch",
	"Retail", "Single Family Residence", "Stock Cooperative", "Timeshare", "Townhouse", "Triplex",
	"Unimproved Land", "Warehouse", NULL
};
static const char *const change_values[] = {
	"Active", "Back On Market", "Canceled", "Closed", "Coming Soon", "Deleted", "Expired", "Hold",
	"New Listing", "Pending", "Price Change", "Under Contract", "Withdrawn", NULL
};
static const char *const area_units[] = {"Square Feet", "Square Meters", NULL};
static const char *const lot_units[] = {"Square Feet", "Square Meters", "Acres", "Hectares", NULL};

/* everyday words, folded, and what they mean */
typedef struct Word
{
	const char *word;
	const char *value;
	bool		strict;			/* only another spelling: taken from RESO sources too */
} Word;

static const Word status_words[] = {
	{"cancelled", "Canceled", true}, {"deleted", "Delete", false},
	{"sold", "Closed", false}, {"recentlysold", "Closed", false}, {"settled", "Closed", false},
	{"saleagreedclosed", "Closed", false},
	{"undercontract", "Active Under Contract", false},
	{"contingent", "Active Under Contract", false},
	{"activecontingent", "Active Under Contract", false},
	{"activewithcontingency", "Active Under Contract", false},
	{"activeundercontractshowing", "Active Under Contract", false},
	{"sstc", "Active Under Contract", false}, {"saleagreed", "Active Under Contract", false},
	{"underoffer", "Active Under Contract", false},
	{"forsale", "Active", false}, {"available", "Active", false}, {"new", "Active", false},
	{"backonmarket", "Active", false}, {"pendingsale", "Pending", false},
	{"salepending", "Pending", false},
	{"temporarilyoffmarket", "Hold", false}, {"onhold", "Hold", false}, {NULL}
};
static const Word type_words[] = {
	{"residentialsale", "Residential", false}, {"house", "Residential", false},
	{"residentialrental", "Residential Lease", false}, {"rental", "Residential Lease", false},
	{"residentialrent", "Residential Lease", false}, {"lotsandland", "Land", false},
	{"lotsland", "Land", false},
	{"vacantland", "Land", false}, {"multifamily", "Residential Income", false}, {NULL}
};
static const Word sub_type_words[] = {
	{"singlefamily", "Single Family Residence", false},
	{"singlefamilyhome", "Single Family Residence", false},
	{"condo", "Condominium", false}, {"townhome", "Townhouse", false},
	{"coop", "Stock Cooperative", false}, {NULL}
};
static const Word unit_words[] = {
	{"squarefoot", "Square Feet", true}, {"sqft", "Square Feet", true}, {"sf", "Square Feet", true},
	{"ft2", "Square Feet", true}, {"sqfeet", "Square Feet", true},
	{"ft\xC2\xB2", "Square Feet", true},
	{"squaremetres", "Square Meters", true}, {"squaremeter", "Square Meters", true},
	{"squaremetre", "Square Meters", true}, {"sqm", "Square Meters", true},
	{"sqmt", "Square Meters", true}, {"m2", "Square Meters", true},
	{"m\xC2\xB2", "Square Meters", true}, {"acre", "Acres", true}, {"ac", "Acres", true},
	{"hectare", "Hectares", true}, {"ha", "Hectares", true}, {NULL}
};
static const Word no_words[] = {{NULL}};

typedef struct ColumnValues
{
	const char *column;
	const char *const *values;
	const Word *words;
} ColumnValues;

static const ColumnValues column_values[] = {
	{"standard_status", status_values, status_words},
	{"property_type", type_values, type_words},
	{"property_sub_type", sub_type_values, sub_type_words},
	{"living_area_units", area_units, unit_words},
	{"lot_size_units", lot_units, unit_words},
	{"major_change_type", change_values, no_words}
};

/* Writes the folded name to folded (as long as name); bytes that are not ASCII stay */
static void
fold_into(const char *name, char *folded)
{
	for (; *name; name++)
	{
		unsigned char c = *name;

		if (c >= 0x80 || isalnum(c))
			*folded++ = pg_ascii_tolower(c);
	}
	*folded = '\0';
}

char *
synonym_fold(const char *name)
{
	char	   *folded = palloc(strlen(name) + 1);

	fold_into(name, folded);
	return folded;
}

const char *
synonym_reso_name(const char *column)
{
	char		folded[NAMEDATALEN],
				reso[NAMEDATALEN];

	fold_into(column, folded);
	for (int i = 0; i < lengthof(reso_names); i++)
	{
		fold_into(reso_names[i], reso);
		if (strcmp(folded, reso) == 0)
			return reso_names[i];
	}
	return NULL;
}

const char *
synonym_column(const char *folded, int *rank)
{
	for (int i = 0; i < lengthof(column_synonyms); i++)
	{
		for (int j = 0; column_synonyms[i].headers[j]; j++)
		{
			if (strcmp(folded, column_synonyms[i].headers[j]) == 0)
			{
				*rank = j + 1;
				return column_synonyms[i].column;
			}
		}
	}
	return NULL;
}

const char *
synonym_unit(const char *folded, int *base_len)
{
	static const Word endings[] = {
		{"sqft", "Square Feet"}, {"squarefeet", "Square Feet"}, {"squarefoot", "Square Feet"},
		{"sqfeet", "Square Feet"}, {"squarefootage", "Square Feet"}, {"ft2", "Square Feet"},
		{"ft\xC2\xB2", "Square Feet"},
		{"sqm", "Square Meters"}, {"m2", "Square Meters"}, {"m\xC2\xB2", "Square Meters"},
		{"squaremeters", "Square Meters"}, {"squaremetres", "Square Meters"},
		{"acres", "Acres"}, {"hectares", "Hectares"}
	};
	int			len = strlen(folded);

	for (int i = 0; i < lengthof(endings); i++)
	{
		int			ending_len = strlen(endings[i].word);

		if (len < ending_len || strcmp(folded + len - ending_len, endings[i].word) != 0)
			continue;
		*base_len = len - ending_len;
		return endings[i].value;
	}

	/* sqft_living, SqFt Heated */
	if (strncmp(folded, "sqft", 4) == 0 || strncmp(folded, "sqm", 3) == 0)
	{
		*base_len = 0;
		return folded[2] == 'f' ? "Square Feet" : "Square Meters";
	}
	return NULL;
}

/* $/SqFt, Price/SqFt, Price per Sq Ft, EUR/m2, PPSF */
bool
synonym_is_rate(const char *name)
{
	static const char *const signs[] = {"$", "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5"};
	char		folded[128];
	int			base_len = 0;

	if (strlen(name) >= sizeof(folded))
		return false;
	fold_into(name, folded);
	if (synonym_unit(folded, &base_len) == NULL)
		return strcmp(folded, "ppsf") == 0 || strcmp(folded, "psf") == 0;
	for (int i = 0; i < lengthof(signs); i++)
	{
		if (strstr(name, signs[i]) != NULL)
			return true;
	}
	return *name == '/' || (base_len >= 3 && strncmp(folded + base_len - 3, "per", 3) == 0) ||
		strncmp(folded, "price", 5) == 0;
}

static const ColumnValues *
values_of(const char *column)
{
	for (int i = 0; i < lengthof(column_values); i++)
	{
		if (strcmp(column_values[i].column, column) == 0)
			return &column_values[i];
	}
	return NULL;
}

bool
synonym_has_values(const char *column)
{
	return values_of(column) != NULL;
}

const char *
synonym_value(const char *column, const char *value, bool loose)
{
	const ColumnValues *values = values_of(column);
	char		folded[64],
				canonical[64];

	if (values == NULL || strlen(value) >= sizeof(folded))
		return NULL;
	for (int i = 0; values->values[i]; i++)
	{
		if (strcmp(value, values->values[i]) == 0)
			return values->values[i];
	}
	fold_into(value, folded);
	for (int i = 0; values->values[i]; i++)
	{
		fold_into(values->values[i], canonical);
		if (strcmp(folded, canonical) == 0)
			return values->values[i];
	}
	for (const Word *word = values->words; word->word; word++)
	{
		if ((loose || word->strict) && strcmp(folded, word->word) == 0)
			return word->value;
	}
	return NULL;
}
