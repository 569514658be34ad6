--
-- Queues: created, changed, paused, dropped; their limits, as a session meets
-- them that works jobs off.  Whatever takes several processes is in test/t.
--
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS ready FROM estate.setup();
CREATE SCHEMA line;
CREATE TABLE line.log (n serial, what text);
CREATE FUNCTION line.note(args jsonb) RETURNS void LANGUAGE sql AS $$INSERT INTO line.log (what) VALUES (args->>'what')$$;
CREATE FUNCTION line.other_note(args jsonb) RETURNS void LANGUAGE sql AS $$INSERT INTO line.log (what) VALUES (args->>'what')$$;
CREATE FUNCTION line.fail(args jsonb) RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$;
-- shows the log and empties it
CREATE FUNCTION line.show() RETURNS text LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM line.log RETURNING *) SELECT string_agg(what, ' ' ORDER BY n) FROM gone $$;
-- enqueues a note
CREATE FUNCTION line.add(what text, queue text, more jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
	SELECT estate.enqueue('line.note', jsonb_build_object('what', what) || more, queue => queue) $$;
SELECT count(*) AS queues FROM estate_internal.queue;

-- what is wrong is said, with what to do
\set VERBOSITY default
SELECT estate.create_queue('one', concurrency => 2, timeout => '1 min');
SELECT estate.create_queue('one');
SELECT estate.create_queue(NULL);
SELECT estate.create_queue('');
SELECT estate.create_queue(repeat('x', 64));
SELECT estate.create_queue('two', concurrency => -1);
SELECT estate.create_queue('two', rate => -1);
SELECT estate.create_queue('two', rate => 1, rate_period => '0');
SELECT estate.create_queue('two', rate => 1, rate_period => '999 us');
SELECT estate.create_queue('two', timeout => '-1 s');
SELECT estate.create_queue('two', keep => 'some');
SELECT estate.create_queue('two', keep_most => -1);
SELECT estate.create_queue('two', key => repeat('x', 128));
SELECT estate.create_queue('two', concurrency_by_key => 1);
SELECT estate.create_queue('two', rate_by_key => 1);
SELECT estate.alter_queue('two', rate => 1);
SELECT estate.alter_queue('one', rate_by_key => 1);
SELECT estate.alter_queue('one', rate_period => '-1 s');
SELECT estate.pause_queue('two'), 'not reached';
SELECT estate.resume_queue('two'), 'not reached';
SELECT estate.drop_queue('two');
SELECT estate.drop_queue('default');
\set VERBOSITY terse
-- nothing of that has been made
SELECT number, name, concurrency, timeout, key, rate, keep, keep_for FROM estate_internal.queue ORDER BY number;
SELECT count(*) FROM pg_class WHERE relname LIKE 'job\_ready\__\__\__';

-- NULL leaves an option, 0 and '' take it away
SELECT estate.alter_queue('one', key => 'a.b', concurrency_by_key => 3, rate => 7, rate_period => '1 min', keep => 'failed', keep_for => '1 day', keep_most => 9);
SELECT * FROM estate_internal.queue WHERE name = 'one' \gx
SELECT estate.alter_queue('one', concurrency => 0, rate => 0, concurrency_by_key => 0, key => '', timeout => '0', keep_for => '0', keep_most => 0);
SELECT * FROM estate_internal.queue WHERE name = 'one' \gx
SELECT estate.alter_queue('one', key => 'a', rate_by_key => 1);
SELECT estate.alter_queue('one', key => '');
SELECT estate.drop_queue('one');
SELECT count(*) AS queues FROM estate_internal.queue;

-- a rolled back queue never was
BEGIN;
SELECT estate.create_queue('gone', concurrency => 1);
SELECT line.add('in a queue that never was', 'gone') > 0 AS enqueued;
ROLLBACK;
BEGIN;
SELECT estate.create_queue('gone', concurrency => 1);
SELECT line.add('made with its queue', 'gone') > 0 AS enqueued;
COMMIT;
CALL estate.run_jobs();
SELECT line.show();
BEGIN;
SELECT estate.drop_queue('gone');
ROLLBACK;
SELECT line.add('not dropped after all', 'gone') > 0 AS enqueued;
CALL estate.run_jobs('gone');
SELECT line.show();
SELECT estate.drop_queue('gone');
-- as many as there can be
BEGIN;
SELECT count(estate.create_queue('q' || i)) FROM generate_series(1, 63) i;
SELECT estate.create_queue('q64');
ROLLBACK;

-- jobs that were enqueued before their queue was created go by its rules all the same
SELECT count(line.add('early ' || i, 'late')) FROM generate_series(1, 3) i;
SELECT line.add('of another', 'default') > 0 AS enqueued;
SELECT estate.create_queue('late');
SELECT estate.pause_queue('late'), estate.pause_queue('late');
CALL estate.run_jobs();
SELECT line.show();
SELECT tableoid::regclass::text ~ '_ready_1_1_' AS in_its_lane, count(*) FROM estate_internal.job_ready WHERE queue = 'late' GROUP BY 1;
SELECT line.add('while paused', 'late') > 0 AS enqueued;
SELECT estate.enqueue('line.note', '{"what": "urgent, while paused"}', 'late', priority => -1) > 0 AS enqueued;
CALL estate.run_jobs();
CALL estate.run_jobs('late');
SELECT estate.resume_queue('late'), estate.resume_queue('late');
CALL estate.run_jobs();
SELECT line.show();

-- several queues with jobs of one handler, and many more of another: each goes where it belongs, once
SELECT estate.create_queue('b'), estate.create_queue('c');
SELECT count(line.add(queue || i, queue)) FROM generate_series(1, 200) i, unnest(ARRAY['default', 'late', 'b', 'c', 'never created']) queue;
SELECT count(estate.enqueue('line.other_note', '{"what": "z"}', queue => queue)) FROM generate_series(1, 200), unnest(ARRAY['c', 'b', 'late', 'default']) queue;
CALL estate.run_jobs('b');
CALL estate.run_jobs();
SELECT count(*), count(DISTINCT what) FROM line.log;
TRUNCATE line.log;
SELECT estate.drop_queue('b'), estate.drop_queue('c');

-- dropped with jobs waiting: not unless one says so; they are cancelled then, with their unique keys
\set VERBOSITY default
SELECT estate.enqueue('line.note', '{"what": "k"}', 'late', unique_key => 'k') AS k \gset
SELECT estate.enqueue('line.note', queue => 'late', run_at => now() + '1 hour') AS scheduled \gset
SELECT estate.enqueue('line.note', '{"what": "after k"}', depends_on => ARRAY[:k]) AS after \gset
SELECT estate.drop_queue('late');
SELECT state FROM estate.job WHERE id IN (:k, :scheduled) ORDER BY id;
SELECT estate.drop_queue('late', cancel_jobs => true);
\set VERBOSITY terse
SELECT id = :k AS k, state, queue FROM estate.job WHERE id IN (:k, :scheduled, :after) ORDER BY id;
SELECT estate.enqueue('line.note', '{"what": "k again"}', 'late', unique_key => 'k') <> :k AS key_is_free;
CALL estate.run_jobs();
SELECT line.show();
SELECT estate.create_queue('late');

-- concurrency by key is a matter of several sessions; here: what is a key?
-- a rate by key shows it: the first of each starts, the others have a time of their own
SELECT estate.alter_queue('late', key => 'agency.id', rate_by_key => 1, rate_period => '1 hour');
SELECT count(line.add(what, 'late', agency)) FROM (VALUES ('a1', '{"agency": {"id": "a"}}'::jsonb), ('a2', '{"agency": {"id": "a"}}'),
	('n1', '{"agency": {"id": 7}}'), ('n2', '{"agency": {"id": 7.0}}'), ('b1', '{"agency": {"id": true}}'), ('b2', '{"agency": {"id": true}}'),
	('o1', '{"agency": {"id": {"x": [1, 2]}}}'), ('o2', '{"agency": {"id": {"x": [1, 2]}}}'), ('o3', '{"agency": {"id": {"x": [1]}}}'),
	('none', '{}'), ('null', '{"agency": {"id": null}}'), ('scalar', '{"agency": "a"}'), ('list', '{"agency": [{"id": "a"}]}'),
	('e1', '{"agency": {"id": ""}}'), ('e2', '{"agency": {"id": ""}}')) t(what, agency);
SELECT count(line.add(what, 'late', jsonb_build_object('agency', jsonb_build_object('id', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 1000) i) || last))))
FROM (VALUES ('long1', 'x'), ('long2', 'x'), ('long3', 'y')) t(what, last);
SELECT estate.enqueue('line.note', '[]', 'late') > 0 AS enqueued;
CALL estate.run_jobs();
SELECT line.show();
SELECT state, args->>'what' AS what, run_at > now() + '50 min' AS in_an_hour FROM estate.job WHERE queue = 'late' AND state <> 'done' AND state <> 'cancelled' ORDER BY id;
SELECT count(*) FILTER (WHERE estate.cancel_job(id)) AS cancelled FROM estate.job WHERE queue = 'late';

