-- view: what goes on, and figures for a monitoring system

CREATE OR REPLACE VIEW estate.progress AS
SELECT 'job'::varchar(10) AS kind, r.handler AS name, r.id, r.queue, r.role, r.started_at, r.pid,
	r.done, r.total, r.note
FROM estate.running() r
UNION ALL
SELECT 'feed'::varchar(10), f.name, r.run_id, NULL::text, NULL::regrole, r.started_at, NULL::int,
	r.seen::float8, NULL::float8, format('%s pages', r.pages)
FROM estate.feed_run r JOIN estate.feed f USING (feed_id)
WHERE r.ended_at IS NULL;
COMMENT ON VIEW estate.progress IS
'What goes on at this moment: jobs in the hands of workers with what they report, '
'and runs of feeds with what they have seen so far';
COMMENT ON COLUMN estate.progress.kind IS 'job or feed';
COMMENT ON COLUMN estate.progress.name IS 'Handler of the job, or name of the feed';
COMMENT ON COLUMN estate.progress.id IS 'Key in estate.job or estate.feed_run';
COMMENT ON COLUMN estate.progress.queue IS 'Queue of the job';
COMMENT ON COLUMN estate.progress.role IS 'Role whose rights the job has';
COMMENT ON COLUMN estate.progress.started_at IS 'When this attempt, or the run, started';
COMMENT ON COLUMN estate.progress.pid IS 'Process that has the job in hand';
COMMENT ON COLUMN estate.progress.done IS
'What report_progress() was last told, for those who may see the job''s args, or the records seen';
COMMENT ON COLUMN estate.progress.total IS 'What there is to do in all, as far as that is known';
COMMENT ON COLUMN estate.progress.note IS 'What the handler says of itself, or the pages applied';

CREATE OR REPLACE VIEW estate.metrics AS
SELECT queue, handler, done, failed, dead, snoozed, cancelled, last_minute, latency,
	latency_p50_ms, latency_p99_ms, run_time, run_time_p50_ms, run_time_p99_ms
FROM estate.handler_metrics();
COMMENT ON VIEW estate.metrics IS
'What the handlers of each queue have done since the server started';
COMMENT ON COLUMN estate.metrics.queue IS 'Name of the queue';
COMMENT ON COLUMN estate.metrics.handler IS
'Handler; the 127 that came first have a row each, the rest share one, (others)';
COMMENT ON COLUMN estate.metrics.done IS 'Jobs that were done';
COMMENT ON COLUMN estate.metrics.failed IS 'Attempts that failed';
COMMENT ON COLUMN estate.metrics.dead IS 'Jobs that failed for good';
COMMENT ON COLUMN estate.metrics.snoozed IS 'Times that a job was put off when it ran';
COMMENT ON COLUMN estate.metrics.cancelled IS 'Jobs that were cancelled when they ran';
COMMENT ON COLUMN estate.metrics.last_minute IS
'Jobs that have ended in the last minute, in steps of 5 s';
COMMENT ON COLUMN estate.metrics.latency IS
'Histogram of the time from when a job could start until it did: below 0.1 ms, '
'then below twice as much in each element, 24 in all';
COMMENT ON COLUMN estate.metrics.latency_p50_ms IS
'Its median in milliseconds, as if each element were even';
COMMENT ON COLUMN estate.metrics.latency_p99_ms IS 'Its 99th percentile';
COMMENT ON COLUMN estate.metrics.run_time IS
'The same of the time in the handler, of a batch of jobs by their number';
COMMENT ON COLUMN estate.metrics.run_time_p50_ms IS 'Its median in milliseconds';
COMMENT ON COLUMN estate.metrics.run_time_p99_ms IS 'Its 99th percentile';

GRANT SELECT ON estate.progress, estate.metrics TO estate_operator, estate_admin;
