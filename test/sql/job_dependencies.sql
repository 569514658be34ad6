--
-- Jobs that wait for other jobs: chains, joins, a handler at the end of many,
-- and what becomes of those that wait for what failed.
--
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS ready FROM estate.setup();
CREATE SCHEMA chain;
CREATE TABLE chain.log (n serial, what text);
CREATE FUNCTION chain.note(args jsonb) RETURNS void LANGUAGE sql AS $$INSERT INTO chain.log (what) VALUES (args->>'what')$$;
CREATE FUNCTION chain.fail(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;
-- shows the log and empties it
CREATE FUNCTION chain.show() RETURNS text LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM chain.log RETURNING *) SELECT string_agg(what, ' ' ORDER BY n) FROM gone $$;
CREATE FUNCTION chain.add(what text, depends_on bigint[] DEFAULT NULL, depends_when text DEFAULT 'done', priority int DEFAULT 0, handler text DEFAULT 'chain.note')
	RETURNS bigint LANGUAGE sql AS $$ SELECT estate.enqueue(handler, jsonb_build_object('what', what), priority => priority, max_attempts => 1,
		depends_on => depends_on, depends_when => depends_when, unique_key => what) $$;

-- a chain runs in its order, whatever the priorities
SELECT chain.add('one', priority => 9) AS one \gset
SELECT chain.add('two', ARRAY[:one], priority => 5) AS two \gset
SELECT chain.add('three', ARRAY[:two, :one, :two], priority => -5) AS three \gset
SELECT args->>'what' AS what, state FROM estate.job ORDER BY id;
SELECT state, count(*) FROM estate.job GROUP BY 1 ORDER BY 1;
CALL estate.run_jobs();
SELECT chain.show();
SELECT count(*) AS left_over FROM estate_internal.job_dependency;

-- all of it in one transaction, and on jobs of another that still wait or are done
SELECT chain.add('before') AS before \gset
BEGIN;
SELECT chain.add('a', ARRAY[:before]) AS a \gset
SELECT chain.add('b', ARRAY[:one]) AS b \gset
SELECT chain.add('c', ARRAY[:a, :b]) AS c \gset
COMMIT;
SELECT args->>'what' AS what, state FROM estate.job WHERE id >= :before ORDER BY id;
CALL estate.run_jobs();
SELECT chain.show();
BEGIN;
SELECT chain.add('nothing', ARRAY[chain.add('of this')]) > 0 AS enqueued;
ROLLBACK;
CALL estate.run_jobs();
SELECT chain.show(), count(*) AS left_over FROM estate_internal.job_dependency;

-- a handler at the end of many
SELECT estate.enqueue('chain.note', '{"what": "end"}', depends_on => ARRAY(SELECT estate.enqueue_many('chain.note', ARRAY(SELECT jsonb_build_object('what', i) FROM generate_series(1, 200) i)))) AS ending \gset
SELECT count(*) FROM estate_internal.job_dependency;
CALL estate.run_jobs();
SELECT count(*), max(n) = max(n) FILTER (WHERE what = 'end') AS last FROM chain.log;
SELECT chain.show() IS NOT NULL AS shown;

-- what waits for what failed is cancelled, and so on; what waits for the end of it runs
SELECT chain.add('bad', handler => 'chain.fail') AS bad \gset
SELECT chain.add('next', ARRAY[:bad]) AS next \gset
SELECT chain.add('after next', ARRAY[:next, :one]) AS after_next \gset
SELECT chain.add('anyway', ARRAY[:bad, :after_next], 'ended') AS anyway \gset
CALL estate.run_jobs();
SELECT args->>'what' AS what, state, errors->-1->>'message' AS why FROM estate.job WHERE id >= :bad ORDER BY id;
SELECT chain.show(), count(*) AS left_over FROM estate_internal.job_dependency;
-- their unique keys are free again
SELECT chain.add('next') > :next AS free;
CALL estate.run_jobs();
SELECT chain.show();
-- too late
SELECT chain.add('too late', ARRAY[:bad]) AS late \gset
SELECT state, errors->-1->>'message' = format('job %s, which it depends on, failed or was cancelled', :bad) AS why FROM estate.job WHERE id = :late;
SELECT chain.add('not too late', ARRAY[:bad], 'ended') AS in_time \gset
CALL estate.run_jobs();
SELECT chain.show();

-- cancelled by hand, put off, tried again
SELECT chain.add('root') AS root \gset
SELECT chain.add('leaf', ARRAY[:root]) AS leaf \gset
SELECT estate.retry_job(:leaf);
SELECT estate.snooze_job(:leaf, '1 hour');
CALL estate.run_jobs();
SELECT state, run_at > now() AS later FROM estate.job WHERE id = :leaf;
SELECT estate.retry_job(:leaf);
CALL estate.run_jobs();
SELECT chain.show();
SELECT chain.add('root') AS root \gset
SELECT chain.add('leaf', ARRAY[:root]) AS leaf \gset
SELECT estate.cancel_job(:root);
SELECT state FROM estate.job WHERE id = :leaf;
SELECT chain.add('root') AS root \gset
SELECT chain.add('leaf', ARRAY[:root]) AS leaf \gset
SELECT estate.cancel_job(:leaf);
CALL estate.run_jobs();
SELECT chain.show(), count(*) AS left_over FROM estate_internal.job_dependency;

-- mistakes
SELECT chain.add('x', ARRAY[9000000000]);
SELECT chain.add('x', ARRAY[NULL::bigint]);
SELECT chain.add('x', ARRAY[:root], 'maybe');
CREATE ROLE chain_stranger;
GRANT estate_operator TO chain_stranger;
SELECT chain.add('root') AS root \gset
SET ROLE chain_stranger;
SELECT estate.enqueue('train', depends_on => ARRAY[:root]);
RESET ROLE;

-- a job that is asked for anew cannot wait for one that waits for it
SELECT estate.enqueue('train', run_at => now() + '1 hour', unique_key => 'round') AS first \gset
SELECT estate.enqueue('train', depends_on => ARRAY[:first]) AS second \gset
SELECT estate.enqueue('train', depends_on => ARRAY[:second]) AS third \gset
\set VERBOSITY sqlstate
SELECT estate.enqueue('train', unique_key => 'round', on_conflict => 'replace', depends_on => ARRAY[:third]);
SELECT estate.enqueue('train', unique_key => 'round', on_conflict => 'replace', depends_on => ARRAY[:first]);
\set VERBOSITY terse
SELECT state FROM estate.job WHERE id IN (:first, :second, :third) ORDER BY id;
SELECT estate.cancel_job(:first);

CALL estate.run_jobs();
DROP SCHEMA chain CASCADE;
DROP ROLE chain_stranger;


