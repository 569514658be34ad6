# The transcripts of the README and of the documents are typed into psql, in order, and must come out as printed.
#
# A transcript is a block fenced as ```psql.  Lines that begin with a prompt are
# typed; the lines below are what psql prints.  Figures may differ (they depend on
# the day and the machine), and with them the widths of columns; words, columns and the number
# of rows may not.  A line that consists of three dots stands for any lines.

use strict;
use warnings;
use Cwd qw(getcwd);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# what two outputs of the same statement have in common
sub stable
{
	my ($text) = @_;
	$text =~ s/^psql:[^:]*:\d+: //mg;
	$text =~ s/\d{4}-\d\d-\d\d [\d:.]+\+\d+/TIME/g;
	$text =~ s/-?\d+(?:\.\d+)?/9/g;
	$text =~ s/9 [A-Z]\w+ (?:Ave|Street)/ADDRESS/g;
	$text =~ s/\| [A-E]$/| GRADE/mg;
	$text =~ s/-[-+]*-/--/g;
	$text =~ s/[ \t]+/ /g;
	$text =~ s/^ | $//mg;
	$text =~ s/\n+\z//;
	return $text;
}

sub pattern
{
	my ($text) = @_;
	return join '.*', map { quotemeta } split /^\.\.\.$/m, stable($text), -1;
}

# statements and what they show
sub transcript
{
	my ($text) = @_;
	my @steps;
	while ($text =~ /^```psql\n(.*?)^```$/msg)
	{
		for my $line (split /\n/, $1)
		{
			if    ($line =~ /^homes=[#>] ?(.*)/) { push @steps, { typed => $1, shown => '' }; }
			elsif ($line =~ /^homes[-('"][#>] ?(.*)/) { $steps[-1]{typed} .= "\n$1"; }
			else  { $steps[-1]{shown} .= "$line\n"; }
		}
	}
	return @steps;
}

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->start;
my $here = getcwd();

sub try_document
{
	my ($file, $least) = @_;
	my @steps = transcript(slurp_file($file));
	cmp_ok(scalar @steps, '>=', $least, "$file has its transcript") or return;
	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS homes');
	$node->safe_psql('postgres', 'CREATE DATABASE homes');
	for my $step (@steps)
	{
		(my $typed = $step->{typed}) =~ s{file:///[^']*/examples/}{file://$here/examples/};
		my $out = '';
		# one descriptor for both outputs, so that they come in the order of writing
		IPC::Run::run([ 'sh', '-c', 'exec psql -X -d "$0" -f - 2>&1', $node->connstr('homes') ], '<', \"$typed\n", '>', \$out);
		like(stable($out), qr/\A@{[ pattern($step->{shown}) ]}\z/s, $step->{typed} =~ s/\n/ /gr);
	}
	return;
}

try_document('README.md', 8);
try_document($_, /jobs/ ? 8 : 0) for glob 'docs/*.md';

# the commands that the README names exist
for my $target (slurp_file('README.md') =~ /^make ([\w-]+)/mg)
{
	like(slurp_file('Makefile'), qr/^\Q$target\E:/m, "make $target");
}

$node->stop;
done_testing();
