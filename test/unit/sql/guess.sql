-- A guess never costs a record: what cannot be read is null, its text is in extra, and the row says why
CREATE FUNCTION unit.take(body text, settings jsonb DEFAULT '{}', mapping jsonb DEFAULT NULL, preset text DEFAULT 'csv')
RETURNS TABLE (key text, vals text, extra jsonb, problems text, rejected text) LANGUAGE sql AS
$$SELECT r.key, regexp_replace(r.vals, 'listing_key=[^;]*(; )?(listing_id=[^;]*(; )?)?', ''), r.extra, r.problems, r.code || ': ' || r.reason
FROM unit.read(convert_to(body, 'UTF8'), preset, 'estate.listing', mapping, 0, NULL, NULL, NULL, true, settings) r$$;

SELECT * FROM unit.take(E'MLS Number,Beds,Garage,Price\n1,Studio,2 Car Attached,POA\n2,3+1,1 car,$350K\n3,2.5,2-car garage,"400,000 - 450,000"\n4,4 beds,2+,"$1.25 million"\n5,3 bd,Carport,Contact agent');
SELECT * FROM unit.take(E'MLS Number,Sq Ft,Lot Size,Acres\n1,"1,200 sqft",0.25 acres,0.25 ac\n2,110 m2,"5,000 sq. ft.",\n3,1200-1500,1 ha,5000 sqft\n4,1200 acres,~500,\n5,"1.200,50",x,y');
-- only the key, what is required, and strict reject the record
SELECT * FROM unit.take(E'k,p,c\n,1,a\n2,x,b\n3,3,' || repeat('c', 300), '{}', '{"listing_key":"k","list_price":{"from":"p","required":true},"city":"c"}');
SELECT * FROM unit.take(E'MLS Number,Beds,City\n1,Studio,A\n2,3,B', '{"strict": true}');
-- what two columns ask for is kept once; what is within another field is there already
SELECT * FROM unit.take('[{"ListingKey":"1","A":{"B":"x"},"C":"y"}]', '{}', '{"list_price":"A.B","close_price":"C","bedrooms_total":"C"}', 'reso');
-- JSON: characters that no text can hold, too many digits, another kind of value
SELECT * FROM unit.take('[{"ListingKey":"1","City":"a\u0000b","PublicRemarks":"\ud83d\ude00 is whole, \ud83d is not","X":"\\u0000"},
	{"ListingKey":"2","Y":{"a":["\udc00",{"b\u0000":1}]},"ListPrice":1e2000,"Z":{"n":1e2000}},{"ListingKey":"3","City":["a","b"],"ListPrice":[1],"BedroomsTotal":true},
	{"ListingKey":"4\u0000"}]', '{}', '{"county_or_parish":"Y.a.0"}', 'reso');
SELECT * FROM unit.take('[{"ListingKey":"1","City":"a\u0000b"},{"ListingKey":"2","X":"a\u0000b"}]', '{"strict": true}', NULL, 'reso');
SELECT r.key, r.vals, r.extra, r.problems, r.raw FROM unit.read('\x5b7b224c697374696e674b6579223a2231222c2243697479223a22636166e9222c2258223a7b2261223a5b22e9225d7d7d5d'::bytea, 'reso') r;

-- Nothing, written out
SELECT * FROM unit.take(E'MLS Number,Beds,Price,City,List Date,Country,Year Built\n1,NULL,N/A,-,0000-00-00,NA,0\n2,--,n/a,null,0001-01-01T00:00:00Z,CA,-\n3,None,#N/A,None,1/1/0001,(null),\n4,NaN,nan,—,00/00/0000,US,Unknown');
SELECT * FROM unit.take(E'MLS Number,Beds,City\n-,1,A\nN/A,1,B');
SELECT * FROM unit.take(E'MLS Number,Beds,City\n1,TBD,tbd\n2,-,N/A', '{"nothing": ["TBD"]}');
SELECT * FROM unit.take(E'k,s\n1,N/A\n2,-\n3,x', '{}', '{"listing_key":"k","mls_status":{"from":"s","lookup":{"N/A":"Asked","*":"Other"}}}');
SELECT * FROM unit.take('[{"ListingKey":"1","City":"N/A","ListPrice":"N/A","CloseDate":"0000-00-00","ModificationTimestamp":"0001-01-01T00:00:00"}]', '{}', NULL, 'reso');
SELECT * FROM unit.take('[{"ListingKey":"1","City":"N/A","ListPrice":"N/A"}]', '{"nothing": ["N/A"]}', NULL, 'reso');

