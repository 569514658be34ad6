-- The demo's first day: three markets, their feeds, a model for each, a value for each listing.
-- Run by tools/demo with psql; :origin is the web server, :photos_url a folder.

SET client_min_messages = warning;
\pset footer off

CREATE EXTENSION pg_cron;
CREATE EXTENSION pg_estate;
SELECT count(*) AS tables_ready FROM estate.setup() \gset

-- keeper runs things, analyst looks
CREATE ROLE keeper LOGIN IN ROLE estate_admin;
CREATE ROLE analyst LOGIN PASSWORD :'password' IN ROLE estate_reader;
GRANT CREATE ON SCHEMA public TO keeper;
GRANT USAGE ON SCHEMA cron TO keeper;

-- where photos are copied to
CREATE SERVER photos FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url :'photos_url');
GRANT USAGE ON FOREIGN SERVER photos TO keeper;

SET SESSION AUTHORIZATION keeper;
SET client_min_messages = warning;
SELECT estate.create_market('harbor', currency => 'USD', area_unit => 'sqft',
	time_zone => 'America/Los_Angeles') \g /dev/null
SELECT estate.create_market('prairie', currency => 'USD', area_unit => 'sqft',
	time_zone => 'America/Chicago') \g /dev/null
SELECT estate.create_market('rheinau', currency => 'EUR', area_unit => 'sqm',
	time_zone => 'Europe/Berlin') \g /dev/null

-- a listing service: RESO JSON, page by page, with photos
SELECT * FROM estate.create_feed('harbor_mls', :'origin' || '/harbor/Property.json',
	preset => 'reso', market => 'harbor',
	options => '{"media_target": "photos"}') \g /dev/null

-- a broker's export: its headers are matched to RESO names by themselves
SELECT * FROM estate.create_feed('prairie_export', :'origin' || '/prairie/listings.csv',
	preset => 'csv', market => 'prairie') \g /dev/null

-- a portal in another language: a mapping says what its headers mean
SELECT * FROM estate.create_feed('rheinau_portal', :'origin' || '/rheinau/objekte.csv',
	preset => 'csv', market => 'rheinau',
	mapping => '{
		"listing_key": "Objektnummer",
		"standard_status": {"from": "Status",
			"lookup": {"verfügbar": "Active", "reserviert": "Pending", "verkauft": "Closed"}},
		"property_type": {"const": "Residential"},
		"list_price": "Angebotspreis",
		"close_price": "Verkaufspreis",
		"close_date": {"from": "Verkauft_am", "as": "date:DD.MM.YYYY"},
		"on_market_date": {"from": "Online_seit", "as": "date:DD.MM.YYYY"},
		"unparsed_address": "Adresse", "city": "Ort", "postal_code": "PLZ",
		"bedrooms_total": "Zimmer", "bathrooms_total_integer": "Bäder",
		"living_area": "Wohnfläche", "lot_size_area": "Grundstück",
		"year_built": "Baujahr", "garage_spaces": "Stellplätze",
		"latitude": "Breite", "longitude": "Länge"}') \g /dev/null

CALL estate.run_feed('harbor_mls') \g /dev/null
CALL estate.run_feed('prairie_export') \g /dev/null
CALL estate.run_feed('rheinau_portal') \g /dev/null

SELECT * FROM estate.train() \g /dev/null
SELECT * FROM estate.score() \g /dev/null
