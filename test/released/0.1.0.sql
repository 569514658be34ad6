-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION pg_estate" to load this file. \quit

-- Records are UTF-8 and are stored as they are: SQL_ASCII takes them so, other encodings would not.
DO $$
BEGIN
	IF pg_catalog.getdatabaseencoding() NOT IN ('UTF8', 'SQL_ASCII') THEN
		RAISE EXCEPTION USING
			ERRCODE = 'feature_not_supported',
			MESSAGE = 'pg_estate needs a database with encoding UTF8',
			DETAIL = pg_catalog.format('This one has encoding %s.', pg_catalog.getdatabaseencoding()),
			HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0;';
	END IF;
END
$$;

-- A schema that somebody planted beforehand could hold functions that are called instead of ours.
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) n.nspowner
			WHERE n.nspname OPERATOR(pg_catalog.=) 'estate' AND (r.rolsuper OR r.rolname OPERATOR(pg_catalog.=) CURRENT_USER)) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_schema_definition',
			MESSAGE = 'schema "estate" exists and belongs to another role',
			HINT = 'Look into it, then ALTER SCHEMA estate OWNER TO CURRENT_USER;';
	END IF;
END
$$;

-- Group roles: global, so they are made once for each cluster and never dropped.
-- estate_admin owns the tables; nobody has to log in as one of these.
DO $$
DECLARE
	role_name text;
BEGIN
	FOREACH role_name IN ARRAY ARRAY['estate_reader', 'estate_operator', 'estate_admin'] LOOP
		IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) role_name) THEN
			EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', role_name);
		END IF;
	END LOOP;
END
$$;
-- setup: the tables, the workers, and whether all is well

CREATE FUNCTION estate.check_tables() RETURNS void
	AS 'MODULE_PATHNAME', 'estate_check_tables' LANGUAGE C;
COMMENT ON FUNCTION estate.check_tables() IS
'Raises an error with the command to type when the tables are missing or not of the code''s version';
GRANT EXECUTE ON FUNCTION estate.check_tables() TO estate_reader, estate_operator, estate_admin;

