# Jobs that wait in the lanes are run, wherever the workers' positions are.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = estate_node('lanes', workers => 3, conf => "max_prepared_transactions = 2\n");

$node->safe_psql('estate', q{
	CREATE TABLE effect (id int);
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
		PERFORM pg_sleep((args->>'sleep')::float8) WHERE args ? 'sleep';
		INSERT INTO public.effect VALUES ((args->>'id')::int);
	END $$;
});

sub value { return query($node, @_); }

sub enqueue
{
	my ($from, $to, $more) = @_;
	$node->safe_psql('estate', "SELECT count(estate.enqueue('public.note', jsonb_build_object('id', i) || '" . ($more // '{}') . "')) FROM generate_series($from, $to) i");
	return;
}

sub all_done
{
	my ($name) = @_;
	wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'all jobs have ended');
	is(value('SELECT count(*) - count(DISTINCT id), max(id) - count(*) FROM effect'), '0|0', $name);
	return;
}

enqueue(1, 16_000);
all_done('sixteen thousand quick ones, each once');

# every worker takes the handler for a quick one: the slow one is run in a batch like any other
enqueue(16_001, 16_001, '{"sleep": 3}');
wait_for($node, q{SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND backend_type = 'pg_estate worker'},
	'the slow one runs');
value(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND backend_type = 'pg_estate worker'});
all_done('what a terminated worker had in hand is run by another');

# rows move to other pages
enqueue(16_002, 16_300, '{"sleep": 0.01}');
value("VACUUM FULL estate_internal.job_ready_0_1_$_") for 0 .. 2;
all_done('a table that was written anew is read anew');

# a position is set before what a prepared transaction wrote, and then a restart forgets that there is one
$node->safe_psql('estate', q{BEGIN; SELECT estate.enqueue('public.note', '{"id": 16301}'); PREPARE TRANSACTION 'p'});
enqueue(16_302, 16_302);
wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'the other has ended');
$node->stop('immediate');
$node->start;
enqueue(16_303, 16_303);
wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'one more has ended');
$node->safe_psql('estate', q{COMMIT PREPARED 'p'});
$node->reload;
all_done('jobs of a transaction that was prepared before a restart are run');

# nothing is left behind, and a reader's old snapshot does not matter
wait_for($node, q{SELECT sum(pg_relation_size(oid)) < 2000000 FROM pg_class WHERE relname ~ '^job_ready_._._.$'}, 'the lanes are empty');
pass('what is drained is given back');

$node->stop;
done_testing();
