# A long read of estate.job, and a dump, on a hot standby, while the primary runs jobs and empties its lanes.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = estate_node('primary', workers => 2, conf => "wal_level = replica\nmax_wal_senders = 4\nfsync = off\nautovacuum = off\nestate.workers = 2\n");
query($node, q{
	CREATE TABLE effect (i int);
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES ((args->>'i')::int) $$;
});
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
# what is in its way is cancelled soon; rows that its snapshots may want to see are kept, as on any standby for long reads
$standby->append_conf('postgresql.conf', "max_standby_streaming_delay = 2s\nhot_standby_feedback = on\n");
$standby->start;

my $enqueue = q{SELECT count(estate.enqueue('public.note', jsonb_build_object('i', i, 'pad', repeat('x', 1000)))) FROM generate_series(1, 5000) i;};
my $size = q{SELECT sum(pg_relation_size(oid)) FROM pg_class WHERE relname ~ '^job_ready_._._.$'};

# until a lane has been emptied
sub load_until_emptied
{
	my $before = 0;
	for (1 .. 200)
	{
		query($node, $enqueue);
		wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'all are done');
		my $now = query($node, $size);
		return 1 if $now < $before;
		$before = $now;
	}
	return 0;
}

ok(load_until_emptied(), 'lanes are emptied while there is load');
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
my $reader = $standby->background_psql('estate', on_error_stop => 0, on_error_die => 0);
# a transaction that has read all tables of jobs, and goes on
my $first = $reader->query_safe('BEGIN; SELECT count(*) FROM estate.job');
cmp_ok($first, '>', 0, 'a long read begins');
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
my ($out, $err) = ('', '');
my $began = time;
my $rounds = 0;
my $dumping = IPC::Run::start([ 'pg_dump', '-Fc', '-f', $dump, '-d', $standby->connstr('estate') ], '<', \undef, '>', \$out, '2>', \$err);
while (time - $began < 15)
{
	query($node, $enqueue);
	$rounds++;
}
cmp_ok($reader->query('SELECT count(*) FROM estate.job') || 0, '>', $first, "and goes on, after $rounds times five thousand jobs");
$reader->query_safe('COMMIT');
$reader->quit;
ok($dumping->finish, 'the dump comes to its end') or diag $err;
wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'all are done');
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is(query($standby, q{SELECT confl_lock FROM pg_stat_database_conflicts WHERE datname = 'estate'}), 0, 'nothing was cancelled there');
is(query($standby, 'SELECT count(*) = count(DISTINCT id) FROM estate.job'), 't', 'the standby has each job once');
# in the end what is worth it is given back
ok($node->poll_query_until('estate', "SELECT ($size) < 20000000"), 'the lanes shrink');

$standby->stop;
$node->stop;
done_testing();
