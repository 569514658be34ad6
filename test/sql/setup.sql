--
-- setup(), teardown(), doctor(), the versions of the tables; who may do what.
-- In databases of its own: nothing here is left behind.
--
\set VERBOSITY default
\set HIDE_TOAST_COMPRESSION on
CREATE DATABASE "Regress Setup" ENCODING 'UTF8' TEMPLATE template0;
\c "Regress Setup"
SET client_min_messages = notice;

-- before setup: each call says what to do
CREATE EXTENSION pg_estate;
SELECT estate.enqueue('train');
CALL estate.run_jobs();
SELECT estate.train();
SELECT estate.enable_workers();
SELECT * FROM estate.teardown();
SELECT "check", ok, detail, fix FROM estate.doctor();

-- the tables; the whole line to type, with a name that needs quotes
SELECT * FROM estate.setup();
-- again: the same, and nothing is lost
SELECT estate.create_market('kept') > 0 AS created;
SELECT * FROM estate.setup();
SELECT name FROM estate.market;
SELECT relowner::regrole = 'estate_admin'::regrole AS facts, count(*) > 5 AS some FROM pg_class
WHERE relnamespace IN ('estate'::regnamespace, 'estate_internal'::regnamespace) AND relkind IN ('r', 'v', 'S') GROUP BY relowner ORDER BY 1;

-- the line that enable_workers() and doctor() give can be typed as it is
SELECT estate.disable_workers();
SELECT ok, detail, fix FROM estate.doctor() WHERE "check" = 'workers';
SELECT * FROM estate.setup();
SELECT estate.enable_workers();
SELECT ok, detail, fix FROM estate.doctor() WHERE "check" = 'workers';
SELECT fix FROM estate.doctor() WHERE "check" = 'databases' \gset
SELECT split_part(:'fix', ';', 1) AS line \gset
:line;
SELECT pg_reload_conf();
\c "Regress Setup"
SHOW estate.databases;
SELECT ok, detail, fix FROM estate.doctor() WHERE "check" = 'databases';
SELECT estate.enable_workers();
-- the present value is in it
ALTER SYSTEM SET estate.databases = 'another, third';
SELECT pg_reload_conf();
\c "Regress Setup"
SELECT estate.enable_workers();
SELECT fix FROM estate.doctor() WHERE "check" = 'databases';
ALTER SYSTEM SET estate.databases = 'not a, list"';
ALTER SYSTEM RESET estate.databases;
SELECT pg_reload_conf();
\c "Regress Setup"

-- every check of doctor() has a detail, and a fix unless it is well
SELECT "check", ok FROM estate.doctor() ORDER BY 1;
SELECT * FROM estate.doctor() WHERE detail IS NULL OR (NOT ok AND fix IS NULL);

-- tables of another version
UPDATE estate_internal.installation SET tables_version = 1000;
SELECT * FROM estate.setup();
SELECT estate.enqueue('train');
SELECT estate.create_market('x');
SELECT ok, regexp_replace(detail, 'code \S+', 'code ..') AS detail, fix FROM estate.doctor() WHERE "check" = 'tables';
UPDATE estate_internal.installation SET tables_version = -1;
SELECT estate.enqueue('train');
CALL estate.run_jobs();
SELECT ok, regexp_replace(detail, 'code \S+', 'code ..') AS detail, fix FROM estate.doctor() WHERE "check" = 'tables';
UPDATE estate_internal.installation SET tables_version = (SELECT tables_needed FROM estate.module_state());

-- who may not
CREATE ROLE regress_visitor;
GRANT estate_operator TO regress_visitor;
SET ROLE regress_visitor;
SELECT * FROM estate.setup();
SELECT estate.enable_workers();
SELECT count(*) > 5 AS checks FROM estate.doctor();
RESET ROLE;
GRANT EXECUTE ON FUNCTION estate.setup() TO regress_visitor;
SET ROLE regress_visitor;
SELECT * FROM estate.setup();
RESET ROLE;
REVOKE EXECUTE ON FUNCTION estate.setup() FROM regress_visitor;
GRANT estate_admin TO regress_visitor;
SET ROLE regress_visitor;
SELECT estate.disable_workers();
RESET ROLE;
REVOKE estate_admin, estate_operator FROM regress_visitor;
DROP ROLE regress_visitor;

-- a user's own things: on our tables, and on our views
ALTER TABLE estate.listing ADD COLUMN my_note text DEFAULT 'mine';
CREATE INDEX my_index ON estate.listing (my_note);
CREATE VIEW my_view AS SELECT id, state FROM estate.job;
\set VERBOSITY terse
SELECT * FROM estate.teardown();
\set VERBOSITY default
DROP VIEW my_view;

