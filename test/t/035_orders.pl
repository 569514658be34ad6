# setup() and teardown(), the extension and the schemas, made and dropped in every order: from each state that can be come to,
# CREATE EXTENSION and setup() find the tables and their rows again, or say what is left and what to type, and then all works.
# Servers are not lost in passing.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = estate_node('orders');
query($node, q{
	SELECT estate.create_market('kept');
	SELECT estate.create_feed('csv', preset => 'csv', market => 'kept');
	SELECT estate.push_feed('csv', E'ListingKey,StandardStatus,PropertyType,ListPrice\nK1,Active,Residential,1\n');
	SELECT estate.enqueue('train', run_at => '2100-01-01');
	CREATE FUNCTION public.works(jsonb) RETURNS void LANGUAGE sql AS '';
	SELECT estate.enqueue('public.works');});

my %actions = (
	'teardown()' => 'SELECT * FROM estate.teardown()',
	'teardown(drop_data => true)' => 'SELECT * FROM estate.teardown(drop_data => true)',
	'DROP EXTENSION' => 'DROP EXTENSION pg_estate CASCADE',
	'DROP SCHEMA estate' => 'DROP SCHEMA estate CASCADE',
	'DROP SCHEMA estate_internal' => 'DROP SCHEMA estate_internal CASCADE',
	'CREATE EXTENSION' => 'CREATE EXTENSION pg_estate',
	'setup()' => 'SELECT * FROM estate.setup()');

