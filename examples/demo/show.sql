-- What the demo prints: read as any member of estate_reader may read it.

SET SESSION AUTHORIZATION keeper;
\pset footer off

\echo
\echo What the feeds brought (a run is a row of estate.feed_run):
SELECT f.name AS feed, r.run_id, r.outcome, r.pages, r.seen, r.inserted, r.updated,
	r.unchanged, r.rejected, r.fields_rejected AS fields
FROM estate.feed_run r JOIN estate.feed f USING (feed_id) ORDER BY r.run_id;

\echo What could not be read is kept, a record or a field of one (estate.feed_reject):
SELECT f.name AS feed, j.listing_key, j.level, j.field, j.reason_code, j.reason
FROM estate.feed_reject j JOIN estate.feed f USING (feed_id) ORDER BY j.reject_id;

\echo Models, and how far their values are from the prices paid
\echo (estate.model; mdape: median error in percent, leave-one-out):
SELECT k.name AS market, m.segment, m.version, m.sales, m.features,
	round(m.r2_log::numeric, 3) AS r2_log, round(m.mdape::numeric, 1) AS mdape
FROM estate.model m JOIN estate.market k USING (market_id)
WHERE m.active ORDER BY k.name, m.segment;

\echo The best deals (estate.deal):
SELECT k.name AS market, d.unparsed_address AS address, d.currency,
	round(d.list_price) AS list_price, round(d.estimate) AS estimate,
	round(d.low_80) AS low_80, round(d.high_80) AS high_80,
	d.below_estimate_pct AS below_pct, d.confidence
FROM estate.deal d JOIN estate.market k USING (market_id) ORDER BY d.deal_score DESC LIMIT 10;

\echo Price cuts of the second day, noted by a job of ours:
SELECT count(*) AS cuts, round(avg(100 * (1 - new_price / old_price)), 1) AS average_pct
FROM public.price_cut;

\echo Jobs (estate.job):
SELECT handler, state, count(*), max(attempt) AS attempts
FROM estate.job GROUP BY handler, state ORDER BY handler, state;

\echo Photos, copied by the workers (estate.media):
SELECT target, count(*) AS photos, sum(stored_bytes) AS bytes, min(stored_as) AS for_example
FROM estate.media GROUP BY target;

\echo What runs by the calendar, and when next (estate.schedule_status):
SELECT name, cron, time_zone, handler, next_ticks[1] AS next_tick FROM estate.schedule_status;
