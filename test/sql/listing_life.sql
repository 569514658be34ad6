--
-- What becomes of a listing: homes, units, changes, withdrawal and return,
-- what may be shown, what is a sale.  Fed by push_feed(), without a network.
--
\set ON_ERROR_STOP on
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS ready FROM estate.setup();
BEGIN;
SELECT estate.create_market('listing_life', currency => 'EUR', area_unit => 'sqm', time_zone => 'Europe/Madrid') AS market \gset
SELECT estate.create_feed('life', preset => 'reso', market => 'listing_life') AS feed \gset
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.push(VARIADIC records jsonb[]) RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws(' ', outcome, 'seen', seen, 'inserted', inserted, 'updated', updated, 'unchanged', unchanged, 'deleted', deleted, 'rejected', rejected)
	FROM estate.push_feed('life', jsonb_build_object('value', to_jsonb(records))::text) $$;
CREATE TEMP VIEW life AS SELECT * FROM estate.listing WHERE market_id = :market;

-- homes: by universal id, by parcel and county, by address with unit and postal code, else each its own
SELECT pg_temp.push(
	'{"ListingKey": "U1", "UniversalPropertyId": "US-1", "ParcelNumber": "9"}',
	'{"ListingKey": "U2", "UniversalPropertyId": "us 1", "ParcelNumber": "8"}',
	'{"ListingKey": "P1", "ParcelNumber": "00-12", "CountyOrParish": "King"}',
	'{"ListingKey": "P2", "ParcelNumber": "0012", "CountyOrParish": "KING"}',
	'{"ListingKey": "P3", "ParcelNumber": "0012", "CountyOrParish": "Pierce"}',
	'{"ListingKey": "A1", "UnparsedAddress": "1 Main St.", "UnitNumber": "#4", "PostalCode": "98001"}',
	'{"ListingKey": "A2", "UnparsedAddress": "1 MAIN ST", "UnitNumber": "4", "PostalCode": "98001"}',
	'{"ListingKey": "A3", "UnparsedAddress": "1 Main St", "UnitNumber": "5", "PostalCode": "98001"}',
	'{"ListingKey": "A4", "UnparsedAddress": "1 Main St", "UnitNumber": "4"}',
	'{"ListingKey": "N1"}', '{"ListingKey": "N2"}');
SELECT string_agg(listing_key, ' ' ORDER BY listing_key) AS one_home FROM life GROUP BY property ORDER BY 1;

-- units: the record's, else the market's; all compared in both
SELECT pg_temp.push(
	'{"ListingKey": "S1", "LivingArea": 100}',
	'{"ListingKey": "S2", "LivingArea": 1000, "LivingAreaUnits": "Square Feet", "LotSizeArea": 2, "LotSizeUnits": "Acres"}',
	'{"ListingKey": "S3", "LotSizeSquareFeet": 10000}');
SELECT listing_key, currency, living_area, living_area_units, round(living_area_sqft, 1) AS sqft, round(living_area_sqm, 1) AS sqm, round(lot_size_sqm, 1) AS lot
FROM life WHERE listing_key LIKE 'S%' ORDER BY 1;

-- changes: only of what is watched, each once; older news is no news
SELECT pg_temp.push('{"ListingKey": "C", "ListPrice": 100, "StandardStatus": "Active", "PublicRemarks": "a", "ModificationTimestamp": "2026-01-01T00:00:00"}');
SELECT pg_temp.push('{"ListingKey": "C", "ListPrice": 90, "StandardStatus": "Active", "PublicRemarks": "b", "ModificationTimestamp": "2026-01-02T00:00:00"}');
SELECT pg_temp.push('{"ListingKey": "C", "ListPrice": 90, "StandardStatus": "Active", "PublicRemarks": "c", "ModificationTimestamp": "2026-01-03T00:00:00"}');
SELECT pg_temp.push('{"ListingKey": "C", "ListPrice": 100, "StandardStatus": "Active", "PublicRemarks": "a", "ModificationTimestamp": "2026-01-01T00:00:00"}');
SELECT pg_temp.push('{"ListingKey": "C", "StandardStatus": "Pending", "PublicRemarks": "c", "ModificationTimestamp": "2026-01-04T00:00:00"}');
SELECT field, old_value, new_value FROM estate.listing_change WHERE market_id = :market ORDER BY id;
SELECT list_price, standard_status, public_remarks, modification_timestamp AT TIME ZONE 'UTC' AS modified FROM life WHERE listing_key = 'C';

