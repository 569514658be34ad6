# Workers take jobs up by themselves: at commit, when due, beside a slow one; and as who enqueued them.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = estate_node('woken', workers => 3, conf => "max_prepared_transactions = 4\n");
$node->safe_psql('estate', q{
	CREATE TABLE effect (what text, who text DEFAULT current_user);
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS
		$$ INSERT INTO public.effect (what) VALUES (args->>'what') $$;
	CREATE FUNCTION public.slow(args jsonb) RETURNS void LANGUAGE sql AS $$ SELECT pg_sleep(60) $$;
});
sub value { return query($node, @_); }
sub state_of { my ($id) = @_; return value("SELECT state FROM estate.job WHERE id = $id"); }
sub note_job { my ($what, $more) = @_; return "estate.enqueue('public.note', '{\"what\": \"$what\"}'" . ($more // '') . ')'; }

sub wait_for_state
{
	my ($id, $state) = @_;
	wait_for($node, "SELECT state = '$state' FROM estate.job WHERE id = $id", "job $id is $state");
	return;
}

# milliseconds from enqueue, or from when it was due, to its end
sub milliseconds
{
	my ($id) = @_;
	wait_for_state($id, 'done');
	return value("SELECT round(extract(epoch FROM ended_at - greatest(enqueued_at, run_at)) * 1000) FROM estate.job WHERE id = $id");
}

subtest 'an idle database is woken by the commit' => sub {
	for my $round (1 .. 2)
	{
		wait_until_idle($node);
		my $ms = milliseconds(value('SELECT ' . note_job("round $round")));
		cmp_ok($ms, '<', 900, "done $ms ms after it was enqueued, with the workers at rest");
	}
	my $ms = milliseconds(value('SELECT ' . note_job('warm')));
	cmp_ok($ms, '<', 500, "done $ms ms after it was enqueued, a moment after another");
};

subtest 'run_at is kept, though the workers rest meanwhile' => sub {
	my $id = value('SELECT ' . note_job('in time', ", run_at => clock_timestamp() + '5 s'"));
	is(state_of($id), 'scheduled', 'it waits');
	wait_until_idle($node);
	is(state_of($id), 'scheduled', 'the workers do, too');
	my $ms = milliseconds($id);
	cmp_ok($ms, '>=', 0, 'not before its time');
	cmp_ok($ms, '<', 2000, "done $ms ms after its time");
};

subtest 'what is rolled back never runs' => sub {
	$node->safe_psql('estate', 'BEGIN; SELECT ' . note_job('aborted') . '; ROLLBACK');
	$node->safe_psql('estate', 'BEGIN; SAVEPOINT s; SELECT ' . note_job('aborted') . '; ROLLBACK TO s; COMMIT');
	milliseconds(value('SELECT ' . note_job('committed')));
	is(value("SELECT count(*) FROM effect WHERE what = 'aborted'"), 0, 'no effect');
	is(value("SELECT count(*) FROM estate.job WHERE args->>'what' = 'aborted'"), 0, 'and no job');
};

subtest 'two-phase commit' => sub {
	$node->safe_psql('estate', q{BEGIN; CREATE TABLE ours AS SELECT } . note_job('prepared') . q{ AS id; PREPARE TRANSACTION 'p'});
	milliseconds(value('SELECT ' . note_job('beside it')));
	is(value("SELECT count(*) FROM effect WHERE what = 'prepared'"), 0, 'not before COMMIT PREPARED');
	wait_until_idle($node);
	$node->safe_psql('estate', "COMMIT PREPARED 'p'");
	$node->reload;
	wait_for_state(value('SELECT id FROM ours'), 'done');
	is(value("SELECT count(*) FROM effect WHERE what = 'prepared'"), 1, 'after it, once');
};

subtest 'others run beside a slow one' => sub {
	wait_until_idle($node);
	# in one transaction, the slow one first: the worker that takes it must not keep the others
	my ($slow, @quick) = split /\n/, value(
		"SELECT estate.enqueue('public.slow', max_attempts => 1) UNION ALL SELECT " . note_job('with it') . ' FROM generate_series(1, 3)');
	wait_for_state($slow, 'running');
	my @took = map { milliseconds($_) } @quick;
	ok(!(grep { $_ > 2000 } @took), "those enqueued with it: @took ms");
	is(state_of($slow), 'running', 'it still runs');
	is(value("SELECT running FROM estate.queue_status WHERE queue = 'default'"), 1, 'queue_status shows it');

	wait_for($node, "SELECT busy = 1 FROM estate_code.served_databases() WHERE name = 'estate'", 'the others rest');
	my $ms = milliseconds(value('SELECT ' . note_job('after it')));
	cmp_ok($ms, '<', 2000, "one enqueued later, when the other worker rests: $ms ms");

	my ($pid) = split /\n/, value("SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND wait_event = 'PgSleep'");
	is(value("SELECT pg_cancel_backend($pid)"), 't', 'its statement is cancelled');
	wait_for_state($slow, 'dead');
	is(value("SELECT errors->0->>'sqlstate' FROM estate.job WHERE id = $slow"), '57014', 'that is a failed attempt');
	is(value("SELECT count(*) FROM pg_stat_activity WHERE pid = $pid"), 1, 'its worker lives on');

	my $unwanted = value("SELECT estate.enqueue('public.slow')");
	wait_for_state($unwanted, 'running');
	is(value("SELECT estate.cancel_job($unwanted)"), 't', 'a running job is told to stop');
	wait_for_state($unwanted, 'cancelled');
	is(value("SELECT attempt FROM estate.job WHERE id = $unwanted"), 0, 'and is not tried again');
	my $hasty = value("SELECT estate.enqueue('public.slow', max_attempts => 1, timeout => '200 ms')");
	wait_for_state($hasty, 'dead');
	like(value("SELECT errors->0->>'message' FROM estate.job WHERE id = $hasty"), qr/longer than its timeout of 200 ms/, 'a timeout is a failed attempt');
	is(value("SELECT count(*) FROM pg_stat_activity WHERE pid = $pid"), 1, 'its worker lives on');
};

subtest 'no handler runs as a superuser, whoever it was written by' => sub {
	$node->safe_psql('estate', q{
		CREATE ROLE anna; GRANT estate_operator TO anna;
		CREATE SCHEMA anna AUTHORIZATION anna;
		CREATE TABLE anna.seen (what text);
		ALTER TABLE anna.seen OWNER TO anna;
		SET ROLE anna;
		CREATE FUNCTION anna.try(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO anna.seen SELECT current_user;
			EXECUTE args->>'sql';
			INSERT INTO anna.seen SELECT 'got away with ' || (args->>'sql') || ' as ' || current_user;
		END $$;
		CREATE FUNCTION anna.spring() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO anna.seen VALUES ('the trap sprang as ' || current_user); RETURN NULL; END $$;
		CREATE TABLE anna.trap (x int);
		CREATE CONSTRAINT TRIGGER spring AFTER INSERT ON anna.trap DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION anna.spring();
		SELECT estate.enqueue('anna.try', jsonb_build_object('sql', sql), max_attempts => 1) FROM unnest(ARRAY[
			'SET ROLE postgres', 'RESET ROLE', 'SET SESSION AUTHORIZATION postgres', 'RESET SESSION AUTHORIZATION',
			'CREATE ROLE evil SUPERUSER', 'ALTER ROLE anna SUPERUSER', 'CREATE TEMP TABLE t (x int)',
			'SET CONSTRAINTS ALL DEFERRED; INSERT INTO anna.trap VALUES (1)', 'COPY (SELECT 1) TO PROGRAM ''true''', 'PREPARE mine AS SELECT 1', 'LISTEN estate']) sql;
		SELECT estate.enqueue('anna.try', '{"sql": "INSERT INTO anna.trap VALUES (2)"}', max_attempts => 1);
		SELECT estate.enqueue('anna.try', '{"sql": "SELECT pg_advisory_lock(4711); SET work_mem = ''64kB''"}', max_attempts => 1);
		RESET ROLE;
		CREATE FUNCTION public.look(jsonb) RETURNS void LANGUAGE sql AS $$
			INSERT INTO public.effect (what) SELECT concat_ws(',', current_setting('search_path'), current_setting('work_mem'),
				(SELECT count(*) FROM pg_prepared_statements), (SELECT count(*) FROM pg_locks WHERE objid = 4711)) $$;
	});
	wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'all have ended');
	is(value("SELECT count(*), string_agg(DISTINCT errors->0->>'sqlstate', ',') FROM estate.job WHERE role = 'anna'::regrole AND state = 'dead'"),
		'11|42501', 'what it tries is refused');
	is(value("SELECT count(*) FROM anna.seen WHERE what LIKE '% as %' AND what NOT LIKE '% as anna'"), 0, 'nothing ran as anybody else');
	is(value("SELECT count(*) FROM anna.seen WHERE what = 'the trap sprang as anna'"), 1, 'a deferred trigger fires as the handler');
	is(value("SELECT count(*) FROM pg_roles WHERE rolname = 'evil' OR rolname = 'anna' AND rolsuper"), 0, 'no rights were won');
	milliseconds(value("SELECT estate.enqueue('public.look')"));
	is(value("SELECT what, who FROM effect WHERE what LIKE 'pg_catalog%'"), 'pg_catalog, pg_temp,4MB,0,0|postgres',
		'nothing is left in the session for the next one');
};

subtest 'a whole batch of failures and good ones' => sub {
	$node->safe_psql('estate', q{
		CREATE FUNCTION public.every_third(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO public.effect (what) VALUES ('third ' || (args->>'i'));
			IF (args->>'i')::int % 3 = 0 THEN RAISE 'no'; END IF;
		END $$;
		SELECT estate.enqueue('public.every_third', jsonb_build_object('i', i), max_attempts => 1) FROM generate_series(1, 300) i;
	});
	wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'all have ended');
	is(value(q{SELECT count(*), count(DISTINCT what), count(*) FILTER (WHERE substr(what, 7)::int % 3 = 0) FROM effect WHERE what LIKE 'third %'}),
		'200|200|0', 'a failure undoes itself and nothing else');
	is(value(q{SELECT state, count(*) FROM estate.job WHERE handler LIKE '%every_third%' GROUP BY 1 ORDER BY 1}), "dead|100\ndone|200", 'and each is told apart');
};

subtest 'disabled workers leave jobs alone, enabled ones take them up' => sub {
	$node->safe_psql('estate', 'SELECT estate.disable_workers()');
	my $id = value('SELECT ' . note_job('asleep'));
	wait_until_idle($node);
	is(state_of($id), 'available', 'nothing runs it');
	$node->safe_psql('estate', 'SELECT estate.enable_workers()');
	wait_for_state($id, 'done');
	pass('until they are enabled');
};

$node->stop;
done_testing();
