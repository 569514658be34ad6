# Photos: hundreds copied at once by the workers, with no transaction open, whole and right, over a crash too.

use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../server";
use EstateNode;
use JSON::PP ();
use List::Util qw(max);
use PostgreSQL::Test::Utils;
use ScriptedHttp;
use Test::More;

my $folder = PostgreSQL::Test::Utils::tempdir();
my $server = ScriptedHttp->new(docroot => PostgreSQL::Test::Utils::tempdir());
my $node = estate_node('photos', workers => 2);
query($node, qq{
	CREATE ROLE admin IN ROLE estate_admin LOGIN;
	CREATE ROLE writer IN ROLE estate_admin, pg_write_server_files LOGIN;
	SELECT estate.create_market('m');});

sub bytes { my ($n) = @_; return join ' ', map { "photo $n line $_" } 0 .. 20 + $n; }

# a page of listings with ten photos each: the path of a photo, and the version of each
sub page
{
	my ($count, $photo, %version) = @_;
	my @listings;
	for my $n (0 .. $count - 1)
	{
		my $listing = int($n / 10);
		$listings[$listing] //= { ListingKey => "L$listing", ListPrice => 100000 + ($version{price} // 0), ModificationTimestamp => '2026-01-01T00:00:00Z', Media => [] };
		push @{ $listings[$listing]{Media} }, { MediaKey => "photo-$n", MediaURL => $server->url($photo->($n)),
			Order => $n % 10, MediaModificationTimestamp => '2026-01-0' . ($version{$n} // 1) . 'T00:00:00Z' };
	}
	return JSON::PP::encode_json({ value => \@listings });
}

sub feed
{
	my ($name, $body, $more) = @_;
	$server->put("$name.json", $body);
	query($node, "SELECT estate.create_feed('$name', url => '" . $server->url("/$name.json") . "', preset => 'reso'" . ($more // q{, options => '{"media_target": "shelf"}'}) . ')');
	return query($node, "CALL estate.run_feed('$name')");
}

sub partials { return grep { chomp; $_ ne '' } `find $folder -name '*.part*'`; }
sub all_is_stored { my ($source) = @_; return "SELECT count(*) > 0 AND bool_and(stored_at IS NOT NULL) FROM estate.media d JOIN estate.listing l ON (l.market_id, l.id) = (d.market_id, d.listing) WHERE source_system = '$source'"; }

# each stored photo of a feed, as the file that it is said to be: none may differ
sub differing
{
	my ($source) = @_;
	my @differing;
	for my $line (split /\n/, query($node, "SELECT media_key, stored_as, stored_bytes, encode(stored_sha256, 'hex') FROM estate.media d JOIN estate.listing l ON (l.market_id, l.id) = (d.market_id, d.listing) WHERE source_system = '$source'"))
	{
		my ($key, $name, $size, $hash) = split /\|/, $line;
		my ($n) = $key =~ /(\d+)$/;
		my $file = -f "$folder/$name" ? slurp_file("$folder/$name") : '';
		push @differing, $line unless $file eq bytes($n) && length $file == $size && sha256_hex($file) eq $hash && $name =~ /\.jpg$/;
	}
	return @differing;
}

# 1. Who may make such a target
is(refused($node, "CREATE SERVER shelf FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url 'file://$folder')", user => 'admin')->{sqlstate},
	'42501', 'only a member of pg_write_server_files can make a folder a target');
is(refused($node, "CREATE SERVER shelf FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url '$_')", user => 'writer')->{sqlstate},
	'HV024', "not a folder: $_") for 'relative', 'file://relative/x', 'file:///tmp/../etc', 'http://127.0.0.1/';
query($node, "CREATE SERVER shelf FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url 'file://$folder')", user => 'writer');

# 2. Three hundred photos of two seconds each
$server->put("$_.jpg", bytes($_)) for 0 .. 299;
my $started = time;
feed('slow', page(300, sub { "/-delay=2000/$_[0].jpg" }));
eventually($node, "SELECT running >= 256 FROM estate.queue_status WHERE queue = 'media'", 'the workers take them on');
wait_until(sub { my @asked = $server->requests(qr/jpg/); @asked && max(map { $_->{open} } @asked) >= 200 }, 'two hundred are in flight at once');
my $longest = "SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0) FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()";
my @ages;
push @ages, query($node, $longest) until query($node, all_is_stored('slow')) eq 't' || time - $started > 120;
cmp_ok(scalar @ages, '>', 3, 'looked while they came');
cmp_ok(max(@ages), '<', 1, 'no snapshot is held while photos come');
is(query($node, all_is_stored('slow')), 't', 'all are copied');
is_deeply([ differing('slow') ], [], 'byte by byte, with the right hash');
is(scalar(() = $server->requests(qr/jpg/)), 300, 'each was asked for once');
is_deeply([ partials() ], [], 'nothing half is left');

# 3. What has not changed is not copied again; what has is
$server->forget_requests;
$server->put('slow.json', page(300, sub { "/-delay=2000/$_[0].jpg" }, price => 1, 7 => 2));
query($node, "CALL estate.run_feed('slow')");
like(run_of($node, 'slow'), qr/^done\|1\|30\|0\|30\|0/, 'all listings have changed, and one photo');
eventually($node, "SELECT count(*) = 301 FROM estate.job WHERE handler = 'media' AND state = 'done'", 'one photo is copied again');
is(join(' ', map { $_->{path} } $server->requests(qr/jpg/)), '/-delay=2000/7.jpg', 'the one that has changed');

# 4. A photo that changes while it is copied is copied once more
$server->forget_requests;
feed('changing', page(1, sub { '/-delay=1500/0.jpg' }));
wait_until(sub { $server->requests(qr/jpg/) }, 'a copy is under way');
$server->put('changing.json', page(1, sub { '/1.jpg' }, 0 => 2, price => 1));
query($node, "CALL estate.run_feed('changing')");
eventually($node, "SELECT stored_bytes = " . length(bytes(1)) . " FROM estate.media d JOIN estate.listing l ON (l.market_id, l.id) = (d.market_id, d.listing) WHERE source_system = 'changing'",
	'when it changes meanwhile, the new one is there in the end');
eventually($node, "SELECT count(*) = 0 FROM estate.job WHERE handler = 'media' AND state <> 'done'", 'and no job is left');
is(query($node, "SELECT sum(attempt) - count(*) FROM estate.job WHERE handler = 'media'"), '0', 'which counts as no failure');

# 5. Names from outside
my @hostile = ('../../x', '/etc/passwd', '..', '.', "a\nb", 'x' x 255, "\x{1F3E0}", 'a%2Fb', '$(id)', '');
$server->put('hostile.json', JSON::PP::encode_json({ value => [ { ListingKey => '../../L', Media => [
	(map { { MediaKey => $_, MediaURL => $server->url('/0.jpg') } } @hostile), { MediaURL => $server->url('/-header=X-Long:' . 'y' x 300 . '/0.jpg') } ] },
	{ ListingKey => 'too long', Media => [ { MediaKey => 'x' x 256, MediaURL => $server->url('/0.jpg') } ] },
	{ ListingKey => 'too wide', Media => [ { MediaKey => 'x', MediaCategory => 'x' x 51, MediaURL => $server->url('/0.jpg') } ] } ] }));
query($node, "SELECT estate.create_feed('hostile', url => '" . $server->url('/hostile.json') . q{', preset => 'reso', options => '{"media_target": "shelf"}')});
query($node, "CALL estate.run_feed('hostile')");
is(run_of($node, 'hostile'), 'done|1|3|3|0|0|0|0', 'media that do not fit cost no record');
is(query($node, q{SELECT count(*) FROM estate.feed_reject r JOIN estate.feed f USING (feed_id) WHERE f.name = 'hostile' AND level = 'field'}), 2, 'and are told of');
eventually($node, all_is_stored('hostile'), 'hostile names are copied like others');
is(query($node, "SELECT count(*) FILTER (WHERE stored_as ~ '^[0-9]+/[0-9]+/[0-9a-f]{32}[.]jpg\$'), count(*), count(DISTINCT stored_as) FROM estate.media d JOIN estate.listing l ON (l.market_id, l.id) = (d.market_id, d.listing) WHERE source_system = 'hostile'"),
	'11|11|11', 'to names that are ours');

# 6. A photo that is not there, one on a machine that may not be asked
feed('missing', page(2, sub { $_[0] ? "/-redirect=http:%2F%2F127.0.0.2%2F/x.jpg" : '/none.jpg' }));
eventually($node, "SELECT count(*) = 2 AND bool_and(stored_at IS NULL) FROM estate.media d JOIN estate.listing l ON (l.market_id, l.id) = (d.market_id, d.listing) WHERE source_system = 'missing' AND stored_error <> ''", 'a failed copy says why');
like(query($node, "SELECT string_agg(stored_error, ' ' ORDER BY media_key) FROM estate.media WHERE stored_error IS NOT NULL"), qr/404.*127\.0\.0\.2/s, 'in words');
is(query($node, "SELECT count(*) FROM estate.job WHERE handler = 'media' AND state IN ('retryable', 'available', 'running') AND attempt > 0"), '2', 'and is tried again');
$server->put('none.jpg', bytes(0));
query($node, "SELECT estate.retry_job(id) FROM estate.job WHERE args ->> 'media_key' = 'photo-0' AND state = 'retryable'");
eventually($node, "SELECT stored_at IS NOT NULL AND stored_error IS NULL FROM estate.media d JOIN estate.listing l ON (l.market_id, l.id) = (d.market_id, d.listing) WHERE source_system = 'missing' AND media_key = 'photo-0'", 'until it is there');

# 7. The owner of the feed must be allowed to use the target
query($node, "CREATE ROLE stranger IN ROLE estate_admin LOGIN");
$server->put('stranger.json', page(1, sub { '/0.jpg' }));
query($node, "SELECT estate.create_feed('stranger', url => '" . $server->url('/stranger.json') . q{', preset => 'reso', options => '{"media_target": "shelf"}')}, user => 'stranger');
query($node, "CALL estate.run_feed('stranger')", user => 'stranger');
eventually($node, "SELECT stored_error LIKE 'permission denied for foreign server%' FROM estate.media d JOIN estate.listing l ON (l.market_id, l.id) = (d.market_id, d.listing) WHERE source_system = 'stranger'", 'without USAGE the job is refused');
query($node, "GRANT USAGE ON FOREIGN SERVER shelf TO stranger");
query($node, "SELECT estate.retry_job(id) FROM estate.job WHERE role = 'stranger'::regrole AND state = 'retryable'");
eventually($node, all_is_stored('stranger'), 'with USAGE it copies');

# 8. Killed in the middle
$server->forget_requests;
feed('killed', page(200, sub { '/-delay=1500/' . $_[0] . '.jpg' }));
wait_until(sub { my @asked = $server->requests(qr/jpg/); @asked >= 150 }, 'photos are in flight');
ok(scalar partials(), 'and half written');
my $log = -s $node->logfile;
kill 'KILL', query($node, "SELECT pid FROM pg_stat_activity WHERE application_name = 'pg_estate network'");
$node->wait_for_log(qr/database system is ready to accept connections/, $log);
eventually($node, all_is_stored('killed'), 'all are there in the end');
is_deeply([ differing('killed') ], [], 'byte by byte');
eventually($node, "SELECT count(*) = 0 FROM estate.job WHERE state IN ('available', 'running') AND handler = 'media'", 'no job is left');
is_deeply([ partials() ], [], 'nothing half is left');

# 9. Stopped in the middle, and the listing goes before the copy is tried again
$server->forget_requests;
feed('gone', page(5, sub { '/-hang/' . $_[0] . '.jpg' }));
wait_until(sub { my @asked = $server->requests(qr/jpg/); @asked >= 5 }, 'copies hang');
$node->stop('immediate');
$node->append_conf('postgresql.conf', "estate.databases = ''");
$node->start;
is(scalar(my @left = partials()), 5, 'the crash has left halves');
query($node, "SELECT estate.drop_feed('gone', purge => true)");
$node->append_conf('postgresql.conf', "estate.databases = 'estate'");
$node->reload;
eventually($node, "SELECT count(*) = 0 FROM estate.job WHERE state IN ('available', 'running') AND handler = 'media'", 'the jobs find nothing to copy');
is_deeply([ partials() ], [], 'and clear up');

$node->stop;
done_testing();
