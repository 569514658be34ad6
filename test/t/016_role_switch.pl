# What one job does with its rights, its settings and its locks fails or works for that job alone: among hundreds
# of others, of its own role and of another one, that the same workers run in the same transactions.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = estate_node('roles', workers => 3);
my $launcher_started = q{SELECT string_agg(backend_start::text, ' ' ORDER BY pid) FROM pg_stat_activity WHERE backend_type = 'pg_estate launcher'};
my $launcher = query($node, $launcher_started);

$node->safe_psql('estate', q{
	CREATE ROLE anna IN ROLE estate_operator;
	CREATE ROLE bert IN ROLE estate_operator;
	CREATE ROLE guests;
	CREATE TABLE treasure (what text);
	CREATE TABLE guest_book (what text);
	GRANT INSERT ON guest_book TO guests;
	-- who has run with which settings, and whose locks were there
	CREATE TABLE effect (n int, who name, search_path text, work_mem text, own text, locks bigint);
	GRANT INSERT ON effect TO PUBLIC;
	CREATE FUNCTION public.act(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
		INSERT INTO public.effect SELECT (args->>'n')::int, current_user, current_setting('search_path'), current_setting('work_mem'),
			current_setting('my.own', true), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND pid = pg_backend_pid());
		IF args ? 'sql' THEN EXECUTE args->>'sql'; END IF;
	END $$;
	CREATE SCHEMA anna AUTHORIZATION anna;
	SET ROLE anna;
	CREATE TABLE anna.parent (id int PRIMARY KEY);
	INSERT INTO anna.parent VALUES (0);
	CREATE TABLE anna.child (id int REFERENCES anna.parent DEFERRABLE INITIALLY DEFERRED);
	CREATE FUNCTION anna.spring() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.treasure VALUES (current_user); RETURN NULL; END $$;
	CREATE TABLE anna.trap (id int);
	CREATE CONSTRAINT TRIGGER spring AFTER INSERT ON anna.trap DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION anna.spring();
});

# what becomes of a job that does this
my @misdeeds = (
	[ 'INSERT INTO anna.child VALUES (1)', 'dead 23503' ],
	[ 'INSERT INTO anna.child VALUES (0)', 'done' ],
	[ 'SET CONSTRAINTS ALL DEFERRED; INSERT INTO anna.child VALUES (1)', 'dead 42501' ],
	[ 'INSERT INTO anna.trap VALUES (1)', 'dead 42501' ],
	[ 'SET CONSTRAINTS ALL DEFERRED; INSERT INTO anna.trap VALUES (1)', 'dead 42501' ],
	[ 'CREATE TEMP TABLE t (x int)', 'dead 42501' ],
	[ 'CREATE TEMP TABLE IF NOT EXISTS effect (n int)', 'dead 42501' ],
	[ q{SET work_mem = '64kB'; SET search_path = public; SELECT set_config('my.own', 'left behind', false)}, 'done' ],
	[ q{SET work_mem = '64kB'; SET my.own = 'left behind'; SELECT 1/0}, 'dead 22012' ],
	[ q{SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY}, 'done' ],
	[ q{SET TRANSACTION READ ONLY}, 'done' ],
	[ q{SET TRANSACTION ISOLATION LEVEL SERIALIZABLE}, 'dead 25001' ],
	[ q{SET session_replication_role = replica}, 'dead 42501' ],
	[ q{SELECT set_config('is_superuser', 'on', false)}, 'dead 55P02' ],
	[ 'SELECT pg_cancel_backend(pg_backend_pid())', 'dead 42501' ],
	[ 'SELECT pg_terminate_backend(pg_backend_pid())', 'dead 42501' ],
	[ 'SELECT pg_advisory_lock_shared(4711)', 'done' ],
	[ 'SELECT pg_advisory_lock_shared(4711), 1/0', 'dead 22012' ],
	[ 'SET ROLE postgres', 'dead 42501' ],
	[ 'SET ROLE bert', 'dead 42501' ],
	[ 'RESET ROLE', 'dead 42501' ],
	[ 'SET SESSION AUTHORIZATION DEFAULT', 'dead 42501' ],
	[ 'INSERT INTO public.treasure VALUES (current_user)', 'dead 42501' ],
	[ 'DECLARE c CURSOR WITH HOLD FOR SELECT 1', 'dead 42501' ],
	[ 'PREPARE p AS SELECT 1', 'dead 42501' ],
	[ 'LISTEN estate', 'dead 42501' ]);

# jobs of a role, numbered, as they are enqueued together; sql: what job n does besides
sub enqueue
{
	my ($role, $from, $to, $sql) = @_;
	$sql //= "'{}'::jsonb";
	return "SET ROLE $role; SELECT count(estate.enqueue('public.act', jsonb_build_object('n', n) || $sql, max_attempts => 1)) FROM generate_series($from, $to) n; RESET ROLE;\n";
}

