-- listing: what may be shown, what can be bought, what was sold

-- Withdrawn listings, and those that must not be on the internet at all, are left out. Where the
-- address must not be shown, its parts and the parcel are NULL and the coordinates are rounded to
-- about a kilometre.
CREATE OR REPLACE VIEW estate.listing_visible WITH (security_invoker = true) AS
SELECT l.market_id, l.id, l.source_system, l.listing_key, l.property, l.listing_id,
	l.standard_status, l.mls_status, l.property_type, l.property_sub_type,
	estate.segment(l.property_type)::varchar(50) AS segment,
	estate.is_for_sale(l.standard_status, l.property_type) AS for_sale,
	l.currency, l.list_price, l.original_list_price, l.previous_list_price, l.close_price,
	l.close_date, l.listing_contract_date, l.on_market_date, l.off_market_date,
	l.purchase_contract_date, l.expiration_date, l.days_on_market, l.cumulative_days_on_market,
	(CASE WHEN l.internet_address_display_yn IS NOT FALSE
		THEN l.unparsed_address END)::varchar(255) AS unparsed_address,
	(CASE WHEN l.internet_address_display_yn IS NOT FALSE
		THEN l.street_number END)::varchar(25) AS street_number,
	(CASE WHEN l.internet_address_display_yn IS NOT FALSE
		THEN l.street_name END)::varchar(50) AS street_name,
	(CASE WHEN l.internet_address_display_yn IS NOT FALSE
		THEN l.unit_number END)::varchar(25) AS unit_number,
	(CASE WHEN l.internet_address_display_yn IS NOT FALSE
		THEN l.parcel_number END)::varchar(50) AS parcel_number,
	l.city, l.state_or_province, l.postal_code, l.county_or_parish, l.country, l.subdivision_name,
	l.mls_area_major,
	(CASE WHEN l.internet_address_display_yn IS NOT FALSE THEN l.latitude
		ELSE round(l.latitude::numeric, 2)::float8 END) AS latitude,
	(CASE WHEN l.internet_address_display_yn IS NOT FALSE THEN l.longitude
		ELSE round(l.longitude::numeric, 2)::float8 END) AS longitude,
	l.bedrooms_total, l.bathrooms_total_integer, l.bathrooms_full, l.bathrooms_half,
	l.living_area, l.living_area_units, l.living_area_sqft, l.living_area_sqm,
	l.lot_size_area, l.lot_size_units, l.lot_size_sqm,
	l.year_built, l.stories_total, l.garage_spaces, l.pool_private_yn, l.waterfront_yn, l.view_yn,
	l.new_construction_yn, l.association_fee, l.association_fee_frequency, l.tax_annual_amount,
	l.public_remarks, l.photos_count, l.list_agent_full_name, l.list_office_name,
	l.modification_timestamp, l.first_seen_at, l.changed_at
FROM estate.listing l
WHERE l.removed_at IS NULL AND l.internet_entire_listing_display_yn IS NOT FALSE;
COMMENT ON VIEW estate.listing_visible IS
'Listings that may be shown: not withdrawn, and not kept off the internet. '
'Where the address must not be shown it is NULL and the coordinates are rounded';

CREATE OR REPLACE VIEW estate.listing_for_sale WITH (security_invoker = true) AS
SELECT v.* FROM estate.listing_visible v WHERE v.for_sale;
COMMENT ON VIEW estate.listing_for_sale IS
'Visible listings that can still be bought: Active, Active Under Contract or Coming Soon; '
'no leases';

