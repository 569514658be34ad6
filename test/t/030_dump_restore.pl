# Dump and restore, copies, and the extension dropped: no row is lost, and a copy stays quiet.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

# No workers here: jobs that wait are to be in the dump
my $node = estate_node('origin');

sub fill
{
	my ($reso) = @_;
	$node->safe_psql('estate', q{
		SET client_min_messages = error;
		CREATE ROLE anna; GRANT estate_operator TO anna;
		SELECT estate.create_market('county');
		SELECT estate.create_feed('csv', preset => 'csv', market => 'county');
		SELECT estate.create_feed('reso', market => 'county');
		SELECT (estate.push_feed('csv', body)).* FROM (SELECT 'ListingKey,StandardStatus,PropertyType,PropertySubType,ListPrice,ClosePrice,CloseDate,LivingArea,Latitude,Longitude,PostalCode' || E'\n'
			|| string_agg(format('K%s,%s,Residential,Single Family Residence,%s,%s,%s,%s,%s,%s,9800%s', i,
				CASE WHEN i % 5 = 0 THEN 'Active' ELSE 'Closed' END, 200000 + i * 100,
				CASE WHEN i % 5 > 0 THEN (100000 + 200 * (1000 + i % 97 * 10) + i % 13 * 1000)::text END, CASE WHEN i % 5 > 0 THEN date '2025-01-01' + i END,
				1000 + i % 97 * 10, 47.5 + i % 10 * 0.01, -122.2 + i % 7 * 0.01, i % 3), E'\n') || E'\nBROKEN,Active,Residential,,not a price,,,,,,\n' AS body
			FROM generate_series(1, 400) i) b;
		SELECT * FROM estate.push_feed('csv', E'ListingKey,StandardStatus,PropertyType,ListPrice,LivingArea,PostalCode\nK5,Active,Residential,199000,1050,98002\n');
		INSERT INTO estate.sale_record (market_id, source_system, record_key, sale_date, price) SELECT market_id, $$deeds$$, $$1$$, $$2025-01-01$$, 123456 FROM estate.market;
	});
	$node->safe_psql('estate', "SELECT * FROM estate.push_feed('reso', \$body\$$reso\$body\$)");
	$node->safe_psql('estate', q{
		SELECT estate.train();
		SELECT estate.score();
		CREATE TABLE ran (n int);
		GRANT INSERT ON ran TO anna;
		CREATE FUNCTION public.ran(jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO public.ran VALUES (1)';
		CREATE FUNCTION public.fails(jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'ein Ümlaut'; END $$;
		SET ROLE anna;
		SET client_min_messages = error;
		SELECT estate.enqueue('public.ran');
		SELECT estate.enqueue('public.fails', max_attempts => 1);
		SELECT estate.cancel_job(estate.enqueue('public.ran'));
		RESET ROLE;
		CALL estate.run_jobs();
		SET ROLE anna;
		SET client_min_messages = error;
		SELECT estate.enqueue('public.ran', '{"deep": [1, {"ü": null}]}', unique_key => 'kept');
		SELECT estate.enqueue('public.ran', priority => 0);
		SELECT estate.enqueue('public.ran', depends_on => ARRAY[estate.enqueue('public.ran', run_at => now() + '1 day')]);
		RESET ROLE;
		SELECT estate.enqueue_tick('leap day', '0 0 29 2 *', 'GMT', 'train', '{}', '1 day');
		-- a user's own: column, index, view, grants, target
		ALTER TABLE estate.listing ADD COLUMN my_score double precision;
		UPDATE estate.listing SET my_score = random();
		CREATE INDEX my_index ON estate.listing (my_score) WHERE my_score > 0.5;
		CREATE VIEW my_view AS SELECT listing_key, my_score FROM estate.listing;
		GRANT SELECT ON estate.listing, my_view TO anna;
		REVOKE SELECT ON estate.estimate FROM estate_reader;
		CREATE SERVER photos FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'folder', url 'file:///tmp/none');
	});
	return;
}

# One line for each fact that must be the same: rows of each table, owners, grants, sequences, indexes, comments
my $facts = q{
	SELECT format('rows %s %s %s', c.oid::regclass,
		(xpath('//n/text()', x))[1], (xpath('//h/text()', x))[1])
	FROM pg_class c, LATERAL query_to_xml(format('SELECT count(*) AS n, md5(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C")) AS h FROM %s t', c.oid::regclass), false, true, '') x
	WHERE c.relnamespace IN ('estate'::regnamespace, 'estate_internal'::regnamespace) AND c.relkind = 'r'
	UNION ALL
	SELECT format('relation %s %s %s', c.oid::regclass, c.relkind, c.relowner::regrole) FROM pg_class c
	WHERE c.relnamespace IN ('estate'::regnamespace, 'estate_internal'::regnamespace) AND c.relkind IN ('r', 'v', 'S', 'i')
	UNION ALL
	SELECT format('grant on %s to %s by %s: %s%s', a.what, CASE WHEN x.grantee = 0 THEN 'public' ELSE x.grantee::regrole::text END, x.grantor::regrole, x.privilege_type, x.is_grantable)
	FROM (SELECT c.oid::regclass::text, coalesce(c.relacl, acldefault('r', c.relowner)) FROM pg_class c WHERE c.relnamespace IN ('estate'::regnamespace, 'estate_internal'::regnamespace) AND c.relkind IN ('r', 'v')
		UNION ALL SELECT c.oid::regclass::text, coalesce(c.relacl, acldefault('s', c.relowner)) FROM pg_class c WHERE c.relnamespace IN ('estate'::regnamespace, 'estate_internal'::regnamespace) AND c.relkind = 'S'
		UNION ALL SELECT format('%s.%s', t.attrelid::regclass, t.attname), t.attacl FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid WHERE c.relnamespace IN ('estate'::regnamespace, 'estate_internal'::regnamespace)
		UNION ALL SELECT p.oid::regprocedure::text, coalesce(p.proacl, acldefault('f', p.proowner)) FROM pg_proc p WHERE p.pronamespace = 'estate'::regnamespace
		UNION ALL SELECT n.nspname, n.nspacl FROM pg_namespace n WHERE n.nspname IN ('estate', 'estate_internal')
		UNION ALL SELECT s.srvname, s.srvacl FROM pg_foreign_server s
		UNION ALL SELECT w.fdwname, w.fdwacl FROM pg_foreign_data_wrapper w) a(what, acl), LATERAL aclexplode(a.acl) x
	UNION ALL
	SELECT format('schema %s of %s', nspname, nspowner::regrole) FROM pg_namespace WHERE nspname IN ('estate', 'estate_internal')
	UNION ALL
	SELECT format('sequence %I.%I %s', schemaname, sequencename, last_value) FROM pg_sequences WHERE schemaname IN ('estate', 'estate_internal')
	UNION ALL
	SELECT indexdef FROM pg_indexes WHERE schemaname IN ('estate', 'estate_internal')
	UNION ALL
	SELECT format('view %I %s', viewname, md5(definition)) FROM pg_views WHERE schemaname = 'estate'
	UNION ALL
	SELECT format('comment %s.%s %s', d.objoid::regclass, d.objsubid, md5(d.description)) FROM pg_description d JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
	WHERE c.relnamespace IN ('estate'::regnamespace, 'estate_internal'::regnamespace)
	ORDER BY 1};

# what differs between two lists of facts
sub difference
{
	my ($before, $after) = @_;
	my %before = map { $_ => 1 } split /\n/, $before;
	my %after = map { $_ => 1 } split /\n/, $after;
	return [ map({ "- $_" } grep { !$after{$_} } sort keys %before), map({ "+ $_" } grep { !$before{$_} } sort keys %after) ];
}

fill(slurp_file('test/feeds/reso_page1.json'));
my $before = $node->safe_psql('estate', $facts);
is_deeply([ grep { !/job_ready|job_ended$|job_cancel/ } $before =~ /^rows (\S+) 0 /mg ], [], 'no table is empty, but for lanes, parents of parts, and what lasts for a moment');
unlike($before, qr/^rows estate_internal.job_ready_0_1_0 0 /m, 'a job waits in a lane');
cmp_ok(scalar(() = $before =~ /^rows /mg), '>=', 15, 'all tables are compared');
cmp_ok(scalar(() = $before =~ /^grant /mg), '>=', 100, 'and many grants');

my $dump = PostgreSQL::Test::Utils::tempdir() . '/estate.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('estate') ], 'pg_dump');
my $globals = PostgreSQL::Test::Utils::tempdir() . '/globals.sql';
$node->command_ok([ 'pg_dumpall', '-g', '-f', $globals, '-d', $node->connstr('postgres') ], 'pg_dumpall of the roles');

my $copy = estate_node('restored', workers => 2, setup => 0);
isnt($copy->safe_psql('postgres', 'SELECT system_identifier FROM pg_control_system()'),
	$node->safe_psql('postgres', 'SELECT system_identifier FROM pg_control_system()'), 'the second cluster is another');

subtest 'restored into a second cluster' => sub {
	$copy->psql('postgres', slurp_file($globals), on_error_stop => 0);
	$copy->command_ok([ 'pg_restore', '--exit-on-error', '-d', $copy->connstr('estate'), $dump ], 'pg_restore');
	is_deeply(difference($before, $copy->safe_psql('estate', $facts)), [], 'rows, owners, grants, sequences, indexes, views, comments are equal');

	my $log = -s $copy->logfile;
	$copy->reload;
	$copy->wait_for_log(qr/pg_estate stays quiet in database "estate": it is a copy, or was restored/);
	like(slurp_file($copy->logfile), qr/HINT:  SELECT estate\.enable_workers\(\);/, 'the log says what to do');
	is($copy->safe_psql('estate', q{SELECT ok, detail, fix FROM estate.doctor() WHERE "check" = 'workers'}),
		'f|quiet: this database is a copy or was restored|SELECT estate.enable_workers();', 'so does doctor()');
	my ($code, $out, $err) = $copy->psql('estate', q{SELECT estate.enqueue('public.ran')});
	like($err, qr/WARNING:  the job is kept, but the workers are not enabled in this database\nDETAIL:  .*\nHINT:  SELECT estate\.enable_workers\(\);/, 'and enqueue()');
	wait_until_idle($copy);
	is($copy->safe_psql('estate', q{SELECT count(*) FROM estate.job WHERE state = 'available'}), 3, 'jobs wait, the old and the new');

	$copy->safe_psql('estate', 'UPDATE estate_internal.job_open SET run_at = now(); SELECT estate.enable_workers()');
	wait_for($copy, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'the jobs have ended');
	is($copy->safe_psql('estate', q{SELECT state, role FROM estate.job WHERE unique_key = 'kept'}), 'done|anna', 'once enabled, they run, as who enqueued them');
	is($copy->safe_psql('estate', q{SELECT ok FROM estate.doctor() WHERE "check" = 'workers'}), 't', 'doctor() is content');
	is($copy->safe_psql('estate', q{SELECT * FROM estate.setup()}) =~ /already there/, 1, 'setup() finds it in order');
	is_deeply([ grep { !/^[-+] (?:rows estate_internal|sequence|grant on estate\.estimate to estate_reader)/ } @{ difference($before, $copy->safe_psql('estate', $facts)) } ], [],
		'and changes nothing else than the grant that it makes');
};

subtest 'copied as a template' => sub {
	$copy->safe_psql('estate', q{SELECT estate.enqueue('public.ran', run_at => now() + '1 hour')});
	wait_until_idle($copy);
	$copy->safe_psql('postgres', 'CREATE DATABASE twin TEMPLATE estate');
	$copy->append_conf('postgresql.conf', "estate.databases = 'estate, twin'\n");
	$copy->safe_psql('twin', 'UPDATE estate_internal.job_open SET run_at = now()');
	$copy->reload;
	$copy->wait_for_log(qr/pg_estate stays quiet in database "twin": it is a copy, or was restored/);
	is($copy->safe_psql('twin', 'SELECT count(*) FROM estate_internal.job_waiting'), 1, 'its jobs wait');
	is($copy->safe_psql('twin', q{SELECT ok, fix FROM estate.doctor() WHERE "check" = 'workers'}), 'f|SELECT estate.enable_workers();', 'doctor() says why');
	$copy->safe_psql('twin', 'SELECT estate.enable_workers()');
	poll($copy, 'twin', 'SELECT count(*) = 0 FROM estate_internal.job_waiting') or die "the twin's job did not run\n";
	is($copy->safe_psql('estate', 'SELECT count(*) FROM estate_internal.job_waiting'), 1, 'those of the template are its own');
};

subtest 'the extension dropped and made again' => sub {
	my $rows = join "\n", grep { /^rows / } split /\n/, $before;
	$node->safe_psql('estate', 'SET client_min_messages = error; DROP SERVER photos; DROP EXTENSION pg_estate CASCADE');
	is($node->safe_psql('estate', q{SELECT to_regclass('estate.job') IS NULL}), 't', 'the views are gone');
	is_deeply(difference($rows, join "\n", grep { /^rows / } split /\n/, $node->safe_psql('estate', $facts)), [], 'all rows of all tables are there');
	$node->safe_psql('estate', 'SET client_min_messages = error; CREATE EXTENSION pg_estate; SELECT * FROM estate.setup()');
	is_deeply([ grep { !/grant on (?:photos|estate\.estimate to estate_reader)/ } @{ difference($before, $node->safe_psql('estate', $facts)) } ], [],
		'setup() finds the tables and makes the views anew');
	is($node->safe_psql('estate', 'SELECT count(*) > 50 FROM estate.scored_listing WHERE estimate IS NOT NULL'), 't', 'which show what they showed');
	is($node->safe_psql('estate', 'SELECT count(my_score) > 100 FROM my_view'), 't', "so do the user's own");
};

$node->stop;
$copy->stop;
done_testing();
