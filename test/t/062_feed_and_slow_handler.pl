# A slow handler freezes nothing: while it runs, a feed of slow pages goes on and hundreds of downloads stay in flight.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../server";
use EstateNode;
use JSON::PP ();
use PostgreSQL::Test::Utils;
use ScriptedHttp;
use Test::More;

my $server = ScriptedHttp->new(docroot => PostgreSQL::Test::Utils::tempdir());
my $node = estate_node('slow', workers => 2);
my $folder = PostgreSQL::Test::Utils::tempdir();
query($node, qq{
	CREATE SERVER shelf FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url 'file://$folder');
	SELECT estate.create_market('m');
	CREATE FUNCTION public.sleep_long(args jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); END';});

# a handler of 60 s, in the hands of a worker
my $job = query($node, "SELECT estate.enqueue('public.sleep_long')");
eventually($node, "SELECT state = 'running' FROM estate.job WHERE id = $job", 'the handler runs');
my $sleeper = query($node, "SELECT pid FROM pg_stat_activity WHERE application_name = 'pg_estate jobs' AND wait_event = 'PgSleep'");

# 200 downloads that do not end by themselves
$server->put('photos.json', JSON::PP::encode_json({ value => [ { ListingKey => 'P', Media => [
	map { { MediaKey => "p$_", MediaURL => $server->url("/-hang/$_.jpg") } } 1 .. 200 ] } ] }));
query($node, "SELECT estate.create_feed('photos', url => '" . $server->url('/photos.json') . q{', preset => 'reso', options => '{"media_target": "shelf"}')});
query($node, "SELECT estate.request_run('photos')");
my $in_flight = sub { my @asked = $server->requests(qr/-hang/); return scalar @asked; };
wait_until(sub { $in_flight->() == 200 }, 'two hundred downloads are in flight');

# a feed of five pages, one second each
for my $n (1 .. 5)
{
	my $next = $n < 5 ? ', "@odata.nextLink": "' . $server->url('/-delay=1000/page' . ($n + 1) . '.json') . '"' : '';
	$server->put("page$n.json", qq({"value": [{"ListingKey": "K$n", "ListPrice": $n}]$next}));
}
query($node, "SELECT estate.create_feed('pages', url => '" . $server->url('/-delay=1000/page1.json') . q{', preset => 'reso')});
query($node, "SELECT estate.request_run('pages')");
my @seen;
wait_until(sub {
	my ($outcome, $pages, $xmins) = split /\|/, query($node, q{SELECT outcome, pages, (SELECT count(*) FROM pg_stat_activity
		WHERE application_name = 'pg_estate network' AND now() - xact_start > '500 ms') FROM estate.feed_run JOIN estate.feed USING (feed_id) WHERE name = 'pages'});
	push @seen, $xmins if defined $xmins;
	return ($outcome // '') eq 'done' && $pages == 5;
}, 'the feed comes to its end');
is(scalar(grep { $_ > 0 } @seen), 0, 'no transaction was open while a page was awaited');
cmp_ok(query($node, "SELECT extract(epoch FROM ended_at - started_at) FROM estate.feed_run JOIN estate.feed USING (feed_id) WHERE name = 'pages'"), '<', 20, 'in little more than its pages take');
is(query($node, "SELECT state FROM estate.job WHERE id = $job"), 'running', 'all the while the handler ran');
is(query($node, "SELECT running FROM estate.queue_status WHERE queue = 'media'"), '200', 'and the downloads stayed');
is($in_flight->(), 200, 'none was begun anew');
is(query($node, "SELECT count(*) FROM estate.listing WHERE source_system = 'pages'"), '5', 'the pages are applied');

query($node, "SELECT pg_cancel_backend($sleeper)");
eventually($node, "SELECT state = 'retryable' AND attempt = 1 FROM estate.job WHERE id = $job", 'cancelled, the handler is to be tried again');
is(query($node, "SELECT estate.cancel_job($job)"), 't', 'unless the job is cancelled');
$node->stop('fast');
done_testing();
