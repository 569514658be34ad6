--
-- What a job may ask for: a unique key and how long it is taken, batches,
-- waits, time-outs, tags; what a handler may say of its own job; redrive.
--
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS ready FROM estate.setup();
CREATE SCHEMA deed;
CREATE TABLE deed.log (n serial, what text);
CREATE FUNCTION deed.note(args jsonb) RETURNS void LANGUAGE sql AS $$INSERT INTO deed.log (what) VALUES (args->>'what')$$;
CREATE FUNCTION deed.fail(args jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO deed.log (what) VALUES ('should not be seen');
	RAISE EXCEPTION USING ERRCODE = coalesce(args->>'code', 'P0001'), MESSAGE = coalesce(args->>'what', 'no');
END $$;
-- shows the log and empties it
CREATE FUNCTION deed.show() RETURNS text LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM deed.log RETURNING *) SELECT string_agg(what, ' ' ORDER BY n) FROM gone $$;
CREATE FUNCTION deed.note_job(what text) RETURNS jsonb LANGUAGE sql AS $$SELECT jsonb_build_object('what', what)$$;

-- What is wrong is said
SELECT estate.enqueue('deed.note', unique_key => 'k', unique_until => 'never');
SELECT estate.enqueue('deed.note', unique_key => 'k', unique_until => '-1 s');
SELECT estate.enqueue('deed.note', unique_key => 'k', unique_until => NULL);
SELECT estate.enqueue('deed.note', unique_key => 'k', on_conflict => 'ignore');
SELECT estate.enqueue('deed.note', unique_key => repeat('x', 1001));
SELECT estate.enqueue('deed.note', unique_key => 'feed:1');
SELECT estate.enqueue('deed.note', unique_key => 'media:1');
SELECT estate.enqueue('deed.note', timeout => '0');
SELECT estate.enqueue('deed.note', backoff => '{}');
SELECT estate.enqueue('deed.note', backoff => ARRAY['1 s', NULL]::interval[]);
SELECT estate.enqueue('deed.note', backoff => ARRAY['1 s', '-1 s']::interval[]);
SELECT estate.enqueue('deed.note', backoff => '{{1 s, 2 s}}'::interval[]);
SELECT estate.enqueue('deed.note', max_attempts => 0);
SELECT estate.enqueue('deed.note', priority => 40000);
SELECT estate.enqueue('deed.note', queue => '');
SELECT estate.enqueue('deed.note', NULL);
SELECT estate.enqueue_many('deed.note', ARRAY['{}', NULL]::jsonb[]);
SELECT estate.enqueue_many('deed.none', ARRAY['{}']::jsonb[]);
SELECT estate.enqueue_many('deed.note', NULL);
SELECT estate.enqueue_many('deed.note', ARRAY['{}']::jsonb[], max_attempts => 0);
SELECT estate.redrive(state => 'done');
SELECT count(*) FROM estate_internal.job_unique;

-- Unique until done: while it waits, runs, and waits for its next attempt
SELECT estate.enqueue('deed.fail', unique_key => 'd', max_attempts => 2) AS d \gset
CALL estate.run_jobs();
SELECT estate.enqueue('deed.note', unique_key => 'd') = :d AS taken_while_retried;
UPDATE estate_internal.job_open SET run_at = clock_timestamp() WHERE id = :d;
CALL estate.run_jobs();
SELECT estate.enqueue('deed.note', '{"what": "d"}', unique_key => 'd') <> :d AS free_when_dead;
CALL estate.run_jobs();
SELECT deed.show();

-- Unique until it starts
CREATE FUNCTION deed.again(args jsonb) RETURNS void LANGUAGE sql AS $$
	INSERT INTO deed.log (what) VALUES (args->>'what');
	SELECT estate.enqueue('deed.note', '{"what": "from within"}', unique_key => args->>'key', unique_until => 'start') $$;
SELECT estate.enqueue('deed.again', '{"what": "starts", "key": "s"}', unique_key => 's', unique_until => 'start') AS s \gset
SELECT estate.enqueue('deed.note', unique_key => 's', unique_until => 'start') = :s AS taken;
CALL estate.run_jobs();
SELECT deed.show();
SELECT count(*) AS keys FROM estate_internal.job_unique;
-- many of them on a page, of which one starts: the others keep their keys
CREATE FUNCTION deed.slow(args jsonb) RETURNS void LANGUAGE sql AS $$
	SELECT pg_sleep(0.02);
	INSERT INTO deed.log (what) SELECT format('%s of %s', args->>'what', count(*)) FROM estate_internal.job_unique $$;
