# Workers stay connected to their databases, and make way for statements that need a database without sessions.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = estate_node('make_way', workers => 2, conf => "autovacuum = off\nestate.databases = 'estate, copy'\n");
my $elsewhere = PostgreSQL::Test::Utils::tempdir_short();
mkdir "$elsewhere/space" or die;
$node->safe_psql('postgres', "CREATE TABLESPACE elsewhere LOCATION '$elsewhere/space'");
$node->safe_psql('postgres', 'CREATE ROLE stranger LOGIN CREATEDB; CREATE ROLE owner LOGIN CREATEDB');
query($node, q{
	CREATE TABLE effect (what text);
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES (args->>'what') $$;
	CREATE FUNCTION public.say(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES (current_setting('my.word', true)) $$;
	CREATE FUNCTION public.slow(args jsonb) RETURNS void LANGUAGE sql AS $$ SELECT pg_sleep(120) $$;
});

# of whatever database, also while nobody may connect to it
sub pids
{
	my ($db) = @_;
	return $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND datname = '$db' ORDER BY 1");
}

sub until_workers
{
	my ($db, $number) = @_;
	return $node->poll_query_until('postgres',
		"SELECT count(*) = $number FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND datname = '$db'");
}

sub works
{
	my ($name) = @_;
	my $id = query($node, q{SELECT estate.enqueue('public.note')});
	return eventually($node, "SELECT state = 'done' FROM estate.job WHERE id = $id", $name);
}

# as a role that may be another one: exit code, what it said, how long it took
sub statement
{
	my ($sql, $user) = @_;
	my $started = time;
	my ($code, $out, $err) = $node->psql('postgres', $sql, extra_params => $user ? [ '-U', $user ] : []);
	return ($code, $err, time - $started);
}

# a session in a database that keeps others from having it
sub visitor
{
	my ($db) = @_;
	my $session = $node->background_psql($db, on_error_stop => 0);
	$session->query_safe('SELECT 1');
	return $session;
}

# a statement that has to wait, in a session of its own
sub begin_statement
{
	my ($sql) = @_;
	local $ENV{PGHOST} = $node->host;
	my ($in, $out) = ('', '');
	return IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', $sql ], '<', \$in, '>', \$out, '2>&1');
}

subtest 'workers stay' => sub {
	ok(until_workers('estate', 2), 'an idle database has its two');
	works('a job is run');
	wait_until_idle($node);
	my $before = pids('estate');
	works('another, much later');
	is(pids('estate'), $before, 'by the same processes');
};

subtest 'statements that need the database to themselves' => sub {
	for my $case (
		[ 'CREATE DATABASE copy TEMPLATE estate', 'estate' ],
		[ 'DROP DATABASE copy', 'copy' ],
		[ 'CREATE DATABASE copy TEMPLATE estate STRATEGY file_copy', 'estate' ],
		[ 'DROP DATABASE copy WITH (FORCE)', 'copy' ],
		[ 'ALTER DATABASE estate SET TABLESPACE elsewhere', 'estate' ],
		[ 'ALTER DATABASE estate SET TABLESPACE pg_default', 'estate' ],
		[ 'ALTER DATABASE estate RENAME TO copy', 'estate' ],
		[ 'ALTER DATABASE copy RENAME TO estate', 'copy' ],
		[ q{DO $$ BEGIN EXECUTE 'ALTER DATABASE estate RENAME TO copy'; END $$}, 'estate' ],
		[ 'BEGIN; ALTER DATABASE copy RENAME TO other; ALTER DATABASE other RENAME TO estate; COMMIT', 'copy' ])
	{
		my ($sql, $db) = @$case;
		# a copy stays quiet until it is told not to be
		$node->safe_psql('copy', 'SELECT estate.enable_workers()') if $db eq 'copy';
		ok(until_workers($db, 2), 'two workers are connected');
		my ($code, $err, $took) = statement($sql);
		is($code, 0, $sql) or diag $err;
		cmp_ok($took, '<', 1, sprintf('after %.2f s', $took));
	}
	$node->safe_psql('estate', 'SELECT estate.enable_workers()');
	ok(until_workers('estate', 2), 'the workers are there again');
	works('and work');
};

subtest 'a statement that fails' => sub {
	my $visitor = visitor('estate');
	my $before = pids('estate');
	my ($code, $err, $took) = statement('ALTER DATABASE estate RENAME TO copy');
	isnt($code, 0, sprintf('it does, after %.1f s', $took));
	like($err, qr/database "estate" is being accessed by other users\nDETAIL:  There is 1 other session using the database\./, 'for the visitor alone');
	ok(until_workers('estate', 2), 'the workers are there again');
	isnt(pids('estate'), $before, 'others: they had left');
	works('and work');

	my $log = -s $node->logfile;
	my $session = begin_statement('DROP DATABASE estate');
	ok(until_workers('estate', 0), 'while a session waits in DROP DATABASE they are away');
	$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'DROP DATABASE estate'});
	ok(until_workers('estate', 2), 'when it is terminated they come back');
	$session->finish;
	$visitor->quit;
	works('and work');
	unlike(log_from($node, $log), qr/terminating background worker/, 'nobody had to end them');

	$node->safe_psql('postgres', 'BEGIN; ALTER DATABASE estate RENAME TO copy; ROLLBACK');
	ok(until_workers('estate', 2), 'so they do when it is rolled back');
	works('and work');
};

