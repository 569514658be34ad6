-- job: work to do later

CREATE FUNCTION estate.enqueue(handler text, args jsonb DEFAULT '{}', queue text DEFAULT 'default', priority int DEFAULT 0,
		run_at timestamptz DEFAULT NULL, unique_key text DEFAULT NULL, max_attempts int DEFAULT 20) RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_enqueue' LANGUAGE C;
COMMENT ON FUNCTION estate.enqueue(text, jsonb, text, int, timestamptz, text, int) IS
'Enqueues a job in this transaction, to be run as the calling role: handler is a function schema.name(jsonb), run exactly once, or one of the built-ins feed, media, train, score. '
'Lower priorities run first. Returns the id of the job, or of the role''s open job with the same unique_key, which must not begin with feed: or media:';
GRANT EXECUTE ON FUNCTION estate.enqueue(text, jsonb, text, int, timestamptz, text, int) TO estate_operator, estate_admin;

CREATE FUNCTION estate.cancel_job(id bigint) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_cancel_job' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.cancel_job(bigint) IS
'Cancels a job that is not running; tells whether it did. For the role that enqueued it and for estate_admin';
GRANT EXECUTE ON FUNCTION estate.cancel_job(bigint) TO estate_operator, estate_admin;

CREATE FUNCTION estate.retry_job(id bigint) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_retry_job' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.retry_job(bigint) IS
'Runs a waiting, dead or cancelled job again, now, with all its attempts; tells whether it will: not if another open job of its role has its unique_key';
GRANT EXECUTE ON FUNCTION estate.retry_job(bigint) TO estate_operator, estate_admin;

CREATE PROCEDURE estate.run_jobs(queue text DEFAULT NULL, INOUT done bigint DEFAULT NULL, INOUT failed bigint DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'estate_run_jobs' LANGUAGE C;
COMMENT ON PROCEDURE estate.run_jobs(text, bigint, bigint) IS
'Works off, here and now, all due jobs (of a queue) that were enqueued by roles the caller is a member of';
GRANT EXECUTE ON PROCEDURE estate.run_jobs(text, bigint, bigint) TO estate_operator, estate_admin;

CREATE FUNCTION estate.running_jobs() RETURNS SETOF bigint
	AS 'MODULE_PATHNAME', 'estate_running_jobs' LANGUAGE C;
COMMENT ON FUNCTION estate.running_jobs() IS 'Ids of the jobs that the workers of this database have in hand';
GRANT EXECUTE ON FUNCTION estate.running_jobs() TO estate_operator, estate_admin;

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
