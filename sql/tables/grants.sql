-- Who may read and write the facts; run by each setup() as their owner. Nothing to PUBLIC.
GRANT SELECT ON estate.market, estate.property, estate.listing, estate.listing_change,
	estate.media, estate.sale_record, estate.model, estate.estimate, estate.feed_run
	TO estate_reader, estate_operator;
GRANT SELECT ON estate.feed_reject TO estate_operator;
