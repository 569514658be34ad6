# The README's transcripts are typed into psql, in order, and must come out as printed.
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

my @steps;
my $readme = slurp_file('README.md');
while ($readme =~ /^```psql\n(.*?)^```$/msg)
{
	for my $line (split /\n/, $1)
	{
		if    ($line =~ /^homes=[#>] ?(.*)/) { push @steps, { typed => $1, shown => '' }; }
		elsif ($line =~ /^homes[-('"][#>] ?(.*)/) { $steps[-1]{typed} .= "\n$1"; }
		else  { $steps[-1]{shown} .= "$line\n"; }
	}
}
cmp_ok(scalar @steps, '>', 8, 'the README has its transcript') or BAIL_OUT('nothing to try');

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE homes');
my $here = getcwd();

for my $step (@steps)
{
	(my $typed = $step->{typed}) =~ s{file:///[^']*/examples/}{file://$here/examples/};
	my $out = '';
	# one descriptor for both outputs, so that they come in the order of writing
	IPC::Run::run([ 'sh', '-c', 'exec psql -X -d "$0" -f - 2>&1', $node->connstr('homes') ], '<', \"$typed\n", '>', \$out);
	like(stable($out), qr/\A@{[ pattern($step->{shown}) ]}\z/s, $step->{typed} =~ s/\n/ /gr);
}

# the commands that the README names exist
for my $target ($readme =~ /^make ([\w-]+)/mg)
{
	like(slurp_file('Makefile'), qr/^\Q$target\E:/m, "make $target");
}

$node->stop;
done_testing();
