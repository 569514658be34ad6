--
-- Who sees what of a job, and what a built-in may be asked to do: by the role
-- of the job, wherever it is shown.
--
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS ready FROM estate.setup();
CREATE ROLE regress_ida IN ROLE estate_operator;
CREATE ROLE regress_otto IN ROLE estate_operator;
CREATE ROLE regress_idas_friend IN ROLE estate_operator, regress_ida;
CREATE ROLE regress_boss IN ROLE estate_admin, estate_operator;
CREATE SCHEMA ida AUTHORIZATION regress_ida;
SET ROLE regress_ida;
CREATE FUNCTION ida.answer(args jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT '{"answer": "private"}'::jsonb $$;
CREATE FUNCTION ida.fail(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'private'; END $$;
SELECT count(estate.enqueue('ida.answer', '{"what": "private"}', tags => '{private}', unique_key => 'private 1')) AS done;
SELECT count(estate.enqueue('ida.fail', '{"what": "private"}', tags => '{private}', max_attempts => 1)) AS dead;
CALL estate.run_jobs();
SELECT count(estate.enqueue('ida.answer', '{"what": "private"}', tags => '{private}', unique_key => 'private 2')) AS available;
SELECT count(estate.enqueue('ida.answer', '{"what": "private"}', tags => '{private}', run_at => now() + '1 day', unique_key => 'private 3')) AS scheduled;
SELECT count(estate.enqueue('external:x', '{"what": "private"}', tags => '{private}', queue => 'x')) AS outside;
RESET ROLE;
CREATE VIEW public.seen AS
	SELECT state, handler, queue, role, args IS NOT NULL AS args, errors IS NOT NULL AS errors, result IS NOT NULL AS result, tags IS NOT NULL AS tags,
		unique_key IS NOT NULL AS unique_key, effect_key IS NOT NULL AS effect_key
	FROM estate.job WHERE role::text = 'regress_ida' ORDER BY id;
ALTER VIEW public.seen SET (security_invoker = true);
GRANT SELECT ON public.seen TO PUBLIC;
SET ROLE regress_ida;
SELECT * FROM public.seen;
SET ROLE regress_otto;
SELECT * FROM public.seen;
SELECT count(*) FROM estate.job j WHERE to_jsonb(j)::text LIKE '%private%';
-- a function of his own in a condition sees no more
CREATE FUNCTION pg_temp.peep(jsonb) RETURNS bool LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE WARNING 'args %', $1; RETURN true; END $$;
SET client_min_messages = warning;
SELECT count(*) FROM estate.job WHERE role = 'regress_ida'::regrole AND pg_temp.peep(args);
SET client_min_messages = error;
SELECT queue, available, scheduled, done, dead FROM estate.queue_status WHERE available + scheduled + done + dead > 0 ORDER BY queue;
SET ROLE regress_idas_friend;
SELECT bool_and(args) AS args, count(*) FILTER (WHERE errors) AS errors, count(*) FILTER (WHERE result) AS results FROM public.seen;
SET ROLE regress_boss;
SELECT bool_and(args) AS args, count(*) FILTER (WHERE errors) AS errors, count(*) FILTER (WHERE result) AS results FROM public.seen;
RESET ROLE;

-- built-ins: rights are asked when a job is enqueued, and when it runs
CREATE SERVER regress_shelf FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url 'file:///nowhere/at/all');
GRANT USAGE ON FOREIGN SERVER regress_shelf TO regress_ida;
SELECT estate.create_market('visible') AS market \gset
SELECT estate.create_feed('visible', NULL, preset => 'csv', market => 'visible', mapping => '{"listing_key": "k", "list_price": "p"}') > 0 AS feed;
SELECT inserted FROM estate.push_feed('visible', E'k,p\nA,1\n');
SELECT id AS listing FROM estate.listing WHERE listing_key = 'A' AND market_id = :market \gset
INSERT INTO estate.media (market_id, listing, media_key, media_url) VALUES (:market, :listing, 'm', 'http://127.0.0.1:9/m');
SET ROLE regress_otto;
SELECT estate.enqueue('media', jsonb_build_object('market_id', :market, 'listing', :listing, 'media_key', 'm', 'target', 'regress_shelf'));
SELECT estate.enqueue_many('media', ARRAY[jsonb_build_object('market_id', :market, 'listing', :listing, 'media_key', 'm', 'target', 'regress_shelf')]);
SET ROLE regress_ida;
SELECT count(estate.enqueue('media', jsonb_build_object('market_id', :market, 'listing', :listing, 'media_key', 'm', 'target', 'regress_shelf'), max_attempts => 1)) AS enqueued;
RESET ROLE;
REVOKE USAGE ON FOREIGN SERVER regress_shelf FROM regress_ida;
CALL estate.run_jobs();
SELECT state, errors->-1->>'message' AS message FROM estate.job WHERE handler = 'media';
SELECT target, stored_as, stored_error FROM estate.media WHERE market_id = :market;
-- whoever may not ask for a run of a feed by name may not by its number
CREATE ROLE regress_outsider;
GRANT USAGE ON SCHEMA estate TO regress_outsider;
GRANT EXECUTE ON FUNCTION estate.enqueue(text, jsonb, text, int, timestamptz, text, int, text, text, interval, interval[], text[], bigint[], text, bool) TO regress_outsider;
SELECT feed_id FROM estate.feed WHERE name = 'visible' \gset
SELECT estate.alter_feed('visible', url => 'file:///nowhere/at/all') IS NOT NULL AS altered;
SET ROLE regress_outsider;
SELECT estate.enqueue('feed', jsonb_build_object('feed_id', :feed_id));
SELECT estate.enqueue('train');
SELECT estate.enqueue('score');
SELECT estate.enqueue('media', '{"target": "regress_shelf"}');
RESET ROLE;
SET ROLE regress_otto;
SELECT count(estate.enqueue('feed', jsonb_build_object('feed_id', :feed_id), max_attempts => 1)) AS enqueued;
RESET ROLE;
REVOKE estate_operator FROM regress_otto;
CALL estate.run_jobs();
SELECT state, errors->-1->>'message' AS message FROM estate.job WHERE handler = 'feed' AND role = 'regress_otto'::regrole;

DROP SERVER regress_shelf;
DROP VIEW public.seen;
DROP FUNCTION pg_temp.peep(jsonb);
SELECT estate.drop_feed('visible', purge => true) IS NOT NULL AS dropped;
DELETE FROM estate_internal.job_open;
DELETE FROM estate_internal.job_ready;
DELETE FROM estate_internal.job_unique;
DROP SCHEMA ida CASCADE;
REVOKE ALL ON FUNCTION estate.enqueue(text, jsonb, text, int, timestamptz, text, int, text, text, interval, interval[], text[], bigint[], text, bool) FROM regress_outsider;
REVOKE USAGE ON SCHEMA estate FROM regress_outsider;
DROP ROLE regress_ida, regress_otto, regress_idas_friend, regress_boss, regress_outsider;
