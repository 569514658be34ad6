# Jobs that crash the server are found, run by themselves, and are dead when they do it again; nobody else suffers.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir();
my $headers = qx($ENV{PG_CONFIG} --includedir-server);
chomp $headers;
system('cc', '-shared', '-fPIC', "-I$headers", '-o', "$dir/crash.so", 'test/server/crash.c') == 0 or die "crash.c does not compile\n";

my $node = estate_node('poison', workers => 3, conf => "estate.workers = 3\nestate.max_workers = 3\n");
query($node, qq{
	CREATE FUNCTION public.crash(int) RETURNS void AS '$dir/crash.so' LANGUAGE c STRICT;
	CREATE TABLE effect (i int, xact xid8 DEFAULT pg_current_xact_id());
	CREATE TABLE gate (open text);
	-- crashes by a signal, or waits for a gate, if it is told to
	CREATE FUNCTION public.work(args jsonb) RETURNS void LANGUAGE plpgsql AS \$\$ BEGIN
		INSERT INTO public.effect VALUES ((args->>'i')::int);
		PERFORM public.crash((args->>'signal')::int), pg_advisory_xact_lock(hashtext(args->>'gate'));
		WHILE NOT EXISTS (SELECT FROM public.gate WHERE open = coalesce(args->>'gate', open)) LOOP
			PERFORM pg_sleep(0.05);
		END LOOP;
	END \$\$;
	CREATE FUNCTION public.work_many(all_args jsonb[]) RETURNS void LANGUAGE plpgsql AS \$\$ BEGIN
		PERFORM public.work(a) FROM unnest(all_args) a;
	END \$\$;
	INSERT INTO gate VALUES ('always');
});

# what may crash the server before it has answered
sub hasty_query { my ($sql) = @_; eval { query($node, $sql) }; return; }

