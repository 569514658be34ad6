-- score: every visible listing with its value; the under-priced ones; how markets stand

CREATE OR REPLACE VIEW estate.scored_listing WITH (security_invoker = true) AS
WITH scored AS (
	SELECT v.*, m.name, m.area_unit, e.estimate, e.low_80, e.high_80, e.low_90, e.high_90, e.fsd,
		e.confidence, e.model_version, e.scored_at,
		coalesce(CASE WHEN NOT v.for_sale THEN v.close_price END, v.list_price) AS price,
		CASE m.area_unit WHEN 'sqm' THEN v.living_area_sqm ELSE v.living_area_sqft END AS area,
		CASE WHEN v.list_price > 0 THEN (e.estimate - v.list_price) / e.estimate END AS below,
		CASE WHEN v.list_price > 0 AND e.fsd > 0
			THEN (e.estimate - v.list_price) / (e.fsd * e.estimate) END AS advantage
	FROM estate.listing_visible v
	JOIN estate.market m ON m.market_id = v.market_id
	LEFT JOIN estate.estimate e ON e.market_id = v.market_id AND e.listing = v.id AND e.estimate > 0
)
SELECT s.market_id, s.id, s.name::varchar(255) AS market, s.source_system, s.listing_key,
	s.listing_id, s.standard_status, s.property_type, s.property_sub_type, s.segment, s.for_sale,
	s.unparsed_address, s.city, s.state_or_province, s.postal_code, s.latitude, s.longitude,
	s.bedrooms_total, s.bathrooms_total_integer, s.living_area_sqft, s.living_area_sqm,
	s.lot_size_sqm, s.year_built, s.photos_count, s.on_market_date, s.days_on_market, s.close_date,
	s.currency, s.list_price, s.close_price, s.estimate, s.low_80, s.high_80, s.low_90, s.high_90,
	s.fsd, s.confidence,
	-- least() and greatest() pass over NULL, so what is not known is kept out of them
	(CASE WHEN s.below IS NOT NULL
		THEN greatest(least(100 * s.below, 99999.99), -99999.99) END)::numeric(7,2)
		AS below_estimate_pct,
	(CASE WHEN s.advantage IS NOT NULL
		THEN greatest(least(s.advantage, 9999.999), -9999.999) END)::numeric(7,3) AS deal_score,
	(CASE WHEN s.for_sale AND s.advantage IS NOT NULL THEN
		100 * percent_rank() OVER (PARTITION BY s.market_id, s.segment, s.for_sale
			AND s.advantage IS NOT NULL
			ORDER BY s.advantage) END)::numeric(5,2) AS deal_percentile,
	(CASE WHEN s.price > 0 AND s.area > 0
		THEN least(s.price / s.area, 999999999999.99) END)::numeric(14,2) AS price_per_area,
	s.model_version, s.scored_at, s.changed_at
FROM scored s;
COMMENT ON VIEW estate.scored_listing IS
'One row for each visible listing: facts, estimate with its intervals, '
'and what the estimate says about the asking price; NULL where no model values it';
COMMENT ON COLUMN estate.scored_listing.market IS 'Name of the market';
COMMENT ON COLUMN estate.scored_listing.below_estimate_pct IS
'How far the asking price is below the estimate, in percent of the estimate; negative: above';
COMMENT ON COLUMN estate.scored_listing.deal_score IS
'(estimate - asking price) / (fsd x estimate): how far below the estimate, '
'in units of what the estimate may err';
COMMENT ON COLUMN estate.scored_listing.deal_percentile IS
'Percent of the listings for sale in the same market and segment with a lower deal_score';
COMMENT ON COLUMN estate.scored_listing.price_per_area IS
'Asking price, or closing price of what is sold, for one unit of living area (area_unit of the '
'market)';

-- Under-priced and for sale. ORDER BY deal_score DESC is the caller's.
CREATE OR REPLACE VIEW estate.deal WITH (security_invoker = true) AS
SELECT s.* FROM estate.scored_listing s WHERE s.for_sale AND s.below_estimate_pct > 0;
COMMENT ON VIEW estate.deal IS
'Listings for sale whose asking price is below the estimate; the best have the highest deal_score';

