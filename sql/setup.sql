-- setup: the tables and the workers

CREATE SCHEMA estate_code;
COMMENT ON SCHEMA estate_code IS
'Functions that those of schema estate are made of; nothing here is meant to be called';
GRANT USAGE ON SCHEMA estate_code TO estate_reader, estate_operator, estate_admin;

CREATE FUNCTION estate.check_tables() RETURNS void
	AS 'MODULE_PATHNAME', 'estate_check_tables' LANGUAGE C;
COMMENT ON FUNCTION estate.check_tables() IS
'Internal: raises an error with the command to type when the tables are missing or not of the '
'code''s version';
GRANT EXECUTE ON FUNCTION estate.check_tables() TO estate_reader, estate_operator, estate_admin;

CREATE FUNCTION estate.setup(OUT step text, OUT result text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_setup' LANGUAGE C;
COMMENT ON FUNCTION estate.setup() IS
'Makes the tables and views, or brings them to the code''s version; '
'enables the workers of a fresh database. Safe to call again';

CREATE FUNCTION estate.teardown(drop_data bool DEFAULT false, OUT step text, OUT result text)
		RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_teardown' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.teardown(bool) IS
'Opposite of setup(): disables the workers and drops the views; with drop_data => true also all '
'tables with their rows';

CREATE FUNCTION estate.enable_workers() RETURNS text
	AS 'MODULE_PATHNAME', 'estate_enable_workers' LANGUAGE C;
COMMENT ON FUNCTION estate.enable_workers() IS
'Lets the workers run feeds and jobs in this database; needed after a restore or copy, '
'which stays quiet until then';
GRANT EXECUTE ON FUNCTION estate.enable_workers() TO estate_admin;

CREATE FUNCTION estate.disable_workers() RETURNS text
	AS 'MODULE_PATHNAME', 'estate_disable_workers' LANGUAGE C;
COMMENT ON FUNCTION estate.disable_workers() IS
'Keeps the workers from running anything in this database';
GRANT EXECUTE ON FUNCTION estate.disable_workers() TO estate_admin;

CREATE FUNCTION estate_code.served_databases(OUT name text, OUT unserved text, OUT workers int,
		OUT busy int) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_served_databases' LANGUAGE C;
COMMENT ON FUNCTION estate_code.served_databases() IS
'The databases that estate.databases names: why one has no workers, how many run, '
'how many of them have something to do';
GRANT EXECUTE ON FUNCTION estate_code.served_databases() TO estate_reader, estate_operator,
	estate_admin;

CREATE FUNCTION estate_code.worker_processes(OUT needed int, OUT most int,
		OUT refused_at timestamptz)
	AS 'MODULE_PATHNAME', 'estate_worker_processes' LANGUAGE C;
COMMENT ON FUNCTION estate_code.worker_processes() IS
'How many of max_worker_processes all databases of estate.databases need together, and could use; '
'when the launcher last got none';
GRANT EXECUTE ON FUNCTION estate_code.worker_processes() TO estate_reader, estate_operator,
	estate_admin;