-- withdrawn, thrice; back again
SELECT pg_temp.push('{"ListingKey": "C", "MlgCanView": false, "ModificationTimestamp": "2026-01-05T00:00:00"}', '{"ListingKey": "N1", "StandardStatus": "Delete"}');
SELECT pg_temp.push('{"ListingKey": "C", "MlgCanView": false, "ModificationTimestamp": "2026-01-06T00:00:00"}', '{"ListingKey": "never seen", "MlgCanView": false}');
SELECT listing_key, removed_reason, removed_at IS NOT NULL AS removed FROM life WHERE removed_reason IS NOT NULL ORDER BY 1;
SELECT pg_temp.push('{"ListingKey": "C", "StandardStatus": "Active", "ListPrice": 80, "ModificationTimestamp": "2026-01-07T00:00:00"}');
SELECT removed_reason, removed_at, list_price FROM life WHERE listing_key = 'C';
SELECT field, old_value IS NULL AS was_null, new_value IS NULL AS is_null, count(*) FROM estate.listing_change WHERE market_id = :market AND field = 'removed_at' GROUP BY 1, 2, 3 ORDER BY 2, 3;

-- what may be shown, and how precisely
SELECT pg_temp.push(
	'{"ListingKey": "V1", "StandardStatus": "Active", "PropertyType": "Residential", "UnparsedAddress": "2 Main St", "ParcelNumber": "1", "Latitude": 40.41694, "Longitude": -3.70379, "InternetAddressDisplayYN": false}',
	'{"ListingKey": "V2", "StandardStatus": "Active", "PropertyType": "Residential", "InternetEntireListingDisplayYN": false}',
	'{"ListingKey": "V3", "StandardStatus": "Active", "PropertyType": "Residential Lease"}',
	'{"ListingKey": "V4", "StandardStatus": "Coming Soon", "PropertyType": "Land"}');
SELECT listing_key, segment, for_sale, unparsed_address, parcel_number, latitude, longitude FROM estate.listing_visible WHERE market_id = :market AND listing_key LIKE 'V%' ORDER BY 1;
SELECT string_agg(listing_key, ' ' ORDER BY listing_key) AS for_sale FROM estate.listing_for_sale WHERE market_id = :market;

-- sales: closed listings that are no leases, and registered sales that no listing tells of
SELECT pg_temp.push(
	'{"ListingKey": "X1", "StandardStatus": "Closed", "PropertyType": "Residential", "ClosePrice": 500, "CloseDate": "2026-01-10", "ParcelNumber": "77"}',
	'{"ListingKey": "X2", "StandardStatus": "Closed", "PropertyType": "Residential Lease", "ClosePrice": 5, "CloseDate": "2026-01-10"}',
	'{"ListingKey": "X3", "StandardStatus": "Closed", "PropertyType": "Residential", "CloseDate": "2026-01-10"}',
	'{"ListingKey": "X4", "StandardStatus": "Closed", "PropertyType": "Residential", "ClosePrice": 600, "CloseDate": "2026-01-11"}');
INSERT INTO estate.sale_record (market_id, source_system, record_key, property, sale_date, price, property_type, arms_length)
SELECT :market, 'registry', v.key, (SELECT property FROM life WHERE listing_key = v.home), v.sold, v.price, 'Residential', v.free
FROM (VALUES ('same sale', 'X1', date '2026-02-01', 501, true), ('earlier sale', 'X1', '2020-02-01', 300, true),
	('no listing', NULL, '2026-02-01', 400, true), ('within the family', NULL, '2026-02-01', 1, false)) v(key, home, sold, price, free);
SELECT source, coalesce(l.listing_key, r.record_key) AS key, s.close_date, s.price FROM estate.sale s
LEFT JOIN estate.listing l ON (l.market_id, l.id) = (s.market_id, s.listing) LEFT JOIN estate.sale_record r ON (r.market_id, r.id) = (s.market_id, s.sale_record)
WHERE s.market_id = :market ORDER BY 1, 2;

-- media: the set that the record states replaces the one that is known; a record that states none leaves it
SELECT pg_temp.push('{"ListingKey": "M", "Media": [{"MediaKey": "1", "MediaURL": "http://m.test/1", "Order": 1}, {"MediaKey": "2", "MediaURL": "http://m.test/2"}, {"MediaKey": "2", "MediaURL": "http://m.test/2b"}]}');
SELECT media_key, media_url, media_order FROM estate.media WHERE market_id = :market ORDER BY 1;
SELECT pg_temp.push('{"ListingKey": "M", "ListPrice": 1}');
SELECT pg_temp.push('{"ListingKey": "M", "ListPrice": 1, "Media": [{"MediaKey": "3", "MediaURL": "http://m.test/3"}, {"MediaKey": "2", "MediaURL": "http://m.test/2b"}]}');
SELECT media_key, media_url FROM estate.media WHERE market_id = :market ORDER BY 1;
SELECT pg_temp.push('{"ListingKey": "M", "ListPrice": 1, "Media": []}');
SELECT count(*) AS media_left FROM estate.media WHERE market_id = :market;
SELECT count(*) AS rejects FROM estate.feed_reject WHERE feed_id = :feed;
ROLLBACK;