-- times are reserved one after the other, in the order of the jobs
SELECT count(line.add('r' || i, 'late', '{"agency": {"id": "r"}}')) FROM generate_series(1, 4) i;
CALL estate.run_jobs();
SELECT line.show();
SELECT args->>'what' AS what, state, round(extract(epoch FROM run_at - now()) / 3600) AS hours FROM estate.job WHERE queue = 'late' AND ended_at IS NULL ORDER BY run_at;
-- one that waits for its rate is not let through by retry_job()
SELECT count(*) FILTER (WHERE estate.retry_job(id)) AS retried FROM estate.job WHERE queue = 'late' AND ended_at IS NULL;
CALL estate.run_jobs();
SELECT line.show();
-- with another rate they are asked anew, and do not pay for the old one
SELECT estate.alter_queue('late', rate_by_key => 2, rate_period => '10 min');
CALL estate.run_jobs();
SELECT line.show();
SELECT args->>'what' AS what, round(extract(epoch FROM run_at - now()) / 60) AS minutes FROM estate.job WHERE queue = 'late' AND ended_at IS NULL ORDER BY run_at;
SELECT estate.alter_queue('late', rate_by_key => 0, key => '');
CALL estate.run_jobs();
SELECT line.show();

-- the rate of a queue: the rest stays where it is
SELECT estate.alter_queue('late', rate => 2, rate_period => '1 hour');
SELECT count(line.add('t' || i, 'late')) FROM generate_series(1, 5) i;
CALL estate.run_jobs();
SELECT line.show();
CALL estate.run_jobs();
SELECT state, count(*) FROM estate.job WHERE queue = 'late' AND ended_at IS NULL GROUP BY 1;
-- others go on
SELECT line.add('of another queue', 'default') > 0 AS enqueued;
CALL estate.run_jobs();
SELECT line.show();
-- another rate is no reason to start as many at once
SELECT estate.alter_queue('late', rate => 3);
CALL estate.run_jobs();
SELECT line.show();
SELECT estate.alter_queue('late', rate => 0);
CALL estate.run_jobs();
SELECT line.show();

