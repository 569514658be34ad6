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
SET client_min_messages = warning;

SELECT estate.create_market('own', currency => :'currency', area_unit => :'area_unit') \g /dev/null
SELECT estate.create_feed('own', :'url', preset => :'preset', market => 'own',
	mapping => nullif(:'mapping', '')::jsonb) \g /dev/null
SET client_min_messages = notice;	-- what is mapped to what
CALL estate.run_feed('own') \g /dev/null

\echo
\echo The run (estate.feed_run):
SELECT outcome, pages, seen, inserted, unchanged, rejected, bytes, error
FROM estate.feed_run ORDER BY run_id DESC LIMIT 1;

\echo What could not be read, a record or a field of one, the first five (estate.feed_reject):
SELECT listing_key, level, field, reason_code, reason FROM estate.feed_reject ORDER BY reject_id LIMIT 5;

SELECT * FROM estate.train() \g /dev/null
SELECT * FROM estate.score() \g /dev/null

\echo The models (estate.model; mdape: median error in percent, leave-one-out):
SELECT segment, version, sales, features, round(r2_log::numeric, 3) AS r2_log,
	round(mdape::numeric, 1) AS mdape
FROM estate.model WHERE active ORDER BY segment;

SELECT EXISTS (SELECT FROM estate.listing_for_sale) AS for_sale \gset
\if :for_sale
\echo The best deals (estate.deal):
SELECT unparsed_address AS address, list_price, estimate, low_80, high_80,
	below_estimate_pct AS below_pct, confidence
FROM estate.deal ORDER BY deal_score DESC LIMIT 10;
\else
SELECT EXISTS (SELECT FROM estate.sale) AS sold \gset
\if :sold
\echo Nothing is for sale. How estimates would have met the prices of the last 90 days,
\echo month by month knowing earlier sales only (estate.backtest):
SET extra_float_digits = -11;
SELECT b.* FROM (SELECT max(close_date) AS last_day FROM estate.sale) s,
	estate.backtest('own', s.last_day - 90, s.last_day + 1, '1 month') b;
\echo The ratio study of all sales, estimate to price; the model has seen these
\echo (estate.ratio_study):
SELECT (r.study).* FROM (SELECT estate.ratio_study(e.estimate, s.price) AS study
	FROM estate.sale s
	JOIN estate.estimate e ON e.market_id = s.market_id AND e.listing = s.listing) r;
RESET extra_float_digits;
\echo The last ten sales, price and estimate:
SELECT l.close_date, coalesce(l.unparsed_address, l.postal_code, l.listing_key) AS home,
	l.living_area_sqft, l.close_price, e.estimate,
	round(100 * (e.estimate / l.close_price - 1), 1)::numeric(6,1) AS error_pct
FROM estate.listing l JOIN estate.estimate e ON e.market_id = l.market_id AND e.listing = l.id
WHERE l.close_price > 0 ORDER BY l.close_date DESC, l.id LIMIT 10;
\else
\echo Nothing is for sale and nothing was sold: no field is mapped to standard_status,
\echo or to close_price and close_date.
\echo A start for MAPPING=.. (what NULL stands for; see docs/mapping.md):
SELECT jsonb_pretty(estate.suggest_mapping('own')) AS mapping;
\endif
\endif
