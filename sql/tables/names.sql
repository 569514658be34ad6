-- Our tables and sequences, and the step that makes them: what has to be there, and what
-- teardown(drop_data => true) drops. Of lanes and parts of the history only the parents.
VALUES
	(1, 'estate.market'), (1, 'estate.property'),
	(1, 'estate.listing'), (1, 'estate.listing_change'), (1, 'estate.sale_record'),
	(1, 'estate.media'), (1, 'estate.model'), (1, 'estate.estimate'),
	(1, 'estate.feed'), (1, 'estate.feed_run'), (1, 'estate.feed_reject'),
	(1, 'estate_internal.feed_cursor'), (1, 'estate_internal.installation'),
	(1, 'estate_internal.queue'), (1, 'estate_internal.job_ready'),
	(1, 'estate_internal.job_open'), (1, 'estate_internal.job_ended'),
	(1, 'estate_internal.job_unique'),
	(1, 'estate_internal.job_dependency'), (1, 'estate_internal.job_cancel'),
	(2, 'estate_internal.schedule'),
	(1, 'estate_internal.job_id_seq'), (1, 'estate_internal.job_lease_seq')
