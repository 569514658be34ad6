-- job: what waits, runs and has ended

CREATE OR REPLACE VIEW estate.job AS
SELECT o.id,
	(CASE WHEN r.id IS NOT NULL THEN 'running'
		WHEN o.waits_for = 'jobs' THEN 'blocked'
		WHEN o.waits_for = 'key' OR o.waited IS NOT NULL THEN 'available'
		WHEN o.attempt > 0 AND o.run_at > clock_timestamp() THEN 'retryable'
		WHEN o.run_at > clock_timestamp() THEN 'scheduled'
		ELSE 'available' END)::varchar(10) AS state,
	o.handler, o.queue, o.priority, o.run_at, o.attempt, o.max_attempts, o.role, o.effect_key, o.unique_key,
	o.enqueued_at, NULL::timestamptz AS ended_at, o.args, COALESCE(o.errors, '[]') AS errors, o.tags, o.timeout, NULL::jsonb AS result
FROM estate_internal.job_open o LEFT JOIN estate.running_jobs() r(id) ON r.id = o.id
UNION ALL
SELECT o.id, (CASE WHEN r.id IS NOT NULL THEN 'running' ELSE 'available' END)::varchar(10), o.handler, o.queue, o.priority,
	COALESCE(o.run_at, o.enqueued_at), COALESCE(o.attempt, 0), o.max_attempts, o.role, NULL::uuid, o.unique_key, o.enqueued_at,
	NULL::timestamptz, o.args, COALESCE(o.errors, '[]'), o.tags, o.timeout, NULL::jsonb
FROM estate_internal.job_ready o LEFT JOIN estate.running_jobs() r(id) ON r.id = o.id
UNION ALL
SELECT id, state, handler, queue, priority, run_at, attempt, max_attempts, role, effect_key, unique_key,
	enqueued_at, ended_at, args, COALESCE(errors, '[]'), tags, timeout, result
FROM estate_internal.job_ended;
COMMENT ON VIEW estate.job IS 'Jobs that wait, run and have ended';
COMMENT ON COLUMN estate.job.id IS 'Key of the job, ascending';
COMMENT ON COLUMN estate.job.state IS 'scheduled, blocked, available (also while a limit keeps it waiting), running, retryable, done, dead or cancelled';
COMMENT ON COLUMN estate.job.handler IS 'What does it: an SQL function of jsonb, or a built-in';
COMMENT ON COLUMN estate.job.queue IS 'Queue it waits in';
COMMENT ON COLUMN estate.job.priority IS 'Lower runs first';
COMMENT ON COLUMN estate.job.run_at IS 'Not to be run before this';
COMMENT ON COLUMN estate.job.attempt IS 'Attempts that have ended';
COMMENT ON COLUMN estate.job.max_attempts IS 'It is dead after so many';
COMMENT ON COLUMN estate.job.role IS 'Role that enqueued it, and whose rights it has';
COMMENT ON COLUMN estate.job.effect_key IS 'Idempotency key of its outside effects';
COMMENT ON COLUMN estate.job.unique_key IS 'No other job of the role gets the same, as long as unique_until said';
COMMENT ON COLUMN estate.job.enqueued_at IS 'When it was enqueued';
COMMENT ON COLUMN estate.job.ended_at IS 'When it was done, dead or cancelled';
COMMENT ON COLUMN estate.job.args IS 'What the handler is called with';
COMMENT ON COLUMN estate.job.errors IS 'What went wrong, an object for each failed attempt, of the last hundred: attempt, at, sqlstate, message, context';
COMMENT ON COLUMN estate.job.tags IS 'What else it was marked with';
COMMENT ON COLUMN estate.job.timeout IS 'How long its handler may take; NULL: as its queue says';
COMMENT ON COLUMN estate.job.result IS 'What its handler returned, where that is jsonb';

CREATE OR REPLACE VIEW estate.queue_status AS
SELECT queue,
	count(*) FILTER (WHERE state = 'scheduled') AS scheduled,
	count(*) FILTER (WHERE state = 'available') AS available,
	count(*) FILTER (WHERE state = 'running') AS running,
	count(*) FILTER (WHERE state = 'retryable') AS retryable,
	count(*) FILTER (WHERE state = 'done') AS done,
	count(*) FILTER (WHERE state = 'dead') AS dead,
	count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
	min(run_at) FILTER (WHERE state = 'available') AS oldest_available
FROM estate.job GROUP BY queue;
COMMENT ON VIEW estate.queue_status IS 'Jobs of each queue by state';
COMMENT ON COLUMN estate.queue_status.queue IS 'Name of the queue';
COMMENT ON COLUMN estate.queue_status.scheduled IS 'Jobs whose time has not come';
COMMENT ON COLUMN estate.queue_status.available IS 'Jobs that could run now';
COMMENT ON COLUMN estate.queue_status.running IS 'Jobs in the hands of workers';
COMMENT ON COLUMN estate.queue_status.retryable IS 'Jobs that failed and wait to be tried again';
COMMENT ON COLUMN estate.queue_status.done IS 'Jobs that are done';
COMMENT ON COLUMN estate.queue_status.dead IS 'Jobs that failed for good';
COMMENT ON COLUMN estate.queue_status.cancelled IS 'Jobs that were cancelled';
COMMENT ON COLUMN estate.queue_status.oldest_available IS 'Since when the longest waiting job could have run';
GRANT SELECT ON estate.job, estate.queue_status TO estate_operator;
