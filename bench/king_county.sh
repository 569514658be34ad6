#!/bin/sh
# What the models make of real sales: King County, 2014-05 to 2015-05.
#
#   ESTATE_KING_COUNTY=kc_house_data.csv[.gz] bench/king_county.sh
#
# In a scratch database of the server that psql connects to (pg_estate is installed there): loads
# the file, trains, scores, tests forward in time from 2015-03-01, and compares estate.ols() with
# numpy where that is installed.  Fails when the median error is 13 % or more, or a
# coefficient differs by more than 1e-9.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
csv=${ESTATE_KING_COUNTY:-}
if [ -z "$csv" ] || [ ! -r "$csv" ]; then
	echo "skipped: ESTATE_KING_COUNTY does not name a readable kc_house_data.csv" >&2
	exit 0
fi
read_csv()
{
	case $csv in *.gz) gzip -dc "$csv" ;; *) cat "$csv" ;; esac
}

database=king_county_$$
psql="psql -X -q -v ON_ERROR_STOP=1"
createdb "$database"
trap 'dropdb --if-exists "$database"' EXIT
$psql -d "$database" -c "SET client_min_messages = error" -c 'CREATE EXTENSION pg_estate' \
	-c 'SELECT FROM estate.setup()' > /dev/null
read_csv | $psql -d "$database" -f "$here/king_county.sql"
$psql -d "$database" -c "SELECT * FROM estate.train('king')" \
	-c "SELECT * FROM estate.score('king')" \
	-c "SELECT * FROM estate.score('king')" \
	-c "SELECT * FROM estate.backtest('king', '2015-03-01')" \
	-c "SELECT * FROM estate.backtest('king', '2015-03-01', step => '1 month')"
met=$($psql -d "$database" -At -c "SELECT mdape < 13 FROM estate.backtest('king', '2015-03-01')")
[ "$met" = t ]

python=/usr/bin/python3
if ! $python -c 'import numpy' 2>/dev/null; then
	echo "skipped: comparison with numpy (Debian: python3-numpy)" >&2
	exit 0
fi
# all numeric columns but the sum of two others
columns=bedrooms,bathrooms,sqft_living,sqft_lot,floors,waterfront,view,condition,grade
columns=$columns,sqft_above,yr_built,yr_renovated,zipcode,lat,long,sqft_living15,sqft_lot15
$psql -d "$database" -c "CREATE TABLE house (id text, date text, price float8,
	bedrooms float8, bathrooms float8, sqft_living float8, sqft_lot float8, floors float8,
	waterfront float8, view float8, condition float8, grade float8, sqft_above float8,
	sqft_basement float8, yr_built float8, yr_renovated float8, zipcode float8, lat float8,
	long float8, sqft_living15 float8, sqft_lot15 float8)"
read_csv | $psql -d "$database" -c '\copy house FROM PSTDIN CSV HEADER'
ours=$($psql -d "$database" -At -c "
	SELECT array_to_json(coefficients), array_to_json(standard_errors), r2
	FROM estate.ols((SELECT estate.gram(price, ARRAY[$columns]) FROM house))")
read_csv | OURS="$ours" COLUMNS_OF_X="$columns" $python "$here/king_county_numpy.py"
