-- delimited text: what is a record, and what happens to what is none
CREATE TABLE unit.row (listing_key varchar(20), a text, b text);
CREATE FUNCTION unit.rows(body text, chunk int DEFAULT 0, encoding text DEFAULT NULL, delimiter text DEFAULT NULL, names text[] DEFAULT NULL, header bool DEFAULT true)
RETURNS TABLE (vals text, code text, reason text, raw text) LANGUAGE sql AS
$$SELECT r.vals, r.code, r.reason, r.raw FROM unit.read(convert_to(body, 'UTF8'), 'csv', 'unit.row', NULL, chunk, encoding, delimiter, names, header) r$$;

-- quotes, doubled quotes, line ends within, blanks around, empty lines
SELECT vals, code FROM unit.rows(E'listing_key,a,b\r\n1,"x, ""y""","two\nlines"\r\n\r\n2, "quoted" ,un"quoted"\r3,,\n4,"",last');
-- the delimiter is found
SELECT vals FROM unit.rows(E'listing_key|a|b\n1|x,y|z');
SELECT vals FROM unit.rows(E'listing_key;a;b\n1;1,5;z');
SELECT vals FROM unit.rows(E'listing_key\ta\tb\n1\t\tz');
SELECT vals FROM unit.rows(E'listing_key\n1\n2');
-- or given; so are names
SELECT vals FROM unit.rows(E'listing_key,x|a|b\n1|2|3', delimiter => '|', names => '{listing_key,a,b}');
SELECT vals FROM unit.rows(E'1,2,3\n4,5,6', names => '{listing_key,a,b}', header => false);
-- a byte order mark is none of the first name
SELECT vals FROM unit.rows(E'\uFEFFlisting_key,a,b\n1,2,3');
-- too few and too many fields; one empty surplus field is a habit of some writers
SELECT * FROM unit.rows(E'listing_key,a,b\n1,2\n2,2,2,2\n3,2,3,\n4,2,2');
-- a stray quote costs its own line, not the rest of the file
SELECT * FROM unit.rows(E'listing_key,a,b\n1,"stray,2\n2,x,y\n3,x,y\n');
SELECT * FROM unit.rows(E'listing_key,a,b\n1,"stray,2\n2,"x",y\n3,x,y\n');
SELECT * FROM unit.rows(E'listing_key,a,b\n1,"5" tall",2\n2,"x\ny",y\n');
-- cut within a quoted field
SELECT * FROM unit.rows(E'listing_key,a,b\n1,x,y\n2,x,"begins\nand goes on');
-- bytes that are no text cost their record only
SELECT r.vals, r.code, r.problems, r.extra, r.raw FROM unit.read('\x6c697374696e675f6b65792c610a312c780a322ce90a332c79000a342c7a'::bytea, 'csv', 'unit.row') r;
SELECT vals FROM unit.read('\x6c697374696e675f6b65792c610a322ce9800a'::bytea, 'csv', 'unit.row', encoding => 'windows-1252');
SELECT code, problems, raw FROM unit.read('\x6c697374696e675f6b65792c610a322c810a'::bytea, 'csv', 'unit.row', encoding => 'WIN1252');
SELECT vals FROM unit.read('\x6c697374696e675f6b65792c610a322ca40a'::bytea, 'csv', 'unit.row', encoding => 'latin9');
-- larger than a record may be: the next ones are read
SELECT vals, code, reason, length(raw) FROM unit.rows(E'listing_key,a,b\n1,' || repeat('x', 5000000) || E',y\n2,x,y');
SELECT code, reason, count(*), max(length(raw)) FROM unit.rows(E'listing_key,a,b\n1,"open,y\n' || repeat(E'2,x,y\n', 800000)) GROUP BY 1, 2;
SELECT code, reason, count(*), max(length(raw)) FROM unit.rows(E'listing_key,a,b\n1,"open,y\n' || repeat(E'x,\n', 1398101) || E'2,x,y') GROUP BY 1, 2;
SELECT vals, code, reason FROM unit.rows(E'listing_key,a,b\n1' || repeat(',x', 5000) || E'\n2,x,y', chunk => 100);
-- how the bytes come does not matter
SELECT count(DISTINCT rows) FROM (SELECT chunk, string_agg(row(r.*)::text, E'\n') AS rows FROM generate_series(0, 40) chunk,
	unit.rows(E'listing_key,a,b\r\n1,"x\r\n""y",z\r\n2,"stray,x\r\n3,x,y\r\n4,\u00e9\u20ac,"x" y\r\n5,x\r\n6,x,"open', chunk) r GROUP BY chunk) t;
-- what is no delimited text at all
SELECT * FROM unit.rows('');
SELECT * FROM unit.rows(E'\n\n');
SELECT * FROM unit.rows('<!DOCTYPE html><html><body>Login</body></html>');
SELECT * FROM unit.rows('{"value": []}');
SELECT * FROM unit.rows('[{"a": 1}]');
SELECT * FROM unit.read('\x1f8b0800000000000003'::bytea, 'csv', 'unit.row');
SELECT * FROM unit.read('\x255044462d312e37'::bytea, 'csv', 'unit.row');
SELECT * FROM unit.rows(E'listing_key,a,a\n1,2,3');
SELECT * FROM unit.rows(E'listing_key,"a,b\n1,2,3');
SELECT * FROM unit.rows(E'listing_key,a\n1,2', names => '{listing_key,a,b}');
SELECT * FROM unit.rows(E'listing_key,a\n1,2', encoding => 'EBCDIC');
SELECT * FROM unit.rows(E'listing_key,a\n1,2', delimiter => '"');
-- only a header: no records, no error
SELECT * FROM unit.rows(E'listing_key,a,b\n');
-- an empty name in the header
SELECT * FROM unit.describe('csv', 'unit.row', NULL, '{listing_key,column_2,b}');
SELECT extra FROM unit.read(convert_to(E'listing_key,,b\n1,x,y', 'UTF8'), 'csv', 'unit.row');
