-- doctor: whether all is well, and what to type where it is not
-- What is written in SQL here reads catalogs only: whoever calls it, perhaps a superuser, must not
-- run what others put on our tables and views. Those are looked at by findings(), with the rights
-- of their owners.

CREATE FUNCTION estate_code.server_state(OUT preloaded bool, OUT launcher_pid int,
		OUT configured bool, OUT workers_running int, OUT system_id text, OUT tables_needed int,
		OUT tables_present text, OUT tables_missing text, OUT configure_command text)
	AS 'MODULE_PATHNAME', 'estate_server_state' LANGUAGE C;
COMMENT ON FUNCTION estate_code.server_state() IS
'What the loaded module knows of the launcher, the workers and the tables of this database, '
'and the commands that make workers run';

CREATE FUNCTION estate_code.server_changed() RETURNS text
	AS 'MODULE_PATHNAME', 'estate_server_changed' LANGUAGE C;
COMMENT ON FUNCTION estate_code.server_changed() IS
'What is other of this server than when the workers were enabled; NULL: nothing';

CREATE FUNCTION estate_code.preload_command(present text) RETURNS text
	AS 'MODULE_PATHNAME', 'estate_preload_command' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate_code.preload_command(text) IS
'The command that adds pg_estate to a value of shared_preload_libraries';

CREATE FUNCTION estate_code.findings(OUT "check" text, OUT ok bool, OUT detail text, OUT fix text)
		RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_findings' LANGUAGE C ROWS 10;
COMMENT ON FUNCTION estate_code.findings() IS
'What the tables say of feeds, jobs, queues and photos; read it through estate.doctor()';

GRANT EXECUTE ON FUNCTION estate_code.server_state(), estate_code.server_changed(),
	estate_code.preload_command(text), estate_code.findings()
	TO estate_operator, estate_admin;

CREATE FUNCTION estate_code.check_installation()
		RETURNS TABLE ("check" text, ok bool, detail text, fix text)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	state record;
	code_version text;
	stranger text;
	version int;
BEGIN
	SELECT * INTO state FROM estate_code.server_state();
	SELECT extversion INTO code_version FROM pg_extension WHERE extname = 'pg_estate';

	RETURN QUERY SELECT 'functions', code_version = estate.library_version(),
		format('of version %s, the library is of version %s', code_version,
			estate.library_version()),
		CASE WHEN code_version <> estate.library_version()
			THEN 'ALTER EXTENSION pg_estate UPDATE;' END;

	IF state.tables_present IS NULL THEN
		RETURN QUERY SELECT 'tables', false, 'not set up in this database',
			'SELECT * FROM estate.setup();';
		RETURN;
	END IF;
	-- a table of another owner is not read: reading a view would run the owner's functions
	SELECT format('%s belongs to %I', o.name, pg_get_userbyid(o.owner)) INTO stranger
		FROM pg_namespace e, LATERAL (
			SELECT 1, 'schema estate_internal', i.nspowner FROM pg_namespace i
			WHERE i.nspname = 'estate_internal'
			UNION ALL SELECT 2, c.oid::regclass::text, c.relowner FROM pg_class c
			WHERE c.relnamespace = to_regnamespace('estate_internal')
				AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
			UNION ALL SELECT 3, 'estate.feed', c.relowner FROM pg_class c
			WHERE c.oid = to_regclass('estate.feed')) o(n, name, owner)
		WHERE e.nspname = 'estate' AND o.owner <> e.nspowner ORDER BY o.n, o.name LIMIT 1;
	RETURN QUERY SELECT 'owner of the bookkeeping', stranger IS NULL,
		coalesce(stranger || ', not to the owner of schema estate',
			(SELECT format('role %I', pg_get_userbyid(nspowner)) FROM pg_namespace
				WHERE nspname = 'estate')),
		CASE WHEN stranger IS NOT NULL THEN
			'-- look into it: who may write there may run anything as anybody; then ALTER .. '
			'OWNER TO, then SELECT * FROM estate.setup();' END;
	IF stranger LIKE '%estate\_internal%' THEN
		RETURN;
	END IF;

	IF state.tables_missing IS NOT NULL THEN
		RETURN QUERY SELECT 'tables', false,
			format('not complete; left are %s; missing are %s', state.tables_present,
				state.tables_missing),
			'-- restore them from a backup; or drop what is left, with all rows: '
			'SELECT * FROM estate.teardown(drop_data => true);';
		RETURN;
	END IF;
	EXECUTE 'SELECT tables_version FROM estate_internal.installation' INTO version;
	RETURN QUERY SELECT 'tables', version = state.tables_needed,
		format('of version %s, code %s needs version %s', version, code_version,
			state.tables_needed),
		CASE WHEN version < state.tables_needed THEN 'SELECT * FROM estate.setup();'
			WHEN version > state.tables_needed
			THEN '-- install the newer pg_estate, then ALTER EXTENSION pg_estate UPDATE;' END;

	RETURN QUERY SELECT 'views', to_regclass('estate.scored_listing') IS NOT NULL,
		CASE WHEN to_regclass('estate.scored_listing') IS NULL
			THEN 'not there: teardown() or DROP EXTENSION has dropped them' ELSE 'there' END,
		CASE WHEN to_regclass('estate.scored_listing') IS NULL
			THEN 'SELECT * FROM estate.setup();' END;

	RETURN QUERY SELECT 'owner of the tables', NOT r.rolsuper, format('role %I', r.rolname),
		CASE WHEN r.rolsuper
			THEN '-- ALTER TABLE .. OWNER TO estate_admin for each of them: '
			'triggers on them would run as a superuser' END
		FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
		WHERE c.oid = 'estate.listing'::regclass;

	RETURN QUERY SELECT 'creating in our schemas', strangers IS NULL,
		coalesce('allowed to ' || strangers, 'allowed to the owner of schema estate only'),
		CASE WHEN strangers IS NOT NULL THEN
			'REVOKE CREATE ON SCHEMA estate, estate_code, estate_internal FROM ' || strangers
				|| '; -- what they create may be called instead of ours' END
		FROM (SELECT string_agg(DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC'
				ELSE quote_ident(pg_get_userbyid(a.grantee)) END, ', ')
			FROM pg_namespace n, aclexplode(n.nspacl) a
			WHERE n.nspname IN ('estate', 'estate_code', 'estate_internal')
				AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner) s(strangers);
