#!/usr/bin/perl
#
# Makes the demo's three markets: what a listing service, a broker's export
# and a German portal might send, with photos, and the same a day later.
#
#   generate.pl --dir DIR --origin http://127.0.0.1:8480 [--today YYYY-MM-DD] [--seed 1]
#
# DIR/day1 and DIR/day2 are document roots for a web server at the origin:
#
#   harbor		RESO JSON pages with nextLink and Media; day2 has the changed records only
#   prairie		a CSV export with American headers, units and dates; both days are whole
#   rheinau		a CSV export with German headers, euros, square metres; both days are whole
#
# A home's value is a formula of its facts plus noise that the formula does not
# know; some sellers ask too little.  The same seed and day give the same bytes.
# Needs nothing but the modules that perl itself comes with.

use strict;
use warnings;
use Compress::Zlib qw(compress crc32);
use File::Path qw(make_path);
use Getopt::Long;
use JSON::PP;
use POSIX qw(floor strftime);
use Time::Local qw(timegm);

my ($dir, $origin, $today, $seed) = (undef, undef, strftime('%Y-%m-%d', gmtime), 1);
GetOptions('dir=s' => \$dir, 'origin=s' => \$origin, 'today=s' => \$today, 'seed=i' => \$seed)
  && $dir && $origin or die "usage: generate.pl --dir DIR --origin URL [--today DATE] [--seed N]\n";
my $now = timegm(0, 0, 0, do { my ($y, $m, $d) = split /-/, $today; ($d, $m - 1, $y) });

# --- chance: our own generator, so that every perl draws the same ------------

my $state = $seed * 2654435761 % 4294967296;

sub chance    # uniform in [0, 1)
{
	$state = ($state * 1664525 + 1013904223) % 4294967296;
	return ($state >> 8) / 16777216;
}

