-- A small scored market for the client tests, and the login of a BI tool.
CREATE EXTENSION pg_estate;
SELECT estate.setup();
INSERT INTO estate.market (market_id, name, currency, area_unit, time_zone) VALUES (1, 'clients', 'USD', 'sqft', 'UTC');
INSERT INTO estate.listing (market_id, id, source_system, listing_key, standard_status, property_type, currency, list_price,
	living_area, living_area_units, bedrooms_total, unparsed_address, city, postal_code, latitude, longitude)
SELECT 1, n, 'test', 'K' || n, 'Active', 'Residential', 'USD', 300000 + 1000 * n,
	1000 + 10 * n, 'Square Feet', 3, n || ' Example Street', 'Lakemont', '98006', 47.5, -122.1
FROM generate_series(1, 40) n;
INSERT INTO estate.estimate (market_id, listing, model_version, scored_at, estimate, low_80, high_80, low_90, high_90, fsd, confidence)
SELECT 1, n, 1, now(), 400000, 360000, 440000, 350000, 450000, 0.08, 'A' FROM generate_series(1, 40) n;
CREATE ROLE bi_tool LOGIN IN ROLE estate_reader;
