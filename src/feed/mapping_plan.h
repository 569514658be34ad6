/*
 * mapping_plan.h
 *	  A compiled mapping, as mapping.c makes it and mapping_apply.c uses it.
 *
 * A source field that is asked for has a slot.  Applying a record first puts
 * each of its fields into the slots of its name, then makes each target from
 * its slots.
 */
#ifndef ESTATE_MAPPING_PLAN_H
#define ESTATE_MAPPING_PLAN_H

#include "feed/mapping.h"
#include "feed/nothing.h"
#include "feed/value.h"

/* "lookup" of a mapping: a value of the source, and what it stands for */
typedef struct LookupEntry
{
	const char *from;			/* "*": any other */
	Field		to;
} LookupEntry;

typedef struct MappedTarget
{
	int			column;			/* index into columns */
	const char *name;
	ValueRule	rule;
	bool		has_words;		/* of an enumerated column: RESO's spelling is restored */
	int			nslots;			/* more than one: joined with | */
	int		   *slots;
	const Field *constant;		/* NULL: none */
	Datum		constant_value;
	const Field *fallback;		/* "default"; NULL: none */
	int			nlookup;
	LookupEntry *lookup;
	bool		required;
	bool		automatic;		/* by name, not by the user's mapping */
	const char *as;				/* as the user wrote it; NULL: what the column needs */
} MappedTarget;

/* What the key of a record is */
typedef enum MappingKey
{
	KEY_FIELD,					/* what is mapped to listing_key */
	KEY_ADDRESS,				/* the address, in letters and digits */
	KEY_ROW						/* a hash of all fields */
} MappingKey;

/* What a slot is filled from */
typedef struct MappedSlot
{
	const char *name;			/* of the field at the top of the record; NULL: see column_slot */
	const char *path;			/* below it; NULL: the field itself */
	const char *full_name;		/* both, as the user wrote it */
	bool		in_extra;		/* the field goes to extra although it is asked for */
} MappedSlot;

/* What is done with fields of one name */
typedef struct NamedField
{
	const char *name;
	uint32		status;			/* of the hash table */
	bool		extra;			/* goes to extra */
	int			nslots;
	int		   *slots;
} NamedField;

struct named_field_hash;

struct Mapping
{
	MemoryContext context;
	bool		reso;
	bool		can_apply;
	bool		strict;
	MappingKey	key;
	const Nothing *nothing;
	bool		nothing_is_stated;	/* the words are the feed's own */
	const ListingColumns *columns;
	bool	   *filled;
	uint64	   *hash_seeds;		/* by column */
	const char *const *fields;	/* header; NULL: JSON, or not known */
	int			nfields;

	int			ntargets;
	MappedTarget *targets;		/* with KEY_FIELD the first one is listing_key */
	int			nslots;
	MappedSlot *slots;
	int		   *column_slot;	/* by column: the slot that its RESO name fills; -1: none */
	char	  **folded_columns;	/* names of the columns, see synonym_fold */

	struct named_field_hash *names;
	NamedField **by_position;	/* what the last record had at each place */
	const Field **values;		/* of the slots, for the record at hand */
	JsonbParseState *extra;		/* of the record at hand; NULL: empty */
	const char *living_unit_read;	/* that came with an area of the record at hand; NULL: none */
	const char *lot_unit_read;
	int			living_groups,	/* an area of the record at hand that is 1.200, or 1200; -1: none */
				building_groups,
				lot_groups;

	/* how dates are meant */
	DayOrder	date_order;
	DayOrder	market_order;
	bool		order_is_assumed;	/* from the market */
	bool		order_is_wanted;
	bool		order_is_wrong;
	int64		month_first_shown;
	int64		day_first_shown;

	/* slots and columns with a meaning of their own; -1: none */
	int			media_slot;
	int			can_view_slot;
	int			status_column;
	int			living_area,
				building_area,
				living_units;
	int			lot_area,
				lot_units;
	Datum		living_unit,	/* text of the unit where the record has none */
				lot_unit;
	bool		living_unit_is_stated;	/* by the header, and not taken from the market */
	bool		lot_unit_is_stated;
	int			lot_acres,
				lot_square_feet;
	/* filled from a header's only "Price": of a closed sale that is the close_price */
	int			list_price,		/* -1: not so */
				close_price,
				close_date;
	int			offer_slot,		/* says whether it is a sale or a lease, as the status may */
				offer_status_slot,
				type_column,	/* -1: nothing says it */
				currency_slot;
	const char *market_currency;	/* NULL: any */
};

/* mapping.c */
extern MappedTarget *mapping_add_target(Mapping *mapping, const MappingSource *source, int column);

/* mapping_row.c */
extern void mapping_set_value(const Mapping *mapping, ListingRow *row, int column, Datum value);
extern void mapping_unset_value(const Mapping *mapping, ListingRow *row, int column);
extern Field mapping_trimmed(const Field *field);

/* mapping_problem.c */
extern void mapping_reject(ListingRow *row, const char *code, const char *field,
						   const char *reason);
extern bool mapping_note_problem(const Mapping *mapping, ListingRow *row, bool required,
								 const char *code, const char *field, const char *reason);
extern bool mapping_fail_target(Mapping *mapping, ListingRow *row, const MappedTarget *target,
								const char *code, const char *reason);
extern bool mapping_fail_column(Mapping *mapping, ListingRow *row, int column, const char *code,
								const char *reason);

/* mapping_order.c */
extern DayOrder mapping_order_of_market(const MappingSource *source);

/* mapping_units.c */
extern void mapping_units_create(Mapping *mapping, const MappingSource *source);
extern bool mapping_fill_units(Mapping *mapping, ListingRow *row);

/* mapping_terms.c */
extern void mapping_terms_create(Mapping *mapping, const MappingSource *source);
extern bool mapping_take_terms(Mapping *mapping, ListingRow *row);

/* mapping_key.c */
extern bool mapping_make_key(Mapping *mapping, const Record *record, ListingRow *row);

/* mapping_source.c */
extern void mapping_read_source(Mapping *mapping, const MappingSource *source, const char *column,
								JsonbValue *value);

/* mapping_names.c */
extern int	mapping_add_slot(Mapping *mapping, const char *name, bool reso_name);
extern void mapping_names_create(Mapping *mapping);
extern const NamedField *mapping_named_field(Mapping *mapping, const char *name, int position);

/* mapping_auto.c */
extern int	mapping_find_column(const ListingColumns *columns, const char *name);
extern int	mapping_filled_column(const Mapping *mapping, const char *name);
extern const char *mapping_nearest(const char *name, const char *const *names, int nnames);
extern int *mapping_match_header(const MappingSource *source);

/* mapping_extra.c */
extern void mapping_push_extra(JsonbParseState **state, const Field *field);
extern struct varlena *mapping_finish_extra(JsonbParseState *state);

/* mapping_media.c */
extern bool mapping_media(Mapping *mapping, const Field *field, ListingRow *row);

#endif							/* ESTATE_MAPPING_PLAN_H */
