--
-- No user code runs as a superuser, or as anybody but who enqueued it; and
-- nobody touches the jobs of others.
--
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS ready FROM estate.setup();
CREATE ROLE regress_anna;
CREATE ROLE regress_bert;
CREATE ROLE regress_nobody;
GRANT estate_operator TO regress_anna, regress_bert;
-- private schemas: not even the owner of pg_estate's tables may look into them
CREATE SCHEMA anna AUTHORIZATION regress_anna;
CREATE SCHEMA bert AUTHORIZATION regress_bert;
CREATE TABLE public.treasure (what text);

-- what a handler sees, and what it tries
SET SESSION AUTHORIZATION regress_anna;
CREATE TABLE anna.seen (what text, value text);
CREATE FUNCTION anna.look(args jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO anna.seen VALUES ('user', current_user), ('path', current_setting('search_path')), ('args', args);
END $$;
-- runs any statement; a handler may be as bad as its author
CREATE FUNCTION anna.try(args jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO anna.seen VALUES ('tried', args->>'sql');
	EXECUTE args->>'sql';
END $$;
CREATE TABLE anna.parent (id int PRIMARY KEY);
CREATE TABLE anna.child (id int REFERENCES anna.parent DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION anna.spring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO anna.seen VALUES ('trigger runs as', current_user);
	INSERT INTO public.treasure VALUES ('taken by a trigger');
	RETURN NULL;
END $$;
CREATE TABLE anna.trap (id int);
CREATE CONSTRAINT TRIGGER spring AFTER INSERT ON anna.trap DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION anna.spring();

-- who may enqueue what
SELECT estate.enqueue('anna.missing');
SELECT estate.enqueue('anna.look(text)');
SELECT estate.enqueue('no such thing');
SELECT estate.enqueue('');
SELECT estate.enqueue(NULL);
SELECT estate.enqueue('anna.look', queue => '');
SELECT estate.enqueue('anna.look', priority => 40000);
SELECT estate.enqueue('anna.look', max_attempts => 0);
SELECT estate.enqueue('pg_catalog.jsonb_array_elements');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_bert;
SELECT estate.enqueue('anna.look');
RESET SESSION AUTHORIZATION;
REVOKE ALL ON FUNCTION anna.look FROM PUBLIC;
GRANT USAGE ON SCHEMA anna TO regress_bert;
SET SESSION AUTHORIZATION regress_bert;
SELECT estate.enqueue('anna.look');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_nobody;
SELECT estate.enqueue('pg_catalog.jsonb_pretty');
SELECT estate.cancel_job(1);
CALL estate.run_jobs();
RESET SESSION AUTHORIZATION;

-- a job of a superuser's session that runs as anna: user, path, arguments
SET SESSION AUTHORIZATION regress_anna;
SELECT estate.enqueue('anna.look', '{"n": 1, "deep": {"list": [1, null, "ä"]}}') > 0 AS enqueued;
RESET SESSION AUTHORIZATION;
CALL estate.run_jobs();
SELECT * FROM anna.seen;
TRUNCATE anna.seen;

-- what it tries fails, and undoes only itself: the innocent job behind all of it runs
SET SESSION AUTHORIZATION regress_anna;
SELECT count(estate.enqueue('anna.try', jsonb_build_object('sql', sql), max_attempts => 1)) AS attempts
FROM unnest(ARRAY[
	'INSERT INTO public.treasure VALUES (''taken'')',
	'SET ROLE postgres',
	'SET ROLE estate_admin',
	'SET LOCAL ROLE NONE',
	'RESET ROLE',
	'SELECT set_config(''role'', ''none'', false)',
	'SET SESSION AUTHORIZATION DEFAULT',
	'RESET SESSION AUTHORIZATION',
	'CREATE TEMP TABLE pg_class (x int)',
	'INSERT INTO anna.trap VALUES (1)',
	'SET CONSTRAINTS ALL DEFERRED; INSERT INTO anna.trap VALUES (1)',
	'SET CONSTRAINTS ALL DEFERRED; INSERT INTO anna.child VALUES (1)',
	'INSERT INTO anna.child VALUES (1)',
	'INSERT INTO estate_internal.job_open SELECT * FROM estate_internal.job_open',
	'UPDATE estate_internal.installation SET tables_version = 0',
	'COMMIT',
	'CALL estate.run_jobs()',
	'SELECT estate.enable_workers()',
	'SELECT * FROM estate.teardown()',
	'DECLARE held CURSOR WITH HOLD FOR SELECT 1',
	'LISTEN estate',
	'SELECT 1/0'
]) WITH ORDINALITY AS t(sql, n);
SELECT estate.enqueue('anna.look', '{"after": "all"}') > 0 AS enqueued;
RESET SESSION AUTHORIZATION;
CALL estate.run_jobs();
SELECT state, args->>'sql' AS tried, e->>'sqlstate' AS sqlstate
FROM estate.job LEFT JOIN LATERAL jsonb_array_elements(errors) e ON true
WHERE handler = 'anna.try(jsonb)' ORDER BY id;
SELECT * FROM anna.seen;
SELECT * FROM public.treasure;
TRUNCATE anna.seen;

-- a deferred key that holds by the end of the statement is no error
SET SESSION AUTHORIZATION regress_anna;
INSERT INTO anna.parent VALUES (1);
SELECT estate.enqueue('anna.try', '{"sql": "INSERT INTO anna.child VALUES (1)"}', max_attempts => 1) > 0 AS enqueued;
RESET SESSION AUTHORIZATION;
CALL estate.run_jobs();
SELECT * FROM anna.child;
TRUNCATE anna.seen;

-- in a transaction of the caller: nothing of a job waits for his commit, where it would be done as him
SET SESSION AUTHORIZATION regress_anna;
SELECT count(estate.enqueue('anna.try', jsonb_build_object('sql', sql), priority => 5, max_attempts => 1)) AS enqueued
FROM unnest(ARRAY[
	'INSERT INTO anna.trap VALUES (1)',
	'INSERT INTO anna.child VALUES (2)',
	'SET CONSTRAINTS ALL DEFERRED; INSERT INTO anna.trap VALUES (1)',
	'SET work_mem = ''64kB''',
	'SET TRANSACTION READ ONLY',
	'SELECT 1/0',
	'SELECT'
]) sql;
RESET SESSION AUTHORIZATION;
BEGIN;
CALL estate.run_jobs();
SHOW work_mem;
SHOW transaction_read_only;
SELECT current_user = session_user AS myself;
COMMIT;
SELECT state, args->>'sql' AS tried, errors->0->>'sqlstate' AS sqlstate FROM estate.job WHERE priority = 5 AND handler = 'anna.try(jsonb)' ORDER BY id;
SELECT * FROM anna.seen ORDER BY value;
SELECT (SELECT count(*) FROM anna.trap) AS trap, (SELECT count(*) FROM anna.child WHERE id = 2) AS child, (SELECT count(*) FROM public.treasure) AS treasure;
TRUNCATE anna.seen;

-- what a handler sets does not outlive it, well or not
SET SESSION AUTHORIZATION regress_anna;
SELECT count(estate.enqueue('anna.try', jsonb_build_object('sql', sql), max_attempts => 1)) AS enqueued
FROM unnest(ARRAY[
	'SET search_path = anna; SET work_mem = ''64kB''; SET datestyle = ''German''; SET statement_timeout = 1',
	'SET search_path = anna; SET work_mem = ''64kB''; SELECT 1/0',
	'SELECT set_config(''search_path'', ''anna'', false), set_config(''my.own'', ''left behind'', false)'
]) sql;
SELECT estate.enqueue('anna.look') > 0 AS enqueued;
RESET SESSION AUTHORIZATION;
SHOW search_path;
CALL estate.run_jobs();
SHOW search_path;
SHOW datestyle;
SHOW statement_timeout;
SHOW work_mem;
SELECT coalesce(current_setting('my.own', true), '') AS left_behind, current_user = session_user AS myself;
SELECT * FROM anna.seen WHERE what <> 'tried';
TRUNCATE anna.seen;

-- run_jobs runs the jobs of roles that the caller is a member of, no others
SET SESSION AUTHORIZATION regress_anna;
SELECT estate.enqueue('anna.look', '{"for": "anna"}') > 0 AS enqueued;
SELECT estate.enqueue('anna.look', '{"for": "anna"}', run_at => 'tomorrow') AS waiting \gset
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_bert;
CALL estate.run_jobs();
\set VERBOSITY sqlstate
SELECT estate.cancel_job(:waiting);
SELECT estate.retry_job(:waiting);
\set VERBOSITY terse
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM anna.seen;
GRANT regress_anna TO regress_bert;
SET SESSION AUTHORIZATION regress_bert;
CALL estate.run_jobs();
SELECT estate.cancel_job(:waiting);
RESET SESSION AUTHORIZATION;
SELECT * FROM anna.seen;
TRUNCATE anna.seen;
REVOKE regress_anna FROM regress_bert;
-- the owner of the tables may cancel anything
SET SESSION AUTHORIZATION regress_anna;
SELECT estate.enqueue('anna.look', run_at => 'tomorrow') AS waiting \gset
RESET SESSION AUTHORIZATION;
GRANT estate_admin TO regress_bert;
SET SESSION AUTHORIZATION regress_bert;
SELECT estate.cancel_job(:waiting);
RESET SESSION AUTHORIZATION;
REVOKE estate_admin FROM regress_bert;

-- rights are looked at when the job runs, too
CREATE FUNCTION bert.lent(jsonb) RETURNS void LANGUAGE sql AS 'SELECT';
GRANT USAGE ON SCHEMA bert TO regress_anna;
SET SESSION AUTHORIZATION regress_anna;
SELECT estate.enqueue('bert.lent', max_attempts => 1) AS first \gset
RESET SESSION AUTHORIZATION;
REVOKE EXECUTE ON FUNCTION bert.lent FROM PUBLIC;
CALL estate.run_jobs();
SELECT state, errors->0->>'sqlstate' AS sqlstate, errors->0->>'message' AS message FROM estate.job WHERE id = :first;
SET SESSION AUTHORIZATION regress_anna;
SELECT estate.enqueue('anna.look', max_attempts => 1) AS second \gset
DROP FUNCTION anna.look;
RESET SESSION AUTHORIZATION;
CALL estate.run_jobs();
SELECT state, errors->0->>'sqlstate' AS sqlstate, errors->0->>'message' AS message FROM estate.job WHERE id = :second;

-- a role that is gone
SET SESSION AUTHORIZATION regress_bert;
SELECT estate.enqueue('pg_catalog.jsonb_pretty', max_attempts => 1) AS orphan \gset
RESET SESSION AUTHORIZATION;
DROP SCHEMA bert CASCADE;
DROP OWNED BY regress_bert;
DROP ROLE regress_bert;
CALL estate.run_jobs();
SELECT state, role::text ~ '^\d+$' AS role_is_gone, errors->0->>'sqlstate' AS sqlstate, errors->0->>'message' AS message FROM estate.job WHERE id = :orphan;

DROP SCHEMA anna CASCADE;
DROP TABLE public.treasure;
DROP OWNED BY regress_anna;
DROP ROLE regress_anna, regress_nobody;
