# One job of many: estate.job finds it along the indexes, in whatever part of the history it is.

use strict;
use warnings;
use lib 'test/t';
use EstateNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = estate_node('by_id', conf => "autovacuum = off\n");
sub value { return query($node, "SET client_min_messages = error; $_[0]"); }

value('CREATE FUNCTION public.none(args jsonb) RETURNS void LANGUAGE sql AS $$ $$');
# more than a part of the history holds, twice: the ends of both calls begin another
for (1 .. 2)
{
	value(q{SELECT count(*) FROM estate.enqueue_many('public.none', ARRAY(SELECT jsonb_build_object('text',
		(SELECT string_agg(md5(n::text || i::text), '') FROM generate_series(1, 55) n)) FROM generate_series(1, 19000) i))});
	$node->safe_psql('estate', 'CALL estate.run_jobs()');
}
cmp_ok(value(q{SELECT count(*) FROM pg_class WHERE relname ~ '^job_ended_\d+$'}), '>=', 3, 'the history has several parts');

my ($first, $last) = split /\|/, value('SELECT min(id), max(id) FROM estate.job');
for my $id ($first, int(($first + $last) / 2), $last)
{
	my $plan = value("EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS) SELECT state FROM estate.job WHERE id = $id");
	my ($newest) = value(q{SELECT max(substr(relname, 11)::int) FROM pg_class WHERE relname ~ '^job_ended_\d+$'});
	my @read = grep { $_ != $newest } $plan =~ /Seq Scan on job_ended_(\d+)/g;
	is("@read", '', "job $id: no closed part is read") or diag $plan;
	like($plan, qr/Bitmap Index Scan on job_ended_\d+_id_idx/, "job $id: they are found by their index");
	like($plan, qr/Index Scan using job_open_pkey/, "job $id: and so is one that waits");
	my ($buffers) = $plan =~ /Buffers: shared hit=(\d+)/;
	cmp_ok($buffers, '<', 400, "job $id: few pages of more than eight thousand");
}

$node->stop;
done_testing();
