# As many queues as there can be, on a server with room for few locks: whatever reads them all still can.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = estate_node('many', workers => 2, conf => "max_locks_per_transaction = 10\nmax_connections = 20\nautovacuum = off\n");
query($node, q{
	CREATE TABLE ran (queue text, n int);
	CREATE FUNCTION public.run(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.ran VALUES (args->>'queue', (args->>'n')::int) $$;
});
query($node, "SELECT estate.create_queue('q$_')") for 1 .. 63;

sub value { return query($node, @_); }

my $locks = value(q{BEGIN; SELECT count(*) FROM estate.job; SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation > 16384; COMMIT});
($locks) = $locks =~ /(\d+)$/;
note("estate.job locks $locks relations");
cmp_ok($locks, '<', 250, "estate.job locks $locks relations with 64 queues");

value("SELECT estate.pause_queue('q63')");
value("SELECT count(estate.enqueue('public.run', jsonb_build_object('queue', 'q' || q, 'n', p), queue => 'q' || q, priority => p)) FROM generate_series(1, 63) q, generate_series(-1, 1) p");
eventually($node, 'SELECT count(*) = 186 FROM ran', 'the jobs of all queues run');
is(value("SELECT count(*) FROM estate.job WHERE state = 'available'"), 3, 'estate.job shows those of a paused one');
is(value("SELECT count(*) FILTER (WHERE estate.cancel_job(id)) FROM estate.job WHERE state = 'available'"), 3, 'they can be cancelled');
is(value('SELECT sum(done), sum(cancelled) FROM estate.queue_status'), '186|3', 'queue_status counts');
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dump', '-d', $node->connstr('estate'), '-f', $dump ], 'pg_dump');
is(value("SELECT estate.drop_queue('q63')"), 0, 'a queue can be dropped');

# a lane that outgrows its heap gets another one, and goes on in it
value("SELECT estate.pause_queue('q1')");
value(q{SELECT count(estate.enqueue('public.run', jsonb_build_object('queue', 'large', 'n', n, 'fill', repeat('x', 1000)), queue => 'q1')) FROM generate_series(1, 20000) n});
eventually($node, q{SELECT count(*) > 3 FROM pg_class WHERE relname LIKE 'job\_ready\_1\_%'}, 'a lane that has grown gets another heap');
value(q{SELECT count(estate.enqueue('public.run', jsonb_build_object('queue', 'large', 'n', n), queue => 'q1')) FROM generate_series(20001, 20100) n});
value("SELECT estate.resume_queue('q1')");
eventually($node, q{SELECT count(*) = 20100 FROM ran WHERE queue = 'large'}, 'all its jobs run');
is(value(q{SELECT count(DISTINCT n) FROM ran WHERE queue = 'large'}), 20100, 'each once');

$node->stop;
done_testing();
