-- What a database holds whose dump is kept with each release (see tools/keep_release): rows in every table, jobs in every state,
-- and a user's own things on top. Roles: estate_fan, a user, and the group roles of the extension.
\set ON_ERROR_STOP on
SET client_min_messages = error;
CREATE EXTENSION pg_estate;
SELECT * FROM estate.setup();
CREATE ROLE estate_fan;
GRANT estate_operator TO estate_fan;

SELECT estate.create_market('county', time_zone => 'America/Chicago');
CREATE SERVER photos FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url 'file:///tmp/pg_estate_none');
SELECT estate.create_feed('csv', preset => 'csv', market => 'county');
SELECT estate.create_feed('reso', market => 'county', options => '{"media_target": "photos"}');
SELECT estate.create_feed('polled', 'file:///tmp/pg_estate_none.csv', preset => 'csv', market => 'county', every => '15 minutes');
SELECT (estate.push_feed('csv', body)).* FROM (
	SELECT E'ListingKey,StandardStatus,PropertyType,PropertySubType,ListPrice,ClosePrice,CloseDate,LivingArea,Latitude,Longitude,PostalCode\n'
		|| string_agg(format('K%s,%s,Residential,Single Family Residence,%s,%s,%s,%s,%s,%s,9800%s', i,
			CASE WHEN i % 5 = 0 THEN 'Active' ELSE 'Closed' END, 200000 + i * 100,
			CASE WHEN i % 5 > 0 THEN (100000 + 200 * (1000 + i % 97 * 10) + i % 13 * 1000)::text END,
			CASE WHEN i % 5 > 0 THEN date '2025-01-01' + i END,
			1000 + i % 97 * 10, 47.5 + i % 10 * 0.01, -122.2 + i % 7 * 0.01, i % 3), E'\n')
		|| E'\nBROKEN,Active,Residential,,not a price,,,,,,\n' AS body
	FROM generate_series(1, 60) i) b;
SELECT * FROM estate.push_feed('csv',
	E'ListingKey,StandardStatus,PropertyType,ListPrice,LivingArea,PostalCode\nK5,Active,Residential,199000,1050,98002\n');
\set page `cat test/feeds/reso_page1.json`
SELECT * FROM estate.push_feed('reso', :'page');
INSERT INTO estate.sale_record (market_id, source_system, record_key, sale_date, price)
	SELECT market_id, 'deeds', '1', '2025-01-01', 123456 FROM estate.market;
SELECT estate.train();
SELECT estate.score();

-- jobs: done, dead and cancelled
CREATE TABLE public.ran (args jsonb);
GRANT INSERT ON public.ran TO estate_fan;
CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO public.ran VALUES (args)';
CREATE FUNCTION public.note_all(args jsonb[]) RETURNS void LANGUAGE sql AS 'INSERT INTO public.ran SELECT unnest(args)';
CREATE FUNCTION public.told(args jsonb) RETURNS jsonb LANGUAGE sql AS $$SELECT '{"told": true}'::jsonb$$;
CREATE FUNCTION public.fails(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'ein Ümlaut'; END $$;
SELECT estate.create_queue('agencies', key => 'agency', rate_by_key => 1, rate_period => '100 years', keep_for => '1000 years');
SELECT estate.create_queue('at rest', concurrency => 3, timeout => '1 minute', keep => 'failed');
SELECT estate.alter_queue('default', keep_for => '1000 years');
SELECT estate.pause_queue('at rest');
SET ROLE estate_fan;
SELECT estate.enqueue('public.note', '{"job": "done"}', tags => ARRAY['old']);
SELECT estate.enqueue('public.told', '{"job": "result"}');
SELECT estate.enqueue('public.fails', '{"job": "dead"}', max_attempts => 1);
SELECT estate.cancel_job(estate.enqueue('public.note', '{"job": "cancelled"}'));
SELECT estate.enqueue('public.fails', '{"job": "retryable"}', backoff => '{10 years}');
SELECT estate.enqueue('public.note', format('{"job": "of a key", "agency": "one", "n": %s}', n)::jsonb, queue => 'agencies')
	FROM generate_series(1, 3) n;
RESET ROLE;
CALL estate.run_jobs();

-- and those that have not ended: available in lanes and beside them, scheduled, blocked, retryable, leased
SET ROLE estate_fan;
SELECT estate.enqueue('public.note', '{"job": "available", "deep": [1, {"ü": null}]}', unique_key => 'kept');
SELECT estate.enqueue('public.note', '{"job": "urgent"}', priority => -5);
SELECT estate.enqueue('public.note', '{"job": "with a key for a time"}', unique_key => 'for a time', unique_until => '900 years');
SELECT * FROM estate.enqueue_many('public.note_all(jsonb[])', ARRAY['{"job": "batch 1"}', '{"job": "batch 2"}']::jsonb[], priority => 7);
SELECT estate.enqueue('public.note', '{"job": "at rest"}', queue => 'at rest', timeout => '5 s');
SELECT estate.enqueue('public.note', '{"job": "scheduled"}', run_at => '2100-01-01 12:00+00');
SELECT estate.enqueue('public.note', '{"job": "blocked"}', depends_on => ARRAY[(SELECT id FROM estate.job WHERE args ->> 'job' = 'scheduled')]);
SELECT estate.enqueue('external:scan', '{"job": "leased"}');
SELECT estate.enqueue('external:scan', '{"job": "for others"}', priority => 1);
SELECT * FROM estate.fetch_jobs('default', lease => '10 years', worker => 'scanner 1');
RESET ROLE;

-- a user's own: column, index, views, grants, calls of our functions
ALTER TABLE estate.listing ADD COLUMN my_score double precision;
UPDATE estate.listing SET my_score = id;
CREATE INDEX my_index ON estate.listing (my_score) WHERE my_score > 0.5;
CREATE VIEW public.my_listings AS SELECT listing_key, my_score FROM estate.listing;
CREATE VIEW public.my_deals AS SELECT * FROM estate.deal;
CREATE VIEW public.my_jobs AS SELECT id, state, handler FROM estate.job;
CREATE VIEW public.my_queues AS SELECT queue, available FROM estate.queue_status;
CREATE VIEW public.my_feeds AS SELECT name, state, failures FROM estate.feed_status;
CREATE VIEW public.my_progress AS SELECT * FROM estate.progress;
CREATE VIEW public.my_metrics AS SELECT queue, handler, done FROM estate.metrics;
CREATE TABLE public.my_grams (day date, part estate.gram);
INSERT INTO public.my_grams SELECT close_date, estate.gram(price, ARRAY[living_area_sqm]) FROM estate.sale GROUP BY 1;
GRANT SELECT ON estate.listing, public.my_listings TO estate_fan;
REVOKE SELECT ON estate.estimate FROM estate_reader;
