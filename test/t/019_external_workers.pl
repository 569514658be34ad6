# Workers in Python fetch jobs through a pooler that hands out connections by the transaction; they are killed, stopped for
# longer than their leases, and told to end.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = estate_node('external', workers => 1);
my $dir = PostgreSQL::Test::Utils::tempdir_short;
my $port = 6432;
my (%worker, %said);

# whatever happens, nothing is left behind
END
{
	my $status = $?;
	$_->kill_kill for grep { $_->pumpable } values %worker;
	kill('TERM', slurp_file("$dir/pgbouncer.pid")) if defined $dir && -e "$dir/pgbouncer.pid";
	$? = $status;
}

sub value { return query($node, @_); }
sub until_true { return wait_for($node, @_); }

sub until_file
{
	my ($what, $condition) = @_;
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return if $condition->();
		usleep(100_000);
	}
	die "waited in vain until $what\n";
}

sub write_file
{
	my ($name, $text) = @_;
	open(my $file, '>', "$dir/$name") or die "$dir/$name: $!";
	print $file $text;
	close $file;
	return "$dir/$name";
}

# the jobs that are counted as they come and go are those that are there
sub counts_are_right
{
	my ($name) = @_;
	my $states = 'scheduled, available, running, retryable, done, dead, cancelled';
	my $counted = join(', ', map { "count(*) FILTER (WHERE state = '$_')" } split(/, /, $states));
	wait_for($node, "SELECT (SELECT ROW($states)::text FROM estate.queue_status WHERE queue = 'mail') = (SELECT ROW($counted)::text FROM estate.job WHERE queue = 'mail')",
		"the counts are right: $name");
	return;
}

# a file that jobs wait for
sub let_go { write_file($_[0], ''); return; }

sub start_worker
{
	my ($name, @more) = @_;
	my @functions = grep { /=/ } @more;
	@functions = 'handlers:handle' if !@functions;
	@more = grep { !/=/ } @more;
	$said{$name} = '';
	local $ENV{PYTHONPATH} = $dir;
	local $ENV{PYTHONDONTWRITEBYTECODE} = 1;
	$worker{$name} = IPC::Run::start([ '/usr/bin/python3', 'examples/worker.py', "host=$dir port=$port dbname=estate", 'mail',
			@functions, '--lease', '2', '--name', $name, @more ], '<', \undef, '>', \$said{$name}, '2>&1');
	return;
}

sub stop_worker
{
	my ($name, $signal) = @_;
	$worker{$name}->signal($signal);
	$worker{$name}->finish;
	return $worker{$name}->full_result(0);
}