CREATE FUNCTION estate.setup(OUT step text, OUT result text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_setup' LANGUAGE C;
COMMENT ON FUNCTION estate.setup() IS
'Makes the tables and views, or brings them to the code''s version; enables the workers of a fresh database. Safe to call again';

CREATE FUNCTION estate.teardown(drop_data bool DEFAULT false, OUT step text, OUT result text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_teardown' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.teardown(bool) IS
'Opposite of setup(): disables the workers and drops the views; with drop_data => true also all tables with their rows';

CREATE FUNCTION estate.enable_workers() RETURNS text
	AS 'MODULE_PATHNAME', 'estate_enable_workers' LANGUAGE C;
COMMENT ON FUNCTION estate.enable_workers() IS
'Lets the workers run feeds and jobs in this database; needed after a restore or copy, which stays quiet until then';
GRANT EXECUTE ON FUNCTION estate.enable_workers() TO estate_admin;

CREATE FUNCTION estate.disable_workers() RETURNS text
	AS 'MODULE_PATHNAME', 'estate_disable_workers' LANGUAGE C;
COMMENT ON FUNCTION estate.disable_workers() IS 'Keeps the workers from running anything in this database';
GRANT EXECUTE ON FUNCTION estate.disable_workers() TO estate_admin;

CREATE FUNCTION estate.module_state(OUT preloaded bool, OUT launcher_pid int, OUT configured bool, OUT workers_running int,
		OUT system_id text, OUT tables_needed int)
	AS 'MODULE_PATHNAME', 'estate_module_state' LANGUAGE C;
COMMENT ON FUNCTION estate.module_state() IS 'What the loaded module knows of the launcher and the workers of this database';
GRANT EXECUTE ON FUNCTION estate.module_state() TO estate_reader, estate_operator, estate_admin;

CREATE FUNCTION estate.doctor(OUT "check" text, OUT ok bool, OUT detail text, OUT fix text) RETURNS SETOF record
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	state record;
	install record;
	code_version text;
	present text;
	number bigint;
BEGIN
	SELECT * INTO state FROM estate.module_state();
	SELECT extversion INTO code_version FROM pg_extension WHERE extname = 'pg_estate';

	IF to_regclass('estate_internal.installation') IS NULL THEN
		RETURN QUERY SELECT 'tables', false, 'not set up in this database', 'SELECT * FROM estate.setup();';
		RETURN;
	END IF;
	-- what somebody else has put there is not even looked at
	SELECT format('%s belongs to %I', o.name, pg_get_userbyid(o.owner)) INTO present
		FROM pg_namespace e, LATERAL (
			SELECT 1, 'schema estate_internal', i.nspowner FROM pg_namespace i WHERE i.nspname = 'estate_internal'
			UNION ALL SELECT 2, c.oid::regclass::text, c.relowner FROM pg_class c
			WHERE c.relnamespace = to_regnamespace('estate_internal') AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
			UNION ALL SELECT 3, 'estate.feed', c.relowner FROM pg_class c WHERE c.oid = to_regclass('estate.feed')) o(n, name, owner)
		WHERE e.nspname = 'estate' AND o.owner <> e.nspowner ORDER BY o.n, o.name LIMIT 1;
	RETURN QUERY SELECT 'owner of the bookkeeping', present IS NULL,
		coalesce(present || ', not to the owner of schema estate', (SELECT format('role %I', pg_get_userbyid(nspowner)) FROM pg_namespace WHERE nspname = 'estate')),
		CASE WHEN present IS NOT NULL THEN '-- look into it: who may write there may run anything as anybody; then ALTER .. OWNER TO, then SELECT * FROM estate.setup();' END;
	IF present LIKE '%estate\_internal%' THEN
		RETURN;
	END IF;
	EXECUTE 'SELECT tables_version, system_id, database_oid FROM estate_internal.installation' INTO install;
	RETURN QUERY SELECT 'tables', install.tables_version = state.tables_needed,
		format('of version %s, code %s needs version %s', install.tables_version, code_version, state.tables_needed),
		CASE WHEN install.tables_version < state.tables_needed THEN 'SELECT * FROM estate.setup();'
			WHEN install.tables_version > state.tables_needed THEN '-- install the newer pg_estate, then ALTER EXTENSION pg_estate UPDATE;'
		END;

	RETURN QUERY SELECT 'views', to_regclass('estate.scored_listing') IS NOT NULL,
		CASE WHEN to_regclass('estate.scored_listing') IS NULL THEN 'not there: teardown() or DROP EXTENSION has dropped them' ELSE 'there' END,
		CASE WHEN to_regclass('estate.scored_listing') IS NULL THEN 'SELECT * FROM estate.setup();' END;

	IF pg_has_role('pg_read_all_settings', 'USAGE') THEN
		present := nullif(current_setting('shared_preload_libraries'), '');
	ELSE
		present := '...';	-- not for everybody's eyes
	END IF;
	RETURN QUERY SELECT 'preload', state.preloaded,
		CASE WHEN state.preloaded THEN 'pg_estate is preloaded' ELSE 'pg_estate is not preloaded: nothing runs by itself' END,
		CASE WHEN NOT state.preloaded THEN
			format('ALTER SYSTEM SET shared_preload_libraries = %s; -- then restart the server', concat_ws(', ', present, 'pg_estate'))
		END;

	present := nullif(current_setting('estate.databases'), '');
	RETURN QUERY SELECT 'databases', state.configured,
		format('estate.databases = %L', current_setting('estate.databases')),
		CASE WHEN NOT state.configured THEN
			format('ALTER SYSTEM SET estate.databases = %L; SELECT pg_reload_conf();', concat_ws(', ', present, quote_ident(current_database())))
		END;

	RETURN QUERY SELECT 'launcher', state.launcher_pid IS NOT NULL,
		coalesce('pid ' || state.launcher_pid, 'not running'),
		CASE WHEN state.launcher_pid IS NULL AND state.preloaded THEN
			'-- a standby runs none until it is promoted; else look for "pg_estate launcher" in the server log'
		END;

	RETURN QUERY SELECT 'workers',
		install.system_id IS NOT DISTINCT FROM state.system_id
			AND install.database_oid IS NOT DISTINCT FROM (SELECT oid FROM pg_database WHERE datname = current_database()),
		CASE WHEN install.system_id IS NULL THEN 'disabled'
			WHEN install.system_id IS DISTINCT FROM state.system_id
				OR install.database_oid IS DISTINCT FROM (SELECT oid FROM pg_database WHERE datname = current_database())
				THEN 'quiet: this database is a copy or was restored'
			ELSE format('enabled, %s running now', state.workers_running) END,
		CASE WHEN install.system_id IS DISTINCT FROM state.system_id
				OR install.database_oid IS DISTINCT FROM (SELECT oid FROM pg_database WHERE datname = current_database())
			THEN 'SELECT estate.enable_workers();' END;

	number := current_setting('max_worker_processes')::bigint;
	RETURN QUERY SELECT 'max_worker_processes', number >= 4 + current_setting('estate.workers')::bigint,
		format('max_worker_processes = %s, estate.workers = %s for each database', number, current_setting('estate.workers')),
		CASE WHEN number < 4 + current_setting('estate.workers')::bigint THEN
			format('ALTER SYSTEM SET max_worker_processes = %s; -- then restart the server', 8 + current_setting('estate.workers')::bigint)
		END;

	RETURN QUERY SELECT 'owner of the tables', NOT r.rolsuper, format('role %I', r.rolname),
		CASE WHEN r.rolsuper THEN '-- ALTER TABLE .. OWNER TO estate_admin for each of them: triggers on them would run as a superuser' END
		FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE c.oid = 'estate.listing'::regclass;

	RETURN QUERY SELECT 'creating in our schemas', strangers IS NULL,
		coalesce('allowed to ' || strangers, 'allowed to the owner of schema estate only'),
		CASE WHEN strangers IS NOT NULL THEN
			'REVOKE CREATE ON SCHEMA estate, estate_internal FROM ' || strangers || '; -- what they create may be called instead of ours' END
		FROM (SELECT string_agg(DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, ', ')
			FROM pg_namespace n, aclexplode(n.nspacl) a
			WHERE n.nspname IN ('estate', 'estate_internal') AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner) s(strangers);

	RETURN QUERY SELECT 'pg_cron', EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron'),
		CASE WHEN EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN 'in this database: estate.schedule() works'
			ELSE 'not in this database: estate.schedule() needs it' END,
		CASE WHEN NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN 'CREATE EXTENSION pg_cron; -- if wanted' END;
END
$$;
COMMENT ON FUNCTION estate.doctor() IS 'Checks the installation: what is well, what is not, and the command that mends it';
GRANT EXECUTE ON FUNCTION estate.doctor() TO estate_operator, estate_admin;
-- feed: markets, feeds and their runs
-- What is written in SQL here touches no table: whoever calls it, perhaps a superuser, must not run what others put on them.

CREATE FUNCTION estate.store_market(name text, currency text, area_unit text, time_zone text) RETURNS int
	AS 'MODULE_PATHNAME', 'estate_store_market' LANGUAGE C;
COMMENT ON FUNCTION estate.store_market(text, text, text, text) IS 'What create_market() does when it has checked its arguments';

CREATE FUNCTION estate.create_market(name text, currency text DEFAULT 'USD', area_unit text DEFAULT 'sqft', time_zone text DEFAULT 'UTC') RETURNS int
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM estate.check_tables();
	IF NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = time_zone) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('there is no time zone "%s"', time_zone),
			HINT = 'SELECT name FROM pg_timezone_names;';
	END IF;
	IF area_unit NOT IN ('sqft', 'sqm') THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('"%s" is not a unit of area', area_unit),
			HINT = 'It is sqft or sqm.';
	END IF;
	IF currency !~ '^[A-Z]{3}$' THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('"%s" is not a currency code of ISO 4217', currency),
			HINT = 'It has three capital letters, such as USD or EUR.';
	END IF;
	RETURN estate.store_market(name, currency, area_unit, time_zone);
EXCEPTION WHEN unique_violation THEN
	RAISE EXCEPTION USING
		ERRCODE = 'duplicate_object',
		MESSAGE = format('there is a market "%s" already', create_market.name);
END
$$;
COMMENT ON FUNCTION estate.create_market(text, text, text, text) IS
'Makes a market: currency as in ISO 4217, area_unit sqft or sqm for records that name none, time_zone for timestamps without one. Returns its id';

CREATE FUNCTION estate.check_feed(preset text, mapping jsonb, url text, server text, options jsonb) RETURNS text
	AS 'MODULE_PATHNAME', 'estate_check_feed' LANGUAGE C;
COMMENT ON FUNCTION estate.check_feed(text, jsonb, text, text, jsonb) IS
'Raises an error when such a feed cannot work; else tells what its mapping fills, as far as is known without looking at the source';

CREATE FUNCTION estate.check_feed_options(options jsonb) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known CONSTANT jsonb := '{"delimiter": "string", "quote": "string", "encoding": "string", "header": "boolean",
		"media_target": "string", "conditional": "boolean", "source_system": "string"}';
	pair record;