-- A registered sale is left out when a closed listing of the same home tells of it.
CREATE OR REPLACE VIEW estate.sale WITH (security_invoker = true) AS
SELECT l.market_id, estate.segment(l.property_type)::varchar(50) AS segment,
	'listing'::varchar(10) AS source, l.id AS listing, NULL::bigint AS sale_record, l.property,
	l.close_date, l.close_price AS price, l.property_type, l.property_sub_type, l.city,
	l.state_or_province, l.postal_code, l.county_or_parish, l.subdivision_name, l.mls_area_major,
	l.latitude, l.longitude, l.living_area_sqm, l.lot_size_sqm, l.bedrooms_total,
	l.bathrooms_total_integer, l.bathrooms_full, l.bathrooms_half,
	l.year_built, l.stories_total, l.garage_spaces, l.pool_private_yn, l.waterfront_yn, l.view_yn,
	l.new_construction_yn, l.association_fee, l.association_fee_frequency, l.appliances, l.cooling,
	l.heating, l.view, l.extra
FROM estate.listing l
WHERE l.standard_status = 'Closed' AND l.close_price > 0 AND l.close_date IS NOT NULL
	AND l.removed_at IS NULL
	AND estate.segment(l.property_type) LIKE 'sale %'
UNION ALL
SELECT r.market_id, estate.segment(r.property_type)::varchar(50), 'record'::varchar(10),
	NULL::bigint, r.id, r.property, r.sale_date, r.price,
	r.property_type, NULL::varchar(50), r.city, NULL::varchar(50), r.postal_code,
	NULL::varchar(150), NULL::varchar(50), NULL::varchar(50), r.latitude, r.longitude,
	r.living_area_sqm, r.lot_size_sqm, r.bedrooms_total, NULL::int, NULL::int, NULL::int,
	r.year_built, NULL::int, NULL::numeric(14,2), NULL::bool, NULL::bool, NULL::bool, NULL::bool,
	NULL::numeric(14,2), NULL::varchar(25), NULL::text[], NULL::text[], NULL::text[], NULL::text[],
	r.extra
FROM estate.sale_record r
WHERE r.arms_length AND estate.segment(r.property_type) LIKE 'sale %'
	AND NOT EXISTS (
		SELECT FROM estate.listing l
		WHERE l.market_id = r.market_id AND l.property = r.property AND l.standard_status = 'Closed'
			AND l.close_price > 0 AND l.removed_at IS NULL
			AND l.close_date BETWEEN r.sale_date - 90 AND r.sale_date + 90);
COMMENT ON VIEW estate.sale IS
'Closed, arm''s-length prices: closed listings and registered sales that no listing tells of; '
'no leases. What training reads';
COMMENT ON COLUMN estate.sale.source IS 'Where the sale is told of: listing or record';
COMMENT ON COLUMN estate.sale.listing IS 'The closed listing; NULL for a registered sale';
COMMENT ON COLUMN estate.sale.sale_record IS 'The row of estate.sale_record; NULL for a listing';
COMMENT ON COLUMN estate.sale.price IS 'What was paid, in the market''s currency';
COMMENT ON COLUMN estate.sale.extra IS 'Further fields by their names at the source';

-- the other columns say what their column of estate.listing says
DO $$
DECLARE
	view_column record;
BEGIN
	FOR view_column IN
		SELECT v.attrelid::regclass AS view, v.attname,
			col_description(t.attrelid, t.attnum) AS says
		FROM pg_attribute v
		LEFT JOIN pg_attribute t ON t.attrelid = 'estate.listing'::regclass
			AND t.attname = v.attname
			AND t.attnum > 0 AND NOT t.attisdropped
		WHERE v.attrelid IN ('estate.listing_visible'::regclass,
			'estate.listing_for_sale'::regclass, 'estate.sale'::regclass)
			AND v.attnum > 0
	LOOP
		IF view_column.attname = 'segment' THEN
			view_column.says := 'Sale or lease and class of property, as estate.segment() says it: '
				'what a model is for';
		ELSIF view_column.attname = 'for_sale' THEN
			view_column.says := 'Whether it can still be bought, as estate.is_for_sale() says it';
		END IF;
		IF view_column.says IS NOT NULL AND view_column.attname NOT IN ('extra') THEN
			EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', view_column.view, view_column.attname,
				view_column.says);
		END IF;
	END LOOP;
END
$$;

GRANT SELECT ON estate.listing_visible, estate.listing_for_sale, estate.sale
	TO estate_reader, estate_operator;
