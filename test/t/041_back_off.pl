# Workers that are ended after they have worked are there again at once, however often; one that cannot even begin is
# started less and less often.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $node = estate_node('backoff', workers => 2, conf => "log_connections = on\n");
query($node, q{
	CREATE TABLE effect (what text);
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES (args->>'what') $$;
});

# how long a job takes from here, that is enqueued when its worker may just have been ended
sub seconds_for_a_job
{
	my ($what) = @_;
	query($node, qq{SELECT estate.enqueue('public.note', '{"what": "$what"}')});
	return wait_for($node, "SELECT count(*) = 1 FROM effect WHERE what = '$what'", "$what is done");
}

my @slow;
for my $round (1 .. 10)
{
	my $seconds = seconds_for_a_job("round $round");
	push @slow, sprintf 'round %d: %.1f s', $round, $seconds if $seconds > 5;
	query($node, q{SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE backend_type = 'pg_estate worker'});
}
is_deeply(\@slow, [], 'ten times in a row their jobs do not wait for workers that were ended after they had worked');

# what they need from the start is not there: each dies before it has done anything
my $log = -s $node->logfile;
my $starts = sub { my @deaths = log_from($node, $log) =~ /\[(\d+)\] ERROR:  relation "estate_internal\.job_open" does not exist/g; return scalar @deaths; };
query($node, 'ALTER TABLE estate_internal.job_open RENAME TO elsewhere');
query($node, q{SELECT estate.enqueue('public.note', '{"what": "waits"}')});
wait_until(sub { $starts->() >= 4 }, 'workers that cannot begin are started again');
my ($then, $count) = (time, $starts->());
wait_until(sub { $starts->() >= $count + 2 }, 'and again');
cmp_ok(time - $then, '>', 2, 'at longer and longer intervals');
query($node, 'ALTER TABLE estate_internal.elsewhere RENAME TO job_open');
wait_for($node, "SELECT count(*) = 1 FROM effect WHERE what = 'waits'", 'and work when they can');
cmp_ok(seconds_for_a_job('after all that'), '<', 5, 'from then on at once');

$node->stop;
done_testing();
