-- Delimited files as programs write them
CREATE FUNCTION unit.file(body text, chunk int DEFAULT 0, settings jsonb DEFAULT '{}') RETURNS TABLE (vals text, code text, reason text, raw text) LANGUAGE sql AS
$$SELECT r.vals, r.code, r.reason, r.raw FROM unit.read(convert_to(body, 'UTF8'), 'csv', 'unit.row', NULL, chunk, settings => settings) r$$;

-- the first line names the delimiter
SELECT * FROM unit.file(E'sep=;\nlisting_key;a;b\n1;x,y;2');
SELECT * FROM unit.file(E'\uFEFF"sep=|"\r\nlisting_key|a|b\r\n1|x;y,z|2');
SELECT * FROM unit.file(E'SEP=\t\nlisting_key\ta\n1\tx');
-- titles, dates and notices above the header
SELECT * FROM unit.file(E'"All rights, they say, reserved"\nlisting_key,a,b\n1,x,y\n2,x,y');
SELECT * FROM unit.file(E'My Listings,,\nas of 2026-03-01,,\n,,\nlisting_key,a,b\n1,x,y\n2,x,y');
SELECT * FROM unit.file(E'Report;2026-03-01\n\nlisting_key;a;b;c;d;e\n1;x;y;;;\n2;x;y;1;2;3\n3;x;y;1;2;3');
SELECT * FROM unit.file(E'listing_key\n1\n2');
SELECT * FROM unit.file(E'listing_key,a\n1,"one, two"\n2,x,y,z\n3,x');
-- the delimiter is that of most lines, not of a title
SELECT * FROM unit.file(E'Homes, flats, and land, of March\nlisting_key;a;b\n1;x, y;z\n2;x;z');
-- one that is named twice matters only to whom it is to fill something
SELECT r.vals, r.extra FROM unit.read(convert_to(E'listing_key,x,x,a\n1,2,3,4', 'UTF8'), 'csv', 'unit.row') r;
SELECT r.vals, r.extra FROM unit.read(convert_to(E'listing_key,a,a\n1,2,3', 'UTF8'), 'csv', 'unit.row', '{"listing_key":"listing_key","a":"a [field 3]"}') r;
SELECT r.vals, r.extra FROM unit.read(convert_to(E'listing_key,a,a\n1,2,3', 'UTF8'), 'csv', 'unit.row', '{"listing_key":"listing_key","a":"a"}') r;
-- blanks in names
SELECT r.vals, r.extra FROM unit.read(convert_to(E' listing_key ,"a\nb",\u00a0c  d\n1,2,3', 'UTF8'), 'csv', 'unit.row', '{"listing_key":"listing_key ","a":"a b","b":"c d"}') r;
-- CR alone, and a line that is too long before it
SELECT vals, code FROM unit.file(E'listing_key,a,b\r1,x,y\r2,"x\ry",z\r');
SELECT vals, code, length(raw) FROM unit.file(E'listing_key,a,b\r1,' || repeat('x', 5000000) || E',y\r2,x,y');
-- quotes escaped by a backslash, where doubled ones make no record
SELECT vals, code FROM unit.file(E'listing_key,a,b\n1,"5\\" pipe, ok",y\n2,"says \\"wow\\"","x"\n3,"C:\\",y\n4,"a ""b""",y\n5,"\\\\","x"\n6,"x\\"\ny",z');
-- empty fields at the end, left out or too many; a line with most of them missing
SELECT * FROM unit.file(E'listing_key,a,b,\n1,x,y,\n2,x\n3,x,y\n4\n5,x,y,,,\n6,x,y,z,z\n,,,\n7,x,y');
SELECT * FROM unit.file(E'listing_key,a,b\n1,x\n2,x,y', settings => '{"strict": true}');
-- text of two bytes a character: with a mark, without, in pieces, cut
SELECT vals, code FROM unit.read('\xfffe'::bytea || '\x6c0069007300740069006e0067005f006b00650079002c0061000a0031002c00e9003dd800de0a00'::bytea, 'csv', 'unit.row');
SELECT vals, code FROM unit.read('\xfeff006c0069007300740069006e0067005f006b00650079002c0061000a0031002c20ac000a'::bytea, 'csv', 'unit.row');
SELECT vals, code FROM unit.read('\x6c0069007300740069006e0067005f006b00650079002c0061000a0031002c00e9000a00'::bytea, 'csv', 'unit.row');
SELECT count(DISTINCT rows) FROM (SELECT chunk, string_agg(row(r.*)::text, E'\n') AS rows FROM generate_series(0, 20) chunk,
	unit.read('\xfffe6c0069007300740069006e0067005f006b00650079002c0061000a0031002c00e9003dd800de0a0032002c003dd80a0033'::bytea, 'csv', 'unit.row', NULL, chunk) r GROUP BY chunk) t;
SELECT vals, code, problems FROM unit.read('\xfffe6c0069007300740069006e0067005f006b00650079002c0061000a0032002c003dd80a0033'::bytea, 'csv', 'unit.row');
-- how the bytes come does not matter
SELECT count(DISTINCT rows) FROM (SELECT chunk, string_agg(row(r.*)::text, E'\n') AS rows FROM generate_series(0, 60) chunk,
	unit.file(E'\uFEFFsep=;\r\nTitle\r\nlisting_key;a;b\r\n1;"5\\" x; y";z\r\n2;x\r\n3;"x\r\n""y";z\r\n;;\r\n4;"stray;x\r\n5;x;y;;\r\n6;"a\\"b";"open', chunk) r GROUP BY chunk) t;
SELECT * FROM unit.file(E'\uFEFFsep=;\r\nTitle\r\nlisting_key;a;b\r\n1;"5\\" x; y";z\r\n2;x\r\n3;"x\r\n""y";z\r\n;;\r\n4;"stray;x\r\n5;x;y;;\r\n6;"a\\"b";"open');
