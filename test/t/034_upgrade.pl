# From each released version to this one: ALTER EXTENSION UPDATE and setup() over what the release left, restored from its
# dump (test/released), and its dump restored into a server that has only the new version.  Facts are the same and are not
# rewritten, users' own things stay, jobs in every state go on, and what is there afterwards is what a new database has.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $version = slurp_file('pg_estate.control') =~ /^default_version = '(.*)'/m ? $1 : die;
my @released = sort map { m{/([\d.]+)\.dump\.sql$} } glob 'test/released/*.dump.sql';
chomp(my $sharedir = `$ENV{PG_CONFIG} --sharedir`);
my $extension = "$sharedir/extension";

cmp_ok(scalar @released, '>=', 1, 'dumps of released versions are kept');
ok(-f "$extension/pg_estate--$_--$version.sql", "there is a script from $_ to $version") for @released;

# the scripts of released versions are no part of an installation
my @scripts;
for my $old (@released)
{
	push @scripts, "$extension/pg_estate--$old.sql";
	append_to_file($scripts[-1], slurp_file("test/released/$old.sql"));
}
END { unlink @scripts; }

my $node = estate_node('upgrade', workers => 2, setup => 0, conf => "log_min_messages = warning\n");
$node->safe_psql('postgres', 'CREATE ROLE estate_reader; CREATE ROLE estate_operator; CREATE ROLE estate_admin; CREATE ROLE estate_fan IN ROLE estate_operator');

# in any database: EstateNode's own go to "estate"
sub ask
{
	my ($database, $sql) = @_;
	return $node->safe_psql($database, "SET client_min_messages = error;\n$sql");
}

sub error_of
{
	my ($database, $sql) = @_;
	my ($code, $out, $err) = $node->psql($database, "\\set VERBOSITY verbose\nSET client_min_messages = error;\n$sql");
	return $err;
}

# with the extension as of a version, or as the server has it
sub restore
{
	my ($database, $old, $as) = @_;
	my $dump = slurp_file("test/released/$old.dump.sql");
	my $file = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';

	$dump =~ s/^(CREATE EXTENSION .* pg_estate WITH SCHEMA estate);/$1 VERSION '$as';/m or die if $as;
	append_to_file($file, $dump);
	return $node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $file, '-d', $node->connstr($database) ],
		"the dump of $old is restored into $database");
}

# our tables with their columns and their files: [ name, columns, file ]
sub tables
{
	my ($database) = @_;
	return map { [ split /\|/ ] } split /\n/, ask($database, q{
		SELECT c.oid::regclass, (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
			WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), pg_relation_filenode(c.oid)
		FROM pg_class c WHERE c.relkind = 'r' AND (c.relnamespace IN ('estate'::regnamespace, 'estate_internal'::regnamespace)
			OR c.relname IN ('ran', 'my_grams')) AND c.relname <> 'installation' ORDER BY 1});
}

# rows of tables, in the columns they had; each a line
sub rows
{
	my ($database, @tables) = @_;
	return ask($database, join ";\n", map {
		"SELECT '$_->[0]', count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\")) FROM (SELECT $_->[1] FROM ONLY $_->[0]) t" } @tables);
}

