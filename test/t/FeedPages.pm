# FeedPages - the two pages and the delta of test/feeds as a source, and what must come of them
package FeedPages;

use strict;
use warnings;

use EstateNode;
use Exporter 'import';
use File::Copy qw(copy);
use PostgreSQL::Test::Utils;
use ScriptedHttp;
use Test::More;

our @EXPORT = qw(pages_server serve feed_url state_of state_is state_same);

our $PATH = '/odata/Property?$filter=MlgCanView%20eq%20true&$expand=Media';

# a server of the three pages; the filter of the delta's request tells it from the first page's
sub pages_server
{
	my $dir = PostgreSQL::Test::Utils::tempdir();
	copy("test/feeds/$_.json", "$dir/$_.json") or die "$_: $!" for qw(reso_page1 reso_page2 reso_delta);
	my $server = ScriptedHttp->new(docroot => $dir, origin => 'http://feed.test');
	serve($server);
	return $server;
}

# how each page is answered from now on: serve($server, page2 => '/-hang')
sub serve
{
	my ($server, %how) = @_;
	my $all = $how{all} // '';
	$server->put('routes.json', JSON::PP::encode_json([
		[ 'ModificationTimestamp', ($how{delta} // '') . "$all/reso_delta.json" ],
		[ 'skiptoken', ($how{page2} // '') . "$all/reso_page2.json" ],
		[ '^/odata/', ($how{page1} // '') . "$all/reso_page1.json" ] ]));
	return;
}

sub feed_url { my ($server) = @_; return $server->url($PATH) }

# all that a feed has brought, without keys and times of this installation
sub state_of
{
	my ($node, $market) = @_;
	my $listings = "estate.listing l JOIN estate.market m USING (market_id)";
	my $of = "WHERE m.name = '$market'";
	my $columns = q{- ARRAY['market_id', 'id', 'feed_id', 'source_system', 'property', 'run_id', 'changed_at', 'first_seen_at', 'removed_at']};
	return query($node, <<"SQL");
		SELECT 'listing', l.listing_key, l.removed_at IS NOT NULL, md5((to_jsonb(l) $columns)::text) FROM $listings $of ORDER BY 2;
		SELECT 'media', l.listing_key, media_key, regexp_replace(media_url, '^.*(?=/media)', ''), media_order, preferred_photo_yn, media_modification_timestamp
			FROM $listings JOIN estate.media d ON (d.market_id, d.listing) = (l.market_id, l.id) $of ORDER BY 2, 3;
		SELECT 'change', l.listing_key, field, CASE WHEN field <> 'removed_at' THEN old_value END, CASE WHEN field <> 'removed_at' THEN new_value END
			FROM $listings JOIN estate.listing_change c ON (c.market_id, c.listing) = (l.market_id, l.id) $of ORDER BY 2, 3, c.id;
		SELECT 'reject', r.listing_key, r.field, reason_code, md5(regexp_replace(raw, '127.0.0.1:[0-9]+', 'feed.test', 'g'))
			FROM estate.feed_reject r JOIN estate.feed f USING (feed_id) JOIN estate.market m USING (market_id) $of ORDER BY r.field;
		SELECT 'homes', count(*) FROM estate.property p JOIN estate.market m USING (market_id) $of;
		SELECT 'sale', l.listing_key, s.close_date, s.price FROM estate.sale s
			JOIN estate.listing l ON (l.market_id, l.id) = (s.market_id, s.listing) JOIN estate.market m ON m.market_id = s.market_id $of;
SQL
}

# compares with what state_of() said of another feed; tells only the lines that differ
sub state_same
{
	my ($node, $market, $expected, $name) = @_;
	my @ours = split /\n/, state_of($node, $market);
	my @theirs = split /\n/, $expected;
	my (%ours, %theirs);
	$ours{$_}++ for @ours;
	$theirs{$_}++ for @theirs;
	my $same = ok("@ours" eq "@theirs", $name);
	diag map { "here only: $_\n" } grep { !$theirs{$_} } @ours unless $same;
	diag map { "there only: $_\n" } grep { !$ours{$_} } @theirs unless $same;
	return $same;
}

# after both pages and the delta: what test/feeds says of itself
sub state_is
{
	my ($node, $market, $name) = @_;
	return subtest $name => sub {
		my $of = "market_id = (SELECT market_id FROM estate.market WHERE name = '$market')";
		my $feed = "feed_id IN (SELECT feed_id FROM estate.feed WHERE $of)";
		is(query($node, "SELECT count(*) FROM estate.listing WHERE $of"), '15', 'fifteen listings are known');
		is(query($node, "SELECT count(*) FROM estate.listing_visible WHERE $of"), '14', 'fourteen are visible');
		is(query($node, "SELECT listing_key, removed_reason, removed_at IS NOT NULL, list_price FROM estate.listing WHERE $of AND removed_reason IS NOT NULL"),
			'TST000007|permission|t|437500.00', 'one is withdrawn, and keeps what was known of it');
		is(query($node, "SELECT coalesce(listing_key, 'none'), field, reason_code FROM estate.feed_reject WHERE $feed AND resolved_at IS NULL ORDER BY reject_id"),
			"TST000016|list_price|bad_type\nTST000017|bedrooms_total|out_of_range\nnone|listing_key|bad_key", 'three are quarantined');
		is(query($node, "SELECT raw::json ->> 'ListingId', raw::json ->> 'ListPrice', raw::json ->> 'BedroomsTotal' FROM estate.feed_reject WHERE $feed ORDER BY reject_id"),
			"TST700016|n/a|2\nTST700017|562500|99999999999\nTST700018|575000|4", 'with their whole text');
		is(query($node, "SELECT listing_key, field, old_value, new_value FROM estate.listing_change c JOIN estate.listing l ON (l.market_id, l.id) = (c.market_id, c.listing) WHERE c.$of AND field <> 'removed_at' ORDER BY 1, 2"),
			"TST000003|list_price|387500.00|377500.00\nTST000005|close_date||2026-03-01\nTST000005|close_price||405000.00\n"
			  . "TST000005|standard_status|Active|Closed\nTST000006|standard_status|Active|Active Under Contract",
			'one price cut, one sale, one change of status');
		is(query($node, "SELECT count(*) FROM estate.listing_change WHERE $of AND field = 'removed_at'"), '1', 'and one withdrawal');
		is(query($node, "SELECT list_price, previous_list_price FROM estate.listing WHERE $of AND listing_key = 'TST000003'"),
			'377500.00|387500.00', 'the price is the new one');
		is(query($node, "SELECT listing_key, s.close_date, price FROM estate.sale s JOIN estate.listing l ON l.id = s.listing AND l.market_id = s.market_id WHERE s.$of"),
			'TST000005|2026-03-01|405000.00', 'the closed listing is a sale');
		is(query($node, "SELECT modification_timestamp = '2026-03-02 14:34:00Z' FROM estate.listing WHERE $of AND listing_key = 'TST000015'"),
			't', 'an offset counts');
		is(query($node, "SELECT count(*), count(DISTINCT listing), min(c), max(c) FROM (SELECT listing, count(*) OVER (PARTITION BY listing) AS c FROM estate.media WHERE $of) m"),
			'30|15|2|2', 'each has its two photos');
		is(query($node, "SELECT public_remarks = U&'Fictional listing \\2014 caf\\00E9-style kitchen, \\201Cquotes\\201D, and a line' || chr(10) || 'break.' FROM estate.listing WHERE $of AND listing_key = 'TST000001'"),
			't', 'text is text');
		is(query($node, "SELECT extra ->> 'TST_LocalField', appliances FROM estate.listing WHERE $of AND listing_key = 'TST000001'"),
			'local-1|{Dishwasher,Range}', 'local fields and lists are kept');
	};
}

1;
