-- Regression on anyone's tables: estate.gram(), merge(), ols(), ridge()
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_estate;
RESET client_min_messages;

-- NIST StRD "Longley": known for its nearly dependent columns. Values are certified.
CREATE TEMP TABLE longley (y float8, x float8[]);
INSERT INTO longley VALUES
(60323, '{83.0,234289,2356,1590,107608,1947}'), (61122, '{88.5,259426,2325,1456,108632,1948}'),
(60171, '{88.2,258054,3682,1616,109773,1949}'), (61187, '{89.5,284599,3351,1650,110929,1950}'),
(63221, '{96.2,328975,2099,3099,112075,1951}'), (63639, '{98.1,346999,1932,3594,113270,1952}'),
(64989, '{99.0,365385,1870,3547,115094,1953}'), (63761, '{100.0,363112,3578,3350,116219,1954}'),
(66019, '{101.2,397469,2904,3048,117388,1955}'), (67857, '{104.6,419180,2822,2857,118734,1956}'),
(68169, '{108.4,442769,2936,2798,120445,1957}'), (66513, '{110.8,444546,4681,2637,121950,1958}'),
(68655, '{112.6,482704,3813,2552,123366,1959}'), (69564, '{114.2,502601,3931,2514,125368,1960}'),
(69331, '{115.7,518173,4806,2572,127852,1961}'), (70551, '{116.9,554894,4007,2827,130081,1962}');

SELECT n, p, abs(r2 / 0.995479004577296 - 1) < 1e-12 AS r2, abs(sigma / 304.854073561965 - 1) < 1e-9 AS sigma
FROM estate.ols((SELECT estate.gram(y, x) FROM longley));
SELECT i, abs(b / certified_b - 1) < 1e-9 AS coefficient, abs(e / certified_e - 1) < 1e-9 AS standard_error
FROM estate.ols((SELECT estate.gram(y, x) FROM longley)),
	unnest(coefficients, standard_errors,
		ARRAY[-3482258.63459582, 15.0618722713733, -0.358191792925910E-01, -2.02022980381683, -1.03322686717359, -0.511041056535807E-01, 1829.15146461355],
		ARRAY[890420.383607373, 84.9149257747669, 0.334910077722432E-01, 0.488399681651699, 0.214274163161675, 0.226073200069370, 455.478499142212])
	WITH ORDINALITY AS u(b, e, certified_b, certified_e, i);

-- text gives the same bits again, whatever the block sizes inside
CREATE TEMP TABLE points AS
SELECT i, (i * 7919 % 1009) / 7.0 AS y, ARRAY[(i * 104729 % 1013) / 3.0, 1e6 + i % 17, (i % 2)::float8] AS x
FROM generate_series(1, 3000) i;
CREATE TEMP TABLE kept AS SELECT i % 7 AS part, estate.gram(y, x) FROM points GROUP BY 1;
SELECT count(*), bool_and(gram::text::estate.gram::text = gram::text) AS text_is_exact FROM kept;
SELECT '{"n": 3, "mean": [1.5, 10], "products": [0.5, 2, 8]}'::estate.gram;

-- parts merge to the whole
SELECT whole.n, max(abs(a / b - 1)) < 1e-9 AS merged_is_whole
FROM estate.ols((SELECT estate.gram(y, x) FROM points)) whole,
	estate.ols((SELECT estate.merge(gram) FROM kept)) parts,
	unnest(whole.coefficients, parts.coefficients) u(a, b)
GROUP BY 1;

-- parallel workers do a part each
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
CREATE TABLE many_points AS SELECT * FROM points;
ALTER TABLE many_points SET (parallel_workers = 2);
ANALYZE many_points;
EXPLAIN (COSTS OFF) SELECT estate.gram(y, x) FROM many_points;
SELECT serial.n, max(abs(a / b - 1)) < 1e-9 AS parallel_is_serial
FROM estate.ols((SELECT estate.gram(y, x) FROM points)) serial,
	estate.ols((SELECT estate.gram(y, x) FROM many_points)) parallel,
	unnest(serial.coefficients, parallel.coefficients) u(a, b)
