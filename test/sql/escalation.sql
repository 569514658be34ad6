--
-- A member of estate_admin owns the facts, and may put anything on them: none
-- of it runs with the rights of a superuser who comes along, and nobody can
-- say that a job or a feed is somebody else's. In a database of its own.
--
\set VERBOSITY terse
\set HIDE_TOAST_COMPRESSION on
SET client_min_messages = error;
CREATE ROLE regress_admin;
CREATE ROLE regress_operator;
CREATE ROLE regress_thief;
CREATE DATABASE regress_escalation ENCODING 'UTF8' TEMPLATE template0;
\c regress_escalation
SET client_min_messages = error;
CREATE EXTENSION pg_estate;
GRANT estate_admin TO regress_admin;
GRANT estate_operator TO regress_operator;

-- a schema that somebody planted before setup(): jobs in it that claim to be anybody's are not believed, views not read
CREATE SCHEMA trap AUTHORIZATION regress_admin;
GRANT USAGE ON SCHEMA trap TO PUBLIC;
SET SESSION AUTHORIZATION regress_admin;
CREATE TABLE trap.seen (trap text, as_whom name, UNIQUE (trap, as_whom));
GRANT ALL ON trap.seen TO PUBLIC;
-- who has walked into which trap
CREATE FUNCTION trap.note(trap text) RETURNS bool LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	INSERT INTO trap.seen VALUES (note.trap, current_user) ON CONFLICT DO NOTHING;
	RETURN true;
END $$;
CREATE FUNCTION trap.handler(jsonb) RETURNS void LANGUAGE sql AS $$ SELECT trap.note('handler') $$;
RESET SESSION AUTHORIZATION;
CREATE SCHEMA estate_internal AUTHORIZATION regress_admin;
SET SESSION AUTHORIZATION regress_admin;
CREATE VIEW estate_internal.installation AS SELECT 1 AS tables_version, NULL::text AS system_id, NULL::oid AS database_oid
	WHERE trap.note('planted installation');
RESET SESSION AUTHORIZATION;
SELECT * FROM estate.doctor();
SELECT estate.enqueue('train');
CALL estate.run_jobs();
SELECT * FROM estate.setup();
ALTER SCHEMA estate_internal OWNER TO CURRENT_USER;
SELECT estate.enqueue('train');
SELECT * FROM estate.setup();
SELECT * FROM trap.seen;
DROP SCHEMA estate_internal CASCADE;

-- default privileges that are to let somebody in when setup() makes the tables
SET SESSION AUTHORIZATION regress_admin;
SET ROLE estate_admin;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_thief;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO PUBLIC;
RESET SESSION AUTHORIZATION;
SELECT count(*) > 0 AS ready FROM estate.setup();
SET SESSION AUTHORIZATION regress_admin;
SET ROLE estate_admin;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM regress_thief;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SEQUENCES FROM PUBLIC;
RESET SESSION AUTHORIZATION;

-- what says who runs what: nobody but the owner of schema estate has more than SELECT
CREATE VIEW kept AS SELECT c.oid, c.relowner, c.relacl, c.relkind FROM pg_class c
	WHERE c.relnamespace = 'estate_internal'::regnamespace AND c.relkind <> 'i' OR c.oid = 'estate.feed'::regclass
		OR c.oid = pg_get_serial_sequence('estate.feed', 'feed_id')::regclass;
SELECT count(*) >= 6 AS some, bool_and(relowner = (SELECT nspowner FROM pg_namespace WHERE nspname = 'estate')) AS of_the_keeper FROM kept;
SELECT oid::regclass, grantee::regrole, privilege_type FROM kept, aclexplode(relacl)
WHERE grantee <> relowner AND (privilege_type <> 'SELECT' OR grantee::regrole::text !~ '^estate_');
SELECT nspname, grantee::regrole, privilege_type FROM pg_namespace, aclexplode(nspacl)
WHERE nspname IN ('estate', 'estate_internal') AND grantee <> nspowner AND privilege_type <> 'USAGE';
-- nor does anything cascade from there to a fact: AFTER triggers would run as whoever deleted the first row
SELECT conrelid::regclass, conname FROM pg_constraint JOIN kept k ON k.oid = confrelid
WHERE contype = 'f' AND conrelid NOT IN (SELECT oid FROM kept) AND (confdeltype <> 'a' OR confupdtype <> 'a');

