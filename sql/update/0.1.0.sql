-- What CREATE OR REPLACE cannot do, for a database that comes from 0.1.0: see the Makefile.
-- it has one argument more
DROP FUNCTION estate.create_feed(text, text, text, text, jsonb, text, interval, jsonb);
-- Schedules: what is due is decided in C now; a call of enqueue_tick() that pg_cron has kept fits
-- the new one.
DROP FUNCTION estate.schedule(text, text, text, jsonb, text);
DROP FUNCTION estate.enqueue_tick(text, text, text, text, jsonb);
DROP FUNCTION estate.cron_matches(text, timestamp);
DROP FUNCTION estate.cron_for_any_zone(text);
-- Jobs and queues may ask for a durable commit.
DROP FUNCTION estate.enqueue(text, jsonb, text, int, timestamptz, text, int, text, text, interval,
	interval[], text[], bigint[], text);
DROP FUNCTION estate.enqueue_many(text, jsonb[], text, int, timestamptz, int, interval, interval[],
	text[]);
DROP FUNCTION estate.create_queue(text, int, int, text, int, int, int, interval, interval, text,
	interval, bigint);
DROP FUNCTION estate.alter_queue(text, int, int, text, int, int, int, interval, interval, text,
	interval, bigint);
CREATE SCHEMA estate_code;
DROP FUNCTION estate.module_state();
ALTER FUNCTION estate.store_market(text, text, text, text) SET SCHEMA estate_code;
ALTER FUNCTION estate.check_feed(text, jsonb, text, text, jsonb) SET SCHEMA estate_code;
ALTER FUNCTION estate.check_feed_options(jsonb) SET SCHEMA estate_code;
ALTER FUNCTION estate.store_feed(text, text, text, text, text, jsonb, interval, jsonb)
	SET SCHEMA estate_code;
ALTER FUNCTION estate.change_feed(text, text, jsonb, text, interval, jsonb) SET SCHEMA estate_code;
ALTER FUNCTION estate.target_validator(text[], oid) SET SCHEMA estate_code;
ALTER FUNCTION estate.gram_in(cstring) SET SCHEMA estate_code;
ALTER FUNCTION estate.gram_out(estate.gram) SET SCHEMA estate_code;
ALTER FUNCTION estate.gram_recv(internal) SET SCHEMA estate_code;
ALTER FUNCTION estate.gram_send(estate.gram) SET SCHEMA estate_code;
ALTER FUNCTION estate.gram_add(estate.gram, double precision, double precision[])
	SET SCHEMA estate_code;
ALTER FUNCTION estate.gram_combine(estate.gram, estate.gram) SET SCHEMA estate_code;
ALTER FUNCTION estate.ratio_add(double precision[], double precision, double precision)
	SET SCHEMA estate_code;
ALTER FUNCTION estate.ratio_finish(double precision[]) SET SCHEMA estate_code;