END
$$;
COMMENT ON FUNCTION estate_code.check_installation() IS
'The part of estate.doctor() that is about functions, tables and their owners';

CREATE FUNCTION estate_code.check_workers()
		RETURNS TABLE ("check" text, ok bool, detail text, fix text)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	state record;
	install record;
	bound bool;
	libraries text;
	available CONSTANT int := current_setting('max_worker_processes')::int;
	wanted record;
	others int;
BEGIN
	SELECT * INTO state FROM estate_code.server_state();
	EXECUTE 'SELECT system_id, database_oid FROM estate_internal.installation' INTO install;
	bound := install.system_id = state.system_id
		AND install.database_oid = (SELECT oid FROM pg_database WHERE datname = current_database());

	-- what the next start will preload, if the caller may know that: a change may wait for it
	IF NOT state.preloaded AND has_function_privilege('pg_show_all_file_settings()', 'EXECUTE') THEN
		libraries := coalesce((SELECT setting FROM pg_file_settings
			WHERE name = 'shared_preload_libraries' ORDER BY seqno DESC LIMIT 1), '');
	ELSIF pg_has_role('pg_read_all_settings', 'USAGE') THEN
		libraries := current_setting('shared_preload_libraries');
	END IF;
	RETURN QUERY SELECT 'preload', state.preloaded,
		CASE WHEN state.preloaded THEN 'pg_estate is preloaded'
			ELSE 'pg_estate is not preloaded: nothing runs by itself' END,
		CASE WHEN state.preloaded THEN NULL
			WHEN libraries ~ '(^|[",/ ])pg_estate($|[", ])'
			THEN '-- restart the server: shared_preload_libraries has pg_estate'
			ELSE coalesce(estate_code.preload_command(libraries),
				'-- add pg_estate to shared_preload_libraries, then restart the server') END;

	RETURN QUERY SELECT 'databases', state.configured,
		format('estate.databases = %L', current_setting('estate.databases')),
		CASE WHEN NOT state.configured THEN state.configure_command END;

	-- the other databases that it names; one of them may be misspelled
	RETURN QUERY SELECT 'databases named', count(n.unserved) = 0,
		coalesce(string_agg(format('%I %s', n.name, n.unserved), '; ')
			FILTER (WHERE n.unserved IS NOT NULL), 'all can have workers'),
		CASE WHEN count(n.unserved) > 0 THEN
			format('%sALTER SYSTEM SET estate.databases = %L; SELECT pg_reload_conf();',
				CASE WHEN NOT state.preloaded THEN 'LOAD ''pg_estate''; ' END,
				coalesce(string_agg(quote_ident(n.name), ', ')
					FILTER (WHERE n.unserved IS NULL), '')) END
		FROM estate_code.served_databases() n;

	RETURN QUERY SELECT 'launcher', state.launcher_pid IS NOT NULL,
		coalesce('pid ' || state.launcher_pid, 'not running'),
		CASE WHEN state.launcher_pid IS NOT NULL THEN NULL
			WHEN pg_is_in_recovery() THEN '-- a standby runs none until it is promoted'
			WHEN state.preloaded THEN '-- look for "pg_estate launcher" in the server log'
			ELSE '-- it comes with the next start of the server, once pg_estate is preloaded' END;

	RETURN QUERY SELECT 'workers', coalesce(bound, false),
		CASE WHEN install.system_id IS NULL THEN 'disabled'
			WHEN NOT bound THEN 'quiet: this database is a copy or was restored'
			ELSE format('enabled, %s running now', state.workers_running) END,
		CASE WHEN NOT coalesce(bound, false) THEN 'SELECT estate.enable_workers();' END;

	RETURN QUERY SELECT 'server', c.changed IS NULL,
		coalesce(
			'not the one that the workers were enabled on, or it was moved: other ' || c.changed,
			'the one that the workers were enabled on'),
		CASE WHEN c.changed IS NOT NULL THEN
			'SELECT estate.enable_workers(); -- if it has taken over; if the original still runs, '
			'this copy does its jobs twice: SELECT estate.disable_workers(); '
			'and start the next one with estate.databases = '''''
		END
		FROM estate_code.server_changed() c(changed) WHERE bound;

	-- those of all databases, as the launcher counts them; beside what else is running now
	SELECT * INTO wanted FROM estate_code.worker_processes();
	SELECT count(*) INTO others FROM pg_stat_activity
		WHERE backend_type NOT LIKE 'pg\_estate %'
			AND backend_type NOT IN ('client backend', 'parallel worker', 'autovacuum launcher',
				'autovacuum worker', 'background writer', 'checkpointer', 'walwriter', 'walsender',
				'walreceiver', 'walsummarizer', 'startup', 'archiver', 'logger', 'io worker',
				'slotsync worker', 'standalone backend', 'logical replication launcher');
	RETURN QUERY SELECT 'max_worker_processes', available >= wanted.needed + others,
		format('%s; %s are needed for %s with estate.workers = %s each,'
			' %s while long jobs hold them up; %s are of others%s',
			available, wanted.needed,
			(SELECT count(*) || CASE count(*) WHEN 1 THEN ' database' ELSE ' databases' END
				FROM estate_code.served_databases() n WHERE n.unserved IS NULL),
			current_setting('estate.workers'), wanted.most, others,
			'; the last one was refused at ' || wanted.refused_at),
		CASE WHEN available >= wanted.needed + others THEN NULL
			WHEN (SELECT pending_restart FROM pg_settings WHERE name = 'max_worker_processes')
				THEN '-- restart the server: a change waits for that'
			ELSE format('ALTER SYSTEM SET max_worker_processes = %s; -- then restart the server',
				wanted.most + others + current_setting('max_parallel_workers')::int)
		END;
END
$$;
COMMENT ON FUNCTION estate_code.check_workers() IS
'The part of estate.doctor() that is about the server and its workers';

CREATE FUNCTION estate.doctor(OUT "check" text, OUT ok bool, OUT detail text, OUT fix text)
		RETURNS SETOF record
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	row record;
	whole bool := false;
BEGIN
	FOR row IN SELECT * FROM estate_code.check_installation() LOOP
		"check" := row."check";
		ok := row.ok;
		detail := row.detail;
		fix := row.fix;
		RETURN NEXT;
		whole := whole OR ("check" = 'tables' AND ok);
	END LOOP;
	IF NOT whole THEN
		RETURN;
	END IF;
	RETURN QUERY SELECT * FROM estate_code.check_workers();
	RETURN QUERY SELECT * FROM estate_code.findings();
	-- no fault where it is missing: whoever does not call schedule() does not need it
	RETURN QUERY SELECT 'pg_cron', true,
		CASE WHEN EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron')
			THEN 'in this database: estate.schedule() works'
			ELSE 'not in this database; only estate.schedule() needs it' END,
		NULL;
END
$$;
COMMENT ON FUNCTION estate.doctor() IS
'Checks the installation, feeds, jobs and photos: what is well, what is not, '
'and the command that mends it or shows more';
GRANT EXECUTE ON FUNCTION estate_code.check_installation(), estate_code.check_workers(),
	estate.doctor() TO estate_operator, estate_admin;
