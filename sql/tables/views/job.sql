-- job: what waits, runs and has ended

-- What a job is asked to do, and what came of it, is for members of its role and for estate_admin;
-- that it is there, for all.
CREATE OR REPLACE VIEW estate.job AS
SELECT j.id, j.state, j.handler, j.queue, j.priority, j.run_at, j.attempt, j.max_attempts, j.role,
	CASE WHEN estate.may_see_job_of(j.role) THEN j.effect_key END AS effect_key,
	CASE WHEN estate.may_see_job_of(j.role) THEN j.unique_key END AS unique_key,
	j.enqueued_at, j.ended_at,
	CASE WHEN estate.may_see_job_of(j.role) THEN j.args END AS args,
	CASE WHEN estate.may_see_job_of(j.role) THEN j.errors END AS errors,
	CASE WHEN estate.may_see_job_of(j.role) THEN j.tags END AS tags,
	j.timeout,
	CASE WHEN estate.may_see_job_of(j.role) THEN j.result END AS result,
	j.worker, j.leased_until, j.started_at, j.pid, j.waits_for, j.waits_for_jobs,
	CASE WHEN estate.may_see_job_of(j.role) THEN j.waits_for_key END AS waits_for_key
FROM (
SELECT o.id,
	(CASE WHEN r.id IS NOT NULL OR o.leased_until > clock_timestamp() THEN 'running'
		WHEN o.waits_for = 'jobs' THEN 'blocked'
		WHEN o.waits_for = 'key' OR o.waited IS NOT NULL THEN 'available'
		WHEN o.attempt > 0 AND o.run_at > estate.clock() THEN 'retryable'
		WHEN o.run_at > estate.clock() THEN 'scheduled'
		ELSE 'available' END)::varchar(10) AS state,
	o.handler, o.queue, o.priority, o.run_at, o.attempt, o.max_attempts, o.role, o.effect_key,
	o.unique_key, o.enqueued_at, NULL::timestamptz AS ended_at, o.args,
	COALESCE(o.errors, '[]') AS errors, o.tags, o.timeout, NULL::jsonb AS result,
	o.leased_to AS worker, o.leased_until,
	r.started_at, r.pid, CASE WHEN r.id IS NULL THEN o.waits_for END AS waits_for,
	CASE WHEN o.waits_for = 'jobs' THEN ARRAY(SELECT d.blocker FROM estate_internal.job_dependency d
		WHERE d.job = o.id ORDER BY d.blocker) END AS waits_for_jobs,
	CASE WHEN o.waits_for = 'key' THEN o.held_key END AS waits_for_key
FROM estate_internal.job_open o LEFT JOIN estate.running() r ON r.id = o.id
UNION ALL
SELECT o.id, (CASE WHEN r.id IS NOT NULL THEN 'running' ELSE 'available' END)::varchar(10),
	o.handler, o.queue, o.priority, COALESCE(o.run_at, o.enqueued_at), COALESCE(o.attempt, 0),
	o.max_attempts, o.role, NULL::uuid, o.unique_key, o.enqueued_at,
	NULL::timestamptz, o.args, COALESCE(o.errors, '[]'), o.tags, o.timeout, NULL::jsonb,
	NULL::text, NULL::timestamptz, r.started_at, r.pid, NULL::varchar, NULL::bigint[], NULL::text
FROM estate_internal.job_ready o LEFT JOIN estate.running() r ON r.id = o.id
UNION ALL
SELECT id, state, handler, queue, priority, COALESCE(run_at, enqueued_at), attempt, max_attempts,
	role, effect_key, unique_key, enqueued_at, ended_at, args, COALESCE(errors, '[]'), tags,
	timeout, result, NULL::text, NULL::timestamptz, NULL::timestamptz, NULL::int,
	NULL::varchar, NULL::bigint[], NULL::text
FROM estate_internal.job_ended
) j;
COMMENT ON VIEW estate.job IS
'Jobs that wait, run and have ended. Who is neither a member of a job''s role nor of estate_admin '
'sees no args, errors, result, tags and keys of it';
COMMENT ON COLUMN estate.job.id IS
'Key of the job. Sessions take ids in advance: a later job may have a smaller one';
COMMENT ON COLUMN estate.job.state IS
'scheduled, blocked, available (also while a limit keeps it waiting), running, retryable, done, '
'dead or cancelled';
COMMENT ON COLUMN estate.job.handler IS
'What does it: an SQL function of jsonb, a built-in, or external:NAME';
COMMENT ON COLUMN estate.job.queue IS 'Queue it waits in';
COMMENT ON COLUMN estate.job.priority IS 'Lower runs first';
COMMENT ON COLUMN estate.job.run_at IS 'Not to be run before this';
COMMENT ON COLUMN estate.job.attempt IS 'Attempts that have ended';
COMMENT ON COLUMN estate.job.max_attempts IS 'It is dead after so many';
COMMENT ON COLUMN estate.job.role IS 'Role that enqueued it, and whose rights it has';
COMMENT ON COLUMN estate.job.effect_key IS 'Idempotency key of its outside effects';
COMMENT ON COLUMN estate.job.unique_key IS
'No other job of the role gets the same, as long as unique_until said';
COMMENT ON COLUMN estate.job.enqueued_at IS 'When it was enqueued';
COMMENT ON COLUMN estate.job.ended_at IS 'When it was done, dead or cancelled';
COMMENT ON COLUMN estate.job.args IS 'What the handler is called with';
COMMENT ON COLUMN estate.job.errors IS
'What went wrong, an object for each failed attempt, of the last hundred: attempt, at, sqlstate, '
'message, context';
COMMENT ON COLUMN estate.job.tags IS 'What else it was marked with';
COMMENT ON COLUMN estate.job.timeout IS 'How long its handler may take; NULL: as its queue says';
COMMENT ON COLUMN estate.job.worker IS
'Who has fetched it last by fetch_jobs(), and not given it back';
COMMENT ON COLUMN estate.job.leased_until IS 'Until when nobody else gets it';
COMMENT ON COLUMN estate.job.started_at IS 'Since when a worker of the database has it in hand';
COMMENT ON COLUMN estate.job.pid IS 'Process id of that worker';
COMMENT ON COLUMN estate.job.waits_for IS
'What it waits for: time (run_at, or its turn), key (others of its key run), jobs; NULL: nothing';
COMMENT ON COLUMN estate.job.waits_for_jobs IS 'Jobs that have to end before it can run';
COMMENT ON COLUMN estate.job.waits_for_key IS
'Key, as the queue has it, whose limit it waits for; for members of its role';
COMMENT ON COLUMN estate.job.result IS
'What its handler returned, where that is jsonb, or complete_job() was given';