CREATE OR REPLACE VIEW estate.market_status WITH (security_invoker = true) AS
SELECT m.market_id, m.name::varchar(255) AS market, m.currency,
	coalesce(s.visible, 0) AS visible_count, coalesce(s.for_sale, 0) AS for_sale_count,
	coalesce(s.closed, 0) AS closed_count, coalesce(s.valued, 0) AS valued_count,
	coalesce(s.deals, 0) AS deal_count, s.median_list_price::numeric(14,2) AS median_list_price,
	s.median_days::numeric(8,1) AS median_days_on_market,
	(SELECT count(*) FROM estate.model a
		WHERE a.market_id = m.market_id AND a.active) AS model_count,
	(SELECT max(a.trained_at) FROM estate.model a
		WHERE a.market_id = m.market_id AND a.active) AS trained_at,
	s.scored_at
FROM estate.market m
LEFT JOIN (
	SELECT v.market_id, count(*) AS visible, count(*) FILTER (WHERE v.for_sale) AS for_sale,
		count(*) FILTER (WHERE v.standard_status = 'Closed') AS closed, count(e.listing) AS valued,
		count(*) FILTER (WHERE v.for_sale AND v.list_price < e.estimate) AS deals,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY v.list_price)
			FILTER (WHERE v.for_sale) AS median_list_price,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY v.days_on_market)
			FILTER (WHERE v.for_sale) AS median_days,
		max(e.scored_at) AS scored_at
	FROM estate.listing_visible v
	LEFT JOIN estate.estimate e ON e.market_id = v.market_id AND e.listing = v.id
	GROUP BY v.market_id) s ON s.market_id = m.market_id;
COMMENT ON VIEW estate.market_status IS
'How each market stands: listings, what can be bought, what is valued and when';
COMMENT ON COLUMN estate.market_status.market_id IS 'Key of the market';
COMMENT ON COLUMN estate.market_status.market IS 'Name of the market';
COMMENT ON COLUMN estate.market_status.currency IS 'ISO 4217 code of its prices';
COMMENT ON COLUMN estate.market_status.visible_count IS 'Listings that may be shown';
COMMENT ON COLUMN estate.market_status.for_sale_count IS 'Of these, those that can still be bought';
COMMENT ON COLUMN estate.market_status.closed_count IS 'Of these, those that are sold';
COMMENT ON COLUMN estate.market_status.valued_count IS 'Of these, those with an estimate';
COMMENT ON COLUMN estate.market_status.deal_count IS
'Listings for sale that ask less than their estimate';
COMMENT ON COLUMN estate.market_status.median_list_price IS
'Median asking price of what is for sale';
COMMENT ON COLUMN estate.market_status.median_days_on_market IS
'Median of the days on market, as the sources count, of what is for sale';
COMMENT ON COLUMN estate.market_status.model_count IS 'Segments with an active model';
COMMENT ON COLUMN estate.market_status.trained_at IS 'When the newest of them was trained';
COMMENT ON COLUMN estate.market_status.scored_at IS
'When a listing was last given another estimate';

-- the other columns say what their column of the tables below says
DO $$
DECLARE
	view_column record;
BEGIN
	FOR view_column IN
		SELECT v.attrelid::regclass AS view, v.attname,
			(SELECT coalesce(col_description(t.attrelid, t.attnum), '') FROM pg_attribute t
			WHERE t.attrelid IN ('estate.scored_listing'::regclass,
				'estate.listing_visible'::regclass, 'estate.estimate'::regclass)
				AND t.attname = v.attname AND t.attnum > 0
				AND col_description(t.attrelid, t.attnum) IS NOT NULL
			ORDER BY t.attrelid <> 'estate.scored_listing'::regclass,
				t.attrelid <> 'estate.listing_visible'::regclass
			LIMIT 1) AS says
		FROM pg_attribute v
		WHERE v.attrelid IN ('estate.scored_listing'::regclass, 'estate.deal'::regclass)
			AND v.attnum > 0
		ORDER BY v.attrelid = 'estate.deal'::regclass
	LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', view_column.view, view_column.attname,
			view_column.says);
	END LOOP;
END
$$;

GRANT SELECT ON estate.scored_listing, estate.deal, estate.market_status
	TO estate_reader, estate_operator;
