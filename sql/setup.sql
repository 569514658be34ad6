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

CREATE FUNCTION estate.served_databases(OUT name text, OUT unserved text, OUT workers int, OUT busy int) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_served_databases' LANGUAGE C;
COMMENT ON FUNCTION estate.served_databases() IS
'The databases that estate.databases names: why one has no workers, how many run, how many of them have something to do';
GRANT EXECUTE ON FUNCTION estate.served_databases() TO estate_reader, estate_operator, estate_admin;

CREATE FUNCTION estate.worker_processes(OUT needed int, OUT most int, OUT refused_at timestamptz)
	AS 'MODULE_PATHNAME', 'estate_worker_processes' LANGUAGE C;
COMMENT ON FUNCTION estate.worker_processes() IS
'How many of max_worker_processes all databases of estate.databases need together, and could use; when the launcher last got none';
GRANT EXECUTE ON FUNCTION estate.worker_processes() TO estate_reader, estate_operator, estate_admin;

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
