# Queues that come, go and change at random while jobs of all kinds are enqueued and run: each ends exactly once.
#
#   SOAK_SEED=17 SOAK_SECONDS=60: as many seconds of it

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../server";
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $seed = $ENV{SOAK_SEED} // 4711;
my $seconds = $ENV{SOAK_SECONDS} // 6;
srand $seed;
note("SOAK_SEED=$seed");

my $node = estate_node('soak', workers => 1, conf => "estate.workers = 5\nfsync = off\n");
query($node, q{
	CREATE TABLE effect (i int);
	CREATE INDEX ON effect (i);
	CREATE TABLE asked (i int, id bigint);
	CREATE SEQUENCE serial;
	CREATE FUNCTION public.work(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
		INSERT INTO public.effect VALUES ((args->>'i')::int);
		IF args ? 's' THEN PERFORM pg_sleep((args->>'s')::float8); END IF;
		IF args ? 'once' AND random() < 0.5 THEN RAISE 'again'; END IF;
		IF args ? 'snooze' AND random() < 0.5 THEN
			DELETE FROM public.effect WHERE i = (args->>'i')::int;
			PERFORM estate.snooze_job(estate.this_job(), '10 ms');
		END IF;
		IF args ? 'more' THEN PERFORM public.ask('public.work', 1, '{}', 'q1'); END IF;
	END $$;
	CREATE FUNCTION public.batch(args jsonb[]) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
		INSERT INTO public.effect SELECT (a->>'i')::int FROM unnest(args) a;
		IF EXISTS (SELECT FROM unnest(args) a WHERE a ? 'once' AND random() < 0.5) THEN RAISE 'again'; END IF;
	END $$;
	-- the ledger: what was asked for, and under which id
	CREATE FUNCTION public.ask(handler text, n int, more jsonb, q text, run_at timestamptz DEFAULT NULL, priority int DEFAULT 0,
		key text DEFAULT NULL, until text DEFAULT 'done', conflict text DEFAULT 'skip', timeout interval DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
		INSERT INTO public.asked SELECT i, estate.enqueue(handler, more || jsonb_build_object('i', i, 'k', i % 5), q, run_at => run_at, priority => priority,
			unique_key => key || i % 7, unique_until => until, on_conflict => conflict, timeout => timeout, backoff => '{10 ms}', max_attempts => 50)
		FROM (SELECT nextval('public.serial')::int FROM generate_series(1, n)) s(i) $$;
});

sub one_of { return $_[ int rand @_ ]; }
sub queue { return 'q' . int rand 6; }
sub option { my ($name, @values) = @_; return rand() < 0.5 ? '' : ", $name => " . one_of(@values); }

sub limits
{
	return option('concurrency', 0, 1, 2, 3) . option('concurrency_local', 0, 1) . option('rate', 0, 50, 1000) . option('rate_period', "'200 ms'", "'1 s'") .
		", key => 'k'" . option('concurrency_by_key', 0, 1, 2) . option('rate_by_key', 0, 20, 1000) . option('timeout', "'0'", "'10 s'") . option('keep', "'all'");
}

sub ask
{
	my $handler = one_of('public.work', 'public.work', 'public.batch(jsonb[])');
	my $more = $handler =~ /batch/ ? one_of('{}', '{}', '{"once": 1}') :
		one_of('{}', '{}', '{}', '{"s": 0.001}', '{"s": 0.02}', '{"once": 1}', '{"snooze": 1}', '{"more": 1}');
	my $n = $more =~ /"s"/ ? int rand 20 : int rand 100;
	my $key = rand() < 0.3 ? ", key => 'key', until => " . one_of("'done'", "'start'", "'50 ms'") . ", conflict => " . one_of("'skip'", "'replace'") : '';
	return "SELECT public.ask('$handler', $n, '$more', '" . queue() . "'" .
		(rand() < 0.2 ? ", run_at => clock_timestamp() + '" . int(rand 500) . " ms'" : '') . ', priority => ' . one_of(0, 0, -1, 5) .
		(rand() < 0.2 ? ", timeout => '5 s'" : '') . "$key)";
}

sub disturb
{
	my $queue = queue();
	return one_of("SELECT estate.create_queue('$queue'" . limits() . ')', "SELECT estate.create_queue('$queue'" . limits() . ')',
		"SELECT estate.alter_queue('$queue'" . limits() . ')', "SELECT estate.alter_queue('$queue'" . limits() . ')', "SELECT estate.pause_queue('$queue')",
		"SELECT estate.resume_queue('$queue')", "SELECT estate.resume_queue('$queue')", "SELECT estate.drop_queue('$queue', cancel_jobs => " . one_of('true', 'false') . ')',
		"SELECT estate.cancel_job(id) FROM estate.job WHERE ended_at IS NULL ORDER BY random() LIMIT 3",
		"SELECT estate.snooze_job(id, '20 ms') FROM estate.job WHERE state = 'available' ORDER BY random() LIMIT 3",
		"SELECT estate.redrive(state => NULL)");
}

# three sessions do that, in a transaction now and then; what a session is refused is no matter
my $until = time + $seconds;
my $rounds = 0;
my @out = ('', '', '');
while (time < $until)
{
	my @sessions;
	for my $n (0 .. 2)
	{
		my $script = '';
		for (1 .. 12)
		{
			my $statement = rand() < 0.6 ? ask() : disturb();
			$script .= rand() < 0.2 ? "BEGIN; $statement; " . ask() . '; ' . one_of('COMMIT', 'ROLLBACK') . ";\n" : "$statement;\n";
		}
		my $file = PostgreSQL::Test::Utils::tempdir() . "/$n.sql";
		open my $fh, '>', $file or die $!;
		print $fh "SET client_min_messages = error; SET statement_timeout = '60 s';\n$script";
		close $fh;
		push @sessions, IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('estate'), '-f', $file ], '<', \undef, '>', '/dev/null', '2>>', \$out[$n]);
	}
	$_->finish for @sessions;
	$rounds++;
}
cmp_ok($rounds, '>', 2, "$rounds rounds, 36 statements each");
my %refused;
$refused{$_}++ for map { s/"[^"]*"|\d+//gr } join('', @out) =~ /ERROR:  (.*)/g;
note("refused $refused{$_} times: $_") for sort keys %refused;
is_deeply([ grep { !/^(queue  already exists|queue  does not exist|cannot drop queue|could not drop queue|deadlock detected|could not serialize|current transaction is aborted)/ } keys %refused ],
	[], 'nothing was refused but what may be');

