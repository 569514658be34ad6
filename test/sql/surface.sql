--
-- The walls of the SQL surface: rights, search paths, comments, names, types.
-- Each query lists what breaks a rule; each must come back empty.
--
\set ON_ERROR_STOP on
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS ready FROM estate.setup();

-- there is something to judge at all
SELECT count(*) > 30 AS functions FROM pg_proc WHERE pronamespace = 'estate'::regnamespace;
-- what \df estate.* shows: what is meant to be called, and what says that it is not
SELECT DISTINCT proname AS public_function FROM pg_proc
WHERE pronamespace = 'estate'::regnamespace AND coalesce(obj_description(oid, 'pg_proc'), '') NOT LIKE 'Internal%' ORDER BY 1;
SELECT DISTINCT proname AS internal_function FROM pg_proc
WHERE pronamespace = 'estate'::regnamespace AND obj_description(oid, 'pg_proc') LIKE 'Internal%' ORDER BY 1;
SELECT count(*) > 10 AS tables FROM pg_class WHERE relnamespace = 'estate'::regnamespace AND relkind IN ('r', 'v');

-- nothing is PUBLIC's
SELECT oid::regprocedure AS public_function FROM pg_proc
WHERE pronamespace IN ('estate'::regnamespace, 'estate_code'::regnamespace, to_regnamespace('estate_internal'))
	AND has_function_privilege('public', oid, 'EXECUTE');
SELECT c.oid::regclass AS public_relation FROM pg_class c, LATERAL aclexplode(c.relacl) a
WHERE c.relnamespace IN ('estate'::regnamespace, 'estate_code'::regnamespace, to_regnamespace('estate_internal')) AND a.grantee = 0;
SELECT n.nspname AS public_schema FROM pg_namespace n, LATERAL aclexplode(n.nspacl) a
WHERE n.nspname IN ('estate', 'estate_code', 'estate_internal') AND a.grantee = 0;

-- functions whose body is text are bound to a search path; a body in standard SQL is parsed but once, when it is made
SELECT p.oid::regprocedure AS loose_search_path FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace IN ('estate'::regnamespace, 'estate_code'::regnamespace, to_regnamespace('estate_internal'))
	AND l.lanname IN ('sql', 'plpgsql') AND p.prosqlbody IS NULL
	AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s WHERE s ~ '^search_path=.*pg_temp$');
SELECT p.oid::regprocedure AS definer_without_search_path FROM pg_proc p
WHERE p.pronamespace IN ('estate'::regnamespace, 'estate_code'::regnamespace, to_regnamespace('estate_internal')) AND p.prosecdef
	AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s WHERE s ~ '^search_path=.*pg_temp$');

-- everything public is explained
SELECT oid::regprocedure AS function_without_comment FROM pg_proc
WHERE pronamespace IN ('estate'::regnamespace, 'estate_code'::regnamespace) AND obj_description(oid, 'pg_proc') IS NULL;
SELECT oid::regclass AS relation_without_comment FROM pg_class
WHERE relnamespace = 'estate'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') AND obj_description(oid, 'pg_class') IS NULL;
SELECT a.attrelid::regclass AS relation, a.attname AS column_without_comment FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'estate'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
	AND col_description(a.attrelid, a.attnum) IS NULL;
SELECT t.oid::regtype AS type_without_comment FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE t.typnamespace = 'estate'::regnamespace AND t.typelem = 0 AND (t.typrelid = 0 OR c.relkind = 'c')
	AND obj_description(t.oid, 'pg_type') IS NULL;

-- arguments can be named without quotes
SELECT DISTINCT p.oid::regprocedure AS function, a.name AS reserved_argument
FROM pg_proc p CROSS JOIN LATERAL unnest(p.proargnames) WITH ORDINALITY a(name, place) JOIN pg_get_keywords() k ON k.word = a.name
WHERE p.pronamespace = 'estate'::regnamespace AND k.catcode IN ('R', 'T')
	AND coalesce(p.proargmodes[a.place], 'i') IN ('i', 'b', 'v');
SELECT p.oid::regprocedure AS unnamed_arguments FROM pg_proc p
WHERE p.pronamespace = 'estate'::regnamespace AND p.prokind IN ('f', 'p') AND p.pronargs > 1 AND p.proargnames IS NULL
	AND NOT EXISTS (SELECT FROM pg_type t WHERE p.oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend))
	AND NOT EXISTS (SELECT FROM pg_aggregate g WHERE p.oid IN (g.aggtransfn, g.aggcombinefn, g.aggfinalfn))
	AND NOT EXISTS (SELECT FROM pg_operator o WHERE p.oid = o.oprcode);

-- BI tools see how wide a number is, and see scalars only
SELECT a.attrelid::regclass AS relation, a.attname AS column_for_no_tool, format_type(a.atttypid, a.atttypmod) AS type
FROM pg_attribute a
WHERE a.attrelid IN (to_regclass('estate.scored_listing'), to_regclass('estate.deal')) AND a.attnum > 0
	AND (a.atttypid = 'numeric'::regtype AND a.atttypmod = -1 OR a.atttypid IN ('json'::regtype, 'jsonb'::regtype)
		OR format_type(a.atttypid, -1) LIKE '%[]');
SELECT count(*) FILTER (WHERE attname IN ('estimate', 'low_80', 'high_80', 'low_90', 'high_90', 'fsd', 'confidence', 'below_estimate_pct',
	'deal_score', 'deal_percentile', 'price_per_area', 'model_version', 'scored_at')) AS pinned_columns
FROM pg_attribute WHERE attrelid = to_regclass('estate.scored_listing');

-- facts can be sharded: market_id leads every primary, unique and foreign key of theirs
SELECT c.conrelid::regclass AS relation, c.conname AS key_not_led_by_market
FROM pg_constraint c
WHERE c.conrelid IN ('estate.property'::regclass, 'estate.listing'::regclass, 'estate.listing_change'::regclass, 'estate.media'::regclass,
		'estate.sale_record'::regclass, 'estate.model'::regclass, 'estate.estimate'::regclass)
	AND c.contype IN ('p', 'u', 'f')
	AND (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = c.conkey[1]) <> 'market_id';

-- the extension owns code, the user owns the data
SELECT c.oid::regclass AS member_of_the_extension FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND c.relnamespace IN ('estate'::regnamespace, 'estate_code'::regnamespace, to_regnamespace('estate_internal'))
	AND c.relkind IN ('r', 'p', 'v', 'm', 'S');
SELECT a.attrelid::regclass AS relation, a.attname AS column_of_extension_type
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = a.atttypid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND c.relnamespace IN ('estate'::regnamespace, 'estate_code'::regnamespace, to_regnamespace('estate_internal'));
