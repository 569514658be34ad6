-- job: work to do later

CREATE FUNCTION estate.enqueue(handler text, args jsonb DEFAULT '{}', queue text DEFAULT 'default', priority int DEFAULT 0,
		run_at timestamptz DEFAULT NULL, unique_key text DEFAULT NULL, max_attempts int DEFAULT 20, unique_until text DEFAULT 'done',
		on_conflict text DEFAULT 'skip', timeout interval DEFAULT NULL, backoff interval[] DEFAULT NULL, tags text[] DEFAULT NULL,
		depends_on bigint[] DEFAULT NULL, depends_when text DEFAULT 'done') RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_enqueue' LANGUAGE C;
COMMENT ON FUNCTION estate.enqueue(text, jsonb, text, int, timestamptz, text, int, text, text, interval, interval[], text[], bigint[], text) IS
'Enqueues a job in this transaction, to be run as the calling role: handler is a function schema.name(jsonb), run exactly once, or schema.name(jsonb[]), '
'called once for many jobs, one of the built-ins feed, media, train, score, or external:NAME for workers that call fetch_jobs(). Lower priorities run first. Returns the id of the job, or of the role''s job with '
'the same unique_key, which is taken until the job is done (or unique_until => ''start'' or an interval) and must not begin with feed: or media:; '
'on_conflict => ''replace'' gives that job, if it still waits, everything that is asked for now. After a failure it waits as backoff says, else 1 s, doubling. '
'It is blocked until the jobs of depends_on are done, and cancelled if one of them fails for good; with depends_when => ''ended'' it runs once all have ended, however';
GRANT EXECUTE ON FUNCTION estate.enqueue(text, jsonb, text, int, timestamptz, text, int, text, text, interval, interval[], text[], bigint[], text) TO estate_operator, estate_admin;

CREATE FUNCTION estate.enqueue_many(handler text, args jsonb[], queue text DEFAULT 'default', priority int DEFAULT 0,
		run_at timestamptz DEFAULT NULL, max_attempts int DEFAULT 20, timeout interval DEFAULT NULL, backoff interval[] DEFAULT NULL,
		tags text[] DEFAULT NULL) RETURNS SETOF bigint
	AS 'MODULE_PATHNAME', 'estate_enqueue_many' LANGUAGE C;
COMMENT ON FUNCTION estate.enqueue_many(text, jsonb[], text, int, timestamptz, int, interval, interval[], text[]) IS
'Enqueues a job for each element of args; returns their ids, in that order';
GRANT EXECUTE ON FUNCTION estate.enqueue_many(text, jsonb[], text, int, timestamptz, int, interval, interval[], text[]) TO estate_operator, estate_admin;

