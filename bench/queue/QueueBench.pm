# QueueBench - a private server, sessions on it, and how a bar is told
#
#   my $bench = QueueBench->new(bar => 'drain', jobs => 200_000, rounds => 3,
#     peers => [ 'graphile', 'pgboss' ]);
#   $bench->each_sync(sub { my ($sync) = @_; .. });
#   exit $bench->finish;
#
# The server is one of its own in a temporary folder, reached by its socket
# only, and gone at the end.  When root calls, all of this runs as the user
# postgres.  Times are the server's clock wherever we are measured.
package QueueBench;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Getopt::Long;
use IO::Handle;
use IPC::Open2 qw(open2);
use POSIX ();
use JSON::PP qw(decode_json);
use Time::HiRes qw(time sleep);

use Exporter 'import';
our @EXPORT = qw(median wait_until);

my $here = dirname(abs_path(__FILE__));

sub median
{
	my @sorted = sort { $a <=> $b } @_;
	return @sorted % 2
	  ? $sorted[$#sorted / 2]
	  : ($sorted[@sorted / 2 - 1] + $sorted[@sorted / 2]) / 2;
}

# looks until it is true; dies when that takes too long
sub wait_until
{
	my ($what, $condition, $seconds, $every) = @_;
	my $until = time + ($seconds // 600);
	until ($condition->())
	{
		die "gave up waiting for $what\n" if time > $until;
		sleep($every // 0.02);
	}
}

# PostgreSQL does not run as root: begin again as somebody else
sub leave_root
{
	return if $> != 0;
	my @keep =
	  map { "$_=$ENV{$_}" } grep { defined $ENV{$_} } qw(PG_CONFIG TMPDIR ESTATE_BENCH_PEERS);
	exec 'setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', 'env', '-i',
	  'LC_ALL=C.UTF-8', 'TZ=UTC',
		'HOME=/nonexistent', 'PATH=/usr/local/bin:/usr/bin:/bin', @keep, $^X, abs_path($0), @ARGV;
	die "setpriv: $!\n";
}

sub new
{
	my ($class, %self) = @_;
	my $self = bless { missed => 0, children => [], %self }, $class;
	my ($sync, $no_peer) = ('both', 0);

	leave_root();
	GetOptions('jobs=i' => \$self->{jobs}, 'rounds=i' => \$self->{rounds}, 'sync=s' => \$sync,
		'no-peer' => \$no_peer, 'keep' => \$self->{keep},
		map { $_ => \$self->{ s/\W.*//r } } @{ $self->{options} // [] })
		or exit 2;
	die "--sync is off, on or both\n" unless $sync =~ /^(on|off|both)$/;
	$self->{syncs} = $sync eq 'both' ? [ 'off', 'on' ] : [$sync];
	$self->{peers} = [] if $no_peer || !$self->{peers};
	$self->{peer_folder} = $ENV{ESTATE_BENCH_PEERS} // '/var/tmp/pg_estate_bench_peers';
	my @need_node = grep { $_ ne 'pgq' || $self->{pgq_node} } @{ $self->{peers} };
	die "$self->{peer_folder} has no peers: bench/queue/install_peers, or --no-peer\n"
		if @need_node && !-x "$self->{peer_folder}/node_modules/.bin/node";
	$self->start_server;
	return $self;
}

sub start_server
{
	my ($self) = @_;
	my $config = $ENV{PG_CONFIG} // 'pg_config';

	chomp($self->{bin} = `$config --bindir`);
	die "$config: no such program\n" unless $self->{bin};
	chomp(my $lib = `$config --pkglibdir`);
	die "pg_estate is not installed in $lib: make install, or name another pg_config in PG_CONFIG\n"
	  unless -f "$lib/pg_estate.so";
	$self->{dir} = tempdir('pg_estate_bench.XXXXXX', TMPDIR => 1);
	$self->{owner} = $$;
	chdir $self->{dir} or die;
	$ENV{PGHOST} = $self->{dir};
	$ENV{PGPORT} = 5432;
	delete @ENV{qw(PGUSER PGDATABASE PGOPTIONS)};
	$ENV{PGUSER} = 'postgres';
	$self->command("$self->{bin}/initdb", '-D', 'data', '-U', 'postgres', '-A', 'trust',
		'--encoding=UTF8', '--no-locale', '--no-sync');
	open my $conf, '>>', 'data/postgresql.conf' or die;
	print $conf <<"CONF";
listen_addresses = ''
unix_socket_directories = '$self->{dir}'
shared_preload_libraries = 'pg_estate'
estate.databases = 'bench'
estate.workers = 2		# one for the network, one for SQL
shared_buffers = 512MB
max_wal_size = 8GB
jit = off
max_worker_processes = 16
restart_after_crash = on
log_checkpoints = off
log_line_prefix = '%m '
log_timezone = 'UTC'
CONF
	print $conf $self->{conf} // '';
	close $conf;
	$self->start_postmaster;
	$self->make_database;
}

sub start_postmaster
{
	my ($self) = @_;
	$self->command("$self->{bin}/pg_ctl", '-D', 'data', '-l', 'server.log', '-w', 'start');
}

# a program that must succeed, what it says is kept for when it does not
sub command
{
	my ($self, @command) = @_;
	my $pid = fork // die;
	if (!$pid)
	{
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', 'commands.log';
		open STDERR, '>&', \*STDOUT;
		exec @command or POSIX::_exit(127);
	}
	waitpid $pid, 0;
	die "@command failed:\n" . `tail -q -n 10 commands.log server.log` if $?;
}

# jobs are enqueued by ordinary roles, whose handlers do nothing, or fail when they are told to
sub make_database
{
	my ($self) = @_;
	my $sql = session($self, 'postgres');

	$sql->ask("CREATE DATABASE $_") for 'bench', @{ $self->{peers} };
	$sql->ask('CREATE ROLE app LOGIN; CREATE ROLE other LOGIN');
	$sql->close;
	$sql = session($self, 'bench');
	$sql->ask(<<'SQL');
CREATE EXTENSION pg_estate;
SELECT FROM estate.setup();
GRANT estate_operator TO app, other;
CREATE SCHEMA app;
GRANT USAGE, CREATE ON SCHEMA app TO app, other;
CREATE FUNCTION app.noop(jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE FUNCTION app.flaky(args jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN IF args ? 'fail' THEN RAISE EXCEPTION 'as told'; END IF; END $$;
CREATE TABLE app.mark (name text, at timestamptz);
CREATE FUNCTION app.mark(args jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN INSERT INTO app.mark VALUES (args ->> 'name', clock_timestamp()); END $$;
CREATE TABLE app.latency (ms float8);
CREATE FUNCTION app.latency(args jsonb) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN INSERT INTO app.latency
		VALUES (1000 * (extract(epoch FROM clock_timestamp()) - (args ->> 't')::float8)); END $$;
GRANT ALL ON ALL TABLES IN SCHEMA app TO app, other;
SQL
	$sql->close;
}

sub session
{
	my ($self, $database, $user) = @_;
	my ($in, $out);
	my $pid = open2($out, $in, "$self->{bin}/psql", '-XAtq', '-v', 'ON_ERROR_STOP=1',
		'-d', $database, '-U', $user // 'postgres');
	my $session = bless { pid => $pid, in => $in, out => $out }, 'QueueBench::Session';
	$session->ask("SET client_min_messages = error");
	return $session;
}

# one answer from a session of its own
sub query
{
	my ($self, $database, $sql, $user) = @_;
	my $session = $self->session($database, $user);
	my $answer = $session->ask($sql);
	$session->close;
	return $answer;
}

# both sides commit in the same way, and neither pays for the other's dirty pages
sub each_sync
{
	my ($self, $run) = @_;
	for my $sync (@{ $self->{syncs} })
	{
		$self->query('postgres', "ALTER SYSTEM SET synchronous_commit = $sync");
		$self->query('postgres', 'SELECT pg_reload_conf()');
		wait_until('the new setting',
			sub { $self->query('postgres', 'SHOW synchronous_commit') eq $sync });
		$self->{sync} = $sync;
		$run->($sync);
	}
}

sub checkpoint
{
	my ($self) = @_;
	$self->query('postgres', 'CHECKPOINT');
}

# a peer's program: what it prints is one JSON object
sub peer
{
	my ($self, $program, @arguments) = @_;
	my $pipe = $self->start_peer($program, @arguments);
	my $answer = do { local $/; readline $pipe->{out} };
	waitpid $pipe->{pid}, 0;
	die "peers/$program @arguments failed\n" if $? || $answer !~ /^\{/m;
	return decode_json($answer);
}

# the same, still running: it says "ready", and ends when its input is closed
sub start_peer
{
	my ($self, $program, @arguments) = @_;
	my ($in, $out);
	local $ENV{NODE_PATH} = "$self->{peer_folder}/node_modules";
	local $ENV{PGDATABASE} = $program;
	my $pid = open2($out, $in, "$self->{peer_folder}/node_modules/.bin/node",
		"$here/peers/$program.js", @arguments);
	return { pid => $pid, in => $in, out => $out };
}

# pgbench with a script of one statement; returns what it printed
sub pgbench
{
	my ($self, $database, $user, $script, @options) = @_;
	my $file = "$self->{dir}/pgbench.$$." . int(rand(1e9));
	open my $handle, '>', $file or die;
	print $handle "$script\n";
	close $handle;
	my $command = join ' ', "$self->{bin}/pgbench", '-n', '-M', 'prepared', '-f', $file,
	  '-U', $user, @options, $database;
	my $out = `PGOPTIONS='-c client_min_messages=error' $command 2>&1`;
	die "pgbench failed: $out" if $?;
	unlink $file;
	return $out;
}

# transactions a second
sub rate_of_pgbench
{
	my ($tps) = pgbench(@_) =~ /^tps = ([\d.]+) \(without/m;
	return $tps;
}

sub figure
{
	my ($value) = @_;
	return $value >= 100
	  ? sprintf('%.0f', $value) =~ s/(?<=\d)(?=(\d{3})+$)/ /gr
	  : sprintf('%.2f', $value);
}

# a line that belongs to the bar but is none
sub note
{
	my ($self, $text) = @_;
	printf "%-9s sync %-3s  %s\n", $self->{bar}, $self->{sync} // '-', $text;
	STDOUT->flush;
}

# Ours against what it is measured by: figures of all rounds, of which the medians count.
#   ours => [..], against => [..], than => 'graphile-worker ..', unit => 'jobs/s', least => 8
# or, without a peer: value => 1.5, most => 2
sub judge
{
	my ($self, %is) = @_;
	my $ours = $is{value} // median(@{ $is{ours} });
	my ($value, $text) = ($ours, "ours " . figure($ours) . " $is{unit}");

	if ($is{ours} && @{ $is{ours} } > 1)
	{
		$text .= sprintf ' (%s)', join ', ', map { figure($_) } @{ $is{ours} };
	}
	if ($is{against} && @{ $is{against} })
	{
		my $theirs = median(@{ $is{against} });
		$value = $ours / $theirs;
		$text .= sprintf ' | %s %s%s | ratio %.2f', $is{than}, figure($theirs),
			@{ $is{against} } > 1
			  ? sprintf(' (%s)', join ', ', map { figure($_) } @{ $is{against} })
			  : '', $value;
	}
	elsif ($is{than})
	{
		$self->note("$text | not compared");
		return;
	}
	my $met = defined $is{least} ? $value >= $is{least} : $value <= $is{most};
	$self->{missed}++ unless $met;
	$self->note(sprintf '%s | bar %s %s | %s', $text, defined $is{least} ? '>=' : '<=',
		$is{least} // $is{most}, $met ? 'met' : 'MISSED');
}

# The same against whichever peer was the best; theirs => { name => [..] }
sub judge_best
{
	my ($self, %is) = @_;
	my $theirs = delete $is{theirs};
	my ($best, @others) =
	  sort { median(@{ $theirs->{$b} }) <=> median(@{ $theirs->{$a} }) } keys %$theirs;

	for my $name (@others)
	{
		$self->note(sprintf '%s: %s %s, ratio %.2f', $name, figure(median(@{ $theirs->{$name} })),
			$is{unit}, median(@{ $is{ours} }) / median(@{ $theirs->{$name} }));
	}
	$self->judge(%is, than => $best // 'no peer', against => $best ? $theirs->{$best} : undef);
}

sub finish
{
	my ($self) = @_;
	return $self->{missed} ? 1 : 0;
}

# ---- our queue ------------------------------------------------------------------

# Runs what waits in a queue and measures it: from when the workers may start
# until the last job, which is behind all others, has been run; also_open: until
# nothing waits outside of the lanes either.  Returns jobs a second.
sub drain
{
	my ($self, $jobs, %with) = @_;
	my $sql = $self->session('bench');
	my $queue = $with{queue} // 'default';
	my $begun;

	$sql->ask("DELETE FROM app.mark; SET ROLE app;
		SELECT estate.enqueue('app.mark', '{\"name\": \"end\"}', '$queue', 1000);
		RESET ROLE");
	$self->checkpoint;
	$begun = $sql->ask('SELECT extract(epoch FROM clock_timestamp())');
	$sql->ask('SELECT estate.enable_workers()');
	$self->wait_for_mark($sql, 'end');
	if ($with{also_open})
	{
		wait_until('the last jobs',
			sub { $sql->ask('SELECT count(*) FROM estate_internal.job_open') == 0 }, 600, 0.1);
	}
	my $ended = $sql->ask($with{also_open}
		? 'SELECT extract(epoch FROM max(ended_at)) FROM estate.job'
		: 'SELECT extract(epoch FROM max(at)) FROM app.mark');
	$self->hold;
	my $left = $sql->ask('SELECT count(*) FROM estate_internal.job_waiting');
	die "$left jobs are left\n" if $left;
	$sql->close;
	return $jobs / ($ended - $begun);
}

sub wait_for_mark
{
	my ($self, $sql, $name) = @_;
	wait_until("mark $name",
		sub { $sql->ask("SELECT count(*) FROM app.mark WHERE name = '$name'") > 0 }, 900, 0.02);
}

# No worker takes anything until enable_workers(); returns when those that run have left
sub hold
{
	my ($self) = @_;
	my $sql = $self->session('bench');
	$sql->ask('SELECT estate.disable_workers()');
	my $workers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_estate worker'";
	wait_until('the workers to leave', sub { $sql->ask($workers) == 0 }, 60, 0.05);
	$sql->close;
}

# Throws away what waits in the lanes, unrun
sub empty_lanes
{
	my ($self) = @_;
	$self->query('bench', <<'SQL');
DO $$ DECLARE t regclass;
BEGIN FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'estate_internal'::regnamespace
		AND relkind = 'r' AND relname ~ '^job_ready_'
	LOOP EXECUTE 'TRUNCATE ' || t; END LOOP; END $$
SQL
}

# Jobs that have ended are of no interest any more
sub forget_history
{
	my ($self) = @_;
	$self->query('bench', 'TRUNCATE estate_internal.job_ended');
}

sub DESTROY
{
	my ($self) = @_;
	local $?;
	return unless $self->{dir} && $self->{owner} == $$;
	system "$self->{bin}/pg_ctl -D $self->{dir}/data -m immediate -w stop > /dev/null 2>&1"
	  if -f "$self->{dir}/data/postmaster.pid";
	chdir '/';
	if ($self->{keep}) { print "kept: $self->{dir}\n" }
	else { system 'rm', '-rf', $self->{dir} }
}

$SIG{INT} = $SIG{TERM} = sub { exit 130 };

package QueueBench::Session;

# The answer to statements, as psql -At writes it; an error ends the program
sub ask
{
	my ($self, $sql) = @_;
	my $answer = '';
	print { $self->{in} } "$sql\n;\n\\echo ---\n";
	$self->{in}->flush;
	while (defined(my $line = readline $self->{out}))
	{
		if ($line eq "---\n")
		{
			chomp $answer;
			return $answer;
		}
		$answer .= $line;
	}
	die "failed: $sql\n";
}

sub close
{
	my ($self) = @_;
	CORE::close $self->{in};
	CORE::close $self->{out};
	waitpid $self->{pid}, 0;
}

1;
