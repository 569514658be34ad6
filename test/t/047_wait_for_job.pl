# CALL wait_for_job(): told at once, holds nothing while it waits, through a pool; what a job waits for and who has it.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = estate_node('wait', workers => 3, conf => "max_prepared_transactions = 5\n");
sub value { return query($node, @_); }
# a session of its own that waits; its process id
sub waiting
{
	my ($sql, $out, $name) = @_;
	# one statement: several in a string are a transaction block
	local $ENV{PGAPPNAME} = $name;
	my $session = background($node, $sql, $out);
	wait_for($node, qq{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = '$name' AND wait_event_type = 'Extension'}, "$name waits");
	return $session;
}
sub handler_starts { my ($id) = @_; return wait_for($node, "SELECT state = 'running' FROM estate.job WHERE id = $id", 'its handler runs'); }
# a handler runs until the test lets it go on
my $gate = 4711;

value(qq{
	CREATE FUNCTION public.gated(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS \$\$
	BEGIN
		PERFORM pg_advisory_xact_lock_shared($gate);
		IF args ? 'fail' THEN
			RAISE 'broken';
		END IF;
		RETURN jsonb_build_object('got', args);
	END \$\$;
	CREATE FUNCTION public.quick(args jsonb) RETURNS jsonb LANGUAGE sql AS \$\$ SELECT '{"is": "quick"}'::jsonb \$\$;
	SELECT estate.create_queue('kept', keep => 'none');
	SELECT estate.create_queue('keyed', key => 'k', concurrency_by_key => 1);
	CREATE ROLE ann LOGIN; GRANT estate_operator TO ann;
});
my $holder = $node->background_psql('estate');

subtest 'a job that has ended, or never was' => sub {
	my $id = value(q{SELECT estate.enqueue('public.quick')});
	is(value("CALL estate.wait_for_job($id)"), 'done|{"is": "quick"}', 'it returns state and result');
	is(value("CALL estate.wait_for_job($id)"), 'done|{"is": "quick"}', 'also when it has ended long ago');
	is(refused($node, 'CALL estate.wait_for_job(1234567890)')->{sqlstate}, '42704', 'one that does not exist is an error');
	is(refused($node, 'CALL estate.wait_for_job(NULL)')->{sqlstate}, '22004', 'and none');
	is(refused($node, "BEGIN; CALL estate.wait_for_job($id)")->{sqlstate}, '25001', 'in a transaction block it could wait for ever');
};

subtest 'while it waits' => sub {
	$holder->query_safe("SELECT pg_advisory_lock($gate)");
	my $id = value(q{SELECT estate.enqueue('public.gated', '{"a": 1}')});
	handler_starts($id);
	like(value("SELECT state, started_at > now() - interval '1 min', pid IN (SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_estate worker'), waits_for IS NULL FROM estate.job WHERE id = $id"),
		qr/^running\|t\|t\|t$/, 'the job shows since when, and which worker has it');
	my $out = '';
	my $session = waiting("CALL estate.wait_for_job($id)", \$out, 'waiter');
	is(value(q{SELECT backend_xmin IS NULL, backend_xid IS NULL FROM pg_stat_activity WHERE application_name = 'waiter'}), 't|t', 'it holds no snapshot');
	is(value(q{SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE application_name = 'waiter' AND locktype = 'relation'}), 0, 'and no table');
	my $at = time;
	$holder->query_safe("SELECT pg_advisory_unlock($gate)");
	$session->finish;
	is($out, qq(done|{"got": {"a": 1}}\n), 'it returns when the job has ended');
	cmp_ok(time - $at, '<', 0.9, 'at once: it is told, and does not look') or diag time - $at;
};

subtest 'as what it ends' => sub {
	$holder->query_safe("SELECT pg_advisory_lock($gate)");
	my %ids = (
		dead => value(q{SELECT estate.enqueue('public.gated', '{"fail": 1}', max_attempts => 1)}),
		forgotten => value(q{SELECT estate.enqueue('public.gated', queue => 'kept')}),
		cancelled => value(q{SELECT estate.enqueue('public.quick', run_at => now() + '1 day')}),
		dropped => value(q{SELECT estate.create_queue('doomed'); SELECT estate.enqueue('public.quick', queue => 'doomed', run_at => now() + '1 day')}) =~ s/.*\n//r,
		outside => value(q{SELECT estate.enqueue('external:x', queue => 'out')}));
	my %out = map { $_ => '' } keys %ids;
	my %session = map { $_ => waiting("CALL estate.wait_for_job($ids{$_})", \$out{$_}, $_) } sort keys %ids;
	$holder->query_safe("SELECT pg_advisory_unlock($gate)");
	value("SELECT estate.cancel_job($ids{cancelled})");
	value(q{SELECT estate.drop_queue('doomed', cancel_jobs => true)});
	value(q{SELECT estate.complete_job(id, token, '{"o": 1}') FROM estate.fetch_jobs('out')});
	$session{$_}->finish for keys %session;
	is($out{dead}, "dead|\n", 'dead');
	is($out{cancelled}, "cancelled|\n", 'cancelled');
	is($out{dropped}, "cancelled|\n", 'cancelled with its queue');
	is($out{forgotten}, "done|\n", 'done, though nothing of it is kept');
	is($out{outside}, qq(done|{"o": 1}\n), 'done by a program outside');
};

subtest 'what is undone, or prepared' => sub {
	my $id = value(q{SELECT estate.enqueue('external:x', queue => 'out')});
	my $out = '';
	my $session = waiting("CALL estate.wait_for_job($id)", \$out, 'patient');
	# said to be done in a savepoint that is rolled back
	my ($token) = value(q{SELECT token FROM estate.fetch_jobs('out', lease => '1 h')});
	value("BEGIN; SAVEPOINT s; SELECT estate.complete_job($id, $token); ROLLBACK TO s; COMMIT");
	is(value("SELECT state FROM estate.job WHERE id = $id"), 'running', 'the job has not ended');
	value("BEGIN; SELECT estate.complete_job($id, $token); PREPARE TRANSACTION 'p'");
	value(q{COMMIT PREPARED 'p'});
	$session->finish;
	is($out, "done|\n", 'one whose end was prepared is found by looking');
};

subtest 'not for ever' => sub {
	my $id = value(q{SELECT estate.enqueue('public.quick', run_at => now() + '1 day')});
	is(value("CALL estate.wait_for_job($id, '100 ms')"), 'scheduled|', 'it returns what the job is by then');
	is(value("CALL estate.wait_for_job($id, '0')"), 'scheduled|', 'at once');
	my $out = '';
	my $session = waiting("CALL estate.wait_for_job($id, NULL)", \$out, 'stopped');
	value(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stopped'});
	eval { $session->finish };
	# the places of those that were killed are free again
	for my $i (1 .. 70)
	{
		local $ENV{PGOPTIONS} = '-c statement_timeout=10ms';
		my $ended = background($node, "CALL estate.wait_for_job($id, NULL)", \my $said);
		eval { $ended->finish };
	}
	my $done = value(q{SELECT estate.enqueue('public.quick', run_at => now() + '300 ms')});
	my $at = time;
	is(value("CALL estate.wait_for_job($done)"), 'done|{"is": "quick"}', 'others are told after that');
};

subtest 'what a job waits for' => sub {
	$holder->query_safe("SELECT pg_advisory_lock($gate)");
	my $first = value(q{SELECT estate.enqueue('public.gated', '{"k": "a"}', queue => 'keyed')});
	handler_starts($first);
	my $second = value(q{SELECT estate.enqueue('public.gated', '{"k": "a"}', queue => 'keyed')});
	my $blocked = value(qq{SELECT estate.enqueue('public.quick', depends_on => ARRAY[$first, $second])});
	my $later = value(q{SELECT estate.enqueue('public.quick', run_at => now() + '1 day')});
	wait_for($node, "SELECT waits_for = 'key' FROM estate.job WHERE id = $second", 'the second waits for its key');
	is(value("SELECT state, waits_for, waits_for_key FROM estate.job WHERE id = $second"), 'available|key|a', 'the second: for its key');
	is(value("SELECT state, waits_for, waits_for_jobs FROM estate.job WHERE id = $blocked"), "blocked|jobs|{$first,$second}", 'the third: for both');
	is(value("SELECT state, waits_for FROM estate.job WHERE id = $later"), 'scheduled|time', 'the fourth: for its time');
	is(value("SELECT waits_for, waits_for_key FROM estate.job WHERE id = $second", user => 'ann'), 'key|', 'whose key it is is not for everybody');
	$holder->query_safe("SELECT pg_advisory_unlock($gate)");
	is(value("CALL estate.wait_for_job($blocked)"), 'done|{"is": "quick"}', 'and all are done');
};

$holder->quit;
$node->stop('immediate');
done_testing();
