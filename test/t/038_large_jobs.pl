# Jobs with large args: refused beyond a limit; run with the memory of one of them, not of all that wait beside it;
# and their space is given back.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir();
my $headers = qx($ENV{PG_CONFIG} --includedir-server);
chomp $headers;
system('cc', '-shared', '-fPIC', "-I$headers", '-o', "$dir/crash.so", 'test/server/crash.c') == 0 or die "crash.c does not compile\n";

my $node = estate_node('large', workers => 2, conf => "estate.max_args_size = '64MB'\nfsync = off\n");
query($node, qq{
	CREATE FUNCTION public.crash(int) RETURNS void AS '$dir/crash.so' LANGUAGE c STRICT;
	CREATE TABLE effect (i int);
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO public.effect VALUES ((args->>''i'')::int)';
	CREATE FUNCTION public.many(args jsonb[]) RETURNS void LANGUAGE sql AS
		'INSERT INTO public.effect SELECT (a->>''i'')::int FROM unnest(args) a';
	CREATE FUNCTION public.crashes(args jsonb) RETURNS void LANGUAGE plpgsql AS
		\$\$ BEGIN PERFORM public.crash(9) FROM public.armed; INSERT INTO public.effect VALUES ((args->>'i')::int); END \$\$;
	CREATE TABLE armed AS SELECT 1;
	SELECT estate.create_queue('keyed', key => 'key', concurrency_by_key => 1);
});

# how much memory the postmaster's children may have from now on, more than it has itself; unlimited: none
sub let_have
{
	my ($mb) = @_;
	my ($pid) = split /\n/, slurp_file($node->data_dir . '/postmaster.pid');
	my ($kb) = slurp_file("/proc/$pid/status") =~ /^VmSize:\s+(\d+)/m;
	my $bytes = $mb eq 'unlimited' ? $mb : ($kb + $mb * 1024) * 1024;
	system_or_bail('prlimit', '--pid', $pid, "--as=$bytes:");
	return;
}

sub size_of_lanes
{
	return query($node, q{SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname ~ '^job_ready_'});
}

