# pg_cron: schedule() and unschedule(), and plain cron.schedule() of our calls; each is seen to fire.

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
		q{nightly|0 3 * * *|other|SELECT estate.enqueue('train', '{"market": "o''hara"}', unique_key => 'schedule:nightly')}, 'and makes the job');
	is($node->safe_psql('other', 'SET client_min_messages = error; ' . value(q{SELECT command FROM cron.job WHERE jobname = 'nightly'})) =~ /^\d+$/, 1, 'whose command works');
	($hint) = error_of('other', q{SELECT estate.unschedule('nightly')}) =~ /HINT:  In the database of pg_cron: (SELECT cron\.unschedule\(.*\);)$/m;
	is(value($hint), 't', 'so does that of unschedule()');
};

subtest 'which local times are ticks' => sub {
	my @cases = (
		# cron, time, tick
		[ '* * * * *', '2026-03-01 00:00', 1 ],
		[ '0 3 * * *', '2026-03-01 03:00', 1 ],
		[ '0 3 * * *', '2026-03-01 03:01', 0 ],
		[ '0 3 * * *', '2026-03-01 15:00', 0 ],
		[ '*/15 * * * *', '2026-03-01 07:45', 1 ],
		[ '*/15 * * * *', '2026-03-01 07:50', 0 ],
		[ '5-20/5 * * * *', '2026-03-01 07:20', 1 ],
		[ '5-20/5 * * * *', '2026-03-01 07:25', 0 ],
		[ '5/20 * * * *', '2026-03-01 07:45', 1 ],
		[ '0,30 8-18 * * *', '2026-03-01 18:30', 1 ],
		[ '0,30 8-18 * * *', '2026-03-01 19:00', 0 ],
		[ '0 0 1 * *', '2026-03-01 00:00', 1 ],
		[ '0 0 31 * *', '2026-04-30 00:00', 0 ],
		[ '0 0 * 2 *', '2026-02-28 00:00', 1 ],
		[ '0 0 * 2 *', '2026-03-28 00:00', 0 ],
		[ '0 0 * * 0', '2026-03-01 00:00', 1 ],		# a Sunday
		[ '0 0 * * 7', '2026-03-01 00:00', 1 ],
		[ '0 0 * * 5-7', '2026-03-01 00:00', 1 ],
		[ '0 0 * * 1-5', '2026-03-01 00:00', 0 ],
		[ '0 0 * * 1-5', '2026-03-02 00:00', 1 ],
		[ '0 0 13 * 5', '2026-03-13 00:00', 1 ],
		[ '0 0 13 * 5', '2026-03-20 00:00', 1 ],	# either day will do
		[ '0 0 13 * 5', '2026-03-19 00:00', 0 ],
		[ '0 0 13 * *', '2026-03-20 00:00', 0 ],
		[ '  0   3 * *  * ', '2026-03-01 03:00', 1 ]);
	for my $case (@cases)
	{
		my ($cron, $at, $tick) = @$case;
		is(value("SELECT estate.cron_matches('$cron', '$at')::int"), $tick, "'$cron' at $at: " . ($tick ? 'yes' : 'no'));
	}
	for my $bad ('* * * *', '* * * * * *', 'a * * * *', '@daily', '1-2-3 * * * *', '* * * * mon', '', '*/0 * * * *', '60 * * * *', '* 24 * * *', '* * 0 * *', '* * * 13 *', '* * * * 8', '5-3 * * * *', '-1 * * * *')
	{
		like(error_of('estate', "\\set VERBOSITY sqlstate\nSELECT estate.cron_matches('$bad', now()::timestamp)"), qr/ERROR:  22023/, "'$bad' is refused");
	}
};

subtest 'ticks of a zone are among those that pg_cron is asked for' => sub {
	is(value(q{
		SELECT zone, cron, count(*) FILTER (WHERE ticks), count(*) FILTER (WHERE ticks AND NOT asked), count(*) FILTER (WHERE asked) < 1440
		FROM unnest(ARRAY['UTC', 'Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/New_York']) zone,
			unnest(ARRAY['0 3 * * *', '7,52 22 * * *', '*/20 * * * *']) cron,
			LATERAL (SELECT estate.cron_matches(cron, t AT TIME ZONE 'UTC' AT TIME ZONE zone), estate.cron_matches(estate.cron_for_any_zone(cron), t)
				FROM generate_series(timestamp '2026-06-01', '2026-06-01 23:59', '1 minute') t) s(ticks, asked)
		GROUP BY 1, 2 ORDER BY 1, 2}),
		join("\n", map { ("$_|*/20 * * * *|72|0|f", "$_|0 3 * * *|1|0|t", "$_|7,52 22 * * *|2|0|t") }
			qw(America/New_York Asia/Kathmandu Asia/Kolkata Australia/Lord_Howe UTC)), 'none is missed, and not every minute is asked for');
};

