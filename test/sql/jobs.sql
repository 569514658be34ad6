--
-- Jobs, as the session sees them that enqueues them and works them off: when,
-- in which order, how often, and what becomes of them.
--
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS ready FROM estate.setup();
CREATE SCHEMA crew;
CREATE TABLE crew.log (n serial, what text);
CREATE FUNCTION crew.note(args jsonb) RETURNS void LANGUAGE sql AS $$INSERT INTO crew.log (what) VALUES (args->>'what')$$;
CREATE FUNCTION crew.fail(args jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO crew.log (what) VALUES ('should not be seen');
	RAISE EXCEPTION USING ERRCODE = args->>'code', MESSAGE = repeat('x', (args->>'length')::int);
END $$;
-- fails while a switch says so
CREATE TABLE crew.switch (broken bool);
INSERT INTO crew.switch VALUES (true);
CREATE FUNCTION crew.maybe(jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF (SELECT broken FROM crew.switch) THEN RAISE 'broken'; END IF;
	INSERT INTO crew.log (what) VALUES ('works');
END $$;
-- shows the log and empties it
CREATE FUNCTION crew.show() RETURNS text LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM crew.log RETURNING *) SELECT string_agg(what, ' ' ORDER BY n) FROM gone $$;

-- without workers the job is kept, and a session is told once
SET client_min_messages = notice;
\set VERBOSITY default
SELECT estate.enqueue('crew.note', '{"what": "kept"}') > 0 AS enqueued;
SELECT estate.enqueue('crew.note', '{"what": "silently"}') > 0 AS enqueued;
\set VERBOSITY terse
CALL estate.run_jobs();
SELECT crew.show();

-- lower priority first, then the older, then as enqueued
SELECT count(estate.enqueue('crew.note', jsonb_build_object('what', what), priority => p, run_at => now() - old)) AS enqueued
FROM (VALUES ('e', 1, '1s'::interval), ('f', 1, '1s'), ('c', 0, '1s'), ('b', 0, '2s'), ('a', -5, '0s'), ('d', 1, '3s')) t(what, p, old);
CALL estate.run_jobs();
SELECT crew.show();

-- not before its time, and only of the queue that is asked for
SELECT estate.enqueue('crew.note', '{"what": "later"}', run_at => now() + '1 hour') AS later \gset
SELECT estate.enqueue('crew.note', '{"what": "other queue"}', queue => 'other') AS other \gset
SELECT id = :later AS later, state, queue FROM estate.job WHERE id IN (:later, :other) ORDER BY id;
SELECT queue, scheduled, available, running, retryable, oldest_available IS NOT NULL AS since
FROM estate.queue_status WHERE queue = 'other' OR scheduled > 0 ORDER BY queue;
CALL estate.run_jobs('nobody');
CALL estate.run_jobs('other');
CALL estate.run_jobs();
SELECT crew.show();
SELECT estate.retry_job(:later);
CALL estate.run_jobs();
SELECT crew.show();

-- one open job for each unique key
SELECT estate.enqueue('crew.note', '{"what": "first"}', unique_key => 'k') AS first \gset
SELECT estate.enqueue('crew.note', '{"what": "second"}', unique_key => 'k') = :first AS same;
SELECT estate.enqueue('crew.note', '{"what": "no key"}') <> :first AS other;
CALL estate.run_jobs();
SELECT crew.show();
SELECT estate.enqueue('crew.note', '{"what": "again"}', unique_key => 'k') <> :first AS new;
CALL estate.run_jobs();
SELECT crew.show();

-- a failure undoes only the failed handler, is recorded, and is tried again
SELECT estate.enqueue('crew.fail', '{"code": "22012", "length": 3}', max_attempts => 3) AS failing \gset
SELECT estate.enqueue('crew.note', '{"what": "innocent"}') > 0 AS enqueued;
CALL estate.run_jobs();
SELECT crew.show();
SELECT state, attempt, run_at > clock_timestamp() AS waits, errors->0->>'attempt' AS attempt, errors->0->>'sqlstate' AS sqlstate,
	errors->0->>'message' AS message, errors->0->>'context' LIKE 'PL/pgSQL function crew.fail(jsonb)%' AS context,
	(errors->0->>'at')::timestamptz <= clock_timestamp() AS at
FROM estate.job WHERE id = :failing;
SELECT retryable FROM estate.queue_status WHERE queue = 'default';
-- nothing to do until then
CALL estate.run_jobs();
-- the waits double, with a fifth of jitter
SELECT run_at - (errors->-1->>'at')::timestamptz BETWEEN '0.8 s' AND '1.2 s' AS first_wait FROM estate.job WHERE id = :failing;
UPDATE estate_internal.job_open SET run_at = clock_timestamp() WHERE id = :failing;
CALL estate.run_jobs();
SELECT state, attempt, jsonb_array_length(errors) AS errors, run_at - (errors->-1->>'at')::timestamptz BETWEEN '1.6 s' AND '2.4 s' AS second_wait
FROM estate.job WHERE id = :failing;
UPDATE estate_internal.job_open SET run_at = clock_timestamp() WHERE id = :failing;
CALL estate.run_jobs();
SELECT state, attempt, jsonb_path_query_array(errors, '$[*].attempt') AS attempts, ended_at IS NOT NULL AS ended
FROM estate.job WHERE id = :failing;
-- dead is dead
CALL estate.run_jobs();

-- what a handler raises cannot stop the queue, however long
SELECT estate.enqueue('crew.fail', '{"code": "P0001", "length": 1000000}', max_attempts => 1) AS long \gset
CALL estate.run_jobs();
SELECT state, length(errors->0->>'message') AS kept FROM estate.job WHERE id = :long;

-- a collision with another transaction is nobody's failure
SELECT estate.enqueue('crew.fail', jsonb_build_object('code', code, 'length', 1), unique_key => code, max_attempts => 1) > 0 AS enqueued
FROM unnest(ARRAY['40001', '40P01']) code;
CALL estate.run_jobs();
SELECT unique_key, attempt, errors FROM estate.job WHERE unique_key IN ('40001', '40P01') ORDER BY 1;
SELECT count(*) FILTER (WHERE estate.cancel_job(id)) AS cancelled FROM estate.job WHERE unique_key IN ('40001', '40P01');

-- cancel: what waits, not what has ended
SELECT estate.enqueue('crew.note', '{"what": "not to be"}', unique_key => 'c') AS waiting \gset
SELECT estate.cancel_job(:waiting), estate.cancel_job(:waiting), estate.cancel_job(:failing), estate.cancel_job(-1), estate.cancel_job(NULL);
CALL estate.run_jobs();
SELECT state, attempt, errors FROM estate.job WHERE id = :waiting;
-- retry: what waits, is dead or was cancelled; with all its attempts
SELECT estate.retry_job(:first), estate.retry_job(-1);
SELECT estate.retry_job(:waiting), estate.retry_job(:failing);
SELECT state, attempt, jsonb_array_length(errors) AS errors FROM estate.job WHERE id IN (:waiting, :failing) ORDER BY id;
CALL estate.run_jobs();
SELECT crew.show();
SELECT state, attempt FROM estate.job WHERE id IN (:waiting, :failing) ORDER BY id;
SELECT estate.retry_job(:failing);
SELECT state, attempt FROM estate.job WHERE id = :failing;
SELECT estate.cancel_job(:failing);
-- its key has been taken meanwhile
SELECT estate.enqueue('crew.note', unique_key => 't', run_at => now() + '1 hour') AS one \gset
SELECT estate.cancel_job(:one);
SELECT estate.enqueue('crew.note', unique_key => 't', run_at => now() + '1 hour') AS two \gset
SELECT estate.retry_job(:one);
SELECT estate.cancel_job(:two);

-- mended: the next attempt ends well, and what went wrong is still to be read
SELECT estate.enqueue('crew.maybe') AS mended \gset
CALL estate.run_jobs();
UPDATE crew.switch SET broken = false;
UPDATE estate_internal.job_open SET run_at = clock_timestamp() WHERE id = :mended;
CALL estate.run_jobs();
SELECT crew.show();
SELECT state, attempt, jsonb_array_length(errors) AS errors FROM estate.job WHERE id = :mended;

-- enqueued in what is rolled back: nothing
BEGIN;
SELECT estate.enqueue('crew.note', '{"what": "rolled back"}') > 0 AS enqueued;
ROLLBACK;
BEGIN;
SELECT estate.enqueue('crew.note', '{"what": "before"}') > 0 AS enqueued;
SAVEPOINT s;
SELECT estate.enqueue('crew.note', '{"what": "rolled back to"}') > 0 AS enqueued;
ROLLBACK TO s;
COMMIT;
CALL estate.run_jobs();
SELECT crew.show();

-- a handler may enqueue; its jobs run when it has committed
CREATE FUNCTION crew.chain(args jsonb) RETURNS void LANGUAGE sql AS $$
	SELECT estate.enqueue('crew.note', jsonb_build_object('what', 'link ' || (args->>'n')));
	SELECT estate.enqueue('crew.chain', jsonb_build_object('n', (args->>'n')::int - 1)) WHERE (args->>'n')::int > 1 $$;
SELECT estate.enqueue('crew.chain', '{"n": 3}') > 0 AS enqueued;
CALL estate.run_jobs();
SELECT crew.show();

-- inside a transaction block everything is of this transaction, and goes with it
SELECT estate.enqueue('crew.note', '{"what": "inside"}') AS inside \gset
BEGIN;
CALL estate.run_jobs();
SELECT state FROM estate.job WHERE id = :inside;
ROLLBACK;
SELECT state FROM estate.job WHERE id = :inside;
SELECT crew.show();
BEGIN;
CALL estate.run_jobs();
COMMIT;
SELECT crew.show();
DO $$BEGIN PERFORM estate.enqueue('crew.note', '{"what": "from a block"}'); EXECUTE 'CALL estate.run_jobs()'; END$$;
SELECT crew.show();

-- other forms of handlers: overloads, quoted names, other results, the caller's search_path
CREATE SCHEMA "Crew 2";
CREATE FUNCTION "Crew 2"."Note.It"(args jsonb) RETURNS int LANGUAGE sql AS $$INSERT INTO crew.log (what) VALUES ('quoted') RETURNING 1$$;
CREATE FUNCTION "Crew 2"."Note.It"(args json) RETURNS int LANGUAGE sql AS $$INSERT INTO crew.log (what) VALUES ('wrong one') RETURNING 1$$;
CREATE FUNCTION "Crew 2".nothing(args jsonb) RETURNS text LANGUAGE sql AS 'SELECT NULL';
CREATE FUNCTION "Crew 2".strict(args jsonb) RETURNS text STRICT LANGUAGE sql AS 'SELECT NULL';
CREATE FUNCTION "Crew 2".rows(args jsonb) RETURNS SETOF text LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE "Crew 2".proc(args jsonb) LANGUAGE sql AS 'SELECT 1';
SELECT estate.enqueue('"Crew 2"."Note.It"') > 0 AS enqueued;
SELECT estate.enqueue('"Crew 2"."Note.It"(jsonb)') > 0 AS enqueued;
SELECT estate.enqueue('"Crew 2"."Note.It"(json)');
SELECT estate.enqueue('"Crew 2".nothing') > 0 AS enqueued;
SELECT estate.enqueue('"Crew 2".strict') > 0 AS enqueued;
SELECT estate.enqueue('"Crew 2".rows');
SELECT estate.enqueue('"Crew 2".proc');
SELECT estate.enqueue('Crew 2.nothing');
SELECT estate.enqueue('a.b.c.d');
SET search_path = crew, public;
SELECT estate.enqueue('note', '{"what": "found"}') AS found \gset
RESET search_path;
SELECT handler FROM estate.job WHERE id = :found;
CALL estate.run_jobs();
SELECT crew.show();

-- jobs that wait for their next attempt have it now, those that are asked for
UPDATE crew.switch SET broken = true;
SELECT count(estate.enqueue('crew.maybe', tags => ARRAY[tag])) AS enqueued FROM unnest(ARRAY['a', 'b', 'b']) tag;
CALL estate.run_jobs();
CALL estate.run_jobs();
UPDATE crew.switch SET broken = false;
SELECT estate.redrive(state => 'retryable', tag => 'b', error => 'broken', ended_from => now());
SELECT estate.redrive(state => 'retryable', tag => 'b', error => 'other');
SELECT estate.redrive(state => 'retryable', tag => 'b', error => 'broken');
CALL estate.run_jobs();
SELECT estate.redrive(state => 'retryable', handler => 'crew.maybe');
CALL estate.run_jobs();
SELECT estate.redrive(state => 'done');
SELECT crew.show();

-- every job of this test has ended
SELECT state, count(*) > 0 AS some FROM estate.job GROUP BY 1 ORDER BY 1;
SET client_min_messages = error;
DROP SCHEMA crew, "Crew 2" CASCADE;
