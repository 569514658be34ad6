# RESO pages over HTTP: two pages and a delta give the state that test/feeds states, whichever way they come.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../server";
use EstateNode;
use FeedPages;
use PostgreSQL::Test::Utils;
use ScriptedHttp;
use Test::More;

my $secrets = PostgreSQL::Test::Utils::tempdir();
my $node = estate_node('reso', workers => 2, conf => "estate.secrets_dir = '$secrets'\n");
my $source = pages_server();
my $url = feed_url($source);
my $elsewhere = ScriptedHttp->new;

sub secret
{
	my ($name, $server) = @_;
	append_to_file("$secrets/$name", "secret = t0ken-of-$name\nhosts = 127.0.0.1:" . $server->port . "\n");
	chmod 0600, "$secrets/$name";
	query($node, "CREATE SERVER $name FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'http', url '" . $server->origin . "')");
	query($node, "CREATE USER MAPPING FOR PUBLIC SERVER $name OPTIONS (secret_ref 'file:$name')");
	return;
}

sub market
{
	my ($name, $arguments) = @_;
	query($node, "SELECT estate.create_market('$name', time_zone => 'America/Los_Angeles')");
	query($node, "SELECT estate.create_feed('$name', market => '$name', preset => 'reso', options => '{\"strict\": true}'$arguments)");
	return;
}

# 1. Called by hand, with a token
secret('pages', $source);
serve($source, all => '/-bearer=t0ken-of-pages');
market('by hand', ", url => '$url', server => 'pages'");
query($node, "CALL estate.run_feed('by hand')");
is(run_of($node, 'by hand'), 'done|2|14|14|0|0|0|0', 'the first run takes two pages');
is(query($node, "SELECT watermark, next_url IS NULL FROM estate_internal.feed_cursor"), '2026-03-01T12:00:00.000Z|t',
	'the watermark is kept as the source wrote it');
