-- score: regression for anyone's tables, then training and valuing.

CREATE TYPE estate.gram;

CREATE FUNCTION estate.gram_in(cstring) RETURNS estate.gram
	AS 'MODULE_PATHNAME', 'estate_gram_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION estate.gram_out(estate.gram) RETURNS cstring
	AS 'MODULE_PATHNAME', 'estate_gram_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION estate.gram_recv(internal) RETURNS estate.gram
	AS 'MODULE_PATHNAME', 'estate_gram_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION estate.gram_send(estate.gram) RETURNS bytea
	AS 'MODULE_PATHNAME', 'estate_gram_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION estate.gram_in(cstring) IS 'Text input of estate.gram';
COMMENT ON FUNCTION estate.gram_out(estate.gram) IS 'Text output of estate.gram: JSON, digits exact';
COMMENT ON FUNCTION estate.gram_recv(internal) IS 'Binary input of estate.gram';
COMMENT ON FUNCTION estate.gram_send(estate.gram) IS 'Binary output of estate.gram';

CREATE TYPE estate.gram (
	INPUT = estate.gram_in,
	OUTPUT = estate.gram_out,
	RECEIVE = estate.gram_recv,
	SEND = estate.gram_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE estate.gram IS
'What least squares needs to know of a table: number of rows, means of x and y, and sums of products of the deviations from them';

CREATE FUNCTION estate.gram_add(state estate.gram, y double precision, x double precision[]) RETURNS estate.gram
	AS 'MODULE_PATHNAME', 'estate_gram_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION estate.gram_add(estate.gram, double precision, double precision[]) IS 'Transition function of estate.gram(y, x): the state with one more row';

CREATE FUNCTION estate.gram_combine(state estate.gram, other estate.gram) RETURNS estate.gram
	AS 'MODULE_PATHNAME', 'estate_gram_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION estate.gram_combine(estate.gram, estate.gram) IS 'The gram of the rows of both';

CREATE AGGREGATE estate.gram(y double precision, x double precision[]) (
	SFUNC = estate.gram_add,
	STYPE = estate.gram,
	SSPACE = 8192,
	COMBINEFUNC = estate.gram_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE estate.gram(double precision, double precision[]) IS
'Gram of a regression of y on the elements of x, for estate.ols() and estate.ridge(). Rows with NULL in y, in x or in an element of x are left out. No column of ones: the intercept is always there';

CREATE AGGREGATE estate.merge(part estate.gram) (
	SFUNC = estate.gram_combine,
	STYPE = estate.gram,
	SSPACE = 8192,
	COMBINEFUNC = estate.gram_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE estate.merge(estate.gram) IS 'Gram of all rows of all grams: of partitions, shards, or days kept in a table';

CREATE FUNCTION estate.ols(gram estate.gram,
	OUT n bigint, OUT p int, OUT coefficients double precision[], OUT standard_errors double precision[],
	OUT r2 double precision, OUT sigma double precision)
	AS 'MODULE_PATHNAME', 'estate_ols' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION estate.ols(estate.gram) IS
'Ordinary least squares: coefficients[1] is the intercept, coefficients[1 + i] that of x[i]; p counts the x. sigma and standard_errors are NULL when no degrees of freedom are left';

CREATE FUNCTION estate.ridge(gram estate.gram, lambda double precision,
	OUT n bigint, OUT p int, OUT coefficients double precision[], OUT standard_errors double precision[],
	OUT r2 double precision, OUT sigma double precision)
	AS 'MODULE_PATHNAME', 'estate_ridge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION estate.ridge(estate.gram, double precision) IS
'Ridge regression: minimises |y - a - Xb|^2 + lambda |b|^2 with x as it is given (scale it if its units differ); the intercept is not penalised. sigma counts the effective degrees of freedom';

GRANT EXECUTE ON FUNCTION
	estate.gram_in(cstring), estate.gram_out(estate.gram), estate.gram_recv(internal), estate.gram_send(estate.gram),
	estate.gram_add(estate.gram, double precision, double precision[]),
	estate.gram_combine(estate.gram, estate.gram),
	estate.gram(double precision, double precision[]),
	estate.merge(estate.gram),
	estate.ols(estate.gram),
	estate.ridge(estate.gram, double precision)
	TO estate_reader, estate_operator, estate_admin;
