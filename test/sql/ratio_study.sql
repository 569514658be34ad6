-- estate.ratio_study(): statistics of IAAO's Standard on Ratio Studies
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_estate;
RESET client_min_messages;

-- by hand: ratios .8, 1, 1.1, 1.2 of prices 100, 200, 300, 400
CREATE TEMP TABLE study (grp text, estimate float8, price numeric);
INSERT INTO study VALUES ('a', 80, 100), ('a', 200, 200), ('a', 330, 300), ('a', 480, 400), ('b', 95, 100), ('b', NULL, 50), ('b', 105, NULL);
SELECT grp, (r).n, round((r).median_ratio::numeric, 6) AS median, round((r).mean_ratio::numeric, 6) AS mean,
	round((r).weighted_mean_ratio::numeric, 6) AS weighted, round((r).cod::numeric, 6) AS cod,
	round((r).prd::numeric, 6) AS prd, round((r).prb::numeric, 6) AS prb
FROM (SELECT grp, estate.ratio_study(estimate, price) AS r FROM study GROUP BY grp) s ORDER BY grp;
-- the same by SQL: PRB is a regression on the log to base 2 of value
WITH m AS (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY estimate / price::float8) AS median FROM study WHERE grp = 'a')
SELECT abs(regr_slope((estimate / price::float8 - median) / median, ln((price::float8 + estimate / median) / 2) / ln(2))
	- (SELECT (estate.ratio_study(estimate, price)).prb FROM study WHERE grp = 'a')) < 1e-12 AS prb_agrees
FROM study, m WHERE grp = 'a';
SELECT (estate.ratio_study(estimate, price)).* FROM study WHERE false;

-- parallel workers
CREATE TABLE many_ratios AS SELECT 90.0 + i % 21 AS estimate, 100.0 AS price FROM generate_series(1, 2100) i;
ALTER TABLE many_ratios SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT estate.ratio_study(estimate, price) FROM many_ratios;
SELECT (r).n, (r).median_ratio, round((r).cod::numeric, 6) AS cod FROM (SELECT estate.ratio_study(estimate, price) AS r FROM many_ratios) s;
DROP TABLE many_ratios;

SELECT estate.ratio_study(1, 0);
SELECT estate.ratio_study('Infinity', 1);
