--
-- A session's own clock: what is put off is not waited for.
--
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS ready FROM estate.setup();
CREATE SCHEMA hour;
CREATE TABLE hour.log (n serial, what text, at timestamptz);
CREATE FUNCTION hour.note(args jsonb) RETURNS void LANGUAGE sql AS $$INSERT INTO hour.log (what, at) VALUES (args->>'what', estate.clock())$$;
CREATE FUNCTION hour.fail(jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;

SET timezone = 'UTC';
SELECT estate.set_clock('2030-01-01 12:00');
SELECT estate.clock() = estate.clock() AS stands_still;
SELECT estate.enqueue('hour.note', '{"what": "at once"}') AS at_once \gset
SELECT estate.enqueue('hour.note', '{"what": "in an hour"}', run_at => estate.clock() + '1 hour') AS later \gset
SELECT estate.enqueue('hour.fail', '{}', max_attempts => 3, backoff => ARRAY['1 min', '1 day']::interval[]) AS failing \gset
SELECT estate.enqueue('hour.note', '{"what": "once a day"}', unique_key => 'daily', unique_until => '1 day') AS daily \gset
CALL estate.run_jobs();
SELECT what, at FROM hour.log ORDER BY n;
SELECT state, count(*), min(run_at) > estate.clock() AS to_come FROM estate.job WHERE ended_at IS NULL GROUP BY 1 ORDER BY 1;
SELECT enqueued_at, ended_at BETWEEN clock_timestamp() - interval '1 min' AND clock_timestamp() AS ended_by_the_servers_clock, errors
FROM estate.job WHERE id = :at_once;
-- not before its time
SELECT estate.set_clock('2030-01-01 12:59:59');
CALL estate.run_jobs();
SELECT estate.set_clock('2030-01-01 13:00');
CALL estate.run_jobs();
SELECT what, at FROM hour.log ORDER BY n;
SELECT state, attempt, run_at BETWEEN estate.clock() + '19 hours' AND estate.clock() + '29 hours' AS in_a_day FROM estate.job WHERE id = :failing;
SELECT estate.enqueue('hour.note', unique_key => 'daily', unique_until => '1 day') = :daily AS taken;
SELECT estate.set_clock('2030-01-03 13:00');
SELECT estate.enqueue('hour.note', '{"what": "once a day"}', unique_key => 'daily', unique_until => '1 day') <> :daily AS free;
CALL estate.run_jobs();
SELECT state, attempt, errors->0->>'at' AS first, errors->2->>'at' AS last FROM estate.job WHERE id = :failing;
SELECT what, at FROM hour.log ORDER BY n;

SELECT estate.set_clock('infinity');
SELECT estate.set_clock(NULL) BETWEEN clock_timestamp() - interval '1 min' AND clock_timestamp() AS runs_again;
SELECT estate.clock() BETWEEN clock_timestamp() - interval '1 min' AND clock_timestamp() AS runs_again;
SELECT estate.set_clock('2000-01-01 00:00+00') = '2000-01-01 00:00+00' AS stopped;
SELECT estate.set_clock(NULL) IS NOT NULL AS runs_again;

-- a handler has no say in it: the clock is also that of the jobs of others
CREATE FUNCTION hour.turn(args jsonb) RETURNS void LANGUAGE sql AS $$SELECT estate.set_clock('2100-01-01')$$;
SELECT estate.enqueue('hour.turn', max_attempts => 1) AS turning \gset
CALL estate.run_jobs();
SELECT state, errors->-1->>'message' AS message FROM estate.job WHERE id = :turning;

-- a collision of a job from the future is an attempt: else it would be tried again until then
CREATE FUNCTION hour.collide(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'met' USING ERRCODE = '40001'; END $$;
SELECT estate.set_clock('2200-01-01') IS NOT NULL AS ahead;
SELECT estate.enqueue('hour.collide', max_attempts => 1) AS colliding \gset
SELECT estate.set_clock(NULL) IS NOT NULL AS runs_again;
CALL estate.run_jobs();
SELECT state, attempt FROM estate.job WHERE id = :colliding;

-- it is a setting: gone with a rollback, and with what a pool does between two clients
BEGIN;
SELECT estate.set_clock('2100-01-01') = '2100-01-01' AS ahead;
ROLLBACK;
SELECT estate.clock() < '2100-01-01' AS gone_with_the_transaction;
BEGIN;
SAVEPOINT before;
SELECT estate.set_clock('2100-01-01') = '2100-01-01' AS ahead;
ROLLBACK TO before;
SELECT estate.clock() < '2100-01-01' AS gone_with_the_savepoint;
COMMIT;
SELECT estate.set_clock('2100-01-01') = '2100-01-01' AS ahead;
DISCARD ALL;
SET client_min_messages = error;
SELECT estate.clock() < '2100-01-01' AS gone_with_discard_all;
SELECT estate.set_clock('2100-01-01') = '2100-01-01' AS ahead;
RESET estate.clock;
SELECT estate.clock() < '2100-01-01' AS gone_with_reset;
BEGIN;
SET LOCAL estate.clock = '2100-01-01 00:00+00';
SELECT estate.clock() AT TIME ZONE 'UTC' AS for_a_transaction;
COMMIT;
SELECT estate.clock() < '2100-01-01' AS gone_with_the_transaction;
-- whatever the session's time zone and style of dates are
SET datestyle = 'German, DMY';
SET timezone = 'Asia/Kathmandu';
SELECT estate.set_clock('2100-02-01 03:04:05.678901+01') = '2100-02-01 03:04:05.678901+01' AS ahead;
SELECT estate.set_clock('0044-03-15 12:00+00 BC') = '0044-03-15 12:00+00 BC' AS long_ago;
RESET ALL;
SET client_min_messages = error;
-- nobody can stop that of others, nor of workers
SET estate.clock = 'infinity';
SET estate.clock = 'soon';
ALTER DATABASE :DBNAME SET estate.clock = '2100-01-01 00:00+00';
ALTER ROLE CURRENT_USER SET estate.clock = '2100-01-01 00:00+00';

-- what others hold: their leases
CREATE ROLE clock_thief;
GRANT estate_operator TO clock_thief;
SELECT estate.enqueue('external:mail', queue => 'hour', max_attempts => 1) AS leased \gset
SELECT token FROM estate.fetch_jobs('hour', lease => '1 hour', worker => 'honest') \gset
SET ROLE clock_thief;
SELECT estate.set_clock('2100-01-01') IS NOT NULL AS ahead;
SELECT count(*) AS stolen FROM estate.fetch_jobs('hour');
SELECT estate.enqueue('external:mail', queue => 'hour') AS own \gset
-- a lease is by the server's clock, too: it is not for a century
SELECT leased_until < clock_timestamp() + interval '2 min' AS by_the_servers_clock FROM estate.fetch_jobs('hour', worker => 'thief');
CALL estate.run_jobs();
RESET ROLE;
SELECT state, worker FROM estate.job WHERE id = :leased;
-- nor does whoever may act for the role take what another session has leased
SELECT count(*) AS stolen FROM estate.fetch_jobs('hour');
SELECT estate.set_clock(NULL) IS NOT NULL AS runs_again;
SELECT estate.complete_job(:leased, :token) AS still_the_honest_ones;
SELECT state FROM estate.job WHERE id = :leased;
-- what others see: jobs that others put off stay where they are
SELECT estate.enqueue('hour.note', run_at => now() + '1 day') AS put_off \gset
SET ROLE clock_thief;
SELECT estate.set_clock('2300-01-01') IS NOT NULL AS ahead;
SELECT estate.enqueue('score') AS scoring \gset
CALL estate.run_jobs();
SELECT estate.set_clock(NULL) IS NOT NULL AS runs_again;
RESET ROLE;
SELECT state FROM estate.job WHERE id = :put_off;
-- and the history of all queues is not kept because a job has ended in the future
SELECT count(*) AS ended_in_the_future FROM estate.job WHERE ended_at > clock_timestamp();
DROP SCHEMA hour CASCADE;
DELETE FROM estate_internal.job_open;
REVOKE estate_operator FROM clock_thief;
DROP ROLE clock_thief;
