# pg_cron: schedule() and unschedule(), and plain cron.schedule() of our calls; each is seen to fire, also when the server
# is down in its minute.  Which times are ticks is tried in test/sql/schedules.sql.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

chomp(my $pkglibdir = `$ENV{PG_CONFIG} --pkglibdir`);
plan skip_all => 'pg_cron is not installed' unless -e "$pkglibdir/pg_cron.so";

my $node = estate_node('cron', workers => 2, conf => <<'CONF');
shared_preload_libraries = 'pg_estate, pg_cron'
cron.database_name = 'estate'
cron.use_background_workers = on
max_worker_processes = 20
CONF
sub value { return query($node, @_); }
sub error_of { my ($db, $sql) = @_; my ($code, $out, $err) = $node->psql($db, $sql); return $err; }

subtest 'in a database without pg_cron' => sub {
	$node->safe_psql('postgres', 'CREATE DATABASE other');
	$node->psql('other', 'CREATE EXTENSION pg_estate; SELECT * FROM estate.setup()');
	my $err = error_of('other', q{SELECT estate.schedule('nightly', '0 3 * * *', 'train', '{"market": "o''hara"}')});
	like($err, qr/ERROR:  pg_cron is not in this database/, 'schedule() says so');
	my ($hint) = $err =~ /HINT:  In the database of pg_cron \(estate\): (SELECT cron\.schedule_in_database\(.*\);)$/m;
	ok($hint, 'the hint is the exact call') or diag $err;
	# which can be typed there as it is
	value('CREATE EXTENSION pg_cron');
	value($hint);
	is(value(q{SELECT jobname, schedule, database, command FROM cron.job}),
		q{nightly|* * * * *|other|SELECT estate.enqueue_tick('nightly', '0 3 * * *', 'GMT', 'train', '{"market": "o''hara"}', '1 day')}, 'and makes the job');
	is($node->safe_psql('other', value(q{SELECT command FROM cron.job WHERE jobname = 'nightly'})), '', 'whose command works: it is not three now');
	is($node->safe_psql('other', q{SELECT name, cron, time_zone, handler, next_ticks[1]::time FROM estate.schedule_status}),
		'nightly|0 3 * * *|GMT|train|03:00:00', 'and is seen from then on');
	# what somebody else wanted is done as him
	$node->safe_psql('other', 'CREATE ROLE olga LOGIN; GRANT estate_admin TO olga');
	my ($hers) = error_of('other', q{SET ROLE olga; SELECT estate.schedule('hers', '0 3 * * *', 'train')}) =~ /HINT:  In the database of pg_cron \(estate\): (.*)$/m;
	value($hers);
	is(value(q{SELECT jobname, database, username FROM cron.job WHERE jobname = 'hers'}), 'hers|other|olga', 'another role\'s is made hers by the superuser who types it');
	value(q{SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname = 'hers'});
	($hint) = error_of('other', q{SELECT estate.unschedule('nightly')}) =~ /HINT:  In the database of pg_cron: (SELECT cron\.unschedule\(.*\);)$/m;
	is(value($hint), 't', 'so does that of unschedule()');
};

# When the next minutes begin, each of these is to fire once
$node->safe_psql('estate', q{
	SET client_min_messages = error;
	CREATE TABLE effect (what text, who text DEFAULT current_user);
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES (args->>'what') $$;
	CREATE ROLE anna LOGIN; GRANT estate_operator TO anna; GRANT INSERT ON effect TO anna;
	CREATE ROLE boss LOGIN; GRANT estate_admin TO boss; GRANT INSERT ON effect TO boss;
	CREATE ROLE nologin; GRANT estate_admin TO nologin;
	SELECT estate.create_market('m');
	INSERT INTO estate.listing (market_id, source_system, listing_key, standard_status, property_type, currency, close_price, close_date,
			living_area, living_area_units, latitude, longitude, postal_code)
		SELECT market_id, 't', 'k' || i, 'Closed', 'Residential', 'USD', 100000 + 200 * (1000 + i % 50 * 10), date '2025-01-01' + i % 300,
			1000 + i % 50 * 10, 'Square Feet', 47.5 + i % 10 * 0.01, -122, '9800' || i % 3 FROM estate.market, generate_series(1, 300) i;
});
my $file = $node->data_dir . '/feed.csv';
append_to_file($file, "ListingKey,StandardStatus,PropertyType,ListPrice,LivingArea,PostalCode\nA1,Active,Residential,300000,1200,98001\n");
value("SET client_min_messages = error; SELECT estate.create_feed('f', '$file', preset => 'csv', market => 'm')");

