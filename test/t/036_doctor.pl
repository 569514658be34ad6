# doctor() looks at everything that can go wrong by itself or by somebody's hand, and each `fix` can be typed exactly as it is
# printed: in a new session, also before pg_estate was ever preloaded.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server_dir = 'test/server';
my $full_disk = PostgreSQL::Test::Utils::tempdir() . '/full_disk.so';
system('cc', '-shared', '-fPIC', '-o', $full_disk, "$server_dir/full_disk.c") == 0 or die;

# a server that has not loaded us; another library is preloaded, by a name that needs quotes
our $node = PostgreSQL::Test::Cluster->new('doctor');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ], allows_streaming => 1);
$node->append_conf('postgresql.conf', "shared_preload_libraries = '\"\$libdir/auto_explain\"'\nmax_worker_processes = 8\n");
$node->start;
my $database = 'Homes & gardens';
$node->safe_psql('postgres', "CREATE DATABASE \"$database\"");
$node->safe_psql($database, 'SET client_min_messages = error; CREATE EXTENSION pg_estate; SELECT count(*) FROM estate.setup()');

sub ask { my ($sql) = @_; return $node->safe_psql($database, "SET client_min_messages = error;\n$sql"); }

# one check: { ok, detail, fix }; none: undef
sub check
{
	my ($name) = @_;
	my $line = ask("SELECT ok, replace(detail, E'\\n', ' '), fix FROM estate.doctor() WHERE \"check\" = '$name'");
	return unless $line ne '';
	my %row;
	@row{qw(ok detail fix)} = split /\|/, $line, 3;
	return \%row;
}

sub restart { local $ENV{LD_PRELOAD} = $full_disk; return $node->restart; }

# types a fix as it is printed, in a new session; what it says goes to the log
sub type
{
	my ($fix) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), '-f', '-' ], '<', \"$fix\n", '>', \$out, '2>', \$err);
	my $failed = $? || $err =~ /ERROR/;
	note("$fix\n$out$err") if $failed;
	restart() if $fix =~ /restart the server/;
	return !$failed;
}

# a check has found something; its fix can be typed, and then all is well or, where somebody has to look, it is not
sub finds
{
	my ($name, $detail, $fix, $mends) = @_;
	my $row = check($name);
	my $title = "$name: " . $detail;

	is($row && $row->{ok}, 'f', "$title: found");
	like($row->{detail}, $detail, "$title: says what");
	like($row->{fix}, $fix, "$title: says what to type");
	ok(type($row->{fix}), "$title: it can be typed");
	return if defined $mends && !$mends;
	for (1 .. 50)
	{
		last if check($name)->{ok} eq 't';
		select undef, undef, undef, 0.1;
	}
	is(check($name)->{ok}, 't', "$title: and mends it");
	return;
}

# before the server has loaded us
finds('databases', qr/estate\.databases = ''/, qr/^LOAD 'pg_estate'; ALTER SYSTEM SET estate\.databases = '"Homes & gardens"'; SELECT pg_reload_conf\(\);$/, 0);
is(check('launcher')->{ok}, 'f', 'no launcher');
finds('preload', qr/is not preloaded/, qr/^ALTER SYSTEM SET shared_preload_libraries = '\$libdir\/auto_explain', 'pg_estate'; -- then restart the server$/);
is(check($_)->{ok}, 't', "now $_") for qw(databases launcher workers server);
is($node->safe_psql('postgres', 'SHOW shared_preload_libraries'), '"$libdir/auto_explain", pg_estate', 'what was there still is');
is(ask('SELECT string_agg("check", \',\') FROM estate.doctor() WHERE NOT ok'), '', 'all is well');

# a change that waits for a restart is not overwritten
$node->safe_psql('postgres', q{ALTER SYSTEM SET shared_preload_libraries = 'auto_explain'});
restart();
$node->safe_psql('postgres', q{ALTER SYSTEM SET shared_preload_libraries = 'pg_cron'});
$node->reload;
like(check('preload')->{fix}, qr/= 'pg_cron', 'pg_estate';/, 'a change that waits for the restart is kept');
$node->safe_psql('postgres', q{ALTER SYSTEM SET shared_preload_libraries = 'auto_explain', 'pg_estate'});
$node->reload;
finds('preload', qr/is not preloaded/, qr/^-- restart the server/);