# all may run now
query($node, "SELECT estate.resume_queue(name), estate.alter_queue(name, rate => 0, rate_by_key => 0) FROM estate_internal.queue");
eventually($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'all jobs have ended');
is(query($node, 'SELECT count(*) FROM estate.job WHERE ended_at IS NULL'), '0', 'in every view');
is(query($node, 'SELECT count(*) - count(DISTINCT id) FROM estate.job'), '0', 'each once');
is(query($node, 'SELECT count(*) FROM (SELECT DISTINCT id FROM asked) a LEFT JOIN estate.job j USING (id) WHERE j.id IS NULL'), '0', 'every job that was committed has ended');
is(query($node, q{SELECT count(*) FROM estate.job j LEFT JOIN asked a USING (id) WHERE a.id IS NULL}), '0', 'and no other');
is(query($node, q{SELECT count(*) FROM estate.job j WHERE state = 'done' AND (SELECT count(*) FROM effect e WHERE e.i = (j.args->>'i')::int) <> 1}), '0', 'what is done has its effect once');
is(query($node, q{SELECT count(*) FROM estate.job j WHERE state <> 'done' AND EXISTS (SELECT FROM effect e WHERE e.i = (j.args->>'i')::int)}), '0', 'what is not has none');
is(query($node, q{SELECT count(*) FROM effect LEFT JOIN estate.job j ON j.args->>'i' = i::text WHERE j.id IS NULL}), '0', 'and there is no effect without a job');
is(query($node, q{SELECT count(*) FROM estate_internal.job_unique WHERE until IS NULL}), '0', 'no unique key is left');
is(query($node, q{SELECT count(*) FROM estate.job WHERE state = 'dead'}), '0', 'what fails once is done in the end');
note(query($node, 'SELECT state, count(*) FROM estate.job GROUP BY 1'));

# nothing that was counted is left over: each queue still runs with the least it can have
query($node, q{SELECT estate.alter_queue(name, concurrency => 1, concurrency_local => 1, key => 'k', concurrency_by_key => 1) FROM estate_internal.queue});
query($node, q{SELECT public.ask('public.work', 20, '{"s": 0.001}', name) FROM estate_internal.queue});
eventually($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'every queue runs with a concurrency of 1');

$node->stop;
done_testing();