# what the extension and setup() have made, a line for each fact, but for lanes and parts of the history, which come and go
my $catalog = q{
	SELECT format('function %s: %s %s %s %s %s %s %s %s %s %s [%s] %s', p.oid::regprocedure, p.prokind, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
		p.prolang, p.provolatile, p.proisstrict, p.proparallel, p.prorows, p.proconfig, p.prosrc, (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(p.proacl) a), obj_description(p.oid, 'pg_proc'))
	FROM pg_proc p WHERE p.pronamespace::regnamespace::text LIKE 'estate%'
	UNION ALL
	SELECT format('aggregate %s: %s %s %s %s', aggfnoid, aggtransfn, aggcombinefn, aggfinalfn, aggtranstype::regtype) FROM pg_aggregate WHERE aggfnoid::text LIKE 'estate.%'
	UNION ALL
	SELECT format('type %s %s [%s]', t.oid::regtype, obj_description(t.oid, 'pg_type'), t.typacl) FROM pg_type t WHERE t.typnamespace = 'estate'::regnamespace AND t.typrelid = 0
	UNION ALL
	SELECT format('wrapper %s %s [%s] %s', fdwname, fdwvalidator::regproc, (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(fdwacl) a), obj_description(oid, 'pg_foreign_data_wrapper')) FROM pg_foreign_data_wrapper
	UNION ALL
	SELECT format('member %s', pg_describe_object(classid, objid, objsubid)) FROM pg_depend
	WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_estate') AND deptype = 'e'
	UNION ALL
	SELECT format('first rights on %s %s', pg_describe_object(classoid, objoid, objsubid), (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(initprivs) a)) FROM pg_init_privs i
	WHERE privtype = 'e' AND EXISTS (SELECT FROM pg_depend d WHERE (d.classid, d.objid) = (i.classoid, i.objoid) AND d.refclassid = 'pg_extension'::regclass
		AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_estate'))
	UNION ALL
	SELECT format('relation %s %s of %s %s [%s] %s', c.oid::regclass, c.relkind, c.relowner::regrole, c.reloptions,
		(SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(c.relacl) a), obj_description(c.oid, 'pg_class')) FROM our c
	UNION ALL
	SELECT format('column %s.%s %s %s %s %s %s %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
		pg_get_expr(d.adbin, d.adrelid), a.attacl, col_description(a.attrelid, a.attnum))
	FROM our c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'my_score' AND c.relkind <> 'i'
	LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
	UNION ALL
	SELECT format('index %s', pg_get_indexdef(c.oid)) FROM our c WHERE c.relkind = 'i'
	UNION ALL
	SELECT format('constraint %s of %s: %s', conname, conrelid::regclass, pg_get_constraintdef(k.oid)) FROM pg_constraint k JOIN our c ON c.oid = k.conrelid
	UNION ALL
	SELECT format('view %s: %s', c.oid::regclass, pg_get_viewdef(c.oid)) FROM our c WHERE c.relkind = 'v'
	UNION ALL
	SELECT format('schema %s of %s [%s] %s', nspname, nspowner::regrole, (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(nspacl) a), obj_description(oid, 'pg_namespace'))
	FROM pg_namespace WHERE nspname LIKE 'estate%'};
my $our = q{WITH our AS (SELECT * FROM pg_class WHERE relnamespace IN ('estate'::regnamespace, to_regnamespace('estate_internal')) AND relkind IN ('r', 'v', 'i', 'S', 'c', 'p', 'm')
	AND relname !~ '^job_(ready|ended)_[0-9]' AND relname <> 'my_index')};

# a list in a constraint is written otherwise once it was restored
sub catalog_of
{
	my ($database) = @_;
	return join "\n", sort map { /^constraint|^view/ ? s/::(?:character varying|text)(?:\(\d+\))?(?:\[\])?|[()]//gr : $_ } split /\n/, ask($database, "$our SELECT regexp_replace(line, E'\\\\s+', ' ', 'g') FROM ($catalog) l(line) ORDER BY 1");
}

# what differs between two lists of lines
sub difference
{
	my ($before, $after) = @_;
	my %before = map { $_ => 1 } split /\n/, $before;
	my %after = map { $_ => 1 } split /\n/, $after;
	return [ map({ "- $_" } grep { !$after{$_} } sort keys %before), map({ "+ $_" } grep { !$before{$_} } sort keys %after) ];
}

$node->safe_psql('estate', 'SET client_min_messages = error; CREATE EXTENSION pg_estate; SELECT count(*) FROM estate.setup()');
# as in test/released/fill.sql
$node->safe_psql('estate', 'GRANT SELECT ON estate.listing TO estate_fan');
my $new = catalog_of('estate');
cmp_ok(scalar(() = $new =~ /^function /mg), '>', 50, 'functions are compared');
cmp_ok(scalar(() = $new =~ /^column /mg), '>', 200, 'and columns');

# the user's own views on ours, and jobs that go on where they were
sub check_use
{
	my ($database, $old) = @_;
	is(ask($database, 'SELECT (SELECT count(*) > 50 FROM my_listings), (SELECT count(*) > 0 FROM my_deals), (SELECT count(*) > 10 FROM my_jobs), (SELECT count(*) >= 3 FROM my_queues),
		(SELECT count(*) FROM my_feeds), (SELECT count(*) >= 0 FROM my_progress), (SELECT count(*) >= 0 FROM my_metrics), (SELECT n > 30 FROM estate.ols((SELECT estate.merge(part) FROM my_grams)))'),
		't|t|t|t|3|t|t|t', "users' views on ours, and their data of our types");
	is(ask($database, q{SELECT string_agg(DISTINCT state, ' ' ORDER BY state) FROM estate.job}), 'available blocked cancelled dead done retryable running scheduled', 'jobs are in every state');

	ask($database, 'SELECT estate.enable_workers()');
	ok($node->poll_query_until($database, q{SELECT count(*) = 5 FROM estate.job WHERE args ->> 'job' IN ('available', 'urgent', 'with a key for a time', 'batch 1', 'batch 2') AND state = 'done'}), 'what could run runs');
	is(ask($database, q{SELECT string_agg(args ->> 'job', ', ' ORDER BY args ->> 'job') FROM ran WHERE args ->> 'job' <> 'of a key'}), 'available, batch 1, batch 2, done, urgent, with a key for a time', 'once each');
	is(ask($database, q{SELECT string_agg(format('%s %s', args ->> 'job', state), ', ' ORDER BY id) FROM estate.job WHERE args ->> 'job' IN ('retryable', 'at rest', 'scheduled', 'blocked', 'leased')}),
		'retryable retryable, at rest available, scheduled scheduled, blocked blocked, leased running', 'what waits still waits');
	is(ask($database, q{SET ROLE estate_fan; SELECT estate.complete_job(id, 1) FROM estate.job WHERE args ->> 'job' = 'leased'}), 't', 'who has leased a job can end it');
	is(ask($database, q{SET ROLE estate_fan; SELECT count(*) FROM estate.fetch_jobs('default')}), '1', 'and fetch the next one');
	is(ask($database, q{SET ROLE estate_fan; SELECT estate.enqueue('public.note', unique_key => 'for a time') = id FROM estate.job WHERE unique_key = 'for a time'}), 't', 'unique keys are still taken');
	ask($database, q{SELECT estate.resume_queue('at rest'); SELECT estate.retry_job(id) FROM estate.job WHERE args ->> 'job' IN ('scheduled')});
	ok($node->poll_query_until($database, q{SELECT count(*) = 2 FROM ran WHERE args ->> 'job' IN ('at rest', 'scheduled')}), 'a resumed queue runs, and what was put off when asked to');
	ok($node->poll_query_until($database, q{SELECT count(*) = 1 FROM ran WHERE args ->> 'job' = 'blocked'}), 'and then what waited for it');
	is(ask($database, q{SELECT string_agg(format('%s: %s', "check", detail), '; ') FROM estate.doctor() WHERE NOT ok AND "check" IN ('tables', 'views', 'owner of the bookkeeping', 'owner of the tables', 'creating in our schemas')}), '', 'doctor() finds all in order');
	is(ask($database, q{SELECT outcome FROM estate.push_feed('csv', E'ListingKey,StandardStatus,PropertyType,ListPrice\nNEW,Active,Residential,1\n')}), 'done', 'feeds go on');
	is(ask($database, 'SELECT count(*) FROM estate.score()'), 1, 'and so do models');
	return;
}

for my $old (@released)
{
	(my $name = $old) =~ tr/./_/;

	subtest "from $old, the new library in place" => sub {
		my $database = "live_$name";
		my $log = -s $node->logfile;

		$node->safe_psql('postgres', "CREATE DATABASE $database");
		$node->append_conf('postgresql.conf', "estate.databases = 'estate, $database'\n");
		restore($database, $old, $old);
		is(ask($database, 'SELECT extversion FROM pg_extension WHERE extname = $$pg_estate$$'), $old, "its functions are of $old");
		my @tables = tables($database);
		my $rows = rows($database, @tables);
		is_deeply([ map { /^estate\S*\.(\w+)\|0\|/ && $1 !~ /^job_ready|^job_ended$|^job_cancel$/ ? $1 : () } split /\n/, $rows ], [], 'no table is empty, but for lanes and parents of parts');

		# the database is that of these workers: only the version is in their way
		ask($database, q{UPDATE estate_internal.installation SET system_id = (SELECT system_identifier FROM pg_control_system()), database_oid = (SELECT oid FROM pg_database WHERE datname = current_database())});
		$node->reload;
		$node->wait_for_log(qr/pg_estate stays quiet in database "$database": its tables are of version \d+, the code needs \d+/, $log);
		my $started = ask('postgres', 'SELECT pg_postmaster_start_time()');
		my @functions = split /\n/, ask($database, q{
			SELECT format(CASE prokind WHEN 'p' THEN 'CALL %s(%s)' ELSE 'SELECT * FROM %s(%s)' END, oid::regproc, (SELECT string_agg('NULL::' || t::regtype, ', ') FROM unnest(proargtypes) t))
			FROM pg_proc WHERE pronamespace = 'estate'::regnamespace AND prokind IN ('f', 'p') AND prorettype NOT IN ('internal'::regtype, 'cstring'::regtype)
				AND NOT proargtypes::oid[] && ARRAY['internal'::regtype, 'cstring'::regtype]::oid[] AND proname NOT IN ('setup', 'teardown') ORDER BY 1});
		cmp_ok(scalar @functions, '>=', 60, "all functions of $old are called");
		my %refused;
		for my $call (@functions)
		{
			my $err = error_of($database, "BEGIN;\n$call;");
			if ($err =~ /ERROR:  (\w{5})/) { $refused{$1}++; }
			elsif ($err ne '') { fail("$call: $err"); }
		}
		is(join(' ', grep { !/^(?:55000|22\w{3}|42\w{3}|P0001)$/ } sort keys %refused), '', 'those that are refused say why');
		my $error = error_of($database, q{SELECT estate.enqueue('train')});
		like($error, qr/ERROR:  55000: .*HINT:  ALTER EXTENSION pg_estate UPDATE; SELECT \* FROM estate\.setup\(\);/s, 'a call of the old functions says what to do');
		like(error_of($database, 'SELECT * FROM estate.setup()'), qr/ERROR:  55000: .*HINT:  ALTER EXTENSION pg_estate UPDATE; SELECT \* FROM estate\.setup\(\);/s, 'so does setup()');
		like(log_from($node, $log), qr/pg_estate stays quiet in database "$database".*\n.*HINT:  ALTER EXTENSION pg_estate UPDATE; SELECT \* FROM estate\.setup\(\);/, 'and the log');
		is(ask('postgres', 'SELECT pg_postmaster_start_time()'), $started, 'and the server has not crashed');
		is(rows($database, @tables), $rows, 'nothing was changed');

		ask($database, 'ALTER EXTENSION pg_estate UPDATE');
		is(ask($database, 'SELECT extversion FROM pg_extension WHERE extname = $$pg_estate$$'), $version, 'updated');
		like(error_of($database, q{SELECT estate.enqueue('train')}), qr/ERROR:  55000: the tables of pg_estate are of version \d+, the code needs version \d+\nHINT:  SELECT \* FROM estate.setup\(\);/, 'then setup() is asked for');
		like(ask($database, 'SELECT * FROM estate.setup()'), qr/^tables, step \d+\|made$/m, 'setup() brings the tables to the code');
		# the jobs may be taken at once
		is(ask($database, q{SELECT result FROM estate.setup() WHERE step = 'workers'}), 'enabled', 'the workers go on');
		my %facts = map { $_->[0] => $_->[2] } grep { $_->[0] =~ /^(?:estate\.|ran|my_)/ } tables($database);
		is_deeply([ grep { defined $facts{ $_->[0] } && $facts{ $_->[0] } ne $_->[2] } @tables ], [], 'no facts were rewritten');
		my @facts = grep { $_->[0] =~ /^estate\./ && $_->[0] !~ /feed_run/ } @tables;
		is_deeply(difference(join("\n", grep { /^estate\./ && !/feed_run/ } split /\n/, $rows), rows($database, @facts)), [], 'all facts are equal');
		is_deeply(difference($new, catalog_of($database)), [], 'functions, tables, views, comments and rights are those of a new database');
		check_use($database, $old);
	};

	subtest "a dump of $old, restored where there is only $version" => sub {
		my $database = "plain_$name";

		$node->safe_psql('postgres', "CREATE DATABASE $database");
		$node->append_conf('postgresql.conf', "estate.databases = 'estate, live_$name, $database'\n");
		rename "$extension/pg_estate--$old.sql", "$extension/kept.sql" or die;
		restore($database, $old);
		rename "$extension/kept.sql", "$extension/pg_estate--$old.sql" or die;
		is(ask($database, 'SELECT extversion FROM pg_extension WHERE extname = $$pg_estate$$'), $version, 'its functions are the new ones');
		my @tables = tables($database);
		my $rows = rows($database, @tables);
		like(error_of($database, q{SELECT estate.enqueue('train')}), qr/ERROR:  55000: the tables of pg_estate are of version \d+.*HINT:  SELECT \* FROM estate.setup\(\);/s, 'setup() is asked for');
		like(ask($database, 'SELECT * FROM estate.setup()'), qr/^tables, step \d+\|made$/m, 'setup() brings the tables to the code');
		is(rows($database, @tables), $rows, 'all rows are equal');
		is_deeply(difference($new, catalog_of($database)), [], 'functions, tables, views, comments and rights are those of a new database');
		$node->reload;
		check_use($database, $old);
	};
}

subtest 'a server that runs another library than the script is for' => sub {
	append_to_file("$extension/pg_estate--$version--99.0.sql", slurp_file("$extension/pg_estate--$released[0]--$version.sql") =~ s/\Q$version\E/99.0/gr);
	like(error_of('estate', q{ALTER EXTENSION pg_estate UPDATE TO '99.0'}),
		qr/ERROR:  55000: the server has loaded the library of pg_estate \Q$version\E, not that of 99\.0\nHINT:  Install the library of pg_estate 99\.0 and restart the server, then try again\./,
		'the update says to restart the server');
	unlink "$extension/pg_estate--$version--99.0.sql";
	is($node->safe_psql('estate', 'SELECT extversion, estate.library_version() FROM pg_extension WHERE extname = $$pg_estate$$'), "$version|$version", 'nothing has changed');
};

subtest 'symbols of functions that have other arguments now have other names' => sub {
	my $symbols = q{SELECT p.prosrc, format('%s -> %s %s', (SELECT string_agg(t::regtype::text, ',' ORDER BY n) FROM unnest(proargtypes) WITH ORDINALITY u(t, n)), pg_get_function_result(p.oid), p.proretset)
		FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'c' WHERE p.probin LIKE '%pg_estate%'};
	my %now = map { split /\|/, $_, 2 } split /\n/, ask('estate', $symbols);
	for my $old (@released)
	{
		$node->safe_psql('postgres', 'CREATE DATABASE symbols');
		ask('symbols', "CREATE EXTENSION pg_estate VERSION '$old'");
		my %then = map { split /\|/, $_, 2 } split /\n/, ask('symbols', $symbols);
		is_deeply([ map { "$_: $then{$_}, now $now{$_}" } grep { defined $now{$_} && $now{$_} ne $then{$_} } sort keys %then ], [], "since $old");
		$node->safe_psql('postgres', 'DROP DATABASE symbols WITH (FORCE)');
	}
};

$node->stop;
done_testing();