SELECT count(estate.enqueue('deed.slow', deed.note_job(i::text), unique_key => 's' || i, unique_until => 'start')) FROM generate_series(1, 4) i;
CALL estate.run_jobs();
SELECT deed.show();
-- what a limit or a scope keeps waiting keeps its key
SELECT estate.create_queue('scarce', rate => 1, rate_period => '1 hour'), estate.create_queue('keyed', key => 'k', rate_by_key => 1, rate_period => '1 hour');
SELECT count(estate.enqueue('deed.note', deed.note_job('scarce ' || i), 'scarce', unique_key => 'scarce' || i, unique_until => 'start')) FROM generate_series(1, 3) i;
SELECT count(estate.enqueue('deed.note', deed.note_job('keyed ' || i), 'keyed', unique_key => 'keyed' || i, unique_until => 'start')) FROM generate_series(1, 2) i;
UPDATE estate_internal.job_ready SET args = args || '{"k": 1}' WHERE queue = 'keyed';
SELECT estate.enqueue('deed.note', '{"what": "elsewhere"}', 'elsewhere', unique_key => 'elsewhere', unique_until => 'start') > 0 AS enqueued;
CALL estate.run_jobs('default');
SELECT count(*) AS keys FROM estate_internal.job_unique;
CALL estate.run_jobs();
SELECT deed.show();
SELECT unique_key FROM estate_internal.job_unique ORDER BY 1;
SELECT estate.drop_queue('scarce', true), estate.drop_queue('keyed', true);
SELECT count(*) AS keys FROM estate_internal.job_unique;

-- Unique for a time: also when it has long been done
SELECT estate.enqueue('deed.note', '{"what": "i"}', unique_key => 'i', unique_until => '1 hour') AS i \gset
CALL estate.run_jobs();
SELECT deed.show();
SELECT estate.enqueue('deed.note', '{"what": "too soon"}', unique_key => 'i') = :i AS taken;
SELECT estate.enqueue('deed.note', '{"what": "too soon"}', unique_key => 'i', on_conflict => 'replace') = :i AS taken;
UPDATE estate_internal.job_unique SET until = clock_timestamp() - interval '1 s';
SELECT estate.enqueue('deed.note', '{"what": "i again"}', unique_key => 'i', unique_until => '1 hour') <> :i AS free;
SELECT until > now() + interval '50 min' AS in_an_hour FROM estate_internal.job_unique;
CALL estate.run_jobs();
SELECT deed.show();
DELETE FROM estate_internal.job_unique;

-- Replace: in a lane, scheduled; everything but the id is as is asked for now
SELECT estate.enqueue('deed.fail', '{"what": "old"}', unique_key => 'r', priority => 1, max_attempts => 1, tags => '{old}') AS r \gset
SELECT estate.enqueue('deed.note', '{"what": "new"}', unique_key => 'r', priority => -1, tags => '{new}', timeout => '1 min', on_conflict => 'replace') = :r AS same;
SELECT state, handler, args, priority, max_attempts, tags, timeout FROM estate.job WHERE id = :r;
SELECT estate.enqueue('deed.note', '{"what": "later"}', unique_key => 'r', run_at => now() + '1 hour', on_conflict => 'replace') = :r AS same;
SELECT state FROM estate.job WHERE id = :r;
SELECT estate.enqueue('deed.note', '{"what": "later still"}', unique_key => 'r', run_at => now() + '2 hours', on_conflict => 'replace') = :r AS same;
SELECT count(*), min(args->>'what') FROM estate.job WHERE id = :r;
SELECT estate.enqueue('deed.note', '{"what": "now"}', unique_key => 'r', on_conflict => 'replace') = :r AS same;
SELECT estate.enqueue('deed.note', '{"what": "skipped"}', unique_key => 'r') = :r AS same;
CALL estate.run_jobs();
SELECT deed.show();
-- also how long the key is taken: until it is done, no longer and no shorter
SELECT estate.enqueue('deed.note', '{"what": "for a time"}', unique_key => 'r', unique_until => '1 hour') AS r \gset
SELECT estate.enqueue('deed.note', '{"what": "until done"}', unique_key => 'r', on_conflict => 'replace') = :r AS same;
CALL estate.run_jobs();
SELECT count(*) AS keys FROM estate_internal.job_unique;
SELECT estate.enqueue('deed.note', '{"what": "until done"}', unique_key => 'r') AS r \gset
SELECT estate.enqueue('deed.note', '{"what": "for a time"}', unique_key => 'r', unique_until => '1 hour', on_conflict => 'replace') = :r AS same;
CALL estate.run_jobs();
SELECT until > now() AS for_a_time FROM estate_internal.job_unique;
DELETE FROM estate_internal.job_unique;
SELECT deed.show();
-- while it is being run: what is asked for is left out, the job goes on
CREATE FUNCTION deed.replace_myself(args jsonb) RETURNS void LANGUAGE sql AS $$
	INSERT INTO deed.log (what) SELECT CASE estate.enqueue('deed.note', '{"what": "instead"}', unique_key => 'm', on_conflict => 'replace')
		WHEN estate.this_job() THEN 'myself' ELSE 'another' END $$;
