--
-- What somebody adds to the tables of the queue: a column stays null, an index is
-- kept as it should be, and what cannot be survived is refused with a word.
--
\set VERBOSITY default
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS ready FROM estate.setup();
CREATE SCHEMA crew;
CREATE FUNCTION crew.note(jsonb) RETURNS void LANGUAGE sql AS 'SELECT';
CREATE FUNCTION crew.fail(jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;
-- jobs of every way, and what became of them
CREATE FUNCTION crew.try() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	one bigint;
	said text;
BEGIN
	PERFORM estate.enqueue('crew.note', jsonb_build_object('i', i), priority => i % 3 - 1) FROM generate_series(1, 50) i;
	one := estate.enqueue('crew.note', '{"i": 51}', unique_key => 'one');
	said := concat_ws(' ', estate.snooze_job(one, '1 hour'), estate.retry_job(one), estate.cancel_job(one), estate.retry_job(one));
	PERFORM estate.enqueue('crew.fail', max_attempts => 1) FROM generate_series(1, 3);
	RETURN said;
END $$;
CREATE FUNCTION crew.ended() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(state || ' ' || n, ', ' ORDER BY state) FROM (SELECT state, count(*) AS n FROM estate.job WHERE handler LIKE 'crew%' GROUP BY 1) s $$;

-- columns, of single tables and of all
ALTER TABLE estate_internal.job_ready_0_1_0 ADD COLUMN mine text;
ALTER TABLE estate_internal.job_ended_0 ADD COLUMN mine text;
SELECT crew.try();
CALL estate.run_jobs();
SELECT crew.ended();
ALTER TABLE estate_internal.job_ready ADD COLUMN ours int;
ALTER TABLE estate_internal.job_ended ADD COLUMN ours int;
ALTER TABLE estate_internal.job_open ADD COLUMN ours int;
SELECT crew.try();
CALL estate.run_jobs();
SELECT crew.ended();
SELECT estate.redrive(state => 'dead');
SELECT estate.create_queue('more');
SELECT estate.enqueue('crew.note', queue => 'more') > 0 AS enqueued FROM generate_series(1, 3);
SELECT estate.drop_queue('more', cancel_jobs => true);
CALL estate.run_jobs();
SELECT crew.ended();
-- and dropped again
ALTER TABLE estate_internal.job_ready DROP COLUMN ours;
ALTER TABLE estate_internal.job_ended DROP COLUMN ours;
ALTER TABLE estate_internal.job_open DROP COLUMN ours;
SELECT crew.try();
CALL estate.run_jobs();
SELECT crew.ended();

-- what only the executor could fill is refused
ALTER TABLE estate_internal.job_ready_0_1_0 ADD COLUMN strict int DEFAULT 1;
SELECT estate.enqueue('crew.note');
ALTER TABLE estate_internal.job_ready_0_1_0 ALTER strict DROP NOT NULL, ALTER strict DROP DEFAULT;
SELECT estate.enqueue('crew.note') > 0 AS enqueued;
ALTER TABLE estate_internal.job_ended_0 ADD COLUMN strict int NOT NULL DEFAULT 1;
CALL estate.run_jobs();
ALTER TABLE estate_internal.job_ended_0 DROP COLUMN strict;
CALL estate.run_jobs();

-- indexes, on a lane and on the part of the history that is being written
CREATE INDEX ON estate_internal.job_ready_0_1_0 (id);
CREATE INDEX ON estate_internal.job_ended_0 (id);
CREATE INDEX ON estate_internal.job_ended_0 ((args->>'i'));
SELECT crew.try();
SET enable_seqscan = off;
SELECT count(*) FROM estate_internal.job_ready_0_1_0 r WHERE id IN (SELECT id FROM estate.job WHERE handler = 'crew.note(jsonb)');
CALL estate.run_jobs();
SELECT crew.ended();
SELECT count(*) FROM estate_internal.job_ended_0 WHERE args->>'i' = '50';
SELECT count(*) FROM estate_internal.job_ready;
DROP SCHEMA crew CASCADE;
SELECT count(*) > 0 AS torn_down FROM estate.teardown(drop_data => true);
