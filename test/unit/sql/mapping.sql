-- The samples: RESO pages, a CSV by synonyms, pipe-delimited Latin 1 by a mapping
\getenv abs_srcdir PG_ABS_SRCDIR
\set page1 `cat :'abs_srcdir'/../feeds/reso_page1.json`
\set page2 `cat :'abs_srcdir'/../feeds/reso_page2.json`
\set delta `cat :'abs_srcdir'/../feeds/reso_delta.json`
\set us `cat :'abs_srcdir'/../feeds/listings_us.csv`
\set pipe `base64 -w0 :'abs_srcdir'/../feeds/listings_pipe_latin1.txt`
SELECT count(*), count(code) AS rejected, sum(media) AS media, count(DISTINCT hash) AS hashes FROM unit.read(convert_to(:'page1', 'UTF8'), 'reso');
SELECT count(*), count(code) AS rejected, sum(media) AS media, count(DISTINCT hash) AS hashes FROM unit.read(convert_to(:'page2', 'UTF8'), 'reso');
SELECT key, code, field, reason, removed, media, problems FROM unit.read(convert_to(:'delta', 'UTF8'), 'reso');
SELECT key, code, field, reason, removed, media, problems FROM unit.read(convert_to(:'delta', 'UTF8'), 'reso', settings => '{"strict": true}') WHERE code IS NOT NULL;
SELECT vals, extra FROM unit.read(convert_to(:'delta', 'UTF8'), 'reso') WHERE key IN ('TST000003', 'TST000007', 'TST000015');
-- a record that has not changed has the hash that it had
SELECT p.key, p.hash = d.hash AS same FROM unit.read(convert_to(:'page1', 'UTF8'), 'reso') p JOIN unit.read(convert_to(:'delta', 'UTF8'), 'reso') d USING (key)
UNION ALL
SELECT p.key, p.hash = d.hash FROM unit.read(convert_to(:'page2', 'UTF8'), 'reso') p JOIN unit.read(convert_to(:'delta', 'UTF8'), 'reso') d USING (key) ORDER BY 1;
SELECT vals, extra, code FROM unit.read(convert_to(:'us', 'UTF8'));
SELECT vals, extra, code, reason, raw FROM unit.read(decode(:'pipe', 'base64'), encoding => 'LATIN1', mapping =>
	'{"listing_key":"LISTNUM", "list_price":"PRICE", "city":"TOWN", "public_remarks":"REMARKS", "listing_contract_date":"LISTDT",
	  "living_area":{"from":"SQFT"}, "standard_status":{"from":"STAT","lookup":{"A":"Active","S":"Closed"}}, "country":{"const":"CA"},
	  "property_type":{"from":"TYPE_IS_NOT_THERE","default":"Residential"}}');
SELECT vals, extra, code, reason, raw FROM unit.read(decode(:'pipe', 'base64'), encoding => 'LATIN1', mapping =>
	'{"listing_key":"LISTNUM", "list_price":"PRICE", "city":"TOWN", "public_remarks":"REMARKS", "listing_contract_date":"LISTDT",
	  "living_area":{"from":"SQFT"}, "standard_status":{"from":"STAT","lookup":{"A":"Active","S":"Closed"}}, "country":{"const":"CA"}}');

-- any change changes the hash: a value, a null, extra, media, removal
CREATE FUNCTION unit.hash(body text) RETURNS bigint LANGUAGE sql AS $$SELECT hash FROM unit.read(convert_to(body, 'UTF8'), 'reso')$$;
SELECT count(*), count(DISTINCT unit.hash(body)) FROM (VALUES
	('{"ListingKey":"1"}'), ('{"ListingKey":"2"}'), ('{"ListingKey":"1","ListPrice":1}'), ('{"ListingKey":"1","ListPrice":2}'), ('{"ListingKey":"1","ClosePrice":1}'),
	('{"ListingKey":"1","X":1}'), ('{"ListingKey":"1","X":"1"}'), ('{"ListingKey":"1","Y":1}'), ('{"ListingKey":"1","MlgCanView":false}'),
	('{"ListingKey":"1","Media":[]}'), ('{"ListingKey":"1","Media":[{"MediaKey":"a"}]}'), ('{"ListingKey":"1","Media":[{"MediaKey":"a","Order":1}]}'),
	('{"ListingKey":"1","Media":[{"MediaKey":"a","MediaURL":"b"}]}'), ('{"ListingKey":"1","Media":[{"MediaKey":"a"},{"MediaKey":"b"}]}'), ('{"ListingKey":"1","View":[]}')) v (body);
-- and what says the same does not
SELECT count(DISTINCT unit.hash(body)) FROM (VALUES
	('{"ListingKey":"1","ListPrice":100000,"X":[1],"CloseDate":null}'), ('{"X":[1],"ListPrice":"100000.00","ListingKey":"1","Y":null,"@odata.id":"z"}')) v (body);

