# Secrets: only as files that a mapping names, only to the hosts that the file names, and shown nowhere.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../server";
use EstateNode;
use PostgreSQL::Test::Utils;
use ScriptedHttp;
use Test::More;

my $secrets = PostgreSQL::Test::Utils::tempdir();
my $source = ScriptedHttp->new(docroot => PostgreSQL::Test::Utils::tempdir());
my $other = ScriptedHttp->new;
my $node = estate_node('secrets', workers => 2, conf => "estate.secrets_dir = '$secrets'\nlog_statement = all\n");
my $token = 'sesame-0pen-' . 'x' x 20;
my $host = '127.0.0.1:' . $source->port;

query($node, qq{
	CREATE ROLE admin IN ROLE estate_admin LOGIN;
	CREATE ROLE other_admin IN ROLE estate_admin LOGIN;
	CREATE ROLE operator IN ROLE estate_operator LOGIN;
	GRANT USAGE ON FOREIGN DATA WRAPPER estate_target TO operator;
	SELECT estate.create_market('m');});

sub write_secret
{
	my ($name, $text, $mode) = @_;
	unlink "$secrets/$name";
	append_to_file("$secrets/$name", $text);
	chmod $mode // 0600, "$secrets/$name";
	return;
}

# 1. What servers and mappings may not say
for my $bad (
	[ q{kind 'ftp', url 'x'}, 'HV024', 'another kind' ],
	[ q{url 'http://127.0.0.1'}, 'HV024', 'no kind' ],
	[ q{kind 'http', password 'x'}, 'HV00D', 'a password' ],
	[ q{kind 'http', secret_ref 'file:x'}, 'HV00D', 'a secret at the server' ],
	[ q{kind 'http', url 'http://scott:tiger@127.0.0.1'}, 'HV024', 'a password in the url' ])
{
	is(refused($node, "CREATE SERVER bad FOREIGN DATA WRAPPER estate_target OPTIONS ($bad->[0])")->{sqlstate}, $bad->[1], "server: $bad->[2]");
}
query($node, "CREATE SERVER feeds FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'http', url 'http://$host')", user => 'admin');
for my $bad (
	[ q{password 'x'}, 'HV00D', 'a password' ],
	[ q{secret 'x'}, 'HV00D', 'a secret' ],
	[ q{secret_ref 'sesame'}, 'HV024', 'a secret instead of a reference' ],
	[ q{secret_ref 'env:HOME'}, 'HV024', 'another kind of reference' ],
	[ q{secret_ref 'file:../postgresql.conf'}, 'HV024', 'a way out of the directory' ],
	[ q{secret_ref 'file:/etc/passwd'}, 'HV024', 'an absolute path' ],
	[ q{secret_ref 'file:'}, 'HV024', 'no name' ],
	[ q{secret_ref 'file:.hidden'}, 'HV024', 'a hidden file' ],
	[ q{secret_ref 'file:a b'}, 'HV024', 'a name with a blank' ])
{
	my $error = refused($node, "CREATE USER MAPPING FOR admin SERVER feeds OPTIONS ($bad->[0])", user => 'admin');
	is($error->{sqlstate}, $bad->[1], "mapping: $bad->[2]");
	isnt($error->{hint}, '', "mapping: $bad->[2]: says what would do");
}
query($node, "CREATE SERVER mine FOREIGN DATA WRAPPER estate_target OPTIONS (kind 'http', url 'http://$host')", user => 'operator');
is(refused($node, "CREATE USER MAPPING FOR operator SERVER mine OPTIONS (secret_ref 'file:token')", user => 'operator')->{sqlstate},
	'42501', 'only members of estate_admin refer to secrets, whoever owns the server');