CREATE FUNCTION estate.create_queue(name text, concurrency int DEFAULT NULL, concurrency_local int DEFAULT NULL, key text DEFAULT NULL,
		concurrency_by_key int DEFAULT NULL, rate int DEFAULT NULL, rate_by_key int DEFAULT NULL, rate_period interval DEFAULT NULL,
		timeout interval DEFAULT NULL, keep text DEFAULT NULL, keep_for interval DEFAULT NULL, keep_most bigint DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'estate_create_queue' LANGUAGE C;
COMMENT ON FUNCTION estate.create_queue(text, int, int, text, int, int, int, interval, interval, text, interval, bigint) IS
'Creates a queue with limits: at most concurrency jobs at a time (a batch of SQL jobs in one process is one), concurrency_local of them in one process, rate started in each rate_period (1 s), '
'and the same by the key of a job, a path into its args such as agency or agency.id. timeout is that of jobs without their own. keep: all ended jobs stay in the history, '
'failed ones, or none; for keep_for (7 days), and at most keep_most';
CREATE FUNCTION estate.alter_queue(name text, concurrency int DEFAULT NULL, concurrency_local int DEFAULT NULL, key text DEFAULT NULL,
		concurrency_by_key int DEFAULT NULL, rate int DEFAULT NULL, rate_by_key int DEFAULT NULL, rate_period interval DEFAULT NULL,
		timeout interval DEFAULT NULL, keep text DEFAULT NULL, keep_for interval DEFAULT NULL, keep_most bigint DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'estate_alter_queue' LANGUAGE C;
COMMENT ON FUNCTION estate.alter_queue(text, int, int, text, int, int, int, interval, interval, text, interval, bigint) IS
'Changes a queue from now on: NULL leaves a limit as it is, 0 or an empty key takes it away';
CREATE FUNCTION estate.drop_queue(name text, cancel_jobs bool DEFAULT false) RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_drop_queue' LANGUAGE C;
COMMENT ON FUNCTION estate.drop_queue(text, bool) IS
'Drops a queue; with cancel_jobs => true also what waits in it. Returns how many jobs were cancelled';
CREATE FUNCTION estate.pause_queue(name text) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_pause_queue' LANGUAGE C;
COMMENT ON FUNCTION estate.pause_queue(text) IS 'No job of the queue starts until resume_queue(); tells whether it was not paused already';
CREATE FUNCTION estate.resume_queue(name text) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_resume_queue' LANGUAGE C;
COMMENT ON FUNCTION estate.resume_queue(text) IS 'Jobs of the queue start again; tells whether it was paused';
GRANT EXECUTE ON FUNCTION estate.create_queue(text, int, int, text, int, int, int, interval, interval, text, interval, bigint),
	estate.alter_queue(text, int, int, text, int, int, int, interval, interval, text, interval, bigint), estate.drop_queue(text, bool) TO estate_admin;
GRANT EXECUTE ON FUNCTION estate.pause_queue(text), estate.resume_queue(text) TO estate_operator, estate_admin;

CREATE FUNCTION estate.cancel_job(id bigint) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_cancel_job' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.cancel_job(bigint) IS
'Cancels a job that waits, or has whoever runs it stop; tells whether it did. In a handler, with this_job(): once it has returned. For the role that enqueued it and for estate_admin';
GRANT EXECUTE ON FUNCTION estate.cancel_job(bigint) TO estate_operator, estate_admin;

CREATE FUNCTION estate.retry_job(id bigint) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_retry_job' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.retry_job(bigint) IS
'Runs a waiting, dead or cancelled job again, now, with all its attempts; tells whether it will: not if another open job of its role has its unique_key';
GRANT EXECUTE ON FUNCTION estate.retry_job(bigint) TO estate_operator, estate_admin;

CREATE FUNCTION estate.redrive(queue text DEFAULT NULL, handler text DEFAULT NULL, state text DEFAULT 'dead', tag text DEFAULT NULL,
		ended_from timestamptz DEFAULT NULL, ended_to timestamptz DEFAULT NULL, error text DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_redrive' LANGUAGE C;
COMMENT ON FUNCTION estate.redrive(text, text, text, text, timestamptz, timestamptz, text) IS
'Runs dead (or cancelled; NULL: both) jobs again, with all their attempts, or those that are retryable without waiting for their time: of a queue, a handler, a tag, that ended in a time, whose last error has this SQLSTATE or has this in its message. '
'Returns how many. A job whose unique_key another one has by now is left out';
CREATE FUNCTION estate.snooze_job(id bigint, delay interval) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_snooze_job' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.snooze_job(bigint, interval) IS
'Puts a waiting job off, or in a handler, with this_job(), its own once it has returned; that is no attempt. Tells whether it did';
CREATE FUNCTION estate.this_job() RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_this_job' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION estate.this_job() IS 'In a handler of jsonb: the id of the job that it is run for; else NULL';
CREATE FUNCTION estate.report_progress(done float8, total float8 DEFAULT NULL, note text DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME', 'estate_report_job' LANGUAGE C;
COMMENT ON FUNCTION estate.report_progress(float8, float8, text) IS 'In a handler: how far its job is; seen at once in estate.progress, whatever becomes of the transaction';
GRANT EXECUTE ON FUNCTION estate.redrive(text, text, text, text, timestamptz, timestamptz, text), estate.snooze_job(bigint, interval),
	estate.this_job(), estate.report_progress(float8, float8, text) TO estate_operator, estate_admin;

-- for tests: what is put off need not be waited for
CREATE FUNCTION estate.clock() RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'estate_clock' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION estate.clock() IS 'What time it is for jobs in this session: clock_timestamp(), unless set_clock() has stopped it';
CREATE FUNCTION estate.set_clock(at timestamptz) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'estate_set_clock' LANGUAGE C;
COMMENT ON FUNCTION estate.set_clock(timestamptz) IS
'For tests: from now on it is this time for what the session enqueues, works off with run_jobs() and sees in estate.job; NULL: the time of the server again. Workers go by the server''s';
GRANT EXECUTE ON FUNCTION estate.clock(), estate.set_clock(timestamptz) TO estate_operator, estate_admin;

-- Jobs for workers in other programs: handler external:NAME. Each call is one transaction, and nothing is kept in the session.
CREATE FUNCTION estate.fetch_jobs(queue text, count int DEFAULT 1, lease interval DEFAULT '1 minute', worker text DEFAULT NULL, of_handler text DEFAULT NULL)
	RETURNS TABLE (id bigint, token bigint, handler text, args jsonb, attempt int, max_attempts int, leased_until timestamptz, effect_key uuid)
	AS 'MODULE_PATHNAME', 'estate_fetch_jobs' LANGUAGE C;
COMMENT ON FUNCTION estate.fetch_jobs(text, int, interval, text, text) IS
'For a worker in another program: leases due jobs of a queue whose handler is external:NAME and whose role the caller is a member of, in the order of priority and run_at. '
'Until leased_until nobody else gets them; attempt is the number of this one, from 1. With id and token they are reported back; a lease that ran out is a failed attempt, '
'and the next call may get the job, with a greater token';
CREATE FUNCTION estate.heartbeat_jobs(ids bigint[], tokens bigint[], lease interval DEFAULT '1 minute') RETURNS SETOF bigint
	AS 'MODULE_PATHNAME', 'estate_heartbeat_jobs' LANGUAGE C;
COMMENT ON FUNCTION estate.heartbeat_jobs(bigint[], bigint[], interval) IS
'Extends leases, from now on. Returns the ids of the jobs that the caller still has: the others were cancelled, or are somebody else''s by now';
CREATE FUNCTION estate.complete_job(id bigint, token bigint, result jsonb DEFAULT NULL) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_complete_job' LANGUAGE C;
COMMENT ON FUNCTION estate.complete_job(bigint, bigint, jsonb) IS
'A fetched job is done; together with what else the transaction has written, exactly once. False: the lease is lost, and nothing has changed: roll back';
CREATE FUNCTION estate.fail_job(id bigint, token bigint, error text, retry_in interval DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'estate_fail_job' LANGUAGE C;
COMMENT ON FUNCTION estate.fail_job(bigint, bigint, text, interval) IS
'An attempt at a fetched job has failed; it is tried again in retry_in (NULL: as its backoff says) or dead. Returns its state; NULL: the lease is lost, and nothing has changed';
CREATE FUNCTION estate.snooze_job(id bigint, token bigint, delay interval) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_snooze_leased_job' LANGUAGE C;
COMMENT ON FUNCTION estate.snooze_job(bigint, bigint, interval) IS
'Gives a fetched job back, to be fetched after a delay; that is no attempt. False: the lease is lost, and nothing has changed';
CREATE FUNCTION estate.release_jobs(ids bigint[], tokens bigint[]) RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_release_jobs' LANGUAGE C;
COMMENT ON FUNCTION estate.release_jobs(bigint[], bigint[]) IS
'Gives fetched jobs back, as if they had not been fetched. Returns how many; the others are not the caller''s any more';
GRANT EXECUTE ON FUNCTION estate.fetch_jobs(text, int, interval, text, text), estate.heartbeat_jobs(bigint[], bigint[], interval),
	estate.complete_job(bigint, bigint, jsonb), estate.fail_job(bigint, bigint, text, interval), estate.snooze_job(bigint, bigint, interval),
	estate.release_jobs(bigint[], bigint[]) TO estate_operator, estate_admin;

CREATE PROCEDURE estate.run_jobs(queue text DEFAULT NULL, INOUT done bigint DEFAULT NULL, INOUT failed bigint DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'estate_run_jobs' LANGUAGE C;
COMMENT ON PROCEDURE estate.run_jobs(text, bigint, bigint) IS
'Works off, here and now, all due jobs (of a queue) that were enqueued by roles the caller is a member of';
GRANT EXECUTE ON PROCEDURE estate.run_jobs(text, bigint, bigint) TO estate_operator, estate_admin;

CREATE FUNCTION estate.running_jobs() RETURNS SETOF bigint
	AS 'MODULE_PATHNAME', 'estate_running_jobs' LANGUAGE C;
COMMENT ON FUNCTION estate.running_jobs() IS 'Ids of the jobs that the workers of this database have in hand';
GRANT EXECUTE ON FUNCTION estate.running_jobs() TO estate_operator, estate_admin;

CREATE FUNCTION estate.may_see_job_of(role regrole) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_may_see_job_of' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION estate.may_see_job_of(regrole) IS
'Whether the caller may see what a job of the role is asked to do and what came of it: a member of the role, or of the owner of the facts';
GRANT EXECUTE ON FUNCTION estate.may_see_job_of(regrole) TO estate_operator, estate_admin;

CREATE FUNCTION estate.queue_counts(OUT queue text, OUT ready bigint, OUT open bigint, OUT scheduled bigint, OUT retryable bigint,
		OUT blocked bigint, OUT done bigint, OUT dead bigint, OUT cancelled bigint, OUT running bigint, OUT oldest timestamptz)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_queue_counts' LANGUAGE C ROWS 20;
COMMENT ON FUNCTION estate.queue_counts() IS
'Jobs of each queue, as they are counted where workers run, else by their rows; read it through estate.queue_status';
CREATE FUNCTION estate.oldest_ready(OUT queue text, OUT since timestamptz) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_oldest_ready' LANGUAGE C ROWS 20;
COMMENT ON FUNCTION estate.oldest_ready() IS 'Since when the jobs wait that the workers will look at next';
CREATE FUNCTION estate.handler_metrics(OUT queue text, OUT handler text, OUT done bigint, OUT failed bigint, OUT dead bigint, OUT snoozed bigint,
		OUT cancelled bigint, OUT last_minute bigint, OUT latency bigint[], OUT latency_p50_ms float8, OUT latency_p99_ms float8,
		OUT run_time bigint[], OUT run_time_p50_ms float8, OUT run_time_p99_ms float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_handler_metrics' LANGUAGE C ROWS 20;
COMMENT ON FUNCTION estate.handler_metrics() IS 'What handlers have done since the server started; read it through estate.metrics';
CREATE FUNCTION estate.running(OUT id bigint, OUT queue text, OUT handler text, OUT role regrole, OUT started_at timestamptz, OUT pid int,
		OUT done float8, OUT total float8, OUT note text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_running' LANGUAGE C ROWS 20;
COMMENT ON FUNCTION estate.running() IS
'What the workers of this database have in hand; read it through estate.progress. What handlers report is for those who may see the job''s args';
GRANT EXECUTE ON FUNCTION estate.queue_counts(), estate.oldest_ready(), estate.handler_metrics(), estate.running() TO estate_operator, estate_admin;

CREATE FUNCTION estate.resolve_handler(handler text) RETURNS text
	AS 'MODULE_PATHNAME', 'estate_resolve_handler' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION estate.resolve_handler(text) IS 'A handler as enqueue() stores it; an error when there is none that the caller may use';
GRANT EXECUTE ON FUNCTION estate.resolve_handler(text) TO estate_operator, estate_admin;

-- Scheduling by the calendar is pg_cron's: a tick enqueues. pg_cron 1.4 knows only GMT; a zone is kept by
-- looking each hour or more often, and letting through the tick that is due in the zone.
CREATE FUNCTION estate.schedule(name text, cron text, handler text, args jsonb DEFAULT '{}', time_zone text DEFAULT NULL) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ticks text := cron;
	command text;
	id bigint;
BEGIN
	PERFORM estate.check_tables();
	handler := estate.resolve_handler(handler);
	IF time_zone IS NULL THEN
		command := format('SELECT estate.enqueue(%L, %L, unique_key => %L)', handler, args, 'schedule:' || name);
	ELSIF EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = time_zone) THEN
		PERFORM estate.cron_matches(cron, now()::timestamp);	-- is it understood?
		ticks := estate.cron_for_any_zone(cron);
		command := format('SELECT estate.enqueue_tick(%L, %L, %L, %L, %L)', name, cron, time_zone, handler, args);
	ELSE
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('there is no time zone "%s"', time_zone),
			HINT = 'SELECT name FROM pg_timezone_names;';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
		RAISE EXCEPTION USING
			ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = 'pg_cron is not in this database',
			HINT = format('In the database of pg_cron (%s): SELECT cron.schedule_in_database(%L, %L, %L, %L);',
				coalesce(nullif(current_setting('cron.database_name', true), ''), 'cron.database_name'), name, ticks, command, current_database());
	END IF;
	EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO id USING name, ticks, command;
	RETURN id;
END
$$;
COMMENT ON FUNCTION estate.schedule(text, text, text, jsonb, text) IS
'Enqueues a job by the calendar, through pg_cron: cron is its five fields, in time_zone (NULL: pg_cron''s). At most one tick waits';
GRANT EXECUTE ON FUNCTION estate.schedule(text, text, text, jsonb, text) TO estate_operator, estate_admin;

CREATE FUNCTION estate.cron_for_any_zone(cron text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN minutes ~ '^\d+(,\d+)*$' THEN (
			SELECT string_agg(minute::text, ',' ORDER BY minute) FROM (
				SELECT DISTINCT (one::int + quarter) % 60
				FROM regexp_split_to_table(minutes, ',') one, generate_series(0, 45, 15) quarter) q(minute))
		ELSE '*' END || ' * * * *'
	FROM (SELECT (regexp_split_to_array(btrim(cron), '\s+'))[1]) f(minutes)
$$;
COMMENT ON FUNCTION estate.cron_for_any_zone(text) IS
'Ticks in GMT among which are those of any zone: zones differ from GMT by hours, halves and quarters; enqueue_tick() lets through what is due';

CREATE FUNCTION estate.cron_matches(cron text, at timestamp) RETURNS bool
	LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	fields text[] := regexp_split_to_array(btrim(cron), '\s+');
	present int[] := ARRAY[extract(minute FROM at), extract(hour FROM at), extract(day FROM at), extract(month FROM at), extract(dow FROM at)];
	least int[] := ARRAY[0, 0, 1, 1, 0];
	most int[] := ARRAY[59, 23, 31, 12, 7];
	hit bool[] := ARRAY[false, false, false, false, false];
	part text;
	bounds text[];
	low int;
	high int;
	every int;
BEGIN
	IF cardinality(fields) <> 5 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('"%s" does not have the five fields of cron', cron);
	END IF;
	FOR i IN 1..5 LOOP
		FOREACH part IN ARRAY string_to_array(fields[i], ',') LOOP
			bounds := regexp_match(part, '^(\*|\d+)(?:-(\d+))?(?:/(\d+))?$');
			IF bounds IS NULL THEN
				RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
					MESSAGE = format('field "%s" of "%s" is not understood', part, cron),
					DETAIL = 'With a time zone, fields are *, numbers, ranges and steps.';
			END IF;
			every := coalesce(bounds[3]::int, 1);
			low := CASE WHEN bounds[1] = '*' THEN least[i] ELSE bounds[1]::int END;
			high := CASE WHEN bounds[1] = '*' THEN most[i] ELSE coalesce(bounds[2]::int, CASE WHEN bounds[3] IS NULL THEN low ELSE most[i] END) END;
			IF every = 0 OR low < least[i] OR high > most[i] OR low > high THEN
				RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
					MESSAGE = format('field "%s" of "%s" is out of range', part, cron);
			END IF;
			hit[i] := hit[i] OR (present[i] BETWEEN low AND high AND (present[i] - low) % every = 0)
				OR (i = 5 AND present[i] = 0 AND 7 BETWEEN low AND high AND (7 - low) % every = 0 AND bounds[1] <> '*');
		END LOOP;
	END LOOP;
	-- as cron does: when both days are restricted, either will do
	RETURN hit[1] AND hit[2] AND hit[4] AND
		CASE WHEN fields[3] <> '*' AND fields[5] <> '*' THEN hit[3] OR hit[5] ELSE hit[3] AND hit[5] END;
END
$$;
COMMENT ON FUNCTION estate.cron_matches(text, timestamp) IS 'Whether a local time is a tick of a cron expression';

CREATE FUNCTION estate.enqueue_tick(name text, cron text, time_zone text, handler text, args jsonb) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT estate.cron_matches(cron, date_trunc('minute', now()) AT TIME ZONE time_zone) THEN
		RETURN NULL;
	END IF;
	RETURN estate.enqueue(handler, args, unique_key => 'schedule:' || name);
END
$$;
COMMENT ON FUNCTION estate.enqueue_tick(text, text, text, text, jsonb) IS
'What schedule() with a time zone makes pg_cron call: enqueues the job if this minute is a tick in the zone';
GRANT EXECUTE ON FUNCTION estate.enqueue_tick(text, text, text, text, jsonb), estate.cron_matches(text, timestamp),
	estate.cron_for_any_zone(text) TO estate_operator, estate_admin;

CREATE FUNCTION estate.unschedule(name text) RETURNS bool
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	gone bool;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
		RAISE EXCEPTION USING
			ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = 'pg_cron is not in this database',
			HINT = format('In the database of pg_cron: SELECT cron.unschedule(%L);', name);
	END IF;
	EXECUTE 'SELECT EXISTS (SELECT FROM cron.job WHERE jobname = $1)' INTO gone USING name;
	IF gone THEN
		EXECUTE 'SELECT cron.unschedule($1)' INTO gone USING name;
	END IF;
	RETURN gone;
END
$$;
COMMENT ON FUNCTION estate.unschedule(text) IS 'Ends what schedule() of this name began; tells whether there was one';
GRANT EXECUTE ON FUNCTION estate.unschedule(text) TO estate_operator, estate_admin;
