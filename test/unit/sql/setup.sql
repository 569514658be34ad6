-- The functions of the test module, and the real table as target
\getenv abs_srcdir PG_ABS_SRCDIR
CREATE SCHEMA estate; CREATE SCHEMA estate_internal; CREATE SCHEMA unit;
SET client_min_messages = warning;
\set ECHO none
\set market :abs_srcdir '/../../sql/tables/1/market.sql'
\set listing :abs_srcdir '/../../sql/tables/1/listing.sql'
\i :market
\i :listing
\set ECHO all
RESET client_min_messages;
CREATE FUNCTION unit.read(body bytea, preset text DEFAULT 'csv', target text DEFAULT 'estate.listing', mapping jsonb DEFAULT NULL,
	chunk int DEFAULT 0, encoding text DEFAULT NULL, delimiter text DEFAULT NULL, names text[] DEFAULT NULL, header bool DEFAULT true,
	settings jsonb DEFAULT '{}')
RETURNS TABLE (key text, code text, field text, reason text, raw text, vals text, extra jsonb, removed text, media int, hash bigint, problems text)
LANGUAGE c AS 'pg_estate_unit', 'unit_read';
CREATE FUNCTION unit.time(body bytea, preset text DEFAULT 'csv', target text DEFAULT 'estate.listing', mapping jsonb DEFAULT NULL,
	chunk int DEFAULT 0, encoding text DEFAULT NULL, delimiter text DEFAULT NULL, names text[] DEFAULT NULL, header bool DEFAULT true)
RETURNS text LANGUAGE c AS 'pg_estate_unit', 'unit_time';
CREATE FUNCTION unit.mutate(body bytea, preset text DEFAULT 'csv', target text DEFAULT 'estate.listing', mapping jsonb DEFAULT NULL,
	chunk int DEFAULT 0, encoding text DEFAULT NULL, delimiter text DEFAULT NULL, names text[] DEFAULT NULL, header bool DEFAULT true,
	times int DEFAULT 1000, seed bigint DEFAULT 1)
RETURNS text LANGUAGE c AS 'pg_estate_unit', 'unit_mutate';
CREATE FUNCTION unit.describe(preset text, target text DEFAULT 'estate.listing', mapping jsonb DEFAULT NULL, fields text[] DEFAULT NULL)
RETURNS TABLE (target text, source text, "as" text, note text) LANGUAGE c AS 'pg_estate_unit', 'unit_describe';
CREATE FUNCTION unit.suggest(preset text, target text DEFAULT 'estate.listing', fields text[] DEFAULT NULL)
RETURNS jsonb LANGUAGE c AS 'pg_estate_unit', 'unit_suggest';
