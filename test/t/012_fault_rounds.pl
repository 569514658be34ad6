# Rounds of faults: clients enqueue jobs of all kinds, workers run them, and in the middle of it something is killed.
# No job is lost, none has its effect twice.
#
#   ESTATE_FAULT_SEED=N		what the clients do and what is killed; in the name of each round, so that it can be repeated
#   ESTATE_FAULT_ROUNDS=N	how many rounds
#
# In one cluster, over all rounds: what a fault has left behind is there in the next round.

use strict;
use warnings;
use lib 'test/t', 'test/server';
use Digest::SHA qw(sha256_hex);
use EstateNode;
use FaultLedger;
use ScriptedHttp;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $seed = $ENV{ESTATE_FAULT_SEED} // time % 1_000_000;
my $rounds = $ENV{ESTATE_FAULT_ROUNDS} // 50;
my @faults = qw(worker network backend postmaster stop);
my $patience = $PostgreSQL::Test::Utils::timeout_default;

note "ESTATE_FAULT_SEED=$seed ESTATE_FAULT_ROUNDS=$rounds";
srand $seed;
my $http = ScriptedHttp->new;
my $folder = PostgreSQL::Test::Utils::tempdir();
my $node = estate_node('faults', workers => 3, conf => "autovacuum_naptime = 1\n");
my (@clients, %count, @complaints, @strikes);

FaultLedger::setup($node);
$node->safe_psql('estate', qq{
	CREATE SERVER photos FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url 'file://$folder');
	SELECT estate.create_market('m');
	INSERT INTO estate.listing (market_id, id, source_system, listing_key, standard_status, property_type, currency)
		VALUES (1, 1000000, 'by hand', 'L', 'Active', 'Residential', 'USD');
});

# what ScriptedHttp sends for -size
sub generated
{
	my ($size) = @_;
	my $line = join('', 'a' .. 'z', 'A' .. 'Z', '0' .. '9', "+\n");
	return substr $line x (1 + $size / length $line), 0, $size;
}

# a photo to be copied, of a length of its own: the effect that is outside of the database
sub photo
{
	my ($name) = @_;
	my $size = 1000 + int rand 50_000;
	my $url = $http->origin . '/-delay=' . int(rand 250) . "/-size=$size/$name.jpg";
	return "BEGIN;\nINSERT INTO estate.media (market_id, listing, media_key, media_url) VALUES (1, 1000000, '$name', '$url');\n"
	  . "SELECT 'job|$name|' || estate.enqueue('media', jsonb_build_object('market_id', 1, 'listing', 1000000, 'media_key', '$name',"
	  . " 'target', 'photos', 'transaction', '$name', 'of', 1));\nCOMMIT;\n\\echo committed|$name\n";
}

sub start_clients
{
	my ($round) = @_;
	my $random = sub { return int rand shift };
	return (
		FaultLedger::start($node, round => $round, name => 'a', role => 'anna', random => $random, transactions => 200, pause => 0.02),
		FaultLedger::start($node, round => $round, name => 'b', role => 'bert', random => $random, transactions => 200, pause => 0.02),
		FaultLedger::start($node, round => $round, name => 'p', role => $node->safe_psql('postgres', 'SELECT current_user'), transactions => 150, pause => 0.03, script => \&photo),
		# some that wait when the fault comes, however quick the workers are
		FaultLedger::start($node, round => $round, name => 's', role => 'anna', random => $random, transactions => 1, pause => 0, script => sub {
			return FaultLedger::many({ random => $random }, $_[0], 60, run_at => "clock_timestamp() + '30 s'") }),
		# one that is still in its transaction when the fault comes
		FaultLedger::start($node, round => $round, name => 'x', role => 'bert', transactions => 1, pause => 0, script => sub {
			my ($name) = @_;
			my $job = FaultLedger::job({ random => $random }, $name, 1, 1, handler => 'note', run_at => 'NULL');
			return "BEGIN;\nSELECT 'job|$name|' || $job;\nSELECT pg_sleep($patience) AS \"in the transaction\";\nCOMMIT;\n\\echo committed|$name\n" }));
}

# so many jobs wait, run and have ended in a round; photos that are to be copied, and those that are being copied
sub look
{
	my ($round) = @_;
	my ($waiting, $ended, $photos, $copying) = split /\|/, query($node, qq{
		SELECT count(*) FILTER (WHERE ended_at IS NULL), count(ended_at), count(*) FILTER (WHERE handler = 'media'),
			count(*) FILTER (WHERE state = 'running' AND handler = 'media')
		FROM estate.job WHERE args->>'transaction' LIKE '$round.%'});
	return (waiting => $waiting, ended => $ended, photos => $photos, copying => $copying);
}