# databases that have no workers
$node->safe_psql('postgres', 'CREATE DATABASE closed ALLOW_CONNECTIONS false');
$node->safe_psql('postgres', 'CREATE DATABASE pattern IS_TEMPLATE true');
$node->safe_psql('postgres', qq{ALTER SYSTEM SET estate.databases = '"$database", homse, closed, pattern'});
$node->reload;
$node->poll_query_until('postgres', q{SELECT current_setting('estate.databases') LIKE '%homse%'});
finds('databases named', qr/homse does not exist; closed allows no connections; pattern is a template/, qr/^ALTER SYSTEM SET estate\.databases = '"Homes & gardens"'; SELECT pg_reload_conf\(\);$/);
$node->safe_psql('postgres', "CREATE DATABASE many_$_") for 1 .. 32;
$node->safe_psql('postgres', qq{ALTER SYSTEM SET estate.databases = '"$database", } . join(', ', map { "many_$_" } 1 .. 32) . q{'});
$node->reload;
$node->poll_query_until('postgres', q{SELECT current_setting('estate.databases') LIKE '%many_32%'});
is(check('max_worker_processes')->{ok}, 'f', 'the processes would not do for all of them');
like(check('max_worker_processes')->{detail}, qr/^8; 67 are needed for 32 databases with estate\.workers = 2 each, 195 while long jobs hold them up; 0 are of others(; the last one was refused at .*)?$/, 'and says how many would');
finds('databases named', qr/^many_32 is one too many$/, qr/many_31'/);
$node->safe_psql('postgres', qq{ALTER SYSTEM SET estate.databases = '"$database", many_1, many_2'});
$node->reload;
$node->poll_query_until('postgres', q{SELECT current_setting('estate.databases') LIKE '%many_2'});
finds('max_worker_processes', qr/^8; 9 are needed for 3 databases .*, 21 while/, qr/^ALTER SYSTEM SET max_worker_processes = \d+; -- then restart the server$/);
$node->safe_psql('postgres', "ALTER SYSTEM RESET max_worker_processes");
$node->safe_psql('postgres', "ALTER SYSTEM SET estate.databases = '\"$database\"'");
restart();
$node->safe_psql('postgres', 'ALTER SYSTEM SET max_worker_processes = 16');

# workers
ask('SELECT estate.disable_workers()');
finds('workers', qr/^disabled$/, qr/^SELECT estate\.enable_workers\(\);$/);
ask(q{UPDATE estate_internal.installation SET system_id = '1'});
finds('workers', qr/^quiet: this database is a copy or was restored$/, qr/^SELECT estate\.enable_workers\(\);$/);
ask(q{SELECT estate.disable_workers()});

# feeds, their runs and their servers
my $folder = PostgreSQL::Test::Utils::tempdir() . '/photos';
my $secrets = PostgreSQL::Test::Utils::tempdir();
append_to_file("$secrets/agency", "secret = x\nhosts = agency.test\n");
chmod 0600, "$secrets/agency";
$node->safe_psql('postgres', "ALTER SYSTEM SET estate.secrets_dir = '$secrets'");
$node->reload;
$node->poll_query_until('postgres', "SELECT current_setting('estate.secrets_dir') <> ''");
ask(qq{
	SELECT estate.create_market('county');
	CREATE ROLE manager IN ROLE estate_admin, pg_read_server_files;
	CREATE SERVER shelf FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url 'file://$folder');
	CREATE SERVER agency FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'http', url 'https://agency.test/');
	CREATE USER MAPPING FOR manager SERVER agency OPTIONS (secret_ref 'file:agency');
	GRANT USAGE ON FOREIGN SERVER shelf, agency TO manager;
	SET ROLE manager;
	SELECT estate.create_feed('gone', 'file:///nowhere/at/all.csv', preset => 'csv', market => 'county', options => '{"media_target": "shelf"}');
	SELECT estate.create_feed('agency', 'https://agency.test/', market => 'county', server => 'agency', every => '1 hour');
	RESET ROLE;});
