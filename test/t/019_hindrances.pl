# What stands in the way of the workers: tables that somebody has locked, no connection left, an extension that is
# dropped. They wait, or leave; nothing is lost, nothing crashes, and nobody has to wait for them.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = estate_node('hindrances', workers => 2, conf => "max_connections = 12\n");
my $other = q{CREATE EXTENSION pg_estate; SET client_min_messages = error; SELECT count(*) FROM estate.setup();};
my $handlers = q{
	CREATE TABLE effect (what text);
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
		INSERT INTO public.effect VALUES (args->>'what');
		PERFORM pg_sleep((args->>'sleep')::float8) WHERE args ? 'sleep';
	END $$;};
query($node, $handlers);
my $of_launcher = q{SELECT pid, backend_start FROM pg_stat_activity WHERE backend_type = 'pg_estate launcher'};
my $launcher = query($node, $of_launcher);

sub enqueue
{
	my ($what, $n, $more) = @_;
	return "SELECT count(estate.enqueue('public.note', jsonb_build_object('what', '$what') || '" . ($more // '{}') . "')) FROM generate_series(1, $n);";
}

sub each_once
{
	my ($what, $n, $name) = @_;
	wait_for($node, "SELECT count(*) >= $n FROM effect WHERE what = '$what'", "$name: $what");
	wait_for($node, q{SELECT count(*) = 0 FROM estate.job WHERE state IN ('available', 'running', 'retryable')}, "$name: all have ended");
	is(query($node, "SELECT count(*) FROM effect WHERE what = '$what'"), $n, "$name: each once");
	return is(query($node, "SELECT count(*) FROM estate.job WHERE args->>'what' = '$what' AND errors <> '[]'"), 0, "$name: without an error");
}

# the names of all tables of the queue, whatever they are
sub tables_of_jobs
{
	return join ', ', split /\n/, query($node, q{SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relnamespace = 'estate_internal'::regnamespace AND relname ~ '^job' ORDER BY 1});
}

subtest 'a table that handlers write is locked' => sub {
	my $session = $node->background_psql('estate');
	$session->query_safe('BEGIN; LOCK TABLE effect IN ACCESS EXCLUSIVE MODE');
	query($node, enqueue('behind a lock', 200));
	wait_for($node, q{SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND wait_event_type = 'Lock'}, 'a worker waits');
	is(query($node, q{SELECT count(*) FROM estate.job WHERE state IN ('available', 'running') AND args->>'what' = 'behind a lock'}), 200, 'all jobs wait');
	$session->query_safe('COMMIT');
	$session->quit;
	each_once('behind a lock', 200, 'after it');
};

subtest 'the tables of the queue are locked' => sub {
	my $log = -s $node->logfile;
	query($node, enqueue('queue locked', 200, '{"sleep": 0.01}'));
	wait_for($node, q{SELECT count(*) > 5 FROM effect WHERE what = 'queue locked'}, 'they are being run');
	my $session = $node->background_psql('estate');
	$session->query_safe('BEGIN; LOCK TABLE ' . tables_of_jobs() . ' IN ACCESS EXCLUSIVE MODE');
	my $done = $session->query_safe(q{SELECT count(*) FROM effect WHERE what = 'queue locked'});
	cmp_ok($done, '<', 200, "$done of them");

	# other databases do not wait with them
	$node->safe_psql('postgres', 'CREATE DATABASE other');
	$node->safe_psql('other', "$other $handlers");
	$node->safe_psql('postgres', q{ALTER SYSTEM SET estate.databases = 'estate, other'});
	$node->reload;
	$node->safe_psql('other', 'SET client_min_messages = error; ' . enqueue('elsewhere', 100));
	ok(poll($node, 'other', 'SELECT count(*) = 100 FROM effect'), 'the jobs of another database are run meanwhile');
	is(query($node, "SELECT count(*) FROM effect WHERE what = 'queue locked'"), $done, 'those of the locked one are not');
	unlike(log_from($node, $log), qr/ERROR|FATAL|PANIC/, 'nothing is said about it');

	$session->quit;
	each_once('queue locked', 200, 'after it');

	# nor does the server wait, when it is to stop
	query($node, enqueue('queue locked again', 200, '{"sleep": 0.01}'));
	$session = $node->background_psql('estate', on_error_stop => 0);
	$session->query_safe('BEGIN; LOCK TABLE ' . tables_of_jobs() . ' IN ACCESS EXCLUSIVE MODE');
	wait_for($node, q{SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND wait_event_type = 'Lock'}, 'a worker waits');
	my $started = time;
	$node->stop('fast');
	cmp_ok(time - $started, '<', 5, 'the server stops at once');
	$session->quit;
	$node->start;
	$launcher = query($node, $of_launcher);
	each_once('queue locked again', 200, 'and after the start');
};

# whoever enqueues with the key of a job that has started, and does not commit, holds up nobody when it fails
subtest 'a key that somebody is about to take' => sub {
	query($node, q{CREATE FUNCTION public.fail_behind_gate(jsonb) RETURNS void LANGUAGE plpgsql AS
		$$ BEGIN PERFORM pg_advisory_xact_lock_shared(71); RAISE 'not yet'; END $$});
	my $enqueue = q{SELECT estate.enqueue('public.fail_behind_gate', unique_key => 'of two', unique_until => 'start', backoff => ARRAY['1 hour']::interval[])};
	my $gate = $node->background_psql('estate');
	$gate->query_safe('SELECT pg_advisory_lock(71)');
	my $id = query($node, $enqueue);
	wait_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 71 AND NOT granted}, 'the job runs');
	my $other = $node->background_psql('estate');
	$other->query_safe("BEGIN; SET LOCAL client_min_messages = error; $enqueue");
	$gate->quit;
	eventually($node, "SELECT state = 'retryable' FROM estate.job WHERE id = $id", 'the worker does not wait for him');
	$other->query_safe('ROLLBACK');
	$other->quit;
	is(query($node, "SELECT estate.cancel_job($id)"), 't', 'it need not be tried again');
};

