-- Who may read the tables that say who runs what; run by each setup() as the keeper (see
-- src/rights.c), whose tables are all of estate_internal and estate.feed. Nobody else may write
-- them, put a trigger on them, or refer to them by a foreign key: that would be the right to run
-- anything as anybody. estate_admin reads them for the views that it owns.
REVOKE ALL ON ALL TABLES IN SCHEMA estate_internal FROM estate_reader, estate_operator,
	estate_admin;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA estate_internal FROM estate_reader, estate_operator,
	estate_admin;
REVOKE ALL ON estate.feed FROM estate_reader, estate_operator, estate_admin;
GRANT SELECT ON ALL TABLES IN SCHEMA estate_internal TO estate_admin;
GRANT SELECT ON estate_internal.installation TO estate_operator;
GRANT SELECT ON estate.feed TO estate_reader, estate_operator, estate_admin;

-- A subscriber that has the tables without what is in them
INSERT INTO estate_internal.queue (number, name) VALUES (0, 'default') ON CONFLICT DO NOTHING;

-- The queue of a database is its own: who runs what is not for another server to say. A publication
-- FOR ALL TABLES has these tables too, and so has whoever subscribes to it; there their rows are
-- passed by, whether they come with the first copy or later (see docs/jobs.md, src/job/row.c).
CREATE OR REPLACE FUNCTION estate_internal.stays_here() RETURNS trigger LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF EXISTS (SELECT FROM pg_catalog.pg_stat_subscription
		WHERE pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()) THEN
		-- that of the publisher says that this is a copy of it
		IF TG_TABLE_NAME OPERATOR(pg_catalog.=) 'installation'
			AND TG_OP OPERATOR(pg_catalog.=) 'INSERT'
			AND NOT EXISTS (SELECT FROM estate_internal.installation) THEN
			RETURN NEW;
		END IF;
		RETURN NULL;
	END IF;
	-- a restore with session_replication_role = replica
	RETURN CASE WHEN TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN OLD ELSE NEW END;
END
$$;
REVOKE ALL ON FUNCTION estate_internal.stays_here() FROM PUBLIC;
COMMENT ON FUNCTION estate_internal.stays_here() IS
'Keeps what a subscription brings out of the tables of the queue';
DO $$
DECLARE
	its regclass;
BEGIN
	FOR its IN SELECT c.oid FROM pg_catalog.pg_class c
		WHERE c.relnamespace OPERATOR(pg_catalog.=) 'estate_internal'::pg_catalog.regnamespace
			AND c.relkind OPERATOR(pg_catalog.=) 'r'
			AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
				WHERE t.tgrelid OPERATOR(pg_catalog.=) c.oid
					AND t.tgname OPERATOR(pg_catalog.=) 'stays_here') LOOP
		EXECUTE pg_catalog.format(
			'CREATE TRIGGER stays_here BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW'
			' EXECUTE FUNCTION estate_internal.stays_here()', its);
		EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE REPLICA TRIGGER stays_here', its);
	END LOOP;
END
$$;
