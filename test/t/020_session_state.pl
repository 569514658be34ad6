# What handlers leave in the session that runs them does not reach those of another role, nor do they free what is not theirs.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

# one worker of SQL, so that each job finds the session of the one before
my $node = estate_node('session', workers => 1, conf => "estate.workers = 2\ntrack_functions = pl\n");
my $conninfo = 'host=' . $node->host . ' port=' . $node->port . ' dbname=estate';
query($node, qq{
	CREATE EXTENSION dblink;
	CREATE ROLE ann LOGIN IN ROLE estate_operator;
	CREATE ROLE ben LOGIN IN ROLE estate_operator;
		GRANT EXECUTE ON FUNCTION dblink_connect_u(text), dblink_connect_u(text, text) TO ann;
	CREATE TABLE told (n serial, who name, what text);
	GRANT INSERT ON told TO PUBLIC;
	GRANT USAGE ON SEQUENCE told_n_seq TO PUBLIC;
	CREATE FUNCTION public.open_links(args jsonb) RETURNS void LANGUAGE plpgsql AS \$\$ BEGIN
		PERFORM public.dblink_connect_u('anns', '$conninfo user=ann');
		PERFORM public.dblink_connect_u('$conninfo user=ann');
		INSERT INTO public.told (who, what) VALUES (current_user, 'opened');
	END \$\$;
	-- whose connections are there, and what the one without a name answers
	CREATE FUNCTION public.use_links(args jsonb) RETURNS void LANGUAGE plpgsql AS \$\$
	DECLARE
		answer text;
	BEGIN
		BEGIN
			SELECT t.who INTO answer FROM public.dblink('SELECT current_user::text') t(who text);
		EXCEPTION WHEN others THEN answer := 'none';
		END;
		INSERT INTO public.told (who, what) VALUES (current_user, coalesce(array_to_string(public.dblink_get_connections(), ','), 'none') || ' ' || answer);
	END \$\$;
	CREATE FUNCTION public.lock(args jsonb) RETURNS void LANGUAGE sql AS \$\$ SELECT pg_advisory_lock(4711), pg_advisory_lock(4711), pg_advisory_lock_shared(4712) \$\$;
	CREATE FUNCTION public.locks() RETURNS text LANGUAGE sql AS \$\$
		SELECT coalesce(string_agg(format('%s %s', objid, mode), ',' ORDER BY objid, mode), 'none') FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objsubid IN (1, 2) \$\$;
	CREATE FUNCTION public.tell_locks(args jsonb) RETURNS void LANGUAGE sql AS \$\$ INSERT INTO public.told (who, what) VALUES (current_user, public.locks()) \$\$;
});

sub enqueue { my ($role, $handler, $more) = @_; return "SET ROLE $role; SELECT estate.enqueue('public.$handler', max_attempts => 1" . ($more // '') . "); RESET ROLE;\n"; }
sub all_ended { return wait_for($node, 'SELECT count(*) = 0 FROM estate_internal.job_waiting', 'all jobs have ended'); }
sub told { my $told = query($node, 'WITH gone AS (DELETE FROM told RETURNING *) SELECT string_agg(who || \': \' || what, E\'\n\' ORDER BY n) FROM gone'); return $told; }

subtest 'what a handler reports of itself' => sub {
	query($node, q{
		CREATE TABLE go (on_with text);
		GRANT SELECT ON go TO ann;
		CREATE FUNCTION public.report(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
			PERFORM estate.report_progress(1, 2, 'private');
			WHILE NOT EXISTS (SELECT FROM public.go) LOOP PERFORM pg_sleep(0.05); END LOOP;
		END $$});
	query($node, enqueue('ann', 'report'));
	wait_for($node, q{SELECT count(*) = 1 FROM estate.progress WHERE note = 'private'}, 'it has reported');
	is(query($node, 'SELECT role, done, total, note FROM estate.progress', user => 'ann'), 'ann|1|2|private', 'is for members of its role');
	is(query($node, 'SELECT role, done, total, note FROM estate.progress', user => 'ben'), 'ann|||', 'and that it runs for all');
	query($node, q{INSERT INTO go VALUES ('now')});
	all_ended();
};

subtest 'connections of dblink' => sub {
	query($node, enqueue('ann', 'open_links') . enqueue('ann', 'use_links', ', priority => 1') . enqueue('ben', 'use_links', ', priority => 2') . enqueue('ann', 'use_links', ', priority => 3'));
	all_ended();
	my ($opened, @then) = split /\n/, told();
	is($opened, 'ann: opened', 'a role opens one with a name and one without');
	is((grep { /^ben/ } @then)[0], 'ben: none none', 'in a worker another role finds none of them');
	query($node, 'SELECT estate.disable_workers()');
	wait_until_idle($node);
	# in a session: what its user has opened is his
	query($node, enqueue('ann', 'open_links') . enqueue('ben', 'use_links', ', priority => 1'));
	my $left = query($node, "SELECT dblink_connect_u('own', '$conninfo'); CALL estate.run_jobs(); SELECT dblink_get_connections()");
	like($left, qr/\{own\}$/, "what the session's own user has opened stays, what handlers have does not");
	is(told(), "ann: opened\nben: own none", 'in a session another role finds none of them');
};

subtest 'session-level advisory locks' => sub {
	# the workers have been disabled
	query($node, enqueue('ann', 'lock') . enqueue('ben', 'tell_locks', ', priority => 1'));
	is(query($node, 'CALL estate.run_jobs(); SELECT locks()'), "2|0\nnone", 'a session does not keep what a handler has locked');
	is(told(), 'ben: none', 'and another role does not find it');
	query($node, enqueue('ann', 'lock') . enqueue('ben', 'tell_locks', ', priority => 1'));
	is(query($node, 'SELECT pg_advisory_lock(1); CALL estate.run_jobs(); SELECT locks()'), "\n2|0\n1 ExclusiveLock", 'it keeps its own');
	is(told(), 'ben: 1 ExclusiveLock', 'and nothing else');
	query($node, enqueue('ann', 'lock') . enqueue('ben', 'tell_locks', ', priority => 1'));
	is(query($node, 'BEGIN; SELECT pg_advisory_xact_lock(1); CALL estate.run_jobs(); SELECT locks(); COMMIT'), "\n2|0\n1 ExclusiveLock", 'the same inside a transaction');
	is(told(), 'ben: 1 ExclusiveLock', 'and nothing else');
};

subtest 'pg_advisory_unlock_all() of a handler' => sub {
	# the session has claimed a job of the network before it runs the handler
	query($node, q{CREATE FUNCTION public.unlock_and_see(args jsonb) RETURNS void LANGUAGE sql AS $$
		SELECT pg_advisory_unlock_all(); INSERT INTO public.told (who, what) SELECT 'claimed', count(*)::text
		FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objsubid = 1017 $$});
	query($node, q{SELECT estate.enqueue('media', max_attempts => 1)} . ';' . enqueue('ann', 'unlock_and_see'));
	my ($code, $out, $err) = $node->psql('estate', 'CALL estate.run_jobs()');
	is($code, 0, 'the session works off both') or diag $err;
	unlike($err, qr/you don't own a lock/, 'and has not lost a lock');
	is(told(), 'claimed: 1', 'the network job is still its own when the handler has unlocked all');
};

subtest 'figures of the handlers' => sub {
	is(query($node, q{SELECT pg_stat_force_next_flush(); SELECT calls > 0 FROM pg_stat_user_functions WHERE funcname = 'use_links'}), "\nt", 'are in pg_stat_user_functions');
};

$node->stop;
done_testing();
