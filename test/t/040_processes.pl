# The launcher and the workers: who runs, when, and that they stand in nobody's way.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = estate_node('processes', workers => 2, conf => "autovacuum = off\n");
$node->safe_psql('estate', q{
	CREATE TABLE effect (what text);
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES (args->>'what') $$;
	CREATE FUNCTION public.slow(args jsonb) RETURNS void LANGUAGE sql AS $$ SELECT pg_sleep(120) $$;
});
sub value { return query($node, @_); }
sub workers { my ($db) = @_; return $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND datname = '$db'"); }
sub pid_of_launcher { return $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_estate launcher'}); }
sub busy_worker { return value(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND wait_event = 'PgSleep'}); }

# enqueue a slow job, and wait until a worker is busy with it
sub occupy
{
	my ($more) = @_;
	my $id = value("SELECT estate.enqueue('public.slow'" . ($more // '') . ')');
	wait_for($node, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND wait_event = 'PgSleep'", 'a worker is busy');
	return $id;
}

sub release
{
	my ($id) = @_;
	value('SELECT pg_cancel_backend(' . busy_worker() . ')');
	wait_for($node, "SELECT state IN ('retryable', 'dead') FROM estate.job WHERE id = $id", 'the slow job has failed');
	value("SELECT estate.cancel_job($id)");
	return;
}

# something enqueued is done
sub works
{
	my ($db, $name) = @_;
	my $id = $node->safe_psql($db, q{SET client_min_messages = error; SELECT estate.enqueue('public.note', '{"what": "works"}')});
	ok(poll($node, $db, "SELECT state = 'done' FROM estate.job WHERE id = $id"), $name);
	return;
}

subtest 'names by which they are known' => sub {
	my $id = occupy();
	is($node->safe_psql('postgres', q{SELECT backend_type, datname IS NULL, application_name FROM pg_stat_activity WHERE backend_type = 'pg_estate launcher'}),
		'pg_estate launcher|t|pg_estate launcher', 'the launcher is in no database');
	is(value(qq{SELECT backend_type, datname, state FROM pg_stat_activity WHERE pid = } . busy_worker()), 'pg_estate worker|estate|active', 'a worker is in its own');
	like(value(q{SELECT detail FROM estate.doctor() WHERE "check" = 'workers'}), qr/^enabled, [23] running now$/, 'doctor() counts them');
	release($id);
};

subtest 'an idle database is not in use' => sub {
	for my $case (
		[ 'CREATE DATABASE fresh TEMPLATE estate', 'used as a template' ],
		[ 'ALTER DATABASE estate RENAME TO renamed', 'renamed' ],
		[ 'ALTER DATABASE renamed RENAME TO estate', 'renamed back' ],
		[ 'DROP DATABASE fresh', 'dropped' ])
	{
		# at once after work was done: the worker leaves within the five seconds that the server waits
		works('estate', 'work is done') if $case->[1] =~ /^(?:used|renamed$)/;
		my $started = time;
		my ($code, $out, $err) = $node->psql('postgres', $case->[0]);
		is($code, 0, sprintf('it can be %s, after %.1f s', $case->[1], time - $started)) or diag $err;
	}
	works('estate', 'and then it works on');
};

subtest 'databases come and go with the setting' => sub {
	$node->safe_psql('postgres', 'CREATE DATABASE second');
	$node->safe_psql('second', q{CREATE EXTENSION pg_estate; SET client_min_messages = error; SELECT * FROM estate.setup();
		CREATE TABLE effect (what text);
		CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES (args->>'what') $$;
		SELECT estate.enqueue('public.note')});
	is($node->safe_psql('second', 'SELECT count(*) FROM estate_internal.job_waiting'), 1, 'nothing runs in a database that is not named');
	$node->safe_psql('postgres', "ALTER SYSTEM SET estate.databases = 'estate, second, missing'");
	$node->reload;
	ok(poll($node, 'second', 'SELECT count(*) = 0 FROM estate_internal.job_waiting'), 'its job runs when it is');
	works('estate', 'and those of the other');

	my $log = -s $node->logfile;
	$node->append_conf('postgresql.auto.conf', "estate.databases = 'estate, \"second'\n");
	$node->reload;
	$node->wait_for_log(qr/invalid value for parameter "estate\.databases"/, $log);
	is($node->safe_psql('postgres', 'SHOW estate.databases'), 'estate, second, missing', 'a list that cannot be read changes nothing');
	works('second', 'and all go on');

	my $id = occupy();
	$node->adjust_conf('postgresql.auto.conf', 'estate.databases', "'second'");
	$node->reload;
	works('second', 'the named one works on');
	release($id);
	wait_until_idle($node);
	$node->safe_psql('estate', q{SET client_min_messages = error; SELECT estate.enqueue('public.note')});
	works('second', 'work is done here');
	is(value('SELECT count(*) FROM estate_internal.job_waiting'), 1, 'and none where it is not named any more');
	$node->adjust_conf('postgresql.auto.conf', 'estate.databases', "'estate, second'");
	$node->reload;
	wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'the job has ended');
	pass('until it is again');
};

subtest 'a worker or the launcher that is terminated comes back' => sub {
	my $id = occupy();
	my $pid = busy_worker();
	my $started = time;
	value("SELECT pg_terminate_backend($pid)");
	wait_for($node, "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid <> $pid", 'another worker is busy');
	cmp_ok(time - $started, '<', 5, sprintf('its job is taken up by another after %.1f s', time - $started));
	is(value("SELECT attempt, errors FROM estate.job WHERE id = $id"), '0|[]', 'which was no fault of the job');

	my $launcher = pid_of_launcher();
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($launcher)");
	poll($node, 'postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'pg_estate launcher' AND pid <> $launcher")
		or die "no new launcher\n";
	$pid = busy_worker();
	ok($pid, 'the workers outlive the launcher');
	works('second', 'a new launcher starts workers');
	is(busy_worker(), $pid, 'and leaves those alone that run');
	value("SELECT pg_terminate_backend($pid)");
	wait_for($node, "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid <> $pid", 'another worker is busy');
	release($id);
};

subtest 'DROP DATABASE WITH (FORCE) leaves nothing behind' => sub {
	$node->safe_psql('second', q{CREATE FUNCTION public.slow(args jsonb) RETURNS void LANGUAGE sql AS $$ SELECT pg_sleep(120) $$;
		SELECT estate.enqueue('public.slow')});
	poll($node, 'postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'}) or die "no worker is busy\n";
	my $log = -s $node->logfile;
	my ($code, $out, $err) = $node->psql('postgres', 'DROP DATABASE second WITH (FORCE)');
	is($code, 0, 'it is dropped, with a worker busy') or diag $err;
	# several rounds of the launcher: each reload is one
	for (1 .. 5)
	{
		$node->reload;
		works('estate', 'the other database works on');
	}
	my $fatal = () = log_from($node, $log) =~ /FATAL/g;
	cmp_ok($fatal, '<=', 4, "no loop of restarts: $fatal lines");
	is(workers('second'), 0, 'no worker');
	$node->safe_psql('postgres', q{ALTER SYSTEM SET estate.databases = 'estate'});
	$node->reload;
};

subtest 'without tables, without extension, in template and closed databases' => sub {
	my $log = -s $node->logfile;
	$node->safe_psql('postgres', 'CREATE DATABASE empty');
	$node->safe_psql('postgres', 'CREATE DATABASE closed');
	$node->safe_psql('postgres', 'ALTER DATABASE closed ALLOW_CONNECTIONS false');
	$node->safe_psql('postgres', q{ALTER SYSTEM SET estate.databases = 'estate, empty, closed, template0, template1'});
	$node->reload;
	works('estate', 'one works on');
	$node->reload;
	works('estate', 'and again');
	unlike(log_from($node, $log), qr/FATAL|ERROR|PANIC/, 'nothing to complain of');
	$node->safe_psql('postgres', 'DROP DATABASE empty');
	$node->safe_psql('postgres', 'DROP DATABASE closed');
	$node->safe_psql('postgres', q{ALTER SYSTEM SET estate.databases = 'estate'});
	$node->reload;
};

subtest 'tables of another version are left alone, with a word in the log' => sub {
	my $log = -s $node->logfile;
	my $id = value(q{SELECT estate.enqueue('public.note', run_at => now() + '1 hour')});
	value('UPDATE estate_internal.installation SET tables_version = 1000');
	value("UPDATE estate_internal.job_open SET run_at = now() WHERE id = $id");
	$node->reload;
	$node->wait_for_log(qr/pg_estate stays quiet in database "estate": its tables are of version 1000, the code needs \d+/, $log);
	is(value("SELECT count(*) FROM estate_internal.job_waiting WHERE id = $id"), 1, 'no job is run');
	$node->reload;
	wait_until_idle($node);
	my $said = () = log_from($node, $log) =~ /stays quiet/g;
	is($said, 1, 'it is said once');
	value('UPDATE estate_internal.installation SET tables_version = (SELECT tables_needed FROM estate_code.server_state())');
	$node->reload;
	wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'the job has ended');
	pass('until they fit');
};

subtest 'too few processes' => sub {
	$node->append_conf('postgresql.conf', "max_worker_processes = 2\nmax_parallel_workers = 0\n");
	$node->restart;
	# the launcher and, as it is, the one of logical replication: there is room for none
	my $log = -s $node->logfile;
	my $id = value(q{SELECT estate.enqueue('public.note')});
	$node->wait_for_log(qr/pg_estate could not start a worker: all max_worker_processes are in use/);
	like(slurp_file($node->logfile), qr/HINT:  Raise max_worker_processes and restart the server\./, 'the log says what to do');
	for (1 .. 3)
	{
		$node->reload;
		value(q{SELECT estate.enqueue('public.note')});
	}
	my $said = () = log_from($node, 0) =~ /could not start a worker/g;
	is($said, 1, 'once a minute, not more');
	is(value(q{SELECT ok FROM estate.doctor() WHERE "check" = 'max_worker_processes'}), 'f', 'doctor() sees it');
	$node->append_conf('postgresql.conf', "max_worker_processes = 12\n");
	$node->restart;
	wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'the jobs have ended');
	pass('with more of them, all is done');
};

subtest 'the server stops at once, with a worker busy' => sub {
	occupy();
	my $log = -s $node->logfile;
	my $started = time;
	$node->stop('fast');
	my $took = time - $started;
	cmp_ok($took, '<', 2, sprintf('fast: %.1f s', $took));
	unlike(log_from($node, $log), qr/PANIC|ERROR/, 'no error is logged');
	$node->start;
	wait_for($node, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'}, 'the job is taken up again');
	$node->stop('immediate');
};

subtest 'without preload all works in the session' => sub {
	$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\n");
	$node->start;
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type ~ 'pg_estate'}), 0, 'no process of ours');
	$node->safe_psql('postgres', 'CREATE DATABASE alone');
	my ($code, $out, $err) = $node->psql('alone', 'CREATE EXTENSION pg_estate; SELECT * FROM estate.setup()');
	like($err, qr/WARNING:  no workers will run: pg_estate is not in shared_preload_libraries.*HINT:  ALTER SYSTEM SET shared_preload_libraries = 'pg_estate'; -- then restart/s,
		'setup() warns, with the line to type');
	like($out, qr/workers\|enabled, but pg_estate is not preloaded/, 'and says so');
	($code, $out, $err) = $node->psql('alone', q{
		CREATE TABLE effect (what text);
		CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES (args->>'what') $$;
		SELECT estate.enqueue('public.note', '{"what": "by hand"}');
		SELECT estate.enqueue('public.note', '{"what": "by hand"}');
		CALL estate.run_jobs();
		SELECT state FROM estate.job;
		SELECT count(*) FROM effect;
		SELECT count(*) FROM estate.running_jobs();
		SELECT estate.create_market('m') > 0;
		SELECT "check" FROM estate.doctor() WHERE NOT ok ORDER BY 1;
	});
	is($code, 0, 'no error') or diag $err;
	is($out, join("\n", 1, 2, '2|0', 'done', 'done', 2, 0, 't', 'databases', 'launcher', 'preload'), 'jobs are kept and worked off');
	my $warned = () = $err =~ /WARNING:  the job is kept, but no workers run in this database/g;
	is($warned, 1, 'one warning for each session');
};

$node->stop('immediate');
done_testing();
