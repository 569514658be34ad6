-- feed: how each feed is doing

CREATE OR REPLACE VIEW estate.feed_status AS
SELECT f.feed_id, f.name, m.name AS market, f.preset,
	(CASE WHEN f.paused THEN 'paused'
		-- who runs it holds a lock (see src/job/run.c); after a crash the run still says running
		WHEN r.outcome = 'running' AND EXISTS (SELECT FROM pg_locks
			WHERE locktype = 'advisory' AND objsubid = 1018 AND classid = 0
				AND objid = f.feed_id::oid
				AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
			THEN 'running'
		WHEN c.failures > 0 AND f.every IS NOT NULL THEN 'backoff'
		WHEN c.failures > 0 THEN 'failed'
		WHEN w.waiting THEN 'waiting'
		ELSE 'idle' END)::varchar(10) AS state,
	r.run_id, r.started_at, r.ended_at, r.outcome, r.seen, r.inserted, r.updated, r.unchanged,
	r.deleted, r.rejected,
	(SELECT count(*) FROM estate.feed_reject j
		WHERE j.feed_id = f.feed_id AND j.resolved_at IS NULL AND j.level = 'record')
		AS open_rejects,
	c.failures, c.last_error, w.next_run_at, r.fields_rejected,
	(SELECT count(*) FROM estate.feed_reject j
		WHERE j.feed_id = f.feed_id AND j.resolved_at IS NULL AND j.level = 'field')
		AS open_field_rejects
FROM estate.feed f
JOIN estate.market m ON m.market_id = f.market_id
JOIN estate_internal.feed_cursor c ON c.feed_id = f.feed_id
LEFT JOIN LATERAL (SELECT * FROM estate.feed_run
	WHERE feed_run.feed_id = f.feed_id
	ORDER BY feed_run.run_id DESC LIMIT 1) r ON true
LEFT JOIN LATERAL (SELECT o.run_at AS next_run_at, o.run_at <= clock_timestamp() AS waiting
	FROM estate_internal.job_unique u JOIN estate_internal.job_open o ON o.id = u.job
	WHERE u.unique_key = 'feed:' || f.feed_id ORDER BY o.run_at LIMIT 1) w ON true;
COMMENT ON VIEW estate.feed_status IS
'Feeds: what each is doing, how its last run went, when the next one is';
COMMENT ON COLUMN estate.feed_status.feed_id IS 'Key of the feed';
COMMENT ON COLUMN estate.feed_status.name IS 'Name of the feed';
COMMENT ON COLUMN estate.feed_status.market IS 'Name of its market';
COMMENT ON COLUMN estate.feed_status.preset IS 'How its records are read';
COMMENT ON COLUMN estate.feed_status.state IS
'idle, running, waiting (a run is due), backoff (failed, will be tried again), paused or failed';
COMMENT ON COLUMN estate.feed_status.run_id IS 'Last run';
COMMENT ON COLUMN estate.feed_status.started_at IS 'When the last run started';
COMMENT ON COLUMN estate.feed_status.ended_at IS 'When the last run ended';
COMMENT ON COLUMN estate.feed_status.outcome IS 'Outcome of the last run';
COMMENT ON COLUMN estate.feed_status.seen IS 'Records seen in the last run';
COMMENT ON COLUMN estate.feed_status.inserted IS 'New listings in the last run';
COMMENT ON COLUMN estate.feed_status.updated IS 'Changed listings in the last run';
COMMENT ON COLUMN estate.feed_status.unchanged IS 'Unchanged records in the last run';
COMMENT ON COLUMN estate.feed_status.deleted IS 'Withdrawn listings in the last run';
COMMENT ON COLUMN estate.feed_status.rejected IS 'Rejected records in the last run';
COMMENT ON COLUMN estate.feed_status.open_rejects IS
'Rejected records that are not settled yet, of all runs';
COMMENT ON COLUMN estate.feed_status.failures IS 'Failed runs in a row';
COMMENT ON COLUMN estate.feed_status.last_error IS 'Why the last run failed';
COMMENT ON COLUMN estate.feed_status.next_run_at IS 'When the workers run it next';
COMMENT ON COLUMN estate.feed_status.fields_rejected IS
'Fields of applied records that could not be read in the last run';
COMMENT ON COLUMN estate.feed_status.open_field_rejects IS
'Such fields that are not settled yet, of all runs';
GRANT SELECT ON estate.feed_status TO estate_reader, estate_operator;
