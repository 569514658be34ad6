-- What teardown() drops: views of ours, whatever their order. RESTRICT: a view that a user built on
-- one stops it.
DROP VIEW IF EXISTS estate.metrics, estate.progress, estate.deal, estate.scored_listing,
	estate.market_status, estate.sale, estate.listing_for_sale, estate.listing_visible,
	estate.feed_status, estate.queue_status, estate.schedule_status, estate.job;
