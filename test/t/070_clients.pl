# BI clients: what ODBC and JDBC see as a member of estate_reader, and that it can write nothing.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('clients');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'\n");
$node->start;
$node->safe_psql('postgres', slurp_file('test/clients/estate.sql'));
my $port = $node->port;

# What a reader may do, whatever the client
{
	my @relations = split /\n/, $node->safe_psql('postgres', q{
		SELECT oid::regclass FROM pg_class WHERE relnamespace = 'estate'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1});
	my @writable;
	for my $relation (@relations)
	{
		for my $write ("DELETE FROM $relation", "INSERT INTO $relation DEFAULT VALUES", "TRUNCATE $relation")
		{
			my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$write",
				connstr => $node->connstr('postgres') . ' user=bi_tool');
			push @writable, $write unless $code != 0 && $err =~ /42501|42809|55000/;
		}
	}
	cmp_ok(scalar @relations, '>', 15, 'there are tables and views');
	is_deeply(\@writable, [], 'a reader can write to none of them');
	for my $call ("estate.create_market('mine')", 'estate.train()', "estate.enqueue('train')", 'estate.teardown()')
	{
		my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\nSELECT $call",
			connstr => $node->connstr('postgres') . ' user=bi_tool');
		like($err, qr/42501/, "a reader cannot call $call");
	}
}

SKIP:
{
	my ($driver) = glob('/usr/lib/*/odbc/psqlodbcw.so');
	skip 'isql or the ODBC driver is not installed', 4 unless $driver && -x '/usr/bin/isql';
	my $dir = PostgreSQL::Test::Utils::tempdir();
	append_to_file("$dir/odbc.ini", "[estate]\nDriver=$driver\nServername=127.0.0.1\nPort=$port\nDatabase=postgres\nUserName=bi_tool\n");
	local $ENV{ODBCINI} = "$dir/odbc.ini";
	my $isql = sub {
		my ($query) = @_;
		append_to_file("$dir/query", '');
		unlink "$dir/query";
		append_to_file("$dir/query", "$query\n");
		return `isql -b -v -d'|' estate < $dir/query 2>&1`;
	};
	like($isql->('SELECT count(*), max(estimate) FROM estate.scored_listing'), qr/^40\|400000\.00/m, 'ODBC reads scored_listing');
	like($isql->('SELECT count(*) > 0, max(list_price) FROM estate.deal'), qr/^1\|\d+\.\d\d/m, 'ODBC reads deal');
	like($isql->('SELECT list_price, confidence, postal_code FROM estate.scored_listing ORDER BY list_price'),
		qr/^301000\.00\|A\|98006/m, 'ODBC reads numbers and codes');
	like($isql->('UPDATE estate.listing SET list_price = 1'), qr/permission denied/, 'ODBC is refused a write');
}

SKIP:
{
	my $driver = '/usr/share/java/postgresql.jar';
	skip 'java or pgJDBC is not installed', 12 unless -f $driver && `sh -c 'command -v java'`;
	my %seen;
	for my $line (split /\n/, `java -cp $driver test/clients/Probe.java 'jdbc:postgresql://127.0.0.1:$port/postgres?user=bi_tool' 2>&1`)
	{
		my ($kind, @rest) = split /\|/, $line, -1;
		push @{ $seen{$kind} }, \@rest;
	}
	my $of = sub { my ($kind, $table) = @_; return grep { $_->[0] eq $table } @{ $seen{$kind} // [] } };
	my $key = sub { my ($table) = @_; return join ',', map { $_->[2] } sort { $a->[1] <=> $b->[1] } $of->('primary', $table) };

	cmp_ok(scalar @{ $seen{table} // [] }, '>', 15, 'JDBC lists tables and views') or diag explain \%seen;
	is_deeply([ map { $_->[0] } grep { $_->[2] eq '' || $_->[2] eq 'null' } @{ $seen{table} // [] } ], [], 'each has remarks');
	is_deeply([ map { "$_->[0].$_->[1]" } grep { $_->[5] eq '' || $_->[5] eq 'null' } @{ $seen{column} // [] } ], [],
		'each column has remarks');
	is($key->('market'), 'market_id', 'market has its key');
	is($key->('listing'), 'market_id,id', 'listing has its key');
	is($key->('estimate'), 'market_id,listing', 'estimate has its key');
	my %to = map { $_->[2] => 1 } $of->('foreign', 'listing');
	is_deeply(\%to, { market => 1, property => 1 }, 'listing refers to market and property');
	%to = map { $_->[2] => 1 } $of->('foreign', 'estimate');
	ok($to{listing}, 'estimate refers to listing');
	for my $view ('scored_listing', 'deal')
	{
		my %type = map { $_->[1] => "$_->[2]($_->[3],$_->[4])" } $of->('column', $view);
		is_deeply([ grep { $type{$_} =~ /^numeric\((?:0|131089),/ } sort keys %type ], [], "$view: every number has a width");
	}
	is_deeply($seen{rows}, [ [ 40, '400000.00', 'true' ] ], 'JDBC reads the rows');
	is_deeply($seen{write}, [ ['42501'] ], 'JDBC is refused a write');
}

$node->stop;
done_testing();
