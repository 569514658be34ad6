--
-- Jobs of workers in other programs: fetched, extended, reported back, lost.
-- No workers run here. Times are in the rows, so nothing waits: a lease runs out when it is set back.
--
\set ON_ERROR_STOP on
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS ready FROM estate.setup();
SET client_min_messages = notice;
\set ON_ERROR_STOP off

CREATE FUNCTION run_out(which bigint[]) RETURNS bigint LANGUAGE sql AS $$
	WITH late AS (UPDATE estate_internal.job_open SET leased_until = clock_timestamp() - interval '1 s' WHERE id = ANY (which) AND leased_until IS NOT NULL RETURNING 1)
	SELECT count(*) FROM late $$;
CREATE FUNCTION state_of(which bigint) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', state, attempt, worker, jsonb_path_query_array(errors, '$[*].message')) FROM estate.job WHERE id = which $$;
-- fetches one, of queue work, and keeps its id and token
\set fetch 'SELECT id, token FROM estate.fetch_jobs(''work'', worker => ''w'') \\gset'

-- enqueued without a warning that no workers run; not run by run_jobs()
SELECT estate.enqueue('external:mail', '{"n": 1}', queue => 'work') AS one \gset
SELECT estate.enqueue('external:', '{}');
CALL estate.run_jobs('work');
SELECT state_of(:one);
SELECT handler, args, attempt, max_attempts, leased_until > clock_timestamp() + interval '50 s' AS a_minute, effect_key IS NOT NULL AS key
FROM estate.fetch_jobs('work', 5);
SELECT count(*) FROM estate.fetch_jobs('work');
SELECT state, worker, leased_until IS NOT NULL AS leased FROM estate.job WHERE id = :one;
SELECT lease_token AS token FROM estate_internal.job_open \gset
SELECT estate.complete_job(:one, :token + 1), estate.complete_job(:one + 1000, :token), estate.complete_job(:one, NULL);
SELECT estate.complete_job(:one, :token + 1), estate.complete_job(:one + 1000, :token);
SELECT estate.complete_job(:one, :token, '{"sent": true}') AS done, estate.complete_job(:one, :token) AS again;
SELECT state, attempt, result, worker, leased_until FROM estate.job WHERE id = :one;

-- the order is that of priority, then of time; what is not due, of another queue or another handler is left
SELECT count(*) FROM (
	SELECT estate.enqueue('external:mail', '{"n": "late"}', queue => 'work', run_at => now() - interval '1 min'),
		estate.enqueue('external:mail', '{"n": "low"}', queue => 'work', priority => 1, run_at => now() - interval '1 day'),
		estate.enqueue('external:mail', '{"n": "urgent"}', queue => 'work', priority => -5),
		estate.enqueue('external:mail', '{"n": "later"}', queue => 'work', priority => -9, run_at => now() + interval '1 h'),
		estate.enqueue('external:fax', '{"n": "fax"}', queue => 'work'),
		estate.enqueue('external:mail', '{"n": "elsewhere"}', queue => 'other')) q;
SELECT args->>'n' AS n FROM estate.fetch_jobs('work', 10, of_handler => 'external:fax');
SELECT args->>'n' AS n FROM estate.fetch_jobs('work', 2);
SELECT args->>'n' AS n FROM estate.fetch_jobs('work', 10);
SELECT count(*) FROM estate.heartbeat_jobs((SELECT array_agg(id) FROM estate_internal.job_open), (SELECT array_agg(lease_token) FROM estate_internal.job_open));
SELECT count(*) FILTER (WHERE estate.cancel_job(id)) AS cancelled FROM estate.job WHERE state IN ('running', 'available', 'scheduled');

-- failed: the back-off, a time of one's own, and the end
SELECT estate.enqueue('external:mail', queue => 'work', max_attempts => 3, backoff => '{1 h}') AS job \gset
:fetch
SELECT estate.fail_job(:id, :token, 'no route'), estate.fail_job(:id, :token, 'again');
SELECT run_at - now() > interval '40 min' AS an_hour, state_of(:job) FROM estate.job WHERE id = :job;
SELECT estate.retry_job(:job);
UPDATE estate_internal.job_open SET attempt = 1 WHERE id = :job;
:fetch
SELECT estate.fail_job(:id, :token, 'no route', retry_in => '0');
:fetch
SELECT estate.fail_job(:id, :token, 'no route', retry_in => '-1 s');
SELECT estate.fail_job(:id, :token, 'no more', retry_in => '5 s');
SELECT state_of(:job);

