-- Training, scoring, backtest, and the views that show it, on a small town whose prices follow a known law
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS set_up FROM estate.setup();
RESET client_min_messages;
-- sale or lease, and class
SELECT t AS property_type, estate.segment(t), estate.is_for_sale('Active', t)
FROM unnest(ARRAY[NULL, '', 'Residential', 'Residential Lease', 'Residential Income', 'Land', 'Commercial Sale', 'Commercial Lease',
	'Manufactured In Park', 'House', 'Rental', 'Apartment (to let)', 'Outlet', 'Grundstück', repeat('é', 60)]) t;
SELECT s AS standard_status, estate.is_for_sale(s, NULL)
FROM unnest(ARRAY[NULL, 'Active', 'Active Under Contract', 'Coming Soon', 'Pending', 'Closed', 'Withdrawn']) s;

BEGIN;
\set ON_ERROR_ROLLBACK on

INSERT INTO estate.market (market_id, name, currency, area_unit, time_zone) VALUES (9001, 'law town', 'EUR', 'sqm', 'UTC');
-- price = 2000 x area^0.8 x district x (1 + 4 % per grade) x 1.5 with view of water x +-3 % noise
CREATE TEMP TABLE home AS
SELECT i, 60 + i * 37 % 120 AS area, i * 13 % 8 AS district, 1 + i * 7 % 10 AS grade,
	round((2000 * power(60 + i * 37 % 120, 0.8) * (1 + (i * 13 % 8) * 0.1) * power(1.04, 1 + i * 7 % 10)
		* CASE WHEN i % 5 = 0 THEN 1.5 ELSE 1 END * (1 + ((i * 7919 % 1000) / 1000.0 - 0.5) * 0.06))::numeric, 2) AS price,
	date '2024-01-01' + i / 2 AS day
FROM generate_series(1, 700) i;
INSERT INTO estate.listing (market_id, id, source_system, listing_key, currency, standard_status, property_type,
	close_price, close_date, living_area, living_area_units, postal_code, latitude, longitude, tax_annual_amount, days_on_market, view, appliances, extra)
SELECT 9001, 900000 + i, 'test', 'S' || i, 'EUR', 'Closed', CASE WHEN i % 2 = 0 THEN 'Residential' END,
	price, day, area, 'Square Meters', 'D' || district, 50 + district * 0.01, 8 + i % 10 * 0.01, price / 50, i % 30,
	CASE WHEN i % 5 = 0 THEN '{Water,Park}'::text[] WHEN i % 5 = 1 THEN '{Park}' END, CASE WHEN i = 3 THEN '{Rare}'::text[] END,
	jsonb_build_object('Grade', grade::text, 'record_id', 5000000 + i * 3, 'running', i * 11, 'ListPrice', price * 1.02,
		'AssessedValue', price, 'q17', price * 0.98, 'colour', CASE i % 3 WHEN 0 THEN 'red' WHEN 1 THEN 'blue' END,
		'nested', jsonb_build_object('a', 1))
FROM home;
-- leases teach nothing about sales
INSERT INTO estate.listing (market_id, id, source_system, listing_key, currency, standard_status, property_type, close_price, close_date, living_area, living_area_units, postal_code)
SELECT 9001, 910000 + i, 'test', 'L' || i, 'EUR', 'Closed', 'Residential Lease', 900, '2024-06-01', 80, 'Square Meters', 'D1'
FROM generate_series(1, 60) i;
-- for sale: at the law's price, 20 % below it, 20 % above it; hidden, withdrawn, pending
INSERT INTO estate.listing (market_id, id, source_system, listing_key, currency, standard_status, property_type,
	list_price, living_area, living_area_units, postal_code, latitude, longitude, unparsed_address,
	internet_entire_listing_display_yn, internet_address_display_yn, removed_at, extra)
