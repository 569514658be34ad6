# Limits of queues, with several workers at once: never exceeded, reached, changed live, and nobody starves.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../server";
use EstateNode;
use PostgreSQL::Test::Utils;
use ScriptedHttp;
use Test::More;
use Time::HiRes qw(time);

# four workers of SQL, and the one of the network
my $node = estate_node('queues', workers => 1, conf => "estate.workers = 5\nfsync = off\n");
query($node, q{
	CREATE TABLE run (id bigint, queue text, key text, began timestamptz, ended timestamptz);
	CREATE FUNCTION public.work(args jsonb) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		began timestamptz := clock_timestamp();
	BEGIN
		IF args ? 's' THEN PERFORM pg_sleep((args->>'s')::float8); END IF;
		INSERT INTO public.run VALUES (estate.this_job(), args->>'q', args->>'k', began, clock_timestamp());
	END $$;
	-- no worker takes it for a quick one
	CREATE FUNCTION public.hold(args jsonb) RETURNS void LANGUAGE sql AS $$ SELECT pg_sleep(60) $$;
	CREATE TABLE run_before (LIKE run);
	-- what has run so far does not count for the next question
	CREATE FUNCTION public.forget() RETURNS void LANGUAGE sql AS $$ WITH gone AS (DELETE FROM run RETURNING *) INSERT INTO run_before SELECT * FROM gone $$;
	-- most that ran at the same time
	CREATE FUNCTION public.overlap(q text, k text DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
		SELECT coalesce(max(n), 0) FROM (SELECT sum(d) OVER (ORDER BY t, d) AS n FROM (
			SELECT began, 1 FROM run WHERE queue = q AND (k IS NULL OR key = k)
			UNION ALL SELECT ended, -1 FROM run WHERE queue = q AND (k IS NULL OR key = k)) e(t, d)) s $$;
	-- most that began within any time of that length
	CREATE FUNCTION public.most_within(q text, span interval, k text DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
		SELECT max(n) FROM (SELECT count(*) OVER (ORDER BY began RANGE BETWEEN CURRENT ROW AND span FOLLOWING) AS n FROM run WHERE queue = q AND (k IS NULL OR key = k)) s $$;
	CREATE FUNCTION public.add(q text, n int, more jsonb DEFAULT '{}', from_i int DEFAULT 1) RETURNS bigint LANGUAGE sql AS $$
		SELECT count(estate.enqueue('public.work', jsonb_build_object('q', q, 'i', i) || more, queue => q)) FROM generate_series(from_i, from_i + n - 1) i $$;
});

sub value { return query($node, @_); }
sub add { my ($queue, $n, $more) = @_; return value("SELECT public.add('$queue', $n, '" . ($more // '{}') . "')"); }
sub waiting { my ($queue) = @_; return value("SELECT count(*) FROM estate.job WHERE queue = '$queue' AND ended_at IS NULL"); }

sub all_ended
{
	my ($queue, $name) = @_;
	eventually($node, "SELECT count(*) = 0 FROM estate.job WHERE queue = '$queue' AND ended_at IS NULL", "$queue: all have ended");
	is(value("SELECT count(*) - count(run.id), count(*) - count(DISTINCT j.id), count(*) FILTER (WHERE j.state <> 'done')
		FROM estate.job j LEFT JOIN (SELECT * FROM run UNION ALL SELECT * FROM run_before) run USING (id) WHERE j.queue = '$queue'"), '0|0|0', "$queue: each once");
	return;
}

# a queue with this limit still lets one run, and not more: nothing that was counted is left over
sub counts_are_back
{
	my ($queue) = @_;
	value("SELECT estate.alter_queue('$queue', concurrency => 1, rate => 0, rate_by_key => 0, concurrency_by_key => 1, key => 'k')");
	value('SELECT forget()');
	value("SELECT public.add('$queue', 3, jsonb_build_object('s', 0.02, 'k', k)) FROM unnest('{a,b}'::text[]) k");
	eventually($node, "SELECT count(*) = 6 FROM run WHERE queue = '$queue'", "$queue: it runs with a concurrency of 1");
	is(value("SELECT overlap('$queue')"), 1, "$queue: one at a time");
	return;
}

subtest 'concurrency of a queue' => sub {
	value("SELECT estate.create_queue('two', concurrency => 2)");
	add('two', 60, '{"s": 0.02}');
	all_ended('two');
	is(value("SELECT overlap('two')"), 2, 'is reached, and not exceeded');
	# quick ones, in batches
	add('two', 5000);
	all_ended('two');
	counts_are_back('two');
};

subtest 'concurrency by key' => sub {
	value("SELECT estate.create_queue('tenants', key => 'k', concurrency_by_key => 1)");
	value("SELECT estate.pause_queue('tenants')");
	# a handler that is slow enough to run alone, and one tenant with very many of them
	value("SELECT public.add('tenants', 20000, '{\"k\": \"big\", \"s\": 0.002}')");
	value("SELECT public.add('tenants', 10, jsonb_build_object('k', k, 's', 0.002)) FROM unnest('{a,b,c,d,e}'::text[]) k");
	my $started = time;
	value("SELECT estate.resume_queue('tenants')");
	eventually($node, "SELECT count(*) = 50 FROM run WHERE queue = 'tenants' AND key <> 'big'", 'the others have run');
	my $took = time - $started;
	my $left = 20000 - value("SELECT count(*) FROM run WHERE key = 'big'");
	note(sprintf "the others' 50 jobs were done after %.1f s, with %d of 20000 of the big one left", $took, $left);
	cmp_ok($left, '>', 10000, 'long before the big one');
	value("UPDATE estate_internal.job_open SET args = args - 's' WHERE queue = 'tenants'");
	all_ended('tenants');
	is(value("SELECT string_agg(DISTINCT overlap('tenants', k)::text, ',') FROM unnest('{a,b,c,d,e,big}'::text[]) k"), '1', 'one of each at a time');
	cmp_ok(value("SELECT overlap('tenants')"), '>', 1, 'several tenants at a time');
	# two of a key
	value("SELECT estate.alter_queue('tenants', concurrency_by_key => 2)");
	value('SELECT forget()');
	value("SELECT public.add('tenants', 30, jsonb_build_object('k', k, 's', 0.01)) FROM unnest('{a,b}'::text[]) k");
	all_ended('tenants');
	is(value("SELECT overlap('tenants', 'a'), overlap('tenants', 'b')"), '2|2', 'two of each at a time');
	counts_are_back('tenants');
};

subtest 'a key whose quick handler hangs' => sub {
	value("SELECT estate.create_queue('hung', key => 'k', concurrency_by_key => 1)");
	# every worker knows the handler as a quick one
	add('hung', 4000, '{"k": "warm"}');
	all_ended('hung');
	value("SELECT public.add('hung', 1, '{\"k\": \"stuck\", \"s\": 30}')");
	eventually($node, "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name = 'pg_estate jobs'", 'one hangs');
	my $started = time;
	value("SELECT public.add('hung', 500, '{\"k\": \"stuck\"}'), public.add('hung', 5, '{\"k\": \"free\"}')");
	eventually($node, "SELECT count(*) = 5 FROM run WHERE queue = 'hung' AND key = 'free'", 'those behind it of another key run');
	cmp_ok(time - $started, '<', 10, 'soon');
	is(value("SELECT count(*) FROM run WHERE queue = 'hung' AND key = 'stuck'"), 0, 'of its own none does');
	# its batch is rolled back, and whichever worker takes it next learns that it is slow and runs it alone: then it can be seen, and stopped
	my $alone = "SELECT count(*) = 1 FROM estate.job WHERE queue = 'hung' AND state = 'running' AND args ? 's'";
	wait_until(sub { return 1 if value($alone) eq 't';
		value("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name = 'pg_estate jobs'"); return 0; }, 'it runs alone');
	is(value("SELECT estate.cancel_job(id) FROM estate.job WHERE queue = 'hung' AND state = 'running' AND args ? 's'"), 't', 'it is cancelled');
	eventually($node, "SELECT count(*) = 500 FROM run WHERE queue = 'hung' AND key = 'stuck'", 'then the others of its key run');
};

subtest 'rate of a queue' => sub {
	value("SELECT estate.create_queue('rated', rate => 40, rate_period => '500 ms')");
	my $started = time;
	add('rated', 200);
	all_ended('rated');
	my $took = time - $started;
	# as many as the rate at once, then one for each share of the period
	cmp_ok($took, '>=', 1.9, sprintf 'not faster: %.2f s', $took);
	cmp_ok($took, '<', 6, 'nor much slower');
	cmp_ok(value("SELECT most_within('rated', '450 ms')"), '<=', 80, 'a burst, and what has become free since');
	cmp_ok(value("SELECT max(n) FROM (SELECT count(*) OVER (ORDER BY began RANGE BETWEEN CURRENT ROW AND '450 ms' FOLLOWING) AS n FROM run
		WHERE queue = 'rated' AND began > (SELECT min(began) + '600 ms' FROM run WHERE queue = 'rated')) s"), '<=', 44, 'then never more than asked for');
	counts_are_back('rated');
};

subtest 'rate by key' => sub {
	value("SELECT estate.create_queue('keyed', key => 'k', rate_by_key => 10, rate_period => '1 s')");
	value("SELECT public.add('keyed', 30, '{\"k\": \"fast\"}'), public.add('keyed', 5, '{\"k\": \"slow\"}')");
	my $started = time;
	eventually($node, "SELECT count(*) = 5 FROM run WHERE queue = 'keyed' AND key = 'slow'", 'a key within its rate does not wait');
	cmp_ok(time - $started, '<', 1.5, 'for one that is too fast');
	cmp_ok(value("SELECT count(*) FROM run WHERE queue = 'keyed' AND key = 'fast'"), '<', 30, 'which does');
	all_ended('keyed');
	cmp_ok(value("SELECT extract(epoch FROM max(began) - min(began)) FROM run WHERE queue = 'keyed' AND key = 'fast'"), '>=', 1.9, 'as its rate says');
	counts_are_back('keyed');
};

subtest 'pause, resume and alter during a run' => sub {
	value("SELECT estate.create_queue('live')");
	add('live', 400, '{"s": 0.01}');
	eventually($node, "SELECT count(*) > 10 FROM run WHERE queue = 'live'", 'they run');
	value("SELECT estate.pause_queue('live')");
	my $waiting = waiting('live');
	# what runs elsewhere meanwhile shows that the workers are awake
	add('default', 3000);
	eventually($node, "SELECT count(*) = 3000 FROM run WHERE queue = 'default'", 'others run');
	my $then = waiting('live');
	cmp_ok($waiting - $then, '<=', 4, 'of the paused queue at most those in hand');
	cmp_ok($then, '>', 0, 'the rest waits');
	value('SELECT forget()');
	value("SELECT estate.alter_queue('live', concurrency => 2)");
	value("SELECT estate.resume_queue('live')");
	eventually($node, "SELECT count(*) >= 40 FROM run WHERE queue = 'live'", 'they run again');
	is(value("SELECT overlap('live')"), 2, 'by the limit that they have now');
	value("SELECT estate.alter_queue('live', concurrency => 4)");
	eventually($node, "SELECT overlap('live') > 2", 'and by the next one');
	value("SELECT estate.alter_queue('live', concurrency => 1); SELECT count(*) FROM estate.job");
	eventually($node, "SELECT count(*) = 0 FROM estate.job WHERE queue = 'live' AND ended_at IS NULL", 'to the end');
	is(value("SELECT estate.drop_queue('live')"), 0, 'then it can be dropped');
};

subtest 'dropped while a long one runs' => sub {
	value("SELECT estate.create_queue('doomed')");
	value("SELECT estate.enqueue('public.hold', queue => 'doomed')");
	eventually($node, "SELECT count(*) = 1 FROM estate.job WHERE queue = 'doomed' AND state = 'running'", 'it runs');
	my $out;
	my $drop = background($node, "SELECT estate.drop_queue('doomed', cancel_jobs => true)", \$out);
	eventually($node, "SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%drop_queue(''doomed''%' AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'", 'the drop waits');
	value('SELECT forget()');
	add('default', 100);
	add('doomed', 2);
	eventually($node, "SELECT count(*) = 100 FROM run WHERE queue = 'default'", 'and nobody waits for it');
	value("SELECT estate.cancel_job(id) FROM estate.job WHERE queue = 'doomed' AND state = 'running'");
	$drop->finish;
	like($out, qr/^\d$/, 'until the queue is free');
	is(value("SELECT count(*) FROM estate_internal.queue WHERE name = 'doomed'"), 0, 'and it is gone');
	eventually($node, "SELECT count(*) = 0 FROM estate.job WHERE queue = 'doomed' AND ended_at IS NULL", 'what came late is cancelled, or has run');
};

subtest 'cancel and time-out' => sub {
	my ($long) = split /\n/, value("SELECT estate.enqueue('public.hold')");
	eventually($node, "SELECT state = 'running' FROM estate.job WHERE id = $long", 'it runs');
	is(value("SELECT estate.cancel_job($long)"), 't', 'a running one is told to stop');
	eventually($node, "SELECT state = 'cancelled' FROM estate.job WHERE id = $long", 'and is cancelled');
	value("SELECT estate.create_queue('hasty', timeout => '100 ms', concurrency => 1)");
	my ($late) = split /\n/, value("SELECT estate.enqueue('public.work', '{\"s\": 60}', queue => 'hasty', max_attempts => 1)");
	eventually($node, "SELECT state = 'dead' FROM estate.job WHERE id = $late", 'one that takes too long is dead');
	counts_are_back('hasty');
};

subtest 'sessions go by the same limits' => sub {
	value("SELECT estate.disable_workers()");
	eventually($node, "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'pg_estate worker'", 'no workers');
	value("SELECT estate.create_queue('shared', key => 'k', concurrency_by_key => 1)");
	value('SELECT forget()');
	value("SELECT public.add('shared', 20, jsonb_build_object('k', k, 's', 0.01)) FROM unnest('{a,b}'::text[]) k");
	my @out = ('', '', '');
	my @sessions = map { background($node, "CALL estate.run_jobs('shared')", \$out[$_]) } 0 .. 2;
	$_->finish for @sessions;
	value("CALL estate.run_jobs('shared')");
	is(waiting('shared'), 0, 'three sessions have run them');
	is(value("SELECT overlap('shared', 'a'), overlap('shared', 'b')"), '1|1', 'one of each key at a time');
	value('SELECT estate.enable_workers()');
};

subtest 'the network has limits too' => sub {
	my $folder = PostgreSQL::Test::Utils::tempdir();
	my $server = ScriptedHttp->new(docroot => PostgreSQL::Test::Utils::tempdir());
	my @listings = map { my $n = $_; { ListingKey => "L$n", ListPrice => 1, ModificationTimestamp => '2026-01-01T00:00:00Z',
		Media => [ { MediaKey => "p$n", MediaURL => $server->url("/-delay=200/$n.jpg"), Order => 1, MediaModificationTimestamp => '2026-01-01T00:00:00Z' } ] } } 0 .. 14;
	require JSON::PP;
	$server->put("$_.jpg", "photo $_") for 0 .. 14;
	$server->put('feed.json', JSON::PP::encode_json({ value => \@listings }));
	query($node, "CREATE SERVER shelf FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url 'file://$folder')");
	query($node, "SELECT estate.create_market('m')");
	value("SELECT estate.create_queue('media', concurrency => 3)");
	query($node, "SELECT estate.create_feed('f', url => '" . $server->url('/feed.json') . q{', preset => 'reso', options => '{"media_target": "shelf"}')});
	query($node, "CALL estate.run_feed('f')");
	my $stored = 'SELECT count(*) FILTER (WHERE stored_at IS NOT NULL) = 15 FROM estate.media';
	eventually($node, $stored, 'all are copied');
	my ($most) = sort { $b <=> $a } map { $_->{open} } $server->requests(qr/jpg/);
	is($most, 3, 'three at a time');

	# by rate: the worker that found no room comes back by itself
	value("SELECT estate.alter_queue('media', concurrency => 0, rate => 2, rate_period => '400 ms')");
	$server->forget_requests;
	$_->{ModificationTimestamp} = $_->{Media}[0]{MediaModificationTimestamp} = '2026-01-02T00:00:00Z' for @listings;
	$server->put('feed.json', JSON::PP::encode_json({ value => \@listings }));
	my $started = time;
	query($node, "CALL estate.run_feed('f')");
	eventually($node, "SELECT count(*) = 30 FROM estate.job WHERE handler = 'media' AND state = 'done'", 'all are copied again');
	cmp_ok(time - $started, '>=', 2, 'not faster than the rate');
	cmp_ok(time - $started, '<', 15, 'and without a pause');

	# by the key of the feed
	value("SELECT estate.alter_queue('media', rate => 0, key => 'market_id', concurrency_by_key => 2)");
	$server->forget_requests;
	$_->{ModificationTimestamp} = $_->{Media}[0]{MediaModificationTimestamp} = '2026-01-03T00:00:00Z' for @listings;
	$server->put('feed.json', JSON::PP::encode_json({ value => \@listings }));
	query($node, "CALL estate.run_feed('f')");
	eventually($node, "SELECT count(*) = 45 FROM estate.job WHERE handler = 'media' AND state = 'done'", 'and again');
	($most) = sort { $b <=> $a } map { $_->{open} } $server->requests(qr/jpg/);
	is($most, 2, 'two at a time');

	# at the start of a page of the log: nothing is there yet that could be flushed
	my ($due) = split /\n/, value("SELECT estate.enqueue('media', run_at => clock_timestamp() + '1 s', max_attempts => 1)");
	value('SELECT pg_switch_wal()');
	eventually($node, "SELECT state = 'dead' FROM estate.job WHERE id = $due", 'a job is claimed while nobody writes');
	unlike(slurp_file($node->logfile), qr/flush request .* is not satisfied/, 'and the worker lives');
};

subtest 'a restart in the middle of it' => sub {
	value('SELECT forget()');
	value("SELECT estate.create_queue('all', concurrency => 3, key => 'k', concurrency_by_key => 1, rate => 1000)");
	value("SELECT public.add('all', 100, jsonb_build_object('k', k, 's', 0.005)) FROM unnest('{a,b,c,d}'::text[]) k");
	eventually($node, "SELECT count(*) > 40 FROM run WHERE queue = 'all'", 'they run');
	$node->stop('immediate');
	$node->start;
	all_ended('all');
	is(value("SELECT string_agg(DISTINCT overlap('all', k)::text, ',') FROM unnest('{a,b,c,d}'::text[]) k"), '1', 'one of each at a time');
	counts_are_back('all');
	my $log = -s $node->logfile;
	value("SELECT public.add('all', 50, jsonb_build_object('k', k, 's', 0.005), 1000) FROM unnest('{a,b,c,d}'::text[]) k");
	eventually($node, "SELECT count(*) > 20 FROM run WHERE queue = 'all'", 'they run');
	value("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pg_estate jobs'");
	all_ended('all');
	counts_are_back('all');
};

$node->stop;
done_testing();
