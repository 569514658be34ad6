/*
 * mapping_units.c
 *	  Units of areas: stated by the record, the value, the header or the market.
 *
 * Used by whatever process compiles a mapping or runs a feed.  What is stated
 * wins over what is taken from the market, which is only filled in where
 * nothing contradicts it.
 */
#include "feed/mapping_plan.h"

#include <math.h>

#include "feed/synonym.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

/* 1e10 hectares are 1e14 square metres; the earth has 1.5e10 of land */
#define LOT_MOST_ACRES 9.9e9

/* a lot of less than this is not in square feet or metres because nobody said otherwise */
#define LOT_LEAST_GUESSED 100

#define SQM_OF_SQUARE_FOOT 0.09290304
#define SQM_OF_ACRE 4046.8564224
#define SQM_OF_HECTARE 10000.0

/* The unit that the header of an area names; NULL: none */
static const char *
header_unit(const Mapping *mapping, int area)
{
	int			base_len;

	for (int t = 0; t < mapping->ntargets && !mapping->reso; t++)
	{
		const MappedTarget *target = &mapping->targets[t];

		if (target->column == area && target->nslots == 1)
			return synonym_unit(synonym_fold(mapping->slots[target->slots[0]].full_name),
								&base_len);
	}
	return NULL;
}

/* The unit where a record names none, and the column it goes to */
static Datum
find_unit(Mapping *mapping, const MappingSource *source, int area, const char *units,
		  int *units_column, bool *is_stated)
{
	const char *unit = area >= 0 ? header_unit(mapping, area) : NULL;

	*is_stated = unit != NULL;
	if (unit == NULL)
		unit = strcmp(source->area_unit ? source->area_unit : "sqft", "sqm") == 0 ?
			"Square Meters" : "Square Feet";
	*units_column = area >= 0 ? mapping_find_column(mapping->columns, units) : -1;
	if (*units_column >= 0)
		mapping->filled[*units_column] = true;
	return PointerGetDatum(cstring_to_text(unit));
}

void
mapping_units_create(Mapping *mapping, const MappingSource *source)
{
	int			area;

	mapping->living_area = mapping_filled_column(mapping, "living_area");
	mapping->building_area = mapping_filled_column(mapping, "building_area_total");
	area = mapping->living_area >= 0 ? mapping->living_area : mapping->building_area;
	mapping->living_unit = find_unit(mapping, source, area, "living_area_units",
									 &mapping->living_units, &mapping->living_unit_is_stated);
	mapping->lot_area = mapping_filled_column(mapping, "lot_size_area");
	mapping->lot_unit = find_unit(mapping, source, mapping->lot_area, "lot_size_units",
								  &mapping->lot_units, &mapping->lot_unit_is_stated);
	mapping->lot_acres = mapping_filled_column(mapping, "lot_size_acres");
	mapping->lot_square_feet = mapping_filled_column(mapping, "lot_size_square_feet");
}

static bool
has_value(const ListingRow *row, int column)
{
	return column >= 0 && !row->nulls[column];
}

static double
number_of(const ListingRow *row, int column)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, row->values[column]));
}

static bool
is_unit(const ListingRow *row, int column, const char *unit)
{
	const text *value = DatumGetTextPP(row->values[column]);

	return VARSIZE_ANY_EXHDR(value) == strlen(unit) &&
		memcmp(VARDATA_ANY(value), unit, strlen(unit)) == 0;
}

/* A unit that came with its area must be the one that the record states, if it states one */
static bool
take_read_unit(Mapping *mapping, ListingRow *row, int area, int units_column, const char *unit)
{
	if (!has_value(row, area) || units_column < 0)
		return true;
	if (row->nulls[units_column])
	{
		mapping_set_value(mapping, row, units_column, PointerGetDatum(cstring_to_text(unit)));
		return true;
	}
	if (is_unit(row, units_column, unit))
		return true;
	return mapping_fail_column(mapping, row, area, "ambiguous",
							   psprintf("the value is in %s, the record states %s", unit,
										TextDatumGetCString(row->values[units_column])));
}

/*
 * The unit in which the lot is as large as the record states in acres or
 * square feet; NULL: there is none
 */