CREATE OR REPLACE VIEW estate.queue_status AS
SELECT COALESCE(c.queue, q.name) AS queue, COALESCE(c.scheduled, 0) AS scheduled,
	COALESCE(c.ready + c.open, 0) AS available, COALESCE(c.running, 0) AS running,
	COALESCE(c.retryable, 0) AS retryable, COALESCE(c.done, 0) AS done, COALESCE(c.dead, 0) AS dead,
	COALESCE(c.cancelled, 0) AS cancelled,
	COALESCE(c.oldest, least(CASE WHEN c.ready > 0 THEN w.since END, CASE WHEN c.open > 0 THEN
		least((SELECT o.run_at FROM estate_internal.job_open o
				WHERE o.done_by = 'n' AND o.waits_for = 'time' AND o.queue = c.queue
					AND o.run_at <= estate.clock()
				ORDER BY o.run_at LIMIT 1),
			-- the oldest of each priority, each found by one look into the index
			(WITH RECURSIVE p AS (
				(SELECT o.priority, o.run_at FROM estate_internal.job_open o
					WHERE o.done_by = 'x' AND o.waits_for = 'time'
						AND o.leased_until IS NULL AND o.queue = c.queue
					ORDER BY o.priority, o.run_at LIMIT 1)
				UNION ALL
				SELECT n.priority, n.run_at
				FROM p CROSS JOIN LATERAL (SELECT o.priority, o.run_at
					FROM estate_internal.job_open o
					WHERE o.done_by = 'x' AND o.waits_for = 'time' AND o.leased_until IS NULL
						AND o.queue = c.queue AND o.priority > p.priority
					ORDER BY o.priority, o.run_at LIMIT 1) n)
			SELECT min(p.run_at) FROM p WHERE p.run_at <= estate.clock())) END))
		AS oldest_available,
	COALESCE(c.blocked, 0) AS blocked,
	q.paused, q.concurrency, q.concurrency_local, q.key, q.concurrency_by_key, q.rate,
	q.rate_by_key, q.rate_period, q.timeout, q.keep, q.keep_for, q.keep_most, q.durable
