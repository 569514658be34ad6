# What fails in the background is in the server's log: jobs that are dead, runs of feeds, photos that are given up; once each,
# with database, job or feed and SQLSTATE, and not without end.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = estate_node('failures', workers => 2);
query($node, q{
	CREATE ROLE anna IN ROLE estate_operator;
	CREATE TABLE ran (n int);
	GRANT ALL ON ran TO anna;
	CREATE FUNCTION public.works(jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO public.ran VALUES (1)';
	CREATE FUNCTION public.fails(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never %', args ->> 'n' USING ERRCODE = 'EST01'; END $$;
	SELECT estate.create_market('m');});

# lines of the log since then that tell of a failure
sub told { my ($from) = @_; return grep { /LOG:  .*(?:is dead after|has failed|not logged)/ } split /\n/, log_from($node, $from); }

my $from = -s $node->logfile;
query($node, q{SELECT estate.enqueue('public.fails', '{"n": 1}', max_attempts => 1)}, user => 'anna');
eventually($node, q{SELECT count(*) = 1 FROM estate.job WHERE state = 'dead'}, 'a job dies');
wait_until(sub { told($from) }, 'the log tells of it');
my $id = query($node, q{SELECT id FROM estate.job WHERE state = 'dead'});
like(log_from($node, $from), qr/LOG:  job $id of handler "public\.fails\(jsonb\)" is dead after 1 attempt: never 1\n.*DETAIL:  database "estate", queue "default", role "anna", SQLSTATE EST01\./, 'with what is needed to find it');

# a message of any length: the log is not filled with it
$from = -s $node->logfile;
query($node, q{CREATE FUNCTION public.rants(jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', repeat('ä', 2000000); END $$;
	SELECT estate.enqueue('public.rants', max_attempts => 1);});
wait_until(sub { told($from) }, 'the log tells of a failure with a long message');
like((told($from))[0], qr/is dead after 1 attempt: (?:ä){512}\.\.\.$/, 'and cuts it');

# failures that do not end a job are tried again, and are in estate.job
$from = -s $node->logfile;
query($node, q{SELECT estate.enqueue('public.fails', '{"n": 2}', max_attempts => 3, backoff => '{10 ms}')});
eventually($node, q{SELECT count(*) = 3 FROM estate.job WHERE state = 'dead'}, 'a job dies after three attempts');
wait_until(sub { told($from) }, 'the log tells of it');
is(scalar(told($from)), 1, 'once');
like((told($from))[0], qr/is dead after 3 attempts: never 2/, 'and of the attempts');

# handlers that have been quick run without a subtransaction: the batch is rolled back, and run again
query($node, q{SELECT count(estate.enqueue('public.works')) FROM generate_series(1, 500)});
eventually($node, q{SELECT count(*) = 500 FROM ran}, 'many have been quick');
$from = -s $node->logfile;
query($node, q{SELECT count(estate.enqueue(CASE WHEN i = 50 THEN 'public.fails' ELSE 'public.works' END, '{"n": 3}', max_attempts => 1)) FROM generate_series(1, 100) i});
eventually($node, q{SELECT count(*) = 599 FROM ran}, 'one among many dies');
wait_until(sub { told($from) }, 'the log tells of it');
is(scalar(told($from)), 1, 'once, whatever was rolled back');

# what is rolled back by the caller has not happened
query($node, 'SELECT estate.disable_workers()');
$from = -s $node->logfile;
query($node, q{BEGIN; SELECT estate.enqueue('public.fails', max_attempts => 1); CALL estate.run_jobs(); ROLLBACK;});
query($node, q{BEGIN; SELECT estate.enqueue('public.fails', max_attempts => 1); SAVEPOINT s; CALL estate.run_jobs(); ROLLBACK TO s; COMMIT;});
is(scalar(told($from)), 0, 'nothing of what was rolled back');
query($node, q{CALL estate.run_jobs()});
is(scalar(told($from)), 1, 'but what a session has worked off');
query($node, 'SELECT estate.enable_workers()');

subtest 'feeds and photos' => sub {
	$from = -s $node->logfile;
	query($node, q{SELECT estate.create_feed('gone', 'file:///nowhere/at/all.csv', preset => 'csv', market => 'm', every => '1 hour')});
	wait_until(sub { told($from) >= 2 }, 'runs of a feed that fails are told of');
	like(log_from($node, $from), qr/LOG:  run of feed "gone" has failed: .*\n.*DETAIL:  database "estate", run \d+, failures in a row 2.*, SQLSTATE \w{5}\./, 'with how many there were');
	query($node, q{SELECT estate.drop_feed('gone')});

	my $folder = PostgreSQL::Test::Utils::tempdir() . '/none';
	query($node, qq{CREATE SERVER shelf FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url 'file://$folder');
		SELECT estate.create_feed('r', preset => 'reso', market => 'm', options => '{"media_target": "shelf"}');});
	$from = -s $node->logfile;
	query($node, q{SELECT estate.push_feed('r', '{"value": [{"ListingKey": "L1", "ListPrice": 1, "Media": [{"MediaKey": "front", "MediaURL": "http://127.0.0.1:1/x.jpg"}]}]}')});
	eventually($node, q{SELECT count(*) = 1 FROM estate.job WHERE handler = 'media' AND attempt >= 1}, 'a photo fails');
	query($node, q{UPDATE estate_internal.job_open SET max_attempts = 2, run_at = now() WHERE handler = 'media'; SELECT estate.redrive(handler => 'media', state => 'retryable')});
	wait_until(sub { told($from) }, 'the log tells when it is given up');
	like(log_from($node, $from), qr/LOG:  job \d+ of handler "media" is dead after 2 attempts: .*\n.*DETAIL:  database "estate", queue "media", .*SQLSTATE \w{5}\./, 'as of any job');
};

# a handler that fails always
$from = -s $node->logfile;
query($node, q{SELECT count(estate.enqueue('public.fails', max_attempts => 1)) FROM generate_series(1, 2000)});
eventually($node, q{SELECT count(*) >= 2000 FROM estate.job WHERE state = 'dead'}, 'two thousand die');
cmp_ok(scalar(grep { /is dead/ } told($from)), '<=', 40, 'a few are in the log');
is(scalar(grep { /further failures of pg_estate are not logged by this process for a while/ } told($from)) >= 1, 1, 'and that there are more');

$node->stop;
done_testing();