-- teardown keeps the data, setup finds it again
SELECT count(estate.enqueue('train', run_at => 'tomorrow')) AS enqueued FROM generate_series(1, 3);
SELECT * FROM estate.teardown();
SELECT to_regclass('estate.job') IS NULL AND to_regclass('estate.scored_listing') IS NULL AS views_gone,
	(SELECT count(*) FROM estate_internal.job_open) AS jobs, (SELECT count(*) FROM estate.market) AS markets;
SET client_min_messages = warning;
SELECT * FROM estate.teardown();
SELECT * FROM estate.setup();
SELECT state, count(*) FROM estate.job GROUP BY 1;
SELECT attname FROM pg_attribute WHERE attrelid = 'estate.listing'::regclass AND attname = 'my_note';
SELECT indexrelid::regclass FROM pg_index WHERE indexrelid = 'estate.my_index'::regclass;

-- so it is when the extension is dropped
CREATE TABLE rows_before AS SELECT c.oid::regclass::text AS name,
		(xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || c.oid::regclass, false, true, '')))[1]::text::bigint AS n
	FROM pg_class c WHERE c.relnamespace IN ('estate'::regnamespace, 'estate_internal'::regnamespace) AND c.relkind = 'r';
\set VERBOSITY terse
DROP EXTENSION pg_estate;
DROP EXTENSION pg_estate CASCADE;
SELECT count(*) AS tables, count(*) FILTER (WHERE to_regclass(name) IS NULL) AS gone, sum(n) >= 4 AS rows,
	sum((xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || name, false, true, '')))[1]::text::bigint - n) AS lost
FROM rows_before;
SELECT to_regclass('estate.job') IS NULL AS views_gone;
CREATE EXTENSION pg_estate;
SELECT * FROM estate.setup();
SELECT state, count(*) FROM estate.job GROUP BY 1;
SELECT count(*) >= 0 AS readable FROM estate.scored_listing;

-- plans that a session keeps are of these tables ..
SELECT estate.enqueue('train', run_at => 'tomorrow', unique_key => 'once') AS id \gset
SELECT estate.enqueue('train', run_at => 'tomorrow', unique_key => 'once') = :id AS same, estate.snooze_job(:id, '2 days') AS snoozed,
	estate.retry_job(:id) AS retried, (SELECT count(*) FROM estate.fetch_jobs('outside', 1)) AS fetched;
SELECT estate.cancel_job(:id) AS cancelled;

-- teardown with the data: nothing is left, and all can begin anew
SELECT * FROM estate.teardown(drop_data => NULL);
SELECT * FROM estate.teardown(drop_data => true);
SELECT c.oid::regclass AS left_over FROM pg_class c WHERE c.relnamespace IN ('estate'::regnamespace, to_regnamespace('estate_internal'))
	AND c.relkind <> 'c';
SELECT to_regnamespace('estate_internal') IS NULL AS gone;
SELECT estate.cancel_job(:id);
SELECT * FROM estate.setup();
-- .. and of those that came after
SELECT estate.enqueue('train', run_at => 'tomorrow', unique_key => 'once') AS id \gset
SELECT estate.enqueue('train', run_at => 'tomorrow', unique_key => 'once') = :id AS same, estate.snooze_job(:id, '2 days') AS snoozed,
	estate.retry_job(:id) AS retried, (SELECT count(*) FROM estate.fetch_jobs('outside', 1)) AS fetched;
SELECT estate.cancel_job(:id) AS cancelled;
BEGIN;
DROP TABLE estate_internal.job_unique CASCADE;
SAVEPOINT dropped;
SELECT estate.enqueue('train', run_at => 'tomorrow', unique_key => 'once');
ROLLBACK TO dropped;
ROLLBACK;
SELECT estate.enqueue('train', run_at => 'tomorrow', unique_key => 'once') > :id AS enqueued;
DROP EXTENSION pg_estate CASCADE;

-- a schema that somebody planted before us is not used
\c postgres
DROP DATABASE "Regress Setup";
CREATE DATABASE "Regress Setup" ENCODING 'UTF8' TEMPLATE template0;
\c "Regress Setup"
CREATE ROLE regress_planter;
CREATE SCHEMA estate_internal AUTHORIZATION regress_planter;
CREATE EXTENSION pg_estate;
SELECT * FROM estate.setup();
DROP SCHEMA estate_internal;
DROP ROLE regress_planter;
\c postgres
DROP DATABASE "Regress Setup";
