# More SQL workers come while long jobs hold up the ones there are, and leave again.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

# the log says of each process that it is started
my $node = estate_node('growth', workers => 2, conf => "autovacuum = off\nestate.max_workers = 4\nlog_min_messages = debug1\n");
query($node, q{
	CREATE TABLE effect (what text, at timestamptz DEFAULT clock_timestamp());
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES (args->>'what') $$;
	CREATE FUNCTION public.slow(args jsonb) RETURNS void LANGUAGE sql AS $$ SELECT pg_sleep((args->>'s')::float8) $$;
	CREATE TABLE hold (what text);
	CREATE FUNCTION public.sometimes(args jsonb) RETURNS void LANGUAGE plpgsql AS $$
		BEGIN WHILE args ? 'long' AND EXISTS (SELECT FROM public.hold) LOOP PERFORM pg_sleep(0.1); END LOOP; END $$;
});
my $sleeping = q{pg_stat_activity WHERE backend_type = 'pg_estate worker' AND wait_event = 'PgSleep'};

sub workers { return scalar workers_of($node, 'jobs'); }
sub workers_started { my ($log) = @_; return scalar(() = log_from($node, $log) =~ /starting background worker process "pg_estate worker [2-9]/g); }

# so many handlers are under way at once
sub until_busy
{
	my ($number) = @_;
	return wait_for($node, "SELECT count(*) = $number FROM $sleeping", "$number workers are busy");
}

# also those that a worker takes up meanwhile
sub cancel_all
{
	wait_for($node, q{WITH c AS MATERIALIZED (SELECT estate.cancel_job(id) FROM estate.job WHERE state IN ('running', 'available'))
		SELECT count(*) = 0 FROM c}, 'all are cancelled');
	return;
}

# jobs enqueued now are done; how long that takes
sub quick_jobs
{
	my ($number, $name) = @_;
	my $started = time;
	query($node, "TRUNCATE effect; SELECT count(estate.enqueue('public.note')) FROM generate_series(1, $number)");
	wait_for($node, "SELECT count(*) = $number FROM effect", 'the quick jobs are done');
	my $took = time - $started;
	return cmp_ok($took, '<', 10, sprintf('%s: after %.1f s', $name, $took));
}

subtest 'a long job does not hold the others' => sub {
	query($node, q{SELECT estate.enqueue('public.slow', '{"s": 600}')});
	until_busy(1);
	quick_jobs(100, 'a hundred jobs beside it');
	is(workers(), 2, 'by one more worker');
	query($node, q{SELECT estate.enqueue('public.note', run_at => now() + '1 s')});
	wait_for($node, 'SELECT count(*) = 101 FROM effect', 'it is done');
	pass('one whose time comes, too');
	until_busy(1);
	cancel_all();
	wait_for($node, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'pg_estate jobs'}, 'the other has left');
	pass('then it leaves');
};

subtest 'nor those that were enqueued with it' => sub {
	query($node, q{TRUNCATE effect; SELECT estate.enqueue('public.slow', '{"s": 600}'), estate.enqueue('public.note'), estate.enqueue('public.note')});
	wait_for($node, 'SELECT count(*) = 2 FROM effect', 'they are done');
	until_busy(1);
	pass('they are done beside it');
	cancel_all();
};

subtest 'a handler that was quick' => sub {
	my $waiting = 'SELECT count(*) = 0 FROM estate_internal.job_waiting';
	query($node, q{INSERT INTO hold VALUES ('it')});
	# known to be: its jobs are run in batches
	query($node, q{SELECT count(estate.enqueue('public.sometimes')) FROM generate_series(1, 2000)});
	wait_for($node, $waiting, 'they are done');
	query($node, q{SELECT estate.enqueue('public.sometimes', '{"long": 1}')});
	until_busy(1);
	quick_jobs(100, 'when it takes long for once');
	query($node, 'DELETE FROM hold');
	wait_for($node, $waiting, 'it is done');

	# and the jobs that its worker has taken with it, from several pages
	query($node, q{SELECT count(estate.enqueue('public.sometimes')) FROM generate_series(1, 2000)});
	wait_for($node, $waiting, 'it is known to be quick again');
	query($node, q{INSERT INTO hold VALUES ('it');
		SELECT count(estate.enqueue('public.sometimes', CASE i WHEN 40 THEN '{"long": 1}' ELSE '{}' END::jsonb)) FROM generate_series(1, 1000) i});
	wait_for($node, 'SELECT count(*) <= 40 FROM estate_internal.job_waiting', 'all behind it are done');
	until_busy(1);
	query($node, 'DELETE FROM hold');
	wait_for($node, $waiting, 'it is done');
	is(query($node, q{SELECT count(*), count(DISTINCT id) FROM estate.job WHERE handler LIKE 'public.sometimes%' AND state = 'done'}),
		'5001|5001', 'those that were enqueued with it were run by another worker, each once');
};

subtest 'up to estate.max_workers' => sub {
	query($node, q{SELECT count(estate.enqueue('public.slow', '{"s": 600}')) FROM generate_series(1, 6)});
	until_busy(3);
	is(workers(), 3, 'with the one of the network, four');
	# the launcher has looked again
	my $log = -s $node->logfile;
	$node->reload;
	$node->wait_for_log(qr/received SIGHUP/, $log);
	query($node, q{SELECT estate.enqueue('public.note')});
	is(query($node, "SELECT count(*) FROM $sleeping"), 3, 'and no more');
	$node->safe_psql('postgres', 'ALTER SYSTEM SET estate.max_workers = 6');
	$node->reload;
	until_busy(5);
	pass('more as soon as it says so');
	$node->safe_psql('postgres', 'ALTER SYSTEM RESET estate.max_workers');
	$node->reload;
	cancel_all();
	wait_for($node, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'pg_estate jobs'}, 'the others have left');
	pass('then they leave');
};

