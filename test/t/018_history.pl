# What is kept of ended jobs, and what is counted: the counts are those of the rows, whatever happens; old jobs are
# forgotten part by part; figures of handlers; progress.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = estate_node('history', workers => 3, conf => "max_prepared_transactions = 4\nautovacuum = off\n");
sub value { return query($node, @_); }

query($node, q{
	CREATE SCHEMA crew;
	CREATE TABLE crew.gate (open bool);
	INSERT INTO crew.gate VALUES (false);
	CREATE FUNCTION crew.note(jsonb) RETURNS void LANGUAGE sql AS 'SELECT';
	CREATE FUNCTION crew.notes(jsonb[]) RETURNS void LANGUAGE sql AS 'SELECT';
	CREATE FUNCTION crew.fail(jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;
	CREATE FUNCTION crew.later(jsonb) RETURNS void LANGUAGE sql AS $$ SELECT estate.snooze_job(estate.this_job(), '1 hour') $$;
	CREATE FUNCTION crew.answer(args jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT args || '{"answer": 42}' $$;
	-- in hand until the gate opens
	CREATE FUNCTION crew.wait(jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM estate.report_progress(3, 10, repeat('ü', 100));
		LOOP
			EXIT WHEN (SELECT open FROM crew.gate);
			PERFORM pg_sleep(0.01);
		END LOOP;
	END $$;
	SELECT estate.create_queue('still');
	SELECT estate.pause_queue('still');
	SELECT estate.create_queue('tenants', key => 'k', concurrency_by_key => 1);
	SELECT estate.create_queue('few', keep_most => 100);
	SELECT estate.create_queue('brief', keep_for => '1 day');
	-- what the counts must say: the rows, by the states that they are counted as
	CREATE VIEW crew.by_rows AS
	SELECT queue, state, count(*) AS n FROM (
		SELECT queue, 'ready' AS state FROM estate_internal.job_ready
		UNION ALL SELECT queue, CASE WHEN waits_for = 'jobs' THEN 'blocked' WHEN waits_for = 'key' OR waited IS NOT NULL THEN 'open'
			WHEN attempt > 0 THEN 'retryable' WHEN run_at <= enqueued_at THEN 'open' ELSE 'scheduled' END FROM estate_internal.job_open
		UNION ALL SELECT queue, state FROM estate_internal.job_ended) r GROUP BY queue, state;
	CREATE VIEW crew.by_counts AS
	SELECT queue, state, n FROM estate.queue_counts(), LATERAL (VALUES ('ready', ready), ('open', open), ('scheduled', scheduled),
		('retryable', retryable), ('blocked', blocked), ('done', done), ('dead', dead), ('cancelled', cancelled)) v(state, n) WHERE n <> 0;
	CREATE VIEW crew.difference AS
	(SELECT 'rows' AS by, * FROM crew.by_rows EXCEPT SELECT 'rows', * FROM crew.by_counts)
	UNION ALL (SELECT 'counts', * FROM crew.by_counts EXCEPT SELECT 'counts', * FROM crew.by_rows);
	-- queue_status has the counts of shared memory, and they are no rows: what a superuser deletes is not seen
	CREATE FUNCTION crew.is_counted() RETURNS bool LANGUAGE plpgsql AS $$
	DECLARE before bigint; after bigint;
	BEGIN
		SELECT sum(done) INTO before FROM estate.queue_status;
		BEGIN
			DELETE FROM estate_internal.job_ended WHERE state = 'done';
			SELECT sum(done) INTO after FROM estate.queue_status;
			RAISE EXCEPTION 'undone';
		EXCEPTION WHEN raise_exception THEN
		END;
		RETURN before > 0 AND before = after;
	END $$;
});

# nothing that can run is left, and nothing is in hand
sub wait_until_drained
{
	wait_for($node, q{SELECT NOT EXISTS (SELECT FROM estate_internal.job_ready WHERE queue <> 'still')
		AND NOT EXISTS (SELECT FROM estate_internal.job_open WHERE waits_for = 'key' OR (waits_for = 'time' AND run_at < clock_timestamp() + '10 s'))
		AND NOT EXISTS (SELECT FROM estate.running_jobs())}, 'all has been run');
	return;
}

sub counts_are_right { my ($name) = @_; return is(value('SELECT * FROM crew.difference'), '', $name); }

subtest 'counts are those of the rows' => sub {
	query($node, q{
		SELECT estate.enqueue('crew.note', queue => q) FROM unnest(ARRAY['default', 'still', 'brief', 'never created']) q, generate_series(1, 50);
		SELECT estate.enqueue('crew.note', args => jsonb_build_object('k', i % 3), queue => 'tenants', priority => i % 3 - 1) FROM generate_series(1, 200) i;
		SELECT estate.enqueue_many('crew.notes(jsonb[])', array_fill('{}'::jsonb, ARRAY[300]));
		SELECT estate.enqueue('crew.fail', max_attempts => 1 + i % 2, backoff => ARRAY['10 ms'::interval]) FROM generate_series(1, 40) i;
		SELECT estate.enqueue('crew.fail', backoff => ARRAY['1 hour'::interval]) FROM generate_series(1, 7);
		SELECT estate.enqueue('crew.note', run_at => now() + make_interval(secs => i * 0.01)) FROM generate_series(1, 50) i;
		SELECT estate.enqueue('crew.note', run_at => now() + '1 day') FROM generate_series(1, 5);
		SELECT estate.enqueue('crew.later') FROM generate_series(1, 3);
		SELECT estate.cancel_job(estate.enqueue('crew.note', run_at => now() + '1 day')) FROM generate_series(1, 4);
		SELECT estate.cancel_job(estate.enqueue('crew.note', queue => 'still')) FROM generate_series(1, 2);
		SELECT estate.enqueue('crew.note', depends_on => ARRAY[estate.enqueue('crew.note', run_at => now() + '1 day')]);
		SELECT estate.enqueue('crew.note', depends_on => ARRAY[estate.enqueue('crew.fail', max_attempts => 1)]);
		SELECT estate.enqueue('crew.note', depends_on => ARRAY[estate.enqueue('crew.note')]);
	});
	# aborts, of transactions and of parts of them
	$node->safe_psql('estate', $_) foreach
		q{BEGIN; SELECT estate.enqueue('crew.note') FROM generate_series(1, 9); ROLLBACK},
		q{BEGIN; SELECT estate.enqueue('crew.note', queue => 'still'); SAVEPOINT a; SELECT estate.enqueue('crew.note', queue => 'still') FROM generate_series(1, 9);
			SAVEPOINT b; SELECT estate.enqueue('crew.note', queue => 'brief'); RELEASE b; ROLLBACK TO a; SELECT estate.enqueue('crew.note', queue => 'still'); COMMIT},
		q{BEGIN; SAVEPOINT a; SELECT estate.enqueue('crew.note', queue => 'still'); SAVEPOINT b; SELECT estate.enqueue('crew.note', queue => 'still'); RELEASE b; RELEASE a; COMMIT};
	wait_until_drained();
	counts_are_right('after a bit of everything');
	cmp_ok(value('SELECT count(DISTINCT state) FROM crew.by_rows'), '>=', 7, 'of many states');
	is(value(q{SELECT available, retryable, scheduled, done, cancelled, paused, keep_for FROM estate.queue_status WHERE queue = 'still'}),
		'54|0|0|0|2|t|7 days', 'queue_status shows them with the queue');
	is(value('SELECT crew.is_counted()'), 't', 'without counting rows');
	like(value(q{SELECT oldest_available FROM estate.queue_status WHERE queue = 'still'}), qr/^20/, 'and knows since when the first one waits');
	is(value(q{SELECT oldest_available = (SELECT min(enqueued_at) FROM estate_internal.job_ready WHERE queue = 'still') FROM estate.queue_status WHERE queue = 'still'}),
		't', 'which is so');
};

subtest 'what people do with jobs is counted' => sub {
	cmp_ok(value('SELECT estate.redrive()'), '>=', 40, 'dead jobs run again');
	query($node, q{SELECT estate.retry_job(id) FROM (SELECT id FROM estate.job WHERE state = 'retryable' LIMIT 3) j});
	query($node, q{SELECT estate.retry_job(id) FROM (SELECT id FROM estate.job WHERE state = 'scheduled' LIMIT 3) j});
	query($node, q{SELECT estate.snooze_job(id, '2 days') FROM (SELECT id FROM estate.job WHERE state IN ('scheduled', 'available') AND queue <> 'still' LIMIT 3) j});
	query($node, q{SELECT estate.cancel_job(id) FROM (SELECT id FROM estate.job WHERE state = 'blocked' LIMIT 1) j});
	query($node, q{SELECT estate.enqueue('crew.note', unique_key => 'u', run_at => now() + '1 day'); SELECT estate.enqueue('crew.note', unique_key => 'u', queue => 'still', on_conflict => 'replace')});
	query($node, q{SELECT estate.create_queue('doomed'); SELECT estate.pause_queue('doomed'); SELECT estate.enqueue('crew.note', queue => 'doomed') FROM generate_series(1, 8);
		SELECT estate.enqueue('crew.note', queue => 'doomed', run_at => now() + '1 day')});
	is(value(q{SELECT estate.drop_queue('doomed', cancel_jobs => true)}), 9, 'a queue is dropped with its jobs');
	query($node, q{SELECT estate.create_queue('slow', rate => 1, rate_period => '1 hour'); SELECT estate.enqueue('crew.note', queue => 'slow') FROM generate_series(1, 4)});
	query($node, q{SELECT estate.alter_queue('slow', rate => 0)});
	wait_until_drained();
	counts_are_right('retry, redrive, snooze, cancel, replace, drop_queue, a rate taken away');
};

subtest 'counted anew after a crash, while jobs come and go' => sub {
	# enough to be counted for a while
	query($node, q{INSERT INTO estate_internal.job_ended_0 SELECT e.* FROM (SELECT * FROM estate_internal.job_ended_0 WHERE state = 'done' AND queue = 'default' LIMIT 100) e, generate_series(1, 5000)});
	$node->stop('immediate');
	$node->start;
	my $out = '';
	my @clients = map { background($node, q{DO $$ BEGIN FOR i IN 1 .. 400 LOOP PERFORM estate.enqueue('crew.note', queue => (ARRAY['default', 'brief', 'tenants'])[1 + i % 3], args => jsonb_build_object('k', i % 5));
		COMMIT; PERFORM estate.enqueue('crew.note'); ROLLBACK; END LOOP; END $$}, \$out) } 1 .. 2;
	$_->finish foreach @clients;
	is($out, '', 'clients enqueued meanwhile');
	wait_for($node, 'SELECT crew.is_counted()', 'the rows are counted');
	wait_until_drained();
	counts_are_right('nothing was missed, nothing counted twice');
};

subtest 'a prepared transaction commits without a word' => sub {
	wait_until_idle($node);
	# one that is under way when rows are counted, and commits after that
	my $late = $node->background_psql('estate');
	$late->query_safe(q{SET client_min_messages = error; BEGIN; SELECT estate.enqueue('crew.note', queue => 'still') FROM generate_series(1, 13)});
	$node->safe_psql('estate', q{BEGIN; SELECT estate.enqueue('crew.note', queue => 'still') FROM generate_series(1, 11); PREPARE TRANSACTION 'p'});
	query($node, q{COMMIT PREPARED 'p'});
	# whatever wakes a worker has it look
	wait_for($node, q{SELECT estate.enqueue('crew.note') > 0 AND NOT EXISTS (SELECT FROM crew.difference)}, 'the jobs have been counted again');
	counts_are_right('and are in the counts');
	$late->query_safe('COMMIT');
	$late->quit;
	counts_are_right('as are those of a transaction that the count of the rows did not see');
};

subtest 'old jobs are forgotten' => sub {
	my $parts = q{SELECT string_agg(inhrelid::regclass::text, ' ' ORDER BY inhrelid) FROM pg_inherits WHERE inhparent = 'estate_internal.job_ended'::regclass};

	# a round of the tidier is due at once after a start of the server
	$node->restart;
	query($node, q{SELECT estate.enqueue('crew.note')});
	wait_for($node, qq{SELECT count(*) > 1 FROM pg_inherits WHERE inhparent = 'estate_internal.job_ended'::regclass}, 'a new part is begun, since the first is large');
	like(value($parts), qr/job_ended_0 .*job_ended_1/, 'the old one is there');
	query($node, q{SELECT estate.enqueue('crew.note')});
	wait_until_drained();
	counts_are_right('a part more');
	cmp_ok(value('SELECT count(*) FROM estate_internal.job_ended_1'), '>', 0, 'jobs go into it');
	is(value(q{SELECT count(*) FROM pg_index WHERE indrelid = 'estate_internal.job_ended_1'::regclass}), 0, 'it has no index while it is written');

	# a queue that keeps less: its rows go, and only those
	query($node, q{SELECT estate.enqueue('crew.note', queue => 'brief') FROM generate_series(1, 5)});
	wait_until_drained();
	my $brief = value(q{SELECT count(*) FROM estate_internal.job_ended WHERE queue = 'brief'});
	query($node, q{UPDATE estate_internal.job_ended_1 SET ended_at = ended_at - interval '2 days' WHERE queue IN ('brief', 'default')});
	my $default = value(q{SELECT count(*) FROM estate_internal.job_ended_1 WHERE queue = 'default'});
	query($node, q{SELECT estate.enqueue('crew.note', queue => 'few') FROM generate_series(1, 250)});
	wait_until_drained();
	is(value(q{SELECT count(*) FROM estate_internal.job_ended WHERE queue = 'few'}), 250, 'more than keep_most, until it is tidied up');
	$node->restart;
	query($node, q{SELECT estate.enqueue('crew.note', queue => 'tenants')});
	wait_for($node, q{SELECT count(*) = 0 FROM estate_internal.job_ended_1 WHERE queue = 'brief'}, 'jobs that are too old for their queue are gone');
	wait_for($node, q{SELECT count(*) = 100 FROM estate_internal.job_ended WHERE queue = 'few'}, 'and those that are too many');
	is(value(q{SELECT count(*) >= } . $default . q{ FROM estate_internal.job_ended_1 WHERE queue = 'default'}), 't', 'as old ones of another queue are not');
	wait_until_drained();
	counts_are_right('what was deleted is not counted any more');

	# all of a part is older than any queue keeps, but somebody reads it: a prepared transaction does so across a restart
	query($node, q{UPDATE estate_internal.job_ended_0 SET ended_at = ended_at - interval '8 days'});
	query($node, q{SELECT estate.enqueue('crew.note', queue => 'few') FROM generate_series(1, 50)});
	wait_until_drained();
	$node->safe_psql('estate', q{BEGIN; SELECT count(*) FROM estate_internal.job_ended_0 WHERE false; PREPARE TRANSACTION 'reader'});
	$node->restart;
	query($node, q{SELECT estate.enqueue('crew.note')});
	wait_for($node, q{SELECT count(*) = 100 FROM estate_internal.job_ended WHERE queue = 'few'}, 'the tidier goes on');
	is(value(q{SELECT to_regclass('estate_internal.job_ended_0') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted)}), 't', 'it does not wait for a reader');
	query($node, q{COMMIT PREPARED 'reader'});
	$node->restart;
	query($node, q{SELECT estate.enqueue('crew.note')});
	wait_for($node, q{SELECT to_regclass('estate_internal.job_ended_0') IS NULL}, 'the part is dropped');
	wait_until_drained();
	counts_are_right('with its jobs');
};

subtest 'what runs, and how' => sub {
	my $id = value(q{SELECT estate.enqueue('crew.wait', queue => 'brief')});
	wait_for($node, "SELECT done = 3 FROM estate.progress WHERE kind = 'job' AND id = $id", 'it reports');
	is(value("SELECT name, queue, role, done, total, note = repeat('ü', 63), pid IN (SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_estate worker'),
		started_at BETWEEN now() - interval '1 minute' AND clock_timestamp() FROM estate.progress WHERE id = $id"),
		join('|', 'crew.wait(jsonb)', 'brief', value('SELECT current_user'), 3, 10, 't', 't', 't'), 'progress shows the job, the worker, and what it said, cut between characters');
	is(value(q{SELECT running, available FROM estate.queue_status WHERE queue = 'brief'}), '1|0', 'queue_status shows it running');
	query($node, 'UPDATE crew.gate SET open = true');
	wait_until_drained();
	is(value("SELECT count(*) FROM estate.progress WHERE id = $id"), 0, 'and then no more');
	counts_are_right('it is counted as done');
	query($node, q{SELECT estate.enqueue('crew.answer', '{"question": 1}'); SELECT estate.enqueue('crew.fail', queue => 'brief', max_attempts => 1) FROM generate_series(1, 3);
		SELECT estate.enqueue('crew.later', queue => 'brief'); SELECT estate.enqueue_many('crew.notes(jsonb[])', array_fill('{}'::jsonb, ARRAY[100]), queue => 'brief')});
	wait_until_drained();
	is(value(q{SELECT result FROM estate.job WHERE handler = 'crew.answer(jsonb)'}), '{"answer": 42, "question": 1}', 'what a handler returns is kept');
	is(value(q{SELECT handler, done, failed, dead, snoozed, cancelled, last_minute FROM estate.metrics WHERE queue = 'brief' AND handler <> 'crew.note(jsonb)' ORDER BY handler}),
		"crew.fail(jsonb)|0|3|3|0|0|3\ncrew.later(jsonb)|0|0|0|1|0|0\ncrew.notes(jsonb[])|100|0|0|0|0|100\ncrew.wait(jsonb)|1|0|0|0|0|1", 'metrics by queue and handler');
	is(value(q{SELECT (SELECT sum(b) FROM unnest(latency) b), (SELECT sum(b) FROM unnest(run_time) b), cardinality(run_time) FROM estate.metrics
		WHERE queue = 'brief' AND handler = 'crew.notes(jsonb[])'}), '100|100|24', 'each job is in both histograms');
	is(value(q{SELECT run_time_p50_ms > 5 AND run_time_p99_ms >= run_time_p50_ms FROM estate.metrics WHERE handler = 'crew.wait(jsonb)'}), 't', 'a slow handler is seen to be slow');
	is(value(q{SELECT latency_p50_ms BETWEEN 0 AND 60000 FROM estate.metrics WHERE handler = 'crew.fail(jsonb)' AND queue = 'brief'}), 't', 'and how long jobs waited');
};

$node->stop;
done_testing();