subtest 'the session is killed' => sub {
	my $visitor = visitor('estate');
	my $session = begin_statement('DROP DATABASE estate');
	ok(until_workers('estate', 0), 'the workers are away');
	my $pid = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE query = 'DROP DATABASE estate'});
	kill 'KILL', $pid;
	$session->finish;
	eval { $visitor->quit };
	$node->poll_query_until('postgres', 'SELECT true') or die "the server is not back\n";
	ok(until_workers('estate', 2), 'after the server has started anew they are back');
	works('and work');
};

subtest 'who may not, does not stop them' => sub {
	wait_until_idle($node);
	my $before = pids('estate');
	for my $sql (
		'DROP DATABASE estate', 'ALTER DATABASE estate RENAME TO copy',
		'ALTER DATABASE estate SET TABLESPACE elsewhere', 'CREATE DATABASE copy TEMPLATE estate', 'DROP DATABASE missing')
	{
		my ($code, $err) = statement($sql, 'stranger');
		like($err, qr/ERROR:  (?:must be owner|permission denied|database "missing" does not exist)/, "$sql: a stranger is refused");
	}
	is(pids('estate'), $before, 'the workers are the same');
	$node->safe_psql('postgres', 'ALTER DATABASE estate OWNER TO owner');
	my ($code, $err, $took) = statement('ALTER DATABASE estate RENAME TO copy', 'owner');
	is($code, 0, sprintf('its owner may, after %.2f s', $took)) or diag $err;
	$node->safe_psql('postgres', 'ALTER DATABASE copy RENAME TO estate');
	$node->safe_psql('postgres', 'ALTER DATABASE estate OWNER TO CURRENT_USER');
	ok(until_workers('estate', 2), 'then they come back');
};

