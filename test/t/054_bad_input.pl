# Bad input: each kind gives a clear error, or rejects with a reason, and what was there before stays as it was.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../server";
use EstateNode;
use IO::Socket::INET;
use PostgreSQL::Test::Utils;
use ScriptedHttp;
use Test::More;

my $secrets = PostgreSQL::Test::Utils::tempdir();
my $node = estate_node('bad_input', conf => "estate.secrets_dir = '$secrets'\n");
my $server = ScriptedHttp->new(docroot => PostgreSQL::Test::Utils::tempdir(), origin => 'http://feed.test');
my $other = ScriptedHttp->new;

query($node, "SELECT estate.create_market('m')");

# a state that no failure may change
my $good_csv = "listing_key,list_price,city\nA1,100000,Lakemont\nA2,200000,Lakemont\n";
my $good_json = '{"value": [{"ListingKey": "A1", "ListPrice": 100000, "ModificationTimestamp": "2026-01-01T00:00:00Z"}]}';
$server->put('good.csv', $good_csv);
$server->put('good.json', $good_json);
for my $feed ([ 'csv', 'good.csv' ], [ 'reso', 'good.json' ])
{
	query($node, "SELECT estate.create_feed('$feed->[0]', url => '" . $server->url("/$feed->[1]") . "', preset => '$feed->[0]')");
	query($node, "CALL estate.run_feed('$feed->[0]')");
}
my $state = q{SELECT md5(string_agg(l::text, ',' ORDER BY id)) FROM estate.listing l;
	SELECT count(*) FROM estate.listing_change; SELECT count(*) FROM estate.feed_reject;
	SELECT watermark, next_url FROM estate_internal.feed_cursor ORDER BY feed_id};
my $before = query($node, $state);
like($before, qr/2026-01-01T00:00:00Z/, 'there is something to keep');

# a statement that must be refused: sqlstate, then what message, detail or hint must say
sub is_refused
{
	my ($sql, $sqlstate, $says, $name) = @_;
	my $error = refused($node, $sql);
	is($error->{sqlstate}, $sqlstate, $name) or diag $error->{all};
	like("$error->{message}\n$error->{detail}\n$error->{hint}", $says, "$name: says why");
	return $error;
}

# a run that must fail, of a feed whose url is set to this
sub fails
{
	my ($feed, $url, $sqlstate, $says, $name) = @_;
	query($node, "UPDATE estate.feed SET url = '$url' WHERE name = '$feed'");
	is_refused("CALL estate.run_feed('$feed')", $sqlstate, $says, $name);
	is(query($node, $state), $before, "$name: earlier data stays");
	is(query($node, "SELECT outcome, error <> '' FROM estate.feed_run ORDER BY run_id DESC LIMIT 1"), 'failed|t', "$name: the run says so");
	return;
}