is(scalar(grep { ($_->{headers}{authorization} // '') eq 'Bearer t0ken-of-pages' } $source->requests), 2, 'each request carries the token');
my ($before) = split /\n/, query($node, "SELECT xmin, ctid, changed_at FROM estate.listing WHERE listing_key = 'TST000010'");

$source->forget_requests;
query($node, "CALL estate.run_feed('by hand')");
is(run_of($node, 'by hand'), 'done|1|9|1|3|1|1|3', 'the second run takes the delta');
is(join("\n", map { $_->{path} } $source->requests),
	'/odata/Property?$filter=(MlgCanView%20eq%20true)%20and%20ModificationTimestamp%20ge%202026-03-01T12:00:00.000Z&$expand=Media',
	'it asks for what has changed since, the instant itself included');
is(query($node, "SELECT xmin, ctid, changed_at FROM estate.listing WHERE listing_key = 'TST000010'"), $before,
	'an unchanged listing is not written');
is(query($node, 'SELECT watermark FROM estate_internal.feed_cursor'), '2026-03-02T15:02:00Z', 'the watermark has moved');
state_is($node, 'by hand', 'the end state');
my $end = state_of($node, 'by hand');

query($node, "CALL estate.run_feed('by hand')");
is(run_of($node, 'by hand'), 'done|1|9|0|0|6|0|3', 'the same delta again changes nothing');
state_same($node, 'by hand', $end, 'nothing at all');
is(query($node, "SELECT sum(seen) = sum(inserted + updated + unchanged + deleted + rejected) FROM estate.feed_run"), 't', 'the counters add up');

# 2. The token goes to no other origin
$elsewhere->put('page.json', '{"value": []}');
$source->put('leads_away.json', '{"value": [], "@odata.nextLink": "' . $elsewhere->url('/page.json') . '"}');
$source->put('routes.json', '[["^/away", "/leads_away.json"], ["^/moved", "/-redirect=' . ($elsewhere->url('/page.json') =~ s{/}{%2F}gr) . '/x"]]');
for my $name ('away', 'moved')
{
	market($name, ", url => '" . $source->url("/$name") . "', server => 'pages'");
	isnt(refused($node, "CALL estate.run_feed('$name')")->{sqlstate}, '00000', "a source that leads $name is not followed");
}
is(scalar $elsewhere->requests, 0, 'the token has not left');

# 3. By the workers, on request and by interval
serve($source);
market('on request', ", url => '$url'");
for my $runs (1, 2)
{
	query($node, "SELECT estate.request_run('on request')");
	eventually($node, "SELECT state = 'idle' AND outcome = 'done' AND (SELECT count(*) FROM estate.feed_run r WHERE r.feed_id = s.feed_id) = $runs"
		. " FROM estate.feed_status s WHERE name = 'on request'", "the workers have run it: $runs");
}
state_same($node, 'on request', $end, 'a requested run gives the same state');
market('each second', ", url => '$url', every => '1 second'");
eventually($node, "SELECT count(*) >= 3 FROM estate.feed_run JOIN estate.feed USING (feed_id) WHERE name = 'each second' AND outcome = 'done'", 'it is run again and again');
query($node, "SELECT estate.pause_feed('each second')");
state_same($node, 'each second', $end, 'a feed with an interval gives the same state');

# 4. Pushed, in the caller's transaction
sub body { my ($name) = @_; return slurp_file("test/feeds/$name.json") =~ s/http:\/\/feed\.test/$source->origin/ger; }
sub push_pages
{
	my ($market, @pages) = @_;
	query($node, join ";\n", 'BEGIN', (map { "SELECT estate.push_feed('$market', \$body\$" . body($_) . '$body$)' } @pages), 'COMMIT');
	return;
}
market('pushed', '');
push_pages('pushed', qw(reso_page1 reso_page2 reso_delta));
state_same($node, 'pushed', $end, 'pushed pages give the same state');

# 5. An older page never overwrites a newer one
push_pages('pushed', qw(reso_page2 reso_page1 reso_delta reso_page1));
state_same($node, 'pushed', $end, 'pages again, in another order');
market('backwards', '');
push_pages('backwards', qw(reso_delta reso_page2 reso_page1));
is(query($node, q{SELECT string_agg(listing_key || ' ' || list_price || ' ' || standard_status, ', ' ORDER BY listing_key) FROM estate.listing
	WHERE source_system = 'backwards' AND listing_key IN ('TST000003', 'TST000005', 'TST000006')}),
	'TST000003 377500.00 Active, TST000005 412500.00 Closed, TST000006 425000.00 Active Under Contract', 'the delta first: its state stays');
is(query($node, q{SELECT count(*) FROM estate.listing_change JOIN estate.listing USING (market_id) WHERE listing = listing.id AND source_system = 'backwards'}),
	'0', 'and no change is invented');

# 6. A push leaves the cursor of a source alone
serve($source, page2 => '/-status=500');
market('both', ", url => '$url'");
is(refused($node, "CALL estate.run_feed('both')")->{sqlstate}, '08006', 'the source fails at page 2');
my $cursor = query($node, "SELECT next_url, watermark, pending_watermark FROM estate_internal.feed_cursor JOIN estate.feed USING (feed_id) WHERE name = 'both'");
like($cursor, qr/skiptoken=TST000008\|\|2026-02-05T08:00:08.008Z$/, 'the cursor stands at page 2');
push_pages('both', 'reso_delta');
is(query($node, "SELECT next_url, watermark, pending_watermark FROM estate_internal.feed_cursor JOIN estate.feed USING (feed_id) WHERE name = 'both'"),
	$cursor, 'and stays there');
serve($source);
query($node, "CALL estate.run_feed('both')");
is(query($node, "SELECT count(*) FROM estate.listing WHERE source_system = 'both'"), '15', 'so page 2 is not passed over');

# 7. A real web server
SKIP:
{
	skip 'nginx is not installed', 2 unless -x '/usr/sbin/nginx';
	my $dir = PostgreSQL::Test::Utils::tempdir_short();
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	mkdir "$dir/root";
	for my $page (qw(reso_page1 reso_page2))
	{
		my $text = body($page);
		$text =~ s{http://[^"]*/odata/Property\?[^"]*skiptoken[^"]*}{http://127.0.0.1:$port/reso_page2.json?\$skiptoken=TST000008};
		append_to_file("$dir/root/$page.json", $text);
	}
	my $conf = slurp_file('test/server/nginx.conf.in');
	$conf =~ s/\@DIR\@/$dir/g;
	$conf =~ s/\@DOCROOT\@/$dir\/root/g;
	$conf =~ s/\@PORT\@/$port/g;
	append_to_file("$dir/nginx.conf", $conf);
	system('/usr/sbin/nginx', '-p', $dir, '-e', "$dir/error.log", '-c', "$dir/nginx.conf") == 0 or die "nginx did not start\n";
	market('nginx', ", url => 'http://127.0.0.1:$port/reso_page1.json'");
	query($node, "CALL estate.run_feed('nginx')");
	is(run_of($node, 'nginx'), 'done|2|14|14|0|0|0|0', 'nginx serves the pages, compressed');
	like(query($node, "SELECT bytes > 30000 FROM estate.feed_run JOIN estate.feed USING (feed_id) WHERE name = 'nginx'"), qr/^t$/, 'bytes are counted decompressed');
	kill 'TERM', slurp_file("$dir/nginx.pid") =~ s/\s//gr;
}

$node->stop;
done_testing();
