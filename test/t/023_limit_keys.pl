# More keys of a limited queue in use than there is room to count: those that come later wait, and none is counted as another.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = estate_node('keys', workers => 2, conf => "fsync = off\n");
query($node, q{
	CREATE TABLE ran (key int, n int);
	CREATE FUNCTION public.run(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.ran VALUES ((args->>'key')::int, (args->>'n')::int) $$;
	SELECT estate.create_queue('tenants', key => 'key', rate_by_key => 1, rate_period => '10 hours');
});

sub value { return query($node, @_); }

# each key's first job may start at once, and is remembered for ten hours
value(q{SELECT count(estate.enqueue('public.run', jsonb_build_object('key', key, 'n', 1), queue => 'tenants')) FROM generate_series(1, 17000) key});
# a canary behind them, of another queue
value(q{SELECT estate.enqueue('public.run', '{"key": 0}', priority => 100)});
eventually($node, q{SELECT count(*) >= 16000 FROM ran}, 'as many as there is room for have started');
eventually($node, q{SELECT count(*) = 1 FROM ran WHERE key = 0}, 'those that wait do not hold up others');
my $ran = value(q{SELECT count(*) FROM ran WHERE key > 0});
note("$ran keys have room");
cmp_ok($ran, '<', 17000, 'not all have room');
is(value(q{SELECT count(*) FROM estate.job WHERE queue = 'tenants' AND ended_at IS NULL AND run_at > clock_timestamp() + '1 min'}), 0, 'no job was put off by the rate of others');
is(value(q{SELECT count(*) FROM estate.job WHERE queue = 'tenants' AND ended_at IS NULL AND state = 'available'}), 17000 - $ran, 'the others wait');
# a second one of a key that is known waits for its time, as it should
my ($known, $job) = split /\|/, value(q{WITH k AS (SELECT min(key) AS key FROM ran WHERE key > 0)
	SELECT key, estate.enqueue('public.run', jsonb_build_object('key', key, 'n', 2), queue => 'tenants') FROM k});
eventually($node, "SELECT run_at > clock_timestamp() + '9 hours' FROM estate.job WHERE id = $job", 'a second one of a key waits for its time');
# when keys are free again, or the limit is gone, the others run
value(q{SELECT estate.alter_queue('tenants', rate_period => '1 ms')});
eventually($node, q{SELECT count(*) = 17000 FROM ran WHERE n = 1}, 'when there is room again the others run');
is(value(q{SELECT count(*), count(DISTINCT key) FROM ran WHERE n = 1}), '17000|17000', 'each once');

$node->stop;
done_testing();