subtest 'quick jobs call nobody' => sub {
	wait_until_idle($node);
	my $log = -s $node->logfile;
	query($node, q{SELECT count(estate.enqueue('public.note')) FROM generate_series(1, 20000)});
	wait_for($node, q{SELECT count(*) = 0 FROM estate_internal.job_waiting}, 'they are done');
	is(workers_started($log), 0, 'no worker was started for twenty thousand of them');
};

subtest 'no process is to be had' => sub {
	# the launchers, the two workers, and no more
	$node->append_conf('postgresql.conf', "max_worker_processes = 4\nmax_parallel_workers = 0\n");
	# said once a minute, and perhaps of the tidier first
	my $log = -s $node->logfile;
	$node->restart;
	query($node, q{SELECT estate.enqueue('public.slow', '{"s": 3}'); TRUNCATE effect; SELECT estate.enqueue('public.note')});
	$node->wait_for_log(qr/could not start a worker: all max_worker_processes are in use/, $log);
	wait_for($node, 'SELECT count(*) = 1 FROM effect', 'it is done');
	pass('the job waits for the long one to end');
	wait_until_idle($node);
	is(workers(), 1, 'and the worker stays, as before');
};

subtest 'too few processes for all databases' => sub {
	$node->safe_psql('postgres', 'CREATE DATABASE second TEMPLATE estate');
	$node->safe_psql('second', 'SELECT estate.enable_workers()');
	$node->safe_psql('postgres', q{ALTER SYSTEM SET estate.databases = 'estate, second'});
	$node->reload;
	for my $round (1 .. 2)
	{
		for my $db ('estate', 'second')
		{
			my $id = $node->safe_psql($db, q{SET client_min_messages = error; SELECT estate.enqueue('public.note')});
			ok($node->poll_query_until($db, "SELECT state = 'done' FROM estate.job WHERE id = $id"), "$db has its turn");
		}
	}
	is(query($node, q{SELECT needed, refused_at IS NOT NULL FROM estate_code.worker_processes()}), '7|t', 'what would be needed, and that it was not to be had');
};

$node->stop('fast');
done_testing();
