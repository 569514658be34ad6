# King County, real sales over HTTP: all of them, as the file has them; again: nothing is written.

use strict;
use warnings;
use Compress::Zlib ();
use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../server";
use EstateNode;
use PostgreSQL::Test::Utils;
use ScriptedHttp;
use Test::More;

my $packed = $ENV{KING_COUNTY} || '../shared/data/kc_house_data.csv.gz';
plan skip_all => "no $packed" unless -f $packed;

my $server = ScriptedHttp->new(docroot => PostgreSQL::Test::Utils::tempdir());
my $csv = Compress::Zlib::memGunzip(slurp_file($packed)) // die "could not unpack $packed\n";
$server->put('kc.csv', $csv);

my $node = estate_node('king_county', conf => "autovacuum = off\n");
query($node, "SELECT estate.create_market('King County', time_zone => 'America/Los_Angeles')");
query($node, "SELECT estate.create_feed('kc', url => '" . $server->url('/kc.csv') . "', preset => 'csv', mapping => \$map\$"
	. slurp_file('examples/king_county.json') . '$map$)');

# what the tables of facts have had written so far
my $written = q{SELECT string_agg(relname || ' ' || n_tup_ins + n_tup_upd + n_tup_del, ', ' ORDER BY relname) FROM pg_stat_user_tables
	WHERE schemaname = 'estate' AND relname IN ('listing', 'listing_change', 'property', 'media', 'feed_reject')};

# runs the feed, and tells what it wrote: rows of each table, bytes of WAL
sub run_feed
{
	my $lines = query($node, qq{
		SELECT pg_current_wal_insert_lsn() AS before \\gset
		CALL estate.run_feed('kc');
		SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), :'before');
		SELECT pg_stat_force_next_flush();
		$written});
	my @lines = grep { length } split /\n/, $lines;
	return ($lines[1], $lines[2]);
}

# 1. All of it
run_feed();
is(run_of($node, 'kc') =~ s/^(\w+)\|\d+\|/$1|/r, 'done|21613|21613|0|0|0|0', 'all records are seen and applied');
is(query($node, 'SELECT count(*), count(DISTINCT property) FROM estate.listing'), '21613|21436', 'a home that was sold twice is one home');

# 2. Row by row as in the file
my $compared = q{
	CREATE TEMP TABLE kc (id text, date text, price text, bedrooms text, bathrooms text, sqft_living text, sqft_lot text, floors text,
		waterfront text, view text, condition text, grade text, sqft_above text, sqft_basement text, yr_built text, yr_renovated text,
		zipcode text, lat text, long text, sqft_living15 text, sqft_lot15 text);
	COPY kc FROM '} . $server->docroot . q{/kc.csv' (FORMAT csv, HEADER);
	WITH file AS (SELECT id || '|' || date AS listing_key, to_date(left(date, 8), 'YYYYMMDD') AS close_date, price::numeric AS close_price,
		lat::float8 AS latitude, long::float8 AS longitude, bedrooms::int AS bedrooms_total, sqft_living::numeric AS living_area,
		sqft_lot::numeric AS lot_size_area, yr_built::int AS year_built, zipcode AS postal_code, waterfront = '1' AS waterfront_yn, id AS parcel_number,
		bathrooms, floors, view, condition, grade, sqft_above, sqft_basement, yr_renovated, sqft_living15, sqft_lot15 FROM kc),
	ours AS (SELECT listing_key, close_date, close_price, latitude, longitude, bedrooms_total, living_area,
		lot_size_area, year_built, postal_code, waterfront_yn, parcel_number,
		extra ->> 'bathrooms', extra ->> 'floors', extra ->> 'view', extra ->> 'condition', extra ->> 'grade', extra ->> 'sqft_above',
		extra ->> 'sqft_basement', extra ->> 'yr_renovated', extra ->> 'sqft_living15', extra ->> 'sqft_lot15' FROM estate.listing)
	SELECT (SELECT count(*) FROM file), (SELECT count(*) FROM (SELECT * FROM file EXCEPT SELECT * FROM ours) a),
		(SELECT count(*) FROM (SELECT * FROM ours EXCEPT SELECT * FROM file) b);};
is(query($node, $compared), '21613|0|0', 'dates, prices, coordinates and all else equal the file, both ways');

# 3. Again: nothing is written
query($node, 'VACUUM (ANALYZE)');
my $before = query($node, "SELECT pg_stat_force_next_flush(); $written") =~ s/^\n//r;
my ($wal, $after) = run_feed();
is(run_of($node, 'kc') =~ s/^(\w+)\|\d+\|/$1|/r, 'done|21613|0|0|21613|0|0', 'run again, all records are unchanged');
is($after, $before, 'no row of any table of facts is written');
cmp_ok($wal, '<', 1048576, "WAL stays under 1 MB: $wal bytes");

# 4. One row changed: one row written
my @lines = split /^/m, $csv;
my @fields = split /,/, $lines[10_000];
my ($key, $old) = ("$fields[0]|$fields[1]", $fields[2]);
s/"//g for $key, $old;
$fields[2] = $old + 1000;
$lines[10_000] = join ',', @fields;
$server->put('kc.csv', join '', @lines);
my %before = map { split / / } split /, /, $after;
($wal, $after) = run_feed();
my %after = map { split / / } split /, /, $after;
is(run_of($node, 'kc') =~ s/^(\w+)\|\d+\|/$1|/r, 'done|21613|0|1|21612|0|0', 'one listing is updated');
is(join(', ', map { "$_ " . ($after{$_} - $before{$_}) } sort keys %after), 'feed_reject 0, listing 1, listing_change 1, media 0, property 0', 'one row is written, and its change');
is(query($node, 'SELECT listing_key, field, old_value::numeric, new_value::numeric FROM estate.listing_change JOIN estate.listing USING (market_id) WHERE listing = listing.id'),
	"$key|close_price|" . join('|', map { sprintf '%.2f', $_ } $old, $old + 1000), 'the change is the one that was made');

is(query($node, "SELECT count(*) FROM estate.feed_run WHERE ended_at - started_at > interval '40 seconds'"), '0', 'no run sat and waited for what had come');

# 5. Sold forward in time
query($node, "SELECT * FROM estate.train('King County')");
my ($n, $mdape) = split /\|/, query($node, "SELECT n, mdape FROM estate.backtest('King County', '2015-03-01', '2015-06-01', '1 month')");
cmp_ok($n, '>', 4000, "the backtest values the sales since March 2015: $n");
cmp_ok($mdape, '<', 13, "half of its estimates are off by less than 13 %: $mdape");

$node->stop;
done_testing();
