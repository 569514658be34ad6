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

# All of these are transactional: a way is gone in one transaction, which is rolled back.  Statements that fail are undone alone.
# Runs the statements of a way, and then some whose output and errors are returned.
sub run_after
{
	my ($way, @statements) = @_;
	my ($out, $err) = ('', '');
	my $script = "\\set VERBOSITY verbose\n\\set ON_ERROR_ROLLBACK on\nSET client_min_messages = error;\nBEGIN;\n"
		. join('', map { "$actions{$_};\n" } @$way) . "\\echo ways end\n\\warn ways end\n" . join('', map { "$_;\n\\echo then\n\\warn then\n" } @statements) . "ROLLBACK;\n";

	IPC::Run::run([ 'psql', '-XAtq', '-d', $node->connstr('estate'), '-f', '-' ], '<', \$script, '>', \$out, '2>', \$err);
	s/^.*?ways end\n//s for $out, $err;
	my @out = map { s/\n\z//r } split /^then\n/m, $out, -1;
	my @err = split /^then\n/m, $err, -1;
	return map { { out => $out[$_] // '', err => $err[$_] // '' } } 0 .. $#statements;
}

my $works = q{SELECT (SELECT count(*) FROM estate.job WHERE state = 'done' AND handler LIKE 'public.works%') >= 1 AND (SELECT count(*) FROM estate.scored_listing) >= 1
	AND NOT EXISTS (SELECT FROM estate.doctor() WHERE NOT ok AND "check" IN ('tables', 'views', 'owner of the bookkeeping', 'owner of the tables', 'creating in our schemas'))};
my @use = ("SELECT estate.create_market('another')", "SELECT estate.create_feed('another', preset => 'csv', market => 'another')",
	"SELECT outcome FROM estate.push_feed('another', E'ListingKey,StandardStatus,PropertyType,ListPrice\\nK1,Active,Residential,1\\n')",
	"SELECT estate.enqueue('public.works')", 'CALL estate.run_jobs()', $works);

# makes it work again; what stands in the way has to say so
sub mend
{
	my ($way, $before) = @_;
	my $name = join ', ', @$way;
	my $kept = $before =~ /listings 1/;
	my @begin = ('CREATE EXTENSION IF NOT EXISTS pg_estate', 'SELECT * FROM estate.setup()');
	my $setup = (run_after($way, @begin))[1];

	if ($setup->{err} ne '')
	{
		return "$name: setup() says: $setup->{err}" unless
			$setup->{err} =~ /ERROR:  55000: .*DETAIL:  These are (?:left|missing): estate.*HINT:  Restore what is missing from a backup, or drop what is left, with all rows: (SELECT \* FROM estate\.teardown\(drop_data => true\));/s;
		my $command = $1;
		my $found = (run_after($way, $begin[0], q{SELECT ok, detail ~ 'not complete; left are .*; missing are', fix ~ 'teardown' FROM estate.doctor() WHERE "check" = 'tables'}))[1]{out};
		return "$name: doctor() does not see it: $found" unless $found eq 'f|t|t';
		splice @begin, 1, 0, $command;
		$kept = 0;
	}
	my @said = run_after($way, @begin, 'SELECT count(*) FROM estate.listing', @use);
	my ($failed) = grep { $_->{err} ne '' } @said;
	return "$name: it does not work: $failed->{err}" if $failed;
	my $listings = $said[@begin]{out};
	return "$name: $listings listings" if $listings != ($kept ? 1 : 0);
	return $said[-1]{out} eq 't' ? () : "$name: it does not work";
}

# from each new state every action is tried
my %seen = ((run_after([], $state))[0]{out} => 1);
my @todo = ([]);
my (@faults, @refused);
while (my $way = shift @todo)
{
	for my $action (sort keys %actions)
	{
		my ($done, $is) = run_after($way, $actions{$action}, $state);

		# clear refusals of what makes no sense there
		push @refused, join(', ', @$way, $action) . ": $done->{err}" if $done->{err} ne '' &&
			$done->{err} !~ /ERROR:  (?:3F000|42883|42704|42710|42P01): .*(?:does not exist|already exists)|ERROR:  55000: the tables of pg_estate are not set up in this database|HINT:  Restore what is missing from a backup/;
		next if $seen{ $is->{out} }++;
		push @todo, [ @$way, $action ];
		push @faults, mend([ @$way, $action ], $is->{out});
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
