# The network goes wrong: feeds say so and leave the data alone, transfers hold up nobody, and the server stops at once.

use strict;
use warnings;

use File::Path qw(make_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time sleep);

use lib 'test/server';
use ScriptedHttp;

my $dir = PostgreSQL::Test::Utils::tempdir();
my $server = ScriptedHttp->new(origin => 'http://feed.test');
my $origin = $server->origin;
$server->put("reso_$_.json", slurp_file("test/feeds/reso_$_.json")) for qw(page1 page2 delta);
$server->put('photo.jpg', 'not really a picture ' x 5000);
$server->put('routes.json', '[["skiptoken=TST000008", "/reso_page2.json"], ["^/odata/Property", "/reso_page1.json"]]');

# name servers that do not answer, for names under dead.test
my $dead_dns = "$dir/dead_dns.so";
my $preload = system("cc -shared -fPIC -o $dead_dns test/server/dead_dns.c -ldl") == 0;

my $node = PostgreSQL::Test::Cluster->new('network');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', q{
	shared_preload_libraries = 'pg_estate'
	estate.databases = 'postgres'
	estate.workers = 2
	estate.allow_private_hosts = '127.0.0.0/8'
	max_worker_processes = 16
});
{
	local $ENV{LD_PRELOAD} = $preload ? $dead_dns : '';
	$node->start;
}
make_path("$dir/photos");
$node->safe_psql('postgres', qq{
	CREATE EXTENSION pg_estate;
	SELECT * FROM estate.setup();
	CREATE SERVER photos FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url 'file://$dir/photos');
	SELECT estate.create_market('m');
	SELECT estate.create_feed('r', url => '$origin/odata/Property', preset => 'reso', market => 'm');
	CALL estate.run_feed('r');});

# a source that says when to come back is not asked earlier, though the back-off would be a second
$node->safe_psql('postgres', "SELECT estate.create_feed('busy', url => '$origin/-status=503/-retry-after=1000/x', preset => 'reso', every => '2 hours')");
$node->poll_query_until('postgres', q{SELECT failures = 1 FROM estate.feed_status WHERE name = 'busy'}) or die "the busy feed was not run\n";
is($node->safe_psql('postgres', q{SELECT next_run_at BETWEEN now() + '900 s' AND now() + '1000 s' FROM estate.feed_status WHERE name = 'busy'}), 't',
	'Retry-After is kept');
$node->safe_psql('postgres', "SELECT estate.drop_feed('busy')");

# everything a failed run must not touch
sub state_of_data
{
	return $node->safe_psql('postgres', q{
		SELECT 'listing', md5(string_agg(l::text, '' ORDER BY id)), count(*) FROM estate.listing l
		UNION ALL SELECT 'change', md5(string_agg(c::text, '' ORDER BY c::text)), count(*) FROM estate.listing_change c
		UNION ALL SELECT 'media', md5(string_agg(m::text, '' ORDER BY m::text)), count(*) FROM estate.media m
		UNION ALL SELECT 'reject', md5(string_agg(r::text, '' ORDER BY r::text)), count(*) FROM estate.feed_reject r
		ORDER BY 1});
}

# run the feed from there; its error
sub run_from
{
	my ($url, $settings) = @_;
	my ($code, $out, $err) = $node->psql('postgres', qq{
		\\set VERBOSITY verbose
		SELECT estate.alter_feed('r', url => '$url');
		$settings
		CALL estate.run_feed('r');});
	return $code == 0 ? "no error: $out" : $err;
}

my $before = state_of_data();
is($node->safe_psql('postgres', 'SELECT count(*) FROM estate.listing'), 14, 'a feed of two pages has come');

