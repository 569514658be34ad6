# Jobs are run exactly once, whatever happens to the processes that run them.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $jobs = 10_000;
my $node = estate_node('once', workers => 3);

# The handler notes its id, nothing keeps it from doing so twice; it takes its time, so that there is a middle
$node->safe_psql('estate', q{
	CREATE TABLE effect (id int);
	CREATE TABLE ledger (job bigint);
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS
		$$ INSERT INTO public.effect SELECT (args->>'id')::int + count(*)::int * 0 FROM generate_series(1, 5000) $$;
	CREATE FUNCTION public.fail(args jsonb) RETURNS void LANGUAGE plpgsql AS
		$$ BEGIN INSERT INTO public.effect VALUES (-1); RAISE division_by_zero; END $$;
});
sub ended { return query($node, 'SELECT count(*) FROM estate_internal.job_ended'); }

# wait until so many more have ended; returns how many are left
sub wait_for_more
{
	my ($more) = @_;
	my $enough = ended() + $more;
	wait_for($node, "SELECT count(*) >= $enough FROM estate_internal.job_ended", "$enough jobs have ended");
	return query($node, 'SELECT count(*) FROM estate_internal.job_waiting');
}

# the failing ones first, so that their back-off passes meanwhile
$node->safe_psql('estate', qq{
	BEGIN;
	INSERT INTO ledger SELECT estate.enqueue('public.fail', max_attempts => 3) FROM generate_series(1, 3);
	INSERT INTO ledger SELECT estate.enqueue('public.note', jsonb_build_object('id', i), priority => i % 5) FROM generate_series(1, $jobs) i;
	INSERT INTO ledger SELECT estate.enqueue('public.note', '{"id": -2}', run_at => now() + '1 day');
	COMMIT;
});

wait_for_more(1000);
my ($victim) = workers_of($node, 'jobs');
ok($victim, 'a worker runs jobs');
kill 'KILL', $victim or die "could not kill $victim: $!\n";
my $killed = time;
poll($node, 'estate', "SELECT pg_postmaster_start_time() IS NOT NULL") or die "the server did not come back\n";
my $left = query($node, 'SELECT count(*) FROM estate_internal.job_waiting');
cmp_ok($left, '>', 5000, "jobs were left when a worker was killed: $left");
wait_for_more(500);
note sprintf 'working again %.1f s after the kill', time - $killed;
cmp_ok(time - $killed, '<', 15, 'the server and the workers come back by themselves');

wait_for_more(500);
$node->stop('immediate');
$node->start;
$left = query($node, 'SELECT count(*) FROM estate_internal.job_waiting');
cmp_ok($left, '>', 1000, "jobs were left when the server stopped at once: $left");

wait_for($node, 'SELECT count(*) = 1 FROM estate_internal.job_waiting', 'all jobs have ended');

is(query($node, 'SELECT count(*), count(DISTINCT id), min(id), max(id) FROM effect'), "$jobs|$jobs|1|$jobs",
	'each handler has had its effect once');
is(query($node, q{
	SELECT count(*), count(*) FILTER (WHERE places = 1), string_agg(DISTINCT states, ',' ORDER BY states) FROM (
		SELECT l.job, count(j.id) AS places, string_agg(j.state, '+') AS states FROM ledger l LEFT JOIN estate.job j ON j.id = l.job GROUP BY 1) s}),
	join('|', $jobs + 4, $jobs + 4, 'dead,done,scheduled'), 'each job is in one place, and in one state');
is(query($node, 'SELECT count(*) FROM estate.job WHERE id NOT IN (SELECT job FROM ledger)'), 0, 'and there are no others');
is(query($node, "SELECT state, count(*) FROM estate.job WHERE handler = 'public.note(jsonb)' GROUP BY 1 ORDER BY 1"),
	"done|$jobs\nscheduled|1", 'the states of the good ones');
is(query($node, q{
	SELECT state, attempt, jsonb_path_query_array(errors, '$[*].attempt'), jsonb_path_query_array(errors, '$[*].sqlstate')
	FROM estate.job WHERE handler = 'public.fail(jsonb)'}),
	join("\n", ('dead|3|[1, 2, 3]|["22012", "22012", "22012"]') x 3), 'the failing ones are dead, each attempt with its error');
is(query($node, q{SELECT count(*) FROM effect WHERE id < 0}), 0, 'and without effect');

$node->stop;
done_testing();
