# While the network takes its time: nothing is held, nothing else waits, and the server stops at once.

use strict;
use warnings;
use lib 'test/t', 'test/server';
use EstateNode;
use ScriptedHttp;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $photos = 200;
my $http = ScriptedHttp->new;
my $folder = PostgreSQL::Test::Utils::tempdir();
my $node = estate_node('network', workers => 2);
my $origin = $http->origin;
sub value { return query($node, @_); }

# a page of one listing, that leads to the next
sub page
{
	my ($n, $last, $delay) = @_;
	my $next = $n < $last ? qq{, "\@odata.nextLink": "$origin/-delay=$delay/page} . ($n + 1) . '.json"' : '';
	$http->put("page$n.json", qq[{"value": [{"ListingKey": "L$n", "StandardStatus": "Active", "PropertyType": "Residential", "ListPrice": ${n}00000,
		"ModificationTimestamp": "2026-02-01T08:00:0$n.000Z"}]$next}]);
	return;
}

# enqueue the copies of all photos, each answered after so many milliseconds
sub enqueue_photos
{
	my ($delay) = @_;
	$http->forget_requests;
	value(qq{
		UPDATE estate.media SET media_url = format('$origin/-delay=%s/-size=1000/photo%s.jpg', $delay, media_key);
		SELECT count(estate.enqueue('media', jsonb_build_object('market_id', market_id, 'listing', listing, 'media_key', media_key, 'target', 'photos')))
		FROM estate.media});
	return;
}

# waits until the server has seen so many requests that fit; those it has answered, too
sub wait_for_requests
{
	my ($pattern, $n) = @_;
	my $patience = time + $PostgreSQL::Test::Utils::timeout_default;
	while (time < $patience)
	{
		my @seen = $http->requests($pattern);
		return @seen if @seen >= $n;
		usleep(20_000);
	}
	die "waited in vain for $n requests\n";
}

# what the others in our database hold: a snapshot, a transaction id, locks on relations
my $held = q{
	SELECT a.pid, a.application_name, a.backend_xmin, a.backend_xid, string_agg(l.relation::regclass::text, ',')
	FROM pg_stat_activity a LEFT JOIN pg_locks l ON l.pid = a.pid AND l.locktype IN ('relation', 'transactionid')
	WHERE a.datname = 'estate' AND a.pid <> pg_backend_pid() AND a.wait_event IS DISTINCT FROM 'PgSleep'
	GROUP BY 1, 2, 3, 4 HAVING a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL OR count(l.locktype) > 0};
my $stored = 'SELECT count(*) FROM estate.media WHERE stored_at IS NOT NULL';

$node->safe_psql('estate', qq{
	CREATE FUNCTION public.slow(args jsonb) RETURNS void LANGUAGE sql AS \$\$ SELECT pg_sleep(120) \$\$;
	SELECT estate.create_market('m');
	CREATE SERVER photos FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url 'file://$folder');
	INSERT INTO estate.listing (market_id, id, source_system, listing_key, standard_status, property_type, currency)
		VALUES (1, 1000000, 'by hand', 'P', 'Active', 'Residential', 'USD');
	INSERT INTO estate.media (market_id, listing, media_key, media_url) SELECT 1, 1000000, i, 'http://none' FROM generate_series(1, $photos) i;
	SELECT estate.create_feed('pages', '$origin/page1.json', market => 'm');
});

subtest 'nothing is held during a fetch' => sub {
	enqueue_photos(4000);
	my @seen = wait_for_requests(qr/photo/, $photos);
	is((sort { $b <=> $a } map { $_->{open} } @seen)[0], $photos, 'all photos are in flight at once');
	is(value($held), '', 'no snapshot, no transaction, no lock') for 1 .. 5;
	is(value($stored), 0, 'and none of them was answered meanwhile');
	is(value(q{SELECT state, count(*) FROM estate.job WHERE handler = 'media' GROUP BY 1}), "running|$photos", 'their jobs are shown as running');
	wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_open', 'the photos are copied');
	is(value($stored), $photos, 'all are stored');
	is(value(q{SELECT state, count(*) FROM estate.job WHERE handler = 'media' GROUP BY 1}), "done|$photos", 'each once');
	is(scalar($http->requests(qr/photo/)), $photos, 'and asked for once');

	page(1, 2, 3000);
	page(2, 2, 3000);
	my $id = value(q{SELECT estate.request_run('pages')});
	wait_for_requests(qr/page2/, 1);
	is(value($held), '', 'a feed between two pages holds nothing either') for 1 .. 5;
	is(value(q{SELECT count(*) FROM estate.listing WHERE listing_key IN ('L1', 'L2')}), 1, 'the first page is there, the second is not');
	wait_for($node, "SELECT state = 'done' FROM estate.job WHERE id = $id", 'the run has ended');
};

