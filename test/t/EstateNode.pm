# EstateNode - a server with pg_estate on it, and short ways to ask it things
#
#   use lib $FindBin::RealBin;
#   use EstateNode;
#   my $node = estate_node('feeds', workers => 1);    # extension and tables are there
#   is(query($node, 'SELECT 1'), '1');
#   like(refused($node, 'SELECT 1/0')->{message}, qr/zero/);
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
use Time::HiRes qw(usleep);

our @EXPORT = qw(estate_node query refused eventually wait_until run_of background);

# options: workers => 1, private => value of estate.allow_private_hosts, conf => more settings
sub estate_node
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	my $databases = $options{workers} ? 'postgres' : '';
	my $private = $options{private} // '127.0.0.1';

	$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
	$node->append_conf('postgresql.conf', <<"CONF" . ($options{conf} // ''));
shared_preload_libraries = 'pg_estate'
estate.databases = '$databases'
estate.allow_private_hosts = '$private'
restart_after_crash = on
max_worker_processes = 16
CONF
	$node->start;
	query($node, 'CREATE EXTENSION pg_estate');
	query($node, 'SELECT count(*) FROM estate.setup()');
	return $node;
}

# the result as psql -At writes it; dies when it fails
sub query
{
	my ($node, $sql, %options) = @_;
	my $user = $options{user} ? "SET SESSION AUTHORIZATION $options{user};\n" : '';
	return $node->safe_psql('postgres', "SET client_min_messages = warning;\n$user$sql");
}

# what a statement that must fail is refused with: sqlstate, message, detail, hint
sub refused
{
	my ($node, $sql, %options) = @_;
	my $user = $options{user} ? "SET SESSION AUTHORIZATION $options{user};\n" : '';
	my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET client_min_messages = warning;\n$user$sql");
	my %error = (all => $err, detail => '', hint => '', message => '', sqlstate => '00000');

	@error{qw(sqlstate message)} = ($1, $2) if $err =~ /ERROR:  (\w{5}): (.*)/;
	$error{detail} = $1 if $err =~ /^DETAIL:  (.*)/m;
	$error{hint} = $1 if $err =~ /^HINT:  (.*)/m;
	return \%error;
}

# waits until a query says so; a test of its own
sub eventually
{
	my ($node, $sql, $name, $expected) = @_;
	return ok($node->poll_query_until('postgres', $sql, $expected // 't'), $name);
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
	my @command = ('psql', '-XAtq', '-d', $node->connstr('postgres'), '-v', 'ON_ERROR_STOP=1', '-c', $sql);
	local $ENV{PGHOST} = $node->host;
	return IPC::Run::start(\@command, '<', \undef, '>', $out, '2>&1');
}

1;
