--
-- Markets and feeds as they are created, altered and told of; texts that are pushed.
--
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS ready FROM estate.setup();
SET client_min_messages = notice;
\set VERBOSITY default
\set SHOW_CONTEXT never

-- markets
SELECT estate.create_market('feed_calls', currency => 'usd');
SELECT estate.create_market('feed_calls', area_unit => 'acre');
SELECT estate.create_market('feed_calls', time_zone => 'Mars/Olympus');
SELECT estate.create_market('feed_calls', time_zone => 'America/New_York') > 0 AS made;
SELECT estate.create_market('feed_calls');

-- feeds tell how they are mapped
SELECT estate.create_feed('calls', market => 'feed_calls', preset => 'csv') > 0 AS made;
SELECT estate.create_feed('calls mapped', market => 'feed_calls', preset => 'csv',
	mapping => '{"listing_key": {"from": ["id", "day"]}, "list_price": {"from": "price", "as": "money"}, "city": {"const": "Lakemont"}, "list_prise": "x"}');
SELECT estate.create_feed('calls mapped', market => 'feed_calls', preset => 'csv',
	mapping => '{"listing_key": {"from": ["id", "day"]}, "list_price": {"from": "price", "as": "money"}, "city": {"const": "Lakemont"}}') > 0 AS made;
SELECT estate.create_feed('calls too often', market => 'feed_calls', preset => 'csv', every => '0');
SELECT estate.alter_feed('calls', every => '-1 minute');
SELECT estate.alter_feed('nobody', url => 'http://feed.test/');
SELECT estate.drop_feed('nobody');
SELECT estate.pause_feed('nobody');

-- a feed without a url is filled by pushes only
CALL estate.run_feed('calls');
SELECT estate.preview_feed('calls');
SELECT outcome, pages, seen, inserted, rejected FROM estate.push_feed('calls', E'MLS Number,List Price,Colour\nK1,"$1,000",red\nK2,x,blue\n');
SELECT listing_key, list_price, extra FROM estate.listing WHERE source_system = 'calls' ORDER BY 1;
SELECT level, listing_key, field, reason_code, reason, raw FROM estate.feed_reject JOIN estate.feed USING (feed_id) WHERE name = 'calls';
SELECT seen, inserted, updated, unchanged FROM estate.push_feed('calls', E'MLS Number,List Price,Colour\nK1,1000.00,red\nK2,"2,000",blue\n');
SELECT state, outcome, open_rejects, open_field_rejects FROM estate.feed_status WHERE name = 'calls';
SELECT outcome, seen FROM estate.push_feed('calls', '');
SELECT outcome, seen FROM estate.push_feed('calls', E'MLS Number,List Price\n');
SELECT outcome, seen FROM estate.push_feed('calls', '<!doctype html><html><body>no</body></html>');
SELECT state, outcome FROM estate.feed_status WHERE name = 'calls';

-- in a transaction block, a run is part of it
BEGIN;
SELECT seen, inserted FROM estate.push_feed('calls mapped', E'id,day,price\n1,2026-01-01,5 USD\n');
SELECT listing_key, list_price, city FROM estate.listing WHERE source_system = 'calls mapped';
ROLLBACK;
SELECT count(*) FROM estate.listing WHERE source_system = 'calls mapped';

SELECT estate.drop_feed('calls', purge => true);
SELECT estate.drop_feed('calls mapped');
DELETE FROM estate.market WHERE name = 'feed_calls';
