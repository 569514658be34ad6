-- Step 1, score: how a segment is valued, and the value of each listing. Model state is text: no column has an extension type.

CREATE TABLE estate.model (
	market_id	int NOT NULL REFERENCES estate.market,
	segment		varchar(50) NOT NULL,
	version		int NOT NULL,
	active		bool NOT NULL,
	trained_at	timestamptz NOT NULL,
	as_of		date NOT NULL,
	sales		int NOT NULL,
	features	int NOT NULL,
	r2_log		double precision,
	mdape		double precision,
	seconds		double precision NOT NULL,
	definition	text NOT NULL,
	PRIMARY KEY (market_id, segment, version)
);
CREATE UNIQUE INDEX model_active_idx ON estate.model (market_id, segment) WHERE active;
COMMENT ON TABLE estate.model IS 'How a segment of a market is valued; one version of each segment is active';
COMMENT ON COLUMN estate.model.market_id IS 'Market that the model values';
COMMENT ON COLUMN estate.model.segment IS 'Sale or lease x property class, as estate.segment() says it';
COMMENT ON COLUMN estate.model.version IS 'Counts up within the segment';
COMMENT ON COLUMN estate.model.active IS 'Whether score() uses this version';
COMMENT ON COLUMN estate.model.trained_at IS 'When it was trained';
COMMENT ON COLUMN estate.model.as_of IS 'It knows sales closed before this day';
COMMENT ON COLUMN estate.model.sales IS 'Number of sales it was trained on';
COMMENT ON COLUMN estate.model.features IS 'Number of columns of its design';
COMMENT ON COLUMN estate.model.r2_log IS 'R2 of log price on its own sales, leave-one-out; NULL: all prices are the same';
COMMENT ON COLUMN estate.model.mdape IS 'Median absolute percentage error on its own sales, leave-one-out, in percent';
COMMENT ON COLUMN estate.model.seconds IS 'How long training took';
COMMENT ON COLUMN estate.model.definition IS 'The model itself as text: features and coefficients';

CREATE TABLE estate.estimate (
	market_id		int NOT NULL,
	listing			bigint NOT NULL,
	model_version	int NOT NULL,
	scored_at		timestamptz NOT NULL,
	estimate		numeric(14,2) NOT NULL,
	low_80			numeric(14,2) NOT NULL,
	high_80			numeric(14,2) NOT NULL,
	low_90			numeric(14,2) NOT NULL,
	high_90			numeric(14,2) NOT NULL,
	fsd				numeric(6,4) NOT NULL,
	confidence		varchar(1) NOT NULL,
	PRIMARY KEY (market_id, listing),
	FOREIGN KEY (market_id, listing) REFERENCES estate.listing (market_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE estate.estimate IS 'The value of one listing with its interval, by the active model';
COMMENT ON COLUMN estate.estimate.market_id IS 'Market of the listing';
COMMENT ON COLUMN estate.estimate.listing IS 'The listing valued';
COMMENT ON COLUMN estate.estimate.model_version IS 'Version of the model of the listing''s segment';
COMMENT ON COLUMN estate.estimate.scored_at IS 'When it was valued';
COMMENT ON COLUMN estate.estimate.estimate IS 'Estimated price in the market''s currency';
COMMENT ON COLUMN estate.estimate.low_80 IS 'Lower end of the 80 percent interval';
COMMENT ON COLUMN estate.estimate.high_80 IS 'Upper end of the 80 percent interval';
COMMENT ON COLUMN estate.estimate.low_90 IS 'Lower end of the 90 percent interval';
COMMENT ON COLUMN estate.estimate.high_90 IS 'Upper end of the 90 percent interval';
COMMENT ON COLUMN estate.estimate.fsd IS 'Forecast standard deviation: 68 percent of errors are within this fraction of the price';
COMMENT ON COLUMN estate.estimate.confidence IS 'Grade of the fsd: A up to 0.10, B up to 0.15, C up to 0.20, D up to 0.30, E above';
