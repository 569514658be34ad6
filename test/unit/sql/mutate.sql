-- Samples with bytes changed at random: whatever comes, the mapping throws nothing for bad data
\getenv abs_srcdir PG_ABS_SRCDIR
\set page1 `cat :'abs_srcdir'/../feeds/reso_page1.json`
\set us `cat :'abs_srcdir'/../feeds/listings_us.csv`
\set pipe `base64 -w0 :'abs_srcdir'/../feeds/listings_pipe_latin1.txt`
SELECT unit.mutate(convert_to(:'page1', 'UTF8'), 'reso', times => 1500) ~ '^\d+ records' AS lives;
SELECT unit.mutate(convert_to(:'us', 'UTF8'), times => 3000, chunk => 61) ~ '^\d+ records' AS lives;
SELECT unit.mutate(decode(:'pipe', 'base64'), encoding => 'WIN1252', times => 3000, mapping =>
	'{"listing_key":"LISTNUM", "list_price":"PRICE", "listing_contract_date":{"from":"LISTDT", "as":"timestamp:YYYY-MM-DD"}, "view":"REMARKS", "latitude":"BA"}') ~ '^\d+ records' AS lives;
