-- Step 2, feed: runs that say they are running are looked up when workers start.

CREATE INDEX IF NOT EXISTS feed_run_running_idx ON estate.feed_run (feed_id) WHERE outcome = 'running';
COMMENT ON COLUMN estate.feed_run.outcome IS 'running, done, unmodified, failed, or interrupted (the server stopped, its job was cancelled or put off; a later run goes on at its cursor)';
COMMENT ON COLUMN estate.feed_run.error IS 'Why the run failed, or was interrupted';
