-- JSON pages: OData, a bare array, a single object; one bad element costs one record
CREATE TABLE unit.item (listing_key varchar(20), city text);
CREATE FUNCTION unit.page(body text) RETURNS TABLE (vals text, extra jsonb, code text, reason text, raw text) LANGUAGE sql AS
$$SELECT r.vals, r.extra, r.code, r.reason, r.raw FROM unit.read(convert_to(body, 'UTF8'), 'reso', 'unit.item') r$$;

SELECT vals, extra FROM unit.page('{"@odata.context":"x","@odata.count":2,"value":[{"ListingKey":"1","City":"A \u00e9 \"\ud83c\udfe0\"","N":1.50,"B":true,"L":[1,{"x":null}],"Z":null},{"ListingKey":2}],"@odata.nextLink":"http:\/\/h\/p?$skip=2"}');
SELECT vals FROM unit.page('[{"ListingKey":"1"}]');
SELECT vals FROM unit.page(' {"ListingKey":"1"} ');
SELECT vals FROM unit.page('{"value":[]}');
-- of a name that comes twice the last one counts
SELECT vals, extra FROM unit.page('[{"ListingKey":"1","City":"a","City":"b","X":1,"X":2}]');
-- annotations are not data
SELECT vals, extra FROM unit.page('[{"@odata.id":"x","ListingKey":"1","Media@odata.context":"y","City@odata.type":"z"}]');
-- bad elements
SELECT code, reason, raw FROM unit.page('[{"ListingKey":"1"},{"ListingKey":"2","X":"\u0000"},{"ListingKey":"3","X":"\ud800"},{"ListingKey":"4","X":tru},{"ListingKey" "5"},6,"seven",null,{"ListingKey":"8","X":01},{"ListingKey":"9"}]');
SELECT code, reason FROM unit.page('[{"ListingKey":"1","X":1e999999},{"ListingKey":"2","X":[[1e999999]]},{"ListingKey":"3","X":1e400}]');
SELECT code, reason, left(raw, 30) FROM unit.page('[{"ListingKey":"1","X":' || repeat('[', 70) || repeat(']', 70) || '},{"ListingKey":"2"}]');
SELECT code, reason, left(raw, 30), length(raw) FROM unit.page('[{"ListingKey":"1","X":"' || repeat('x', 5000000) || '"},{"ListingKey":"2"}]');
SELECT code, reason FROM unit.page('[{"ListingKey":"1"' || (SELECT string_agg(format(',"f%s":1', i), '') FROM generate_series(1, 5000) i) || '},{"ListingKey":"2"}]');
SELECT r.code, r.reason, r.raw FROM unit.read('\x5b7b224c697374696e674b6579223a22e9227d2c7b224c697374696e674b6579223a2232227d5d'::bytea, 'reso', 'unit.item') r;
-- pages that cannot be used
SELECT * FROM unit.page('');
SELECT * FROM unit.page('  ');
SELECT * FROM unit.page('<html><body>Sign in</body></html>');
SELECT * FROM unit.page('Service Unavailable');
SELECT * FROM unit.page('{"value":[{"ListingKey":"1"},{"Listi');
SELECT * FROM unit.page('{"value":[{"ListingKey":"1"}]');
SELECT * FROM unit.page('{"value":[{"ListingKey":"1"}}');
SELECT * FROM unit.page('{"value":[{"ListingKey":"1"}]} trailing');
SELECT * FROM unit.page('{"value":[{"ListingKey":"1"]}]}');
SELECT * FROM unit.page('{"error":{"code":"401","message":"The token has expired"}}');
SELECT * FROM unit.page('{"error":{"code":"","message":{"lang":"en","value":"Bad filter"}}}');
SELECT * FROM unit.page('{"error":"invalid_token"}');
SELECT * FROM unit.page('{"value":[],"@odata.nextLink":"\u0000"}');
-- paths
SELECT vals, extra FROM unit.read(convert_to('[{"ListingKey":"1","Place":{"Town":{"Name":"X"}},"Places":[{"n":"Y"}],"a.b":"Z"}]', 'UTF8'), 'reso', 'unit.item', '{"city":"Place.Town.Name"}') r;
SELECT vals FROM unit.read(convert_to('[{"ListingKey":"1","Places":[{"n":"Y"}]}]', 'UTF8'), 'reso', 'unit.item', '{"city":"Places.0.n"}') r;
SELECT vals, extra FROM unit.read(convert_to('[{"ListingKey":"1","a.b":"Z"}]', 'UTF8'), 'reso', 'unit.item', '{"city":"a.b"}') r;
SELECT vals, extra FROM unit.read(convert_to('[{"ListingKey":"1","City":"kept in extra"}]', 'UTF8'), 'reso', 'unit.item', '{"city":null}') r;
