-- What teardown(drop_data => true) drops. RESTRICT: what a user built on them stops it.
DROP VIEW estate_internal.job_waiting, estate_internal.job_ready;
DROP TABLE estate.estimate, estate.model, estate.media, estate.listing_change, estate.sale_record, estate.listing,
	estate.property, estate.feed_reject, estate.feed_run, estate_internal.feed_cursor, estate.feed, estate.market,
	estate_internal.job_open, estate_internal.job_ended, estate_internal.installation;
DROP TABLE estate_internal.job_ready_0_0, estate_internal.job_ready_0_1, estate_internal.job_ready_0_2,
	estate_internal.job_ready_1_0, estate_internal.job_ready_1_1, estate_internal.job_ready_1_2,
	estate_internal.job_ready_2_0, estate_internal.job_ready_2_1, estate_internal.job_ready_2_2;
DROP SEQUENCE estate_internal.job_id_seq;
