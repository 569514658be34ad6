# CREATE PUBLICATION .. FOR ALL TABLES in the database of the queue: everything works there, the queue is not sent, and a
# subscriber, of the same tables, stays quiet until it is told otherwise, and then runs nothing that is the publisher's.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir();
my $node = estate_node('publisher', workers => 2, conf => "wal_level = logical\nmax_wal_senders = 10\nmax_replication_slots = 10\nautovacuum = off\nfsync = off\n");
query($node, q{
	CREATE TABLE effect (what text);
	CREATE TABLE facts (i int PRIMARY KEY);
	CREATE TABLE gate (open bool);
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES (args->>'what') $$;
	CREATE FUNCTION public.fail(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;
	CREATE FUNCTION public.wait(jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		WHILE NOT EXISTS (SELECT FROM public.gate) LOOP PERFORM pg_sleep(0.05); END LOOP;
		INSERT INTO public.effect VALUES ('waited');
	END $$;
	SELECT estate.create_queue('still');
	SELECT estate.create_queue('brief', keep_for => '1 day');
	SELECT estate.pause_queue('still');
});

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$subscriber->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_estate'\nestate.databases = 'estate'\nmax_worker_processes = 16\nfsync = off\nlog_statement = none\n");
$subscriber->start;

sub drained
{
	my ($on, $name) = @_;
	return wait_for($on, q{SELECT count(*) = 0 FROM estate.job WHERE state IN ('available', 'running') AND queue <> 'still'}, $name // 'all is run');
}

sub caught_up
{
	my ($name) = @_;
	my $lsn = $node->safe_psql('estate', 'SELECT pg_current_wal_insert_lsn()');
	return ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_replication WHERE application_name = 's' AND replay_lsn >= '$lsn'"), $name);
}

# what stands in the tables of the queue
sub queue_rows
{
	my ($on) = @_;
	return query($on, q{SELECT (SELECT count(*) FROM estate_internal.job_ready), (SELECT count(*) FROM estate_internal.job_open),
		(SELECT count(*) FROM estate_internal.job_ended), (SELECT count(*) FROM estate_internal.job_unique),
		(SELECT count(*) FROM estate_internal.job_dependency), (SELECT count(*) FROM estate_internal.job_cancel)});
}

# rows of each kind are there when the publication begins
query($node, q{
	SELECT estate.enqueue('public.note', '{"what": "before"}') FROM generate_series(1, 100);
	SELECT estate.enqueue('public.note', '{"what": "still before"}', queue => 'still') FROM generate_series(1, 10);
	SELECT estate.enqueue('public.note', '{"what": "later"}', run_at => now() + '1 hour', unique_key => 'later');
	INSERT INTO facts VALUES (1);
});
drained($node);
my $schema = "$dir/schema.sql";
my $named = q{SELECT ok, detail FROM estate.doctor() WHERE "check" = 'publications'};
is(query($node, $named), 't|none has tables of the queue', 'doctor() knows of no publication of the queue');
query($node, 'CREATE PUBLICATION everything FOR ALL TABLES');
is(query($node, $named), 't|tables of the queue are in everything: a subscriber has to have tables of their names', 'and of one');
system_or_bail('pg_dump', '--schema-only', '--no-publications', '-f', $schema, '-d', $node->connstr('estate'));
$subscriber->safe_psql('postgres', 'CREATE DATABASE estate');
system_or_bail('psql', '-Xqv', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $schema, '-d', $subscriber->connstr('estate'));
$subscriber->safe_psql('estate', "CREATE SUBSCRIPTION s CONNECTION '" . $node->connstr . " dbname=estate' PUBLICATION everything");
ok($subscriber->poll_query_until('estate', q{SELECT count(*) FILTER (WHERE srsubstate NOT IN ('r', 's')) = 0 FROM pg_subscription_rel}), 'the tables are copied');
caught_up('the subscriber has all');

subtest 'all that writes the queue works' => sub {
	my $id = query($node, q{SELECT estate.enqueue('public.note', '{"what": "cancelled"}', queue => 'still')});
	is(query($node, "SELECT estate.cancel_job($id)"), 't', 'cancel a waiting job');
	is(query($node, "SELECT estate.retry_job($id)"), 't', 'retry it');
	drained($node);
	eventually($node, "SELECT count(*) = 1 FROM estate_internal.job_ready WHERE id = $id", 'it waits in its lane again');
	is(query($node, "SELECT estate.snooze_job($id, '1 hour')"), 't', 'snooze a waiting job');
	is(query($node, q{SELECT estate.enqueue('public.note', '{"what": "replaced"}', queue => 'still', unique_key => 'u') = estate.enqueue('public.note',
		'{"what": "by this"}', queue => 'still', unique_key => 'u', on_conflict => 'replace')}), 't', 'replace a waiting job');

	query($node, q{SELECT estate.enqueue('public.fail', max_attempts => 1) FROM generate_series(1, 5)});
	wait_for($node, q{SELECT count(*) = 5 FROM estate.job WHERE state = 'dead'}, 'they are dead');
	is(query($node, q{SELECT estate.redrive(state => 'dead')}), 5, 'redrive');
	wait_for($node, q{SELECT count(*) = 5 FROM estate.job WHERE state = 'dead'}, 'they are dead again');

	query($node, q{SELECT estate.create_queue('gone'); SELECT estate.pause_queue('gone')});
	query($node, q{SELECT estate.enqueue('public.note', queue => 'gone') FROM generate_series(1, 20);
		SELECT estate.enqueue('public.note', queue => 'gone', run_at => now() + '1 h')});
	is(query($node, q{SELECT estate.drop_queue('gone', cancel_jobs => true)}), 21, 'drop a queue with its jobs');
	is(query($node, q{SELECT count(*) FROM estate.job WHERE queue = 'gone' AND state = 'cancelled'}), 21, 'which are in the history');

	query($node, q{SELECT estate.disable_workers()});
	query($node, q{SELECT estate.enqueue('public.note', '{"what": "by a session"}') FROM generate_series(1, 10)});
	is(query($node, 'CALL estate.run_jobs()'), '10|0', 'run_jobs()');
	query($node, q{SELECT estate.enable_workers()});
};

subtest 'the history' => sub {
	query($node, q{SELECT estate.enqueue('public.note', '{"what": "old"}', queue => 'brief') FROM generate_series(1, 20)});
	drained($node);
	query($node, q{SELECT estate.disable_workers()});
	# as if a part had been begun long ago
	query($node, q{DO $$ DECLARE part regclass; BEGIN FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'estate_internal.job_ended'::regclass LOOP
		EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', part); EXECUTE format('UPDATE %s SET ended_at = ended_at - ''2 days''::interval', part);
		EXECUTE format('ALTER TABLE %s REPLICA IDENTITY DEFAULT', part); END LOOP; END $$});
	# where there are no workers
	$node->append_conf('postgresql.conf', "estate.databases = ''");
	$node->reload;
	wait_for($node, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type IN ('pg_estate worker', 'pg_estate tidier')}, 'the workers are gone');
	is(query($node, 'CALL estate.run_jobs()'), '0|0', 'a session tidies up');
	is(query($node, q{SELECT count(*) FROM estate.job WHERE queue = 'brief'}), 0, 'rows that have expired are deleted');
	is(query($node, q{SELECT count(*) > 1 FROM pg_inherits WHERE inhparent = 'estate_internal.job_ended'::regclass}), 't', 'another part was begun');
	$node->append_conf('postgresql.conf', "estate.databases = 'estate'");
	$node->reload;
	query($node, q{SELECT estate.enable_workers()});
	query($node, q{SELECT estate.enqueue('public.note', '{"what": "in the new part"}') FROM generate_series(1, 20)});
	drained($node);
	query($node, 'INSERT INTO facts VALUES (2)');
	caught_up('the subscriber goes on');
	is(query($subscriber, 'SELECT count(*) FROM facts'), 2, 'with what it is there for');
};

subtest 'a crash' => sub {
	query($node, q{SELECT estate.enqueue('public.wait')});
	wait_for($node, q{SELECT count(*) = 1 FROM estate.job WHERE state = 'running'}, 'it runs');
	query($node, q{SELECT estate.enqueue('public.note', '{"what": "after the crash"}') FROM generate_series(1, 10)});
	my $log = -s $node->logfile;
	my ($pid) = split /\n/, query($node, q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND application_name = 'pg_estate jobs' AND wait_event = 'PgSleep'});
	kill 'KILL', $pid or die "could not kill $pid: $!\n";
	$node->wait_for_log(qr/terminated by signal 9/, $log);
	wait_for($node, 'SELECT true', 'the server is there again');
	query($node, 'INSERT INTO gate VALUES (true)');
	drained($node, 'suspects and all others are run');
	is(query($node, q{SELECT count(*) FROM effect WHERE what IN ('after the crash', 'waited')}), 11, 'once');
};

subtest 'lanes that are emptied' => sub {
	query($node, q{SELECT count(estate.enqueue('public.note', jsonb_build_object('what', 'many', 'pad', repeat('x', 500)))) FROM generate_series(1, 40000)});
	drained($node);
	eventually($node, q{SELECT sum(pg_relation_size(oid)) < 3000000 FROM pg_class WHERE relname ~ '^job_ready_._._.$'}, 'they shrink');
	caught_up('the subscriber goes on');
};

subtest 'the subscriber' => sub {
	is(queue_rows($subscriber), '0|0|0|0|0|0', 'has nothing of the queue');
	is(query($subscriber, 'SELECT count(*) FROM facts'), 2, 'and all of the facts');
	is(query($subscriber, q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_estate worker'}), 0, 'no worker runs');
	# the launcher finds a new database by its regular look
	$subscriber->reload;
	$subscriber->wait_for_log(qr/pg_estate stays quiet in database "estate"/);
	like(slurp_file($subscriber->logfile), qr/pg_estate stays quiet in database "estate": it is a copy/, 'it says that it is a copy');
	my $effects = query($subscriber, 'SELECT count(*) FROM effect');
	cmp_ok($effects, '>', 40000, 'the effects were sent');
	query($subscriber, 'SELECT count(*) FROM estate.setup(); SELECT estate.enable_workers()');
	query($subscriber, q{SELECT estate.enqueue('public.note', '{"what": "its own"}')});
	drained($subscriber);
	is(query($subscriber, q{SELECT count(*) FROM effect WHERE what = 'its own'}), 1, 'it runs what is enqueued there');
	is(query($subscriber, 'SELECT count(*) FROM effect'), $effects + 1, 'and nothing else');
	query($node, q{SELECT estate.enqueue('public.note', '{"what": "later"}', run_at => now() + '0.2 s'); INSERT INTO facts VALUES (3)});
	wait_for($node, q{SELECT count(*) = 1 FROM effect WHERE what = 'later'}, 'it has run');
	caught_up('the subscriber still goes on');
	is(query($subscriber, q{SELECT count(*) FROM effect WHERE what = 'later'}), 1, 'a job of the publisher was run once');
	is(query($subscriber, 'SELECT count(*) FROM facts'), 3, 'and facts come');
	unlike(slurp_file($subscriber->logfile), qr/ERROR:  (?!could not (connect|receive))/, 'without an error');
};

$subscriber->stop;
$node->stop;
done_testing();
