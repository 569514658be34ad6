# ScriptedHttp - start scripted_http.pl from a test, and ask what was asked of it
#
#   use lib "$FindBin::RealBin/../server";
#   use ScriptedHttp;
#   my $server = ScriptedHttp->new(docroot => $dir);
#   $server->url('/-delay=1000/page.json');
#   my @seen = $server->requests(qr/page/);    # [{path, headers, time, open, ...}]
#
# The server ends with the object, or with the test if that dies.
package ScriptedHttp;

use strict;
use warnings;

use File::Basename qw(dirname);
use File::Temp ();
use JSON::PP ();

sub new
{
	my ($class, %options) = @_;
	my $self = bless { docroot => $options{docroot} // File::Temp::tempdir(CLEANUP => 1) }, $class;
	my $log = File::Temp->new(SUFFIX => '.log');
	$self->{log} = $log;
	my @command = ($^X, dirname(__FILE__) . '/scripted_http.pl', '--docroot', $self->{docroot}, '--log', $log->filename);
	push @command, '--port', $options{port} if $options{port};
	push @command, '--origin', $options{origin} if $options{origin};
	pipe my $answer_out, my $answer_in or die "pipe: $!";
	pipe my $life_out, my $life_in or die "pipe: $!";
	$self->{pid} = fork // die "fork: $!";

	if ($self->{pid} == 0)
	{
		close $life_in;
		open STDIN, '<&', $life_out or die;
		open STDOUT, '>&', $answer_in or die;
		exec @command or die "exec: $!";
	}
	close $answer_in;
	close $life_out;
	$self->{life} = $life_in;
	($self->{port}) = (readline($answer_out) // '') =~ /^port (\d+)/ or die "the test server did not start\n";
	return $self;
}

sub port { return $_[0]{port} }
sub docroot { return $_[0]{docroot} }
sub origin { return "http://127.0.0.1:$_[0]{port}" }
sub url { my ($self, $path) = @_; return $self->origin . ($path // '/') }

# write a file into the docroot; a page the server sends from now on
sub put
{
	my ($self, $name, $text) = @_;
	open my $file, '>:raw', "$self->{docroot}/$name.new" or die "$name: $!";
	print {$file} $text;
	close $file or die "$name: $!";
	rename "$self->{docroot}/$name.new", "$self->{docroot}/$name" or die "$name: $!";
	return;
}

# the requests so far whose path fits
sub requests
{
	my ($self, $pattern) = @_;
	open my $log, '<', $self->{log}->filename or die $!;
	my @all = map { JSON::PP::decode_json($_) } readline $log;
	return grep { !defined $pattern || $_->{path} =~ $pattern } @all;
}

sub forget_requests { truncate $_[0]{log}->filename, 0; return }

sub stop
{
	my $self = shift;
	return unless $self->{pid};
	local $? = 0;
	close $self->{life};
	waitpid delete $self->{pid}, 0;
	return;
}

sub DESTROY { local ($@, $!, $?); $_[0]->stop; return }

1;