subtest 'workers in the middle of a job' => sub {
	my $id = query($node, q{SELECT estate.enqueue('public.slow')});
	my $busy = q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'};
	wait_for($node, $busy, 'it runs');
	my $pid = query($node, q{SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
	my $visitor = visitor('estate');
	my ($code, $err) = statement('ALTER DATABASE estate RENAME TO copy');
	like($err, qr/is being accessed by other users\nDETAIL:  There are 2 other sessions using the database\.\n/s, 'where others are connected too, it fails');
	like($err, qr/HINT:  Process $pid is a worker in the middle of a job\. It makes way when nobody else is connected\./, 'and says who they are');
	is(query($node, q{SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'}), $pid, 'the job is left alone');
	$visitor->quit;
	($code, $err, my $took) = statement('ALTER DATABASE estate RENAME TO copy');
	is($code, 0, sprintf('else the job has to make way, after %.1f s', $took)) or diag $err;
	$node->safe_psql('postgres', 'ALTER DATABASE copy RENAME TO estate');
	wait_for($node, $busy, 'the job runs again');
	is(query($node, "SELECT attempt FROM estate.job WHERE id = $id"), 0, 'which was no fault of it');
	query($node, "SELECT estate.cancel_job($id)");
	wait_until_idle($node);
};

subtest 'a name that is not served' => sub {
	my ($code, $err) = statement('ALTER DATABASE estate RENAME TO unnamed');
	like($err, qr/WARNING:  no workers will run in database "unnamed"\nDETAIL:  estate.databases names it "estate"\.\nHINT:  Put the new name into estate\.databases/,
		'whoever renames a database is told');
	$node->wait_for_log(qr/WARNING:  no workers run in database "estate" of estate\.databases: it does not exist/);
	pass('and so is the log');
	($code, $err) = statement('ALTER DATABASE unnamed RENAME TO estate');
	unlike($err, qr/WARNING/, 'back to the name that is served: nothing to tell');
	ok(until_workers('estate', 2), 'and the workers are back');
};

subtest 'closed databases and templates' => sub {
	for my $option ('ALLOW_CONNECTIONS false', 'IS_TEMPLATE true')
	{
		my $started = time;
		$node->safe_psql('postgres', "ALTER DATABASE estate $option");
		ok(until_workers('estate', 0), "$option: the workers leave");
		cmp_ok(time - $started, '<', 5, sprintf('after %.1f s, without being called', time - $started));
		$node->safe_psql('postgres', "ALTER DATABASE estate ALLOW_CONNECTIONS true; ALTER DATABASE estate IS_TEMPLATE false");
		ok(until_workers('estate', 2), 'and are back when it is not so any more');
	}
};

subtest 'settings of the database' => sub {
	my $word = sub {
		my $id = query($node, q{TRUNCATE effect; SELECT estate.enqueue('public.say')});
		wait_for($node, "SELECT state = 'done' FROM estate.job WHERE id = $id", 'it is done');
		return query($node, 'SELECT what FROM effect');
	};
	wait_until_idle($node);
	my $before = pids('estate');
	$node->safe_psql('postgres', q{ALTER DATABASE estate SET my.word = 'first'});
	$node->poll_query_until('postgres', "SELECT count(*) = 2 FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND pid <> ALL ('{" .
		join(',', split /\n/, $before) . "}')") or die "the workers are the same\n";
	is($word->(), 'first', 'handlers have a setting of the database after it was changed');
	$before = pids('estate');
	$node->safe_psql('postgres', q{BEGIN; ALTER DATABASE estate SET my.word = 'never'; ROLLBACK});
	$node->safe_psql('postgres', q{ALTER ROLE stranger SET my.word = 'never'});
	is($word->(), 'first', 'one that is rolled back, or of another role, is none');
	is(pids('estate'), $before, 'and the workers are the same');
	$node->safe_psql('postgres', q{ALTER DATABASE estate RESET my.word; ALTER ROLE ALL SET my.word = 'all'});
	$node->poll_query_until('postgres', "SELECT count(*) = 2 FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND pid <> ALL ('{" .
		join(',', split /\n/, $before) . "}')") or die "the workers are the same\n";
	is($word->(), 'all', 'one of all roles is');
	$node->safe_psql('postgres', 'ALTER ROLE ALL RESET my.word');
};

subtest 'more databases than there is room for' => sub {
	$node->safe_psql('postgres', join ';', 'SELECT', map { "CREATE DATABASE d$_" } 1 .. 32);
	is(query($node, q{SELECT name, unserved FROM estate_code.served_databases()}), "estate|\ncopy|does not exist", 'before');
	my $log = -s $node->logfile;
	$node->safe_psql('postgres', q{ALTER SYSTEM SET estate.databases = '} . join(', ', 'estate', 'missing', map { "d$_" } 1 .. 32) . q{'});
	$node->reload;
	$node->wait_for_log(qr/no workers run in database "d32" of estate\.databases: it is one too many.*\n.*DETAIL:  At most 32 databases can have workers\./, $log);
	is(query($node, q{SELECT name, unserved FROM estate_code.served_databases() WHERE unserved IS NOT NULL ORDER BY 1}),
		"d32|is one too many\nmissing|does not exist", 'the log and the function name those that have none');
	works('the others are served');
	for (1 .. 3)
	{
		$node->reload;
		works('also later');
	}
	my $said = () = log_from($node, $log) =~ /one too many/g;
	is($said, 1, 'the log says it once');
	is(query($node, 'SELECT needed, most FROM estate_code.worker_processes()'), (3 + 32 * 2) . '|' . (3 + 32 * 6), 'so many processes would be needed');
};

$node->stop('fast');
done_testing();
