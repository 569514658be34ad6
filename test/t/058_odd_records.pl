# Odd records: each is rejected alone, whoever refuses it, and none stops its feed or spoils the tables.

use strict;
use warnings;
use utf8;
use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../server";
use Encode qw(encode_utf8);
use EstateNode;
use JSON::PP ();
use PostgreSQL::Test::Utils;
use ScriptedHttp;
use Test::More;

my $node = estate_node('odd_records');
my $server = ScriptedHttp->new(docroot => PostgreSQL::Test::Utils::tempdir());
query($node, "SELECT estate.create_market('m'), estate.create_market('metric', area_unit => 'sqm')");

sub page { return JSON::PP->new->utf8->canonical->encode({ value => [@_] }); }

# a feed of one page, run: its counters
sub feed
{
	my ($name, $market, @records) = @_;
	$server->put("$name.json", page(@records));
	query($node, "SELECT estate.create_feed('$name', url => '" . $server->url("/$name.json") . "', market => '$market', options => '{\"strict\": true}')");
	query($node, "CALL estate.run_feed('$name')");
	return run_of($node, $name);
}

sub rejects
{
	my ($name, $columns) = @_;
	return query($node, "SELECT $columns FROM estate.feed_reject JOIN estate.feed USING (feed_id) WHERE name = '$name' ORDER BY reject_id");
}

# 1. What the functions of feeds are given in place of values
is(refused($node, 'SELECT estate_code.check_feed(NULL, NULL, NULL, NULL, NULL)')->{sqlstate}, '22004', 'check_feed of nothing is an error');
is(refused($node, "SELECT estate.create_feed('z', url => 'http://x/', preset => NULL, market => 'm')")->{sqlstate}, '22004', 'a feed without preset too');
is(query($node, "SELECT estate.create_feed('bare', market => 'm') > 0"), 't', 'a feed needs neither url nor mapping');
query($node, q{DELETE FROM estate_internal.feed_cursor c USING estate.feed f WHERE f.feed_id = c.feed_id AND f.name = 'bare'});
for my $call (q{push_feed('bare', '{}')}, q{request_run('bare')}, q{preview_feed('bare')}, q{suggest_mapping('bare')})
{
	my $error = refused($node, "SELECT * FROM estate.$call");
	is($error->{sqlstate}, '55000', "$call of a feed without its cursor is an error") or diag $error->{all};
}
is(query($node, "SELECT estate.drop_feed('bare')"), '0', 'it can be dropped');

# 2. Numbers that fit their column, but not the columns that are made of it
is(feed('large', 'm',
	{ ListingKey => 'A0', LotSizeAcres => 1 },
	{ ListingKey => 'A1', LotSizeAcres => 99999999999 },
	{ ListingKey => 'A2', LotSizeArea => 99999999999, LotSizeUnits => 'Hectares' },
	{ ListingKey => 'A3', LotSizeArea => 99999999999, LotSizeUnits => 'Square Feet' },
	{ ListingKey => 'A4', LotSizeArea => 99999999999, LotSizeUnits => 'Acres' },
	{ ListingKey => 'A5', LivingArea => 1234 }), 'done|1|6|3|0|0|0|3', 'lots larger than the earth are rejected');
is(rejects('large', 'listing_key, field, reason_code'),
	"A1|lot_size_acres|out_of_range\nA2|lot_size_area|out_of_range\nA4|lot_size_area|out_of_range", 'with their field');
is(feed('metric', 'metric', { ListingKey => 'A1', LivingArea => 99999999999 }, { ListingKey => 'A2', LivingArea => 80 }),
	'done|1|2|1|0|0|0|1', 'so is a home, in square metres');
is(rejects('metric', 'listing_key, field, reason_code'), 'A1|living_area|out_of_range', 'with its field');

# 3. Media that do not fit
my $long = 'http://photos.test/' . 'x' x 300;
is(feed('media', 'm',
	{ ListingKey => 'M1', Media => [ { MediaURL => $long, Order => 0 } ] },
	{ ListingKey => 'M2', Media => [ { MediaKey => 'k' x 256, MediaURL => 'http://photos.test/1' } ] },
	{ ListingKey => 'M3', Media => [ { MediaKey => 'k', MediaURL => 'http://photos.test/1', MediaCategory => 'c' x 51 } ] },
	{ ListingKey => 'M4', Media => [ { MediaKey => 'k', MediaURL => 'http://photos.test/1', MediaCategory => 'ü' x 50 } ] },
	{ ListingKey => 'M5', Media => [ { MediaKey => 'k', Order => 'x' . 'ü' x 39 } ] }), 'done|1|5|2|0|0|0|3', 'media that do not fit are rejected');