-- forging
SELECT estate.create_market('town', area_unit => 'sqm') AS town \gset
SELECT estate.create_feed('of the superuser', 'file:///nowhere.csv', preset => 'csv') AS of_superuser \gset
SET SESSION AUTHORIZATION regress_admin;
CREATE FUNCTION trap.attempt(sql text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE sql;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT trap.attempt(sql), sql FROM unnest(ARRAY[
	'INSERT INTO estate_internal.job_open (id, handler, done_by, queue, priority, run_at, max_attempts, role, effect_key, enqueued_at, args)
		VALUES (1, ''trap.handler(jsonb)'', ''s'', ''default'', 0, now(), 1, ''postgres'', gen_random_uuid(), now(), ''{}'')',
	'UPDATE estate_internal.job_open SET role = ''postgres''',
	'UPDATE estate_internal.job_ready SET role = ''postgres''',
	'UPDATE estate_internal.job_ready_0_1_0 SET role = ''postgres''',
	'DELETE FROM estate_internal.job_ended',
	'SELECT nextval(''estate_internal.job_id_seq'')',
	'UPDATE estate_internal.installation SET tables_version = 0',
	'UPDATE estate_internal.feed_cursor SET next_url = ''file:///etc/passwd''',
	'UPDATE estate.feed SET owner = ''postgres'', url = ''/etc/passwd''',
	'UPDATE estate.feed SET paused = true',
	'INSERT INTO estate.feed (name, market_id, source_system, preset, owner) VALUES (''mine'', 1, ''mine'', ''csv'', ''postgres'')',
	'DELETE FROM estate.feed',
	'TRUNCATE estate.feed CASCADE',
	'CREATE TRIGGER mine BEFORE INSERT ON estate.feed FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
	'CREATE RULE mine AS ON UPDATE TO estate.feed DO ALSO NOTHING',
	'CREATE TABLE trap.child (feed_id int REFERENCES estate.feed ON DELETE CASCADE)',
	'ALTER TABLE estate.feed_run ADD FOREIGN KEY (feed_id) REFERENCES estate.feed ON DELETE CASCADE',
	'ALTER TABLE estate.feed ADD mine int',
	'ALTER TABLE estate.feed RENAME TO mine',
	'GRANT SELECT ON estate.feed TO regress_thief',
	'DROP TABLE estate_internal.installation',
	'ALTER TABLE estate_internal.installation RENAME TO mine',
	'CREATE TABLE estate_internal.mine ()',
	'CREATE VIEW estate.mine AS SELECT 1',
	'CREATE OR REPLACE VIEW estate.listing_for_sale AS SELECT 1',
	'CREATE FUNCTION estate.check_tables(VARIADIC int[]) RETURNS void LANGUAGE sql AS ''SELECT''',
	'CREATE FUNCTION estate.create_market(text) RETURNS int LANGUAGE sql AS ''SELECT 1''',
	'CREATE FUNCTION estate.enqueue(text, jsonb, unique_key text) RETURNS bigint LANGUAGE sql AS ''SELECT 1::bigint''',
	'CREATE OR REPLACE FUNCTION estate.train_job(jsonb) RETURNS void LANGUAGE sql AS ''SELECT''',
	'ALTER SCHEMA estate_internal RENAME TO mine',
	'ALTER EXTENSION pg_estate DROP FUNCTION estate.check_tables()'
]) sql;
RESET SESSION AUTHORIZATION;
SELECT oid::regclass, grantee::regrole, privilege_type FROM kept, aclexplode(relacl)
WHERE grantee <> relowner AND (privilege_type <> 'SELECT' OR grantee::regrole::text !~ '^estate_');

-- feeds: what a caller may not read or use himself is not his to define, nor to take over
SET SESSION AUTHORIZATION regress_admin;
SELECT estate.create_feed('passwd', 'file:///etc/passwd', preset => 'csv');
SELECT estate_code.store_feed('passwd', NULL, 'csv', 'file:///etc/passwd', NULL, NULL, NULL, '{}');
SELECT estate.alter_feed('of the superuser', every => '1 hour');
SELECT estate_code.change_feed('of the superuser', NULL, '{"listing_key": "a"}', NULL, NULL, NULL);
SELECT estate.create_feed('mine', 'http://127.0.0.1:1/', preset => 'csv', every => '1 day') AS mine \gset
RESET SESSION AUTHORIZATION;
SELECT owner FROM estate.feed ORDER BY feed_id;
GRANT EXECUTE ON FUNCTION estate_code.store_feed(text, text, text, text, text, jsonb, interval, jsonb),
	estate_code.change_feed(text, text, jsonb, text, interval, jsonb), estate_code.store_market(text, text, text, text), estate.drop_feed(text, bool),
	estate.pause_feed(text) TO regress_operator, regress_thief;
GRANT USAGE ON SCHEMA estate TO regress_thief;
SET SESSION AUTHORIZATION regress_operator;
SELECT estate_code.store_feed('stolen', NULL, 'csv', NULL, NULL, NULL, NULL, '{}');
SELECT estate_code.change_feed('mine', 'http://127.0.0.1:2/', NULL, NULL, NULL, NULL);
SELECT estate_code.store_market('stolen', 'EUR', 'sqm', 'UTC');
SELECT estate.drop_feed('mine');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_thief;
SELECT estate.pause_feed('mine');
RESET SESSION AUTHORIZATION;

-- unique keys are each role's own, and those of feeds are nobody's
SET SESSION AUTHORIZATION regress_operator;
SELECT estate.enqueue('train', unique_key => format('feed:%s', :mine));
SELECT estate.enqueue('train', unique_key => 'media:1:1:1');
SELECT estate.enqueue('train', unique_key => 'schedule:nightly', run_at => 'tomorrow') AS of_operator \gset
RESET SESSION AUTHORIZATION;
SELECT estate.enqueue('train', unique_key => 'schedule:nightly', run_at => 'tomorrow') <> :of_operator AS another,
	estate.enqueue('train', unique_key => 'schedule:nightly', run_at => 'tomorrow') AS of_superuser_job \gset
\echo :another
SELECT estate.enqueue('train', unique_key => 'schedule:nightly') = :of_superuser_job AS same;
-- one that is tried again comes back beside that of another role
SELECT estate.cancel_job(:of_superuser_job), estate.retry_job(:of_superuser_job);
SELECT estate.cancel_job(:of_operator), estate.cancel_job(:of_superuser_job);

-- a feed is whose who altered it last, with the job that waits for it
SELECT unique_key = format('feed:%s', :mine) AS of_the_feed, role FROM estate.job WHERE handler = 'feed';
SELECT estate.alter_feed('mine', every => '2 days') = :mine AS altered;
SELECT f.owner, j.role, s.next_run_at = j.run_at AS shown FROM estate.feed f JOIN estate.feed_status s USING (feed_id)
	JOIN estate.job j ON j.unique_key = format('feed:%s', feed_id) WHERE feed_id = :mine;
SELECT estate.pause_feed('mine'), estate.resume_feed('mine');
SELECT count(*) FROM estate.job WHERE handler = 'feed';
SELECT estate.drop_feed('mine'), estate.cancel_job(id) FROM estate.job WHERE handler = 'feed';

-- traps on all facts, on what a superuser's calls write and read
SET SESSION AUTHORIZATION regress_admin;
CREATE FUNCTION trap.spring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trap.note(format('%s %s %s %s', TG_WHEN, TG_OP, TG_LEVEL, TG_TABLE_NAME));
	RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
DO $$
DECLARE
	fact regclass;
	level text;
	moment text;
BEGIN
	FOREACH fact IN ARRAY ARRAY['estate.market', 'estate.property', 'estate.listing', 'estate.listing_change', 'estate.media', 'estate.sale_record',
			'estate.feed_run', 'estate.feed_reject', 'estate.model', 'estate.estimate']::regclass[] LOOP
		FOREACH level IN ARRAY ARRAY['ROW', 'STATEMENT'] LOOP
			FOREACH moment IN ARRAY ARRAY['BEFORE', 'AFTER'] LOOP
				EXECUTE format('CREATE TRIGGER %I %s INSERT OR UPDATE OR DELETE ON %s FOR EACH %s EXECUTE FUNCTION trap.spring()',
					'trap ' || moment || level, moment, fact, level);
			END LOOP;
		END LOOP;
		EXECUTE format('ALTER TABLE %s ADD CHECK (trap.note(''check %s''))', fact, fact);
	END LOOP;
	-- whoever owns a view can have it read something else
	EXECUTE format('CREATE OR REPLACE RULE "_RETURN" AS ON SELECT TO estate.sale DO INSTEAD SELECT v.* FROM (%s) v WHERE trap.note(''view sale'')',
		rtrim(pg_get_viewdef('estate.sale'), ';'));
END $$;
-- a column whose type has something to say
CREATE DOMAIN trap.loud AS text CHECK (trap.note('domain'));
ALTER TABLE estate.listing ADD loud trap.loud DEFAULT 'x';
ALTER TABLE estate.market ADD loud trap.loud DEFAULT 'x';
DELETE FROM trap.seen;
RESET SESSION AUTHORIZATION;

SELECT estate.create_market('trapped') > 0 AS created;
SELECT estate.create_feed('trapped', preset => 'csv', options => '{"strict": true}', market => 'town', mapping => '{"listing_key": "k", "standard_status": "s",
	"close_price": "p", "close_date": "d", "living_area": "a"}') AS trapped \gset
SELECT seen, inserted, rejected FROM estate.push_feed('trapped', 'k,s,p,d,a' || (
	SELECT string_agg(format(E'\n%s,Closed,%s,2024-%s-01,%s', i, 1000 * i, 1 + i % 6, i), '') FROM generate_series(40, 140) i) || E'\nbad,Closed,much,x,y');
SELECT estate.replay_rejects('trapped');
SELECT segment, sales FROM estate.train('town');
SELECT segment, listings FROM estate.score('town');
SELECT n > 0 AS valued FROM estate.backtest('town', '2024-05-01');
SELECT estimate > 0 AS valued FROM estate.value_property('{"living_area": 100, "loud": "y"}', market => 'town');
SELECT estate.enqueue('train') > 0 AS enqueued;
CALL estate.run_jobs();
BEGIN;
SELECT estate.enqueue('score') > 0 AS enqueued;
CALL estate.run_jobs();
COMMIT;
SELECT count(*) FILTER (WHERE NOT ok AND "check" ~ 'owner|creating') AS faults FROM estate.doctor();
SELECT estate.alter_feed('trapped', mapping => '{"listing_key": "k"}') = :trapped AS altered;
SELECT estate.drop_feed('trapped', purge => true) > 0 AS purged;
SELECT count(*) FROM estate.feed_run WHERE feed_id = :trapped;
-- the traps were sprung, of all kinds, by their owner only
SELECT as_whom, count(*) > 40 AS traps FROM trap.seen GROUP BY 1;
SELECT trap FROM trap.seen WHERE trap ~ '^(domain|view sale|check estate.market|AFTER DELETE (ROW|STATEMENT) feed_run|BEFORE INSERT ROW market|BEFORE DELETE ROW listing)$' ORDER BY 1;

-- a trigger that waits for the commit would run as whoever commits
SET SESSION AUTHORIZATION regress_admin;
CREATE CONSTRAINT TRIGGER late AFTER INSERT OR DELETE ON estate.market DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trap.spring();
DELETE FROM trap.seen;
RESET SESSION AUTHORIZATION;
SELECT estate.create_market('late');
SELECT as_whom FROM trap.seen WHERE as_whom <> 'estate_admin';

-- nulls: an error or a null, never the end of the session; here is what takes them
DO $$
DECLARE
	f record;
BEGIN
	FOR f IN SELECT p.oid::regprocedure AS signature, p.prokind,
			format('%s %s(%s)', CASE p.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT' END, p.oid::regproc,
				(SELECT string_agg('NULL::' || t::regtype, ', ') FROM unnest(p.proargtypes) t)) AS call, p.proisstrict
		FROM pg_proc p WHERE p.pronamespace IN ('estate'::regnamespace, 'estate_code'::regnamespace) AND p.pronargs > 0 AND p.prokind IN ('f', 'p')
			AND NOT 'internal'::regtype = ANY (p.proargtypes) ORDER BY p.proname
	LOOP
		BEGIN
			EXECUTE f.call;
			IF NOT f.proisstrict THEN
				SET client_min_messages = notice;
				RAISE NOTICE '%', f.signature;
				SET client_min_messages = error;
			END IF;
		EXCEPTION WHEN OTHERS THEN
			NULL;
		END;
	END LOOP;
END $$;
SET client_min_messages = error;
SELECT estate.create_market(NULL);
SELECT estate.create_market('m', area_unit => NULL);
SELECT estate.create_feed(NULL);
SELECT estate.create_feed('x', preset => NULL);
SELECT estate.create_feed('x', options => NULL);
SELECT estate.alter_feed(NULL);

\c postgres
SET client_min_messages = error;
DROP DATABASE regress_escalation;
DROP ROLE regress_admin, regress_operator, regress_thief;
