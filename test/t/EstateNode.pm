# EstateNode - a server with pg_estate in its database "estate", and short ways to ask it things
#
#   use lib 'test/t';
#   use EstateNode;
#   my $node = estate_node('feeds', workers => 2);    # extension and tables are there
#   is(query($node, 'SELECT 1'), '1');
#   like(refused($node, 'SELECT 1/0')->{message}, qr/zero/);
#   wait_for($node, 'SELECT count(*) = 0 FROM ..', 'all have ended');    # or dies
#
# Each server has restart_after_crash on, so that a test may kill a process.
package EstateNode;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

our @EXPORT = qw(estate_node query refused poll eventually wait_for wait_until wait_until_idle workers_of log_from run_of background);

# options: workers => how many (none: nothing runs by itself), private => value of estate.allow_private_hosts,
# conf => more settings, setup => 0 for the database without the extension
sub estate_node
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	my $databases = $options{workers} ? 'estate' : '';
	my $workers = $options{workers} // 2;
	my $private = $options{private} // '127.0.0.1';

	$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
	$node->append_conf('postgresql.conf', <<"CONF" . ($options{conf} // ''));
shared_preload_libraries = 'pg_estate'
estate.databases = '$databases'
estate.workers = $workers
estate.allow_private_hosts = '$private'
restart_after_crash = on
max_worker_processes = 16
log_statement = none
CONF
	$node->start;
	$node->safe_psql('postgres', 'CREATE DATABASE estate');
	query($node, 'CREATE EXTENSION pg_estate; SELECT count(*) FROM estate.setup()') if $options{setup} // 1;
	return $node;
}

# the result as psql -At writes it; dies when it fails
sub query
{
	my ($node, $sql, %options) = @_;
	my $user = $options{user} ? "SET SESSION AUTHORIZATION $options{user};\n" : '';
	return $node->safe_psql('estate', "SET client_min_messages = warning;\n$user$sql");
}

# what a statement that must fail is refused with: sqlstate, message, detail, hint
sub refused
{
	my ($node, $sql, %options) = @_;
	my $user = $options{user} ? "SET SESSION AUTHORIZATION $options{user};\n" : '';
	my ($code, $out, $err) = $node->psql('estate', "\\set VERBOSITY verbose\nSET client_min_messages = warning;\n$user$sql");
	my %error = (all => $err, detail => '', hint => '', message => '', sqlstate => '00000');

	@error{qw(sqlstate message)} = ($1, $2) if $err =~ /ERROR:  (\w{5}): (.*)/;
	$error{detail} = $1 if $err =~ /^DETAIL:  (.*)/m;
	$error{hint} = $1 if $err =~ /^HINT:  (.*)/m;
	return \%error;
}

# Asks again and again until the answer is as expected, also while the server is down; whether it ever was.
#
# Not poll_query_until(): that writes the query to psql's stdin, and dies of a broken pipe when psql, which cannot
# connect, has gone before it is written. On a busy machine that happened in one of 300 such questions.
sub poll
{
	my ($node, $database, $sql, $expected) = @_;
	$expected //= 't';
	my @psql = ($node->installed_command('psql'), '-XAtq', '-d', $node->connstr($database), '-c', $sql);
	my ($out, $err);
	for (my $until = time + $PostgreSQL::Test::Utils::timeout_default; time < $until; usleep(100_000))
	{
		IPC::Run::run(\@psql, '<', \undef, '>', \$out, '2>', \$err);
		chomp($out, $err);
		return 1 if $out eq $expected && $err eq '';
	}
	diag "waited in vain for $expected of\n$sql\nlast answer: $out\nwith stderr: $err";
	return 0;
}

# waits until a query says so; a test of its own
sub eventually
{
	my ($node, $sql, $name, $expected) = @_;
	return ok(poll($node, 'estate', $sql, $expected), $name);
}

# waits for a condition; dies when it does not come true. Returns how many seconds that took
sub wait_for
{
	my ($node, $sql, $what) = @_;
	my $started = time;
	poll($node, 'estate', $sql) or die "waited in vain until $what\n";
	return time - $started;
}

# no worker has anything to do; where none are to run, none is left
sub wait_until_idle
{
	my ($node) = @_;
	my $none = q{(SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND datname = current_database())};
	my $resting = q{(SELECT busy = 0 FROM estate_code.served_databases() WHERE name = current_database() AND unserved IS NULL)};
	# the extension may have been dropped
	my $known = $node->safe_psql('estate', q{SELECT to_regproc('estate_code.served_databases') IS NOT NULL}) eq 't';
	return wait_for($node, $known ? "SELECT coalesce($resting, $none)" : "SELECT $none", 'the workers rest');
}

# process ids of the workers of a kind: 'jobs' or 'network'
sub workers_of
{
	my ($node, $kind) = @_;
	return split /\n/, query($node,
		"SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND application_name = 'pg_estate $kind' ORDER BY 1");
}

# the server log from an offset on
sub log_from
{
	my ($node, $offset) = @_;
	return slurp_file($node->logfile, $offset);
}

# waits until something is true, looking again and again; a test of its own
sub wait_until
{
	my ($condition, $name) = @_;
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return ok(1, $name) if $condition->();
		usleep(100_000);
	}
	return ok(0, $name);
}

# the last run of a feed: outcome|pages|seen|inserted|updated|unchanged|deleted|rejected
sub run_of
{
	my ($node, $feed) = @_;
	return query($node, <<"SQL");
		SELECT outcome, pages, seen, inserted, updated, unchanged, deleted, rejected
		FROM estate.feed_run JOIN estate.feed USING (feed_id) WHERE name = '$feed' ORDER BY run_id DESC LIMIT 1
SQL
}

# a session that goes on by itself; the caller calls finish() or kill_kill() on it
sub background
{
	my ($node, $sql, $out) = @_;
	my @command = ('psql', '-XAtq', '-d', $node->connstr('estate'), '-v', 'ON_ERROR_STOP=1', '-c', $sql);
	local $ENV{PGHOST} = $node->host;
	return IPC::Run::start(\@command, '<', \undef, '>', $out, '2>&1');
}

1;