static const char *
matching_lot_unit(double area, double stated_sqm)
{
	static const struct
	{
		const char *unit;
		double		sqm;
	}			units[] = {
		{"Square Feet", SQM_OF_SQUARE_FOOT}, {"Square Meters", 1}, {"Acres", SQM_OF_ACRE},
		{"Hectares", SQM_OF_HECTARE}
	};

	for (int i = 0; i < lengthof(units); i++)
	{
		if (fabs(area * units[i].sqm - stated_sqm) <= 0.03 * stated_sqm)
			return units[i].unit;
	}
	return NULL;
}

/* A lot without a unit: what the record states elsewhere, or what its header or the market says */
static void
fill_lot_unit(Mapping *mapping, ListingRow *row)
{
	double		area = number_of(row, mapping->lot_area);
	double		stated_sqm = 0;
	const char *unit;

	if (has_value(row, mapping->lot_square_feet))
		stated_sqm = number_of(row, mapping->lot_square_feet) * SQM_OF_SQUARE_FOOT;
	if (stated_sqm <= 0 && has_value(row, mapping->lot_acres))
		stated_sqm = number_of(row, mapping->lot_acres) * SQM_OF_ACRE;
	if (stated_sqm > 0 && !mapping->lot_unit_is_stated)
	{
		if ((unit = matching_lot_unit(area, stated_sqm)) != NULL)
			mapping_set_value(mapping, row, mapping->lot_units,
							  PointerGetDatum(cstring_to_text(unit)));
		return;
	}
	if (mapping->lot_unit_is_stated || area >= LOT_LEAST_GUESSED)
		mapping_set_value(mapping, row, mapping->lot_units, mapping->lot_unit);
}

/*
 * What is stated in acres or hectares is compared in square metres, and these
 * must be of no more digits than lot_size_sqm has.
 */
static bool
check_lot(Mapping *mapping, ListingRow *row)
{
	double		area;

	if (!has_value(row, mapping->lot_area) || !has_value(row, mapping->lot_units) ||
		(!is_unit(row, mapping->lot_units, "Acres") &&
		 !is_unit(row, mapping->lot_units, "Hectares")))
		return true;
	area = number_of(row, mapping->lot_area);
	if (area <= LOT_MOST_ACRES)
		return true;
	return mapping_fail_column(mapping, row, mapping->lot_area, "out_of_range",
							   psprintf("%g %s are more than there are on earth", area,
										TextDatumGetCString(row->values[mapping->lot_units])));
}

/* Whether 1.200 is of square feet or metres, of which no home and no lot has one */
static bool
is_of_small_unit(const ListingRow *row, int units_column, Datum market_unit)
{
	if (units_column < 0)
		return true;
	if (row->nulls[units_column])
		return strcmp(TextDatumGetCString(market_unit), "Square Meters") == 0;
	return is_unit(row, units_column, "Square Feet") ||
		is_unit(row, units_column, "Square Meters");
}

/* 1.200 m2: the point may group digits, and nothing tells */
static bool
check_groups(Mapping *mapping, ListingRow *row, int area, int units_column, Datum market_unit)
{
	if (!has_value(row, area) || !is_of_small_unit(row, units_column, market_unit))
		return true;
	return mapping_fail_column(mapping, row, area, "ambiguous",
							   "the point may be between groups of digits: \"as\" is "
							   "\"number:comma\" where it is");
}

/* Where an area has come without its unit; false: the record is rejected */
bool
mapping_fill_units(Mapping *mapping, ListingRow *row)
{
	int			area = has_value(row, mapping->living_area) ?
		mapping->living_area : mapping->building_area;

	if (mapping->living_unit_read &&
		!take_read_unit(mapping, row, area, mapping->living_units, mapping->living_unit_read))
		return false;
	if (mapping->lot_unit_read &&
		!take_read_unit(mapping, row, mapping->lot_area, mapping->lot_units,
						mapping->lot_unit_read))
		return false;
	if (has_value(row, area) && mapping->living_units >= 0 && row->nulls[mapping->living_units])
		mapping_set_value(mapping, row, mapping->living_units, mapping->living_unit);
	if (has_value(row, mapping->lot_area) && mapping->lot_units >= 0 &&
		row->nulls[mapping->lot_units])
		fill_lot_unit(mapping, row);
	if (!check_groups(mapping, row, mapping->living_groups, mapping->living_units,
					  mapping->living_unit) ||
		!check_groups(mapping, row, mapping->building_groups, mapping->living_units,
					  mapping->living_unit) ||
		!check_groups(mapping, row, mapping->lot_groups, mapping->lot_units, mapping->lot_unit))
		return false;
	return check_lot(mapping, row);
}
