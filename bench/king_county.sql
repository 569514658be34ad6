-- Puts the King County sales (kc_house_data.csv, on psql variable csv) into market king: a listing
-- for each sale.
CREATE TEMP TABLE house (
	id text, date text, price numeric, bedrooms int, bathrooms text, sqft_living numeric,
	sqft_lot numeric, floors text, waterfront text, view text, condition text, grade text,
	sqft_above text, sqft_basement text, yr_built int, yr_renovated text, zipcode text, lat float8,
	long float8, sqft_living15 text, sqft_lot15 text);
\copy house FROM PSTDIN CSV HEADER
INSERT INTO estate.market (name, currency, area_unit, time_zone)
VALUES ('king', 'USD', 'sqft', 'America/Los_Angeles');
INSERT INTO estate.listing (market_id, source_system, listing_key, currency, standard_status,
	close_price, close_date, living_area, living_area_units, lot_size_area, lot_size_units,
	bedrooms_total, year_built, latitude, longitude, postal_code, extra)
SELECT m.market_id, 'king', h.id || '|' || h.date, 'USD', 'Closed', h.price,
	to_date(left(h.date, 8), 'YYYYMMDD'), h.sqft_living, 'Square Feet', h.sqft_lot, 'Square Feet',
	h.bedrooms, h.yr_built, h.lat, h.long, h.zipcode,
	jsonb_build_object('id', h.id, 'bathrooms', h.bathrooms, 'floors', h.floors,
		'waterfront', h.waterfront,
		'view', h.view, 'condition', h.condition, 'grade', h.grade, 'sqft_above', h.sqft_above,
		'sqft_basement', h.sqft_basement, 'yr_renovated', h.yr_renovated,
		'sqft_living15', h.sqft_living15, 'sqft_lot15', h.sqft_lot15)
FROM house h, estate.market m WHERE m.name = 'king';
ANALYZE estate.listing;