is(rejects('media', 'listing_key, field, reason_code'), "M2|Media|out_of_range\nM3|Media|out_of_range\nM5|Media|bad_type", 'with their reason');
like(query($node, "SELECT media_key FROM estate.media WHERE media_url = '$long'"), qr/^url:\d+$/, 'a long address is known by its hash');
is(rejects('media', q{convert_from(textsend(right(reason, 21)), 'UTF8')}) =~ s/.*\n//sr, encode_utf8('x' . 'ü' x 19 . '"'), 'a quoted text is cut between characters');

# messages, kept in a table: what is quoted in them is whole characters
query($node, 'CREATE TABLE said (at serial, text text)');
my $umlauts = encode_utf8('ü' x 300);
for my $odd (qq{PERFORM estate.create_feed('t', preset => 'csv', market => 'm', mapping => '{"listing_key": "a", "close_date": {"from": "b", "as": "date:Q$umlauts"}}')},
	qq{PERFORM 'x$umlauts'::estate.gram},
	qq{PERFORM estate.create_feed('h', preset => 'csv', market => 'm', url => 'http://h%FCx.invalid/'); PERFORM estate.preview_feed('h')})
{
	query($node, qq{DO \$x\$ BEGIN $odd; RAISE 'not refused'; EXCEPTION WHEN OTHERS THEN
		DECLARE detail text; BEGIN GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL; INSERT INTO said (text) VALUES (SQLERRM || detail); END; END \$x\$});
}
is(query($node, q{SELECT count(convert_from(textsend(text), 'UTF8')), count(*) FILTER (WHERE text ~ 'not refused') FROM said}), '3|0', 'messages are UTF-8');
note query($node, 'SELECT text FROM said ORDER BY at');

# 4. What a constraint or a trigger of the user's own refuses
query($node, q{
	ALTER TABLE estate.listing ADD CONSTRAINT no_bargains CHECK (list_price >= 1000);
	CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF new.city = 'Atlantis' THEN
			RAISE EXCEPTION 'there is no such town' USING DETAIL = 'It has sunk.';
		ELSIF new.city = 'Babel' THEN
			PERFORM * FROM no_such_table;
		END IF;
		RETURN new;
	END $$;
	CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON estate.listing FOR EACH ROW EXECUTE FUNCTION refuse();
});
my @many = map { { ListingKey => sprintf('N%04d', $_), ListPrice => $_ % 500 == 7 ? 1 : 100000 + $_, City => $_ == 1234 ? 'Atlantis' : 'Lakemont',
	ModificationTimestamp => sprintf('2026-01-01T00:%02d:%02dZ', $_ / 60, $_ % 60) } } 0 .. 2499;
is(feed('many', 'm', @many), 'done|1|2500|2494|0|0|0|6', 'of 2500 records in one page only the six culprits are rejected');
is(rejects('many', 'listing_key, reason_code'), join("\n", map { "N$_|refused" } qw(0007 0507 1007 1234 1507 2007)), 'each by its key');
like(rejects('many', 'reason'), qr/no_bargains.*\nthere is no such town: It has sunk\.\n/s, 'with what the database said');
is(query($node, q{SELECT count(*), min(pages) FROM estate.listing, estate.feed_run WHERE source_system = 'many'
	AND feed_run.run_id = listing.run_id AND listing_key LIKE 'N%'}), '2494|1', 'in one page');
is(query($node, q{SELECT watermark FROM estate_internal.feed_cursor JOIN estate.feed USING (feed_id) WHERE name = 'many'}),
	'2026-01-01T00:41:39Z', 'and the watermark has moved on');
query($node, 'ALTER TABLE estate.listing DROP CONSTRAINT no_bargains');
is(query($node, q{SELECT estate.replay_rejects('many')}), '5', 'what the database accepts now is settled');
is(query($node, q{SELECT count(*) FROM estate.listing WHERE source_system = 'many'}), '2499', 'and applied');

# a record that comes twice, and is refused once
$many[10] = { ListingKey => 'N0009', ListPrice => 1, City => 'Lakemont', ModificationTimestamp => '2026-02-01T00:00:00Z' };
$many[11] = { ListingKey => 'N0009', ListPrice => 2, City => 'Atlantis', ModificationTimestamp => '2026-02-02T00:00:00Z' };
is(feed('twice', 'm', @many[0 .. 20]), 'done|1|21|19|1|0|0|1', 'of a record that comes twice the one that is accepted counts');
is(query($node, q{SELECT list_price FROM estate.listing WHERE source_system = 'twice' AND listing_key = 'N0009'}), '1.00', 'as it was');

# a trigger that cannot work is not the fault of records
$server->put('broken.json', page({ ListingKey => 'B1', City => 'Babel' }));
query($node, "SELECT estate.create_feed('broken', url => '" . $server->url('/broken.json') . "', market => 'm')");
is(refused($node, q{CALL estate.run_feed('broken')})->{sqlstate}, '42P01', 'a trigger that cannot work stops the feed');
is(rejects('broken', 'reason'), '', 'and rejects nothing');
query($node, 'DROP TRIGGER refuse ON estate.listing');

# 5. Very many small records, and one of very many fields, take no more memory than others
sub peak_growth
{
	my ($name) = @_;
	my $file = $node->basedir . '/peak';
	query($node, qq{
		SELECT pg_backend_pid() AS pid \\gset
		\\setenv PID :pid
		SELECT count(*) FROM estate.listing;
		\\! grep VmHWM /proc/\$PID/status > $file
		CALL estate.run_feed('$name');
		\\! grep VmHWM /proc/\$PID/status >> $file});
	my @kb = slurp_file($file) =~ /(\d+) kB/g;
	note "$name: @kb kB";
	return $kb[1] - $kb[0];
}
SKIP:
{
	skip 'no /proc', 2 unless -r '/proc/self/status';
	$server->put('tiny.json', '{"value": [' . join(',', ('{}') x 100_000) . ']}');
	query($node, "SELECT estate.create_feed('tiny', url => '" . $server->url('/tiny.json') . "', market => 'm')");
	cmp_ok(peak_growth('tiny'), '<', 60_000, '100,000 empty records need less than 60 MB');
	is(run_of($node, 'tiny'), 'done|1|100000|0|0|0|0|100000', 'all of them are rejected');
	$server->put('wide.json', '{"value": [{' . join(',', '"ListingKey": "W"', map { "\"f$_\": 1" } 1 .. 4000) . '},'
		. join(',', map { "{\"ListingKey\": \"W$_\"}" } 1 .. 5_000) . ']}');
	query($node, "SELECT estate.create_feed('wide', url => '" . $server->url('/wide.json') . "', market => 'm')");
	cmp_ok(peak_growth('wide'), '<', 60_000, 'one record of 4001 fields among 5,000 too');
	is(run_of($node, 'wide'), 'done|1|5001|5001|0|0|0|0', 'all of them are applied');
}

# 6. What an error tells of a URL
my $secret = 'hush-4711';
for my $path ("/none.json?access_token=$secret", "/-status=500/x.json?\$top=5&api_key=$secret", "/-html/media.json?token=$secret")
{
	query($node, "SELECT estate.create_feed('secret', url => '" . $server->url($path) . "', market => 'm')");
	my $error = refused($node, "CALL estate.run_feed('secret')");
	unlike("$error->{message}$error->{detail}$error->{hint}", qr/$secret/, "$path: the error does not tell the secret");
	is(query($node, qq{SELECT count(*) FROM estate.feed_run r JOIN estate.feed_status s USING (feed_id)
		WHERE s.name = 'secret' AND r.error IS NOT NULL AND s.last_error IS NOT NULL AND concat(r.error, s.last_error) NOT LIKE '%$secret%'}), '1', 'nor do the tables');
	query($node, "SELECT estate.drop_feed('secret')");
}
for my $next ("http://elsewhere.test/?token=$secret", $server->url("/ring.json?token=$secret"), "http://[?token=$secret", $server->url("/-status=404/x?token=$secret"))
{
	my $first = $next =~ /ring/ ? "/ring.json?token=$secret" : '/next.json';
	$server->put($_, '{"value": [], "@odata.nextLink": "' . $next . '"}') for 'ring.json', 'next.json';
	query($node, "SELECT estate.create_feed('secret', url => '" . $server->url($first) . "', market => 'm')");
	my $error = refused($node, "CALL estate.run_feed('secret')");
	isnt($error->{sqlstate}, '00000', "next page $next is refused");
	unlike("$error->{message}$error->{detail}$error->{hint}", qr/$secret/, 'the error does not tell the secret');
	is(query($node, qq{SELECT count(*) FROM estate.feed_run r JOIN estate.feed_status s USING (feed_id)
		WHERE s.name = 'secret' AND r.error IS NOT NULL AND s.last_error IS NOT NULL AND concat(r.error, s.last_error) NOT LIKE '%$secret%'}), '1', 'nor do the tables');
	query($node, "SELECT estate.drop_feed('secret')");
}

# 7. A feed that is dropped while it runs
$server->put('slow.json', page({ ListingKey => 'S1' }));
query($node, "SELECT estate.create_feed('slow', url => '" . $server->url('/-hang/slow.json') . "', market => 'm')");
my $out = '';
my $runner = background($node, "CALL estate.run_feed('slow')", \$out);
eventually($node, q{SELECT count(*) = 1 FROM estate.feed_status WHERE name = 'slow' AND state = 'running'}, 'a feed is being run');
my $error = refused($node, "SELECT estate.drop_feed('slow')");
is($error->{sqlstate}, '55006', 'it is not dropped meanwhile') or diag $error->{all};
like($error->{hint}, qr/feed_status.*pause_feed/, 'with a hint');
is(refused($node, "SELECT estate.push_feed('slow', '{}')")->{sqlstate}, '55006', 'nor is anything pushed into it');
# somebody who knows better
query($node, q{WITH runs AS (DELETE FROM estate.feed_run r USING estate.feed f WHERE f.feed_id = r.feed_id AND f.name = 'slow')
	DELETE FROM estate.feed WHERE name = 'slow'});
query($node, q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL estate.run_feed%' AND pid <> pg_backend_pid()});
$runner->finish;
like($out, qr/ERROR/, 'its run ends with an error');
is(query($node, 'SELECT 1'), '1', 'and the server goes on');

# 8. What is old goes
query($node, q{
	INSERT INTO estate.feed_run (feed_id, started_at, ended_at, outcome)
		SELECT feed_id, now() - interval '91 days', now(), 'done' FROM estate.feed, generate_series(1, 30) WHERE name = 'metric';
	INSERT INTO estate.feed_run (feed_id, started_at, ended_at, outcome)
		SELECT feed_id, now() - interval '89 days', now(), 'done' FROM estate.feed, generate_series(1, 1000) WHERE name = 'metric';
	INSERT INTO estate.feed_reject (feed_id, at, reason_code, reason, raw, resolved_at)
		SELECT feed_id, now() - interval '99 days', 'malformed', 'x', 'raw' || d, now() - d * interval '1 day'
		FROM estate.feed, unnest(ARRAY[91, 89]) d WHERE name = 'metric';
	INSERT INTO estate.feed_run (feed_id, started_at, ended_at, outcome)
		SELECT feed_id, now() - interval '91 days', now(), 'done' FROM estate.feed, generate_series(1, 3) WHERE name = 'media';
	CALL estate.run_feed('metric');
	CALL estate.run_feed('media');});
is(query($node, q{SELECT count(*), count(*) FILTER (WHERE started_at < now() - interval '90 days') FROM estate.feed_run JOIN estate.feed USING (feed_id) WHERE name = 'metric'}),
	'1002|0', 'runs of long ago are deleted');
is(query($node, q{SELECT count(*) FROM estate.feed_run JOIN estate.feed USING (feed_id) WHERE name = 'media'}), '5', 'but for the newest thousand of a feed');
is(rejects('metric', "coalesce(listing_key, raw)"), "A1\nraw89", 'settled rejects of long ago too, others stay');

# 9. A database of another encoding
$node->safe_psql('postgres', "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
my ($code, $stdout, $stderr) = $node->psql('latin', 'CREATE EXTENSION pg_estate');
like($stderr, qr/needs a database with encoding UTF8.*HINT:.*TEMPLATE template0/s, 'a database that is not UTF8 is refused');

$node->stop;
done_testing();
