# pg_dump while jobs are enqueued and run: each dump, restored, is a consistent ledger, and goes on from there.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use FaultLedger;
use PostgreSQL::Test::Utils;
use Test::More;

my $dumps = 6;
my $seed = $ENV{ESTATE_FAULT_SEED} // time % 1_000_000;
# in one piece, by several processes, and the tables before what is in them
my @ways = (
	{ dump => ['-Fc'], restore => [ [] ] },
	{ dump => [ '-Fd', '-j2' ], restore => [ ['-j2'] ] },
	{ dump => ['-Fc'], restore => [ ['--schema-only'], ['--data-only'] ] });
my $dir = PostgreSQL::Test::Utils::tempdir();
my $node = estate_node('draining', workers => 3);
srand $seed;
note "ESTATE_FAULT_SEED=$seed";
FaultLedger::setup($node);
my @clients = map {
	FaultLedger::start($node, round => 1, name => $_->[0], role => $_->[1], random => sub { return int rand shift }, transactions => 2000, pause => 0.01)
} [ 'a', 'anna' ], [ 'b', 'bert' ];

# ids that were confirmed to somebody by now
sub confirmed_jobs
{
	my %confirmed;
	for my $client (@clients)
	{
		my @lines = split /\n/, slurp_file($client->{out});
		my %transaction = map { /^committed\|(.*)/ ? ($1 => 1) : () } @lines;
		/^job\|(.*)\|(\d+)$/ && $transaction{$1} and $confirmed{$2} = 1 foreach @lines;
	}
	return sort { $a <=> $b } keys %confirmed;
}

my @before;
for my $n (1 .. $dumps)
{
	wait_for($node, "SELECT count(ended_at) > 200 * $n FROM estate.job", 'more jobs have ended');
	push @before, [ confirmed_jobs() ];
	system_or_bail('pg_dump', @{ $ways[ $n % @ways ]{dump} }, '-f', "$dir/$n", '-d', $node->connstr('estate'));
}
kill 'TERM', $_->{pid} foreach @clients;
my @complaints = map { FaultLedger::finish($_) } @clients;
is_deeply(\@complaints, [], 'the clients were content');
my $ended = query($node, 'SELECT count(ended_at) FROM estate.job');

for my $n (1 .. $dumps)
{
	subtest "dump $n" => sub {
		my $db = "copy_$n";
		$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE template0");
		for my $part (@{ $ways[ $n % @ways ]{restore} })
		{
			$node->command_ok([ 'pg_restore', '--exit-on-error', @$part, '-d', $node->connstr($db), "$dir/$n" ], "is restored @$part");
		}
		FaultLedger::look($node, $db);
		my ($waiting, $done, $most) = split /\|/, $node->safe_psql($db, q{SELECT count(*) FILTER (WHERE state = 'available'), count(*) FILTER (WHERE state = 'done'), max(id) FROM seen});
		cmp_ok($waiting, '>', 0, "$waiting jobs wait in it");
		cmp_ok($done, '>', 0, "$done are done");
		cmp_ok($done, '<', $ended, 'and not yet all');
		my @ids = @{ $before[ $n - 1 ] };
		cmp_ok(scalar @ids, '>', 50, scalar(@ids) . ' were confirmed before it began');
		FaultLedger::none($node, $db, 'confirmed and not in it', "SELECT id FROM unnest('{" . join(',', @ids) . "}'::bigint[]) id WHERE id NOT IN (SELECT id FROM seen)");
		FaultLedger::keeps_its_promises($node, $db);

		# and it goes on: nothing is run again, nothing left, no id taken twice
		my $next = $node->safe_psql($db, q{SET client_min_messages = error; SELECT estate.enqueue('public.note', '{"tag": "new"}')});
		cmp_ok($next, '>', $most, 'a new job has an id of its own');
		my $moment = $node->safe_psql($db, 'SELECT clock_timestamp()');
		$node->safe_psql($db, q{
			SET client_min_messages = error;
			CALL estate.run_jobs();
			DROP TABLE seen, effects;
		});
		FaultLedger::look($node, $db);
		FaultLedger::keeps_its_promises($node, $db);
		FaultLedger::none($node, $db, 'left', "SELECT id, state FROM seen WHERE state NOT IN ('done', 'dead', 'cancelled') AND run_at < '$moment'");
		$node->safe_psql('postgres', "DROP DATABASE $db");
	};
}

# each dump is of another moment
my @sizes = map { scalar @$_ } @before;
cmp_ok($sizes[$_], '>', $sizes[ $_ - 1 ], "dump $_: $sizes[$_] jobs, the one before: $sizes[$_ - 1]") for 1 .. $#sizes;
$node->stop;
done_testing();