SELECT 9001, 920000 + i, 'test', 'A' || i, 'EUR', CASE WHEN i = 6 THEN 'Pending' ELSE 'Active' END, 'Residential',
	round((2000 * power(100, 0.8) * 1.3 * power(1.04, 5) * (ARRAY[1, 0.8, 1.2, 1, 1, 1])[i])::numeric, 0), 100, 'Square Meters', 'D3', 50.0312, 8.0512,
	i || ' Example Street', i <> 4, i <> 2, CASE WHEN i = 5 THEN timestamptz '2025-01-01' END, '{"Grade": 5}'
FROM generate_series(1, 6) i;

-- what is a sale
SELECT segment, source, count(*) FROM estate.sale WHERE market_id = 9001 GROUP BY 1, 2 ORDER BY 1, 2;
INSERT INTO estate.property (market_id, id, match_key) VALUES (9001, 900001, 'home 1'), (9001, 900002, 'home 2');
UPDATE estate.listing SET property = 900001 WHERE market_id = 9001 AND id = 900001;
INSERT INTO estate.sale_record (market_id, source_system, record_key, property, sale_date, price, arms_length)
VALUES (9001, 'register', 'same sale', 900001, '2024-01-20', 1, true), (9001, 'register', 'other sale', 900002, '2024-02-01', 200000, true),
	(9001, 'register', 'to a nephew', NULL, '2024-02-01', 1, false);
SELECT source, sale_record IS NOT NULL AS is_record, count(*) FROM estate.sale WHERE market_id = 9001 GROUP BY 1, 2 ORDER BY 1, 2;
DELETE FROM estate.sale_record WHERE market_id = 9001;

SELECT market, segment, version, sales, mdape < 2.5 AS exact_enough, r2_log > 0.98 AS explains FROM estate.train('law town');
-- features: from columns, categories and numeric strings; no price, assessment, key, nor price in disguise
SELECT array_agg(f[1] ORDER BY f[1]) AS features FROM estate.model, regexp_matches(definition, '^(?:number|word|place) "([^"]+)"', 'gn') f
WHERE market_id = 9001 AND active;
SELECT market, segment, version, listings, written FROM estate.score('law town');
SELECT market, segment, version, listings, written FROM estate.score('law town');
UPDATE estate.listing SET living_area = 120 WHERE market_id = 9001 AND id = 920001;
SELECT segment, listings, written FROM estate.score('law town');
UPDATE estate.listing SET living_area = 100 WHERE market_id = 9001 AND id = 920001;
SELECT segment, listings, written FROM estate.score('law town');

-- the value of what the law says, whatever is asked
SELECT listing_key, for_sale, abs(estimate / round((2000 * power(100, 0.8) * 1.3 * power(1.04, 5))::numeric, 0) - 1) < 0.04 AS meets_the_law,
	low_90 < low_80 AND low_80 < estimate AND estimate < high_80 AND high_80 < high_90 AS intervals, confidence,
	round(below_estimate_pct / 5) * 5 AS below, deal_score > 0 AS deal, deal_percentile, price_per_area = round(list_price / 100, 2) AS per_sqm,
	unparsed_address, latitude, longitude
FROM estate.scored_listing WHERE market_id = 9001 AND listing_key LIKE 'A%' AND listing_key <> 'A1' ORDER BY listing_key;
-- what is not asked or not known is NULL
SELECT count(*) = count(estimate) AS valued, count(below_estimate_pct) AS below, count(deal_score) AS score, count(deal_percentile) AS percentile,
	bool_and(price_per_area = round(close_price / living_area_sqm, 2)) AS per_sqm