# each cause has its SQLSTATE and a sentence of its own
for my $case (
	[ 'not found', '/-status=404/x', qr/58P01.*status 404/s ],
	[ 'gone wrong', '/-status=500/x', qr/08\w{3}.*status 500/s ],
	[ 'too many requests', '/-status=429/-retry-after=60/x', qr/08\w{3}.*status 429/s ],
	[ 'no token', '/-bearer=other/reso_delta.json', qr/28000.*status 401.*HINT/s ],
	[ 'HTML', '/-html/x', qr/22032.*HTML/s ],
	[ 'an empty body', '/-empty/x', qr/22032.*empty/s ],
	[ 'a cut body', '/-cut=5000/reso_delta.json', qr/08P01.*before the answer was whole/s ],
	[ 'cut chunks', '/-chunked/-cut=5000/reso_delta.json', qr/08P01.*before the answer was whole/s ],
	[ 'a reset', '/-reset=5000/reso_delta.json', qr/08\w{3}.*(broke|before the answer)/s ],
	[ 'cut gzip', '/-gzip-cut=20/reso_delta.json', qr/08P01.*compressed body/s ],
	[ 'a gzip bomb', '/-bomb=64/x', qr/54000.*decompression/s ],
	[ 'not HTTP', '/-raw=hello/x', qr/08P01.*HTTP/s ],
	[ 'a redirect to cloud metadata', '/-redirect=http:%2f%2f169.254.169.254%2flatest%2f/x', qr/08006.*(302|private network)/s ],
	[ 'a redirect to a file', '/-redirect=file:%2f%2f%2fetc%2fpasswd/x', qr/08006.*(302|http)/s ])
{
	my ($name, $path, $expected) = @$case;
	like(run_from("$origin$path", ''), $expected, "$name: the error says so");
}
like(run_from('http://127.0.0.1:1/x', ''), qr/08\w{3}.*refused/s, 'nobody listens: the error says so');
is(state_of_data(), $before, 'none of them has changed any data');
is($node->safe_psql('postgres', q{SELECT outcome, count(*) FROM estate.feed_run WHERE error IS NOT NULL GROUP BY 1}),
	'failed|15', 'each has left its run');

# addresses on this machine
{
	my $asked = () = $server->requests;
	like(run_from("$origin/reso_delta.json", "SET estate.allow_private_hosts = '';"),
		qr/HINT:.*estate\.allow_private_hosts/s, 'an address on this machine is refused, with a hint');
	like(run_from("http://localhost:" . $server->port . '/x', "SET estate.allow_private_hosts = '10.0.0.0/8';"),
		qr/HINT:.*estate\.allow_private_hosts/s, 'also by its name');
	is(scalar(() = $server->requests), $asked, 'it was not asked');
	my ($code, $out, $err) = $node->psql('postgres', "SET estate.allow_private_hosts = '127.0.0.1, http://x'");
	like($err, qr/"http:\/\/x" is not a host name/, 'a malformed list is refused');
}

# secrets of a url are not shown
{
	my $error = run_from("$origin/-status=403/x?access_token=SECRET&a=b", '');
	unlike($error, qr/SECRET/, 'a token in the url is not in the error');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM estate.feed_run WHERE error LIKE '%SECRET%'}), 0, 'nor in the run');
}

# a page is applied whole or not at all: the second page breaks
{
	$server->put('routes.json', '[["skiptoken=TST000008", "/-cut=3000/reso_page2.json"], ["^/odata/Property", "/reso_page1.json"]]');
	like(run_from("$origin/odata/Property", ''), qr/08P01/, 'the second page is cut');
	is(state_of_data(), $before, 'nothing is half done');
	$server->put('routes.json', '[["skiptoken=TST000008", "/reso_page2.json"], ["^/odata/Property", "/reso_page1.json"]]');
	like(run_from("$origin/odata/Property", ''), qr/no error/, 'and then the feed works again');
	is(state_of_data(), $before, 'with nothing new');
}

# hundreds of slow photos at once, no transaction open meanwhile, the postmaster has one thread
{
	my $n = 250;
	$node->safe_psql('postgres', qq{
		INSERT INTO estate.media (market_id, listing, media_key, media_url)
		SELECT market_id, id, 'slow' || n, '$origin/-delay=4000/photo.jpg?slow' || n
		FROM (SELECT market_id, min(id) AS id FROM estate.listing GROUP BY 1) AS l, generate_series(1, $n) AS n;
		SELECT count(estate.enqueue('media', jsonb_build_object('market_id', market_id, 'listing', listing, 'media_key', media_key,
			'target', 'photos'))) FROM estate.media WHERE media_key LIKE 'slow%';});
	wait_for(sub { $n == (() = $server->requests(qr/slow/)) }, "$n photos are asked for");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity
		WHERE backend_type LIKE 'pg_estate%' AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL OR state LIKE '%transaction%')}),
		0, 'no transaction is open while they come');
	$node->poll_query_until('postgres', "SELECT count(*) = $n FROM estate.media WHERE media_key LIKE 'slow%' AND stored_as IS NOT NULL")
	  or fail('all photos are stored');
	my ($most) = sort { $b <=> $a } map { $_->{open} } $server->requests(qr/slow/);
	cmp_ok($most, '>=', 200, "200 or more were in flight ($most)");
	is((() = $server->requests(qr/slow/)), $n, 'none was asked for twice');
	is(`find $dir/photos -type f -size 105000c | wc -l` + 0, $n, 'all are whole, on disk');
	is($node->safe_psql('postgres', q{SELECT count(DISTINCT stored_sha256) FROM estate.media WHERE media_key LIKE 'slow%'}), 1, 'and the same');
	my ($pid) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	is(scalar(() = glob "/proc/$pid/task/*"), 1, 'the postmaster has one thread');
}

