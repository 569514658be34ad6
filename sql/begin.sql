-- Records are UTF-8 and are stored as they are: SQL_ASCII takes them so, other encodings would not.
DO $$
BEGIN
	IF pg_catalog.getdatabaseencoding() NOT IN ('UTF8', 'SQL_ASCII') THEN
		RAISE EXCEPTION USING
			ERRCODE = 'feature_not_supported',
			MESSAGE = 'pg_estate needs a database with encoding UTF8',
			DETAIL = pg_catalog.format('This one has encoding %s.',
				pg_catalog.getdatabaseencoding()),
			HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0;';
	END IF;
END
$$;

-- A schema that somebody planted beforehand could hold functions that are called instead of ours.
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n
			JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) n.nspowner
			WHERE n.nspname OPERATOR(pg_catalog.=) 'estate'
				AND (r.rolsuper OR r.rolname OPERATOR(pg_catalog.=) CURRENT_USER)) THEN
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
		IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles
			WHERE rolname OPERATOR(pg_catalog.=) role_name) THEN
			EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', role_name);
		END IF;
	END LOOP;
END
$$;

-- A server that has loaded an earlier library goes on with it until it is restarted.
DO $$
DECLARE
	loaded text;
BEGIN
	BEGIN
		CREATE OR REPLACE FUNCTION estate.library_version() RETURNS text
			AS 'MODULE_PATHNAME', 'estate_library_version' LANGUAGE C;
		loaded := estate.library_version();
	EXCEPTION WHEN undefined_function THEN
		loaded := 'an earlier version';
	END;
	IF loaded OPERATOR(pg_catalog.<>) '@VERSION@' THEN
		RAISE EXCEPTION USING
			ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = pg_catalog.format(
				'the server has loaded the library of pg_estate %s, not that of @VERSION@', loaded),
			HINT = 'Install the library of pg_estate @VERSION@ and restart the server, '
				'then try again.';
	END IF;
END
$$;
COMMENT ON FUNCTION estate.library_version() IS
'Version of the library that this server has loaded';
GRANT EXECUTE ON FUNCTION estate.library_version() TO estate_reader, estate_operator, estate_admin;