# 1. What create_feed refuses
sub create { my ($more, $name) = @_; return 'SELECT estate.create_feed(' . ($name // "'new'") . ", $more)"; }
is_refused(create(q{preset => 'rets'}), '22023', qr/"rets".*csv.*reso/s, 'unknown preset');
is_refused(create(q{preset => 'csv', mapping => '{"listing_key": "a", "list_prise": "b"}'}), '42703', qr/list_prise.*list_price/s, 'a column that does not exist');
is_refused(create(q{preset => 'csv', mapping => '{"list_price": "a"}'}), '22023', qr/listing_key/, 'a mapping without the key');
is_refused(create(q{preset => 'csv', mapping => '{"listing_key": "a", "close_date": {"from": "b", "as": "date:JJJJ"}}'}), '22023', qr/JJJJ/, 'a template that is none');
is_refused(create(q{preset => 'csv', mapping => '{"listing_key": "a", "close_date": {"from": "b", "as": "dates"}}'}), '22023', qr/dates/, 'an unknown "as"');
is_refused(create(q{preset => 'csv', mapping => '{"listing_key": "a", "close_date": {"form": "b"}}'}), '22023', qr/form/, 'an unknown member of a source');
is_refused(create(q{preset => 'csv', mapping => '[1]'}), '22023', qr/object/, 'a mapping that is no object');
is_refused(create(q{url => 'http://scott:tiger@127.0.0.1/x'}), '22023', qr/name or a password.*secret_ref/s, 'a password in the url');
unlike(refused($node, create(q{url => 'ftp://scott:tiger@127.0.0.1/x'}))->{all} =~ s/^.*STATEMENT.*$//mr, qr/tiger.*not an http/, 'is not shown either');
is_refused(create(q{url => 'ftp://127.0.0.1/x'}), '22023', qr/http/, 'another scheme');
is_refused(create(q{url => 'x.csv'}), '22023', qr/http/, 'no scheme at all');
is_refused(create(q{options => '{"delimeter": "|"}'}), '22023', qr/delimeter.*delimiter/s, 'an unknown option');
is_refused(create(q{options => '{"header": "yes"}'}), '22023', qr/header.*boolean/, 'an option of another type');
is_refused(create(q{preset => 'csv', options => '{"encoding": "klingon"}'}), '22023', qr/klingon/, 'an unknown encoding');
is_refused(create(q{preset => 'csv', options => '{"delimiter": "||"}'}), '22023', qr/delimiter/, 'a delimiter of two characters');
is_refused(create(q{options => '{"media_target": "nowhere"}'}), '42704', qr/nowhere.*CREATE SERVER/s, 'a target that does not exist');
is_refused(create(q{server => 'nowhere'}), '42704', qr/nowhere/, 'a server that does not exist');
is_refused(create(q{market => 'elsewhere'}), '42704', qr/elsewhere.*create_market/s, 'a market that does not exist');
is_refused(create(q{preset => 'csv'}, "'csv'"), '42710', qr/alter_feed/, 'a name that is taken');
is_refused(create(q{every => '10 milliseconds'}), '22023', qr/every/, 'an interval that is too short');
is_refused(create('preset => NULL'), '22004', qr/null/, 'no preset');
is_refused(create('options => NULL'), '22023', qr/object/, 'no options');
is_refused('CALL estate.run_feed(NULL)', '22004', qr/null/, 'a feed without a name');
is_refused("CALL estate.run_feed('nobody')", '42704', qr/nobody/, 'a feed that does not exist');
is_refused("SELECT estate.request_run('nobody')", '42704', qr/nobody/, 'to request it neither');
is(query($node, 'SELECT count(*) FROM estate.feed'), '2', 'none of them is there');
is(query($node, $state), $before, 'and nothing has changed');

# 2. Sources that do not answer as they should
my $closed = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1);
my $closed_port = $closed->sockport;
close $closed;
fails('csv', 'http://no-such-host.invalid/x.csv', '08001', qr/no-such-host/i, 'a host that does not exist');
fails('csv', "http://127.0.0.1:$closed_port/x.csv", '08001', qr/refused|connect/i, 'a closed port');
fails('csv', $server->url('/none.csv'), '58P01', qr/404/, 'a page that is not there');
fails('csv', $server->url('/-status=503/good.csv'), '08006', qr/503/, 'a server that is down');
fails('reso', $server->url('/-bearer=other/good.json'), '28000', qr/401.*secret_ref/s, 'no token');
fails('reso', $server->url('/-html/good.json'), '22032', qr/JSON/, 'HTML instead of JSON');
fails('csv', $server->url('/-html/good.csv'), '22P04', qr/HTML/, 'HTML instead of CSV');
for my $feed ([ 'csv', 'good.csv' ], [ 'reso', 'good.json' ])
{
	my ($name, $file) = @$feed;
	fails($name, $server->url("/-cut=30/$file"), '08P01', qr/whole|ended|closed|cut/i, "$name: a body cut short");
	fails($name, $server->url("/-chunked/-cut=30/$file"), '08P01', qr/whole|ended|closed|cut/i, "$name: a chunked body cut short");
	fails($name, $server->url("/-gzip-cut=12/$file"), '08P01', qr/whole|ended|closed|cut/i, "$name: a compressed body cut short");
	fails($name, $server->url("/-reset=30/$file"), '08P01', qr/./, "$name: a connection that is reset");
	fails($name, $server->url('/-raw=SSH-2.0-x/y'), '08P01', qr/HTTP/i, "$name: not HTTP");
	fails($name, $server->url("/-loop/$file"), $name eq 'csv' ? '08P01' : '08006', qr/redirect|302/i, "$name: a redirect to itself");
}
fails('csv', $server->url('/-empty/good.csv'), '22P04', qr/empty/, 'an empty file');
fails('reso', $server->url('/-empty/good.json'), '22032', qr/JSON/, 'an empty page');
$server->put('nokey.csv', "price,town\n1,2\n");
fails('csv', $server->url('/nokey.csv'), '22023', qr/listing_key/, 'a header without the key');
$server->put('twice.csv', "listing_key,city,city\n1,2,3\n");
fails('csv', $server->url('/twice.csv'), '22P04', qr/city/, 'a header with a name twice');
$server->put('half.json', substr $good_json, 0, 60);
fails('reso', $server->url('/half.json'), '22032', qr/./, 'half a page that claims to be whole');

# 3. Pages that lead astray: to another host, in a circle
sub page { my ($next) = @_; return '{"value": [], "@odata.nextLink": "' . $next . '"}'; }
$other->put('page.json', '{"value": [{"ListingKey": "STOLEN"}]}');
$server->put('away.json', page($other->url('/page.json')));
fails('reso', $server->url('/away.json'), '22000', qr/another host.*127\.0\.0\.1/s, 'a next page at another host');
$server->put('self.json', page('http://feed.test/self.json'));
fails('reso', $server->url('/self.json'), '22000', qr/circle/, 'a next page that is the page itself');
$server->put("ring$_.json", page('http://feed.test/ring' . ($_ % 3 + 1) . '.json')) for 1 .. 3;
query($node, "UPDATE estate.feed SET url = '" . $server->url('/ring1.json') . "' WHERE name = 'reso'");
is_refused("SET statement_timeout = '60s'; CALL estate.run_feed('reso')", '22000', qr/circle.*ring/s, 'pages in a ring');
is(query($node, $state), $before, 'pages in a ring: earlier data stays');
fails('csv', $server->url('/-redirect=' . ($other->url('/page.json') =~ s/127\.0\.0\.1/127.0.0.2/r =~ s{/}{%2F}gr) . '/x'), '42501',
	qr/127\.0\.0\.2.*estate\.allow_private_hosts/s, 'a redirect to an address on this machine');
is(scalar $other->requests, 0, 'nothing was asked of the other host');

# 4. Addresses on this machine, unless a superuser opens them
query($node, "ALTER SYSTEM SET estate.allow_private_hosts = ''");
query($node, 'SELECT pg_reload_conf()');
eventually($node, "SELECT current_setting('estate.allow_private_hosts') = ''", 'no private host is allowed any more');
for my $host ('127.0.0.1', 'localhost', '127.1', '2130706433', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0')
{
	fails('csv', "http://$host:" . $server->port . '/good.csv', '42501', qr/estate\.allow_private_hosts/, "$host is refused");
}
query($node, 'ALTER SYSTEM RESET estate.allow_private_hosts');
query($node, 'SELECT pg_reload_conf()');
eventually($node, "SELECT current_setting('estate.allow_private_hosts') <> ''", 'it is allowed again');

# 5. Records that cannot be applied are kept with their reason; the others are applied
sub rejects
{
	my ($feed, $expected, $name) = @_;
	return is(query($node, "SELECT coalesce(listing_key, '-'), coalesce(field, '-'), reason_code FROM estate.feed_reject JOIN estate.feed USING (feed_id) WHERE name = '$feed' ORDER BY reject_id"),
		$expected, $name);
}
$server->put('bad.csv', "listing_key,list_price,close_date,city\n"
	. "B1,100,2026-01-02,Lakemont\n"
	. "B2,a lot,2026-01-02,Lakemont\n"
	. "B3,100,32.13.2026,Lakemont\n"
	. "B4,100\n"
	. "B5,100,2026-01-02,caf\xE9\n"
	. ",100,2026-01-02,Lakemont\n"
	. "B6,99999999999999,2026-01-02,Lakemont\n"
	. "B7,100,2026-01-02,Lakemont\n");
query($node, "SELECT estate.create_feed('bad', url => '" . $server->url('/bad.csv') . q{', preset => 'csv', options => '{"strict": true}')});
query($node, "CALL estate.run_feed('bad')");
is(run_of($node, 'bad'), 'done|1|8|2|0|0|0|6', 'two good records are applied, six are kept');
rejects('bad', "B2|list_price|bad_type\nB3|close_date|out_of_range\nB4|-|ragged_row\nB5|city|bad_encoding\n-|listing_key|bad_key\nB6|list_price|out_of_range", 'each with its reason');
is(query($node, "SELECT raw FROM estate.feed_reject WHERE reason_code = 'bad_encoding'"), 'B5,100,2026-01-02,caf\xE9', 'bytes that are not text are shown as such');
is(query($node, "SELECT count(*) FROM estate.feed_reject WHERE reason = ''"), '0', 'each says why in words');
query($node, "CALL estate.run_feed('bad')");
is(query($node, 'SELECT count(*) FROM estate.feed_reject'), '6', 'a record that stays bad is kept once');

$server->put('mixed.json', '{"value": [{"ListingKey": "C1", "ListPrice": 1}, {"ListingKey": "C1", "ListPrice": 2}, 7, {"ListingKey": "C2", "City": "' . "\xFF" . '"},'
	. ' {"ListingKey": "C3", "ListPrice": 3}, {"ListingKey": "C3", "ListPrice": "x"}, {"ListingKey": "C4", "City": "\ud800"}, {"ListingKey": "C5", "City": "a\u0000b"}]}');
query($node, "SELECT estate.create_feed('mixed', url => '" . $server->url('/mixed.json') . q{', preset => 'reso', options => '{"strict": true}')});
query($node, "CALL estate.run_feed('mixed')");
is(run_of($node, 'mixed'), 'done|1|8|2|1|0|0|5', 'a key that comes twice is applied twice, in order');
is(query($node, "SELECT listing_key, list_price FROM estate.listing WHERE source_system = 'mixed' ORDER BY 1"), "C1|2.00\nC3|3.00", 'the last good one counts');
is(query($node, "SELECT field, old_value, new_value FROM estate.listing_change JOIN estate.listing USING (market_id) WHERE listing = listing.id"),
	'list_price|1.00|2.00', 'with its change');
like(query($node, "SELECT string_agg(reason_code, ' ' ORDER BY reject_id) FROM estate.feed_reject JOIN estate.feed USING (feed_id) WHERE name = 'mixed'"),
	qr/^malformed bad_encoding bad_type bad_encoding bad_encoding$/, 'bad records in a page do not spoil it');

# 6. A template that does not fit the values
query($node, qq(SELECT estate.create_feed('template', url => '@{[$server->url('/dates.csv')]}', preset => 'csv', options => '{"strict": true}',
	mapping => '{"listing_key": "k", "close_date": {"from": "d", "as": "date:YYYYMMDD"}}')));
$server->put('dates.csv', "k,d\nD1,20260102\nD2,20260102T000000\nD3,2026-01-02\nD4,20261302\n");
query($node, "CALL estate.run_feed('template')");
is(run_of($node, 'template'), 'done|1|4|1|0|0|0|3', 'what the template does not consume is rejected');
like(query($node, "SELECT string_agg(listing_key || ' ' || field || ' ' || reason_code, ', ' ORDER BY reject_id) FROM estate.feed_reject JOIN estate.feed USING (feed_id) WHERE name = 'template'"),
	qr/^D2 close_date bad_type, D3 close_date bad_type, D4 close_date \w+$/, 'with the field');

# 7. The same without "strict": what cannot be read is null, its text is kept, and it is told
for my $feed ([ 'bad', 'csv', 'done|1|8|7|0|0|0|1' ], [ 'mixed', 'reso', 'done|1|8|5|2|0|0|1' ])
{
	my ($name, $preset, $counts) = @$feed;
	my $file = $preset eq 'csv' ? 'bad.csv' : 'mixed.json';
	query($node, "SELECT estate.create_feed('lenient $name', url => '" . $server->url("/$file") . "', preset => '$preset')");
	my ($code, $out, $said) = $node->psql('estate', "CALL estate.run_feed('lenient $name')");
	is(run_of($node, "lenient $name"), $counts, "$name: only what has no key, or is no record, is rejected");
	like($said, qr/\d values could not be read; their columns are null, their texts in extra.*level = 'field'/s, "$name: a session is told");
}
sub entries
{
	my ($feed, $level) = @_;
	return query($node, "SELECT listing_key, field, reason_code FROM estate.feed_reject JOIN estate.feed USING (feed_id)
		WHERE name = '$feed' AND level = '$level' AND resolved_at IS NULL ORDER BY listing_key, field");
}
is(entries('lenient bad', 'field'), "B2|list_price|bad_type\nB3|close_date|out_of_range\nB5|city|bad_encoding\nB6|list_price|out_of_range", 'each field has its reason');
is(query($node, q{SELECT count(*), count(*) FILTER (WHERE level = 'record') FROM estate.feed_reject JOIN estate.feed USING (feed_id) WHERE name = 'lenient bad' AND reason <> '' AND raw <> ''}),
	'5|1', 'apart from the record without a key');
is(query($node, q{SELECT listing_key, list_price, city, extra FROM estate.listing WHERE source_system = 'lenient bad' AND listing_key IN ('B2', 'B5', 'B6') ORDER BY 1}),
	qq{B2||Lakemont|{"list_price": "a lot"}\nB5|100.00||{"city": "caf\\\\xE9"}\nB6||Lakemont|{"list_price": "99999999999999"}}, 'their texts are in extra');
is(query($node, q{SELECT fields_rejected, rejected, open_field_rejects, open_rejects FROM estate.feed_status WHERE name = 'lenient bad'}), '4|1|4|1', 'they are counted apart');
is(entries('lenient mixed', 'field'), "C2|city|bad_encoding\nC3|list_price|bad_type\nC4|city|bad_encoding\nC5|city|bad_encoding", 'so are those of JSON');
like(query($node, q{SELECT string_agg(problem, ' ') FROM estate.preview_feed('lenient bad', 8)}), qr/bad_type: "a lot".*bad_key/, 'a preview shows them');

# again: nothing is written; a source that mends them settles them; another that breaks them opens them
query($node, "CALL estate.run_feed('lenient bad')");
is(run_of($node, 'lenient bad'), 'done|1|8|0|0|7|0|1', 'again, nothing has changed');
is(query($node, q{SELECT count(*) FROM estate.feed_reject JOIN estate.feed USING (feed_id) WHERE name = 'lenient bad'}), '5', 'and nothing is told twice');
is(query($node, q{SELECT fields_rejected, open_field_rejects FROM estate.feed_status WHERE name = 'lenient bad'}), '4|4', 'but counted again');
$server->put('bad.csv', "listing_key,list_price,close_date,city\nB2,200,2026-01-02,Lakemont\nB5,so so,2026-01-02,Lakemont\n");
query($node, "CALL estate.run_feed('lenient bad')");
is(entries('lenient bad', 'field'), "B3|close_date|out_of_range\nB5|list_price|bad_type\nB6|list_price|out_of_range", 'what is mended is settled');
is(query($node, q{SELECT estate.replay_rejects('lenient bad')}), '0', 'replayed as they were mapped, nothing is settled');
query($node, q{SELECT estate.alter_feed('lenient bad', mapping => '{"listing_key": "listing_key", "list_price": {"from": "list_price", "lookup": {"so so": "150"}}, "city": "city"}')});
is(query($node, q{SELECT estate.replay_rejects('lenient bad')}), '2', 'with a better mapping, those that it reads are');
is(query($node, q{SELECT list_price FROM estate.listing WHERE source_system = 'lenient bad' AND listing_key = 'B5'}), '150.00', 'and their columns are filled');

# 8. What cannot be known is told: dates that are the other way round than in the market
query($node, "SELECT estate.create_feed('order', url => '" . $server->url('/order.csv') . "', preset => 'csv')");
$server->put('order.csv', join '', "id,List Date\n", map { "O$_,3/1/2026\n" } 1 .. 2000);
my ($code, $out, $said) = $node->psql('estate', "CALL estate.run_feed('order')");
like($said, qr/no date tells whether the month goes first; in this market the month does/, 'an order that is taken from the market is told');
is(query($node, q{SELECT DISTINCT listing_contract_date FROM estate.listing WHERE source_system = 'order'}), '2026-03-01', 'and taken');
$server->put('order.csv', join '', "id,List Date,Remarks\n", (map { "O$_,3/1/2026," . 'x' x 1000 . "\n" } 1 .. 12_000), "O12001,25/1/2026,\n");
is(refused($node, "CALL estate.run_feed('order')")->{sqlstate}, '22008', 'one that turns out to be wrong fails the run');
query($node, q{SELECT estate.alter_feed('order', options => '{"date_order": "DMY"}')});
$server->put('order.csv', "id,List Date\nO1,3/1/2026\nO2,25/1/2026\n");
query($node, "CALL estate.run_feed('order')");
is(query($node, q{SELECT listing_key, listing_contract_date FROM estate.listing WHERE source_system = 'order' AND listing_key IN ('O1', 'O2') ORDER BY 1}),
	"O1|2026-01-03\nO2|2026-01-25", 'until the feed says how they are meant');
# more than a read of the source before the first date that tells
$server->put('order.csv', join '', "id,List Date\n", (map { "P$_,3/1/2026\n" } 1 .. 20_000), "P20001,25/1/2026\n");
query($node, "SELECT estate.create_feed('late order', url => '" . $server->url('/order.csv') . "', preset => 'csv')");
query($node, "CALL estate.run_feed('late order')");
is(query($node, q{SELECT count(*), min(listing_contract_date) FROM estate.listing WHERE source_system = 'late order'}), '20001|2026-01-03', 'what tells may come late in the file');

# 9. Encodings that only the server knows, a key for files without one
$server->put('koi8.csv', "id,city,price\n1,\xED\xCF\xD3\xCB\xD7\xC1,4500000\n");
query($node, "SELECT estate.create_feed('koi8', url => '" . $server->url('/koi8.csv') . q{', preset => 'csv', options => '{"encoding": "KOI8R"}')});
query($node, "CALL estate.run_feed('koi8')");
is(query($node, q{SELECT city = U&'\041C\043E\0441\043A\0432\0430' FROM estate.listing WHERE source_system = 'koi8'}), 't', 'an encoding that the server can convert');
$server->put('sjis.csv', "id,city\n" . join('', map { "$_,\x93\x8C\x8B\x9E\n" } 1 .. 5000));
query($node, "SELECT estate.create_feed('sjis', url => '" . $server->url('/sjis.csv') . q{', preset => 'csv', options => '{"encoding": "SJIS"}')});
query($node, "CALL estate.run_feed('sjis')");
is(query($node, q{SELECT count(*), bool_and(city = U&'\6771\4EAC') FROM estate.listing WHERE source_system = 'sjis'}), '5000|t', 'also one of several bytes a character');
$server->put('keyless.csv', "month,town,price\n2017-01,A,1\n2017-01,A,2\n");
query($node, "SELECT estate.create_feed('keyless', url => '" . $server->url('/keyless.csv') . "', preset => 'csv', key => 'row')");
query($node, "CALL estate.run_feed('keyless')");
query($node, "CALL estate.run_feed('keyless')");
is(run_of($node, 'keyless'), 'done|1|2|0|0|2|0|0', 'a row is known again by all that it says');
is_refused(create(q{preset => 'csv', key => 'postcode'}), '22023', qr/address, or row/, 'a key that nobody can make');
is_refused(create(q{preset => 'csv', options => '{"date_order": "YMD"}'}), '22023', qr/DMY.*MDY/, 'an order that is none');

$node->stop;
done_testing();