sub normal { return sqrt(-2 * log(1 - chance())) * cos(6.283185307 * chance()); }
sub within { my ($low, $high) = @_; return $low + floor(chance() * ($high - $low + 1)); }
sub pick   { return $_[ floor(chance() * @_) ]; }
sub clip   { my ($x, $low, $high) = @_; return $x < $low ? $low : $x > $high ? $high : $x; }
sub round_to { my ($x, $step) = @_; return $step * floor($x / $step + 0.5); }
sub day { return strftime($_[1] // '%Y-%m-%d', gmtime($now - 86400 * $_[0])); }
sub instant
{
	return day($_[0]) . sprintf('T%02d:%02d:%02dZ', within(6, 19), within(0, 59), within(0, 59));
}

# --- the markets ---------------------------------------------------------------

my %market = (
	harbor => {
		sold => 1500, sale => 500, base => 12.35, lat => 47.61, lon => -122.33,
		city => 'Harbor City',
		state => 'WA', postal => [ map { 98101 + $_ } 0 .. 9 ], step => 500, trend => 0.05,
		streets => [qw(Alder Birch Cedar Dogwood Elm Fir Hazel Juniper Larch Maple)] },
	prairie => {
		sold => 1200, sale => 400, base => 11.95, lat => 41.88, lon => -87.75,
		city => 'Prairie Falls',
		state => 'IL', postal => [ map { 60401 + $_ } 0 .. 7 ], step => 500, trend => 0.03,
		streets => [qw(Adams Grant Harrison Jackson Lincoln Madison Monroe Polk Tyler Wilson)] },
	rheinau => {
		sold => 900, sale => 300, base => 12.45, lat => 50.94, lon => 6.96, city => 'Rheinau',
		state => 'NW', postal => [ map { 50667 + $_ } 0 .. 7 ], step => 1000, trend => -0.02,
		streets => [qw(Ahornweg Buchenweg Eichenallee Gartenstraße Hafenstraße Kirchgasse
			  Lindenallee Marktplatz)] });

# Facts of a home, and what it is worth in the market's currency today
sub home
{
	my ($m) = @_;
	my $zone = floor(chance() * @{ $m->{postal} });
	my $area = floor(clip(exp(7.5 + 0.38 * normal()), 600, 6500));
	my %home = (
		zone => $zone,
		postal => $m->{postal}[$zone],
		lat => sprintf('%.5f', $m->{lat} + 0.06 * sin(1 + 2.1 * $zone) + 0.012 * normal()),
		lon => sprintf('%.5f', $m->{lon} + 0.08 * cos(1 + 1.7 * $zone) + 0.016 * normal()),
		street => pick(@{ $m->{streets} }),
		number => within(1, 999),
		area => $area,
		beds => clip(floor($area / 620 + 0.8 + 0.6 * normal()), 1, 7),
		baths => clip(floor($area / 900 + 0.5 + 0.5 * normal()), 1, 5),
		half_baths => within(0, 1),
		lot => floor(clip(exp(8.8 + 0.5 * normal()), 1200, 60000)),
		built => within(1905, 2022),
		grade => clip(floor(6.5 + $area / 1800 + 1.1 * normal()), 3, 10),
		garage => within(0, 3),
		pool => chance() < 0.08 ? 1 : 0,
		water => chance() < 0.04 ? 1 : 0);

	my $age = 2025 - $home{built};
	$home{value} = exp($m->{base} + 0.72 * log($area / 1800) + 0.09 * ($home{grade} - 6)
		  + 0.35 * sin(1 + 2.1 * $zone) + 0.5 * ($home{lat} - $m->{lat})
		  + 0.07 * log($home{lot} / 6600) + 0.035 * ($home{baths} + $home{half_baths} / 2)
		  + 0.02 * $home{garage} + 0.06 * $home{pool} + 0.30 * $home{water}
		  - 0.0032 * $age + 0.00002 * $age * $age + 0.085 * normal());
	return \%home;
}

# A closed sale of the last two years, or an offer of the last three months
sub listing
{
	my ($name, $serial, $sold) = @_;
	my $m = $market{$name};
	my $l = home($m);
	my $ago = $sold ? within(3, 730) : 0;
	my $price = $l->{value} * exp(-$m->{trend} * $ago / 365);

	$l->{key} = sprintf('%s%05d', uc substr($name, 0, 2), $serial);
	$l->{listed} = $ago + within(10, 90);
	if ($sold)
	{
		$l->{status} = 'Closed';
		$l->{close} = round_to($price, $m->{step});
		$l->{closed} = $ago;
		$l->{list} = round_to($price * (1.01 + 0.03 * normal()), $m->{step});
	}
	else
	{
		my $ask = chance() < 0.07 ? 0.76 + 0.12 * chance() : 1.03 + 0.05 * normal();
		$l->{status} = chance() < 0.12 ? 'Pending' : 'Active';
		$l->{list} = round_to($price * $ask, $m->{step});
		$l->{photos} = within(1, 2);
	}
	$l->{original} = chance() < 0.2 ? round_to($l->{list} * 1.04, $m->{step}) : $l->{list};
	$l->{changed} = instant($sold ? $ago : within(1, 9));
	return $l;
}

sub market_listings
{
	my ($name) = @_;
	my $m = $market{$name};
	my @all = map { listing($name, $_, $_ <= $m->{sold}) } 1 .. $m->{sold} + $m->{sale};
	return sort { $a->{changed} cmp $b->{changed} || $a->{key} cmp $b->{key} } @all;
}

# What a day brings: price cuts, contracts, sales, new offers.  Returns those that changed
sub next_day
{
	my ($name, $listings) = @_;
	my $m = $market{$name};
	my $serial = @$listings;
	my @changed;

	for my $l (grep { $_->{status} ne 'Closed' } @$listings)
	{
		my $fate = chance();
		if ($fate < 0.06)
		{
			$l->{list} = round_to($l->{list} * (0.93 + 0.04 * chance()), $m->{step});
		}
		elsif ($fate < 0.10)
		{
			$l->{status} = 'Closed';
			$l->{close} = round_to($l->{list} * (0.97 + 0.04 * chance()), $m->{step});
			$l->{closed} = 0;
		}
		elsif ($fate < 0.13) { $l->{status} = 'Pending'; }
		else                 { next; }
		push @changed, $l;
	}
	for (1 .. 25)
	{
		my $l = listing($name, ++$serial, 0);
		$l->{listed} = 0;
		push @$listings, $l;
		push @changed, $l;
	}
	$_->{changed} = instant(0) for @changed;
	return sort { $a->{changed} cmp $b->{changed} || $a->{key} cmp $b->{key} } @changed;
}

# --- how each source writes them ------------------------------------------------

sub write_file
{
	my ($path, $bytes) = @_;
	make_path($path =~ s{/[^/]*$}{}r);
	open my $file, '>:raw', $path or die "$path: $!\n";
	print $file $bytes;
	close $file or die "$path: $!\n";
}

sub reso_record
{
	my ($l) = @_;
	my $m = $market{harbor};
	my @media = map {
		{   MediaKey => "$l->{key}-$_", MediaURL => "$origin/photos/$l->{key}-$_.png", Order => $_,
			MediaCategory => 'Photo', PreferredPhotoYN => $_ ? JSON::PP::false : JSON::PP::true }
	} 0 .. ($l->{photos} // 0) - 1;
	return {
		ListingKey => $l->{key}, ListingId => "MLS$l->{key}", StandardStatus => $l->{status},
		PropertyType => 'Residential', PropertySubType => 'Single Family Residence',
		ListPrice => $l->{list}, OriginalListPrice => $l->{original},
		ClosePrice => $l->{close}, CloseDate => defined $l->{closed} ? day($l->{closed}) : undef,
		OnMarketDate => day($l->{listed}), UnparsedAddress => "$l->{number} $l->{street} Street",
		City => $m->{city}, StateOrProvince => $m->{state}, PostalCode => "$l->{postal}",
		Country => 'US',
		Latitude => $l->{lat} + 0, Longitude => $l->{lon} + 0,
		BedroomsTotal => $l->{beds}, BathroomsFull => $l->{baths},
		BathroomsHalf => $l->{half_baths},
		BathroomsTotalInteger => $l->{baths} + $l->{half_baths},
		LivingArea => $l->{area}, LivingAreaUnits => 'Square Feet',
		LotSizeArea => $l->{lot}, LotSizeUnits => 'Square Feet', YearBuilt => $l->{built},
		GarageSpaces => $l->{garage},
		PoolPrivateYN => $l->{pool} ? JSON::PP::true : JSON::PP::false,
		WaterfrontYN => $l->{water} ? JSON::PP::true : JSON::PP::false, HBR_Grade => $l->{grade},
		PhotosCount => scalar @media, Media => \@media,
		ModificationTimestamp => $l->{changed} };
}

# Pages of 250; the server ignores the query of the first one, as any file server does
sub write_reso
{
	my ($root, @records) = @_;
	my $json = JSON::PP->new->canonical->utf8;
	my $page = 1;
	while (my @some = splice @records, 0, 250)
	{
		my %body = ('@odata.context' => "$origin/harbor/\$metadata#Property", value => \@some);
		$body{'@odata.nextLink'} = "$origin/harbor/Property." . ($page + 1) . '.json' if @records;
		write_file("$root/harbor/Property" . ($page == 1 ? '' : ".$page") . '.json',
			$json->encode(\%body));
		$page++;
	}
}

sub csv_line
{
	return join(',', map { my $v = $_ // ''; $v =~ s/"/""/g; $v =~ /[",\n]/ ? qq("$v") : $v } @_)
	  . "\n";
}

sub dollars { my $n = shift // return ''; 1 while $n =~ s/^(\d+)(\d{3})/$1,$2/; return "\$$n"; }

sub write_prairie
{
	my ($root, @listings) = @_;
	my $m = $market{prairie};
	my $text = csv_line('Listing Key', 'MLS Number', 'Status', 'Property Type', 'List Price',
		'Close Price', 'Close Date', 'List Date', 'Address', 'City', 'State', 'Zip', 'Beds',
		'Full Baths', 'Half Baths',
		'Sq Ft', 'Lot Sq Ft', 'Year Built', 'Garage', 'Pool', 'Latitude', 'Longitude', 'Grade');
	for my $l (sort { $a->{key} cmp $b->{key} } @listings)
	{
		$text .= csv_line($l->{key}, $l->{key} =~ s/^PR/7/r, $l->{status}, 'Residential',
			dollars($l->{list}),
			dollars($l->{close}), defined $l->{closed} ? day($l->{closed}, '%m/%d/%Y') : '',
			day($l->{listed}, '%m/%d/%Y'), "$l->{number} $l->{street} Ave", $m->{city}, $m->{state},
			$l->{postal}, $l->{beds}, $l->{baths}, $l->{half_baths},
			dollars($l->{area}) =~ s/^\$//r,
			dollars($l->{lot}) =~ s/^\$//r, $l->{built}, $l->{garage}, $l->{pool} ? 'Y' : 'N',
			$l->{lat}, $l->{lon}, $l->{grade});
	}
	write_file("$root/prairie/listings.csv", $text);
}

sub write_rheinau
{
	my ($root, @listings) = @_;
	my $m = $market{rheinau};
	my %status = (Active => 'verfügbar', Pending => 'reserviert', Closed => 'verkauft');
	my $text = csv_line(qw(Objektnummer Status Angebotspreis Verkaufspreis Verkauft_am Online_seit
		  Adresse Ort PLZ Zimmer Bäder Wohnfläche Grundstück Baujahr Stellplätze
		  Breite Länge Ausstattung));
	for my $l (sort { $a->{key} cmp $b->{key} } @listings)
	{
		$text .= csv_line($l->{key}, $status{ $l->{status} }, $l->{list}, $l->{close},
			defined $l->{closed} ? day($l->{closed}, '%d.%m.%Y') : '',
			day($l->{listed}, '%d.%m.%Y'),
			"$l->{street} $l->{number}", $m->{city}, $l->{postal}, $l->{beds}, $l->{baths},
			sprintf('%.0f', $l->{area} * 0.092903), sprintf('%.0f', $l->{lot} * 0.092903),
			$l->{built}, $l->{garage}, $l->{lat}, $l->{lon}, $l->{grade});
	}
	write_file("$root/rheinau/objekte.csv", $text);
}

# --- photos: a small PNG of a house in the listing's own colours ------------------

sub png_chunk
{
	my ($type, $body) = @_;
	return pack('N', length $body) . $type . $body . pack('N', crc32($type . $body));
}

sub photo
{
	my ($l, $nth) = @_;
	my @colours = ([ 150 + $nth * 40, 200, 235 ], [ 90, 150, 80 ],
		[ 120 + 9 * $l->{grade}, 60 + 20 * ($l->{zone} % 8), 90 ],
		[ 110, 60 + $l->{number} % 60, 50 ], [ 250, 240, 190 ]);
	my ($width, $height) = (96, 64);
	my $wall = 20 + 4 * $l->{beds};    # half the width of the house, pixels
	my $rows = '';
	for my $y (0 .. $height - 1)
	{
		$rows .= "\0" . join '', map {
			my $x = abs($_ - $width / 2);
			chr(  $y >= 30 && $y < 52 && $x < $wall
				? ($y > 36 && $y < 44 && $x > 8 && $x < 16 ? 4 : 2)
				: $y >= 12 && $y < 30 && $x < ($y - 10) * ($wall + 4) / 20 ? 3
				: $y >= 48 ? 1 : 0)
		} 0 .. $width - 1;
	}
	return "\x89PNG\r\n\x1a\n"
	  . png_chunk('IHDR', pack('NNC5', $width, $height, 8, 3, 0, 0, 0))
	  . png_chunk('PLTE', join '', map { pack 'C3', map { $_ > 255 ? 255 : $_ } @$_ } @colours)
	  . png_chunk('tEXt', "Title\0$l->{key}-$nth")
	  . png_chunk('IDAT', compress($rows)) . png_chunk('IEND', '');
}

sub write_photos
{
	for my $l (@_)
	{
		write_file("$dir/photos/$l->{key}-$_.png", photo($l, $_)) for 0 .. ($l->{photos} // 0) - 1;
	}
}

# --- both days ------------------------------------------------------------------

my %listings = map { $_ => [ market_listings($_) ] } sort keys %market;

my @reso = map { reso_record($_) } @{ $listings{harbor} };
push @reso,    # two that cannot be applied, as in every real feed
  { %{ $reso[0] }, ListingKey => 'HA90001', ListPrice => 'call us',
	ModificationTimestamp => instant(0) },
  { %{ $reso[0] }, ListingKey => undef, ModificationTimestamp => instant(0) };
write_reso("$dir/day1", @reso);
write_prairie("$dir/day1", @{ $listings{prairie} });
write_rheinau("$dir/day1", @{ $listings{rheinau} });

my @changed = next_day('harbor', $listings{harbor});
next_day($_, $listings{$_}) for qw(prairie rheinau);
write_reso("$dir/day2", map { reso_record($_) } @changed);
write_prairie("$dir/day2", @{ $listings{prairie} });
write_rheinau("$dir/day2", @{ $listings{rheinau} });

write_photos(@{ $listings{harbor} });
symlink '../photos', "$dir/$_/photos" for qw(day1 day2);
