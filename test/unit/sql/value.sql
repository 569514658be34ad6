-- values: each text through one column, as a CSV field
CREATE TABLE unit.typed (listing_key text, i2 int2, i4 int4, i8 int8, n numeric, n62 numeric(6,2), f4 float4, f8 float8, b bool, d date, t timestamptz,
	l text[], v varchar(5), x text, latitude float8, list_price numeric(14,2));
CREATE FUNCTION unit.value(col text, "as" text, VARIADIC texts text[]) RETURNS TABLE (input text, result text) LANGUAGE sql AS $$
	SELECT i, coalesce(code || ': ' || reason, regexp_replace(problems, '^(\w+): \w+', '\1:'), nullif(substring(vals FROM '^listing_key=1; (.*)$'), ''), 'null')
	FROM unnest(texts) WITH ORDINALITY u (i, o), unit.read(convert_to(E'k\x1fv\n1\x1f"' || replace(i, '"', '""') || '"', 'UTF8'), 'csv', 'unit.typed',
		jsonb_build_object('listing_key', 'k', col, CASE WHEN "as" IS NULL THEN '"v"'::jsonb ELSE jsonb_build_object('from', 'v', 'as', "as") END), delimiter => E'\x1f') r ORDER BY o $$;

SELECT * FROM unit.value('i4', NULL, '12', ' -7 ', '1,101', '3.0', '3.5', '2147483647', '2147483648', '99999999999999999999', '1e3', '1e10', '1e-3', '', '  ', 'x', '1,10', '1 101', '0x10', '--1', '+5');
SELECT * FROM unit.value('i2', NULL, '32767', '32768');
SELECT * FROM unit.value('i8', NULL, '9007199254740993', '-999999999999999999', '9999999999999999999');
SELECT * FROM unit.value('n', NULL, '1,234,567.891', '12,34,567', '1234,567', '1,234,56', '.5', '5.', '.', '-', '', '1e-30', '00012.500', '1.2.3', 'NaN', '-Infinity', 'inf', '0e500', '1e40', '1.23456789012345678901234567890123456789', '$5');
SELECT * FROM unit.value('n62', NULL, '9999.99', '9999.994', '9999.995', '10000', '-9999.99', '0.005', '123.456', '1e4', '1e3');
SELECT * FROM unit.value('f4', NULL, '1.5', '1e39');
SELECT * FROM unit.value('f8', NULL, '47.5112', '-122.257', '1e300', '47.123456789012345');
SELECT * FROM unit.value('list_price', NULL, '$301,001', '301001', '$ 301,001.50', 'USD 5', 'EUR 5', '€5', '5 USD', '5 $', '-$5', '$-5', '-5', '0', 'US$5', 'n/a', '$', '1 000 000', '999999999999.99', '1000000000000', 'call for price', '1,5');
SELECT * FROM unit.value('list_price', 'money:comma', '1.234.567,89 €', '1.5', '1,5');
SELECT * FROM unit.value('n', 'integer', '5', '5.5');
SELECT * FROM unit.value('b', NULL, 'Y', 'n', 'TRUE', 'False', '1', '0', 'yes', 'NO', 'on', 'maybe', '2', '');
SELECT * FROM unit.value('l', NULL, 'a, b ,,c', 'a;b,c;d', '["x, y", null, 3, true]', '[]', '["unclosed', ',');
SELECT * FROM unit.value('v', NULL, 'abcde', 'abcdef', '  abcde  ', 'ééééé', 'éééééé');
SELECT * FROM unit.value('x', 'number', '1,234.50', 'x');
SELECT * FROM unit.value('latitude', NULL, '90', '-90.0001', '91', '47.5');

-- dates: ISO 8601 and month/day/year; never words, never the session's settings
SET datestyle = 'ISO, DMY';
SELECT * FROM unit.value('d', NULL, '2026-03-01', '2026/3/1', '20260301', '3/1/2026', '03/02/2026', '25/12/2026', '2026-02-29', '2024-02-29', '2026-13-01', '0000-01-01', '2026-03-01T00:00:00Z',
	'2026-03-01 23:59:59', '20141013T000000', 'today', 'now', 'epoch', 'infinity', '1 March 2026', '2026-3', '26-03-01', '2026-03-01x', '2026-03-01 25:00', '10000-01-01');
SELECT * FROM unit.value('d', 'date:YYYYMMDD"T000000"', '20141013T000000', '20141013T000001', '20141013', '2014101', '20141313T000000');
SELECT * FROM unit.value('d', 'date:DD.MM.YYYY', '25.12.2026', '5.2.2026', '25/12/2026', '25.12.2026 ', '25.12.2026x', '12.25.2026');
SELECT * FROM unit.value('d', 'date:DD-Mon-YYYY', '05-MAR-2026', '5-march-2026', '05-mrz-2026');
SELECT * FROM unit.value('d', 'timestamp', '2026-03-01T02:00:00Z', '2026-03-01T02:00:00');
RESET datestyle;
-- timestamps: full precision, any offset, else the market's zone (here Los Angeles)
SET timezone = 'UTC';
SELECT * FROM unit.value('t', NULL, '2026-02-01T08:00:01.001Z', '2026-02-01T08:00:01.123456-08:00', '2026-02-01 08:00:00+0530', '2026-02-01 08:00:00 +05', '2026-07-01 12:00', '2026-01-01 12:00', '2026-07-01',
	'7/1/2026 3:05 PM', '7/1/2026 12:00:00 am', '7/1/2026 13:00 PM', '2026-07-01T12:00:00.123456789Z', '2026-07-01T24:00:00Z', '2026-07-01T12:00:00+16:00', '2026-07-01T12', 'now', '1782000000', '2026-03-08 02:30');
SELECT * FROM unit.value('t', 'timestamp:MM/DD/YYYY HH12:MI:SS AM', '07/01/2026 12:30:00 AM', '07/01/2026 12:30:00 PM', '07/01/2026 00:30:00 AM', '7/1/2026 1:02:03 p.m.');
SELECT * FROM unit.value('t', 'timestamp:YYYY-MM-DD"T"HH24:MI:SS.MSTZH:TZM', '2026-07-01T12:00:00.5-08:00', '2026-07-01T12:00:00.123-00:30', '2026-07-01T12:00:00.1234-08:00');
SELECT * FROM unit.value('t', 'timestamp:YYYYMMDDHH24MISSUS', '20260701120000123456', '2026070112000012345', '202607011200001234567');
SELECT * FROM unit.value('t', 'date', '2026-07-01');