# When the next minutes begin, each of these is to fire once
$node->safe_psql('estate', q{
	SET client_min_messages = error;
	CREATE TABLE effect (what text, who text DEFAULT current_user);
	CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES (args->>'what') $$;
	CREATE ROLE anna LOGIN; GRANT estate_operator TO anna; GRANT USAGE ON SCHEMA cron TO anna;
	GRANT INSERT ON effect TO anna; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cron TO anna;
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
	like($asanna->(q{SELECT estate.schedule('ours', '* * * * *', 'public.note', '{"what": "it''s ours"}')}), qr/^\d+$/, 'an operator can');
	my $zone_minute = 'extract(minute FROM now())';
	$asanna->(q{SELECT estate.schedule('zoned', '* * * * *', 'public.note', '{"what": "zoned"}', time_zone => 'Asia/Kathmandu')});
	$asanna->(q{SELECT estate.schedule('elsewhen', format('* %s * * *', (extract(hour FROM now() AT TIME ZONE 'Asia/Kathmandu')::int + 5) % 24),
		'public.note', '{"what": "wrong hour"}', time_zone => 'Asia/Kathmandu')});
	$asanna->(q{SELECT estate.schedule('gone', '0 0 1 1 *', 'public.note')});
	is($asanna->(q{SELECT estate.unschedule('gone')}), 't', 'unschedule() takes one away');
	is(value(q{SELECT jobname, schedule, username FROM cron.job ORDER BY 1}),
		"elsewhen|* * * * *|anna\nours|* * * * *|anna\nzoned|* * * * *|anna", 'they are real ones, of the role that made them');
	like(error_of('estate', q{SELECT estate.schedule('z', '0 3 * * *', 'train', time_zone => 'Mars/Olympus')}), qr/ERROR:  there is no time zone "Mars\/Olympus".*HINT:  SELECT name FROM pg_timezone_names;/s,
		'an unknown zone is refused');
	like(error_of('estate', q{SELECT estate.schedule('z', '99 3 * * *', 'train')}), qr/ERROR/, 'and what pg_cron does not understand');
	like(error_of('estate', q{SELECT estate.schedule('z', '0 3 * *', 'train', time_zone => 'UTC')}), qr/ERROR/, 'with a zone, too');
	like(error_of('estate', q{SELECT estate.schedule('z', '0 3 * * *', 'no.such')}), qr/ERROR:  there is no handler "no\.such"/, 'and a handler that is not there');
	is(value(q{SELECT count(*) FROM cron.job WHERE jobname = 'z'}), 0, 'nothing of that is scheduled');
};

subtest 'all fire' => sub {
	value(q{SELECT cron.schedule('plain', '* * * * *', $$SELECT estate.enqueue('public.note', '{"what": "plain"}')$$)});
	value(q{SELECT cron.schedule('feed', '* * * * *', $$CALL estate.run_feed('f')$$)});
	value(q{SELECT cron.schedule('train', '* * * * *', $$SELECT estate.train()$$)});
	wait_for($node, q{
		SELECT count(DISTINCT jobname) = 6 FROM cron.job JOIN cron.job_run_details USING (jobid) WHERE status IN ('succeeded', 'failed')}, 'each has run');
	is(value(q{SELECT jobname, status, return_message FROM cron.job JOIN cron.job_run_details d USING (jobid) WHERE status <> 'succeeded'}), '', 'all succeeded');
	wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'the jobs have ended');
	is(value(q{SELECT DISTINCT what, who FROM effect ORDER BY 1}), "it's ours|anna\nplain|postgres\nzoned|anna", 'each has had its effect, as who scheduled it; the one for another hour has not');
	is(value(q{SELECT outcome, inserted FROM estate.feed_run ORDER BY run_id LIMIT 1}), 'done|1', 'run_feed() has run');
	is(value('SELECT count(*) > 0 FROM estate.model'), 't', 'train() has made a model');
};

$node->stop('immediate');
done_testing();
