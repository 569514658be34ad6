--
-- How long a unique key is taken: never shorter than its scope says, whatever
-- the job goes through, and whose it is.
--
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS ready FROM estate.setup();
CREATE SCHEMA sole;
CREATE TABLE sole.log (n serial, what text);
CREATE FUNCTION sole.note(args jsonb) RETURNS void LANGUAGE sql AS $$INSERT INTO sole.log (what) VALUES (args->>'what')$$;
CREATE FUNCTION sole.other(args jsonb) RETURNS void LANGUAGE sql AS $$INSERT INTO sole.log (what) VALUES (args->>'what')$$;
-- fails its first attempts, or is put off
CREATE FUNCTION sole.try(args jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF args ? 'snooze' THEN PERFORM estate.snooze_job(estate.this_job(), '1 hour'); RETURN; END IF;
	RAISE EXCEPTION USING ERRCODE = coalesce(args->>'code', 'P0001'), MESSAGE = 'not yet';
END $$;
CREATE FUNCTION sole.show() RETURNS text LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM sole.log RETURNING *) SELECT string_agg(what, ' ' ORDER BY n) FROM gone $$;
CREATE FUNCTION sole.open() RETURNS TABLE (what text, state text, attempt int) LANGUAGE sql AS $$
	SELECT args->>'what', state, attempt FROM estate.job WHERE ended_at IS NULL ORDER BY id $$;
CREATE FUNCTION sole.due() RETURNS bigint LANGUAGE sql AS $$
	WITH due AS (UPDATE estate_internal.job_open SET run_at = clock_timestamp() RETURNING 1) SELECT count(*) FROM due $$;

-- For an interval: from the time that the job is to run at, and in any case until it has ended
SELECT estate.enqueue('sole.note', '{"what": "later"}', unique_key => 'i', unique_until => '12 min', run_at => now() + '3 hours') AS i \gset
SELECT until BETWEEN now() + '3 hours 11 min' AND now() + '3 hours 13 min' AS from_then FROM estate_internal.job_unique;
-- as if the time had come and gone, while the job has not
UPDATE estate_internal.job_unique SET until = clock_timestamp() - interval '1 s';
SELECT estate.enqueue('sole.note', '{"what": "too soon"}', unique_key => 'i', unique_until => '12 min') = :i AS taken_until_it_has_started;
UPDATE estate_internal.job_open SET run_at = clock_timestamp() WHERE id = :i;
CALL estate.run_jobs();
SELECT sole.show();
SELECT estate.enqueue('sole.note', '{"what": "again"}', unique_key => 'i', unique_until => '12 min') <> :i AS free_when_done;
CALL estate.run_jobs();
SELECT estate.enqueue('sole.note', '{"what": "too soon"}', unique_key => 'i', unique_until => '12 min') > 0 AS enqueued;
CALL estate.run_jobs();
SELECT sole.show();
DELETE FROM estate_internal.job_unique;
-- failed, waiting for its next attempt
SELECT estate.enqueue('sole.try', '{"what": "fails"}', unique_key => 'i', unique_until => '1 ms', backoff => '{1 hour}', max_attempts => 2) AS i \gset
CALL estate.run_jobs();
UPDATE estate_internal.job_unique SET until = clock_timestamp() - interval '1 s';
SELECT estate.enqueue('sole.try', unique_key => 'i', unique_until => '1 ms') = :i AS taken_while_it_waits;
SELECT sole.due();
CALL estate.run_jobs();
SELECT estate.enqueue('sole.note', '{"what": "after"}', unique_key => 'i', unique_until => '1 ms') <> :i AS free_when_dead;
CALL estate.run_jobs();
SELECT sole.show();
-- cancelled, by itself or with its queue
SELECT estate.enqueue('sole.note', unique_key => 'i1', unique_until => '1 ms', run_at => now() + '1 hour') AS i \gset
SELECT estate.cancel_job(:i);
SELECT estate.create_queue('sole');
SELECT estate.enqueue('sole.note', queue => 'sole', unique_key => 'i2', unique_until => '1 ms') > 0 AS enqueued;
SELECT estate.drop_queue('sole', cancel_jobs => true);
SELECT count(*) AS held FROM estate_internal.job_unique WHERE held;
DELETE FROM estate_internal.job_unique;

