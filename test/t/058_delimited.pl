# Delimited files of all kinds, previews, mappings, replays, and what becomes of a feed.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../server";
use EstateNode;
use File::Copy qw(copy);
use PostgreSQL::Test::Utils;
use ScriptedHttp;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir();
copy("test/feeds/$_", "$dir/$_") or die "$_: $!" for qw(listings_us.csv listings_pipe_latin1.txt reso_page1.json);
my $server = ScriptedHttp->new(docroot => $dir);
my $node = estate_node('delimited', workers => 2);
query($node, q{
	CREATE ROLE reader_of_files IN ROLE estate_admin, pg_read_server_files LOGIN;
	CREATE ROLE admin IN ROLE estate_admin LOGIN;
	CREATE ROLE operator IN ROLE estate_operator LOGIN;
	SELECT estate.create_market('US', time_zone => 'America/Los_Angeles');
	SELECT estate.create_market('Quebec', currency => 'CAD', time_zone => 'America/Montreal');});

# 1. A header that speaks for itself
my ($code, $out, $notice) = $node->psql('estate', "SELECT estate.create_feed('us', url => '" . $server->url('/listings_us.csv') . "', preset => 'csv', market => 'US')");
like($notice, qr/mapped by their names.*preview_feed\('us'\)/s, 'create_feed says how fields are mapped, and what to look at');
is(query($node, "SELECT string_agg(target || '=' || value, ' ' ORDER BY target) FROM estate.preview_feed('us', 1)"),
	'bedrooms_total=3 city=Northfield extra={"Baths": "2.5"} list_price=301001.00 listing_contract_date=2026-03-02 listing_id=C0001 listing_key=C0001 living_area=1101.00 '
	  . 'living_area_units=Square Feet postal_code=98001 standard_status=Active state_or_province=WA unparsed_address=11 Sample Rd year_built=1987', 'a preview shows what becomes of a record');
is(query($node, "SELECT count(DISTINCT record) FROM estate.preview_feed('us', 3)"), '3', 'of as many as one asks for');
is(query($node, 'SELECT count(*) FROM estate.listing') . query($node, 'SELECT count(*) FROM estate.feed_run'), '00', 'and writes nothing');
my $suggested = query($node, "SELECT estate.suggest_mapping('us')");
is(query($node, "SELECT m ->> 'listing_key', m ->> 'living_area', m ->> 'list_price', m ->> 'postal_code' FROM (SELECT '$suggested'::jsonb) s(m)"),
	'MLS Number|Sq Ft|List Price|Zip', 'a mapping is suggested') or diag $suggested;
query($node, "CALL estate.run_feed('us')");
is(run_of($node, 'us'), 'done|1|8|8|0|0|0|0', 'all eight are applied');
is(query($node, q{SELECT listing_key, list_price, living_area, listing_contract_date, standard_status, bedrooms_total, year_built, living_area_units
	FROM estate.listing WHERE listing_key IN ('C0001', 'C0003') ORDER BY 1}),
	"C0001|301001.00|1101.00|2026-03-02|Active|3|1987|Square Feet\nC0003|303003.00|1103.00|2026-03-04|Pending|3|1987|Square Feet", 'prices, areas, dates are read');
is(query($node, q{SELECT public_remarks FROM estate.listing WHERE listing_key IN ('C0002', 'C0004') ORDER BY listing_key}),
	"Says \"hello\", nice\nLine one\nline two", 'quotes and line breaks within quotes');
is(query($node, q{SELECT count(*) FROM estate.listing_for_sale}), '6', 'pending ones are not for sale');
query($node, "SELECT estate.create_feed('us by suggestion', url => '" . $server->url('/listings_us.csv') . "', preset => 'csv', market => 'US', mapping => '$suggested')");
query($node, "CALL estate.run_feed('us by suggestion')");
my $facts = "md5(string_agg((to_jsonb(l) - ARRAY['id', 'source_system', 'feed_id', 'run_id', 'property', 'first_seen_at', 'changed_at', 'content_hash'])::text, ',' ORDER BY listing_key))";
is(query($node, "SELECT count(DISTINCT f), count(*) FROM (SELECT source_system, $facts FROM estate.listing l GROUP BY 1) s(s, f)"), '1|2', 'the suggestion does what NULL does');