subtest 'schedule() makes jobs of pg_cron' => sub {
	my $asanna = sub { return $node->safe_psql('estate', "SET ROLE anna; $_[0]"); };
	# nobody was granted anything in schema cron
	like($asanna->(q{SELECT estate.schedule('ours', '* * * * *', 'public.note', '{"what": "it''s ours"}')}), qr/^\d+$/, 'an operator can');
	like($node->safe_psql('estate', q{SET ROLE boss; SELECT estate.schedule('ours', '* * * * *', 'public.note', '{"what": "the boss''s"}')}), qr/^\d+$/,
		'an admin can, under the same name');
	$asanna->(q{SELECT estate.schedule('zoned', '* * * * *', 'public.note', '{"what": "zoned"}', time_zone => 'Asia/Kathmandu')});
	$asanna->(q{SELECT estate.schedule('elsewhen', format('* %s * * *', (extract(hour FROM now() AT TIME ZONE 'Asia/Kathmandu')::int + 5) % 24),
		'public.note', '{"what": "wrong hour"}', time_zone => 'Asia/Kathmandu')});
	$asanna->(q{SELECT estate.schedule('gone', '0 0 1 1 *', 'public.note')});
	is($node->safe_psql('estate', q{SET ROLE boss; SELECT estate.unschedule('gone')}), 'f', 'unschedule() takes none of others away');
	is($asanna->(q{SELECT estate.unschedule('gone')}), 't', 'but its own');
	is(value(q{SELECT name FROM estate.schedule_status WHERE name = 'gone'}), '', 'which is not to be seen any more');
	is(value(q{SELECT jobname, schedule, username FROM cron.job ORDER BY 1, 3}), join("\n", map { "$_->[0]|* * * * *|$_->[1]" }
		[ 'elsewhen', 'anna' ], [ 'ours', 'anna' ], [ 'ours', 'boss' ], [ 'zoned', 'anna' ]), 'they are real ones, of the role that made them');
	like(error_of('estate', q{SET ROLE nologin; SELECT estate.schedule('z', '0 3 * * *', 'train')}), qr/ERROR:  role "nologin" can not log in/,
		'a role that pg_cron cannot connect as is refused');
	like(error_of('estate', q{SELECT estate.schedule('z', '0 0 30 2 *', 'train')}), qr/ERROR:  invalid schedule.*DETAIL:  No day is ever one of its days/s,
		'and a day that never comes');
	like(error_of('estate', q{SELECT estate.schedule('z', '0 3 * * *', 'train', catch_up => '-1 s')}), qr/ERROR:  catch_up of a schedule must not be negative/,
		'and a negative catch_up');
	like(error_of('estate', q{SELECT estate.schedule('z', '0 3 * * *', 'train', time_zone => 'Mars/Olympus')}), qr/ERROR:  time zone "Mars\/Olympus" not recognized.*HINT:  SELECT name FROM pg_timezone_names;/s,
		'an unknown zone is refused');
	like(error_of('estate', q{SELECT estate.schedule('z', '99 3 * * *', 'train')}), qr/ERROR/, 'and what is no schedule');
	like(error_of('estate', q{SELECT estate.schedule('z', '0 3 * *', 'train', time_zone => 'UTC')}), qr/ERROR/, 'with a zone, too');
	like(error_of('estate', q{SELECT estate.schedule('z', '0 3 * * *', 'no.such')}), qr/ERROR:  handler "no\.such" does not exist/, 'and a handler that is not there');
	is(value(q{SELECT count(*) FROM cron.job WHERE jobname = 'z'}), 0, 'nothing of that is scheduled');
};

