# A job whose cancellation was answered with true, and committed, is cancelled: it is not done, has no effect, and is
# not run again, whatever happens to the worker that was running it.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

# One worker for SQL.  What it commits is not on disk before somebody else's commit flushes it.
my $node = estate_node('cancelled', workers => 2, conf => "wal_writer_delay = 10s\nmax_prepared_transactions = 5\n");

query($node, q{
	CREATE TABLE effect (what text);
	CREATE TABLE gate (open text);
	-- waits for its gate, once it shows by a lock that it has begun; that it has begun is in the log, whatever is undone
	CREATE FUNCTION public.work(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
		RAISE LOG 'begun: %', args->>'gate';
		INSERT INTO public.effect VALUES (args->>'gate');
		PERFORM pg_advisory_xact_lock(hashtext(args->>'gate'));
		WHILE NOT EXISTS (SELECT FROM public.gate WHERE open = args->>'gate') LOOP PERFORM pg_sleep(0.01); END LOOP;
		IF args ? 'fail' THEN RAISE division_by_zero; END IF;
	END $$;
	-- which transaction fulfils a wish
	CREATE TABLE fulfilled (job bigint);
	GRANT INSERT ON fulfilled TO PUBLIC;
	CREATE FUNCTION public.note_fulfilled() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.fulfilled VALUES (OLD.job); RETURN NULL; END $$;
	CREATE TRIGGER note AFTER DELETE ON estate_internal.job_cancel FOR EACH ROW EXECUTE FUNCTION public.note_fulfilled();
});

sub worker_at { my ($gate) = @_; return "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND objid::bigint = (hashtext('$gate')::bigint & 4294967295)"; }
sub open_gate { my ($gate) = @_; query($node, "INSERT INTO gate VALUES ('$gate')"); return; }

# a job that a worker is in, and the worker
sub enqueue_running
{
	my ($gate, %more) = @_;
	my $args = $more{fail} ? ', "fail": true' : '';
	my $id = query($node, qq{SELECT estate.enqueue('public.work', '{"gate": "$gate"$args}', max_attempts => } . ($more{max_attempts} // 20) . ')');
	wait_for($node, "SELECT count(*) = 1 FROM (@{[ worker_at($gate) ]}) w", "$gate: a worker is in it");
	return ($id, query($node, worker_at($gate)));
}

# a session that has said that a job is to be cancelled, and has not committed
sub cancelling
{
	my ($id, $begin) = @_;
	my $session = $node->background_psql('estate');
	is($session->query_safe(($begin // 'BEGIN') . "; SELECT estate.cancel_job($id)"), 't', 'its cancellation is answered');
	return $session;
}

sub end { my ($session, $how) = @_; $session->query_safe($how); $session->quit; return; }

# what becomes of the job, once it is not being run
sub becomes
{
	my ($id, $gate, $state, $starts, $name) = @_;
	wait_for($node, "SELECT state NOT IN ('available', 'running') FROM estate.job WHERE id = $id", "$gate: it is not running");
	my $begun = () = slurp_file($node->logfile) =~ /begun: \Q$gate\E$/mg;
	is(query($node, "SELECT state, (SELECT count(*) FROM effect WHERE what = '$gate') FROM estate.job WHERE id = $id") . "|$begun",
		"$state|" . ($state eq 'done' ? 1 : 0) . "|$starts", "$name: state, effects, starts");
	return;
}

# the handler has returned: its worker waits for whoever cancels, or has come to an end without
sub handler_has_returned
{
	my ($gate, $pid) = @_;
	open_gate($gate);
	return wait_for($node, qq{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid AND wait_event = 'PgSleep')
		AND (NOT EXISTS (@{[ worker_at($gate) ]}) OR EXISTS (SELECT FROM pg_locks WHERE pid = $pid AND NOT granted))}, "$gate: the handler has returned");
}

subtest 'the handler returns between the answer and the commit' => sub {
	for my $how ('COMMIT', 'ROLLBACK', 'ROLLBACK TO s; COMMIT')
	{
		my $gate = "returns, $how";
		my ($id, $pid) = enqueue_running($gate);
		my $session = cancelling($id, 'BEGIN; SAVEPOINT s');
		handler_has_returned($gate, $pid);
		end($session, $how);
		becomes($id, $gate, $how eq 'COMMIT' ? 'cancelled' : 'done', 1, $how);
	}
};

subtest 'the handler fails between the answer and the commit' => sub {
	for my $max_attempts (1, 20)
	{
		my $gate = "fails, $max_attempts";
		my ($id, $pid) = enqueue_running($gate, fail => 1, max_attempts => $max_attempts);
		my $session = cancelling($id);
		handler_has_returned($gate, $pid);
		end($session, 'COMMIT');
		becomes($id, $gate, 'cancelled', 1, "$max_attempts attempts");
	}
};

subtest 'the worker is told to leave between the answer and the commit' => sub {
	my ($id, $pid) = enqueue_running('leaves');
	my $session = cancelling($id);
	open_gate('leaves');
	query($node, "SELECT pg_terminate_backend($pid, 10000)");
	# the next one has it done, or waits for whoever cancels
	wait_for($node, "SELECT state = 'done' FROM estate.job WHERE id = $id UNION ALL SELECT true FROM pg_locks WHERE locktype = 'advisory' AND NOT granted ORDER BY 1 DESC LIMIT 1", 'another worker has it');
	end($session, 'COMMIT');
	becomes($id, 'leaves', 'cancelled', 1, 'told to leave');
};

subtest 'a transaction that is to be prepared' => sub {
	my ($id, $pid) = enqueue_running('prepared');
	my $error = refused($node, "BEGIN; SELECT estate.cancel_job($id); PREPARE TRANSACTION 'p'");
	is("$error->{sqlstate} $error->{message}", '0A000 cannot PREPARE a transaction that has cancelled a job while it was running', 'it would keep a worker waiting');
	query($node, "BEGIN; SAVEPOINT s; SELECT estate.cancel_job($id); ROLLBACK TO s; PREPARE TRANSACTION 'p'");
	open_gate('prepared');
	becomes($id, 'prepared', 'done', 1, 'not cancelled');
	query($node, "ROLLBACK PREPARED 'p'");
};

# the ways in which a worker dies that has not heard of it yet
my %crash = (
	'its worker is killed' => sub {
		my ($pid) = @_;
		my $log = -s $node->logfile;
		kill 'KILL', $pid or die "kill: $!";
		$node->wait_for_log(qr/\(PID $pid\) was terminated by signal 9/, $log);
		wait_for($node, 'SELECT true', 'the server is there again');
	},
	'the server is stopped at once' => sub { my ($pid) = @_; kill 'CONT', $pid; $node->stop('immediate'); $node->start; },
	'the postmaster is killed' => sub {
		my ($pid) = @_;
		my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
		my @left = ($postmaster, split /\s+/, slurp_file("/proc/$postmaster/task/$postmaster/children"));
		$node->kill9;
		kill 'KILL', $pid;
		# those that it leaves behind end by themselves
		wait_until(sub { !grep { kill 0, $_ } @left }, 'all processes are gone');
		$node->start;
	});

for my $how (sort keys %crash)
{
	subtest $how => sub {
		my ($id, $pid) = enqueue_running($how);
		kill 'STOP', $pid or die "kill: $!";
		is(query($node, "SELECT estate.cancel_job($id)"), 't', 'its cancellation is answered, and committed, while its worker hears nothing');
		open_gate($how);
		$crash{$how}->($pid);
		becomes($id, $how, 'cancelled', 1, 'after the crash');
	};
}

subtest 'a crash undoes what the worker has committed' => sub {
	my ($id, $pid) = enqueue_running('undone');
	query($node, 'CHECKPOINT');
	is(query($node, "SELECT estate.cancel_job($id)"), 't', 'its cancellation is answered, and committed');
	wait_for($node, "SELECT state = 'cancelled' FROM estate.job WHERE id = $id", 'it is cancelled');
	$crash{'the postmaster is killed'}->($pid);
	query($node, "INSERT INTO gate VALUES ('undone')");
	becomes($id, 'undone', 'cancelled', 1, 'after the crash');
};

subtest 'a cancelled job that is tried again' => sub {
	my ($id) = enqueue_running('again');
	is(query($node, "SELECT estate.cancel_job($id)"), 't', 'its cancellation is answered');
	wait_for($node, "SELECT count(*) = 1 FROM estate_internal.job_ended WHERE id = $id", 'it is cancelled');
	is(query($node, "SELECT e.xmin = f.xmin FROM estate_internal.job_ended e JOIN fulfilled f ON f.job = id WHERE id = $id"), 't', 'and the wish is fulfilled by the same transaction');
	open_gate('again');
	is(query($node, "SELECT estate.retry_job($id)"), 't', 'it is to run again');
	becomes($id, 'again', 'done', 2, 'the wish was for the first time only');
};

is(query($node, 'SELECT count(*) FROM estate_internal.job_cancel'), 0, 'no wish is left');
$node->stop;
done_testing();