like(check('servers')->{detail}, qr/^shelf, of feed gone: folder ".*": No such file or directory$/, 'a folder that is missing');
mkdir $folder or die;
is(check('servers')->{ok}, 't', 'all as it should be');
$node->safe_psql('postgres', 'ALTER SYSTEM RESET estate.secrets_dir');
$node->reload;
$node->poll_query_until('postgres', "SELECT current_setting('estate.secrets_dir') = ''");
finds('servers', qr/^agency, of feed agency: estate\.secrets_dir is not set$/, qr/^-- on the machine/, 0);
$node->safe_psql('postgres', "ALTER SYSTEM SET estate.secrets_dir = '$secrets'");
$node->reload;
$node->poll_query_until('postgres', "SELECT current_setting('estate.secrets_dir') <> ''");
chmod 0644, "$secrets/agency";
like(check('servers')->{detail}, qr/^agency, of feed agency: the secret "file:agency" is not a file that only its owner may read$/, 'a secret that others may read');
unlink "$secrets/agency";
like(check('servers')->{detail}, qr/^agency, of feed agency: the secret "file:agency" cannot be read: No such file or directory$/, 'a secret that is missing');
append_to_file("$secrets/agency", "secret = x\nhosts = agency.test\n");
chmod 0600, "$secrets/agency";
is(check('servers')->{ok}, 't', 'a secret as it should be');
chmod 0500, $folder;
like(check('servers')->{detail}, qr/^shelf, of feed gone: folder ".*" cannot be written: Permission denied$/, 'a folder that cannot be written');
chmod 0700, $folder;
mkdir "$folder/full" or die;
ask("ALTER SERVER shelf OPTIONS (SET url 'file://$folder/full')");
like(check('servers')->{detail}, qr/^shelf, of feed gone: folder ".*" is full$/, 'a folder that is full');
ask("ALTER SERVER shelf OPTIONS (SET url 'file://$folder'); REVOKE USAGE ON FOREIGN SERVER shelf FROM manager");
finds('servers', qr/^shelf, of feed gone: the role that the feed is run as may not use it$/, qr/^GRANT USAGE ON FOREIGN SERVER shelf TO manager;$/);
ask('DROP SERVER shelf');
finds('servers', qr/^shelf, of feed gone: does not exist$/, qr/^-- CREATE SERVER shelf FOREIGN DATA WRAPPER estate_target/, 0);
my ($code, $out, $err) = $node->psql($database, 'SELECT * FROM estate.setup()');
like($err, qr/WARNING:  servers that feeds refer to do not exist: shelf/, 'setup() names it, too');
ask("CREATE SERVER shelf FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url 'file://$folder'); GRANT USAGE ON FOREIGN SERVER shelf TO manager");