subtest 'a session that waits holds nothing either, and can be cancelled' => sub {
	value('SELECT estate.disable_workers()');
	wait_until_idle($node);
	enqueue_photos(60_000);
	my $session = $node->background_psql('estate', on_error_stop => 0, on_error_die => 0);
	my $pid = $session->query('SELECT pg_backend_pid()');
	$session->query_until(qr/called/, "\\echo called\nCALL estate.run_jobs();\n");
	wait_for_requests(qr/photo/, $photos);
	is(value($held), '', 'CALL run_jobs() holds nothing while it waits') for 1 .. 5;
	my $started = time;
	value("SELECT pg_cancel_backend($pid)");
	wait_for($node, "SELECT state = 'idle' FROM pg_stat_activity WHERE pid = $pid", 'the CALL is cancelled');
	cmp_ok(time - $started, '<', 3, 'it is cancelled at once');
	is(value("SELECT count(*) FROM pg_locks WHERE pid = $pid AND locktype = 'advisory'"), 0, 'it has let go of the jobs');
	$session->quit;
	is(value(q{SELECT count(*) FROM estate_internal.job_open WHERE attempt = 0}), $photos, 'which wait for somebody else');
	value('DELETE FROM estate_internal.job_open');
	value('SELECT estate.enable_workers()');
};

subtest 'a slow handler, slow photos, slow pages: each goes on' => sub {
	my $slow = value(q{SELECT estate.enqueue('public.slow')});
	wait_for($node, "SELECT state = 'running' FROM estate.job WHERE id = $slow", 'the handler runs');
	enqueue_photos(8000);
	wait_for_requests(qr/photo/, $photos);
	page($_, 4, 1000) for 1 .. 4;
	value(q{UPDATE estate_internal.feed_cursor SET watermark = NULL, etag = NULL, last_modified = NULL});
	my $started = time;
	my $run = value(q{SELECT estate.request_run('pages')});
	wait_for($node, "SELECT state = 'done' FROM estate.job WHERE id = $run", 'the feed has ended');
	my $took = time - $started;
	cmp_ok($took, '<', 7, sprintf('a feed of three pages of 1 s took %.1f s', $took));
	is(value(q{SELECT count(*) FROM estate.listing WHERE listing_key ~ '^L[1-4]$'}), 4, 'its pages are applied');
	is(value("SELECT state FROM estate.job WHERE id = $slow"), 'running', 'meanwhile the handler ran');
	is(value(q{SELECT count(*) FROM estate.job WHERE handler = 'media' AND state = 'running'}), $photos, 'and all photos were in flight');
	wait_for($node, "SELECT count(*) = 0 FROM estate_internal.job_open WHERE handler = 'media'", 'the photos are copied');
	is(scalar($http->requests(qr/photo/)), $photos, 'each asked for once');
};

subtest 'the server stops at once' => sub {
	enqueue_photos(60_000);
	page(1, 2, 60_000);
	value(q{UPDATE estate_internal.feed_cursor SET watermark = NULL, etag = NULL, last_modified = NULL});
	value(q{SELECT estate.request_run('pages')});
	wait_for_requests(qr/photo/, $photos);
	wait_for_requests(qr/page2/, 1);
	is(value(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND state = 'active'}), 2, 'both workers are busy');
	my $log = -s $node->logfile;
	my $started = time;
	$node->stop('fast');
	my $took = time - $started;
	cmp_ok($took, '<', 2, sprintf('with a handler, photos and a page in flight: %.1f s', $took));
	unlike(log_from($node, $log), qr/ERROR|PANIC|terminated by signal/, 'without an error');
	$http->forget_requests;
	$node->start;
	is(value(q{SELECT count(*) FROM estate_internal.job_open WHERE handler = 'media'}), $photos, 'the jobs are still there');
	wait_for_requests(qr/photo/, 1);
	pass('and are taken up again');
};

$node->stop('immediate');
done_testing();
