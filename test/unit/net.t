#!/usr/bin/perl
#
# net.t - builds src/net with net_test.c and runs it against the scripted server
#
#   prove test/unit/net.t        PG_CONFIG, CC and NET_CFLAGS may be set;
#                                NET_CFLAGS=-fsanitize=address,undefined works

use strict;
use warnings;

use Cwd qw(abs_path);
use Compress::Zlib ();
use File::Temp qw(tempdir);
use FindBin;
use IO::Socket::INET;
use lib "$FindBin::RealBin/../server";
use ScriptedHttp;

my $top = abs_path("$FindBin::RealBin/../..");
my $work = tempdir(CLEANUP => 1);
my $pg_config = $ENV{PG_CONFIG} // 'pg_config';
my $cc = $ENV{CC} // 'gcc';
chomp(my ($headers, $libraries) = map { `$pg_config --$_` } 'includedir-server', 'pkglibdir');

my @sources = (glob("$top/src/net/*.c"), glob("$top/test/unit/net_*.c"));
my @build = (
	$cc, qw(-std=gnu99 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers),
	qw(-Wno-ignored-attributes -fno-strict-aliasing -fwrapv -D_GNU_SOURCE -DNET_LOW_SPEED_BYTES=100 -DNET_LOW_SPEED_SECONDS=2 -DNET_CONNECT_TIMEOUT_MS=1500),
	'-DESTATE_VERSION="test"', "-I$headers", "-I$top/src", "-I$top/test/unit", split(' ', $ENV{NET_CFLAGS} // ''),
	map({ "-Wl,--wrap=$_" } qw(malloc calloc realloc strdup)), @sources, '-o', "$work/net_test", "-L$libraries", qw(-lpgcommon -lpgport -lcurl -lz -ldl -lpthread -lm));
system(@build) == 0 or die "could not build net_test\n";

my $server = ScriptedHttp->new;
$server->put('hello.txt', "hello, world\n");
$server->put('long.txt', join('', map { "line $_ of a file that is not short\n" } 1 .. 10000));
$server->put('padded.gz', Compress::Zlib::memGzip("hello, world\n") . "\0" x 100);

# a TLS server with a certificate of its own making
my ($tls_pid, $tls_port) = (0, 0);
if (system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout $work/key -out $work/cert >$work/openssl 2>&1") == 0)
{
	my $probe = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1, ReuseAddr => 1);
	$tls_port = $probe->sockport;
	close $probe;
	$tls_pid = fork // die "fork: $!";
	if ($tls_pid == 0)
	{
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$work/s_server";
		open STDERR, '>&', \*STDOUT;
		exec qw(openssl s_server -quiet -key), "$work/key", '-cert', "$work/cert", '-accept', $tls_port;
	}
	select undef, undef, undef, 0.05
	  until IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $tls_port) || waitpid($tls_pid, 1) > 0;
}

my @runner = split ' ', $ENV{NET_RUNNER} // '';
my $status = system @runner, "$work/net_test", $server->port, $server->{log}->filename, $tls_port;
kill 'TERM', $tls_pid if $tls_pid;
$server->stop;
print "# net_test ended with status $status\n" if $status & 127;
exit($status == 0 ? 0 : 1);