-- Dates that are certain
SELECT * FROM unit.value('d', NULL, 'June-28-2018', 'Jun 28, 2018', 'September 8th, 2023', '01-MAR-2026', '1-Mar-26', '28 June 2018', '1st March 2026', '2026-Mar-01', 'Mon, 02 Mar 2026', 'Sept 5 2026', '2026.03.01', '13/02/26', '25.12.2026', '25-12-2026',
	'13/13/2026', '26-03-01', '31/04/2026', 'June 2018', '2017-01', '01/2017', '201701', '/Date(1767225600000)/', '/Date(1767225600000-0800)/', '/Date(x)/', '1767225600', '1767225600000', '862538496', '20260301093000', '176722560012', 'June 28', '28 Juni 2018', '2026-03-01 UTC');
SELECT * FROM unit.value('t', NULL, '2026-03-01 09:30:00 UTC', '2026-03-01T09:30:00 GMT', 'Sun, 01 Mar 2026 09:30:00 GMT', 'Sun, 01 Mar 2026 09:30:00 +0100', 'Mar 1, 2026 9:30 PM', '/Date(1767225600123)/', '1767225600', '1767225600.5', '1767225600123', '20260301093000', '2017-01', '2026-03-01 09:30 UTC+01:00', '2026-03-01 09:30 EST');
SELECT * FROM unit.value('d', 'date:MM/DD/YY', '3/1/26', '12/31/98', '3/1/2026');
SELECT * FROM unit.value('d', 'date:YYYY-MM', '2017-01', '2017-1', '2017-01-02');
SELECT * FROM unit.take(E'k,y,m,d,t\n1,2010,5,2026-03-01,9:30\n2,,5,2026-03-01,\n3,2010,13,,', '{}',
	'{"listing_key":"k","close_date":{"from":["y","m"],"as":"date:YYYY|MM"},"modification_timestamp":{"from":["d","t"],"as":"timestamp:YYYY-MM-DD|HH24:MI"}}');

-- Day or month first: by all that the file says, never row by row
SELECT * FROM unit.take(E'id,List Date,Expiration Date\n1,3/1/2026,\n2,4/2/2026,\n3,25/2/2026,\n4,5/6/2026,7/8/2026');
SELECT * FROM unit.take(E'id,List Date\n1,13/1/2026\n2,4/2/2026');
SELECT * FROM unit.take(E'id,List Date\n1,3/1/2026\n2,4/30/2026');
SELECT * FROM unit.take(E'id,List Date\n1,3/1/2026\n2,4/30/2026\n3,30/4/2026');
-- where nothing tells, by the market; where it does not, not at all
SELECT * FROM unit.take(E'id,List Date\n1,3/1/2026\n2,4.2.26\n3,5/5/2026');
SELECT * FROM unit.take(E'id,List Date\n1,3/1/2026\n2,4.2.26\n3,5/5/2026', '{"currency": "EUR"}');
SELECT * FROM unit.take(E'id,List Date\n1,3/1/2026\n2,4.2.26\n3,5/5/2026', '{"currency": "CAD"}');
SELECT * FROM unit.take(E'id,List Date\n1,3/1/2026\n2,13/1/2026\n3,1/13/2026', '{"date_order": "DMY"}');
SELECT * FROM unit.take('[{"ListingKey":"1","CloseDate":"3/1/2026","Date":"13/1/2026"},{"ListingKey":"2","CloseDate":"25/1/2026"}]', '{}', NULL, 'reso');

-- Units: what is stated wins over a guess
SELECT * FROM unit.take(E'id,Lot Size,Acres,Lot SqFt\n1,0.23,0.23,10019\n2,10019,0.23,10019\n3,931,0.23,\n4,0.093,0.23,\n5,0.5,0.23,\n6,0.23,,\n7,6000,,');
SELECT * FROM unit.take('[{"ListingKey":"1","LotSizeArea":0.23,"LotSizeAcres":0.23},{"ListingKey":"2","LotSizeArea":0.23,"LotSizeAcres":0.23,"LotSizeUnits":"Square Feet"},{"ListingKey":"3","LotSizeArea":0.23}]', '{}', NULL, 'reso');
SELECT * FROM unit.take(E'id,$/SqFt,SqFt\n1,250,1800');
SELECT * FROM unit.describe('csv', fields => '{id,Price/SqFt,"Price per Sq Ft","€/m²",PPSF,"Floor Area (sqm)","Lot Area (acres)"}');
SELECT * FROM unit.take(E'id,Floor Area (sqm),Lot Area (acres)\n1,80,0.5\n2,80 sqft,1 acre');
SELECT * FROM unit.take(E'id,area,units\n1,100 m2,Square Feet\n2,100 m2,\n3,100,Square Meters', '{}', '{"listing_key":"id","living_area":"area","living_area_units":"units"}');
-- amounts: a point that may group digits
SELECT * FROM unit.value('list_price', NULL, '350.000', '350.000 €', '1.234.567', '1.234,50', '$1.250M', '350.50', '1,250.500');