FROM estate.scored_listing WHERE market_id = 9001 AND standard_status = 'Closed' AND segment = 'sale residential';
SELECT listing_key FROM estate.deal WHERE market_id = 9001 AND below_estimate_pct > 10 ORDER BY deal_score DESC;
SELECT visible_count, for_sale_count, closed_count, valued_count, model_count FROM estate.market_status WHERE market_id = 9001;
-- leases are visible, and not valued
SELECT count(*), count(estimate) FROM estate.scored_listing WHERE market_id = 9001 AND segment = 'lease residential';
SELECT market, segment, model_version, abs(estimate / round((2000 * power(100, 0.8) * 1.3 * power(1.04, 5))::numeric, 0) - 1) < 0.04 AS meets_the_law, confidence
FROM estate.value_property('{"living_area": 100, "postal_code": "D3", "latitude": 50.0312, "longitude": 8.0512, "Grade": "5"}', 'law town');

SELECT round(water.estimate / without.estimate, 1) AS view_of_water
FROM estate.value_property('{"living_area": 100, "postal_code": "D3", "view": ["Park", "Water"]}', 'law town') water,
	estate.value_property('{"living_area": 100, "postal_code": "D3", "view": ["Park"]}', 'law town') without;

-- forward in time: nothing after an origin teaches
SELECT n, mdape < 3 AS exact_enough, ppe10 > 99 AS within_10, coverage_80 BETWEEN 65 AND 95 AS covers_80, coverage_90 >= coverage_80 AS covers_90
FROM estate.backtest('law town', '2024-09-01');
SELECT n FROM estate.backtest('law town', '2024-09-01', '2024-10-01', '7 days');
UPDATE estate.listing SET close_price = 1 WHERE market_id = 9001 AND close_date >= '2024-09-10';
SELECT n, mdape < 3 AS untouched_by_the_future FROM estate.backtest('law town', '2024-09-01', '2024-09-10', '3 days');
SELECT sales, mdape < 2.5 AS exact_enough FROM estate.train('law town', '2024-09-10');
SELECT version, active, as_of = '2024-09-10' AS as_asked, sales FROM estate.model WHERE market_id = 9001 ORDER BY version;
UPDATE estate.listing SET close_price = price FROM home WHERE market_id = 9001 AND id = 900000 + i;

-- junk prices, every eleventh, do not spoil the rest
UPDATE estate.listing SET close_price = 1000 WHERE market_id = 9001 AND standard_status = 'Closed' AND id < 910000 AND id % 11 = 0;
SELECT sales, mdape < 2.5 AS exact_enough FROM estate.train('law town');
SELECT definition LIKE '%q17%' AS takes_a_price FROM estate.model WHERE market_id = 9001 AND active;
SELECT segment, listings FROM estate.score('law town');
SELECT abs(estimate / round((2000 * power(100, 0.8) * 1.3 * power(1.04, 5))::numeric, 0) - 1) < 0.06 AS meets_the_law
FROM estate.scored_listing WHERE market_id = 9001 AND listing_key = 'A2';

-- a segment without sales has no estimates any more
UPDATE estate.listing SET property_type = 'Land' WHERE market_id = 9001 AND id = 920002;
SELECT segment, version, listings, written FROM estate.score('law town');
SELECT segment, estimate FROM estate.scored_listing WHERE market_id = 9001 AND listing_key = 'A2';

-- odd markets: nothing but a price, all prices the same, absurd numbers, words with quotes and line breaks, more fields than sales
INSERT INTO estate.market (market_id, name, currency, area_unit, time_zone)
SELECT 9001 + k, name, 'USD', 'sqft', 'UTC' FROM unnest(ARRAY['bare', 'same', 'odd', 'wide']) WITH ORDINALITY m(name, k);
INSERT INTO estate.listing (market_id, source_system, listing_key, currency, standard_status, close_price, close_date, living_area,
	living_area_units, city, latitude, longitude, extra)