subtest 'no connection is left' => sub {
	wait_until_idle($node);
	# the last ones are for superusers: they are taken as well
	my @sessions;
	my $first = $node->background_psql('estate');
	for (1 .. 20)
	{
		my $session = eval { $node->background_psql('estate') } or last;
		push @sessions, $session;
	}
	my ($code, $out, $err) = $node->psql('estate', 'SELECT 1');
	like($err, qr/too many clients|remaining connection slots/, scalar(@sessions) . ' sessions, and no other');
	$first->query_safe(enqueue('without a connection', 100));
	my $until = time + $PostgreSQL::Test::Utils::timeout_default;
	my $done = 0;
	$done = $first->query_safe(q{SELECT count(*) FROM effect WHERE what = 'without a connection'}) while $done < 100 && time < $until;
	is($done, 100, 'workers need none');
	$_->quit foreach $first, @sessions;
	each_once('without a connection', 100, 'and then');
};

subtest 'the extension is dropped, and made again, while they work' => sub {
	my $log = -s $node->logfile;
	query($node, enqueue('the extension goes', 400, '{"sleep": 0.005}'));
	wait_for($node, q{SELECT count(*) > 5 FROM effect WHERE what = 'the extension goes'}, 'they are being run');
	my $started = time;
	query($node, 'SET client_min_messages = error; DROP EXTENSION pg_estate CASCADE');
	cmp_ok(time - $started, '<', 10, sprintf 'it is dropped without delay: %.1f s', time - $started);
	my $done = query($node, q{SELECT count(*) FROM effect WHERE what = 'the extension goes'});
	cmp_ok($done, '<', 400, "after $done of 400 jobs");
	wait_until_idle($node);
	$node->reload for 1 .. 3;
	wait_until_idle($node);
	my $said = () = log_from($node, $log) =~ /(?:ERROR|FATAL|WARNING)/g;
	cmp_ok($said, '<', 10, "no flood in the log: $said lines");
	query($node, 'SET client_min_messages = error; CREATE EXTENSION pg_estate; SELECT count(*) FROM estate.setup()');
	$node->reload;
	each_once('the extension goes', 400, 'made again');
};

is(query($node, $of_launcher), $launcher, 'the server has not been restarted');
unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal/, 'and no process was lost');
$node->stop;
done_testing();