-- A key for files without one
SELECT key ~ '^row:[0-9a-f]{32}$' AS hashed, vals FROM unit.take(E'month,town,price\n2017-01,A,1\n2017-02,A,1', '{"key": "row"}');
SELECT count(DISTINCT key), count(*) FROM (SELECT key FROM unit.take(E'a,b\n1,2\n1,3\n1,2', '{"key": "row"}') UNION ALL SELECT key FROM unit.take(E'b,a\n2,1', '{"key": "row"}')) r;
SELECT * FROM unit.take(E'Address,City,Zip,Price\n"1/80 Hawker St.",Airport West,3042,1\n,X,1,2', '{"key": "address"}');
SELECT * FROM unit.take(E'House Number,Street Name,Unit,City\n12,Main St,4B,Salem\n12,,4B,Salem', '{"key": "address"}');
SELECT * FROM unit.take('[{"UnparsedAddress":"1 Main","City":"Salem"}]', '{"key": "address"}', NULL, 'reso');
SELECT * FROM unit.take(E'a,b\n1,2', '{"key": "row"}', '{"listing_key":"a"}');

-- Files of sales and offers with one price
SELECT * FROM unit.take(E'id,PRICE,STATUS,SOLD DATE\n1,100000,Active,\n2,200000,Sold,September-18-2026\n3,300000,Sold,');
SELECT * FROM unit.take(E'id,PRICE,STATUS,SOLD DATE,SOLD PRICE\n2,200000,Sold,September-18-2026,190000');

-- Rents are no prices of sales: a field beside the price, or the status, says what is offered
SELECT * FROM unit.take(E'id,price,operation,property_type\n1,350000,sale,flat\n2,1200,rent,flat\n3,1200,Rent,\n4,9,rent,Commercial Sale\n5,9,rent,Residential Lease');
SELECT * FROM unit.take(E'id,list_price,status\n1,450000,FOR_SALE\n2,2400,FOR_RENT\n3,900,To Let\n4,900,Rented');
SELECT * FROM unit.take(E'id,price,homeStatus,dateSold\n1,450000,FOR_SALE,\n2,2400,FOR_RENT,\n3,400000,RECENTLY_SOLD,1767225600000');
SELECT * FROM unit.describe('csv', fields => '{id,price,purpose,currency}');
-- amounts of another currency are no amounts of the market
SELECT * FROM unit.take(E'id,price,currency,HOA Fee\n1,120000,USD,10\n2,9000,ARS,10\n3,9000,,10\n4,9000,usd,');
SELECT * FROM unit.take(E'id,price\n1,"€ 350,000"\n2,"R$ 1.200.000,00"\n3,"₹ 4,25,000"\n4,"US$5"\n5,A$5\n6,$5\n7,"£ 5"');
SELECT * FROM unit.take(E'id,price\n1,"€ 350,000"\n2,"$350,000"\n3,"EUR 350,000"\n4,"350 000 €"', '{"currency": "EUR"}');
SELECT * FROM unit.take(E'id,price\n1,R$ 5\n2,$5', '{"currency": "BRL"}');
-- an area whose point may group digits
SELECT * FROM unit.take(E'id,Living Area (m²),Lot Size (m²)\n1,1.200,1.250\n2,85.500,850\n3,1.2,1.2\n4,1.200 sqft,0.230');
SELECT * FROM unit.take(E'id,Lot Size,Acres\n1,1.250,1.25\n2,1.250,\n3,1.250 acres,\n4,1.250 sqft,');
-- a date at the end of time is none
SELECT * FROM unit.value('d', NULL, '9999-12-31', '12/31/9999', '9998-12-31');
