-- Step 2, feed: runs that say they are running are looked up when workers start.

CREATE INDEX IF NOT EXISTS feed_run_running_idx ON estate.feed_run (feed_id)
	WHERE outcome = 'running';
COMMENT ON COLUMN estate.feed_run.outcome IS
'running, done, unmodified, failed, or interrupted (the server stopped, its job was cancelled or '
'put off; a later run goes on at its cursor)';
COMMENT ON COLUMN estate.feed_run.error IS 'Why the run failed, or was interrupted';

ALTER TABLE estate.feed_run ADD COLUMN IF NOT EXISTS fields_rejected bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN estate.feed_run.fields_rejected IS
'Fields of other records that could not be read: their columns are null, their texts in extra';

ALTER TABLE estate.feed_reject
	ADD COLUMN IF NOT EXISTS level varchar(6) NOT NULL DEFAULT 'record'
		CHECK (level IN ('record', 'field'));
COMMENT ON COLUMN estate.feed_reject.level IS
'record: it was not applied; field: it was, with this column null and the text in extra';
-- a record that stays bad is kept once, not at each run; so is a field of a listing
DROP INDEX IF EXISTS estate.feed_reject_open_idx;
CREATE UNIQUE INDEX IF NOT EXISTS feed_reject_record_idx
	ON estate.feed_reject (feed_id, hashtextextended(raw, 0), length(raw))
	WHERE resolved_at IS NULL AND level = 'record';
CREATE UNIQUE INDEX IF NOT EXISTS feed_reject_field_idx
	ON estate.feed_reject (feed_id, listing_key, field)
	WHERE resolved_at IS NULL AND level = 'field';
COMMENT ON TABLE estate.feed_reject IS
'Records that could not be applied, and fields of others that could not be read, with reason and '
'raw text; estate.replay_rejects() tries them again. Settled ones are deleted after 90 days';
COMMENT ON COLUMN estate.feed_reject.reason_code IS
'bad_key, bad_type, out_of_range, ambiguous, required_missing, bad_encoding, ragged_row, '
'malformed, too_large, or refused (by a constraint or a trigger of the tables)';