FROM estate.queue_counts() c FULL JOIN estate_internal.queue q ON q.name = c.queue
	LEFT JOIN (SELECT queue, min(since) AS since FROM estate.oldest_ready() GROUP BY queue) w
		ON w.queue = c.queue;
COMMENT ON VIEW estate.queue_status IS
'Queues: their jobs by state, and their limits. Where workers run, '
'jobs are counted as they come and go, else here and now';
COMMENT ON COLUMN estate.queue_status.queue IS 'Name of the queue';
COMMENT ON COLUMN estate.queue_status.scheduled IS 'Jobs whose time has not come';
COMMENT ON COLUMN estate.queue_status.available IS 'Jobs that could run now';
COMMENT ON COLUMN estate.queue_status.running IS 'Jobs in the hands of workers';
COMMENT ON COLUMN estate.queue_status.retryable IS 'Jobs that failed and wait to be tried again';
COMMENT ON COLUMN estate.queue_status.done IS 'Jobs that are done, and are still in the history';
COMMENT ON COLUMN estate.queue_status.dead IS
'Jobs that failed for good, and are still in the history';
COMMENT ON COLUMN estate.queue_status.cancelled IS
'Jobs that were cancelled, and are still in the history';
COMMENT ON COLUMN estate.queue_status.oldest_available IS
'Since when the first job that waits could have run, as far as that can be told without reading '
'them all';
COMMENT ON COLUMN estate.queue_status.blocked IS 'Jobs that wait for other jobs';
COMMENT ON COLUMN estate.queue_status.paused IS
'Whether no job of it starts; NULL here and in what follows: the queue was not created';
COMMENT ON COLUMN estate.queue_status.concurrency IS
'Jobs that may run at a time; NULL: any number';
COMMENT ON COLUMN estate.queue_status.concurrency_local IS 'The same in one process';
COMMENT ON COLUMN estate.queue_status.key IS 'Path into the args of a job that its key is found by';
COMMENT ON COLUMN estate.queue_status.concurrency_by_key IS 'Jobs of a key that may run at a time';
COMMENT ON COLUMN estate.queue_status.rate IS 'Jobs that may start in each rate_period';
COMMENT ON COLUMN estate.queue_status.rate_by_key IS 'The same for those of a key';
COMMENT ON COLUMN estate.queue_status.rate_period IS 'Time that the rates are for';
COMMENT ON COLUMN estate.queue_status.timeout IS
'How long a handler may take, where the job does not say';
COMMENT ON COLUMN estate.queue_status.keep IS 'Which ended jobs are kept: all, failed or none';
COMMENT ON COLUMN estate.queue_status.keep_for IS 'How long they are kept; NULL: for ever';
COMMENT ON COLUMN estate.queue_status.keep_most IS 'How many are kept at most; NULL: any number';
COMMENT ON COLUMN estate.queue_status.durable IS
'Whether the ends of its SQL jobs are on disk when they can be seen';
GRANT SELECT ON estate.job, estate.queue_status TO estate_operator;