# what there is, in a line
my $state = q{
	SELECT format('extension %s; tables %s; bookkeeping %s; views %s; listings %s',
		EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_estate'),
		(SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('estate') AND relkind = 'r'),
		(SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('estate_internal') AND relkind = 'r'),
		(SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('estate') AND relkind = 'v'),
		CASE WHEN to_regclass('estate.listing') IS NULL THEN 'none'
			ELSE (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM estate.listing', false, true, '')))[1]::text END)};

sub run_in
{
	my ($database, $sql) = @_;
	my ($code, $out, $err) = $node->psql($database, "\\set VERBOSITY verbose\nSET client_min_messages = error;\n$sql");
	return ($out, $err);
}

# makes it work again; what stands in the way has to say so
sub mend
{
	my ($database, $way) = @_;
	my ($before) = run_in($database, $state);
	my ($out, $err) = run_in($database, 'CREATE EXTENSION IF NOT EXISTS pg_estate; SELECT * FROM estate.setup();');
	my $kept = $before =~ /listings 1/;

	if ($err ne '')
	{
		return "$way: setup() says: $err" unless
			$err =~ /ERROR:  55000: .*DETAIL:  These are (?:left|missing): estate.*HINT:  Restore what is missing from a backup, or drop what is left, with all rows: (SELECT \* FROM estate\.teardown\(drop_data => true\);)/s;
		my $command = $1;
		my ($found) = run_in($database, q{SELECT ok, detail ~ 'not complete; left are .*; missing are', fix ~ 'teardown' FROM estate.doctor() WHERE "check" = 'tables'});
		return "$way: doctor() does not see it: $found" unless $found eq 'f|t|t';
		(undef, $err) = run_in($database, $command);
		return "$way: teardown() says: $err" if $err ne '';
		(undef, $err) = run_in($database, 'SELECT * FROM estate.setup();');
		return "$way: setup() after teardown() says: $err" if $err ne '';
		$kept = 0;
	}
	my ($listings) = run_in($database, 'SELECT count(*) FROM estate.listing');
	return "$way: $listings listings" if $listings != ($kept ? 1 : 0);
	(undef, $err) = run_in($database, q{SELECT estate.create_market('another'); SELECT estate.create_feed('another', preset => 'csv', market => 'another');
		SELECT estate.push_feed('another', E'ListingKey,StandardStatus,PropertyType,ListPrice\nK1,Active,Residential,1\n'); SELECT estate.enqueue('public.works'); CALL estate.run_jobs();});
	return "$way: it does not work: $err" if $err ne '';
	my ($works) = run_in($database, q{SELECT (SELECT count(*) FROM estate.job WHERE state = 'done' AND handler LIKE 'public.works%') >= 1 AND (SELECT count(*) FROM estate.scored_listing) >= 1
		AND NOT EXISTS (SELECT FROM estate.doctor() WHERE NOT ok AND "check" IN ('tables', 'views', 'owner of the bookkeeping', 'owner of the tables', 'creating in our schemas'))});
	return $works eq 't' ? () : "$way: it does not work";
}

# from each new state every action is tried: a state is kept as a database that is copied
my %seen;
my @todo = ([ 'estate', 'set up' ]);
my (@faults, @refused);
my $n = 0;
$seen{ (run_in('estate', $state))[0] } = 'set up';
while (my $from = shift @todo)
{
	my ($template, $way) = @$from;
	for my $action (sort keys %actions)
	{
		my $database = 'state_' . ++$n;
		$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE $template");
		my (undef, $err) = run_in($database, $actions{$action});
		# clear refusals of what makes no sense there
		push @refused, "$way, $action: $err" if $err ne '' &&
			$err !~ /ERROR:  (?:3F000|42883|42704|42710|42P01): .*(?:does not exist|already exists)|ERROR:  55000: the tables of pg_estate are not set up in this database|HINT:  Restore what is missing from a backup/;
		my ($is) = run_in($database, $state);
		if ($seen{$is}) { $node->safe_psql('postgres', "DROP DATABASE $database"); next; }
		$seen{$is} = "$way, $action";
		push @todo, [ $database, "$way, $action" ];
		$node->safe_psql('postgres', "CREATE DATABASE mended TEMPLATE $database");
		push @faults, mend('mended', "$way, $action");
		$node->safe_psql('postgres', 'DROP DATABASE mended');
	}
}
cmp_ok(scalar(keys %seen), '>=', 10, scalar(keys %seen) . ' states');
is_deeply(\@refused, [], 'what makes no sense is refused in words');
is_deeply(\@faults, [], 'from each state it can be set up again');

subtest 'servers' => sub {
	query($node, q{
		CREATE SERVER shelf FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url 'file:///tmp/none');
		CREATE SERVER "The agency" FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'http', url 'https://agency.test/');
		CREATE USER MAPPING FOR PUBLIC SERVER shelf OPTIONS (username 'x');
		CREATE EXTENSION postgres_fdw; CREATE SERVER theirs FOREIGN DATA WRAPPER postgres_fdw;
		SELECT estate.alter_feed('csv', options => '{"media_target": "shelf"}');});
	for my $drop ('DROP EXTENSION pg_estate CASCADE', 'DROP SCHEMA estate CASCADE', 'DROP SCHEMA estate_internal, estate CASCADE')
	{
		my $error = refused($node, $drop);
		is($error->{sqlstate}, '2BP01', "$drop is refused");
		like($error->{detail}, qr/CASCADE would drop them, with their user mappings: shelf, "The agency"\./, 'and names them');
		like($error->{hint}, qr/DROP SERVER shelf, "The agency" CASCADE;/, 'and says how');
	}
	query($node, 'SELECT count(*) FROM estate.teardown()');
	like(refused($node, 'DROP EXTENSION pg_estate')->{message}, qr/cannot drop extension pg_estate because other objects depend on it/, 'without CASCADE it is as ever');
	query($node, 'DROP EXTENSION postgres_fdw CASCADE');
	query($node, 'DROP SERVER shelf, "The agency" CASCADE');
	query($node, 'DROP EXTENSION pg_estate; CREATE EXTENSION pg_estate');
	my ($code, $out, $err) = $node->psql('estate', 'SELECT * FROM estate.setup()');
	like($err, qr/WARNING:  servers that feeds refer to do not exist: shelf/, 'the next setup() names the servers that feeds lack');
	like($out, qr/^servers\|missing: shelf$/m, 'and has a row for them');
};

$node->stop;
done_testing();