# broken photos end as errors of theirs
{
	$node->safe_psql('postgres', qq{
		INSERT INTO estate.media (market_id, listing, media_key, media_url)
		SELECT market_id, id, k, u FROM (SELECT market_id, min(id) AS id FROM estate.listing GROUP BY 1) AS l,
			(VALUES ('cut', '$origin/-cut=99/photo.jpg'), ('none', '$origin/none.jpg'), ('metadata', 'http://169.254.169.254/x.jpg'),
				('bomb', '$origin/-bomb=64/x.jpg'), ('file', 'file:///etc/passwd')) AS v (k, u);
		SELECT count(estate.enqueue('media', jsonb_build_object('market_id', market_id, 'listing', listing, 'media_key', media_key,
			'target', 'photos'), max_attempts => 1)) FROM estate.media WHERE media_key IN ('cut', 'none', 'metadata', 'bomb', 'file');});
	$node->poll_query_until('postgres', q{SELECT count(stored_error) = 5 FROM estate.media WHERE media_key IN ('cut', 'none', 'metadata', 'bomb', 'file')})
	  or fail('each has its error');
	my $errors = $node->safe_psql('postgres', q{SELECT string_agg(media_key || ': ' || stored_error, E'\n' ORDER BY media_key)
		FROM estate.media WHERE stored_error IS NOT NULL AND media_key NOT LIKE 'slow%'});
	like($errors, qr/bomb: .*decompression.*cut: .*whole.*file: .*http.*metadata: .*private network.*none: .*404/s, 'each has its own error');
	is(`find $dir/photos -name '*.part*' | wc -l` + 0, 0, 'no partial file is left');
}

# dead DNS: nobody waits for it
SKIP:
{
	skip 'no C compiler for the preloaded library', 8 unless $preload;
	$node->safe_psql('postgres', q{
		INSERT INTO estate.media (market_id, listing, media_key, media_url)
		SELECT market_id, id, 'dead' || n, 'http://host' || n || '.dead.test/x.jpg'
		FROM (SELECT market_id, min(id) AS id FROM estate.listing GROUP BY 1) AS l, generate_series(1, 40) AS n;
		SELECT count(estate.enqueue('media', jsonb_build_object('market_id', market_id, 'listing', listing, 'media_key', media_key,
			'target', 'photos'))) FROM estate.media WHERE media_key LIKE 'dead%';
		CREATE FUNCTION public.sleep_long(jsonb) RETURNS void LANGUAGE sql AS 'SELECT pg_catalog.pg_sleep(60)';
		SELECT estate.enqueue('public.sleep_long(jsonb)');});
	my @workers;
	wait_for(sub {
		@workers = split /\n/, $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_estate worker'});
		grep { (() = glob "/proc/$_/task/*") > 20 } @workers;
	}, 'lookups hang');
	wait_for(sub {
		$node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_estate worker' AND wait_event = 'PgSleep'}) > 0;
	}, 'a handler is busy');
	my $start = time;
	$node->safe_psql('postgres', 'CALL estate.run_feed(\'r\')');
	cmp_ok(time - $start, '<', 1.5, 'a feed runs meanwhile');
	$start = time;
	like(run_from('http://feed.dead.test/x', "SET statement_timeout = '300ms';"), qr/57014/, 'a run can be cancelled during a lookup');
	cmp_ok(time - $start, '<', 1.5, 'at once');
	$start = time;
	$node->stop('fast');
	my $took = time - $start;
	cmp_ok($took, '<', 2, sprintf('the server stops in %.2f s', $took));
	unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|out of (file|memory)|TRAP/, 'the log tells of no crash');
}

sub wait_for
{
	my ($condition, $name) = @_;
	my $limit = time + 60;
	my $met;
	until ($met = $condition->())
	{
		last if time > $limit;
		sleep 0.02;
	}
	return ok($met, $name);
}

done_testing();
