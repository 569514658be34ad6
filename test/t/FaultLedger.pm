# FaultLedger - clients that enqueue jobs of all kinds and note what was confirmed to them
#
#   my $client = FaultLedger::start($node, round => 3, name => 'a', role => 'anna', random => sub { int rand shift });
#   ...the server is killed...
#   FaultLedger::finish($client);     # what its file says, and whether it met anything but the end of its server
#   FaultLedger::load($node, @clients);                 # what they know, as tables
#   FaultLedger::look($node, 'estate');                 # what the server knows, as table "seen"
#   FaultLedger::keeps_its_promises($node, 'estate');   # tests of what is seen
#
# A client is a psql with a script of its own: each transaction has a name,
# ROUND.CLIENT.NUMBER, which its jobs have in their arguments, and ends with a
# line "committed NAME" in the client's file.  psql writes that line after the
# server has answered the COMMIT, so what has such a line must be there, and
# what has none may be there, whole, or not at all.
package FaultLedger;

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

# the last lines of a client whose server has gone; anything else is a failure
my $END_OF_SERVER = join '|', '^\s*$', 'server closed the connection unexpectedly', 'This probably means the server terminated abnormally',
  'before or while processing the request', 'connection to server was lost', 'no connection to the server', 'terminating connection (?:because of crash|due to)',
  'The postmaster has commanded this server process', 'In a moment you should be able', 'could not (?:send data|receive data)';

# what becomes of a job is decided by its handler; see setup()
my @HANDLERS = ((('note') x 10), (('slow') x 6), 'fail', 'flaky', (('chain') x 2));

