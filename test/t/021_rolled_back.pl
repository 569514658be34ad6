# Whatever somebody does to jobs and queues and rolls back, as a whole or to a savepoint: the jobs run when they are due,
# though the workers have passed them by meanwhile.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = estate_node('rolled_back', workers => 2);
query($node, q{
	CREATE TABLE ran (id bigint, at timestamptz DEFAULT clock_timestamp());
	CREATE FUNCTION public.run(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.ran VALUES (estate.this_job()) $$;
});

# a job of every kind that waits, in a queue: for the lanes, for a time, for the network, for another job
my %jobs = (all => [ 6, q{
	SELECT estate.enqueue('public.run', queue => 'q', priority => p) FROM generate_series(-1, 1) p;
	SELECT estate.enqueue('public.run', queue => 'q', run_at => clock_timestamp() + '300 ms');
	SELECT estate.enqueue('media', queue => 'q', run_at => clock_timestamp() + '300 ms', max_attempts => 1);
	SELECT estate.enqueue('public.run', queue => 'q', depends_on => ARRAY[estate.enqueue('public.run', queue => 'q')]);
}],
	# what they do to those in the lanes would have the workers look at these as well
	scheduled => [ 1, q{SELECT estate.enqueue('public.run', queue => 'q', run_at => clock_timestamp() + '300 ms')}],
	network => [ 0, q{SELECT estate.enqueue('media', queue => 'q', run_at => clock_timestamp() + '300 ms', max_attempts => 1)}]);

sub value { return query($node, @_); }

# somebody does it; the workers pass all jobs by; he rolls it back: then all run, soon. early: the jobs before their queue
sub rolled_back
{
	my ($what, $sql, %more) = @_;
	my ($n, $jobs) = @{ $jobs{ $more{jobs} // 'all' } };
	$what .= " ($more{jobs})" if $more{jobs};
	my $name = $more{savepoint} ? "$what, to a savepoint" : $what;
	my $session = $node->background_psql('estate', on_error_stop => 1);
	value('SELECT estate.disable_workers()');
	wait_for($node, "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'pg_estate worker'", 'the workers are gone');
	value("SELECT estate.drop_queue('q')") if value("SELECT count(*) FROM estate_internal.queue WHERE name = 'q'");
	value($more{early} ? "$jobs; SELECT estate.create_queue('q')" : "SELECT estate.create_queue('q'); $jobs");
	$session->query_safe('SET client_min_messages = error; BEGIN');
	$session->query_safe('SAVEPOINT s') if $more{savepoint};
	$session->query_safe($sql);
	# one that nobody has in hand shows that the workers have been through
	my $other = value("SELECT estate.enable_workers() IS NULL; SELECT estate.enqueue('public.run', priority => 100)");
	($other) = $other =~ /(\d+)$/;
	wait_for($node, "SELECT count(*) > 0 AND (SELECT coalesce(clock_timestamp() > max(run_at) + interval '1 s', true) FROM estate_internal.job_open)
		FROM ran WHERE id = $other", 'the workers have passed by');
	is(value("SELECT count(*) FROM ran WHERE id <> $other"), 0, "$name: nothing has run") if $what =~ /drop_queue|cancel_job/;
	$session->query_safe($more{savepoint} ? 'ROLLBACK TO s; COMMIT' : 'ROLLBACK');
	$session->quit;
	my $started = time;
	wait_until(sub { return value('SELECT count(*) = 0 FROM estate_internal.job_waiting') eq 't' || time - $started > 8; }, "$name: waited");
	my $took = time - $started;
	cmp_ok($took, '<', 8, "$name: all run") or diag value(q{
		SELECT format('%s %s %s %s', id, handler, state, run_at) FROM estate.job WHERE ended_at IS NULL
		UNION ALL SELECT format('%s %s %s %s', application_name, state, wait_event, query) FROM pg_stat_activity WHERE backend_type ~ 'estate|client'});
	is(value("WITH gone AS (DELETE FROM ran RETURNING id) SELECT count(*), count(DISTINCT id) FROM gone WHERE id <> $other"), "$n|$n", "$name: each once");
	# what was left over must not be in the way of the next
	value('SELECT count(estate.cancel_job(id)) FROM estate.job WHERE ended_at IS NULL') if $took >= 8;
	return;
}

# a job that waits for one that runs meanwhile is left alone: whoever ends that one has to wait for him
my $all = q{SELECT id FROM estate.job WHERE ended_at IS NULL};
my $others = "$all AND state <> 'blocked'";
my $drop = q{SELECT estate.drop_queue('q', cancel_jobs => true)};
rolled_back('drop_queue(cancel_jobs)', $drop, savepoint => 1);
rolled_back('drop_queue(cancel_jobs) of jobs in the default lanes', $drop, early => 1);
rolled_back('drop_queue(cancel_jobs) of jobs in the default lanes', $drop, early => 1, savepoint => 1);
rolled_back('pause_queue()', q{SELECT estate.pause_queue('q')});
rolled_back('alter_queue()', q{SELECT estate.alter_queue('q', concurrency => 1, rate => 1, rate_period => '1 day')});
rolled_back('cancel_job()', "SELECT count(estate.cancel_job(id)) FROM ($all) j", savepoint => 1);
rolled_back('retry_job()', "SELECT count(estate.retry_job(id)) FROM ($others) j");
rolled_back('jobs that depend on them', "SELECT estate.enqueue('public.run', depends_on => ARRAY($others))");
rolled_back('cancel_job()', "SELECT count(estate.cancel_job(id)) FROM ($all) j", jobs => 'scheduled');
rolled_back('retry_job()', "SELECT count(estate.retry_job(id)) FROM ($all) j", jobs => 'scheduled');
rolled_back('drop_queue(cancel_jobs)', $drop, jobs => 'network');
rolled_back('cancel_job()', "SELECT count(estate.cancel_job(id)) FROM ($all) j", jobs => 'network');

$node->stop;
done_testing();