SELECT market_id, 'test', i, 'USD', 'Closed', CASE name WHEN 'same' THEN 100000 ELSE 100000 + i * 1000 END, date '2024-01-01' + i % 50,
	CASE WHEN name = 'odd' AND i % 3 > 0 THEN i END, 'Square Feet', CASE name WHEN 'odd' THEN E'Sai"nt\\\nX ' || i % 3 END,
	CASE WHEN name = 'odd' THEN 10 END, CASE WHEN name = 'odd' THEN CASE i % 2 WHEN 0 THEN 179.99 ELSE -179.99 END END,
	CASE name WHEN 'odd' THEN jsonb_build_object('a "b" \ c', 'x" y' || i % 2, 'huge', (i::text || 'e300')::numeric, 'none', NULL, 'mixed', CASE i % 2 WHEN 0 THEN '"1e2"' ELSE '"n/a"' END::jsonb)
		WHEN 'wide' THEN (SELECT jsonb_object_agg('f' || j, i * j % 13) FROM generate_series(1, 900) j) ELSE '{}' END
FROM estate.market, generate_series(1, 300) i WHERE market_id BETWEEN 9002 AND 9005 AND (name <> 'wide' OR i <= 60);
SELECT market, sales, r2_log IS NULL AS no_r2 FROM unnest(ARRAY['bare', 'same', 'odd', 'wide']) m(name), estate.train(name);
SELECT market, listings, written FROM unnest(ARRAY['bare', 'same', 'odd', 'wide']) m(name), estate.score(name);
SELECT market, count(*) FROM estate.scored_listing WHERE market_id BETWEEN 9002 AND 9005 AND estimate BETWEEN 50000 AND 800000
	AND low_90 <= low_80 AND low_80 <= estimate AND estimate <= high_80 AND high_80 <= high_90 GROUP BY 1 ORDER BY 1;

-- who may: readers look and test, operators train and score without a right to the tables
SET LOCAL ROLE estate_reader;
SELECT count(*) > 700 AS reads FROM estate.scored_listing WHERE market_id = 9001;
SELECT n > 0 AS tests FROM estate.backtest('law town', '2024-11-01');
SELECT * FROM estate.train('law town');
SELECT * FROM estate.score('law town');
INSERT INTO estate.estimate SELECT * FROM estate.estimate;
SET LOCAL ROLE estate_operator;
SELECT sales FROM estate.train('law town');
SELECT segment, listings FROM estate.score('law town');
UPDATE estate.model SET active = false;
RESET ROLE;
SELECT estate.train_job('{"market": "law town", "as_of": "2024-10-01"}'), estate.score_job('{"market": "law town"}');
SELECT max(version) AS version, max(as_of) FILTER (WHERE active) AS as_of FROM estate.model WHERE market_id = 9001;

-- what cannot be
SELECT * FROM estate.train('no such town');
SELECT * FROM estate.score('no such town');
SELECT * FROM estate.backtest('law town', 'infinity');
SELECT * FROM estate.backtest('law town', '2024-09-01', NULL, '0 days');
SELECT * FROM estate.train('law town', '2024-01-05');
SELECT n FROM estate.backtest('law town', '2024-01-05', '2024-01-06');
SELECT * FROM estate.value_property('7');
SELECT * FROM estate.value_property('{"property_type": "Residential Lease"}', 'law town');
UPDATE estate.model SET definition = 'hedonic 9' WHERE market_id = 9001 AND active;
SELECT * FROM estate.score('law town');
ROLLBACK;

-- views for tools: every column has a type with its size, no arrays and no json, and a comment
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.oid IN ('estate.scored_listing'::regclass, 'estate.deal'::regclass, 'estate.market_status'::regclass)
	AND (format_type(a.atttypid, a.atttypmod) IN ('numeric', 'text', 'character varying', 'jsonb', 'json') OR format_type(a.atttypid, a.atttypmod) LIKE '%[]'
		OR coalesce(col_description(c.oid, a.attnum), '') = '');
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'estate'::regnamespace AND c.relname IN ('sale', 'listing_visible', 'listing_for_sale')
	AND coalesce(col_description(c.oid, a.attnum), '') = '';
-- setup again changes nothing
SET client_min_messages = error;
SELECT count(*) > 0 AS set_up FROM estate.setup();
RESET client_min_messages;
