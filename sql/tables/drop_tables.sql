-- What teardown(drop_data => true) drops. RESTRICT: what a user built on them stops it.
DROP VIEW estate_internal.job_waiting;
DROP TABLE estate.estimate, estate.model, estate.media, estate.listing_change, estate.sale_record, estate.listing,
	estate.property, estate.feed_reject, estate.feed_run, estate_internal.feed_cursor, estate.feed, estate.market,
	estate_internal.job_open, estate_internal.job_unique, estate_internal.job_dependency, estate_internal.job_cancel, estate_internal.queue,
	estate_internal.installation;
DO $$
DECLARE
	part regclass;
BEGIN
	FOR part IN SELECT inhrelid FROM pg_catalog.pg_inherits
		WHERE inhparent IN ('estate_internal.job_ready'::regclass, 'estate_internal.job_ended'::regclass) LOOP
		EXECUTE format('DROP TABLE %s', part);
	END LOOP;
END
$$;
DROP TABLE estate_internal.job_ready, estate_internal.job_ended;
DROP SEQUENCE estate_internal.job_id_seq, estate_internal.job_lease_seq;
DROP FUNCTION IF EXISTS estate_internal.stays_here();
