# A dump, or any other snapshot, that comes to the jobs late: it finds all of them, though they have been run and
# their tables emptied in the meantime.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $jobs = 20_000;
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
my $node = estate_node('late', workers => 2, setup => 0);
my $places = q{SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE state = 'available') FROM estate.job WHERE handler = 'public.note(jsonb)'};

# the first table that pg_dump locks, before those of the queue
query($node, 'CREATE TABLE altered (x int)');
query($node, 'CREATE EXTENSION pg_estate; SELECT count(*) FROM estate.setup()');
$node->safe_psql('estate', q{
	CREATE TABLE effect (what text);
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES (args->>'what') $$;
	SELECT estate.disable_workers();
});
query($node, "SELECT count(estate.enqueue('public.note', '{\"what\": \"done\"}')) FROM generate_series(1, $jobs)");

# both have their snapshot now, and have not looked at a job yet
my $reader = $node->background_psql('estate');
$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_database');
my $alter = $node->background_psql('estate');
$alter->query_safe('BEGIN; ALTER TABLE altered ADD COLUMN y int');
my ($out, $err) = ('', '');
my $dumping = IPC::Run::start([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('estate') ], '<', \undef, '>', \$out, '2>', \$err);
wait_for($node, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'LOCK TABLE%' AND wait_event_type = 'Lock'}, 'pg_dump waits for the table that is being altered');

query($node, 'SELECT estate.enable_workers()');
wait_for($node, "SELECT count(*) = $jobs FROM effect", 'all jobs are done');
wait_until_idle($node);
is(query($node, q{SELECT count(*) FROM estate.job WHERE state <> 'done'}), 0, 'none is left');

is($reader->query_safe($places), "$jobs|$jobs|$jobs", 'a snapshot of before has all of them, each once, waiting');
is($reader->query_safe('SELECT count(*) FROM effect'), 0, 'and none of their effects');
$reader->query_safe('COMMIT');
$reader->quit;
$alter->query_safe('COMMIT');
$alter->quit;
ok($dumping->finish, 'the dump comes to its end') or diag $err;
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE template0');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('copy'), $dump ], 'it is restored');
is($node->safe_psql('copy', $places), "$jobs|$jobs|$jobs", 'it has all of them, each once, waiting');
is($node->safe_psql('copy', 'SELECT count(*) FROM effect'), 0, 'and none of their effects');

$node->stop;
done_testing();