sub wait_for_all { return wait_for($node, q{SELECT count(*) = 0 FROM estate.job WHERE state NOT IN ('done', 'dead', 'cancelled')}, 'all jobs have ended'); }

# effects without a job that is done, or jobs that are done without one
sub no_difference
{
	my ($name, $from) = @_;
	return is(query($node, q{SELECT count(*), sum(abs(coalesce(e.n, 0) - coalesce(j.n, 0))) FROM
		(SELECT n AS job, count(*) AS n FROM effect GROUP BY 1) e FULL JOIN
		(SELECT (args->>'n')::int AS job, count(*) AS n FROM estate.job WHERE state = 'done' GROUP BY 1) j USING (job) WHERE job >= } . $from) =~ /^\d+\|(\d+)$/ ? $1 : 'none', 0, $name);
}

# the workers come to know the handler as one that is quick and does not fail
query($node, enqueue('anna', 1, 500) . enqueue('bert', 501, 1000));
wait_for_all();

subtest 'misdeeds among others' => sub {
	my @values = map { my $sql = $misdeeds[$_][0]; "($_, \$sql\$$sql\$sql\$)" } 0 .. $#misdeeds;
	# every tenth job of anna's does something, the last kind after the first
	my $doing = '(SELECT jsonb_build_object(\'kind\', kind, \'sql\', sql) FROM (VALUES ' . join(', ', @values) . ') m(kind, sql) WHERE kind = n / 10 % ' . @misdeeds . ')';
	my $sql = "CASE WHEN n % 10 = 0 THEN $doing ELSE '{}' END";
	for my $round (1 .. 4)
	{
		my $from = $round * 1000;
		query($node, join '', map { enqueue('anna', $from + $_ * 100 + 1, $from + $_ * 100 + 100, $sql) . enqueue('bert', $from + $_ * 100 + 501, $from + $_ * 100 + 600) } 0 .. 4);
		wait_for_all();
	}
	is(query($node, q{SELECT args->>'kind', string_agg(DISTINCT concat_ws(' ', state, errors->0->>'sqlstate'), ','), count(*) >= 4 FROM estate.job WHERE args ? 'kind' GROUP BY 1 ORDER BY (args->>'kind')::int}),
		join("\n", map { "$_|$misdeeds[$_][1]|t" } 0 .. $#misdeeds), 'each ends as it should');
	is(query($node, q{SELECT count(*), count(*) FILTER (WHERE state = 'done') FROM estate.job WHERE NOT args ? 'kind'}) =~ /^(\d+)\|\1$/ && $1 > 4000, 1, 'all others are done');
	no_difference('each that is done has had its effect once, no other has', 1);
	is(query($node, q{SELECT DISTINCT search_path, work_mem, coalesce(own, '') FROM effect}), 'pg_catalog, pg_temp|4MB|', 'none has found the settings of another');
	is(query($node, q{SELECT count(*) FROM effect WHERE locks > 0 AND who = 'bert'}), 0, "none of another role has found anna's locks");
	is(query($node, q{SELECT count(*) FROM pg_locks WHERE objid = 4711}), 0, 'none is left');
	is(query($node, q{SELECT count(*) FROM effect JOIN estate.job j ON (args->>'n')::int = n WHERE who::text <> role::text}), 0, 'each has run as who enqueued it');
	is(query($node, 'SELECT (SELECT count(*) FROM treasure), (SELECT count(*) FROM anna.child WHERE id = 1), (SELECT count(*) FROM anna.trap)'), '0|0|0', 'nothing was taken');
	is(query($node, q{SELECT count(*) FROM pg_class WHERE relpersistence = 't'}), 0, 'nothing temporary is left');
};

subtest 'a role that is dropped, and one that loses a right' => sub {
	query($node, q{TRUNCATE effect; CREATE ROLE carl IN ROLE estate_operator; CREATE ROLE dora IN ROLE estate_operator, guests});
	query($node, 'SELECT estate.disable_workers()');
	my $book = q{'{"sql": "INSERT INTO public.guest_book VALUES (current_user)"}'};
	query($node, join '', map { enqueue('anna', 10_000 + $_ * 10, 10_009 + $_ * 10) . enqueue('carl', 20_000 + $_ * 10, 20_009 + $_ * 10) . enqueue('dora', 30_000 + $_ * 10, 30_009 + $_ * 10, $book) } 0 .. 9);
	query($node, 'REVOKE guests FROM dora; DROP OWNED BY carl; DROP ROLE carl; SELECT estate.enable_workers()');
	wait_for_all();
	my $ends = q{SELECT (args->>'n')::int / 10000, concat_ws(' ', state, errors->-1->>'sqlstate'), count(*) FROM estate.job WHERE (args->>'n')::int >= 10000 GROUP BY 1, 2 ORDER BY 1, 2};
	is(query($node, $ends), "1|done|100\n2|dead 42704|100\n3|dead 42501|100", 'their jobs fail, those of others do not');

	# the right comes back, and so does a role of that name
	query($node, q{GRANT guests TO dora; CREATE ROLE carl IN ROLE estate_operator});
	is(query($node, q{SELECT count(*) FILTER (WHERE estate.retry_job(id)) FROM estate.job WHERE state = 'dead' AND (args->>'n')::int >= 20000}), 200, 'all are tried again');
	wait_for_all();
	is(query($node, $ends), "1|done|100\n2|dead 42704|100\n3|done 42501|100", 'with the right they are done; another role of the same name is another role');
	is(query($node, 'SELECT count(*), count(DISTINCT what) FROM guest_book'), '100|1', 'each once');
	is(query($node, q{SELECT count(*) FROM effect WHERE n >= 20000 AND n < 30000}), 0, 'and nothing is done by a role that is not there');

	# in the middle of its jobs
	query($node, enqueue('carl', 40_000, 40_299, q{'{"sql": "SELECT pg_sleep(0.01)"}'}));
	wait_for($node, 'SELECT count(*) > 10 FROM effect WHERE n >= 40000', 'some are done');
	query($node, 'DROP OWNED BY carl; DROP ROLE carl');
	query($node, enqueue('anna', 50_000, 50_099));
	wait_for_all();
	my %ended = map { split /\|/ } split /\n/, query($node, q{SELECT state, count(*) FROM estate.job WHERE (args->>'n')::int BETWEEN 40000 AND 49999 GROUP BY 1});
	cmp_ok($ended{done}, '>', 10, "$ended{done} were done before it was dropped");
	cmp_ok($ended{dead}, '>', 10, "$ended{dead} are dead");
	is(query($node, 'SELECT count(*) FROM effect WHERE n BETWEEN 40000 AND 49999'), $ended{done}, 'without effect');
	is(query($node, q{SELECT state, count(*) FROM estate.job WHERE (args->>'n')::int >= 50000 GROUP BY 1}), 'done|100', 'others go on');
};

subtest 'rows that a role may not see' => sub {
	query($node, q{
		CREATE TABLE secret (owner name, what text);
		INSERT INTO secret VALUES ('anna', 'hers'), ('bert', 'his'), ('postgres', 'nobody''s');
		ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
		CREATE POLICY own ON secret USING (owner = current_user);
		GRANT SELECT ON secret TO anna, bert;
		CREATE TABLE told (who name, what text);
		GRANT INSERT ON told TO anna, bert;
	});
	my $tell = q{'{"sql": "SET row_security = on; INSERT INTO public.told SELECT current_user, what FROM public.secret"}'};
	query($node, join '', map { enqueue($_->[0], $_->[1], $_->[1] + 49, $tell) } [ 'anna', 60_000 ], [ 'bert', 60_100 ], [ 'anna', 60_200 ]);
	wait_for_all();
	is(query($node, 'SELECT who, what, count(*) FROM told GROUP BY 1, 2 ORDER BY 1'), "anna|hers|100\nbert|his|50", 'are not seen by its jobs');
};

subtest 'errors of all classes' => sub {
	my @codes = qw(01000 02000 03000 08000 08006 09000 0A000 0B000 0L000 0P000 20000 21000 22000 22012 23505 24000 25006 25P02 26000 27000 28000
		2B000 2D000 2F000 34000 38000 39000 3B001 3D000 3F000 40000 40002 42501 42P01 44000 53000 53100 53200 53300 54001 55000 55P03
		57000 57014 57P01 57P02 57P03 57P04 57P05 58000 58030 72000 F0000 HV000 P0000 P0001 P0004 XX000 XX001 XX002 A1B2C ZZZZZ);
	query($node, enqueue('anna', 70_000 + $_, 70_000 + $_, qq{'{"sql": "DO \$\$BEGIN RAISE USING ERRCODE = ''$codes[$_]''; END\$\$"}'}) . enqueue('anna', 71_000 + $_ * 5, 71_004 + $_ * 5)) for 0 .. $#codes;
	wait_for_all();
	is(query($node, q{SELECT (args->>'n')::int - 70000, state, errors->0->>'sqlstate', jsonb_array_length(errors) FROM estate.job WHERE (args->>'n')::int BETWEEN 70000 AND 70999 ORDER BY 1}),
		join("\n", map { "$_|dead|$codes[$_]|1" } 0 .. $#codes), 'each is a failure of its job');
	is(query($node, q{SELECT state, count(*) FROM estate.job WHERE (args->>'n')::int >= 71000 GROUP BY 1}), 'done|' . 5 * @codes, 'and of no other');
	no_difference('without effect', 70_000);
};

is(query($node, $launcher_started), $launcher, 'the server has not been restarted');
unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal/, 'and no process was lost');
$node->stop;
done_testing();
