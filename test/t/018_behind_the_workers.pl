# Jobs that appear behind the place that the workers have read to, or come back there, are run by themselves.
#
# To move the workers on, other jobs are enqueued and run: those of overtake().
# What then comes behind must be run without any further help.  The numbers are
# small, where nothing else is said: tables that have grown are looked through
# again when they are emptied, and that would help.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = estate_node('behind', workers => 3, conf => "max_prepared_transactions = 100\n");
my $passes = 0;

$node->safe_psql('estate', q{
	CREATE TABLE effect (what text);
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES (args->>'what') $$;
});

# a statement that enqueues so many, on several pages
sub enqueue
{
	my ($what, $n) = @_;
	return "SELECT count(estate.enqueue('public.note', jsonb_build_object('what', '$what', 'pad', repeat('x', 500)))) FROM generate_series(1, $n);";
}

# so many effects there are of this, once all has come to rest; at once, not by the regular look of each minute
sub effects
{
	my ($what, $n, $name) = @_;
	cmp_ok(wait_for($node, "SELECT count(*) >= $n FROM effect WHERE what = '$what'", "$name: $what"), '<', 20, "$name: at once");
	wait_for($node, q{SELECT count(*) = 0 FROM estate.job WHERE state IN ('available', 'running') AND args->>'what' = '} . $what . "'", "$name: all have ended");
	return is(query($node, "SELECT count(*) FROM effect WHERE what = '$what'"), $n, "$name: each once");
}

# moves the workers on, past all that is there
sub overtake
{
	my ($n) = @_;
	my $what = 'overtaking ' . ++$passes;
	query($node, enqueue($what, $n // 100));
	wait_for($node, "SELECT count(*) = " . ($n // 100) . " FROM effect WHERE what = '$what'", $what);
	return;
}

# a session in whose transaction something has been done
sub session_with
{
	my ($sql) = @_;
	my $session = $node->background_psql('estate');
	$session->query_safe("BEGIN; $sql");
	return $session;
}

sub end
{
	my ($session, $how) = @_;
	$session->query_safe($how);
	$session->quit;
	return;
}

subtest 'a late commit' => sub {
	my $session = session_with(enqueue('late', 60));
	overtake();
	is(query($node, "SELECT count(*) FROM effect WHERE what = 'late'"), 0, 'not before its commit');
	end($session, 'COMMIT');
	effects('late', 60, 'after it');
};

subtest 'COMMIT PREPARED' => sub {
	for my $when ('while they work', 'when they rest')
	{
		query($node, 'BEGIN; ' . enqueue("prepared, committed $when", 60) . "PREPARE TRANSACTION 'p'");
		overtake();
		is(query($node, "SELECT count(*) FROM effect WHERE what LIKE 'prepared, committed $when'"), 0, 'not before it');
		wait_until_idle($node) if $when eq 'when they rest';
		query($node, "COMMIT PREPARED 'p'");
		# it tells nobody: they look
		effects("prepared, committed $when", 60, $when);
	}
	query($node, 'BEGIN; ' . enqueue("prepared for nothing", 60) . "PREPARE TRANSACTION 'p'");
	overtake();
	query($node, "ROLLBACK PREPARED 'p'");
	overtake();
	effects('prepared for nothing', 0, 'ROLLBACK PREPARED');
	is(query($node, "SELECT count(*) FROM estate.job WHERE args->>'what' = 'prepared for nothing'"), 0, 'and no job');
};

subtest 'an aborted subtransaction' => sub {
	my $session = session_with('SAVEPOINT s; ' . enqueue('aborted', 60) . ' ROLLBACK TO s; ' . enqueue('not aborted', 60) . ' SAVEPOINT t; ' . enqueue('aborted', 60));
	overtake();
	end($session, 'ROLLBACK TO t; ' . enqueue('not aborted', 10) . ' COMMIT');
	effects('not aborted', 70, 'what was before and after it');
	effects('aborted', 0, 'and nothing of it');
};

subtest 'a cancellation that is rolled back' => sub {
	my $cancel = q{SELECT count(*) FILTER (WHERE estate.cancel_job(id)) FROM estate.job WHERE args->>'what' = 'spared' AND ended_at IS NULL};
	query($node, 'SELECT estate.disable_workers()');
	query($node, enqueue('spared', 100));
	my $session = $node->background_psql('estate');
	is($session->query_safe("BEGIN; $cancel"), 100, 'all are being cancelled');
	query($node, 'SELECT estate.enable_workers()');
	overtake();
	is(query($node, "SELECT count(*) FROM effect WHERE what = 'spared'"), 0, 'none is run meanwhile');
	end($session, 'ROLLBACK');
	effects('spared', 100, 'rolled back');

	query($node, 'SELECT estate.disable_workers()');
	query($node, enqueue('spared', 100));
	$session = $node->background_psql('estate');
	is($session->query_safe("BEGIN; SAVEPOINT s; $cancel"), 100, 'all are being cancelled in a subtransaction');
	query($node, 'SELECT estate.enable_workers()');
	overtake();
	end($session, 'ROLLBACK TO s; COMMIT');
	effects('spared', 200, 'rolled back to a savepoint');
};

subtest 'what a session had in hand' => sub {
	query($node, 'SELECT estate.disable_workers()');
	query($node, enqueue('in hand', 100));
	my $session = $node->background_psql('estate');
	$session->query_safe('SET client_min_messages = error');
	is($session->query_safe('BEGIN; CALL estate.run_jobs()'), '100|0', 'a session runs them');
	query($node, 'SELECT estate.enable_workers()');
	overtake();
	is(query($node, "SELECT count(*) FROM effect WHERE what = 'in hand'"), 0, 'the workers do not');
	end($session, 'ROLLBACK');
	effects('in hand', 100, 'until it rolls back');

	# by a session that is ended, without an end of its transaction
	query($node, 'SELECT estate.disable_workers()');
	query($node, enqueue('in hand', 100));
	$session = $node->background_psql('estate', on_error_stop => 0);
	$session->query_safe('SET client_min_messages = error');
	my $pid = $session->query_safe('SELECT pg_backend_pid()');
	is($session->query_safe('BEGIN; CALL estate.run_jobs()'), '100|0', 'a session runs them');
	query($node, 'SELECT estate.enable_workers()');
	overtake();
	query($node, "SELECT pg_terminate_backend($pid)");
	effects('in hand', 200, 'or is terminated');
	$session->quit;
};

subtest 'many late commits, on pages of their own, at once' => sub {
	my @sessions;
	for (1 .. 70)
	{
		push @sessions, session_with(enqueue('one of many', 20));
		query($node, enqueue('between', 20));
	}
	overtake();
	$_->query_safe('COMMIT') foreach @sessions;
	effects('one of many', 70 * 20, 'late');
	effects('between', 70 * 20, 'in time');
	$_->quit foreach @sessions;
};

subtest 'many prepared transactions' => sub {
	query($node, 'BEGIN; ' . enqueue('one of many prepared', 20) . "PREPARE TRANSACTION 'p$_'") for 1 .. 90;
	overtake();
	query($node, join '', map { "COMMIT PREPARED 'p$_';\n" } 1 .. 90);
	overtake(1);
	effects('one of many prepared', 90 * 20, 'committed');
};

subtest 'pages that a vacuum has made room on' => sub {
	# who looks keeps emptied tables from being cut off
	my $reader = session_with('SELECT count(*) FROM estate.job;');
	overtake(2000);
	query($node, 'VACUUM');
	query($node, enqueue('refill, with a reader', 500));
	effects('refill, with a reader', 500, 'after a vacuum');
	my $late = session_with(enqueue('refill, late', 500));
	overtake(100);
	query($node, 'VACUUM');
	end($late, 'COMMIT');
	effects('refill, late', 500, 'of one that commits after it');
	end($reader, 'COMMIT');
	query($node, 'VACUUM');
	query($node, enqueue('refill, cut off', 500));
	effects('refill, cut off', 500, 'of what it has cut off');
};

subtest 'a crash' => sub {
	# what is prepared outlives it; what is in a transaction does not, and its rows are on the pages all the same
	query($node, 'BEGIN; ' . enqueue('prepared before', 100) . "PREPARE TRANSACTION 'p'");
	my $session = $node->background_psql('estate', on_error_stop => 0, on_error_die => 0);
	$session->query('BEGIN; ' . enqueue('in its transaction', 200));
	my $victim = $session->query('SELECT pg_backend_pid()');
	overtake();
	my $log = -s $node->logfile;
	kill 'KILL', $victim or die "could not kill $victim: $!\n";
	$node->wait_for_log(qr/\(PID $victim\) was terminated by signal 9/, $log);
	wait_for($node, 'SELECT true', 'the server is there again');
	$session->quit;
	overtake();
	query($node, 'VACUUM');
	overtake();
	query($node, "COMMIT PREPARED 'p'");
	overtake(1);
	effects('prepared before', 100, 'prepared before the crash');
	effects('in its transaction', 0, 'killed in its transaction');
	is(query($node, "SELECT count(*) FROM estate.job WHERE args->>'what' = 'in its transaction'"), 0, 'and no job is left of it');
};

is(query($node, q{SELECT count(*) FROM estate.job WHERE state <> 'done'}), 0, 'all jobs are done');
is(query($node, 'SELECT count(*) FROM effect'), query($node, 'SELECT count(*) FROM estate.job'), 'and have had their effect once');
$node->stop;
done_testing();