BEGIN
	IF jsonb_typeof(options) IS DISTINCT FROM 'object' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the options of a feed must be a JSON object';
	END IF;
	FOR pair IN SELECT * FROM jsonb_each(options) LOOP
		IF known -> pair.key IS NULL THEN
			RAISE EXCEPTION USING
				ERRCODE = 'invalid_parameter_value',
				MESSAGE = format('a feed has no option "%s"', pair.key),
				HINT = 'Options are ' || (SELECT string_agg(k, ', ' ORDER BY k) FROM jsonb_object_keys(known) k) || '.';
		ELSIF jsonb_typeof(pair.value) <> known ->> pair.key THEN
			RAISE EXCEPTION USING
				ERRCODE = 'invalid_parameter_value',
				MESSAGE = format('option "%s" of a feed must be a %s', pair.key, known ->> pair.key);
		END IF;
	END LOOP;
	IF options ? 'media_target' AND NOT EXISTS (SELECT FROM pg_foreign_server WHERE srvname = options ->> 'media_target') THEN
		RAISE EXCEPTION USING
			ERRCODE = 'undefined_object',
			MESSAGE = format('server "%s" does not exist', options ->> 'media_target'),
			HINT = format('CREATE SERVER %I FOREIGN DATA WRAPPER estate_target OPTIONS (kind ''folder'', url ''file:///path'');', options ->> 'media_target');
	END IF;