# 2. Pipes and another encoding; a short line is kept; replayed when the mapping is right
my $map = q({"listing_key": "LISTNUM", "unparsed_address": "ADDR", "city": "TOWN", "list_price": "PRICE", "standard_status": {"from": "STAT", "lookup": {"A": "Active"}},
	"listing_contract_date": {"from": "LISTDT", "as": "date:MM/DD/YYYY"}, "bedrooms_total": "BR", "living_area": "SQFT", "public_remarks": "REMARKS"});
query($node, qq{SELECT estate.create_feed('pipe', url => '@{[$server->url('/listings_pipe_latin1.txt')]}', preset => 'csv', market => 'Quebec', options => '{"delimiter": "|", "encoding": "LATIN1", "strict": true}', mapping => '$map')});
query($node, "CALL estate.run_feed('pipe')");
is(run_of($node, 'pipe'), 'done|1|6|0|0|0|0|6', 'a template that does not fit: all are kept');
is(query($node, "SELECT string_agg(reason_code, ' ' ORDER BY reject_id) FROM estate.feed_reject"), 'bad_type bad_type bad_type bad_type bad_type ragged_row', 'with the reason');
is(query($node, "SELECT raw FROM estate.feed_reject WHERE listing_key = 'P001'"), "P001|1 All\xC3\xA9e Fleurie|Montr\xC3\xA9al|251000|A|2026-03-01|2|1|850|Vue d\xC3\xA9gag\xC3\xA9e", 'and the text, in our encoding');
is(query($node, "SELECT estate.replay_rejects('pipe')"), '0', 'replayed with the same mapping: none is settled');
query($node, qq{SELECT estate.alter_feed('pipe', mapping => '@{[$map =~ s{MM/DD/YYYY}{YYYY-MM-DD}r]}')});
is(query($node, "SELECT estate.replay_rejects('pipe')", user => 'operator'), '5', 'replayed with the right one: five are settled');
is(query($node, "SELECT listing_key, unparsed_address, city, list_price, listing_contract_date, currency FROM estate.listing WHERE source_system = 'pipe' ORDER BY 1 LIMIT 1"),
	"P001|1 All\xC3\xA9e Fleurie|Montr\xC3\xA9al|251000.00|2026-03-01|CAD", 'and are listings, letters and all');
is(query($node, "SELECT listing_key, reason_code FROM estate.feed_reject WHERE resolved_at IS NULL"), 'P006|ragged_row', 'the short line stays');
query($node, "CALL estate.run_feed('pipe')");
is(run_of($node, 'pipe'), 'done|1|6|0|0|5|0|1', 'the file itself says the same');
is(query($node, "SELECT open_rejects FROM estate.feed_status WHERE name = 'pipe'"), '1', 'a reject is counted once');
(my $mended = slurp_file("$dir/listings_pipe_latin1.txt")) =~ s/^P006.*$/P006|6 rue|Laval|256000|A|2026-03-06|2|1|850|x\r/m;
$server->put('listings_pipe_latin1.txt', $mended);
query($node, "CALL estate.run_feed('pipe')");
is(run_of($node, 'pipe'), 'done|1|6|1|0|5|0|0', 'the source mends its line');
is(query($node, "SELECT count(*) FROM estate.feed_reject WHERE resolved_at IS NULL"), '0', 'which settles the reject');

