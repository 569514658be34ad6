-- score: regression for anyone's tables, then training and valuing.

CREATE TYPE estate.gram;

CREATE FUNCTION estate_code.gram_in(cstring) RETURNS estate.gram
	AS 'MODULE_PATHNAME', 'estate_gram_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION estate_code.gram_out(estate.gram) RETURNS cstring
	AS 'MODULE_PATHNAME', 'estate_gram_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION estate_code.gram_recv(internal) RETURNS estate.gram
	AS 'MODULE_PATHNAME', 'estate_gram_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION estate_code.gram_send(estate.gram) RETURNS bytea
	AS 'MODULE_PATHNAME', 'estate_gram_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION estate_code.gram_in(cstring) IS 'Text input of estate.gram';
COMMENT ON FUNCTION estate_code.gram_out(estate.gram) IS
'Text output of estate.gram: JSON, digits exact';
COMMENT ON FUNCTION estate_code.gram_recv(internal) IS 'Binary input of estate.gram';
COMMENT ON FUNCTION estate_code.gram_send(estate.gram) IS 'Binary output of estate.gram';

CREATE TYPE estate.gram (
	INPUT = estate_code.gram_in,
	OUTPUT = estate_code.gram_out,
	RECEIVE = estate_code.gram_recv,
	SEND = estate_code.gram_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE estate.gram IS
'What least squares needs to know of a table: number of rows, means of x and y, '
'and sums of products of the deviations from them';

CREATE FUNCTION estate_code.gram_add(state estate.gram, y double precision, x double precision[])
		RETURNS estate.gram
	AS 'MODULE_PATHNAME', 'estate_gram_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION estate_code.gram_add(estate.gram, double precision, double precision[]) IS
'Transition function of estate.gram(y, x): the state with one more row';

CREATE FUNCTION estate_code.gram_combine(state estate.gram, other estate.gram) RETURNS estate.gram
	AS 'MODULE_PATHNAME', 'estate_gram_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION estate_code.gram_combine(estate.gram, estate.gram) IS
'The gram of the rows of both';

CREATE AGGREGATE estate.gram(y double precision, x double precision[]) (
	SFUNC = estate_code.gram_add,
	STYPE = estate.gram,
	SSPACE = 8192,
	COMBINEFUNC = estate_code.gram_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE estate.gram(double precision, double precision[]) IS
'Gram of a regression of y on the elements of x, for estate.ols() and estate.ridge(). '
'Rows with NULL in y, in x or in an element of x are left out. No column of ones: '
'the intercept is always there';

CREATE AGGREGATE estate.merge(part estate.gram) (
	SFUNC = estate_code.gram_combine,
	STYPE = estate.gram,
	SSPACE = 8192,
	COMBINEFUNC = estate_code.gram_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE estate.merge(estate.gram) IS
'Gram of all rows of all grams: of partitions, shards, or days kept in a table';

CREATE FUNCTION estate.ols(gram estate.gram,
	OUT n bigint, OUT p int, OUT coefficients double precision[],
	OUT standard_errors double precision[], OUT r2 double precision, OUT sigma double precision)
	AS 'MODULE_PATHNAME', 'estate_ols' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION estate.ols(estate.gram) IS
'Ordinary least squares: coefficients[1] is the intercept, coefficients[1 + i] that of x[i]; '
'p counts the x. sigma and standard_errors are NULL when no degrees of freedom are left';

CREATE FUNCTION estate.ridge(gram estate.gram, lambda double precision,
	OUT n bigint, OUT p int, OUT coefficients double precision[],
	OUT standard_errors double precision[], OUT r2 double precision, OUT sigma double precision)
	AS 'MODULE_PATHNAME', 'estate_ridge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION estate.ridge(estate.gram, double precision) IS
'Ridge regression: minimises |y - a - Xb|^2 + lambda |b|^2 with x as it is given (scale it if its '
'units differ); the intercept is not penalised. sigma counts the effective degrees of freedom';

GRANT EXECUTE ON FUNCTION
	estate_code.gram_in(cstring), estate_code.gram_out(estate.gram),
		estate_code.gram_recv(internal), estate_code.gram_send(estate.gram),
	estate_code.gram_add(estate.gram, double precision, double precision[]),
	estate_code.gram_combine(estate.gram, estate.gram),
	estate.gram(double precision, double precision[]),
	estate.merge(estate.gram),
	estate.ols(estate.gram),
	estate.ridge(estate.gram, double precision)
	TO estate_reader, estate_operator, estate_admin;

CREATE FUNCTION estate_code.ratio_add(state double precision[], estimate double precision,
		price double precision)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'estate_ratio_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION estate_code.ratio_add(double precision[], double precision, double precision) IS
'Transition function of estate.ratio_study(estimate, price): the state with one more pair';

CREATE TYPE estate.ratio_statistics AS (
	n					bigint,
	median_ratio		double precision,
	mean_ratio			double precision,
	weighted_mean_ratio	double precision,
	cod					double precision,
	prd					double precision,
	prb					double precision
);
COMMENT ON TYPE estate.ratio_statistics IS
'Result of estate.ratio_study(), by IAAO''s Standard on Ratio Studies';
COMMENT ON COLUMN estate.ratio_statistics.n IS 'Number of pairs of estimate and price';
COMMENT ON COLUMN estate.ratio_statistics.median_ratio IS
'Median of estimate / price: the level, 1 is exact';
COMMENT ON COLUMN estate.ratio_statistics.mean_ratio IS 'Mean of estimate / price';
COMMENT ON COLUMN estate.ratio_statistics.weighted_mean_ratio IS 'Sum of estimates / sum of prices';
COMMENT ON COLUMN estate.ratio_statistics.cod IS
'Coefficient of dispersion: mean distance of ratios from their median, in percent of it';
COMMENT ON COLUMN estate.ratio_statistics.prd IS
'Price-related differential: mean ratio / weighted mean ratio; above 1.03 dear homes are valued '
'low';
COMMENT ON COLUMN estate.ratio_statistics.prb IS
'Price-related bias: change of the ratio, relative to the median, when the value doubles';

CREATE FUNCTION estate_code.ratio_finish(state double precision[]) RETURNS estate.ratio_statistics
	AS 'MODULE_PATHNAME', 'estate_ratio_study' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION estate_code.ratio_finish(double precision[]) IS
'Final function of estate.ratio_study(estimate, price)';

CREATE AGGREGATE estate.ratio_study(estimate double precision, price double precision) (
	SFUNC = estate_code.ratio_add,
	STYPE = double precision[],
	COMBINEFUNC = pg_catalog.array_cat,
	FINALFUNC = estate_code.ratio_finish,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE estate.ratio_study(double precision, double precision) IS
'How well estimates meet prices: SELECT (estate.ratio_study(estimate, price)).*. '
'Pairs with NULL are left out';

CREATE FUNCTION estate.train(market text DEFAULT NULL, as_of date DEFAULT NULL)
	RETURNS TABLE (market text, segment text, version int, sales int, features int,
		mdape double precision, r2_log double precision, seconds double precision)
	AS 'MODULE_PATHNAME', 'estate_train' LANGUAGE C SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION estate.train(text, date) IS
'Fits a model for each segment with at least 30 sales closed before as_of (NULL: up to today), '
'of one market or all, and makes it the active one; mdape (percent) and r2_log are leave-one-out';

CREATE FUNCTION estate.score(market text DEFAULT NULL)
	RETURNS TABLE (market text, segment text, version int, listings bigint, written bigint,
		seconds double precision)
	AS 'MODULE_PATHNAME', 'estate_score' LANGUAGE C SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION estate.score(text) IS
'Values every visible listing by the active model of its segment; '
'writes only estimates that change. version is NULL where a segment has no model';

CREATE FUNCTION estate.backtest(market text, date_from date, date_to date DEFAULT NULL,
		step interval DEFAULT NULL,
	OUT n bigint, OUT mdape double precision, OUT mape double precision,
	OUT ppe10 double precision, OUT ppe20 double precision, OUT r2_log double precision,
	OUT cod double precision, OUT prd double precision, OUT prb double precision,
	OUT coverage_80 double precision, OUT coverage_90 double precision)
	AS 'MODULE_PATHNAME', 'estate_backtest' LANGUAGE C STABLE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION estate.backtest(text, date, date, interval) IS
'How good valuation would have been: at each origin (date_from, then every step; NULL: '
'once) trains on sales closed before it and values those that close until the next, '
'before date_to (NULL: to the last sale). All in percent but r2_log, prd and prb';

CREATE FUNCTION estate.value_property(subject jsonb, market text DEFAULT NULL,
	OUT market text, OUT segment text, OUT model_version int, OUT estimate numeric,
	OUT low_80 numeric, OUT high_80 numeric, OUT low_90 numeric, OUT high_90 numeric,
	OUT fsd numeric, OUT confidence text)
	AS 'MODULE_PATHNAME', 'estate_value_property' LANGUAGE C STABLE
		SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION estate.value_property(jsonb, text) IS
'Value today of a home that need not be listed. Keys of subject are columns of estate.listing, '
'others are fields of extra; property_type says the segment. market may be NULL when only one has '
'a model for it';

CREATE FUNCTION estate.train_job(args jsonb) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	PERFORM estate.train(args ->> 'market', (args ->> 'as_of')::date);
END
$$;
COMMENT ON FUNCTION estate.train_job(jsonb) IS
'Internal, built-in handler train: estate.train() with {"market": .., "as_of": ..}, both optional';

CREATE FUNCTION estate.score_job(args jsonb) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	PERFORM estate.score(args ->> 'market');
END
$$;
COMMENT ON FUNCTION estate.score_job(jsonb) IS
'Internal, built-in handler score: estate.score() with {"market": ..}, optional';

GRANT EXECUTE ON FUNCTION
	estate_code.ratio_add(double precision[], double precision, double precision),
	estate_code.ratio_finish(double precision[]),
	estate.ratio_study(double precision, double precision),
	estate.backtest(text, date, date, interval),
	estate.value_property(jsonb, text)
	TO estate_reader, estate_operator, estate_admin;
GRANT EXECUTE ON FUNCTION
	estate.train(text, date), estate.score(text), estate.train_job(jsonb), estate.score_job(jsonb)
	TO estate_operator, estate_admin;