END
$$;
COMMENT ON FUNCTION estate.check_feed_options(jsonb) IS 'Raises an error when an option of a feed is unknown or of the wrong type';

CREATE FUNCTION estate.store_feed(name text, market text, preset text, url text, server text, mapping jsonb, every interval, options jsonb)
		RETURNS int
	AS 'MODULE_PATHNAME', 'estate_store_feed' LANGUAGE C;
COMMENT ON FUNCTION estate.store_feed(text, text, text, text, text, jsonb, interval, jsonb) IS
'What create_feed() does when it has checked its options';

CREATE FUNCTION estate.change_feed(name text, url text, mapping jsonb, server text, every interval, options jsonb) RETURNS int
	AS 'MODULE_PATHNAME', 'estate_change_feed' LANGUAGE C;
COMMENT ON FUNCTION estate.change_feed(text, text, jsonb, text, interval, jsonb) IS
'What alter_feed() does when it has checked its options';

CREATE FUNCTION estate.create_feed(name text, url text DEFAULT NULL, preset text DEFAULT 'reso', market text DEFAULT NULL,
		mapping jsonb DEFAULT NULL, server text DEFAULT NULL, every interval DEFAULT NULL, options jsonb DEFAULT '{}') RETURNS int
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	id int;
	mapped text;
BEGIN
	PERFORM estate.check_tables();
	IF name IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'the name of a feed must not be null';
	END IF;
	PERFORM estate.check_feed_options(options);
	mapped := estate.check_feed(preset, mapping, url, server, options);
	id := estate.store_feed(name, market, preset, url, server, mapping, every, options);
	IF mapping IS NULL THEN
		RAISE NOTICE USING
			MESSAGE = format('feed "%s": fields are mapped by their names', create_feed.name),
			HINT = CASE WHEN url IS NOT NULL THEN format('SELECT * FROM estate.preview_feed(%L); shows what becomes of them.', create_feed.name)
				ELSE format('SELECT * FROM estate.push_feed(%L, body); fills it.', create_feed.name) END;
	ELSE
		RAISE NOTICE USING MESSAGE = format('feed "%s": %s', create_feed.name, mapped), DETAIL = 'All other fields are kept in extra.';
	END IF;
	IF every IS NOT NULL AND url IS NOT NULL THEN
		PERFORM estate.request_run(create_feed.name);
	END IF;
	RETURN id;
EXCEPTION WHEN unique_violation THEN
	RAISE EXCEPTION USING
		ERRCODE = 'duplicate_object',
		MESSAGE = format('there is a feed "%s" already', create_feed.name),
		HINT = format('SELECT estate.alter_feed(%L, ..);', create_feed.name);