-- a failed attempt that had waited for its rate is an attempt like any other
SELECT estate.alter_queue('late', key => 'k', rate_by_key => 1, rate_period => '1 hour');
SELECT line.add('first', 'late', '{"k": 1}') > 0 AS enqueued;
SELECT estate.enqueue('line.fail', '{"k": 1}', 'late') AS failing \gset
CALL estate.run_jobs();
UPDATE estate_internal.job_open SET run_at = clock_timestamp() WHERE id = :failing;
CALL estate.run_jobs();
SELECT line.show();
SELECT state, attempt FROM estate.job WHERE id = :failing;
SELECT estate.cancel_job(:failing);
SELECT estate.alter_queue('late', rate_by_key => 0, key => '', rate_period => '1 s');

-- what of ended jobs is kept
CREATE TABLE line.mark (n bigint);
CREATE FUNCTION line.kept() RETURNS TABLE (state text, count bigint) LANGUAGE sql AS $$
	SELECT state, count(*) FROM estate.job WHERE queue = 'late' AND id > (SELECT max(n) FROM line.mark) GROUP BY 1 ORDER BY 1 $$;
CREATE FUNCTION line.three() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE one bigint;
BEGIN
	INSERT INTO line.mark SELECT max(id) FROM estate.job;
	PERFORM line.add('done', 'late');
	PERFORM estate.enqueue('line.fail', queue => 'late', max_attempts => 1);
	one := estate.enqueue('line.note', queue => 'late', run_at => now() + '1 hour');
	PERFORM estate.cancel_job(one);
	RETURN 3;
END $$;
SELECT line.three();
CALL estate.run_jobs();
SELECT * FROM line.kept();
SELECT estate.alter_queue('late', keep => 'failed');
SELECT line.three();
CALL estate.run_jobs();
SELECT * FROM line.kept();
SELECT estate.alter_queue('late', keep => 'none');
SELECT line.three();
CALL estate.run_jobs();
SELECT * FROM line.kept();
SELECT line.show();

-- a run that was broken off leaves nothing behind: the next one begins anew
CREATE FUNCTION line.wait(args jsonb) RETURNS void LANGUAGE sql AS $$SELECT pg_sleep(60)$$;
SELECT estate.enqueue('line.wait') AS waiting \gset
SELECT line.add('behind it', 'default') > 0 AS enqueued;
SET statement_timeout = '300 ms';
CALL estate.run_jobs();
RESET statement_timeout;
SELECT estate.cancel_job(:waiting);
CALL estate.run_jobs();
SELECT line.show();

SELECT estate.drop_queue('late');
-- inside of a transaction the batches of a queue come one after the other, and are one of its running ones together
SELECT estate.create_queue('single', concurrency => 1);
CREATE FUNCTION line.slow(args jsonb) RETURNS void LANGUAGE sql AS $$SELECT pg_sleep(0.01)$$;
SELECT count(estate.enqueue('line.slow', queue => 'single')) AS enqueued FROM generate_series(1, 5);
BEGIN;
CALL estate.run_jobs('single');
COMMIT;
SELECT estate.drop_queue('single');
SELECT count(*) AS waiting FROM estate_internal.job_waiting;

-- intervals that no time could be reckoned with
SELECT estate.create_queue('slowest', rate => 1, rate_period => '1001 years');
SELECT estate.alter_queue('default', keep_for => '1001 years');
SELECT estate.enqueue('external:' || repeat('x', 64));
DROP SCHEMA line CASCADE;