-- removal, units, words
SELECT key, removed, vals, code FROM unit.read(convert_to('[{"ListingKey":"1","StandardStatus":"Delete"},{"ListingKey":"2","MlgCanView":false,"ListPrice":"n/a","Media":"x"},{"MlgCanView":false},
	{"ListingKey":"4","StandardStatus":"ActiveUnderContract","PropertyType":"residential lease","LivingArea":100,"LotSizeArea":2,"LotSizeUnits":"acre"},
	{"ListingKey":"5","StandardStatus":"Sold","LivingArea":100,"LivingAreaUnits":"SquareMeters"},{"ListingKey":"6","StandardStatus":"Cancelled","PropertySubType":"SingleFamilyResidence"}]', 'UTF8'), 'reso');
SELECT vals FROM unit.read(convert_to(E'MLS #,Status,Living Area Sqm,MLS Number\n1,SOLD,80,7', 'UTF8'));
-- media
SELECT key, media, problems, extra FROM unit.read(convert_to('[{"ListingKey":"1","Media":null},{"ListingKey":"2","Media":{}},{"ListingKey":"3","Media":[1]},{"ListingKey":"4","Media":[{"Order":1}]},
	{"ListingKey":"5","Media":[{"MediaURL":"u","Order":"x"}]},{"ListingKey":"6","Media":[{"MediaURL":"u","MediaModificationTimestamp":"yesterday"}]},{"ListingKey":"7","Media":[{"MediaURL":"u"}]}]', 'UTF8'), 'reso');
-- the key: of several fields, missing, too long
SELECT key, code, field, reason FROM unit.read(convert_to(E'a,b\n1,2\n1,\n ,\n3,' || repeat('x', 300), 'UTF8'), mapping => '{"listing_key":{"from":["a","b"]}}');
-- required, default, lookup with an else
SELECT key, vals, code, field, reason FROM unit.read(convert_to(E'k,p,s\n1,,A\n2,5,B\n3,5,\n', 'UTF8'), mapping =>
	'{"listing_key":"k","list_price":{"from":"p","required":true},"mls_status":{"from":"s","lookup":{"A":"Active","*":"Other"},"default":"None"}}');
-- a zone of its own
SELECT vals FROM unit.read(convert_to(E'k,t\n1,2026-07-01 12:00', 'UTF8'), mapping => '{"listing_key":"k","modification_timestamp":"t","original_entry_timestamp":{"from":"t","zone":"Europe/Berlin"}}');

-- what a mapping does
SELECT * FROM unit.describe('csv', fields => '{MLS Number,Price,Baths,List Date}');
SELECT * FROM unit.describe('csv');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":{"from":["id","date"]}, "close_price":"price", "standard_status":{"const":"Closed"}, "city":{"from":"c","default":"Seattle"}, "close_date":{"from":"date","as":"date:YYYYMMDD\"T000000\""}}');
SELECT * FROM unit.describe('reso', mapping => '{"list_price":"XYZ_Price", "city":null}') WHERE target IN ('listing_key', 'list_price', 'city', 'close_date') OR target IS NULL;
SELECT unit.suggest('csv', fields => '{MLS Number,Address,City,State,Zip,List Price,Status,List Date,Beds,Baths,Sq Ft,Year Built,Remarks}');
SELECT unit.suggest('csv', fields => '{Price,List Price,ListPrice}');
SELECT unit.suggest('reso') ->> 'mls_area_major';

-- mappings that cannot work
SELECT * FROM unit.describe('xml');
SELECT * FROM unit.describe('csv', mapping => '[1]');
SELECT * FROM unit.describe('csv', mapping => '{"listing_ky":"a"}');
SELECT * FROM unit.describe('csv', mapping => '{"zzzzzzzz":"a"}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":"MLS Numbr"}', fields => '{MLS Number,Price}');
SELECT * FROM unit.describe('csv', fields => '{Price,City}');
SELECT * FROM unit.describe('csv', mapping => '{"list_price":"Price"}');
SELECT * FROM unit.describe('reso', mapping => '{"listing_key":null}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":"a","city":{"form":"x"}}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":"a","city":{}}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":"a","city":7}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":"a","city":{"from":[]}}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":"a","city":{"from":"x","const":"y"}}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":"a","city":{"from":"x","lookup":["y"]}}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":"a","city":{"from":"x","required":"y"}}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":{"const":"y"}}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":"a","list_price":{"from":"x","default":"cheap"}}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":"a","list_price":{"from":"x","as":"cents"}}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":"a","list_price":{"from":"x","as":"date"}}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":"a","close_date":{"from":"x","as":"date:YYYYMMDDT000000"}}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":"a","close_date":{"from":"x","as":"date:YYYY"}}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":"a","close_date":{"from":"x","as":"timestamp:YYYY-MM-DD HH12"}}');
SELECT * FROM unit.describe('csv', mapping => '{"listing_key":"a","close_date":{"from":"x","zone":"Mars/Olympus"}}');
CREATE TABLE unit.odd (listing_key text, place point);
SELECT * FROM unit.describe('csv', 'unit.odd', '{"listing_key":"a","place":"x"}');