END
$$;
COMMENT ON FUNCTION estate.create_feed(text, text, text, text, jsonb, text, interval, jsonb) IS
'Makes a feed. url: http, https, or a file of the server; preset: reso (OData JSON) or csv; mapping: target column -> source, NULL by names and synonyms; '
'server: whose user mapping holds the bearer token; every: run by the workers this often; '
'the feed is run with the rights of the caller, until somebody else alters it; '
'options: delimiter, quote, encoding, header, media_target (server that photos are copied to), conditional (ask only for what is newer), source_system. Returns its id';

CREATE FUNCTION estate.alter_feed(name text, url text DEFAULT NULL, mapping jsonb DEFAULT NULL, server text DEFAULT NULL,
		every interval DEFAULT NULL, options jsonb DEFAULT NULL) RETURNS int
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM estate.check_tables();
	IF options IS NOT NULL THEN
		PERFORM estate.check_feed_options(options);
	END IF;
	RETURN estate.change_feed(name, url, mapping, server, every, options);
END
$$;
COMMENT ON FUNCTION estate.alter_feed(text, text, jsonb, text, interval, jsonb) IS
'Changes what is not NULL of a feed; options are replaced as a whole. A new url begins from the start. A feed has the rights of whoever created or altered it last: '
'from then on it is the caller''s, who must have the right to all of it. Returns the feed''s id';

CREATE FUNCTION estate.pause_feed(name text) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_pause_feed' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.pause_feed(text) IS 'Keeps a feed from being run; a run in progress ends by itself. Tells whether it was not paused before';

CREATE FUNCTION estate.resume_feed(name text) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_resume_feed' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.resume_feed(text) IS 'Lets a paused feed run again, at once if it has an interval. Tells whether it was paused';

CREATE FUNCTION estate.drop_feed(name text, purge bool DEFAULT false) RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_drop_feed' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.drop_feed(text, bool) IS
'Drops a feed with its runs and rejects; its listings stay, or with purge => true go too, with photos, changes and estimates (files already copied to a target stay). Returns how many listings went';

CREATE FUNCTION estate.request_run(name text) RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_request_run' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.request_run(text) IS 'Has the workers run a feed as soon as can be; returns the job. Its next run is brought forward';

