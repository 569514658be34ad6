# EstateCluster - a PostgreSQL cluster whose database "estate" has pg_estate set up
#
#   use lib 'test/server';
#   use EstateCluster;
#   my $node = EstateCluster::start('name', conf => "estate.workers = 3\n");
#   EstateCluster::wait_until($node, 'SELECT count(*) = 0 FROM ..', 'all have ended');
#
# With preload => 0 the module is not preloaded; with setup => 0 there is the
# database, but no extension in it.
package EstateCluster;

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

sub start
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
	$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'pg_estate'
estate.databases = 'estate'
estate.allow_private_hosts = '127.0.0.1'
max_worker_processes = 12
restart_after_crash = on
log_statement = none
CONF
	$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\n") unless $options{preload} // 1;
	$node->append_conf('postgresql.conf', $options{conf}) if $options{conf};
	$node->start;
	$node->safe_psql('postgres', 'CREATE DATABASE estate');
	$node->psql('estate', 'CREATE EXTENSION pg_estate; SELECT * FROM estate.setup()') if $options{setup} // 1;
	return $node;
}

# waits for a condition; dies when it does not come true
sub wait_until
{
	my ($node, $query, $what) = @_;
	my $started = time;
	$node->poll_query_until('estate', $query) or die "waited in vain until $what\n";
	return time - $started;
}

# no worker is left: an idle database has none
sub wait_until_idle
{
	my ($node) = @_;
	return wait_until($node, "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'pg_estate worker'", 'the workers are gone');
}

# process ids of the workers of a kind: 'jobs' or 'network'
sub workers
{
	my ($node, $kind) = @_;
	return split /\n/, $node->safe_psql('estate',
		"SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND application_name = 'pg_estate $kind' ORDER BY 1");
}

# the value of a query, as one line
sub value
{
	my ($node, $query) = @_;
	return $node->safe_psql('estate', $query);
}

# the server log from an offset on
sub log_from
{
	my ($node, $offset) = @_;
	return slurp_file($node->logfile, $offset);
}

1;