-- a lease that ran out is still the worker's, until somebody asks for jobs; then its token is worth nothing
SELECT estate.enqueue('external:mail', queue => 'work', max_attempts => 2) AS job \gset
:fetch
SELECT run_out(ARRAY[:job]), state_of(:job);
SELECT estate.heartbeat_jobs(ARRAY[:id], ARRAY[:token], '1 h') = :id AS held, state_of(:job);
SELECT run_out(ARRAY[:job]);
SELECT id AS id2, token AS token2, attempt FROM estate.fetch_jobs('work', worker => 'w2') \gset
SELECT :id = :id2 AS same_job, :token2 > :token AS greater, :attempt AS attempt, state_of(:job);
SELECT estate.complete_job(:id, :token), estate.fail_job(:id, :token, 'late'), estate.snooze_job(:id, :token, '1 s'),
	estate.release_jobs(ARRAY[:id], ARRAY[:token]), (SELECT count(*) FROM estate.heartbeat_jobs(ARRAY[:id], ARRAY[:token])) AS held;
SELECT state_of(:job);
SELECT run_out(ARRAY[:job]);
SELECT count(*) FROM estate.fetch_jobs('work');
SELECT state_of(:job), estate.complete_job(:id, :token2);

-- put off and given back: no attempt
SELECT estate.enqueue('external:mail', queue => 'work') AS job \gset
:fetch
SELECT estate.release_jobs(ARRAY[:id, :id + 1000], ARRAY[:token, :token]), state_of(:job);
SELECT estate.complete_job(:id, :token);
:fetch
SELECT estate.snooze_job(:job, '1 h') AS by_id, estate.retry_job(:job) AS retried;
SELECT estate.snooze_job(:id, :token, '1 h') AS by_token, state_of(:job);
SELECT estate.snooze_job(:job, '0') AS by_id;
:fetch
-- cancelled while leased: at once
SELECT estate.cancel_job(:job), state_of(:job), estate.complete_job(:id, :token);

-- unique keys: until done, or until it starts; what is leased is not replaced
SELECT estate.enqueue('external:mail', queue => 'work', unique_key => 'k') AS job \gset
:fetch
SELECT estate.enqueue('external:mail', '{"new": 1}', queue => 'work', unique_key => 'k', on_conflict => 'replace') = :job AS same;
SELECT args FROM estate.job WHERE id = :job;
SELECT estate.complete_job(:id, :token), estate.enqueue('external:mail', queue => 'work', unique_key => 'k', unique_until => 'start') > :job AS free;
:fetch
SELECT estate.enqueue('external:mail', queue => 'work', unique_key => 'k', unique_until => 'start') > :id AS another;
SELECT estate.complete_job(:id, :token);
:fetch
SELECT estate.complete_job(:id, :token);

-- completed with one's own writes, or not at all
CREATE TABLE effect (id bigint);
SELECT estate.enqueue('external:mail', queue => 'work') AS job \gset
:fetch
BEGIN;
INSERT INTO effect VALUES (:id);
SELECT estate.complete_job(:id, :token);
ROLLBACK;
SELECT (SELECT count(*) FROM effect), state_of(:job);
BEGIN;
INSERT INTO effect VALUES (:id);
SELECT estate.complete_job(:id, :token);
COMMIT;
SELECT (SELECT count(*) FROM effect), state_of(:job);

-- dependencies, and the state of the queue
SELECT estate.enqueue('external:mail', '{"n": 1}', queue => 'work') AS job \gset
SELECT estate.enqueue('external:mail', '{"n": 2}', queue => 'work', depends_on => ARRAY[:job]) AS second \gset
:fetch
SELECT count(*) FROM estate.fetch_jobs('work');
SELECT available, running, blocked FROM estate.queue_status WHERE queue = 'work';
SELECT estate.complete_job(:id, :token);
:fetch
SELECT :id = :second AS second, estate.complete_job(:id, :token);