-- Until it starts: a job that has to wait again has its key again
SELECT estate.enqueue('sole.try', '{"what": "first"}', unique_key => 's', unique_until => 'start', backoff => '{1 hour}') AS s \gset
CALL estate.run_jobs();
SELECT estate.enqueue('sole.try', '{"what": "second"}', unique_key => 's', unique_until => 'start') = :s AS taken;
SELECT * FROM sole.open();
SELECT sole.due();
CALL estate.run_jobs();
SELECT * FROM sole.open();
SELECT estate.cancel_job(:s);
SELECT count(*) AS keys FROM estate_internal.job_unique;
SELECT estate.enqueue('sole.try', '{"what": "put off", "snooze": 1}', unique_key => 's', unique_until => 'start') AS s \gset
CALL estate.run_jobs();
SELECT estate.enqueue('sole.try', '{"what": "second"}', unique_key => 's', unique_until => 'start') = :s AS taken;
SELECT estate.cancel_job(:s);
SELECT estate.enqueue('sole.try', '{"what": "collides", "code": "40001"}', unique_key => 's', unique_until => 'start') AS s \gset
BEGIN;
CALL estate.run_jobs();
SELECT estate.enqueue('sole.try', '{"what": "second"}', unique_key => 's', unique_until => 'start') = :s AS taken;
ROLLBACK;
SELECT estate.cancel_job(:s);
-- also one that a program has fetched and gives back, or loses
SELECT estate.enqueue('external:x', '{"what": "fetched"}', queue => 'x', unique_key => 's', unique_until => 'start') AS s \gset
SELECT id, token FROM estate.fetch_jobs('x') \gset
SELECT count(*) AS keys FROM estate_internal.job_unique;
SELECT estate.release_jobs(ARRAY[:id], ARRAY[:token]);
SELECT estate.enqueue('external:x', '{"what": "second"}', queue => 'x', unique_key => 's', unique_until => 'start') = :s AS taken;
SELECT id, token FROM estate.fetch_jobs('x') \gset
SELECT estate.fail_job(:id, :token, 'not yet', '1 hour');
SELECT estate.enqueue('external:x', '{"what": "second"}', queue => 'x', unique_key => 's', unique_until => 'start') = :s AS taken;
SELECT sole.due();
SELECT id, token FROM estate.fetch_jobs('x') \gset
UPDATE estate_internal.job_open SET leased_until = clock_timestamp() - interval '1 s';
SELECT count(*) FROM estate.fetch_jobs('x', of_handler => 'external:none');
SELECT estate.enqueue('external:x', '{"what": "second"}', queue => 'x', unique_key => 's', unique_until => 'start') = :s AS taken;
-- unless another one has it by then: that one does the work
SELECT id, token FROM estate.fetch_jobs('x') \gset
SELECT estate.enqueue('external:x', '{"what": "second"}', queue => 'x', unique_key => 's', unique_until => 'start') AS second \gset
SELECT estate.fail_job(:id, :token, 'not yet', '1 hour');
SELECT * FROM sole.open();
SELECT state, attempt, errors->-1->>'message' = format('job %s has its unique key by now', :second) AS says_why FROM estate.job WHERE id = :id;
SELECT id, token FROM estate.fetch_jobs('x') \gset
SELECT estate.enqueue('external:x', '{"what": "third"}', queue => 'x', unique_key => 's', unique_until => 'start') AS third \gset
SELECT estate.release_jobs(ARRAY[:id], ARRAY[:token]);
SELECT * FROM sole.open();
SELECT estate.cancel_job(:third);
SELECT count(*) AS keys FROM estate_internal.job_unique;
-- of the network
SELECT estate.enqueue('media', '{"what": "a photo"}', unique_key => 'n', unique_until => 'start', max_attempts => 2) AS n \gset
CALL estate.run_jobs();
SELECT estate.enqueue('media', '{"what": "a photo"}', unique_key => 'n', unique_until => 'start') = :n AS taken;
SELECT sole.due();
CALL estate.run_jobs();
SELECT count(*) AS keys FROM estate_internal.job_unique;

-- A key is a name that a role gives: another handler does not get it either, and hears of it
SELECT estate.enqueue('sole.note', '{"what": "mine"}', unique_key => 'k') AS k \gset
SET client_min_messages = notice;
SELECT estate.enqueue('sole.note', unique_key => 'k') = :k AS taken;
SELECT estate.enqueue('sole.other', unique_key => 'k') = :k AS taken;
SELECT estate.enqueue('sole.other', '{"what": "the other''s now"}', unique_key => 'k', on_conflict => 'replace') = :k AS replaced;
SELECT estate.enqueue('sole.other', unique_key => 'k') = :k AS taken;
SET client_min_messages = error;
CALL estate.run_jobs();
SELECT sole.show();
SELECT count(*) AS keys FROM estate_internal.job_unique;
-- a key that was taken for a time which is over does not keep a job from being run again
SELECT estate.enqueue('sole.try', '{"what": "again"}', unique_key => 'r', max_attempts => 1) AS r \gset
CALL estate.run_jobs();
SELECT estate.enqueue('sole.note', '{"what": "for a time"}', unique_key => 'r', unique_until => '1 min') <> :r AS another;
CALL estate.run_jobs();
SELECT estate.retry_job(:r);
UPDATE estate_internal.job_unique SET until = clock_timestamp() - interval '1 s';
SELECT estate.retry_job(:r);
SELECT job = :r AS has_it, until, held FROM estate_internal.job_unique;
SELECT estate.cancel_job(:r);
SELECT count(*) AS keys FROM estate_internal.job_unique;
DROP SCHEMA sole CASCADE;
