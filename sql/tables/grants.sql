-- Who may read and write the tables; run by each setup(). Nothing to PUBLIC.
GRANT SELECT ON estate.market, estate.property, estate.listing, estate.listing_change, estate.media, estate.sale_record,
	estate.model, estate.estimate, estate.feed, estate.feed_run TO estate_reader, estate_operator;
GRANT SELECT ON estate.feed_reject TO estate_operator;
GRANT SELECT ON estate_internal.installation TO estate_operator;
GRANT UPDATE (paused) ON estate.feed TO estate_operator;
GRANT SELECT ON estate_internal.feed_cursor TO estate_operator;