-- limits: paused; of the queue, of a worker, of a key, each counted over all leases
SELECT estate.create_queue('narrow', concurrency => 3, concurrency_local => 2), estate.pause_queue('narrow');
SELECT count(*) FROM (SELECT estate.enqueue('external:mail', queue => 'narrow') FROM generate_series(1, 9)) q;
SELECT count(*) AS paused FROM estate.fetch_jobs('narrow', 9);
SELECT estate.resume_queue('narrow');
SELECT count(*) AS of_a_worker FROM estate.fetch_jobs('narrow', 9, worker => 'a');
SELECT count(*) AS of_the_queue FROM estate.fetch_jobs('narrow', 9, worker => 'b');
SELECT count(*) AS none FROM estate.fetch_jobs('narrow', 9, worker => 'c');
SELECT count(*) FILTER (WHERE estate.complete_job(id, lease_token)) AS done FROM estate_internal.job_open WHERE leased_to = 'a';
SELECT count(*) AS freed FROM estate.fetch_jobs('narrow', 9, worker => 'c');
SELECT count(*) FROM estate.fetch_jobs('narrow', 9);
SELECT run_out(array_agg(id)) FROM estate.job WHERE queue = 'narrow';
SELECT count(*) AS ran_out FROM estate.fetch_jobs('narrow', 9, worker => 'd');
SELECT estate.drop_queue('narrow', cancel_jobs => true);

SELECT estate.create_queue('keyed', key => 'agency', concurrency_by_key => 1);
SELECT count(*) FROM (SELECT estate.enqueue('external:mail', jsonb_build_object('agency', CASE WHEN i < 6 THEN 'a' ELSE 'b' END, 'i', i), queue => 'keyed')
	FROM generate_series(1, 9) i) q;
SELECT args FROM estate.fetch_jobs('keyed', 9);
SELECT count(*) FROM estate.fetch_jobs('keyed', 9);
SELECT count(*) FROM (SELECT estate.fail_job(id, lease_token, 'x', '1 h') FROM estate_internal.job_open WHERE leased_until IS NOT NULL AND held_key = 'a') q;
SELECT args FROM estate.fetch_jobs('keyed', 9);
SELECT estate.alter_queue('keyed', concurrency_by_key => 0);
SELECT args->'i' AS i FROM estate.fetch_jobs('keyed', 9);
SELECT estate.drop_queue('keyed', cancel_jobs => true);

SELECT estate.create_queue('slow', key => 'agency', rate_by_key => 2, rate_period => '1 h');
SELECT count(*) FROM (SELECT estate.enqueue('external:mail', jsonb_build_object('agency', i % 2), queue => 'slow') FROM generate_series(1, 9) i) q;
SELECT count(*), count(DISTINCT args) AS agencies FROM estate.fetch_jobs('slow', 9);
SELECT count(*) FROM estate.fetch_jobs('slow', 9);
SELECT estate.alter_queue('slow', key => '', rate_by_key => 0, rate => 3);
BEGIN;
SELECT count(*) FROM estate.fetch_jobs('slow', 2);
ROLLBACK;
SELECT count(*) FROM estate.fetch_jobs('slow', 9);
SELECT estate.drop_queue('slow', cancel_jobs => true);

-- only jobs of roles that one is a member of
CREATE ROLE lease_one IN ROLE estate_operator;
CREATE ROLE lease_two IN ROLE estate_operator;
SET ROLE lease_one;
SELECT estate.enqueue('external:mail', queue => 'work') AS job \gset
:fetch
SET ROLE lease_two;
SELECT estate.complete_job(:id, :token), (SELECT count(*) FROM estate.heartbeat_jobs(ARRAY[:id], ARRAY[:token])) AS held,
	estate.release_jobs(ARRAY[:id], ARRAY[:token]);
\set VERBOSITY sqlstate
SELECT estate.cancel_job(:id);
\set VERBOSITY default
RESET ROLE;
SELECT run_out(ARRAY[:id]);
SET ROLE lease_two;
SELECT count(*) FROM estate.fetch_jobs('work');
SET ROLE lease_one;
:fetch
SELECT estate.complete_job(:id, :token);
RESET ROLE;

-- what is asked for wrongly
SELECT estate.fetch_jobs(NULL);
SELECT estate.fetch_jobs('work', 0);
SELECT estate.fetch_jobs('work', lease => '0');
SELECT estate.fetch_jobs('work', lease => '200000 years');
SELECT estate.fetch_jobs('work', lease => '1 day 1 us');
SELECT count(*) FROM estate.fetch_jobs('work', lease => '1 day');
SELECT estate.heartbeat_jobs('{1}', '{1}', '2 days');
SELECT estate.heartbeat_jobs('{1, 2}', '{1}');
SELECT estate.release_jobs('{}', '{}'), estate.release_jobs('{NULL}', '{1}');
SELECT estate.fail_job(1, 1, NULL);
SELECT count(*) AS left FROM estate_internal.job_open WHERE queue <> 'other';

DROP TABLE effect;
DROP FUNCTION run_out(bigint[]), state_of(bigint);
DROP ROLE lease_one, lease_two;
