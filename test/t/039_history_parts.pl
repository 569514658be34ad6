# A part of the history that is closed gets its indexes as soon as the last who writes it has ended, and nobody who
# runs jobs waits for that.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = estate_node('parts', workers => 2, conf => "fsync = off\n");
query($node, q{
	CREATE FUNCTION public.note(jsonb) RETURNS void LANGUAGE sql AS 'SELECT';
	CREATE FUNCTION public.effect(jsonb) RETURNS void LANGUAGE sql AS 'SELECT';
	SELECT estate.enqueue('public.note') FROM generate_series(1, 100);
});
wait_for($node, q{SELECT count(*) = 100 FROM estate.job WHERE state = 'done'}, 'they are done');
wait_for($node, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'pg_estate tidier'}, 'the tidier is through');

# as if the part had been begun long ago
query($node, q{SELECT estate.disable_workers(); UPDATE estate_internal.job_ended SET ended_at = ended_at - '2 days'::interval});
wait_until_idle($node);
# a session writes the newest part, and goes on
query($node, q{SELECT estate.enqueue('public.effect')});
my $session = $node->background_psql('estate');
$session->query_safe('SET client_min_messages = error');
is($session->query_safe('BEGIN; CALL estate.run_jobs()'), '1|0', 'a session has run a job, and not committed');

# a new slot of the database has its tidier started at once
$node->append_conf('postgresql.conf', "estate.databases = ''");
$node->reload;
$node->append_conf('postgresql.conf', "estate.databases = 'estate'");
$node->reload;
query($node, q{SELECT estate.enable_workers(); SELECT estate.enqueue('public.note') FROM generate_series(1, 100)});
wait_for($node, q{SELECT count(*) > 1 FROM pg_inherits WHERE inhparent = 'estate_internal.job_ended'::regclass}, 'another part was begun');
query($node, q{SELECT estate.enqueue('public.note') FROM generate_series(1, 100)});
cmp_ok(wait_for($node, q{SELECT count(*) = 300 FROM estate.job WHERE state = 'done'}, 'more are done'), '<', 10, 'jobs go on');
is(query($node, q{SELECT to_regclass('estate_internal.job_ended_0_id_idx') IS NULL}), 't', 'the old part has no index yet');
$session->query_safe('COMMIT');
$session->quit;
cmp_ok(wait_for($node, q{SELECT to_regclass('estate_internal.job_ended_0_id_idx') IS NOT NULL}, 'the old part has its index'), '<', 15, 'soon after its last writer');
is(query($node, q{SELECT count(*) FROM estate.job WHERE state = 'done'}), 301, 'nothing is missing');

$node->stop;
done_testing();