CREATE PROCEDURE estate.run_feed(name text, INOUT run_id bigint DEFAULT NULL, INOUT outcome text DEFAULT NULL, INOUT pages int DEFAULT NULL,
		INOUT seen bigint DEFAULT NULL, INOUT inserted bigint DEFAULT NULL, INOUT updated bigint DEFAULT NULL,
		INOUT unchanged bigint DEFAULT NULL, INOUT deleted bigint DEFAULT NULL, INOUT rejected bigint DEFAULT NULL,
		INOUT bytes bigint DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'estate_run_feed' LANGUAGE C;
COMMENT ON PROCEDURE estate.run_feed(text, bigint, text, int, bigint, bigint, bigint, bigint, bigint, bigint, bigint) IS
'Runs a feed here and now, with a commit for each page; prints the run''s row';

CREATE FUNCTION estate.push_feed(name text, body text, OUT run_id bigint, OUT outcome text, OUT pages int, OUT seen bigint,
		OUT inserted bigint, OUT updated bigint, OUT unchanged bigint, OUT deleted bigint, OUT rejected bigint, OUT bytes bigint)
	AS 'MODULE_PATHNAME', 'estate_push_feed' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.push_feed(text, text) IS
'Applies a text as if the feed''s source had delivered it, in this transaction; returns the run''s row';

CREATE FUNCTION estate.preview_feed(name text, n int DEFAULT 5, OUT record int, OUT target text, OUT value text, OUT problem text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_preview_feed' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.preview_feed(text, int) IS
'What would become of the first n records of a feed''s source: a row for each column that is filled, or the reason why the record would be rejected. Writes nothing';

CREATE FUNCTION estate.suggest_mapping(name text) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'estate_suggest_mapping' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.suggest_mapping(text) IS
'The mapping that NULL stands for, from the fields that the feed''s source has: a start for one''s own';

CREATE FUNCTION estate.replay_rejects(name text) RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_replay_rejects' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.replay_rejects(text) IS
'Tries the rejected records of a feed again, with its present mapping; returns how many are settled now';

GRANT EXECUTE ON FUNCTION estate.create_market(text, text, text, text), estate.store_market(text, text, text, text),
	estate.store_feed(text, text, text, text, text, jsonb, interval, jsonb),
	estate.change_feed(text, text, jsonb, text, interval, jsonb), estate.check_feed(text, jsonb, text, text, jsonb),
	estate.check_feed_options(jsonb), estate.create_feed(text, text, text, text, jsonb, text, interval, jsonb),
	estate.alter_feed(text, text, jsonb, text, interval, jsonb), estate.drop_feed(text, bool) TO estate_admin;
GRANT EXECUTE ON FUNCTION estate.pause_feed(text), estate.resume_feed(text), estate.request_run(text), estate.push_feed(text, text),
	estate.preview_feed(text, int), estate.suggest_mapping(text), estate.replay_rejects(text) TO estate_operator, estate_admin;
GRANT EXECUTE ON PROCEDURE estate.run_feed(text, bigint, text, int, bigint, bigint, bigint, bigint, bigint, bigint, bigint) TO estate_operator, estate_admin;
-- listing: what views say about a listing that is not a column.
-- Views call these, so their signatures never change.

CREATE FUNCTION estate.segment(property_type text) RETURNS text
	AS 'MODULE_PATHNAME', 'estate_segment' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION estate.segment(text) IS
'Segment of a RESO PropertyType: sale or lease, then the class of property. Nothing said is residential for sale; a type that RESO does not know is a class of its own';

CREATE FUNCTION estate.is_for_sale(standard_status text, property_type text) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_is_for_sale' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION estate.is_for_sale(text, text) IS
'Whether a listing of that RESO StandardStatus and PropertyType can still be bought: Active, Active Under Contract or Coming Soon, and no lease';

GRANT EXECUTE ON FUNCTION estate.segment(text), estate.is_for_sale(text, text)
	TO estate_reader, estate_operator, estate_admin;
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
COMMENT ON FUNCTION estate.running() IS 'What the workers of this database have in hand; read it through estate.progress';
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
-- effect: targets, as servers of a foreign data wrapper

CREATE FUNCTION estate.target_validator(options text[], catalog oid) RETURNS void
	AS 'MODULE_PATHNAME', 'estate_target_validator' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.target_validator(text[], oid) IS 'Checks the options of targets and of their user mappings';

CREATE FOREIGN DATA WRAPPER estate_target VALIDATOR estate.target_validator;
COMMENT ON FOREIGN DATA WRAPPER estate_target IS
'Targets of pg_estate: CREATE SERVER .. OPTIONS (kind ''s3'' | ''folder'' | ''smtp'' | ''http'', url ..); secrets are files that user mappings refer to';
GRANT USAGE ON FOREIGN DATA WRAPPER estate_target TO estate_admin;
-- score: regression for anyone's tables, then training and valuing.

CREATE TYPE estate.gram;

CREATE FUNCTION estate.gram_in(cstring) RETURNS estate.gram
	AS 'MODULE_PATHNAME', 'estate_gram_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION estate.gram_out(estate.gram) RETURNS cstring
	AS 'MODULE_PATHNAME', 'estate_gram_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION estate.gram_recv(internal) RETURNS estate.gram
	AS 'MODULE_PATHNAME', 'estate_gram_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION estate.gram_send(estate.gram) RETURNS bytea
	AS 'MODULE_PATHNAME', 'estate_gram_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION estate.gram_in(cstring) IS 'Text input of estate.gram';
COMMENT ON FUNCTION estate.gram_out(estate.gram) IS 'Text output of estate.gram: JSON, digits exact';
COMMENT ON FUNCTION estate.gram_recv(internal) IS 'Binary input of estate.gram';
COMMENT ON FUNCTION estate.gram_send(estate.gram) IS 'Binary output of estate.gram';

CREATE TYPE estate.gram (
	INPUT = estate.gram_in,
	OUTPUT = estate.gram_out,
	RECEIVE = estate.gram_recv,
	SEND = estate.gram_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE estate.gram IS
'What least squares needs to know of a table: number of rows, means of x and y, and sums of products of the deviations from them';

CREATE FUNCTION estate.gram_add(state estate.gram, y double precision, x double precision[]) RETURNS estate.gram
	AS 'MODULE_PATHNAME', 'estate_gram_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION estate.gram_add(estate.gram, double precision, double precision[]) IS 'Transition function of estate.gram(y, x): the state with one more row';

CREATE FUNCTION estate.gram_combine(state estate.gram, other estate.gram) RETURNS estate.gram
	AS 'MODULE_PATHNAME', 'estate_gram_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION estate.gram_combine(estate.gram, estate.gram) IS 'The gram of the rows of both';

CREATE AGGREGATE estate.gram(y double precision, x double precision[]) (
	SFUNC = estate.gram_add,
	STYPE = estate.gram,
	SSPACE = 8192,
	COMBINEFUNC = estate.gram_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE estate.gram(double precision, double precision[]) IS
'Gram of a regression of y on the elements of x, for estate.ols() and estate.ridge(). Rows with NULL in y, in x or in an element of x are left out. No column of ones: the intercept is always there';

CREATE AGGREGATE estate.merge(part estate.gram) (
	SFUNC = estate.gram_combine,
	STYPE = estate.gram,
	SSPACE = 8192,
	COMBINEFUNC = estate.gram_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE estate.merge(estate.gram) IS 'Gram of all rows of all grams: of partitions, shards, or days kept in a table';

CREATE FUNCTION estate.ols(gram estate.gram,
	OUT n bigint, OUT p int, OUT coefficients double precision[], OUT standard_errors double precision[],
	OUT r2 double precision, OUT sigma double precision)
	AS 'MODULE_PATHNAME', 'estate_ols' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION estate.ols(estate.gram) IS
'Ordinary least squares: coefficients[1] is the intercept, coefficients[1 + i] that of x[i]; p counts the x. sigma and standard_errors are NULL when no degrees of freedom are left';

CREATE FUNCTION estate.ridge(gram estate.gram, lambda double precision,
	OUT n bigint, OUT p int, OUT coefficients double precision[], OUT standard_errors double precision[],
	OUT r2 double precision, OUT sigma double precision)
	AS 'MODULE_PATHNAME', 'estate_ridge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION estate.ridge(estate.gram, double precision) IS
'Ridge regression: minimises |y - a - Xb|^2 + lambda |b|^2 with x as it is given (scale it if its units differ); the intercept is not penalised. sigma counts the effective degrees of freedom';

GRANT EXECUTE ON FUNCTION
	estate.gram_in(cstring), estate.gram_out(estate.gram), estate.gram_recv(internal), estate.gram_send(estate.gram),
	estate.gram_add(estate.gram, double precision, double precision[]),
	estate.gram_combine(estate.gram, estate.gram),
	estate.gram(double precision, double precision[]),
	estate.merge(estate.gram),
	estate.ols(estate.gram),
	estate.ridge(estate.gram, double precision)
	TO estate_reader, estate_operator, estate_admin;

CREATE FUNCTION estate.ratio_add(state double precision[], estimate double precision, price double precision)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'estate_ratio_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION estate.ratio_add(double precision[], double precision, double precision) IS
'Transition function of estate.ratio_study(estimate, price): the state with one more pair';

CREATE TYPE estate.ratio_statistics AS (
	n					bigint,
	median_ratio		double precision,
	mean_ratio			double precision,
	weighted_mean_ratio	double precision,
	cod					double precision,
	prd					double precision,
	prb					double precision
);
COMMENT ON TYPE estate.ratio_statistics IS 'Result of estate.ratio_study(), by IAAO''s Standard on Ratio Studies';
COMMENT ON COLUMN estate.ratio_statistics.n IS 'Number of pairs of estimate and price';
COMMENT ON COLUMN estate.ratio_statistics.median_ratio IS 'Median of estimate / price: the level, 1 is exact';
COMMENT ON COLUMN estate.ratio_statistics.mean_ratio IS 'Mean of estimate / price';
COMMENT ON COLUMN estate.ratio_statistics.weighted_mean_ratio IS 'Sum of estimates / sum of prices';
COMMENT ON COLUMN estate.ratio_statistics.cod IS 'Coefficient of dispersion: mean distance of ratios from their median, in percent of it';
COMMENT ON COLUMN estate.ratio_statistics.prd IS 'Price-related differential: mean ratio / weighted mean ratio; above 1.03 dear homes are valued low';
COMMENT ON COLUMN estate.ratio_statistics.prb IS 'Price-related bias: change of the ratio, relative to the median, when the value doubles';

CREATE FUNCTION estate.ratio_finish(state double precision[]) RETURNS estate.ratio_statistics
	AS 'MODULE_PATHNAME', 'estate_ratio_study' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION estate.ratio_finish(double precision[]) IS 'Final function of estate.ratio_study(estimate, price)';

CREATE AGGREGATE estate.ratio_study(estimate double precision, price double precision) (
	SFUNC = estate.ratio_add,
	STYPE = double precision[],
	COMBINEFUNC = pg_catalog.array_cat,
	FINALFUNC = estate.ratio_finish,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE estate.ratio_study(double precision, double precision) IS
'How well estimates meet prices: SELECT (estate.ratio_study(estimate, price)).*. Pairs with NULL are left out';

CREATE FUNCTION estate.train(market text DEFAULT NULL, as_of date DEFAULT NULL)
	RETURNS TABLE (market text, segment text, version int, sales int, features int,
		mdape double precision, r2_log double precision, seconds double precision)
	AS 'MODULE_PATHNAME', 'estate_train' LANGUAGE C SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION estate.train(text, date) IS
'Fits a model for each segment with at least 30 sales closed before as_of (NULL: up to today), of one market or all, and makes it the active one; mdape (percent) and r2_log are leave-one-out';

CREATE FUNCTION estate.score(market text DEFAULT NULL)
	RETURNS TABLE (market text, segment text, version int, listings bigint, written bigint, seconds double precision)
	AS 'MODULE_PATHNAME', 'estate_score' LANGUAGE C SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION estate.score(text) IS
'Values every visible listing by the active model of its segment; writes only estimates that change. version is NULL where a segment has no model';

CREATE FUNCTION estate.backtest(market text, date_from date, date_to date DEFAULT NULL, step interval DEFAULT NULL,
	OUT n bigint, OUT mdape double precision, OUT mape double precision, OUT ppe10 double precision, OUT ppe20 double precision,
	OUT r2_log double precision, OUT cod double precision, OUT prd double precision, OUT prb double precision,
	OUT coverage_80 double precision, OUT coverage_90 double precision)
	AS 'MODULE_PATHNAME', 'estate_backtest' LANGUAGE C STABLE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION estate.backtest(text, date, date, interval) IS
'How good valuation would have been: at each origin (date_from, then every step; NULL: once) trains on sales closed before it and values those that close until the next, before date_to (NULL: to the last sale). All in percent but r2_log, prd and prb';

CREATE FUNCTION estate.value_property(subject jsonb, market text DEFAULT NULL,
	OUT market text, OUT segment text, OUT model_version int, OUT estimate numeric, OUT low_80 numeric, OUT high_80 numeric,
	OUT low_90 numeric, OUT high_90 numeric, OUT fsd numeric, OUT confidence text)
	AS 'MODULE_PATHNAME', 'estate_value_property' LANGUAGE C STABLE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION estate.value_property(jsonb, text) IS
'Value today of a home that need not be listed. Keys of subject are columns of estate.listing, others are fields of extra; property_type says the segment. market may be NULL when only one has a model for it';

CREATE FUNCTION estate.train_job(args jsonb) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	PERFORM estate.train(args ->> 'market', (args ->> 'as_of')::date);
END
$$;
COMMENT ON FUNCTION estate.train_job(jsonb) IS 'Built-in handler train: estate.train() with {"market": .., "as_of": ..}, both optional';

CREATE FUNCTION estate.score_job(args jsonb) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	PERFORM estate.score(args ->> 'market');
END
$$;
COMMENT ON FUNCTION estate.score_job(jsonb) IS 'Built-in handler score: estate.score() with {"market": ..}, optional';

GRANT EXECUTE ON FUNCTION
	estate.ratio_add(double precision[], double precision, double precision),
	estate.ratio_finish(double precision[]),
	estate.ratio_study(double precision, double precision),
	estate.backtest(text, date, date, interval),
	estate.value_property(jsonb, text)
	TO estate_reader, estate_operator, estate_admin;
GRANT EXECUTE ON FUNCTION
	estate.train(text, date), estate.score(text), estate.train_job(jsonb), estate.score_job(jsonb)
	TO estate_operator, estate_admin;
-- Nothing to PUBLIC: functions are executable by everybody unless that is taken back.
DO $$
DECLARE
	member record;
BEGIN
	FOR member IN
		SELECT p.oid::pg_catalog.regprocedure AS signature
		FROM pg_catalog.pg_depend d
		JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) d.objid
		JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid
		WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
			AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.deptype OPERATOR(pg_catalog.=) 'e' AND e.extname OPERATOR(pg_catalog.=) 'pg_estate'
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', member.signature);
	END LOOP;
END
$$;