# the handlers; each run leaves a row, and nothing keeps it from leaving two
sub setup
{
	my ($node) = @_;
	$node->safe_psql('estate', q{
		CREATE TABLE effect (tag text, who name DEFAULT current_user);
		CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES (args->>'tag') $$;
		CREATE FUNCTION public.slow(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
			PERFORM pg_sleep((args->>'ms')::int * 0.0005);
			INSERT INTO public.effect VALUES (args->>'tag');
			PERFORM pg_sleep((args->>'ms')::int * 0.0005);
		END $$;
		CREATE FUNCTION public.fail(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO public.effect VALUES (args->>'tag');
			RAISE division_by_zero;
		END $$;
		-- fails until a moment after it was enqueued
		CREATE FUNCTION public.flaky(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO public.effect VALUES (args->>'tag');
			IF clock_timestamp() < (args->>'until')::timestamptz THEN RAISE 'not yet'; END IF;
		END $$;
		CREATE FUNCTION public.chain(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO public.effect VALUES (args->>'tag');
			PERFORM estate.enqueue('public.note', jsonb_build_object('tag', (args->>'tag') || '.child', 'parent', args->>'tag'));
		END $$;
		CREATE ROLE anna LOGIN IN ROLE estate_operator;
		CREATE ROLE bert LOGIN IN ROLE estate_operator;
		GRANT INSERT ON effect TO anna, bert;
	});
	return;
}

sub job
{
	my ($client, $transaction, $n, $of, %more) = @_;
	my $random = $client->{random};
	my $handler = $more{handler} // $HANDLERS[$random->(scalar @HANDLERS)];
	my $args = "jsonb_build_object('tag', '$transaction.$n', 'transaction', '$transaction', 'of', $of, 'ms', " . (2 + $random->(10))
	  . ", 'until', clock_timestamp() + '300 ms')";
	my $priority = $more{priority} // (-1, 0, 0, 0, 1, 7)[$random->(6)];
	my $run_at = $more{run_at} // ($random->(12) ? 'NULL' : "clock_timestamp() + '" . $random->(900) . " ms'");
	my $most = $handler eq 'fail' ? 1 + $random->(2) : 20;
	my $key = $more{key} ? "'$more{key}'" : 'NULL';
	return "estate.enqueue('public.$handler', $args, priority => $priority, run_at => $run_at, unique_key => $key, max_attempts => $most)";
}

# a transaction of many jobs
sub many
{
	my ($client, $name, $of, %more) = @_;
	return "BEGIN;\n" . join('', map { "SELECT 'job|$name|' || " . job($client, $name, $_, $of, %more) . ";\n" } 1 .. $of) . "COMMIT;\n\\echo committed|$name\n";
}

# one whose key another one may have; its number of jobs is not known
sub keyed
{
	my ($client, $name, $key) = @_;
	$key //= 'key ' . $client->{random}->(4);
	return "SELECT 'job|$name|' || " . job($client, $name, 1, 0, handler => 'slow', key => $key) . ";\n\\echo committed|$name\n";
}

# one that waits till tomorrow, or whose turn is before that of others; cancelled again while it waits, or is running, or is done
sub cancelled
{
	my ($client, $name, $waits) = @_;
	my ($run_at, $pause) = $waits || !$client->{random}->(3) ? ("now() + '1 day'", 0) : ('NULL', $client->{random}->(12));
	return "SELECT " . job($client, $name, 1, 1, handler => 'slow', run_at => $run_at, priority => -1) . " AS id \\gset\n"
	  . "\\echo job|$name|:id\n\\echo committed|$name\nSELECT pg_sleep(0.001 * $pause);\n\\echo cancelling|$name|:id\n"
	  . "SELECT estate.cancel_job(:id) AS cancelled, clock_timestamp() AS answered \\gset\n\\echo cancelled|$name|:id|:cancelled|:answered\n"
	  # the line above is written after the commit; before this time
	  . "SELECT clock_timestamp() AS later \\gset\n\\echo confirmed|$name|:id|:later\n";
}

sub tomorrow
{
	my ($client, $name) = @_;
	return "SELECT 'job|$name|' || " . job($client, $name, 1, 1, handler => 'note', run_at => "now() + '1 day'") . ";\n\\echo committed|$name\n";
}

sub transaction
{
	my ($client, $name) = @_;
	return $client->{script}->($name) if $client->{script};
	my $kind = $client->{random}->(20);
	my ($n) = $name =~ /(\d+)$/;
	return many($client, $name, 100) if $n == 1;	# there is something to do from the start
	# and something of all that the tests ask for
	return keyed($client, $name, 'key 0') if $n == 2 || $n == 3;
	return cancelled($client, $name, 'waits') if $n == 4;
	return tomorrow($client, $name) if $n == 5;
	return many($client, $name, 20) if $kind < 9;
	return many($client, $name, 1) if $kind < 13;
	return keyed($client, $name) if $kind < 17;
	return cancelled($client, $name) if $kind < 19;
	return tomorrow($client, $name);
}

# options: round, name, role, random => sub (n) -> 0..n-1, transactions => how many, pause => seconds between them,
# script => sub (name) -> what a transaction does
sub start
{
	my ($node, %client) = @_;
	my $client = \%client;
	my $base = PostgreSQL::Test::Utils::tempdir() . "/$client{round}.$client{name}";
	my $script = join "SELECT pg_sleep($client{pause});\n", map { transaction($client, "$client{round}.$client{name}.$_") } 1 .. $client{transactions};

	PostgreSQL::Test::Utils::append_to_file("$base.sql", "SET client_min_messages = warning;\n$script");
	@$client{qw(out err)} = ("$base.out", "$base.err");
	$client->{pid} = fork // die "fork: $!";
	if ($client->{pid} == 0)
	{
		open STDOUT, '>', $client->{out} or die;
		open STDERR, '>', $client->{err} or die;
		exec $node->installed_command('psql'), '-XAtq', '-v', 'ON_ERROR_STOP=1', '-U', $client->{role}, '-d', $node->connstr('estate'), '-f', "$base.sql" or die;
	}
	return $client;
}

# how many transactions have been confirmed so far
sub confirmed
{
	my ($client) = @_;
	my @lines = -f $client->{out} ? grep { /^committed/ } split /\n/, slurp_file($client->{out}) : ();
	return scalar @lines;
}

# waits for the client's end; returns what it complained of that was not the end of its server
sub finish
{
	my ($client) = @_;
	waitpid $client->{pid}, 0;
	return grep { !/$END_OF_SERVER/ } split /\n/, slurp_file($client->{err});
}

# puts what the clients know into tables, to be compared with what the server knows
sub load
{
	my ($node, @clients) = @_;
	my (@transactions, @jobs, @cancels);
	for my $client (@clients)
	{
		my %confirmed;
		my @lines = split /\n/, slurp_file($client->{out});
		/^committed\|(.*)/ and $confirmed{$1} = 1 foreach @lines;
		push @transactions, map { my $name = "$client->{round}.$client->{name}.$_"; $name . "\t" . ($confirmed{$name} ? 't' : 'f') } 1 .. $client->{transactions};
		my %answered = map { /^cancelled\|\S+\|(\d+)\|(\w)\|(.*)/ ? ($1 => "$2\t$3") : () } @lines;
		my %confirmed_by = map { /^confirmed\|\S+\|(\d+)\|(.*)/ ? ($1 => $2) : () } @lines;
		/^job\|(.*)\|(\d+)$/ and push @jobs, "$1\t$2" foreach @lines;
		/^cancelling\|(\S+)\|(\d+)$/ and push @cancels, join "\t", $2, $1, $answered{$2} // "\\N\t\\N", $confirmed_by{$2} // '\N' foreach @lines;
	}
	$node->safe_psql('estate', join "\n",
		'CREATE TABLE ledger_transaction (name text PRIMARY KEY, confirmed bool);',
		'CREATE TABLE ledger_job (transaction text, id bigint);',
		'CREATE TABLE ledger_cancel (id bigint, transaction text, answer bool, answered_at timestamptz, committed_before timestamptz);',
		'COPY ledger_transaction FROM stdin;', @transactions, '\.',
		'COPY ledger_job FROM stdin;', @jobs, '\.',
		'COPY ledger_cancel FROM stdin;', @cancels, "\\.\n");
	return (scalar @transactions, scalar @jobs, scalar @cancels);
}

# all jobs and effects of a database as they are now, in tables of their own
sub look
{
	my ($node, $db) = @_;
	$node->safe_psql($db, q{
		CREATE TABLE seen AS SELECT id, state, handler, run_at, attempt, max_attempts, errors, role, ended_at, args, args->>'tag' AS tag,
			coalesce(args->>'transaction', '') AS transaction, args->>'parent' AS parent FROM estate.job;
		CREATE INDEX ON seen (id);
		CREATE TABLE effects AS SELECT tag, count(*) AS n, min(who) AS who FROM effect GROUP BY 1;
		ANALYZE seen, effects;
	});
	return;
}

# a test: a query that finds what must not be finds nothing
sub none
{
	my ($node, $db, $what, $sql) = @_;
	my @found = split /\n/, $node->safe_psql($db, $sql);
	diag "$what: " . scalar(@found) . ", first: @found[0 .. ($#found < 9 ? $#found : 9)]" if @found;
	return is(scalar @found, 0, "none is $what");
}

# What is true of the tables of look() at any moment: after crashes, and in any dump
my @PROMISES = (
	'in two places' => 'SELECT id, count(*) FROM seen GROUP BY 1 HAVING count(*) > 1',
	'enqueued twice' => 'SELECT tag, count(*) FROM seen WHERE tag IS NOT NULL GROUP BY 1 HAVING count(*) > 1',
	'of half a transaction' => q{SELECT transaction, count(*) FROM seen WHERE parent IS NULL AND (args->>'of')::int > 0
		GROUP BY transaction, args->>'of' HAVING count(*) <> (args->>'of')::int},
	'done, without or with two effects' => q{SELECT s.tag, coalesce(n, 0) FROM seen s LEFT JOIN effects USING (tag) WHERE state = 'done' AND handler <> 'media' AND coalesce(n, 0) <> 1},
	'not done, with an effect' => q{SELECT tag, state FROM seen JOIN effects USING (tag) WHERE state <> 'done'},
	'an effect of no job' => 'SELECT tag FROM effects WHERE tag NOT IN (SELECT tag FROM seen WHERE tag IS NOT NULL)',
	'an effect of somebody else' => 'SELECT tag, who, role FROM seen JOIN effects USING (tag) WHERE who::text <> role::text',
	'done, without the one job that it enqueued' => q{SELECT p.tag, count(c.id) FROM seen p LEFT JOIN seen c ON c.parent = p.tag
		WHERE p.handler = 'public.chain(jsonb)' AND p.state = 'done' GROUP BY 1 HAVING count(c.id) <> 1},
	'the child of what has not been done' => q{SELECT c.tag FROM seen c LEFT JOIN seen p ON c.parent = p.tag WHERE c.parent IS NOT NULL AND p.state IS DISTINCT FROM 'done'},
	'charged with other attempts than those that failed' => q{SELECT tag, state, attempt, errors FROM seen WHERE state <> 'cancelled'
		AND jsonb_path_query_array(errors, '$[*].attempt') <> (SELECT coalesce(jsonb_agg(i), '[]') FROM generate_series(1, attempt - (state = 'done')::int) i)},
	'dead before its last attempt, or after it' => q{SELECT tag, attempt, max_attempts FROM seen WHERE state = 'dead' AND attempt <> max_attempts OR attempt > max_attempts},
	'dead without reason' => q{SELECT tag, attempt, errors FROM seen WHERE handler <> 'public.fail(jsonb)' AND state = 'dead'},
	'done though it always fails' => q{SELECT tag, state FROM seen WHERE handler = 'public.fail(jsonb)' AND state = 'done'},
	# a worker that is killed in a handler is a crash of that handler, as far as anybody can tell
	'charged with an error of another' => q{SELECT tag, handler, errors FROM seen WHERE handler NOT IN ('public.fail(jsonb)', 'public.flaky(jsonb)')
		AND jsonb_path_exists(errors, '$[*] ? (@.sqlstate != "57P02")')});

sub keeps_its_promises
{
	my ($node, $db) = @_;
	none($node, $db, @PROMISES[$_, $_ + 1]) foreach map { 2 * $_ } 0 .. $#PROMISES / 2;
	return;
}

1;
