# The queue's benchmark runs, without its peers and on a few jobs: what it measures it also checks.
use strict;
use warnings;
use FindBin;
use IPC::Run ();
use Test::More;

my $folder = "$FindBin::RealBin/../../bench/queue";

for my $bar ('drain', 'bulk_enqueue')
{
	my $ran = IPC::Run::run([ "$folder/run", $bar, '--jobs', 2000, '--rounds', 1, '--sync', 'off', '--no-peer' ], '<', \undef, '>', \my $out, '2>', \my $err);
	ok($ran, "$bar runs") or diag $err;
	like($out, qr{ours [\d ]+ jobs/s \| not compared$}m, "$bar says how quick we are");
}
ok(!IPC::Run::run([ "$folder/run", 'none' ], '<', \undef, '>', \my $out, '2>', \my $err), 'there is no other bar');
done_testing;
