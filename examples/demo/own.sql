-- The demo on one's own data: one market, one feed.
-- :url, :preset, :mapping, :currency and :area_unit come from tools/demo.

SET client_min_messages = warning;
\pset footer off

CREATE EXTENSION pg_cron;
CREATE EXTENSION pg_estate;
SELECT count(*) AS tables_ready FROM estate.setup() \gset
CREATE ROLE keeper LOGIN IN ROLE estate_admin;
CREATE ROLE analyst LOGIN PASSWORD :'password' IN ROLE estate_reader;
SET SESSION AUTHORIZATION keeper;

SELECT estate.create_market('own', currency => :'currency', area_unit => :'area_unit') \g /dev/null
SET client_min_messages = notice;
SELECT * FROM estate.create_feed('own', :'url', preset => :'preset', market => 'own', mapping => nullif(:'mapping', '')::jsonb);
CALL estate.run_feed('own') \g /dev/null

\echo
\echo The run (estate.feed_run):
SELECT outcome, pages, seen, inserted, unchanged, rejected, bytes, error FROM estate.feed_run ORDER BY run_id DESC LIMIT 1;

\echo Records that could not be applied, the first five (estate.feed_reject):
SELECT listing_key, field, reason_code, reason FROM estate.feed_reject ORDER BY reject_id LIMIT 5;

SELECT * FROM estate.train() \g /dev/null
SELECT * FROM estate.score() \g /dev/null

\echo The models (estate.model; mdape: median error in percent, leave-one-out):
SELECT segment, version, sales, features, round(r2_log::numeric, 3) AS r2_log, round(mdape::numeric, 1) AS mdape
FROM estate.model WHERE active ORDER BY segment;

SELECT EXISTS (SELECT FROM estate.listing_for_sale) AS for_sale \gset
\if :for_sale
\echo The best deals (estate.deal):
SELECT unparsed_address AS address, list_price, estimate, low_80, high_80, below_estimate_pct AS below_pct, confidence
FROM estate.deal ORDER BY deal_score DESC LIMIT 10;
\else
\echo Nothing is for sale. The ratio study, estimate to price, of all sales:
SELECT s.* FROM (SELECT estate.ratio_study(e.estimate, l.close_price) AS study
	FROM estate.estimate e JOIN estate.listing l ON l.market_id = e.market_id AND l.id = e.listing
	WHERE l.close_price > 0) r, LATERAL (SELECT (r.study).*) s;
\echo The last ten sales, price and estimate:
SELECT l.close_date, coalesce(l.unparsed_address, l.postal_code, l.listing_key) AS home, l.living_area_sqft, l.close_price, e.estimate,
	round(100 * (e.estimate / l.close_price - 1), 1)::numeric(6,1) AS error_pct
FROM estate.listing l JOIN estate.estimate e ON e.market_id = l.market_id AND e.listing = l.id
WHERE l.close_price > 0 ORDER BY l.close_date DESC, l.id LIMIT 10;
\endif