GROUP BY 1;
DROP TABLE many_points;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- ridge: b = Sxy / (Sxx + lambda), the intercept goes through the means
SELECT round(coefficients[1]::numeric, 9) AS intercept, round(coefficients[2]::numeric, 9) AS slope, round(r2::numeric, 6) AS r2
FROM estate.ridge((SELECT estate.gram(y, ARRAY[x]) FROM (VALUES (1::float8, 1::float8), (2, 2), (6, 3)) v(y, x)), 3);
SELECT round(max(abs(a - b))::numeric, 6) AS ols_is_the_limit
FROM estate.ols((SELECT estate.gram(y, x) FROM points)) o, estate.ridge((SELECT estate.gram(y, x) FROM points), 1e-9) r,
	unnest(o.coefficients, r.coefficients) u(a, b);

-- running totals do not disturb each other
SELECT i, (estate.ols(g)).n FROM (SELECT i, estate.gram(y, x) OVER (ORDER BY i) AS g FROM points WHERE i <= 9) s WHERE i > 5 ORDER BY i;

-- rows with NULL anywhere are left out; no rows make no gram
SELECT n FROM estate.ols((SELECT estate.gram(y, x) FROM (
	SELECT y, x FROM longley UNION ALL VALUES (NULL, '{1,2,3,4,5,6}'::float8[]), (1, NULL), (1, '{1,2,NULL,4,5,6}')) v));
SELECT estate.gram(y, x) IS NULL AS none, (estate.ols(estate.gram(y, x))).n FROM longley WHERE false;
SELECT sigma IS NULL AS no_sigma, standard_errors IS NULL AS no_errors, r2
FROM estate.ols((SELECT estate.gram(i * i, ARRAY[i]) FROM generate_series(1, 2) i));

-- what cannot be
SELECT estate.gram(y, x) FROM (VALUES (1::float8, '{1,2}'::float8[]), (2, '{1}')) v(y, x);
SELECT estate.gram(1, '{}');
SELECT estate.gram(1, '{{1,2},{3,4}}');
SELECT estate.gram('NaN', '{1}');
SELECT estate.gram(1, '{Infinity}');
SELECT estate.gram(y, ARRAY[y]) FROM (VALUES (1e200::float8), (-1e200)) v(y);
SELECT estate.gram(1, array_fill(1::float8, ARRAY[2000]));
SELECT estate.ols(estate.gram(i, ARRAY[i, i % 3, 2 * i + i % 3])) FROM generate_series(1, 50) i;
SELECT estate.ols(estate.gram(i, ARRAY[i, 0.1])) FROM generate_series(1, 50) i;
SELECT estate.ols(estate.gram(i, ARRAY[i, i * i])) FROM generate_series(1, 2) i;
SELECT estate.ridge(estate.gram(i, ARRAY[i, i * i]), 0) FROM generate_series(1, 9) i;
SELECT estate.ridge(estate.gram(i, ARRAY[i, i * i]), 'NaN') FROM generate_series(1, 9) i;
SELECT estate.merge(g) FROM (SELECT estate.gram(1, '{1}') UNION ALL SELECT estate.gram(1, '{1,2}')) v(g);
SELECT estate.merge(g) FROM (VALUES ('{"n": 9223372036854775806, "mean": [1, 2], "products": [1, 2, 8]}'::estate.gram),
	('{"n": 2, "mean": [1, 2], "products": [1, 2, 8]}')) v(g);
SELECT 'whatever'::estate.gram;
SELECT '{"n": 3, "mean": [1, 2], "products": [1, 2]}'::estate.gram;
SELECT '{"n": 3, "mean": [1, 2], "products": [-1, 2, 3]}'::estate.gram;
SELECT '{"n": 3, "mean": [1, 2], "products": [1, nan, 3]}'::estate.gram;
-- dependent columns do not stop ridge
SELECT n, p, round(r2::numeric, 6) AS r2
FROM estate.ridge((SELECT estate.gram(i, ARRAY[i, i % 3, 2 * i + i % 3, 0.1]) FROM generate_series(1, 50) i), 0.001);