# so many jobs with so many megabytes, which compress to nearly nothing
sub enqueue
{
	my ($handler, $mb, $n, $more) = @_;
	query($node, "SELECT count(estate.enqueue('public.$handler', jsonb_build_object('i', i, 'key', 'k', 'pad', repeat('x', $mb * 1000000))" . ($more // '') .
		")) FROM generate_series(1, $n) i");
	return;
}

sub all_done
{
	my ($name, $n) = @_;
	wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', "$name: all jobs have ended");
	is(query($node, 'SELECT count(*), count(DISTINCT i), min(i) FROM effect'), "$n|$n|1", $name);
	is(query($node, q{SELECT count(*) FROM estate.job WHERE state <> 'done'}), 0, 'each is done');
	query($node, 'TRUNCATE effect; DELETE FROM estate_internal.job_ended');
	return;
}

subtest 'a limit' => sub {
	my $limited = "SET estate.max_args_size = '1MB';";
	my $large = "jsonb_build_object('pad', repeat('x', 1048576))";
	for my $call ("enqueue('public.note', $large)", "enqueue_many('public.note', ARRAY['{}', $large])",
		"enqueue('public.note', run_at => now() + '1 h', args => $large)")
	{
		my $error = refused($node, "$limited SELECT estate.$call");
		is($error->{sqlstate}, '54000', $call);
		is($error->{message}, 'args of a job are too large', 'the message');
		like($error->{detail}, qr/^They have \d+ bytes, and at most 1048576 are allowed by estate\.max_args_size\.$/, 'the detail');
		like($error->{hint}, qr/table/, 'the hint');
	}
	like(refused($node, "$limited SELECT estate.enqueue('public.note', tags => ARRAY[repeat('x', 1048576)])")->{message}, qr/^tags of a job are too large/, 'tags');
	like(refused($node, "$limited SELECT estate.enqueue('public.note', backoff => array_fill('1 s'::interval, ARRAY[70000]))")->{message},
		qr/^backoff of a job is too large/, 'backoff');
	is(query($node, 'SELECT count(*) FROM estate_internal.job_waiting'), 0, 'nothing was enqueued');
	is(query($node, q{SELECT boot_val, unit, context FROM pg_settings WHERE name = 'estate.max_args_size'}), '1024|kB|superuser', 'the setting');
};

subtest 'memory' => sub {
	# limited while no worker is there, so that all that come have it
	for my $wave (
		[ 'twenty jobs of 40 MB each', sub { enqueue('note', 40, 20) }, 20 ],
		[ 'thirty jobs of 20 MB that one call takes', sub { enqueue('many(jsonb[])', 20, 30) }, 30 ],
		[ 'thirty jobs of 20 MB in a queue with a limit for each key', sub { enqueue('note', 20, 30, ", queue => 'keyed'") }, 30 ],
		[ 'thirty jobs of 20 MB whose time comes', sub { enqueue('note', 20, 30, ", run_at => now() + '0.1 s'") }, 30 ])
	{
		query($node, 'SELECT estate.disable_workers()');
		wait_until_idle($node);
		$wave->[1]->();
		let_have(300);
		query($node, 'SELECT estate.enable_workers()');
		all_done($wave->[0], $wave->[2]);
		let_have('unlimited');
	}
};

subtest 'a suspect is told so without reading its args' => sub {
	query($node, q{SELECT estate.create_queue('later'); SELECT estate.pause_queue('later')});
	enqueue('crashes', 50, 1, ", queue => 'later'");
	enqueue('note', 0, 1);
	wait_for($node, 'SELECT count(*) = 1 FROM effect', 'a worker is there');
	query($node, q{TRUNCATE effect; DELETE FROM estate_internal.job_ended});
	# it has memory, the one that follows has not
	let_have(40);
	my $log = -s $node->logfile;
	eval { query($node, q{SELECT estate.resume_queue('later')}) };
	$node->wait_for_log(qr/jobs were running when the server or a worker crashed/, $log);
	wait_for($node, 'SELECT count(*) = 1 FROM estate.job WHERE attempt > 1', 'it was tried again by itself');
	is(query($node, q{SELECT jsonb_path_query_array(errors, '$[0 to 1].sqlstate') FROM estate.job}), '["57P02", "53200"]', 'what is too large for a worker fails like any other');
	unlike(log_from($node, $log), qr/FATAL.*out of memory|could not fork|PANIC/, 'no process died of it');
	let_have('unlimited');
	query($node, 'DROP TABLE armed; CREATE TABLE armed (i int)');
	query($node, 'SELECT estate.disable_workers()');
	wait_until_idle($node);
	query($node, 'SELECT estate.retry_job(id) FROM estate.job; SELECT estate.enable_workers()');
	all_done('with the memory that it needs it is run', 1);
};

subtest 'space' => sub {
	query($node, 'SELECT estate.disable_workers()');
	# random, so that it does not compress
	query($node, q{
		CREATE TABLE pad AS SELECT string_agg(md5(i::text), '') AS pad FROM generate_series(1, 3200) i;
		SELECT count(estate.enqueue('public.note', jsonb_build_object('i', i, 'pad', pad))) FROM generate_series(1, 600) i, pad});
	cmp_ok(size_of_lanes(), '>', 50_000_000, 'six hundred jobs of 100 kB are large');
	query($node, 'SELECT estate.enable_workers()');
	wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'all jobs have ended');
	wait_for($node, q{SELECT sum(pg_total_relation_size(oid)) < 2000000 FROM pg_class WHERE relname ~ '^job_ready_'}, 'their space is given back');
	all_done('and each was run once', 600);
};

$node->stop;
done_testing();