# 3. A record whose key could not be read is settled by its text; one that is not text is left alone
$server->put('keys.csv', "a,b\n1,2\n,3\n4,caf\xE9\n");
query($node, "SELECT estate.create_feed('keys', url => '" . $server->url('/keys.csv') . q{', preset => 'csv', market => 'US', mapping => '{"listing_key": "a"}', options => '{"strict": true}')});
query($node, "CALL estate.run_feed('keys')");
is(run_of($node, 'keys'), 'done|1|3|1|0|0|0|2', 'two without a key that can be read');
query($node, q{SELECT estate.alter_feed('keys', mapping => '{"listing_key": "b"}')});
is(query($node, "SELECT estate.replay_rejects('keys')"), '1', 'with another key one is settled');
is(query($node, "SELECT reason_code FROM estate.feed_reject WHERE resolved_at IS NULL"), 'bad_encoding', 'the other one is not made up');

# 4. A column of one's own, no header, other delimiters, NULL text
query($node, 'ALTER TABLE estate.listing ADD COLUMN walk_score int');
$server->put('own.txt', "W1\t88\t200000\nW2\tgood\t1\nW3\t\t300000\n");
query($node, "SELECT estate.create_feed('own', url => '" . $server->url('/own.txt') . q{', preset => 'csv', market => 'US', options => '{"delimiter": "\\\\t", "header": false, "strict": true}',
	mapping => '{"listing_key": "column_1", "walk_score": "column_2", "list_price": "column_3"}')});
query($node, "CALL estate.run_feed('own')");
is(query($node, "SELECT listing_key, walk_score, list_price FROM estate.listing WHERE source_system = 'own' ORDER BY 1"), "W1|88|200000.00\nW3||300000.00", 'a column of one\'s own is filled');
is(query($node, "SELECT listing_key, field FROM estate.feed_reject JOIN estate.feed USING (feed_id) WHERE name = 'own'"), 'W2|walk_score', 'and checked');
$server->put('own.txt', "W1\t89\t200000\n");
query($node, "CALL estate.run_feed('own')");
is(query($node, "SELECT walk_score FROM estate.listing WHERE listing_key = 'W1'"), '89', 'a change of it is a change');
query($node, q{SELECT estate.alter_feed('own', mapping => '{"listing_key": "column_1", "list_price": "column_3"}')});
is(query($node, "SELECT estate.replay_rejects('own')"), '1', 'without a header a line is replayed by itself');

# The rest of a file that comes while the rows before it are applied is not waited for
query($node, q{CREATE FUNCTION public.pause() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.1); RETURN NULL; END';
	GRANT EXECUTE ON FUNCTION public.pause() TO PUBLIC; CREATE TRIGGER pause AFTER INSERT ON estate.listing FOR EACH STATEMENT EXECUTE FUNCTION public.pause()});
$server->put('long.csv', join '', "listing_key,list_price,colour\n", map { sprintf "LONG%08d,%d,%s\n", $_, $_ + 100_000, 'x' x 80 } 1 .. 5000);
query($node, "SELECT estate.create_feed('long', url => '" . $server->url('/-slow=300000,150/long.csv') . "', preset => 'csv', market => 'US')");
query($node, "SET statement_timeout = '40s'; CALL estate.run_feed('long')");
is(query($node, "SELECT seen, inserted FROM estate.feed_run ORDER BY run_id DESC LIMIT 1"), '5000|5000', 'nothing waits for what has come');
query($node, "DROP TRIGGER pause ON estate.listing");