subtest 'all fire' => sub {
	value(q{SELECT cron.schedule('plain', '* * * * *', $$SELECT estate.enqueue('public.note', '{"what": "plain"}')$$)});
	value(q{SELECT cron.schedule('feed', '* * * * *', $$CALL estate.run_feed('f')$$)});
	value(q{SELECT cron.schedule('train', '* * * * *', $$SELECT estate.train()$$)});
	wait_for($node, q{
		SELECT count(DISTINCT (jobname, job.username)) = 7 FROM cron.job JOIN cron.job_run_details USING (jobid) WHERE status IN ('succeeded', 'failed')}, 'each has run');
	is(value(q{SELECT jobname, status, return_message FROM cron.job JOIN cron.job_run_details d USING (jobid) WHERE status <> 'succeeded'}), '', 'all succeeded');
	wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'the jobs have ended');
	is(value(q{SELECT DISTINCT what, who FROM effect ORDER BY 1}), "it's ours|anna\nplain|postgres\nthe boss's|boss\nzoned|anna", 'each has had its effect, as who scheduled it; the one for another hour has not');
	is(value(q{SELECT outcome, inserted FROM estate.feed_run ORDER BY run_id LIMIT 1}), 'done|1', 'run_feed() has run');
	is(value('SELECT count(*) > 0 FROM estate.model'), 't', 'train() has made a model');
};

subtest 'a tick that falls into a restart' => sub {
	value('SELECT cron.unschedule(jobid) FROM cron.job');
	# so far ahead that the server is down when it comes
	my $tick = value(q{SELECT to_char(now() + '61 s', 'MI HH24 DD MM')});
	value(qq{SELECT estate.schedule('once', '$tick *', 'public.note', '{"what": "once"}', time_zone => current_setting('timezone'))});
	my $at = value(q{SELECT extract(epoch FROM next_ticks[1])::bigint FROM estate.schedule_status WHERE name = 'once'});
	$node->stop;
	select(undef, undef, undef, 0.5) while time < $at + 61;
	$node->start;
	wait_for($node, q{SELECT count(*) = 1 FROM effect WHERE what = 'once'}, 'it is made good');
	is(value(q{SELECT extract(epoch FROM last_tick)::bigint FROM estate.schedule_status WHERE name = 'once'}), $at, 'for the minute that nobody saw');
	my $looks = value('SELECT count(*) FROM cron.job_run_details');
	wait_for($node, qq{SELECT count(*) > $looks FROM cron.job_run_details WHERE status = 'succeeded'}, 'somebody has looked again');
	is(value(q{SELECT count(*) FROM effect WHERE what = 'once'}), 1, 'once');
};

subtest 'a dump, restored beside the original' => sub {
	my ($howto) = slurp_file('docs/operate.md') =~ /`(pg_restore -l homes\.dump \|.*?)`/s;
	my $dir = PostgreSQL::Test::Utils::tempdir();
	local @ENV{qw(PGHOST PGPORT)} = ($node->host, $node->port);
	system_or_bail('pg_dump', '-Fc', '-f', "$dir/homes.dump", 'estate');
	$node->safe_psql('postgres', 'CREATE DATABASE homes_again');
	ok($howto && system('sh', '-ec', "cd $dir; $howto") == 0, 'docs/operate.md says how');
	system_or_bail('psql', '-Xqc', 'SELECT estate.setup()', '-o', '/dev/null', 'homes_again');
	is($node->safe_psql('homes_again', 'SELECT name FROM estate.schedule_status'), value('SELECT name FROM estate.schedule_status'), 'schedules are kept');
	like($node->safe_psql('homes_again', q{SET client_min_messages = error; SELECT estate.set_clock(now() + interval '2 years');
		SELECT ok, detail FROM estate.doctor() WHERE "check" = 'schedules'}), qr/^f\|nobody looks at /m, 'and doctor() tells that nobody looks at them');
};

$node->stop('immediate');
done_testing();
