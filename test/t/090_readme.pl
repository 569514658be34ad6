# The transcripts of the README and of the documents are typed into psql, in order, and must come out as printed.
#
# A transcript is a block fenced as ```psql.  Lines that begin with a prompt are
# typed; the lines below are what psql prints.  Figures may differ (they depend on
# the day and the machine), and with them the widths of columns; words, columns and the number
# of rows may not.  A line that consists of three dots stands for any lines.
# The prompt names the database.
#
# A block fenced as ```sh is run by a shell, as the server's user, and must not
# fail; "systemctl restart postgresql" restarts the test's server instead.

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

# statements and what they show, and scripts of a shell
sub transcript
{
	my ($text) = @_;
	my @steps;
	while ($text =~ /^```(psql|sh)\n(.*?)^```$/msg)
	{
		my ($kind, $block) = ($1, $2);
		if ($kind eq 'sh') { push @steps, { script => $block }; next; }
		for my $line (split /\n/, $block)
		{
			if    ($line =~ /^(homes\w*)=[#>] ?(.*)/) { push @steps, { database => $1, typed => $2, shown => '' }; }
			elsif ($line =~ /^homes\w*[-('"][#>] ?(.*)/) { $steps[-1]{typed} .= "\n$1"; }
			else  { $steps[-1]{shown} .= "$line\n"; }
		}
	}
	return @steps;
}

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ], allows_streaming => 1);
$node->start;
my $here = getcwd();
my $another_port = PostgreSQL::Test::Cluster::get_free_port();

sub run_script
{
	my ($script) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir();
	my $out = '';

	if ($script eq "systemctl restart postgresql\n") { $node->restart; return 1; }
	$script =~ s/\b5999\b/$another_port/g;
	local @ENV{qw(PGHOST PGPORT PGDATABASE)} = ($node->host, $node->port, 'postgres');
	my $done = IPC::Run::run([ 'sh', '-ec', 'exec 2>&1; cd "$1"; eval "$2"', 'sh', $dir, $script ], '<', \undef, '>', \$out);
	note($out);
	return $done;
}

sub try_document
{
	my ($file, $least) = @_;
	my @steps = transcript(slurp_file($file));
	cmp_ok(scalar @steps, '>=', $least, "$file has its transcript") or return;
	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS homes WITH (FORCE)');
	$node->safe_psql('postgres', 'CREATE DATABASE homes');
	for my $step (@steps)
	{
		if ($step->{script})
		{
			ok(run_script($step->{script}), $step->{script} =~ s/\n/ /gr);
			next;
		}
		(my $typed = $step->{typed}) =~ s{file:///[^']*/examples/}{file://$here/examples/};
		my $out = '';
		# one descriptor for both outputs, so that they come in the order of writing
		IPC::Run::run([ 'sh', '-c', 'exec psql -X -d "$0" -f - 2>&1', $node->connstr($step->{database}) ], '<', \"$typed\n", '>', \$out);
		like(stable($out), qr/\A@{[ pattern($step->{shown}) ]}\z/s, $step->{typed} =~ s/\n/ /gr);
	}
	return;
}

try_document('README.md', 8);
for my $file (glob 'docs/*.md')
{
	try_document($file, $file =~ /jobs|operate/ ? 8 : 0);
	$node->safe_psql('postgres', 'ALTER SYSTEM RESET ALL');
	$node->restart;
}

# each setting that there is has a row, with its default
my $settings = slurp_file('docs/settings.md');
for my $line (split /\n/, $node->safe_psql('postgres', q{LOAD 'pg_estate'; SELECT name, boot_val FROM pg_settings WHERE name LIKE 'estate.%'}))
{
	my ($name, $default) = split /\|/, $line, 2;
	my $shown = $default eq '' ? 'none' : $default;
	like($settings, qr/^\| `\Q$name\E` \| \Q$shown\E /m, "docs/settings.md has $name");
}

# the commands that the README names exist
for my $target (slurp_file('README.md') =~ /^make ([\w-]+)/mg)
{
	like(slurp_file('Makefile'), qr/^\Q$target\E:/m, "make $target");
}

$node->stop;
done_testing();
