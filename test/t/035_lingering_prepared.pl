# A prepared transaction that nobody ends, ours or a stranger's: the lanes shrink, dead rows stay unread, and what it
# has enqueued is run once it is committed, also when the server has been restarted in between.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = estate_node('lingering', workers => 2, conf => "max_prepared_transactions = 20\nautovacuum = off\nfsync = off\n");
query($node, q{
	CREATE TABLE stranger (i int);
	CREATE TABLE effect (what text);
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES (args->>'what') $$;
});

sub enqueue
{
	my ($what, $n, $pad) = @_;
	return "SELECT count(estate.enqueue('public.note', jsonb_build_object('what', '$what', 'pad', repeat('x', @{[ $pad // 300 ]})))) FROM generate_series(1, $n);";
}

sub run_some
{
	my ($what, $n) = @_;
	query($node, enqueue($what, $n));
	wait_for($node, "SELECT count(*) = $n FROM effect WHERE what = '$what'", "$what: all are done");
	return;
}

# blocks of the lanes that processes have read, as far as they have told
sub blocks_read
{
	return query($node, q{SELECT pg_stat_force_next_flush(); SELECT sum(heap_blks_read + heap_blks_hit) FROM pg_statio_all_tables WHERE relname ~ '^job_ready_'}) =~ s/^\n//r;
}

# after so many jobs, how many blocks a few more make the workers read
sub blocks_for_a_few
{
	my ($what) = @_;
	my $reader = $node->background_psql('estate');

	# a reader keeps the dead rows, and the heap
	$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM estate.job');
	run_some("$what, many", 20_000);
	my $before = blocks_read();
	for my $n (1 .. 10)
	{
		run_some("$what, $n", 1);
		wait_for($node, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND state = 'active'}, 'they rest');
	}
	wait_until_idle($node);
	my $blocks = blocks_read() - $before;
	$reader->query_safe('COMMIT');
	$reader->quit;
	return $blocks;
}

# within the minute that the oldest transaction is waited for
sub shrinks
{
	my ($name, $to) = @_;
	return eventually($node, "SELECT sum(pg_relation_size(oid)) < $to FROM pg_class WHERE relname ~ '^job_ready_[0-9]' AND relkind = 'r'", "$name: the lanes have shrunk");
}

for my $whose ('a stranger\'s', 'ours')
{
	subtest $whose => sub {
		my $what = $whose =~ s/\W//gr;
		run_some("$what before", 1);
		query($node, 'BEGIN; ' . ($whose eq 'ours' ? enqueue("$what prepared", 50) : 'INSERT INTO stranger VALUES (1);') . "PREPARE TRANSACTION 'p'");
		# once there was one of ours, they look for it
		query($node, 'BEGIN; ' . enqueue('rolled back', 5) . "PREPARE TRANSACTION 'q'");
		query($node, "ROLLBACK PREPARED 'q'");
		cmp_ok(blocks_for_a_few($what), '<', 3000, 'ten jobs do not have all that are done read again') or diag 'more than twice a second';
		# the heap that its own rows are in is its own until it ends: jobs go to another one when that has 16 MB
		if ($whose eq 'ours') { run_some("$what, more, $_", 20_000) for 1 .. 4; }
		shrinks($whose, $whose eq 'ours' ? 30_000_000 : 3_000_000);
		query($node, "COMMIT PREPARED 'p'");
		next if $whose ne 'ours';
		cmp_ok(wait_for($node, "SELECT count(*) = 50 FROM effect WHERE what = '$what prepared'", 'what it enqueued is run'), '<', 20, 'at once');
	};
}

subtest 'over a restart' => sub {
	for my $how ('fast', 'immediate')
	{
		query($node, 'SELECT estate.disable_workers()');
		query($node, enqueue("$how, before", 100));
		query($node, 'BEGIN; ' . enqueue("$how, one", 100) . "PREPARE TRANSACTION 'one'");
		query($node, 'BEGIN; ' . enqueue("$how, two", 100) . "SELECT estate.create_queue('made_$how'); PREPARE TRANSACTION 'two'");
		query($node, 'BEGIN; INSERT INTO stranger VALUES (1); PREPARE TRANSACTION \'three\'');
		query($node, enqueue("$how, behind", 100) . 'SELECT estate.enable_workers()');
		$node->stop($how);
		$node->start;
		wait_for($node, "SELECT count(*) = 200 FROM effect WHERE what IN ('$how, before', '$how, behind')", 'what was committed is run');
		wait_for($node, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND state = 'active'}, 'they rest');
		query($node, "COMMIT PREPARED 'one'");
		eventually($node, "SELECT count(*) = 100 FROM effect WHERE what = '$how, one'", "$how: what the first had is run");
		cmp_ok(blocks_for_a_few($how), '<', 3000, "$how: the others do not have all read again");
		query($node, "COMMIT PREPARED 'two'");
		eventually($node, "SELECT count(*) = 100 FROM effect WHERE what = '$how, two'", "$how: what the second had is run");
		query($node, "SELECT estate.enqueue('public.note', '{\"what\": \"in made_$how\"}', queue => 'made_$how')");
		eventually($node, "SELECT count(*) = 1 FROM effect WHERE what = 'in made_$how'", "$how: a queue that it made is known");
		shrinks($how, 3_000_000);
		query($node, "COMMIT PREPARED 'three'");
	}
};

subtest 'more than can be told apart' => sub {
	# each on pages of many lanes, in turn with others that commit
	for my $n (1 .. 18)
	{
		query($node, "BEGIN; SELECT count(estate.enqueue('public.note', '{\"what\": \"scattered\"}', priority => i % 3 - 1,"
			. " queue => CASE i % 2 WHEN 0 THEN 'made_fast' ELSE 'default' END)) FROM generate_series(1, 60) i; PREPARE TRANSACTION 's$n'");
		query($node, "SELECT count(estate.enqueue('public.note', '{\"what\": \"between\"}', priority => i % 3 - 1)) FROM generate_series(1, 300) i");
	}
	wait_for($node, "SELECT count(*) = 18 * 300 FROM effect WHERE what = 'between'", 'the others are done');
	query($node, join '', map { ($_ % 3 ? 'COMMIT' : 'ROLLBACK') . " PREPARED 's$_';\n" } 1 .. 18);
	eventually($node, "SELECT count(*) = 12 * 60 FROM effect WHERE what = 'scattered'", 'all of those that were committed are run');
	wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'nothing is left');
	is(query($node, "SELECT count(*) FROM effect WHERE what = 'scattered'"), 12 * 60, 'once');
};

$node->stop;
done_testing();
