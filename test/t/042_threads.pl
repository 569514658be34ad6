# No thread but the first one, whatever BLAS is installed: OpenBLAS starts threads when it is loaded.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my @builds = grep { -e "$_/libopenblas.so.0" } glob('/usr/lib/*/openblas-*');
plan skip_all => 'OpenBLAS is not installed, or this is not Linux' unless @builds && -d "/proc/$$/task";

sub threads { my ($pid) = @_; return scalar(my @tasks = glob("/proc/$pid/task/*")); }

# path of the BLAS that a process has loaded
sub blas_of
{
	my ($pid) = @_;
	my %loaded = map { $_ => 1 } slurp_file("/proc/$pid/maps") =~ m{(/\S*(?:blas|lapack)\S*)}g;
	return sort keys %loaded;
}

for my $dir (@builds)
{
	my ($build) = $dir =~ /openblas-(\w+)$/;
	subtest "the $build build" => sub {
		local $ENV{LD_LIBRARY_PATH} = $dir;
		delete local $ENV{OPENBLAS_NUM_THREADS};
		my $node = estate_node("threads_$build", workers => 2);
		my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];

		# training in a worker, and a sum of products in a session
		$node->safe_psql('estate', q{
			CREATE TABLE figures AS SELECT i, i * 2.0 + sin(i) AS y FROM generate_series(1, 1000) i;
			CREATE FUNCTION public.fit(jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
				PERFORM estate.ols(estate.gram(y, ARRAY[i])) FROM public.figures; END $$;
		});
		my $session = $node->background_psql('estate');
		my $backend = $session->query_safe('SELECT pg_backend_pid()');
		is_deeply([ blas_of($backend) ], [], 'a session has not loaded it');
		is($session->query_safe('SELECT round(max(coefficient)) FROM (SELECT unnest(coefficients) FROM (SELECT (estate.ols(estate.gram(y, ARRAY[i]))).* FROM figures) o) c(coefficient)'),
			2, 'until it fits a line');
		cmp_ok(scalar(grep { index($_, $dir) == 0 } blas_of($backend)), '>', 0, "then it has: @{[ blas_of($backend) ]}");
		is(threads($backend), 1, 'and has one thread');
		my $id = $node->safe_psql('estate', q{SELECT estate.enqueue('public.fit')});
		wait_for($node, "SELECT state = 'done' FROM estate.job WHERE id = $id", 'the fit is done');
		my ($worker) = workers_of($node, 'jobs');
		cmp_ok(scalar(grep { index($_, $dir) == 0 } blas_of($worker)), '>', 0, 'a worker that does has loaded it');
		is(threads($worker), 1, 'and has one thread');

		my %first = map { split /\|/ } split /\n/, $node->safe_psql('estate',
			q{SELECT pid, backend_type FROM pg_stat_activity WHERE backend_type IN ('pg_estate launcher', 'checkpointer')});
		is_deeply([ blas_of($postmaster) ], [], 'the postmaster has not loaded it');
		is(threads($postmaster), 1, 'and has one thread');
		for my $pid (sort keys %first)
		{
			is(threads($pid), 1, "so has the $first{$pid}");
			is_deeply([ blas_of($pid) ], [], 'without it');
		}
		$session->quit;
		$node->stop('immediate');
	};
}
done_testing();