# enqueue one; more: further arguments
sub enqueue
{
	my ($args, $more) = @_;
	return query($node, "SELECT estate.enqueue('public.work', '$args'" . ($more // '') . ')');
}

# a worker is in the handler that waits for a gate, and shows that by a lock
sub worker_at { my ($gate) = @_; return "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid::bigint = (hashtext('$gate')::bigint & 4294967295)"; }
sub is_waiting { my ($gate, $name) = @_; eventually($node, "SELECT count(*) = 1 FROM (@{[ worker_at($gate) ]}) w", "$gate: $name"); return; }

# one that waits for its gate, in the hands of a worker
sub enqueue_waiting
{
	my ($gate, $more) = @_;
	my $id = enqueue(qq({"i": 0, "gate": "$gate"}), $more);
	is_waiting($gate, 'a worker is in the job');
	return $id;
}

sub open_gate { my ($gate) = @_; query($node, "INSERT INTO gate VALUES ('$gate')"); return; }
sub all_ended { my ($name) = @_; eventually($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', $name); return; }

# state, attempts, and the sqlstates of the errors
sub fate
{
	my ($id) = @_;
	return query($node, qq{SELECT state, attempt, jsonb_path_query_array(errors, '\$[*].sqlstate') FROM estate.job WHERE id = $id});
}

sub crashes
{
	my ($log) = @_;
	return () = slurp_file($node->logfile, $log) =~ /terminating any other active server processes/g;
}

my $sqlstate = '57P02';

subtest 'one among a thousand' => sub {
	for my $signal (11, 6, 9, 0)
	{
		my $log = -s $node->logfile;
		query($node, 'TRUNCATE effect');
		hasty_query(qq{
			BEGIN;
			SELECT estate.enqueue('public.work', jsonb_build_object('i', i)) FROM generate_series(1, 500) i;
			SELECT estate.enqueue('public.work', '{"i": 0, "signal": $signal}', unique_key => 'poison', unique_until => '@{[ $signal == 6 ? 'start' : 'done' ]}');
			SELECT estate.enqueue('public.work', jsonb_build_object('i', i)) FROM generate_series(501, 1000) i;
			COMMIT});
		all_ended("signal $signal: all have ended");
		my $poison = query($node, "SELECT id FROM estate.job WHERE args ? 'signal'");
		is(fate($poison), qq{dead|2|["$sqlstate", "$sqlstate"]}, 'the one that crashes is dead, with both crashes in its history');
		is(crashes($log), 2, 'which is how many there were');
		is(query($node, 'SELECT count(*), count(DISTINCT i), min(i), max(i) FROM effect'), '1000|1000|1|1000', 'all others have had their effect once');
		is(query($node, "SELECT count(*) FROM estate.job WHERE state <> 'done' AND id <> $poison OR id <> $poison AND errors <> '[]'"), 0, 'and have nothing in theirs');
		is(query($node, 'SELECT count(*) FROM estate_internal.job_unique'), 0, 'its unique key is free');
		is(query($node, "SELECT string_agg(e->>'message', ', ') FROM estate.job, jsonb_array_elements(errors) e WHERE id = $poison"),
			'the server or the worker crashed while this job was running, the server or the worker crashed while this job was running by itself', 'its history says how it was');
		like(slurp_file($node->logfile, $log), qr/job $poison is dead: the server or the worker has crashed in its handler public\.work\(jsonb\)/, 'so does the log');
		query($node, 'TRUNCATE estate_internal.job_ended');
	}
};

subtest 'an innocent one that is killed once' => sub {
	query($node, 'TRUNCATE effect');
	my $killed = enqueue_waiting('killed', ', max_attempts => 1');
	my $beside = enqueue_waiting('beside');
	my $pid = query($node, worker_at('killed'));
	query($node, q{SELECT estate.enqueue('public.work', jsonb_build_object('i', i)) FROM generate_series(1, 200) i});
	kill 'KILL', $pid or die "could not kill $pid: $!\n";
	eventually($node, "SELECT alone FROM estate_internal.job_ready WHERE id = $killed", 'it is suspected');
	is_waiting('killed', 'it runs again, though it may not fail even once');
	is_waiting('beside', 'so does the one beside it');
	is(query($node, 'SELECT id FROM estate_internal.job_ready WHERE alone'), $killed, 'which is not suspected');
	is(query($node, 'SELECT count(*) FROM estate_internal.job_ready'), 202, 'both before those that had not begun');
	open_gate('killed');
	open_gate('beside');
	all_ended('all have ended');
	is(fate($killed), qq{done|2|["$sqlstate"]}, 'it is done, and the crash was an attempt');
	is(fate($beside), 'done|1|[]', 'as is the one that was in the other worker, without an error');
	is(query($node, 'SELECT count(*), count(DISTINCT i) FROM effect'), '202|201', 'all have had their effect once');
};

subtest 'an immediate shutdown suspects nobody' => sub {
	my @ids = map { enqueue_waiting("stopped $_") } 1, 2;
	$node->stop('immediate');
	$node->start;
	is_waiting("stopped $_", 'it runs again') for 1, 2;
	is(query($node, 'SELECT count(*), count(alone), count(attempt), count(errors) FROM estate_internal.job_ready'), '2|0|0|0', 'as if nothing had been');
	open_gate("stopped $_") for 1, 2;
	all_ended('both end');
	is(fate($_), 'done|1|[]', 'at the first attempt') for @ids;
};

subtest 'a handler that ends its worker in good order' => sub {
	query($node, q{
		TRUNCATE effect;
		CREATE FUNCTION public.fatal(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
			PERFORM set_config('exit_on_error', 'on', true);
			RAISE EXCEPTION 'the end';
		END $$});
	my $log = -s $node->logfile;
	my $id = query($node, q{SELECT estate.enqueue('public.fatal')});
	query($node, q{SELECT count(estate.enqueue('public.work', jsonb_build_object('i', i))) FROM generate_series(1, 100) i});
	all_ended('all have ended');
	is(fate($id), qq{dead|2|["$sqlstate", "$sqlstate"]}, 'it is dead, after two attempts');
	is(query($node, 'SELECT count(*), count(DISTINCT i) FROM effect'), '100|100', 'all others have had their effect once');
	is(crashes($log), 0, 'and no other process has had to end');
	my $told = enqueue_waiting('told to leave');
	query($node, 'SELECT pg_terminate_backend(pid) FROM (' . worker_at('told to leave') . ') w');
	$node->wait_for_log(qr/terminating background worker "pg_estate worker" due to administrator command/, $log);
	is_waiting('told to leave', 'one whose worker was told to leave runs again');
	open_gate('told to leave');
	all_ended('and ends');
	is(fate($told), 'done|1|[]', 'and is not suspected');
};

subtest 'a worker that is killed when it has nothing in hand' => sub {
	query($node, q{CREATE FUNCTION public.later(args jsonb) RETURNS void LANGUAGE sql AS $$ SELECT estate.snooze_job(estate.this_job(), '1 hour') $$});
	my $id = query($node, q{SELECT estate.enqueue('public.later')});
	eventually($node, "SELECT state = 'scheduled' FROM estate.job WHERE id = $id", 'a job puts itself off');
	my $log = -s $node->logfile;
	my @workers = split /\n/, query($node, q{SELECT pid FROM pg_stat_activity WHERE application_name = 'pg_estate jobs'});
	# the server may be quicker to end the others than we are to kill them
	cmp_ok(kill('KILL', @workers), '>', 0, 'its worker is killed');
	$node->wait_for_log(qr/database system is ready to accept connections/, $log);
	my $after = enqueue('{"i": 0}');
	eventually($node, "SELECT state = 'done' FROM estate.job WHERE id = $after", 'others go on');
	is(fate($id), 'scheduled|0|[]', 'nothing is suspected');
	query($node, "SELECT estate.cancel_job($id)");
};

# all processes of the server at once, as when a container has used up its memory
sub kill_all
{
	my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
	kill 'STOP', $postmaster;
	my @all = map { /^(\d+) .*\) \S (\d+) / && $2 == $postmaster ? $1 : () } map { eval { slurp_file($_) } // '' } glob '/proc/[0-9]*/stat';
	kill 'KILL', @all;
	$node->kill9;
	wait_until(sub { !kill 0, $postmaster }, 'the postmaster is gone');
	$node->start;
	return scalar @all;
}

subtest 'all processes are killed, and nobody knows for whom' => sub {
	my $first = enqueue_waiting('killed 1');
	cmp_ok(kill_all(), '>', 3, 'all are gone');
	eventually($node, "SELECT alone FROM estate_internal.job_ready WHERE id = $first", 'the one that was running is suspected');
	is_waiting('killed 1', 'it runs by itself');
	my $second = enqueue_waiting('killed 2');
	kill_all();
	is_waiting("killed $_", 'with two of them neither is dead') for 1, 2;
	open_gate("killed $_") for 1, 2;
	all_ended('both end');
	is(fate($first), qq{done|3|["$sqlstate", "$sqlstate"]}, 'the first');
	is(fate($second), qq{done|2|["$sqlstate"]}, 'and the second');
};

subtest 'a batch in one call, and a server that does not start again by itself' => sub {
	query($node, 'TRUNCATE effect; TRUNCATE estate_internal.job_ended');
	my $databases = query($node, 'SHOW estate.databases');
	$node->append_conf('postgresql.conf', "restart_after_crash = off\n");
	$node->reload;
	hasty_query(q{SELECT estate.enqueue('public.work_many(jsonb[])',
		jsonb_build_object('i', i) || CASE WHEN i = 50 THEN '{"signal": 11}'::jsonb ELSE '{}' END) FROM generate_series(1, 100) i});
	for my $crash (1, 2)
	{
		wait_until(sub { !-e $node->data_dir . '/postmaster.pid' }, "crash $crash stops the server");
		$node->_update_pid(0);
		# without workers at first: what is known waits for them
		$node->append_conf('postgresql.conf', "estate.databases = ''\n");
		$node->start;
		$node->append_conf('postgresql.conf', "estate.databases = '$databases'\n");
		$node->reload;
	}
	all_ended('then all end');
	is(query($node, q{SELECT state, string_agg(DISTINCT concat_ws(' ', attempt, jsonb_array_length(errors)), ', '), count(*) FROM estate.job WHERE args->>'i' = '50' GROUP BY 1}),
		'dead|2 2|1', 'the one that crashes is dead');
	is(query($node, 'SELECT count(*), count(DISTINCT i) FROM effect'), '99|99', 'all others have had their effect once');
	my ($suspects, $transactions) = split /\|/, query($node, q{
		SELECT count(*), count(DISTINCT xact) FROM estate.job JOIN effect ON i = (args->>'i')::int WHERE state = 'done' AND attempt = 2 AND jsonb_array_length(errors) = 1});
	cmp_ok($suspects, '>', 1, "$suspects of them in the same call");
	is($transactions, $suspects, 'then each by itself');
	is(query($node, "SELECT count(*) FROM estate.job WHERE state = 'done' AND attempt = 1 AND errors = '[]'"), 99 - $suspects, 'and the others are not suspected');
	$node->append_conf('postgresql.conf', "restart_after_crash = on\n");
	$node->reload;
};

subtest 'a handler that terminates its own worker' => sub {
	query($node, q{CREATE FUNCTION public.leave(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
		PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); END $$});
	my ($leaving, @others) = split /\n/, query($node, q{SELECT estate.enqueue('public.leave', max_attempts => 5)
		UNION ALL SELECT estate.enqueue('public.work', '{"id": -1}') FROM generate_series(1, 3)});
	all_ended('it does not end all workers for ever');
	is(fate($leaving), qq{dead|2|["$sqlstate", "$sqlstate"]}, 'it is dead after the second time');
	is(query($node, "SELECT count(*) FROM estate.job WHERE id IN (@{[ join ', ', @others ]}) AND state = 'done'"), 3, 'the others are done');
};

subtest 'in a session' => sub {
	my $log = -s $node->logfile;
	query($node, 'SELECT estate.disable_workers()');
	wait_until(sub { !query($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_estate worker'") }, 'no worker is there');
	my $poison = enqueue('{"i": 0, "signal": 11}');
	ok(!eval { query($node, 'CALL estate.run_jobs()'); 1 }, 'whoever runs it himself crashes the server');
	eventually($node, 'SELECT count(*) = 1 FROM estate_internal.job_ready', 'which comes back');
	is(fate($poison), 'available|0|[]', 'and suspects nobody: he knows what he has called');
	hasty_query('SELECT estate.enable_workers()');
	all_ended('the workers run it');
	is(fate($poison), qq{dead|2|["$sqlstate", "$sqlstate"]}, 'until they know it too');
	is(crashes($log), 3, 'three crashes in all');
};

subtest 'what is in the file of jobs in flight' => sub {
	my $path = $node->data_dir . '/pg_stat_tmp/pg_estate_inflight';
	my $entry = (-s $path) / (32 * 16);
	my $database = query($node, 'SELECT oid FROM pg_database WHERE datname = current_database()');
	my ($later, $other) = map { enqueue('{"i": 0}', ", run_at => clock_timestamp() + '$_ hours'") } 1, 2;
	# oid, whether alone, how many, their ids
	my $write = sub {
		my ($bytes, @entries) = @_;
		$node->stop;
		open my $file, '+<', $path or die "$path: $!";
		truncate $file, $bytes;
		print $file pack("a$entry", pack 'LCx3lx4q*', @$_) foreach @entries;
		close $file or die $!;
		$node->start;
			};

	# a crash may lose the commit that moves a job whose time has come to its lane
	$write->($entry * 512, [ $database, 0, 1, $later ]);
	eventually($node, "SELECT alone FROM estate_internal.job_open WHERE id = $later", 'a job that waits for its time again is suspected');
	is(fate($later), qq{retryable|1|["$sqlstate"]}, 'and waits on');
	$write->($entry * 512, [ $database, 1, 2, $later, 999999999 ], [ $database, 1, -1, $other ], [ $database, 1, 1001, $other ], [ $database + 1, 1, 1, $other ]);
	eventually($node, "SELECT attempt = 2 FROM estate_internal.job_open WHERE id = $later", 'jobs that are not there do no harm');
	is(fate($other), 'scheduled|0|[]', 'nor does what makes no sense, or is of another database');
	$write->(4711, [ $database, 1, 1, $later ]);
	is(-s $path, $entry * 512, 'a file of another size is made anew');
	query($node, "SELECT estate.retry_job($later), estate.cancel_job($other)");
	all_ended('and all goes on');
	is(fate($later), qq{done|1|["$sqlstate", "$sqlstate"]}, 'without what it said');
};

subtest 'a job of the network' => sub {
	query($node, q{
		CREATE FUNCTION public.trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.crash(11); RETURN NEW; END $$;
		SELECT estate.create_market('trap')});
	for my $feed ('bad', 'good')
	{
		open my $file, '>', "$dir/$feed.csv" or die;
		print $file "ListingKey,ListPrice,StandardStatus,ModificationTimestamp\n$feed,1000,Active,2026-01-01T00:00:00Z\n";
		close $file;
		query($node, "SELECT estate.create_feed('$feed', url => 'file://$dir/$feed.csv', preset => 'csv', market => 'trap')");
	}
	query($node, q{CREATE TRIGGER trap BEFORE INSERT ON estate.listing FOR EACH ROW WHEN (NEW.listing_key = 'bad') EXECUTE FUNCTION public.trap()});
	my $log = -s $node->logfile;
	hasty_query("SELECT estate.request_run(f) FROM unnest('{bad,good}'::text[]) f");
	eventually($node, "SELECT count(*) = 2 FROM estate.job WHERE handler = 'feed' AND state IN ('done', 'dead')", 'both end');
	my ($bad, $good) = split /\n/, query($node, "SELECT id FROM estate.job WHERE handler = 'feed' ORDER BY (args->>'feed_id')::int");
	is(fate($bad), qq{dead|2|["$sqlstate", "$sqlstate"]}, 'one is dead');
	is(query($node, "SELECT state FROM estate.job WHERE id = $good"), 'done', 'the other is done');
	is(crashes($log), 2, 'after two crashes');
};

$node->stop;
done_testing();
