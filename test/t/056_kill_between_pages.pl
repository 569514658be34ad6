# The worker is killed between any two pages: the end state is the same, and nothing is done twice.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../server";
use EstateNode;
use FeedPages;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = estate_node('kill', workers => 2);
my $source = pages_server();
my $url = feed_url($source);

sub market
{
	my ($name) = @_;
	query($node, "SELECT estate.create_market('$name', time_zone => 'America/Los_Angeles')");
	query($node, "SELECT estate.create_feed('$name', market => '$name', preset => 'reso', url => '$url', options => '{\"strict\": true}')");
	return;
}

# the undisturbed course, in a session
market('undisturbed');
query($node, "CALL estate.run_feed('undisturbed')") for 1, 2;
state_is($node, 'undisturbed', 'the undisturbed end state');
my $end = state_of($node, 'undisturbed');

# runs a feed by the workers; kills the one that waits for the page that hangs
sub run_and_kill
{
	my ($feed, $pages, $hanging, $asked) = @_;
	my $of = "feed_id = (SELECT feed_id FROM estate.feed WHERE name = '$feed')";
	my $runs = query($node, "SELECT count(*) FROM estate.feed_run WHERE $of");

	serve($source, $hanging => '/-hang');
	$source->forget_requests;
	query($node, "SELECT estate.request_run('$feed')");
	eventually($node, "SELECT outcome = 'running' AND pages = $pages FROM estate.feed_run WHERE $of ORDER BY run_id DESC LIMIT 1",
		"$feed: $pages pages are applied");
	wait_until(sub { $source->requests($asked) }, "$feed: the next one is being waited for");
	serve($source);
	my $worker = query($node, "SELECT pid FROM pg_stat_activity WHERE application_name = 'pg_estate network'");
	is(query($node, "SELECT backend_xmin, backend_xid, (SELECT count(*) FROM pg_locks l WHERE l.pid = a.pid AND locktype <> 'advisory') FROM pg_stat_activity a WHERE pid = $worker"),
		'||0', "$feed: without a transaction");
	my $log = -s $node->logfile;
	kill 'KILL', $worker or die "could not kill $worker: $!";
	$node->wait_for_log(qr/database system is ready to accept connections/, $log);
	eventually($node, "SELECT string_agg(outcome, ' ' ORDER BY run_id) = 'interrupted done' FROM (SELECT * FROM estate.feed_run WHERE $of ORDER BY run_id OFFSET $runs) r",
		"$feed: the next run takes over where this one was interrupted");
	return;
}

# 1. Between the two pages of the first run
market('page 2');
run_and_kill('page 2', 1, 'page2', qr/skiptoken/);
is(scalar(my @first = $source->requests(qr{^/odata/(?!.*skiptoken)})), 1, 'the page before is not asked for again');
is(query($node, "SELECT string_agg(concat_ws(' ', pages, seen, inserted, unchanged), ', ' ORDER BY run_id) FROM estate.feed_run r JOIN estate.feed USING (feed_id) WHERE name = 'page 2'"),
	'1 8 8 0, 1 6 6 0', 'each page is counted once');
query($node, "SELECT estate.request_run('page 2')");
eventually($node, "SELECT count(*) = 3 FROM estate.feed_run JOIN estate.feed USING (feed_id) WHERE name = 'page 2' AND outcome IN ('done', 'interrupted')", 'then the delta');
state_same($node, 'page 2', $end, 'killed between page 1 and page 2: the same end state');

# 2. Between the last page and the delta
market('delta');
query($node, "CALL estate.run_feed('delta')");
run_and_kill('delta', 0, 'delta', qr/ModificationTimestamp/);
state_same($node, 'delta', $end, 'killed between page 2 and the delta: the same end state');

# 3. In both gaps, one after the other, and once while the first page is awaited
market('always');
run_and_kill('always', 0, 'page1', qr{^/odata/});
run_and_kill('always', 0, 'delta', qr/ModificationTimestamp/);
state_same($node, 'always', $end, 'killed before the first page and before the delta: the same end state');
is(query($node, "SELECT count(*) FROM estate.job WHERE state NOT IN ('done')"), '0', 'no job is left');

# 4. What the page before the kill has promised is not forgotten: the latest of all timestamps may stand there
$source->put('late.json', '{"value": [{"ListingKey": "L1", "ModificationTimestamp": "2026-05-02T00:00:00Z"}], "@odata.nextLink": "' . $source->url('/early.json') . '"}');
$source->put('early.json', '{"value": [{"ListingKey": "L2", "ModificationTimestamp": "2026-05-01T00:00:00Z"}]}');
$source->put('routes.json', '[["early", "/-hang/early.json"]]');
$source->forget_requests;
query($node, "SELECT estate.create_feed('late', market => 'always', preset => 'reso', url => '" . $source->url('/late.json') . "')");
query($node, "SELECT estate.request_run('late')");
wait_until(sub { $source->requests(qr/early/) }, 'the page with the earlier timestamps is awaited');
$source->put('routes.json', '[]');
kill 'KILL', query($node, "SELECT pid FROM pg_stat_activity WHERE application_name = 'pg_estate network'");
eventually($node, "SELECT watermark = '2026-05-02T00:00:00Z' FROM estate_internal.feed_cursor JOIN estate.feed USING (feed_id) WHERE name = 'late'",
	'the watermark is the latest of all pages, those before the kill too');
is(query($node, "SELECT count(*) FROM estate.listing WHERE source_system = 'late'"), '2', 'and all are there');

# 5. An immediate stop of the whole server
market('stop');
serve($source, page2 => '/-hang');
query($node, "SELECT estate.request_run('stop')");
eventually($node, "SELECT pages = 1 FROM estate.feed_run JOIN estate.feed USING (feed_id) WHERE name = 'stop'", 'a page is applied');
$node->stop('immediate');
serve($source);
$node->start;
eventually($node, "SELECT count(*) = 2 FROM estate.feed_run JOIN estate.feed USING (feed_id) WHERE name = 'stop' AND outcome IN ('interrupted', 'done')", 'the run is finished after the start');
query($node, "CALL estate.run_feed('stop')");
state_same($node, 'stop', $end, 'stopped between page 1 and page 2: the same end state');

$node->stop;
done_testing();