sub enqueue
{
	my ($args, $more) = @_;
	return value("SELECT estate.enqueue('external:mail', '$args', queue => 'mail'" . ($more // '') . ")");
}

sub until_worker_has
{
	my ($name, $job) = @_;
	return until_true("SELECT state = 'running' AND worker = '$name' FROM estate.job WHERE id = $job", "worker $name has job $job");
}

# the effect, and then what the job waits for
write_file('handlers.py', <<'PYTHON');
import os
import time

from worker import Snooze

def handle(connection, job):
    args = job["args"]
    if job["attempt"] == 1 and args.get("snooze") and not os.path.exists(args["snooze"]):
        open(args["snooze"], "w").close()
        raise Snooze(0.1)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO effect VALUES (%s, %s)", (args["n"], job["token"]))
    if args.get("fail"):
        raise ValueError(args["fail"])
    while args.get("until") and not os.path.exists(args["until"]):
        time.sleep(0.05)
    return {"n": args["n"]}
PYTHON

my $bouncer = write_file('pgbouncer.ini', <<"INI");
[databases]
estate = host=@{[ $node->host ]} port=@{[ $node->port ]} dbname=estate user=@{[ (getpwuid($<))[0] ]}
[pgbouncer]
listen_addr =
listen_port = $port
unix_socket_dir = $dir
auth_type = any
pool_mode = transaction
default_pool_size = 6
logfile = $dir/pgbouncer.log
pidfile = $dir/pgbouncer.pid
INI
system_or_bail('/usr/sbin/pgbouncer', '-q', '-d', $bouncer);
until_file('pgbouncer is there', sub { -S "$dir/.s.PGSQL.$port" });

$node->safe_psql('estate', 'CREATE TABLE effect (n int, token bigint)');

# two at a time, each job once
value(q{SELECT count(estate.enqueue('external:mail', jsonb_build_object('n', i), queue => 'mail')) FROM generate_series(1, 200) i});
my $failing = enqueue('{"n": 201, "fail": "no such address"}', ", max_attempts => 2, backoff => '{50 ms}'");
my $snoozing = enqueue(qq({"n": 202, "snooze": "$dir/snoozed"}));
start_worker('a');
start_worker('b');
until_true("SELECT count(*) = 0 FROM estate_internal.job_open", 'all have ended');
is(value('SELECT count(*), count(DISTINCT n), count(*) FILTER (WHERE n = 201) FROM effect'), '201|201|0', 'each has had its effect once');
is(value("SELECT count(*) FROM estate.job WHERE state = 'done' AND result = jsonb_build_object('n', args->'n')"), '201', 'their results are kept');
is(value("SELECT state, attempt, errors->1->>'message' FROM estate.job WHERE id = $failing"), 'dead|2|ValueError: no such address', 'one failed twice');
is(value("SELECT state, attempt FROM estate.job WHERE id = $snoozing"), 'done|1', 'one was put off, which is no attempt');
counts_are_right('all have ended');
is(value("SELECT sum(done), sum(failed), sum(dead) FROM estate.metrics WHERE queue = 'mail'"), '201|2|1', 'and the figures of the handler');
is(stop_worker('b', 'TERM'), 0, 'an idle worker ends when it is told to');

# killed: the next one gets the job when the lease has run out
my $job = enqueue(qq({"n": 301, "until": "$dir/go301"}));
until_worker_has('a', $job);
stop_worker('a', 'KILL');
start_worker('c');
until_worker_has('c', $job);
counts_are_right('one is leased for the second time');
let_go('go301');
until_true("SELECT state = 'done' FROM estate.job WHERE id = $job", 'it is done');
is(value("SELECT attempt, errors->0->>'message' FROM estate.job WHERE id = $job"), '2|the lease of worker "a" ran out', 'a killed worker is an attempt');
is(value('SELECT count(*) FROM effect WHERE n = 301'), '1', 'and has no effect');

# stopped for longer than the lease: the late one learns it, and its effect is fenced off
$job = enqueue(qq({"n": 302, "until": "$dir/go302"}));
until_worker_has('c', $job);
# a lease and a half: the heartbeats keep it
my $token = value("SELECT lease_token FROM estate_internal.job_open WHERE id = $job");
until_true("SELECT leased_until > enqueued_at + interval '3 s' FROM estate.job WHERE id = $job", 'heartbeats extend the lease');
is(value("SELECT lease_token = $token FROM estate_internal.job_open WHERE id = $job"), 't', 'of the same token');
$worker{c}->signal('STOP');
start_worker('d');
until_worker_has('d', $job);
let_go('go302');
until_true("SELECT state = 'done' FROM estate.job WHERE id = $job", 'it is done');
$worker{c}->signal('CONT');
until_file('the late worker has said so', sub { $worker{c}->pump_nb; $said{c} =~ /job $job is no longer ours: rolled back/ });
is(value("SELECT count(*), min(token) > $token FROM effect WHERE n = 302"), '1|t', 'one effect, of the later token');
is(value("SELECT attempt FROM estate.job WHERE id = $job"), '2', 'the late one has changed nothing');
stop_worker('c', 'TERM');
stop_worker('d', 'TERM');

# jobs of handlers that a worker does not know are left to those who do
my $other = enqueue('{"n": 304}');
value("UPDATE estate_internal.job_open SET handler = 'external:letter' WHERE id = $other");
$job = enqueue('{"n": 305}');
start_worker('one');
until_true("SELECT state = 'done' FROM estate.job WHERE id = $job", 'its own job is done');
is(value("SELECT state, attempt, errors FROM estate.job WHERE id = $other"), 'available|0|[]', 'the other one is untouched');
is(value('SELECT count(*) FROM effect WHERE n = 304'), '0', 'and has had no effect');
stop_worker('one', 'TERM');
$job = enqueue('{"n": 306}');
start_worker('two', 'mail=handlers:handle', 'letter=handlers:handle');
until_true("SELECT bool_and(state = 'done') FROM estate.job WHERE id IN ($job, $other)", 'one that knows both does both');
stop_worker('two', 'TERM');

# told to end: what is in hand is given back
$job = enqueue(qq({"n": 303, "until": "$dir/go303"}));
start_worker('e', '--grace', '0.2', '--lease', '600');
until_worker_has('e', $job);
is(stop_worker('e', 'TERM'), 0, 'it ends at once');
is(value("SELECT state, attempt, errors FROM estate.job WHERE id = $job"), 'available|0|[]', 'its job waits again, without an attempt');

# leases go through a dump, and survive a crash
counts_are_right('one was given back');
start_worker('f', '--lease', '600');
until_worker_has('f', $job);
$token = value("SELECT lease_token FROM estate_internal.job_open WHERE id = $job");
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'pg_dump', '-d', $node->connstr('estate'), '-f', "$dir/dump.sql" ], 'dumped');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('copy'), '-f', "$dir/dump.sql" ], 'restored');
is($node->safe_psql('copy', "SELECT state, worker FROM estate.job WHERE id = $job"), 'running|f', 'the lease is in the copy');
is($node->safe_psql('copy', "SET client_min_messages = error; SELECT estate.enqueue('external:mail', queue => 'mail') > 0; SELECT token > $token FROM estate.fetch_jobs('mail')"),
	"t\nt", 'its tokens go on');
is($node->safe_psql('copy', "SELECT estate.complete_job($job, $token)"), 't', 'and the job can be ended there');
stop_worker('f', 'KILL');
$node->stop('immediate');
$node->start;
is(value("SELECT state, worker FROM estate.job WHERE id = $job"), 'running|f', 'the lease is there after a crash');
is(value("SELECT count(*) FROM estate.fetch_jobs('mail')"), '0', 'and holds');
is(value("SELECT estate.complete_job($job, $token)"), 't', 'whoever has the token ends it');

kill('TERM', slurp_file("$dir/pgbouncer.pid"));
until_file('pgbouncer has gone', sub { !-e "$dir/pgbouncer.pid" });
$node->stop;
done_testing();