is(check('feeds')->{ok}, 't', 'no feed has failed yet');
$node->psql($database, "CALL estate.run_feed('gone')");
finds('feeds', qr/^1 failing: gone \(1 times, last: /, qr/^SELECT .* FROM estate\.feed_status WHERE failures > 0;$/, 0);
is(check('next runs of feeds')->{ok}, 't', 'the next run of the other is there');
ask(q{DELETE FROM estate_internal.job_open; DELETE FROM estate_internal.job_unique});
finds('next runs of feeds', qr/^there is none of 'agency'$/, qr/^SELECT estate\.request_run\('agency'\);$/);
ask(q{SELECT estate.drop_feed('agency')});
ask(q{INSERT INTO estate.listing (market_id, source_system, listing_key, currency) SELECT market_id, 'x', 'x', 'USD' FROM estate.market;
	INSERT INTO estate.media (market_id, listing, media_key, stored_error) SELECT market_id, id, 'photo', 'not found' FROM estate.listing});
finds('photos', qr/^1 could not be copied, for example: not found$/, qr/^SELECT .* FROM estate\.media WHERE stored_error IS NOT NULL;/, 0);

# jobs and queues; the workers are still disabled
ask(q{
	CREATE FUNCTION public.fails(jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$;
	CREATE FUNCTION public.works(jsonb) RETURNS void LANGUAGE sql AS '';
	SELECT estate.enqueue('public.fails', max_attempts => 1);
	CALL estate.run_jobs();});
finds('dead jobs', qr/^1 in the last day: 1 of public\.fails/, qr/^SELECT handler, .* FROM estate\.job WHERE state = 'dead'/, 0);
ask(q{SELECT estate.create_queue('a ''queue'''); SELECT estate.pause_queue('a ''queue'''); SELECT estate.enqueue('public.works', queue => 'a ''queue''')});
finds('paused queues', qr/^a 'queue': jobs wait since /, qr/^SELECT estate\.resume_queue\('a ''queue'''\);$/);
is(check('queues')->{ok}, 't', 'nothing waits for long');
ask(q{UPDATE estate_internal.job_ready SET enqueued_at = now() - interval '11 minutes'});
finds('queues', qr/^a 'queue': jobs wait since .*, and none runs$/, qr/^CALL estate\.run_jobs\('a ''queue'''\);/);
is(ask(q{SELECT count(*) FROM estate.job WHERE state = 'done' AND handler LIKE '%works%'}), 1, 'the job has run');
ask(q{SELECT estate.enqueue('external:scan', run_at => now() - interval '11 minutes', queue => 'scans')});
finds('jobs for other programs', qr/^nobody fetches external:scan of queue scans since /, qr/^-- start the programs that call estate\.fetch_jobs\(\) for external:scan$/, 0);
ask(q{SELECT estate.fetch_jobs('scans')});
is(check('jobs for other programs')->{ok}, 't', 'somebody does');
# nor is it a job that a queue is stuck with once the lease has run out, not even where jobs are counted by their rows (see the standby)
ask(q{UPDATE estate_internal.job_open SET leased_until = clock_timestamp() WHERE handler = 'external:scan'});

# publications that name the tables of the queue
is(check('publications')->{ok}, 't', 'none yet');
ask(q{CREATE PUBLICATION "the facts" FOR TABLES IN SCHEMA estate});
is(check('publications')->{ok}, 't', 'facts may be published');
ask(q{CREATE TABLE public.elsewhere (id int PRIMARY KEY);
	ALTER PUBLICATION "the facts" ADD TABLES IN SCHEMA estate_internal;
	CREATE PUBLICATION ours FOR TABLE estate_internal.queue, estate_internal.job_open, public.elsewhere});
finds('publications', qr/^tables of the queue are in ours, "the facts": a subscriber has to have tables of their names$/,
	qr/^ALTER PUBLICATION ours DROP TABLE estate_internal\.job_open, estate_internal\.queue; ALTER PUBLICATION "the facts" DROP TABLES IN SCHEMA estate_internal;$/);
is(ask(q{SELECT string_agg(tablename, ',') FROM pg_publication_tables WHERE pubname = 'ours'}), 'elsewhere', 'the other table is still published');
ask(q{CREATE PUBLICATION everything FOR ALL TABLES});
is(check('publications')->{ok}, 't', 'one of all tables is no fault');
is(check('publications')->{detail}, 'tables of the queue are in everything: a subscriber has to have tables of their names', 'but it is named');
ask(q{DROP PUBLICATION everything, ours, "the facts"; DROP TABLE public.elsewhere});
is(check('publications')->{detail}, 'none has tables of the queue', 'none any more');

# a schedule that pg_cron does not know of, as after a restore; the first minutes after a start do not count
ask(q{INSERT INTO estate_internal.schedule (role, name, cron, time_zone, handler, args, catch_up, decided)
	VALUES (current_user::regrole, 'it''s late', '*/10 * * * *', 'GMT', 'train', '{}', '1 day', now() - interval '1 hour')});
is(check('schedules')->{ok}, 't', 'pg_cron may be about to look at a schedule');
like(ask(q{SET TimeZone = 'GMT'; SELECT estate.set_clock(now() + interval '6 minutes');
	SELECT ok, detail, fix FROM estate.doctor() WHERE "check" = 'schedules'}),
	qr/^f\|nobody looks at 'it''s late' \(a tick was at .*\)\|-- as their roles: .* SELECT estate\.unschedule\('it''s late'\);$/m, 'but does not');
ask(q{UPDATE estate_internal.schedule SET decided = now() + interval '6 minutes'});
is(ask(q{SELECT estate.set_clock(now() + interval '6 minutes'); SELECT ok FROM estate.doctor() WHERE "check" = 'schedules'}) =~ /^t$/m, 1, 'one that is looked at is well');
ask(q{DELETE FROM estate_internal.schedule});

# a server that runs on a copy of the data directory has the identifiers of the original
ask('SELECT estate.enable_workers()');
$node->backup('standby');
my $standby = PostgreSQL::Test::Cluster->new('doctor_standby');
$standby->init_from_backup($node, 'standby', has_streaming => 1);
$standby->start;
{
	local $node = $standby;
	is(check('launcher')->{fix}, '-- a standby runs none until it is promoted', 'doctor() on a standby');
	is(ask(q{SELECT count(*) FROM estate.doctor() WHERE NOT ok AND "check" NOT IN ('launcher', 'server', 'feeds', 'photos', 'dead jobs')}), 0, 'finds nothing else');
	$standby->promote;
	$standby->poll_query_until($database, q{SELECT ok FROM estate.doctor() WHERE "check" = 'launcher'}) or die;
	finds('server', qr/^not the one that the workers were enabled on/, qr/^SELECT estate\.enable_workers\(\);/);
	$standby->stop;
}
$node->stop;
my $copy = PostgreSQL::Test::Cluster->new('doctor_copy');
mkdir $copy->basedir;
system('cp', '-a', $node->data_dir, $copy->data_dir) == 0 or die;
$copy->append_conf('postgresql.conf', 'port = ' . $copy->port . "\ncluster_name = 'copy'\n");
$copy->append_conf('postgresql.conf', "unix_socket_directories = '" . $copy->host . "'\n");
{
	local $node = $copy;
	# quietly: nothing runs until somebody has looked
	$node->append_conf('postgresql.auto.conf', "estate.databases = ''\n");
	$node->start;
	is(check('databases')->{ok}, 'f', 'the copy was started quietly');
	finds('server', qr/^not the one that the workers were enabled on, or it was moved: other data directory, port, cluster_name$/,
		qr/^SELECT estate\.enable_workers\(\); -- if it has taken over; .*: SELECT estate\.disable_workers\(\); and start the next one with estate\.databases = ''$/);
	$node->stop;
}

done_testing();
