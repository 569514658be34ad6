--
-- What is kept of ended jobs, where no workers are: run_jobs() forgets what is
-- old or too much, and queue_status counts rows.
--
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS ready FROM estate.setup();
CREATE SCHEMA clerk;
CREATE FUNCTION clerk.note(jsonb) RETURNS void LANGUAGE sql AS 'SELECT';
CREATE FUNCTION clerk.answer(args jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT args || '{"answer": 42}' $$;
CREATE FUNCTION clerk.silent(jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT NULL::jsonb $$;
CREATE FUNCTION clerk.fail(jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;
CREATE FUNCTION clerk.stop(jsonb) RETURNS void LANGUAGE sql AS $$ SELECT estate.cancel_job(estate.this_job()) $$;
-- parts of the history, and how many jobs are in each
CREATE VIEW clerk.parts AS
SELECT inhrelid::regclass AS part, (SELECT count(*) FROM estate_internal.job_ended e WHERE e.tableoid = inhrelid) AS jobs
FROM pg_inherits WHERE inhparent = 'estate_internal.job_ended'::regclass;
-- jobs of another test may be there
TRUNCATE estate_internal.job_ended_0;

-- what a handler returns as jsonb is kept
SELECT estate.enqueue('clerk.answer', '{"question": 6}') AS answer \gset
SELECT estate.enqueue('clerk.silent') AS silent \gset
SELECT estate.enqueue('clerk.fail', max_attempts => 1) AS failing \gset
CALL estate.run_jobs();
SELECT id = :answer AS answer, id = :silent AS silent, state, result FROM estate.job WHERE id IN (:answer, :silent, :failing) ORDER BY id;

-- which ended jobs a queue keeps
SELECT estate.create_queue('all_of_them', keep => 'all'), estate.create_queue('failures', keep => 'failed'), estate.create_queue('nothing', keep => 'none');
SELECT count(estate.enqueue(handler, queue => queue, max_attempts => 1)) AS enqueued
FROM unnest(ARRAY['all_of_them', 'failures', 'nothing']) queue, unnest(ARRAY['clerk.note', 'clerk.fail', 'clerk.stop']) handler;
CALL estate.run_jobs();
SELECT queue, done, dead, cancelled, keep FROM estate.queue_status WHERE queue <> 'default' ORDER BY queue;

-- queue_status shows queues without jobs and jobs without a queue, by the state that they are in now
SELECT estate.create_queue('empty', concurrency => 2, key => 'tenant', concurrency_by_key => 1, rate => 10, rate_by_key => 5, timeout => '1 minute');
SELECT count(estate.enqueue('clerk.note', queue => 'not created', run_at => at)) AS enqueued
FROM (VALUES (NULL), (now() - '1 hour'::interval), (now() + '1 hour'::interval)) t(at);
SELECT queue, available, scheduled, oldest_available < now() AS waits, paused, concurrency, concurrency_local, key, concurrency_by_key AS by_key,
	rate, rate_by_key, rate_period, timeout, keep_for, keep_most
FROM estate.queue_status WHERE queue IN ('empty', 'not created') ORDER BY queue;
-- nobody is counted, nothing runs and nothing is known of handlers
SELECT (SELECT count(*) FROM estate.progress) AS running, (SELECT count(*) FROM estate.metrics) AS handlers;
CALL estate.run_jobs();

-- by time: only what is older than its own queue keeps it; a queue that was not created keeps what the default one does
SELECT estate.create_queue('two_days', keep_for => '2 days'), estate.create_queue('month', keep_for => '30 days'), estate.create_queue('forever', keep_for => '0');
SELECT count(estate.enqueue('clerk.note', args => jsonb_build_object('days', days), queue => queue)) AS enqueued
FROM unnest(ARRAY['two_days', 'default', 'not created', 'month', 'forever']) queue, unnest(ARRAY[1, 3, 10, 40]) days;
CALL estate.run_jobs();
UPDATE estate_internal.job_ended SET ended_at = now() - make_interval(days => (args->>'days')::int) WHERE args ? 'days';
-- a session looks only at what has ended since it last looked
\c -
SET client_min_messages = error;
CALL estate.run_jobs();
SELECT queue, array_agg(args->>'days' ORDER BY id) AS kept FROM estate.job WHERE args ? 'days' GROUP BY queue ORDER BY queue;
-- while one queue keeps for ever, no part is dropped
SELECT count(*) FROM clerk.parts;

-- by number: the last ones stay
SELECT estate.create_queue('three', keep_most => 3);
SELECT count(estate.enqueue('clerk.note', args => jsonb_build_object('n', n), queue => 'three')) AS enqueued FROM generate_series(1, 10) n;
CALL estate.run_jobs();
SELECT array_agg(args->'n' ORDER BY id) AS kept FROM estate.job WHERE queue = 'three';
SELECT estate.alter_queue('three', keep_most => 1);
CALL estate.run_jobs();
SELECT array_agg(args->'n' ORDER BY id) AS kept FROM estate.job WHERE queue = 'three';

-- parts: a new one is begun when the first job in the newest is old, and what is in it stays until all of it is old
SELECT estate.drop_queue('forever'), estate.drop_queue('month');
DELETE FROM estate_internal.job_ended WHERE queue IN ('month', 'forever');
TRUNCATE estate_internal.job_ended_0;
INSERT INTO estate_internal.job_ended_0 (id, handler, queue, priority, max_attempts, role, enqueued_at, args, run_at, attempt, done_by, state, ended_at)
SELECT n, 'clerk.note(jsonb)', 'default', 0, 1, current_user::regrole, now(), '{}', now(), 1, 's', state, now() - '1 day'::interval
FROM (VALUES (-1, 'done'), (-2, 'dead')) v(n, state);
CALL estate.run_jobs();
SELECT * FROM clerk.parts ORDER BY part;
SELECT estate.enqueue('clerk.note') > 0 AS enqueued;
CALL estate.run_jobs();
SELECT * FROM clerk.parts ORDER BY part;
-- the older part has indexes, the one that is written has none
SELECT tablename, count(*) FILTER (WHERE indexdef LIKE '%brin (id int8_minmax_multi_ops)%') AS by_id, count(*) FILTER (WHERE indexdef LIKE '%brin (ended_at)%') AS by_time
FROM pg_indexes WHERE schemaname = 'estate_internal' AND tablename LIKE 'job\_ended%' GROUP BY 1 ORDER BY 1;
-- a job of an older part can be run again, by its id and by a filter
SELECT estate.retry_job(-2) AS again;
CALL estate.run_jobs();
SELECT state FROM estate.job WHERE id = -2;
SELECT * FROM clerk.parts ORDER BY part;
UPDATE estate_internal.job_ended_0 SET ended_at = now() - '8 days'::interval;
CALL estate.run_jobs();
SELECT * FROM clerk.parts ORDER BY part;
-- the part that remains is like the first one was
SELECT has_table_privilege('estate_admin', 'estate_internal.job_ended_1', 'SELECT') AS admin_reads,
	has_table_privilege('estate_operator', 'estate_internal.job_ended_1', 'SELECT') AS operator_reads;
-- relhasindex stays when the making of an index is rolled back; jobs end all the same
BEGIN;
CREATE INDEX ON estate_internal.job_ended_1 (id);
ROLLBACK;
SELECT relhasindex FROM pg_class WHERE oid = 'estate_internal.job_ended_1'::regclass;
SELECT estate.enqueue('clerk.note') > 0 AS enqueued;
CALL estate.run_jobs();
-- of a part that is written and has an index they keep it
CREATE INDEX job_ended_mine ON estate_internal.job_ended_1 (id);
SELECT estate.enqueue('clerk.note') > 0 AS enqueued;
CALL estate.run_jobs();
DROP INDEX estate_internal.job_ended_mine;

-- who may look
SET ROLE estate_operator;
SELECT count(*) > 0 AS queues FROM estate.queue_status;
SELECT count(*) FROM estate.progress;
SELECT count(*) FROM estate.metrics;
RESET ROLE;
SET ROLE estate_reader;
SELECT count(*) FROM estate.queue_status;
SELECT count(*) FROM estate.metrics;
SELECT count(*) FROM estate.queue_counts();
RESET ROLE;
