# What a crash of the machine can undo, and what was asked to be kept from it.
#
# The writer of the log sleeps, so that an asynchronous commit stays in memory, and goes with an immediate stop.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = estate_node('durable', workers => 2, conf => <<'CONF');
fsync = on
wal_writer_delay = 10s
wal_writer_flush_after = 1GB
autovacuum = off
checkpoint_timeout = 1h
CONF
sub value { return query($node, @_); }

value(q{
	CREATE TABLE effect (id bigint, what text, at timestamptz DEFAULT clock_timestamp());
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS
		$$ INSERT INTO public.effect VALUES (estate.this_job(), args->>'what') $$;
	CREATE FUNCTION public.note_all(args jsonb[]) RETURNS void LANGUAGE sql AS
		$$ INSERT INTO public.effect SELECT NULL, a->>'what' FROM unnest(args) a $$;
	-- a handler asks for itself, as anybody does in his transaction
	CREATE FUNCTION public.note_durably(args jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		SET LOCAL synchronous_commit = on;
		INSERT INTO public.effect VALUES (estate.this_job(), args->>'what');
	END $$;
	SELECT estate.create_queue('plain');
	SELECT estate.create_queue('safe', durable => true);
});

# The machine crashes as soon as the effect of a job can be seen; how often it is there when all is done again after that
sub crash_after
{
	my ($what, $enqueue) = @_;

	value($enqueue);
	wait_for($node, qq{SELECT EXISTS (SELECT FROM effect WHERE what = '$what')}, 'the effect is there');
	my $at = value(qq{SELECT min(at) FROM effect WHERE what = '$what'});
	$node->stop('immediate');
	$node->start;
	my $lost = value(qq{SELECT count(*) = 0 FROM effect WHERE at = '$at'});
	wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'the jobs have ended');
	return ($lost, value(qq{SELECT count(*) FROM effect WHERE what = '$what'}));
}

my @asked = (
	# what, how it is enqueued, whether a crash may undo it
	[ 'plain', q{SELECT estate.enqueue('public.note', '{"what": "plain"}', queue => 'plain')}, 't' ],
	[ 'queue', q{SELECT estate.enqueue('public.note', '{"what": "queue"}', queue => 'safe')}, 'f' ],
	[ 'job', q{SELECT estate.enqueue('public.note', '{"what": "job"}', durable => true)}, 'f' ],
	[ 'batch', q{SELECT estate.enqueue_many('public.note_all(jsonb[])', ARRAY['{"what": "batch"}']::jsonb[], durable => true)}, 'f' ],
	[ 'handler', q{SELECT estate.enqueue('public.note_durably', '{"what": "handler"}')}, 'f' ],
	[ 'later', q{SELECT estate.enqueue('public.note', '{"what": "later"}', run_at => now() + '100 ms', durable => true)}, 'f' ],
	[ 'replaced', q{SELECT estate.enqueue('public.note', '{"what": "no"}', unique_key => 'k', run_at => now() + '1 h');
		SELECT estate.enqueue('public.note', '{"what": "replaced"}', unique_key => 'k', on_conflict => 'replace', durable => true)}, 'f' ]);
for my $case (@asked)
{
	my ($what, $enqueue, $may) = @$case;
	my ($lost, $times) = crash_after($what, $enqueue);
	is($lost, $may, "$what: " . ($may eq 't' ? 'was undone' : 'is there'));
	is($times, 1, "$what: exactly once in the end");
}

# it is read from where job_open has it, not from where the other tables do
subtest 'a job that can never run has not asked for it' => sub {
	value(q{
		CREATE FUNCTION public.fail(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$;
		SELECT estate.enqueue('public.note', '{"what": "lost"}', durable => asked, depends_on => ARRAY[blocker])
		FROM (SELECT estate.enqueue('public.fail', max_attempts => 1) AS blocker OFFSET 0) b, unnest(ARRAY[false, true]) asked});
	wait_for($node, q{SELECT count(*) = 2 FROM estate.job WHERE state = 'cancelled' AND args->>'what' = 'lost'}, 'both are cancelled');
	is(value(q{SELECT string_agg(coalesce(durable::text, 'not'), ', ' ORDER BY id) FROM estate_internal.job_ended WHERE args->>'what' = 'lost'}),
		'not, true', 'what each had asked for');
};

subtest 'a job keeps what it asked for' => sub {
	value(q{
		CREATE FUNCTION public.fail_first(args jsonb) RETURNS void LANGUAGE plpgsql AS $$
		BEGIN
			IF (SELECT attempt FROM estate.job WHERE id = estate.this_job()) = 0 THEN
				RAISE 'not yet';
			END IF;
			INSERT INTO public.effect VALUES (estate.this_job(), args->>'what');
		END $$});
	is((crash_after('retried', q{SELECT estate.enqueue('public.fail_first', '{"what": "retried"}', backoff => '{100 ms}', durable => true)}))[0], 'f',
		'when it has failed');
	value(q{SELECT estate.alter_queue('safe', durable => false)});
	is((crash_after('altered', q{SELECT estate.enqueue('public.note', '{"what": "altered"}', queue => 'safe')}))[0], 't', 'a queue as long as it says so');
	is(value(q{SELECT queue, durable FROM estate.queue_status WHERE queue IN ('plain', 'safe') ORDER BY 1}), "plain|f\nsafe|f", 'which can be seen');
};

subtest 'CALL run_jobs()' => sub {
	$node->append_conf('postgresql.conf', "estate.databases = ''");
	$node->restart;
	my $n = 3000;
	value(qq{SELECT count(*) FROM estate.enqueue_many('public.note', ARRAY(SELECT '{"what": "call"}'::jsonb FROM generate_series(1, $n)))});
	value('CHECKPOINT');
	my $out = $node->safe_psql('estate', q{
		SET client_min_messages = error;
		SELECT wal_sync AS before FROM pg_stat_wal \gset
		CALL estate.run_jobs();
		SELECT pg_stat_force_next_flush() \g /dev/null
		SELECT wal_sync - :before FROM pg_stat_wal});
	$node->stop('immediate');
	my ($done, $syncs) = $out =~ /^(\d+)\|0\n(\d+)$/;
	is($done, $n, 'has done all');
	cmp_ok($syncs, '<', 20, 'with few flushes');
	$node->start;
	is(value(q{SELECT count(*) FROM effect WHERE what = 'call'}), $n, 'and what it has done is there when it has returned, whatever becomes of the machine');
	is(value(q{SELECT count(*) FROM estate.job WHERE args->>'what' = 'call' AND state = 'done'}), $n, 'with the ends of the jobs');
};

$node->stop('immediate');
done_testing();