# 5. A file of the server: only for members of pg_read_server_files, when it is made and when it is run
is(refused($node, "SELECT estate.create_feed('file', url => 'file://$dir/listings_us.csv', preset => 'csv', market => 'US')", user => 'admin')->{sqlstate}, '42501', 'others cannot make such a feed');
query($node, "SELECT estate.create_feed('file', url => 'file://$dir/listings_us.csv', preset => 'csv', market => 'US')", user => 'reader_of_files');
query($node, "CALL estate.run_feed('file')", user => 'operator');
is(run_of($node, 'file'), 'done|1|8|8|0|0|0|0', 'a file of the server is read');
query($node, "SELECT estate.request_run('file')");
eventually($node, "SELECT count(*) = 2 FROM estate.feed_run JOIN estate.feed USING (feed_id) WHERE name = 'file' AND outcome = 'done'", 'by the workers too');
query($node, 'REVOKE pg_read_server_files FROM reader_of_files');
is(refused($node, "CALL estate.run_feed('file')", user => 'operator')->{sqlstate}, '42501', 'no longer, when its owner may not');
is(refused($node, "SELECT * FROM estate.preview_feed('file')", user => 'operator')->{sqlstate}, '42501', 'nor is it shown');
is(refused($node, "SELECT estate.alter_feed('us', url => '/etc/passwd')", user => 'admin')->{sqlstate}, '42501', 'nor can another feed be led there');
for my $bad ([ '/no/such/file.csv', '58P01' ], [ $dir, '42809' ], [ '/dev/zero', '42809' ])
{
	query($node, "SELECT estate.create_feed('bad file', url => 'file://$bad->[0]', preset => 'csv', market => 'US')");
	is(refused($node, "CALL estate.run_feed('bad file')")->{sqlstate}, $bad->[1], "$bad->[0] is refused");
	query($node, "SELECT estate.drop_feed('bad file')");
}

# 6. Pause, resume, alter, drop
is(query($node, "SELECT estate.pause_feed('us'), estate.pause_feed('us')", user => 'operator'), 't|f', 'paused once');
is(refused($node, "CALL estate.run_feed('us')")->{hint}, "SELECT estate.resume_feed('us');", 'a paused feed is not run');
is(refused($node, "SELECT estate.request_run('us')")->{sqlstate}, '55000', 'nor requested');
is(query($node, "SELECT state FROM estate.feed_status WHERE name = 'us'"), 'paused', 'and says so');
is(query($node, "SELECT estate.resume_feed('us'), estate.resume_feed('us')", user => 'operator'), 't|f', 'resumed once');
is(refused($node, "SELECT estate.drop_feed('us')", user => 'operator')->{sqlstate}, '42501', 'an operator does not drop feeds');
is(refused($node, "SELECT estate.alter_feed('us', every => '1 h')", user => 'operator')->{sqlstate}, '42501', 'nor alter them');
query($node, "SELECT estate.alter_feed('us', every => '1 hour')", user => 'admin');
eventually($node, "SELECT count(*) = 2 FROM estate.feed_run JOIN estate.feed USING (feed_id) WHERE name = 'us' AND outcome = 'done'", 'an interval begins at once');
eventually($node, "SELECT state = 'idle' AND next_run_at - now() BETWEEN '50 min' AND '1 h' FROM estate.feed_status WHERE name = 'us'", 'and goes on in an hour');
is(refused($node, "SELECT estate.alter_feed('us', mapping => '{\"listing_key\": \"MLS Number\", \"pryce\": \"x\"}')")->{sqlstate}, '42703', 'alter_feed checks like create_feed');
query($node, "SELECT estate.alter_feed('us', url => '" . $server->url('/none.csv') . "')");
isnt(refused($node, "CALL estate.run_feed('us')")->{sqlstate}, '00000', 'the new url counts');
is(query($node, "SELECT state FROM estate.feed_status WHERE name = 'us'"), 'backoff', 'a failed feed with an interval is tried again');
my $listings = query($node, "SELECT count(*) FROM estate.listing");
is(query($node, "SELECT estate.drop_feed('us')"), '0', 'a feed is dropped');
is(query($node, "SELECT count(*) FROM estate.listing"), $listings, 'its listings stay');
is(query($node, "SELECT estate.drop_feed('pipe', purge => true)"), '6', 'with purge they go');
is(query($node, "SELECT count(*) FROM estate.listing l JOIN estate.market m USING (market_id) WHERE name = 'Quebec'")
	. query($node, "SELECT count(*) FROM estate.property p JOIN estate.market m USING (market_id) WHERE name = 'Quebec'"), '00', 'and their homes');
eventually($node, "SELECT count(*) = 0 FROM estate.job WHERE state IN ('available', 'running', 'retryable')", 'no job of a dropped feed is left to be tried');

$node->stop;
done_testing();