SELECT estate.enqueue('deed.replace_myself', unique_key => 'm') AS m \gset
CALL estate.run_jobs();
SELECT deed.show();
SELECT state FROM estate.job WHERE id = :m;
-- two of a key in one statement
SELECT count(DISTINCT estate.enqueue('deed.note', deed.note_job('two ' || i), unique_key => 'two', on_conflict => 'replace')) FROM generate_series(1, 3) i;
CALL estate.run_jobs();
SELECT deed.show();
SELECT count(*) AS keys FROM estate_internal.job_unique;

-- Batches: one call for many, in their order
CREATE FUNCTION deed.batch(args jsonb[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO deed.log (what) SELECT format('%s-%s(%s)', args[1]->>'i', args[cardinality(args)]->>'i', cardinality(args));
	IF EXISTS (SELECT FROM unnest(args) a WHERE a ? 'bad') THEN RAISE 'a bad one'; END IF;
	INSERT INTO deed.done SELECT (a->>'i')::int FROM unnest(args) a;
END $$;
CREATE TABLE deed.done (i int);
SELECT count(*) FROM estate.enqueue_many('deed.batch(jsonb[])', ARRAY(SELECT jsonb_build_object('i', i) FROM generate_series(1, 900) i));
CALL estate.run_jobs();
SELECT count(*) < 20 AS few_calls FROM deed.log;
TRUNCATE deed.log;
SELECT count(*), count(DISTINCT i) FROM deed.done;
-- a handler of jsonb[] has to be asked for as such
SELECT estate.enqueue('deed.batch');
-- some fail: halved until each of them is alone; the others exactly once
TRUNCATE deed.done;
SELECT count(*) FROM estate.enqueue_many('deed.batch(jsonb[])', ARRAY(SELECT jsonb_build_object('i', i) || CASE WHEN i IN (7, 8, 500, 777) THEN '{"bad": 1}' ELSE '{}' END::jsonb FROM generate_series(1, 900) i), max_attempts => 1);
CALL estate.run_jobs();
SELECT count(*), count(DISTINCT i) FROM deed.done;
SELECT args->>'i' AS i, state, errors->0->>'message' AS message FROM estate.job WHERE args ? 'bad' ORDER BY id;
SELECT state, count(*) FROM estate.job WHERE handler = 'deed.batch(jsonb[])' GROUP BY 1 ORDER BY 1;
TRUNCATE deed.log;
-- all fail
SELECT count(*) FROM estate.enqueue_many('deed.batch(jsonb[])', ARRAY(SELECT jsonb_build_object('i', i, 'bad', 2) FROM generate_series(1, 300) i), max_attempts => 1);
CALL estate.run_jobs();
SELECT state, count(*), min(jsonb_array_length(errors)), max(jsonb_array_length(errors)) FROM estate.job WHERE args->>'bad' = '2' GROUP BY 1;
-- and wait to be tried again
SELECT count(*) FROM estate.enqueue_many('deed.batch(jsonb[])', ARRAY(SELECT jsonb_build_object('i', i, 'bad', 3) FROM generate_series(1, 300) i));
CALL estate.run_jobs();
SELECT state, attempt, count(*) FROM estate.job WHERE args->>'bad' = '3' GROUP BY 1, 2;
SELECT count(*) FILTER (WHERE estate.cancel_job(id)) AS cancelled FROM estate.job WHERE args->>'bad' = '3';
TRUNCATE deed.log;
-- jobs with another time-out of their own are another call
SELECT count(*) FROM estate.enqueue_many('deed.batch(jsonb[])', ARRAY(SELECT jsonb_build_object('i', i) FROM generate_series(1, 3) i), timeout => '1 min');
SELECT count(*) FROM estate.enqueue_many('deed.batch(jsonb[])', ARRAY(SELECT jsonb_build_object('i', i) FROM generate_series(4, 5) i));
CALL estate.run_jobs();
SELECT deed.show();

-- enqueue_many: in the order of args, with all the rest
SELECT ids = ARRAY(SELECT unnest(ids) ORDER BY 1) AS ascending, cardinality(ids) FROM (SELECT ARRAY(SELECT estate.enqueue_many('deed.note',
	ARRAY(SELECT deed.note_job(i::text) FROM generate_series(1, 100) i), queue => 'many', priority => 3, max_attempts => 4, timeout => '5 s', backoff => '{6 s}', tags => '{a,b}')) ids) m;
SELECT count(*), min(args->>'what'), queue, priority, max_attempts, timeout, tags FROM estate.job WHERE queue = 'many' GROUP BY 3, 4, 5, 6, 7;
SELECT string_agg(args->>'what', ' ' ORDER BY id) = (SELECT string_agg(i::text, ' ' ORDER BY i) FROM generate_series(1, 100) i) AS in_order FROM estate.job WHERE queue = 'many';
SELECT count(*) FROM estate.enqueue_many('deed.note', '{}');
SELECT count(*) FROM estate.enqueue_many('deed.note', ARRAY[ARRAY['{"what": "x"}', '{"what": "y"}'], ARRAY['{"what": "z"}', '{"what": "w"}']]::jsonb[]);
CALL estate.run_jobs();
SELECT deed.show() = (SELECT 'x y z w ' || string_agg(i::text, ' ' ORDER BY i) FROM generate_series(1, 100) i) AS in_order;

-- the schema that a name is looked for in may change within a transaction
CREATE SCHEMA deed_2;
CREATE FUNCTION deed_2.note(args jsonb) RETURNS void LANGUAGE sql AS $$INSERT INTO deed.log (what) VALUES ('the other''s ' || (args->>'what'))$$;
BEGIN;
SET LOCAL search_path = deed;
SELECT estate.enqueue('note', deed.note_job('note')) > 0 AS enqueued;
SET LOCAL search_path = deed_2;
SELECT estate.enqueue('note', deed.note_job('note')) > 0 AS enqueued;
COMMIT;
CALL estate.run_jobs();
SELECT deed.show();

-- Waits of one's own, with a fifth of jitter; the last for all that follow
SELECT estate.enqueue('deed.fail', backoff => '{1 min, 1 hour}') AS b \gset
CALL estate.run_jobs();
SELECT attempt, run_at - (errors->-1->>'at')::timestamptz BETWEEN '48 s' AND '72 s' AS a_minute FROM estate.job WHERE id = :b;
UPDATE estate_internal.job_open SET run_at = clock_timestamp() WHERE id = :b;
CALL estate.run_jobs();
SELECT attempt, run_at - (errors->-1->>'at')::timestamptz BETWEEN '48 min' AND '72 min' AS an_hour FROM estate.job WHERE id = :b;
UPDATE estate_internal.job_open SET run_at = clock_timestamp() WHERE id = :b;
CALL estate.run_jobs();
SELECT attempt, run_at - (errors->-1->>'at')::timestamptz BETWEEN '48 min' AND '72 min' AS an_hour FROM estate.job WHERE id = :b;
SELECT estate.cancel_job(:b);
SELECT estate.enqueue('deed.fail', backoff => '{170000000 years}') AS b \gset
CALL estate.run_jobs();
SELECT run_at > now() + interval '5 years' AS far FROM estate.job WHERE id = :b;
SELECT estate.cancel_job(:b);

-- Time-outs: a failed attempt; of the job, else of its queue; a handler that makes it is not disturbed
CREATE FUNCTION deed.sleep(args jsonb) RETURNS void LANGUAGE sql AS $$SELECT pg_sleep((args->>'s')::float8); INSERT INTO deed.log (what) VALUES ('slept')$$;
SELECT estate.create_queue('hasty', timeout => '50 ms');
SELECT estate.enqueue('deed.sleep', '{"s": 60}', timeout => '50 ms', max_attempts => 1) AS own \gset
SELECT estate.enqueue('deed.sleep', '{"s": 60}', 'hasty', max_attempts => 1) AS queues \gset
SELECT estate.enqueue('deed.sleep', '{"s": 60}', timeout => '1 us', max_attempts => 1) AS shortest \gset
SELECT estate.enqueue('deed.sleep', '{"s": 0.1}', 'hasty', timeout => '1 hour') AS longer \gset
SELECT estate.enqueue('deed.sleep', '{"s": 0}', timeout => '170000000 years') AS longest \gset
CALL estate.run_jobs();
SELECT id = :own AS own, state, attempt, errors->0->>'sqlstate' AS sqlstate, errors->0->>'message' AS message
FROM estate.job WHERE id IN (:own, :queues, :shortest, :longer, :longest) ORDER BY id;
SELECT deed.show();
SELECT estate.drop_queue('hasty');
-- of a batch: until the slow one is alone
CREATE FUNCTION deed.sleep_all(args jsonb[]) RETURNS void LANGUAGE sql AS $$
	SELECT pg_sleep((a->>'s')::float8) FROM unnest(args) a; INSERT INTO deed.log (what) SELECT a->>'i' FROM unnest(args) a ORDER BY 1 $$;
SELECT count(*) FROM estate.enqueue_many('deed.sleep_all(jsonb[])', ARRAY(SELECT jsonb_build_object('i', i, 's', CASE WHEN i = 3 THEN 60 ELSE 0 END) FROM generate_series(1, 4) i), timeout => '100 ms', max_attempts => 1);
CALL estate.run_jobs();
SELECT deed.show();
SELECT state, args->>'i' AS i FROM estate.job WHERE handler LIKE 'deed.sleep_all%' AND state <> 'done';

-- A handler puts its own job off, or cancels it; what it did stays done
CREATE FUNCTION deed.decide(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO deed.log (what) VALUES (args->>'what');
	IF args ? 'snooze' THEN PERFORM estate.snooze_job(estate.this_job(), (args->>'snooze')::interval); END IF;
	IF args ? 'cancel' THEN PERFORM estate.cancel_job(estate.this_job()); END IF;
	IF args ? 'fail' THEN RAISE 'after all'; END IF;
	RETURN args;
END $$;
SELECT estate.enqueue('deed.decide', '{"what": "snoozes", "snooze": "1 hour"}') AS snoozes \gset
SELECT estate.enqueue('deed.decide', '{"what": "cancels", "cancel": 1}', unique_key => 'cancels') AS cancels \gset
SELECT estate.enqueue('deed.decide', '{"what": "fails", "cancel": 1, "fail": 1}', max_attempts => 1) AS fails \gset
SELECT estate.enqueue('deed.decide', '{"what": "returns"}') AS returns \gset
CALL estate.run_jobs();
SELECT deed.show();
SELECT args->>'what' AS what, state, attempt, run_at > now() + '50 min' AS later, result FROM estate.job WHERE id IN (:snoozes, :cancels, :fails, :returns) ORDER BY id;
SELECT count(*) AS keys FROM estate_internal.job_unique;
-- from outside
SELECT estate.snooze_job(:snoozes, '3 hours'), estate.snooze_job(:returns, '3 hours'), estate.snooze_job(-1, '3 hours'), estate.snooze_job(NULL, '1 s');
SELECT state, run_at > now() + '2 hours' AS later FROM estate.job WHERE id = :snoozes;
SELECT estate.enqueue('deed.note', '{"what": "put off"}') AS off \gset
SELECT estate.snooze_job(:off, '1 hour');
CALL estate.run_jobs();
SELECT deed.show();
SELECT state, attempt FROM estate.job WHERE id = :off;
SELECT estate.retry_job(:off), estate.cancel_job(:snoozes);
CALL estate.run_jobs();
SELECT deed.show();
-- outside of a handler there is no job, and nothing to report
SELECT estate.this_job(), estate.report_progress(1, 2, 'x'), estate.cancel_job(estate.this_job());

-- Results: what a handler of jsonb returns as jsonb
CREATE FUNCTION deed.text(args jsonb) RETURNS text LANGUAGE sql AS 'SELECT ''text''';
CREATE FUNCTION deed.nothing(args jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb';
CREATE FUNCTION deed.large(args jsonb) RETURNS jsonb LANGUAGE sql AS $$SELECT to_jsonb(repeat('x', 100000))$$;
SELECT estate.enqueue('deed.' || f, tags => '{result}') > 0 AS enqueued FROM unnest('{text,nothing,large}'::text[]) f;
CALL estate.run_jobs();
SELECT handler, length(result::text), state FROM estate.job WHERE tags = '{result}' ORDER BY id;

-- Redrive, by each filter
CREATE FUNCTION deed.dead() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(args->>'what', ' ' ORDER BY args->>'what') FROM estate.job WHERE 'redrive' = ANY (tags) AND state IN ('dead', 'cancelled') $$;
CREATE FUNCTION deed.other_fail(args jsonb) RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE division_by_zero; END$$;
SELECT estate.redrive(state => NULL) >= 0 AS cleared;
SELECT count(*) FILTER (WHERE estate.cancel_job(id)) > 0 AS cleared FROM estate.job;
DELETE FROM estate_internal.job_ended;
SELECT estate.enqueue('deed.fail', '{"what": "a", "code": "22003"}', tags => '{redrive,x}', max_attempts => 1) > 0,
	estate.enqueue('deed.fail', '{"what": "b"}', queue => 'q', tags => '{redrive,y}', max_attempts => 1) > 0,
	estate.enqueue('deed.other_fail', '{"what": "c"}', tags => '{redrive}', max_attempts => 1) > 0;
SELECT estate.enqueue('deed.note', '{"what": "d"}', tags => '{redrive}', run_at => now() + '1 hour') AS cancelled \gset
SELECT estate.cancel_job(:cancelled);
CALL estate.run_jobs();
SELECT deed.dead();
SELECT estate.redrive(queue => 'q'), deed.dead();
CALL estate.run_jobs();
SELECT estate.redrive(handler => 'deed.other_fail'), deed.dead();
CALL estate.run_jobs();
SELECT estate.redrive(handler => 'deed.fail(jsonb)', tag => 'x'), deed.dead();
CALL estate.run_jobs();
SELECT estate.redrive(error => '22003'), deed.dead();
CALL estate.run_jobs();
SELECT estate.redrive(error => 'by_zero'), deed.dead();
CALL estate.run_jobs();
SELECT estate.redrive(ended_to => now() - interval '1 hour'), estate.redrive(ended_from => now() + interval '1 hour'), estate.redrive(tag => 'none'), deed.dead();
SELECT estate.redrive(ended_from => now() - interval '1 hour', ended_to => now() + interval '1 hour'), deed.dead();
CALL estate.run_jobs();
SELECT estate.redrive(state => 'cancelled'), deed.dead();
CALL estate.run_jobs();
SELECT deed.show();
SELECT args->>'what' AS what, attempt, jsonb_array_length(errors) AS errors, jsonb_path_query_array(errors, '$[*].attempt') AS attempts FROM estate.job WHERE 'redrive' = ANY (tags) ORDER BY 1;
-- of those with one unique key the newest; none where the key is taken
SELECT estate.enqueue('deed.fail', deed.note_job('u1'), unique_key => 'u', tags => '{u}', max_attempts => 1) > 0 AS enqueued;
CALL estate.run_jobs();
SELECT estate.enqueue('deed.fail', deed.note_job('u2'), unique_key => 'u', tags => '{u}', max_attempts => 1) > 0 AS enqueued;
CALL estate.run_jobs();
SELECT estate.enqueue('deed.note', deed.note_job('u3'), unique_key => 'u', run_at => now() + '1 hour') AS u3 \gset
SELECT estate.redrive(tag => 'u');
SELECT estate.cancel_job(:u3);
SELECT estate.redrive(tag => 'u');
SELECT args->>'what' AS what, state FROM estate.job WHERE tags = '{u}' ORDER BY id;
SELECT estate.enqueue('deed.note', unique_key => 'u') = (SELECT id FROM estate.job WHERE args->>'what' = 'u2') AS taken;
CALL estate.run_jobs();
SELECT count(*) AS keys FROM estate_internal.job_unique;
SELECT deed.show();

SELECT estate.cancel_job(id) FROM estate.job WHERE ended_at IS NULL;
DROP SCHEMA deed, deed_2 CASCADE;
