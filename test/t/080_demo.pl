# The demo: what `make demo` runs, on generated data and on one's own.

use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir_short();
$ENV{ESTATE_DEMO_DIR} = "$dir/demo";
delete @ENV{qw(FEED MAPPING PRESET)};

sub demo { my ($what) = @_; my $out = `tools/demo $what 2>&1`; return ($? >> 8, $out); }

sub query
{
	my ($connection, $sql) = @_;
	my ($out, $err);
	run_log([ 'psql', '-X', '-At', split(' ', $connection), '-c', $sql ], '>', \$out, '2>', \$err);
	chomp $out;
	return $out . $err;
}

# the generator gives the same bytes for the same seed and day, and others for others
for my $run ([ 'a', 1 ], [ 'b', 1 ], [ 'c', 2 ])
{
	system('perl', 'examples/demo/generate.pl', '--dir', "$dir/$run->[0]", '--origin', 'http://127.0.0.1:1',
		'--today', '2026-03-01', '--seed', $run->[1]) == 0 or die "generate.pl failed\n";
}
is(system("diff -rq $dir/a $dir/b >/dev/null"), 0, 'the same seed gives the same bytes');
isnt(system("cmp -s $dir/a/day1/prairie/listings.csv $dir/c/day1/prairie/listings.csv"), 0, 'another seed gives others');

my ($code, $out) = demo('start');
is($code, 0, 'the demo comes to its end') or diag $out;
like($out, qr/make demo-stop\s*\z/, 'the last line says how to stop it');
my ($connection) = $out =~ /^\s*psql (-h .* homes)\b/m;
$connection //= '-h /nowhere';

subtest 'what is in it' => sub {
	is(query($connection, 'SELECT count(*) FROM estate.market'), '3', 'three markets');
	is(query($connection, 'SELECT count(*), count(*) FILTER (WHERE outcome = $$done$$), sum(rejected), sum(fields_rejected) FROM estate.feed_run'), '6|6|1|1',
		'six runs, a rejected record, a rejected field');
	is(query($connection, 'SELECT sum(inserted) = (SELECT count(*) FROM estate.listing), sum(inserted) > 4800 FROM estate.feed_run'), 't|t',
		'what was inserted is there');
	is(query($connection, 'SELECT count(*) FROM estate.model WHERE active AND mdape < 12'), '3', 'a good model for each market');
	is(query($connection, 'SELECT count(*) FROM estate.listing_for_sale l LEFT JOIN estate.estimate e ON (e.market_id, e.listing) = (l.market_id, l.id) WHERE e.listing IS NULL'),
		'0', 'each listing for sale has its estimate');
	cmp_ok(query($connection, 'SELECT count(*) FROM estate.deal WHERE below_estimate_pct > 10'), '>', 20, 'there are deals');
	is(query($connection, 'SELECT count(*) FILTER (WHERE stored_at IS NULL), count(*) > 400 FROM estate.media'), '0|t', 'all photos are copied');
	is(query($connection =~ s/-U analyst/-U keeper/r, q(SELECT count(*) FROM estate.job WHERE state NOT IN ('done', 'scheduled'))), '0', 'no job is left or dead');
	like(query($connection, 'DELETE FROM estate.listing'), qr/permission denied/, 'the analyst only reads');
};

my @copied = glob("$dir/demo/photos/* $dir/demo/photos/*/* $dir/demo/photos/*/*/*");
my @files = grep { -f } @copied;
cmp_ok(scalar @files, '>', 400, 'photos are files');
is(scalar(grep { slurp_file($_) !~ /^\x89PNG/ } @files[ 0 .. 9 ]), 0, 'and are pictures');

($code, $out) = demo('stop');
is($code, 0, 'it stops');
ok(!-e "$dir/demo", 'and leaves nothing behind');
($code, $out) = demo('stop');
like($out, qr/no demo is running/, 'stopping it again says so');

SKIP:
{
	my $kc = '../shared/data/kc_house_data.csv.gz';
	skip 'no King County data', 3 unless -f $kc;
	local @ENV{qw(FEED PRESET MAPPING)} = ($kc, 'csv', 'examples/king_county.json');
	($code, $out) = demo('start');
	is($code, 0, 'the demo on King County comes to its end') or diag $out;
	like($out, qr/\b21613 \|\s+21613 \|\s+0 \|\s+0 \|/, 'all of its sales are applied');
	like($out, qr/The last ten sales/, 'nothing is for sale, so sales are shown');
	demo('stop');
}

done_testing();