# the process that a fault is for, if there is one now
sub find_victim
{
	my ($fault) = @_;
	return (workers_of($node, 'jobs'))[0] if $fault eq 'worker';
	return (workers_of($node, 'network'))[0] if $fault eq 'network';
	return query($node, q{SELECT pid FROM pg_stat_activity WHERE query LIKE '%in the transaction%' AND wait_event = 'PgSleep' AND backend_xid IS NOT NULL}) if $fault eq 'backend';
	return (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
}

# all processes of the server
sub processes
{
	my @children = split /\s+/, slurp_file("/proc/$_[0]/task/$_[0]/children");
	return ($_[0], @children);
}

# does it; true when something has really been killed
sub strike
{
	my ($fault, $victim) = @_;
	my $log = -s $node->logfile;
	my @processes = processes(find_victim('postmaster'));

	if ($fault eq 'stop') { $node->stop('immediate'); }
	elsif ($fault eq 'postmaster') { $node->kill9; }
	else
	{
		kill 'KILL', $victim or return 0;
		$node->wait_for_log(qr/\(PID $victim\) was terminated by signal 9/, $log);
		return 1;
	}
	# those that it leaves behind end by themselves
	my @left = @processes;
	for (my $until = time + $patience; @left && time < $until; usleep(20_000)) { @left = grep { kill 0, $_ } @left; }
	diag "processes are left: @left" if @left;
	return @processes > 5 && !@left;
}

# the server is there again: by itself, or because it is started
sub bring_back
{
	my ($fault) = @_;
	$node->start if $fault eq 'stop' || $fault eq 'postmaster';
	wait_for($node, 'SELECT true', 'the server is there again');
	return;
}

# all but what waits for its time
sub wait_for_the_rest
{
	my ($round) = @_;
	return wait_for($node, "SELECT count(*) = 0 FROM estate.job WHERE state IN ('available', 'running')", "all jobs of round $round have ended");
}

sub round
{
	my ($round) = @_;
	my $fault = $faults[($round + $seed) % @faults];
	my $enough = 100 + int rand 300;
	my @mine = start_clients($round);
	my (%then, $victim);

	for (my $until = time + $patience; time < $until; usleep(10_000))
	{
		%then = look($round);
		$victim = find_victim($fault);
		last if $victim && $then{ended} >= $enough && $then{waiting} > 50 && $then{photos} > 5 && $then{copying} > 0;
	}
	my $before = time;
	my $struck = $victim && $then{ended} >= $enough && strike($fault, $victim);
	my $moment = time;
	bring_back($fault);
	push @strikes, sprintf q{(%d, '%s', to_timestamp(%f), to_timestamp(%f), to_timestamp(%f))}, $round, $fault, $before, $moment, time;
	push @complaints, map { FaultLedger::finish($_) } @mine;
	push @clients, @mine;
	wait_for_the_rest($round);
	my $took = time - $moment;
	my $left = query($node, "SELECT count(*) FROM estate.job WHERE args->>'transaction' LIKE '$round.%' AND ended_at > to_timestamp($moment)");
	$count{$fault}++ if $struck;
	ok($struck && $then{waiting} > 50 && $then{copying} > 0 && $left > 0,
		sprintf 'seed %d, round %d: %s, %d had ended, %d waited, %d photos were under way; %d ended in the %.1f s after it',
		$seed, $round, $fault, @then{qw(ended waiting copying)}, $left, $took);
	return;
}

round($_) for 1 .. $rounds;
wait_for($node, q{SELECT count(*) = 0 FROM estate.job WHERE state NOT IN ('done', 'dead', 'cancelled') AND run_at < now() + '1 hour'}, 'all jobs have ended');
is_deeply([ map { $count{$_} // 0 } @faults ], [ map { my $n = $_; scalar grep { ($_ + $seed) % @faults == $n } 1 .. $rounds } 0 .. $#faults ], "each fault as often as it should: @faults");
is_deeply(\@complaints, [], 'no client has met anything but the end of its server');

my ($transactions, $jobs, $cancels) = FaultLedger::load($node, @clients);
FaultLedger::look($node, 'estate');
note "$transactions transactions, $jobs answers with a job, $cancels cancellations";
note 'states: ' . query($node, q{SELECT string_agg(format('%s %s', n, state), ', ' ORDER BY state) FROM (SELECT state, count(*) AS n FROM seen GROUP BY 1) s});
cmp_ok(query($node, 'SELECT count(*) FROM ledger_transaction WHERE confirmed'), '>', 20 * $rounds, 'transactions were confirmed');
cmp_ok(query($node, 'SELECT count(*) FROM ledger_transaction WHERE NOT confirmed'), '>=', $rounds, 'and others were not');

# the ledger
sub none { return FaultLedger::none($node, 'estate', @_); }
none('confirmed and lost', 'SELECT l.* FROM ledger_job l JOIN ledger_transaction t ON t.name = l.transaction WHERE confirmed AND NOT EXISTS (SELECT FROM seen WHERE seen.id = l.id)');
none('there without a transaction', q{SELECT id, transaction FROM seen WHERE parent IS NULL AND transaction NOT IN (SELECT name FROM ledger_transaction)});
none('of a transaction that could not commit', q{SELECT id FROM seen WHERE transaction LIKE '%.x.%'});
none('neither ended nor waiting for its time', q{SELECT id, state FROM seen WHERE state NOT IN ('done', 'dead', 'cancelled', 'scheduled')});
none('waiting past its time', q{SELECT id FROM seen WHERE state = 'scheduled' AND run_at < now() + '1 hour'});
FaultLedger::keeps_its_promises($node, 'estate');

# cancellations; what is not as it was answered says in which order all of it came to be
sub answered
{
	my ($what, $condition) = @_;
	return none($what, qq{SELECT format('seed $seed, round %s: job %s of transaction %s, cancel_job() said %s at %s, which was committed before %s;'
			' the %s was struck between %s and %s, the server was back at %s; the job is %s, ended at %s, attempts %s, errors %s',
			round, c.id, c.transaction, answer, answered_at::time, coalesce(committed_before::time::text, 'the end of the server'),
			fault, struck_after::time, struck_before::time, back_at::time, coalesce(state, 'nowhere'), ended_at::time, attempt, errors)
		FROM ledger_cancel c LEFT JOIN seen s ON s.id = c.id
		LEFT JOIN (VALUES @{[ join ', ', @strikes ]}) k (round, fault, struck_after, struck_before, back_at) ON round = split_part(c.transaction, '.', 1)::int
		WHERE $condition});
}
answered('running or done after it was cancelled', q{answer AND state IS DISTINCT FROM 'cancelled'});
answered('cancelled in spite of the answer', q{NOT answer AND state = 'cancelled'});
none('cancelled by nobody', q{SELECT id FROM seen WHERE state = 'cancelled' AND id NOT IN (SELECT id FROM ledger_cancel)});

# something of everything, or the above says nothing
for my $kind ([ 'fail', 'dead' ], [ 'flaky', 'done' ], [ 'chain', 'done' ], [ 'slow', 'cancelled' ], [ 'note', 'scheduled' ])
{
	cmp_ok(query($node, "SELECT count(*) FROM seen WHERE handler = 'public.$kind->[0](jsonb)' AND state = '$kind->[1]'"), '>', 0, "there are jobs that are $kind->[1] of handler $kind->[0]");
}
cmp_ok(query($node, 'SELECT count(*) FROM (SELECT id FROM ledger_job GROUP BY 1 HAVING count(*) > 1) s'), '>', 0, 'and keys that two transactions have asked for');

# the outside: each photo has been asked for, and is there once
my %asked;
$asked{ $_->{path} =~ m{([^/]+)\.jpg$} ? $1 : '' }++ foreach $http->requests;
my (%file, @wrong);
for my $line (split /\n/, query($node, q{SELECT s.transaction, state, stored_as, encode(stored_sha256, 'hex'), substring(media_url, '-size=(\d+)') FROM seen s
	LEFT JOIN estate.media ON media_key = s.transaction WHERE handler = 'media'}))
{
	my ($key, $state, $name, $hash, $size) = split /\|/, $line, -1;
	my $bytes = -f "$folder/$name" ? slurp_file("$folder/$name") : '';
	push @wrong, "$key is $state" if $state ne 'done';
	push @wrong, "$key: asked for never" if !$asked{$key};
	push @wrong, "$key: $name is not what was sent" if $bytes ne generated($size) || sha256_hex($bytes) ne $hash;
	push @wrong, "$key: $name is not its own" if $file{$name}++;
}
is_deeply(\@wrong, [], 'each photo has been copied, whole, to a file of its own');
cmp_ok(scalar keys %file, '>', 5 * $rounds, scalar(keys %file) . ' photos');
chomp(my @there = `cd $folder && find . -type f`);
is(scalar @there, scalar keys %file, 'and no other file is there');
none('asked for without a job', 'SELECT key FROM (VALUES (' . join('), (', map { "'$_'" } sort keys %asked) . ')) a(key) WHERE key NOT IN (SELECT transaction FROM seen)');
my $again = grep { $_ > 1 } values %asked;
cmp_ok($again, '>', 0, "$again of them twice or more: what was under way is asked for again");

$node->stop;
done_testing();
