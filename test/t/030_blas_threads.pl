# BLAS is loaded by who calculates, never by the postmaster, and starts no thread, whichever build is installed.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Threads of a process, and whether a BLAS is in its memory
sub look_at
{
	my ($pid) = @_;
	my ($threads) = slurp_file("/proc/$pid/status") =~ /^Threads:\s*(\d+)/m;
	my $maps = slurp_file("/proc/$pid/maps");
	my ($library) = $maps =~ m{(\S*/lib(?:openblas|blas)[^/\s]*)$}m;
	return ($threads, $library);
}

sub check_build
{
	my ($build, $path) = @_;
	local $ENV{LD_LIBRARY_PATH} = $path;
	my $node = PostgreSQL::Test::Cluster->new("threads_$build");
	$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_estate'\n");
	$node->start;
	$node->safe_psql('postgres', q{
		CREATE EXTENSION pg_estate;
		CREATE TABLE point AS SELECT i::float8 AS y, ARRAY[i % 7, i % 11]::float8[] AS x FROM generate_series(1, 1000) i});
	my $postmaster = slurp_file($node->data_dir . '/postmaster.pid') =~ s/\n.*//sr;

	my $psql = $node->background_psql('postgres');
	my $backend = $psql->query_safe('SELECT pg_backend_pid()');
	my ($threads, $library) = look_at($backend);
	is($library, undef, "$build: a backend that only starts loads no BLAS");
	is($psql->query_safe('SELECT n FROM estate.ols((SELECT estate.gram(y, x) FROM point))'), '1000', "$build: it calculates");
	($threads, $library) = look_at($backend);
	is($threads, 1, "$build: and still has one thread");
	like($library, $path ? qr/^\Q$path\E/ : qr/blas/, "$build: with the library in its memory");
	# large enough for a build with threads to use them
	$psql->query_safe('SELECT count(g) FROM (SELECT estate.gram(i % 13, array_fill((i % 7)::float8, ARRAY[600])) FROM generate_series(1, 600) i) s(g)');
	($threads) = look_at($backend);
	is($threads, 1, "$build: also after large products");
	($threads, $library) = look_at($postmaster);
	is($threads, 1, "$build: the postmaster has one thread");
	is($library, undef, "$build: and no BLAS");
	$psql->quit;
	$node->stop;
}

plan skip_all => 'needs /proc' unless -r "/proc/$$/status";
check_build('default', '');
for my $build ('serial', 'pthread', 'openmp')
{
	my ($library) = glob("/usr/lib/*/openblas-$build/libopenblas.so.0");
	next unless $library;
	check_build($build, $library =~ s{/[^/]*$}{}r);
}
done_testing();
