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
SELECT enqueued_at, ended_at, errors FROM estate.job WHERE id = :at_once;
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
DROP SCHEMA hour CASCADE;