# 2. What the file must be
query($node, "CREATE USER MAPPING FOR admin SERVER feeds OPTIONS (secret_ref 'file:token')", user => 'admin');
my $create = "SELECT estate.create_feed('f', url => '" . $source->url("/-bearer=$token/page.json") . "', preset => 'reso', server => 'feeds')";
$source->put('page.json', '{"value": [{"ListingKey": "A"}]}');
$source->put('routes.json', qq([["^/page.json", "/-bearer=$token/page.json"], ["^/moved", "/-redirect=http:%2F%2F127.0.0.1:@{[$other->port]}%2Fpage.json/x"]]));
$create =~ s{/-bearer=[^/]*}{};
my $whole = "# of the feed\nsecret = $token\nhosts = elsewhere.test, $host\n";
for my $bad (
	[ undef, 0600, '58P01', qr/file:token/, 'no file' ],
	[ $whole, 0644, '42501', qr/only its owner.*chmod 0600/s, 'a file that all may read' ],
	[ $whole, 0640, '42501', qr/only its owner/, 'a file that the group may read' ],
	[ "secret = $token\n", 0600, 'F0000', qr/hosts/, 'no hosts' ],
	[ "hosts = $host\n", 0600, 'F0000', qr/secret/, 'no secret' ],
	[ "secret = $token\nhosts = elsewhere.test 127.0.0.2\n", 0600, '42501', qr/hosts/, 'another host' ],
	[ "secret = $token\nhosts = 127.0.0.1\n", 0600, '42501', qr/hosts/, 'another port' ])
{
	my ($text, $mode, $sqlstate, $says, $name) = @$bad;
	unlink "$secrets/token";
	write_secret('token', $text, $mode) if defined $text;
	my $error = refused($node, $create, user => 'admin');
	is($error->{sqlstate}, $sqlstate, "secret: $name") or diag $error->{all};
	like("$error->{message}\n$error->{detail}\n$error->{hint}", $says, "secret: $name: says so");
}
mkdir "$secrets/token.d";
rename "$secrets/token", "$secrets/token.old";
rename "$secrets/token.d", "$secrets/token";
isnt(refused($node, $create, user => 'admin')->{sqlstate}, '00000', 'secret: a directory');
rmdir "$secrets/token";

# 3. Who may use it
write_secret('token', $whole);
is(refused($node, $create, user => 'other_admin')->{sqlstate}, '42501', 'without USAGE no feed can have the server');
query($node, $create, user => 'admin');
query($node, "CALL estate.run_feed('f')", user => 'operator');
is(query($node, "SELECT outcome FROM estate.feed_run ORDER BY run_id DESC LIMIT 1"), 'done', 'an operator runs the feed with its owner\'s secret');
is(($source->requests)[-1]{headers}{authorization}, "Bearer $token", 'the token was sent');
is(refused($node, "SELECT estate.alter_feed('f', url => '" . $other->url('/page.json') . "')", user => 'other_admin')->{sqlstate}, '42501',
	'without USAGE nobody can lead it elsewhere');
query($node, "SELECT estate.alter_feed('f', url => '" . $other->url('/page.json') . "')", user => 'admin');
is(refused($node, "CALL estate.run_feed('f')")->{sqlstate}, '42501', 'nor can its owner have it sent to another host');
for my $astray ('moved', 'page.json?access_token=s3cr3t-in-url')
{
	query($node, "SELECT estate.alter_feed('f', url => '" . $source->url("/$astray") . "')", user => 'admin');
	query($node, "SELECT estate.request_run('f')");
	eventually($node, "SELECT outcome IN ('failed', 'done') FROM estate.feed_run ORDER BY run_id DESC LIMIT 1", "the workers run it: $astray");
}
is(scalar $other->requests, 0, 'nothing went to another host');
write_secret('token', $whole =~ s/$token/wrong-but-s3cr3t/r);
my $error = refused($node, "CALL estate.run_feed('f')");
is($error->{sqlstate}, '28000', 'a wrong token is told as such');
like($error->{hint}, qr/secret_ref/, 'with what to do');
is(refused($node, 'SHOW estate.secrets_dir', user => 'admin')->{sqlstate}, '42501', 'where secrets are is the superuser\'s business');
query($node, 'ALTER SYSTEM SET estate.secrets_dir = \'\'');
query($node, 'SELECT pg_reload_conf()');
eventually($node, "SELECT current_setting('estate.secrets_dir') = ''", 'no directory of secrets');
like(refused($node, "CALL estate.run_feed('f')")->{hint}, qr/ALTER SYSTEM SET estate\.secrets_dir/, 'is said with the command to type');

# 4. Shown nowhere
my $shown = query($node, q{
	SELECT error FROM estate.feed_run; SELECT f::text FROM estate.feed f; SELECT j::text FROM estate.job j; SELECT c::text FROM estate_internal.feed_cursor c;
	SELECT query FROM pg_stat_activity; SELECT umoptions FROM pg_user_mappings; SELECT srvoptions FROM pg_foreign_server; SELECT setting FROM pg_settings;});
my $log = slurp_file($node->logfile);
for my $secret ($token, 'wrong-but-s3cr3t')
{
	unlike($shown, qr/\Q$secret/, 'no secret is in any table or view');
	unlike($log, qr/\Q$secret/, 'nor in the log');
}
unlike(query($node, 'SELECT error FROM estate.feed_run'), qr/s3cr3t-in-url/, 'a token in a url is not shown in errors');
unlike($log =~ s/^.*(?:statement|STATEMENT):.*$//mgr, qr/s3cr3t-in-url/, 'nor logged');

$node->stop;
done_testing();
