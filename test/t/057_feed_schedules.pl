# A feed is never lost: whatever ends its job, the next run is there, and its state is true.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../server";
use EstateNode;
use PostgreSQL::Test::Utils;
use ScriptedHttp;
use Test::More;

my $node = estate_node('schedules', workers => 2);
my $source = ScriptedHttp->new(docroot => PostgreSQL::Test::Utils::tempdir());
query($node, q{
	SELECT estate.create_market('m');
	CREATE TABLE gate (open text);
	-- a page waits for its gate, once it shows by a lock that it is being applied
	CREATE FUNCTION public.wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		PERFORM pg_advisory_xact_lock(4711);
		WHILE NOT EXISTS (SELECT FROM public.gate WHERE open = NEW.listing_key) LOOP PERFORM pg_sleep(0.01); END LOOP;
		RETURN NEW;
	END $$;
	CREATE TRIGGER gate BEFORE INSERT ON estate.listing FOR EACH ROW WHEN (NEW.listing_key LIKE 'gate%') EXECUTE FUNCTION public.wait_at_gate();
	GRANT SELECT ON gate TO PUBLIC});

my $at_gate = q{SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711};

# a feed of one page and one listing, with an interval; how: what the source does with it
sub create_feed
{
	my ($name, %options) = @_;
	my $how = $options{how} // '';
	$source->put("$name.json", '{"value": [{"ListingKey": "' . ($options{key} // $name) . '"}]}');
	query($node, "SELECT estate.create_feed('$name', url => '" . $source->url("$how/$name.json") . q{', preset => 'reso', every => '1 hour')});
	return;
}

sub of { my ($name) = @_; return "(SELECT feed_id FROM estate.feed WHERE name = '$name')"; }
sub job_of { my ($name) = @_; return query($node, "SELECT job FROM estate_internal.job_unique WHERE unique_key = 'feed:' || " . of($name)); }
sub status_of { my ($name) = @_; return query($node, "SELECT state, failures, next_run_at > now() + '59 min', next_run_at <= now() + '1 hour' FROM estate.feed_status WHERE name = '$name'"); }
sub outcomes { my ($name) = @_; return query($node, "SELECT string_agg(outcome, ' ' ORDER BY run_id) FROM estate.feed_run WHERE feed_id = " . of($name)); }

# it will run again in an hour, and is not running
sub goes_on
{
	my ($name, $state, $failures, $what) = @_;
	eventually($node, "SELECT next_run_at > now() + '59 min' FROM estate.feed_status WHERE name = '$name'", "$what: the next run is there");
	is(status_of($name), "$state|$failures|t|t", "$what: state, failures, in an hour");
	is(query($node, "SELECT count(*) FROM estate.feed_run WHERE outcome = 'running' AND feed_id = " . of($name)), 0, "$what: no run is said to be running");
	return;
}

sub waits_for_its_turn { my ($name) = @_; return wait_for($node, "SELECT state = 'idle' AND outcome = 'done' AND next_run_at > now() FROM estate.feed_status WHERE name = '$name'", "$name has been run"); }

subtest 'cancelled while it runs' => sub {
	create_feed('running', how => '/-hang');
	wait_until(sub { $source->requests(qr/running/) }, 'its page is awaited');
	is(status_of('running') =~ s/\|.*//r, 'running', 'it is running');
	my $job = job_of('running');
	is(query($node, "SELECT estate.cancel_job($job)"), 't', 'its job is cancelled');
	goes_on('running', 'idle', 0, 'cancelled');
	is(query($node, "SELECT state FROM estate.job WHERE id = $job"), 'cancelled', 'the job is');
	is(outcomes('running'), 'interrupted', 'the run too');
	is(query($node, "SELECT error FROM estate.feed_run WHERE feed_id = " . of('running')), 'its job was cancelled', 'and says why');
};

subtest 'cancelled while its last page is applied' => sub {
	create_feed('last', key => 'gate last');
	wait_for($node, "SELECT count(*) = 1 FROM ($at_gate) g", 'its page is being applied');
	my $job = job_of('last');
	my $session = $node->background_psql('estate');
	is($session->query_safe("BEGIN; SELECT estate.cancel_job($job)"), 't', 'a cancellation is answered');
	query($node, "INSERT INTO gate VALUES ('gate last')");
	wait_for($node, "SELECT outcome <> 'running' OR run_at > clock_timestamp() FROM estate.feed_run, estate.job WHERE id = $job AND feed_id = " . of('last'),
		'the page is applied, and its run not at its end while the cancellation is not decided');
	$session->query_safe('COMMIT');
	$session->quit;
	wait_for($node, "SELECT ended_at IS NOT NULL FROM estate.job WHERE id = $job", 'the job has ended');
	is(query($node, "SELECT state FROM estate.job WHERE id = $job"), 'cancelled', 'it is cancelled, as was answered');
	goes_on('last', 'idle', 0, 'cancelled at its end');
};

subtest 'cancelled while it waits' => sub {
	create_feed('waiting');
	waits_for_its_turn('waiting');
	my $job = job_of('waiting');
	is(query($node, "SELECT estate.cancel_job($job)"), 't', 'its next run is cancelled');
	goes_on('waiting', 'idle', 0, 'the one after it');
	isnt(job_of('waiting'), $job, 'by another job');
	is(query($node, "SELECT estate.retry_job($job)"), 'f', 'the cancelled one is not run beside it');
	is(query($node, "SELECT estate.redrive(queue => 'feed')"), 0, 'nor are any others');
	is(query($node, "SELECT count(*) FROM estate_internal.job_open WHERE (args->>'feed_id')::int = " . of('waiting')), 1, 'there is one');
	query($node, "SELECT estate.pause_feed('waiting')");
	query($node, 'SELECT estate.cancel_job(' . job_of('waiting') . ')');
	is(job_of('waiting'), '', 'one that is paused has none');
	query($node, "SELECT estate.resume_feed('waiting')");
	goes_on('waiting', 'idle', 0, 'resumed');
};

subtest 'its worker is killed in a page, twice' => sub {
	create_feed('killed', key => 'gate killed');
	my $job = job_of('killed');
	for my $time (1, 2)
	{
		wait_for($node, "SELECT count(*) = 1 FROM ($at_gate) g", 'its page is being applied');
		my $pid = query($node, $at_gate);
		my $log = -s $node->logfile;
		kill 'KILL', $pid or die "kill: $!";
		$node->wait_for_log(qr/\(PID $pid\) was terminated by signal 9/, $log);
		wait_for($node, 'SELECT true', 'the server is there again');
	}
	wait_for($node, "SELECT state = 'dead' FROM estate.job WHERE id = $job", 'the job is dead');
	goes_on('killed', 'backoff', 1, 'dead');
	is(outcomes('killed'), 'interrupted interrupted', 'both runs say so');
	like(query($node, "SELECT last_error FROM estate.feed_status WHERE name = 'killed'"), qr/^the server or its worker crashed/, 'and the feed');
	query($node, "INSERT INTO gate VALUES ('gate killed')");
	query($node, "SELECT estate.request_run('killed')");
	wait_for($node, "SELECT outcome = 'done' FROM estate.feed_status WHERE name = 'killed'", 'it runs');
	goes_on('killed', 'idle', 0, 'well again');
};

subtest 'its queue is dropped' => sub {
	query($node, "SELECT estate.create_queue('feed')");
	create_feed('queued');
	waits_for_its_turn('queued');
	my $job = job_of('queued');
	query($node, "SELECT estate.drop_queue('feed', cancel_jobs => true)");
	goes_on('queued', 'idle', 0, 'cancelled with its queue');
	goes_on($_, 'idle', 0, "$_, cancelled with it") for qw(running waiting killed);
};

subtest 'its rows are lost' => sub {
	for my $tables ('estate_internal.job_open', 'estate_internal.job_open, estate_internal.job_unique')
	{
		query($node, join '', map { "DELETE FROM $_;\n" } split /, /, $tables);
		query($node, 'SELECT estate.disable_workers()');
		wait_until_idle($node);
		query($node, 'SELECT estate.enable_workers()');
		goes_on('queued', 'idle', 0, "without $tables");
	}
	query($node, 'TRUNCATE estate_internal.job_ended');
	goes_on('queued', 'idle', 0, 'without a history');
};

subtest 'its job has no attempt left' => sub {
	create_feed('broken');
	waits_for_its_turn('broken');
	my $job = job_of('broken');
	# as a damaged table would have it
	query($node, 'SET session_replication_role = replica; UPDATE estate.feed SET market_id = 4711 WHERE feed_id = ' . of('broken'));
	query($node, "UPDATE estate_internal.job_open SET attempt = max_attempts - 1, run_at = now() WHERE id = $job; SELECT estate.request_run('queued')");
	wait_for($node, "SELECT state = 'dead' FROM estate.job WHERE id = $job", 'the job is dead');
	query($node, 'SET session_replication_role = replica; UPDATE estate.feed SET market_id = 1 WHERE feed_id = ' . of('broken'));
	goes_on('broken', 'backoff', 1, 'dead after its last attempt');
	like(query($node, "SELECT last_error FROM estate.feed_status WHERE name = 'broken'"), qr/does not exist any more/, 'and says why');
};

subtest 'a dump without the queue, restored' => sub {
	my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
	$node->command_ok([ 'pg_dump', '-f', $dump, '--exclude-table-data=estate_internal.job_open', '--exclude-table-data=estate_internal.job_unique',
		'-d', $node->connstr('estate') ], 'a dump');
	$node->safe_psql('postgres', 'CREATE DATABASE copy');
	$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('copy') ], 'is restored');
	my $lost = 'SELECT count(*) FROM estate.feed_status WHERE next_run_at IS NULL';
	cmp_ok($node->safe_psql('copy', $lost), '>', 3, 'without the jobs of its feeds');
	$node->safe_psql('postgres', q{ALTER SYSTEM SET estate.databases = 'estate, copy'});
	$node->reload;
	$node->safe_psql('copy', 'SELECT estate.enable_workers()');
	ok(poll($node, 'copy', $lost, 0), 'which its workers make anew');
	is($node->safe_psql('copy', q{SELECT count(*) FROM estate.feed_status WHERE next_run_at <= now() + '59 min'}), 0, 'all of them for later');
	$node->safe_psql('copy', 'SELECT estate.disable_workers()');
	$node->safe_psql('postgres', 'ALTER SYSTEM RESET estate.databases');
	$node->reload;
};

subtest 'what a server that was stopped in a run says' => sub {
	create_feed('stopped', how => '/-hang');
	wait_until(sub { $source->requests(qr/stopped/) }, 'its page is awaited');
	$node->append_conf('postgresql.conf', "estate.databases = ''\n");
	$node->stop('immediate');
	$node->start;
	is(status_of('stopped') =~ s/\|.*//r, 'waiting', 'it is not running: nobody runs it');
	is(query($node, "SELECT estate.cancel_job(" . job_of('stopped') . ')'), 't', 'nobody is there, and its job is cancelled');
	is(query($node, 'SET client_min_messages = error; CALL estate.run_jobs()'), '0|0', 'whoever runs jobs himself has nothing to do');
	goes_on('stopped', 'backoff', 1, 'and sees to the schedules');
};

$node->stop;
done_testing();
