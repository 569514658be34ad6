-- view: what goes on, and figures for a monitoring system

CREATE OR REPLACE VIEW estate.progress AS
SELECT 'feed'::varchar(10) AS kind, f.name, r.run_id AS id, r.started_at, r.pages::bigint AS steps, r.seen AS done
FROM estate.feed_run r JOIN estate.feed f USING (feed_id)
WHERE r.outcome = 'running'
UNION ALL
SELECT 'job'::varchar(10), j.handler, j.id, NULL::timestamptz, NULL::bigint, NULL::bigint
FROM estate.job j
WHERE j.state = 'running';
COMMENT ON VIEW estate.progress IS 'What goes on at this moment: feed runs with what they have seen so far, and jobs in the hands of workers';
COMMENT ON COLUMN estate.progress.kind IS 'feed or job';
COMMENT ON COLUMN estate.progress.name IS 'Name of the feed, or handler of the job';
COMMENT ON COLUMN estate.progress.id IS 'Key in estate.feed_run or estate.job';
COMMENT ON COLUMN estate.progress.started_at IS 'When the run started';
COMMENT ON COLUMN estate.progress.steps IS 'Pages applied';
COMMENT ON COLUMN estate.progress.done IS 'Records seen';

CREATE OR REPLACE VIEW estate.metrics AS
SELECT 'estate_jobs'::text AS metric, 'queue'::text AS label, q.queue AS label_value, s.state, s.value
FROM estate.queue_status q
CROSS JOIN LATERAL (VALUES ('scheduled', q.scheduled), ('available', q.available), ('running', q.running),
	('retryable', q.retryable), ('done', q.done), ('dead', q.dead), ('cancelled', q.cancelled)) s(state, value)
UNION ALL
SELECT 'estate_records', 'feed', f.name, s.state, s.value
FROM estate.feed f
CROSS JOIN LATERAL (SELECT sum(r.inserted), sum(r.updated), sum(r.unchanged), sum(r.deleted), sum(r.rejected)
	FROM estate.feed_run r WHERE r.feed_id = f.feed_id) t(inserted, updated, unchanged, deleted, rejected)
CROSS JOIN LATERAL (VALUES ('inserted', t.inserted::bigint), ('updated', t.updated::bigint), ('unchanged', t.unchanged::bigint),
	('deleted', t.deleted::bigint), ('rejected', t.rejected::bigint)) s(state, value)
WHERE s.value IS NOT NULL;
COMMENT ON VIEW estate.metrics IS 'Counts for a monitoring system, in the long form: a row for each metric, label and state';
COMMENT ON COLUMN estate.metrics.metric IS 'estate_jobs or estate_records';
COMMENT ON COLUMN estate.metrics.label IS 'What label_value names: queue or feed';
COMMENT ON COLUMN estate.metrics.label_value IS 'Name of the queue or the feed';
COMMENT ON COLUMN estate.metrics.state IS 'State of the jobs, or what became of the records';
COMMENT ON COLUMN estate.metrics.value IS 'How many';

GRANT SELECT ON estate.progress, estate.metrics TO estate_operator, estate_admin;
