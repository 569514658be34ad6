-- job: work to do later

CREATE FUNCTION estate.enqueue(handler text, args jsonb DEFAULT '{}', queue text DEFAULT 'default',
		priority int DEFAULT 0, run_at timestamptz DEFAULT NULL, unique_key text DEFAULT NULL,
		max_attempts int DEFAULT 20, unique_until text DEFAULT 'done',
		on_conflict text DEFAULT 'skip', timeout interval DEFAULT NULL,
		backoff interval[] DEFAULT NULL, tags text[] DEFAULT NULL,
		depends_on bigint[] DEFAULT NULL, depends_when text DEFAULT 'done',
		durable bool DEFAULT false) RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_enqueue_job' LANGUAGE C;
COMMENT ON FUNCTION estate.enqueue(text, jsonb, text, int, timestamptz, text, int, text, text,
	interval, interval[], text[], bigint[], text, bool) IS
'Enqueues a job in this transaction, to be run as the calling role: '
'handler is a function schema.name(jsonb), run exactly once, or schema.name(jsonb[]), '
'called once for many jobs, one of the built-ins feed, media, train, score, '
'or external:NAME for workers that call fetch_jobs(). Lower priorities run first. '
'Returns the id of the job, or of the role''s job with the same unique_key, '
'which is taken until the job is done (or unique_until => ''start'' or an interval) and must not '
'begin with feed: or media:; on_conflict => ''replace'' gives that job, if it still waits, '
'everything that is asked for now. After a failure it waits as backoff says, else 1 s, doubling. '
'It is blocked until the jobs of depends_on are done, and cancelled if one of them fails for '
'good; with depends_when => ''ended'' it runs once all have ended, however. '
'With durable its end is on disk when it can be seen';
GRANT EXECUTE ON FUNCTION estate.enqueue(text, jsonb, text, int, timestamptz, text, int, text,
	text, interval, interval[], text[], bigint[], text, bool) TO estate_operator, estate_admin;

CREATE FUNCTION estate.enqueue_many(handler text, args jsonb[], queue text DEFAULT 'default',
		priority int DEFAULT 0, run_at timestamptz DEFAULT NULL, max_attempts int DEFAULT 20,
		timeout interval DEFAULT NULL, backoff interval[] DEFAULT NULL,
		tags text[] DEFAULT NULL, durable bool DEFAULT false) RETURNS SETOF bigint
	AS 'MODULE_PATHNAME', 'estate_enqueue_jobs' LANGUAGE C;
COMMENT ON FUNCTION estate.enqueue_many(text, jsonb[], text, int, timestamptz, int, interval,
	interval[], text[], bool) IS
'Enqueues a job for each element of args; returns their ids, in that order';
GRANT EXECUTE ON FUNCTION estate.enqueue_many(text, jsonb[], text, int, timestamptz, int, interval,
	interval[], text[], bool) TO estate_operator, estate_admin;

CREATE FUNCTION estate.create_queue(name text, concurrency int DEFAULT NULL,
		concurrency_local int DEFAULT NULL, key text DEFAULT NULL,
		concurrency_by_key int DEFAULT NULL, rate int DEFAULT NULL, rate_by_key int DEFAULT NULL,
		rate_period interval DEFAULT NULL, timeout interval DEFAULT NULL, keep text DEFAULT NULL,
		keep_for interval DEFAULT NULL, keep_most bigint DEFAULT NULL, durable bool DEFAULT NULL)
		RETURNS text
	AS 'MODULE_PATHNAME', 'estate_queue_create' LANGUAGE C;
COMMENT ON FUNCTION estate.create_queue(text, int, int, text, int, int, int, interval, interval,
	text, interval, bigint, bool) IS
'Creates a queue with limits: at most concurrency jobs at a time (a batch of SQL jobs in one '
'process is one), concurrency_local of them in one process, rate started in each rate_period '
'(1 s), and the same by the key of a job, a path into its args such as agency or agency.id. '
'timeout is that of jobs without their own. keep: all ended jobs stay in the history, '
'failed ones, or none; for keep_for (7 days), and at most keep_most. '
'With durable the ends of its SQL jobs are on disk when they can be seen';
CREATE FUNCTION estate.alter_queue(name text, concurrency int DEFAULT NULL,
		concurrency_local int DEFAULT NULL, key text DEFAULT NULL,
		concurrency_by_key int DEFAULT NULL, rate int DEFAULT NULL, rate_by_key int DEFAULT NULL,
		rate_period interval DEFAULT NULL, timeout interval DEFAULT NULL, keep text DEFAULT NULL,
		keep_for interval DEFAULT NULL, keep_most bigint DEFAULT NULL, durable bool DEFAULT NULL)
		RETURNS text
	AS 'MODULE_PATHNAME', 'estate_queue_alter' LANGUAGE C;
COMMENT ON FUNCTION estate.alter_queue(text, int, int, text, int, int, int, interval, interval,
	text, interval, bigint, bool) IS
'Changes a queue from now on: NULL leaves a limit as it is, 0 or an empty key takes it away';
CREATE FUNCTION estate.drop_queue(name text, cancel_jobs bool DEFAULT false) RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_drop_queue' LANGUAGE C;
COMMENT ON FUNCTION estate.drop_queue(text, bool) IS
'Drops a queue; with cancel_jobs => true also what waits in it. Returns how many jobs were '
'cancelled';
CREATE FUNCTION estate.pause_queue(name text) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_pause_queue' LANGUAGE C;
COMMENT ON FUNCTION estate.pause_queue(text) IS
'No job of the queue starts until resume_queue(); tells whether it was not paused already';
CREATE FUNCTION estate.resume_queue(name text) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_resume_queue' LANGUAGE C;
COMMENT ON FUNCTION estate.resume_queue(text) IS
'Jobs of the queue start again; tells whether it was paused';
GRANT EXECUTE ON FUNCTION
	estate.create_queue(text, int, int, text, int, int, int, interval, interval, text, interval,
		bigint, bool),
	estate.alter_queue(text, int, int, text, int, int, int, interval, interval, text, interval,
		bigint, bool),
	estate.drop_queue(text, bool) TO estate_admin;
GRANT EXECUTE ON FUNCTION estate.pause_queue(text), estate.resume_queue(text)
	TO estate_operator, estate_admin;

CREATE FUNCTION estate.cancel_job(id bigint) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_cancel_job' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.cancel_job(bigint) IS
'Cancels a job that waits, or has whoever runs it stop, when the transaction commits; true: '
'then it is not done, whatever happens; false: it had ended, or was about to. In a handler, '
'with this_job(): once it has returned. For the role that enqueued it and for estate_admin';
GRANT EXECUTE ON FUNCTION estate.cancel_job(bigint) TO estate_operator, estate_admin;

CREATE FUNCTION estate.retry_job(id bigint) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_retry_job' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.retry_job(bigint) IS
'Runs a waiting, dead or cancelled job again, now, with all its attempts; tells whether it will: '
'not if another open job of its role has its unique_key';
GRANT EXECUTE ON FUNCTION estate.retry_job(bigint) TO estate_operator, estate_admin;

CREATE FUNCTION estate.redrive(queue text DEFAULT NULL, handler text DEFAULT NULL,
		state text DEFAULT 'dead', tag text DEFAULT NULL, ended_from timestamptz DEFAULT NULL,
		ended_to timestamptz DEFAULT NULL, error text DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_redrive' LANGUAGE C;
COMMENT ON FUNCTION estate.redrive(text, text, text, text, timestamptz, timestamptz, text) IS
'Runs dead (or cancelled; NULL: both) jobs again, with all their attempts, '
'or those that are retryable without waiting for their time: of a queue, a handler, a tag, '
'that ended in a time, whose last error has this SQLSTATE or has this in its message. '
'Returns how many. A job whose unique_key another one has by now is left out';
CREATE FUNCTION estate.snooze_job(id bigint, delay interval) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_snooze_job' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.snooze_job(bigint, interval) IS
'Puts a waiting job off, or in a handler, with this_job(), its own once it has returned; '
'that is no attempt. Tells whether it did';
CREATE FUNCTION estate.this_job() RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_this_job' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION estate.this_job() IS
'In a handler of jsonb: the id of the job that it is run for; else NULL';
CREATE FUNCTION estate.report_progress(done float8, total float8 DEFAULT NULL,
		note text DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME', 'estate_report_job' LANGUAGE C;
COMMENT ON FUNCTION estate.report_progress(float8, float8, text) IS
'In a handler: how far its job is; seen at once in estate.progress, '
'whatever becomes of the transaction';
GRANT EXECUTE ON FUNCTION estate.redrive(text, text, text, text, timestamptz, timestamptz, text),
	estate.snooze_job(bigint, interval), estate.this_job(),
	estate.report_progress(float8, float8, text) TO estate_operator, estate_admin;

-- A clock for tests: they set it forward instead of waiting until a job is due.
CREATE FUNCTION estate.clock() RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'estate_clock' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION estate.clock() IS
'What time it is for jobs in this session: clock_timestamp(), unless set_clock() has stopped it';
CREATE FUNCTION estate.set_clock(at timestamptz) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'estate_set_clock' LANGUAGE C;
COMMENT ON FUNCTION estate.set_clock(timestamptz) IS
'For tests: from now on it is this time for what the session enqueues, '
'works off with run_jobs() and sees in estate.job; NULL: the time of the server again. '
'Workers go by the server''s';
GRANT EXECUTE ON FUNCTION estate.clock(), estate.set_clock(timestamptz)
	TO estate_operator, estate_admin;

-- Jobs for workers in other programs: handler external:NAME. Each call is one transaction, and
-- nothing is kept in the session.
CREATE FUNCTION estate.fetch_jobs(queue text, count int DEFAULT 1,
		lease interval DEFAULT '1 minute', worker text DEFAULT NULL, of_handler text DEFAULT NULL)
	RETURNS TABLE (id bigint, token bigint, handler text, args jsonb, attempt int,
		max_attempts int, leased_until timestamptz, effect_key uuid)
	AS 'MODULE_PATHNAME', 'estate_fetch_jobs' LANGUAGE C;
COMMENT ON FUNCTION estate.fetch_jobs(text, int, interval, text, text) IS
'For a worker in another program: leases due jobs of a queue whose handler is external:NAME and '
'whose role the caller is a member of, in the order of priority and run_at. '
'Until leased_until nobody else gets them; attempt is the number of this one, from 1. '
'With id and token they are reported back; a lease that ran out is a failed attempt, '
'and the next call may get the job, with a greater token';
CREATE FUNCTION estate.heartbeat_jobs(ids bigint[], tokens bigint[],
		lease interval DEFAULT '1 minute') RETURNS SETOF bigint
	AS 'MODULE_PATHNAME', 'estate_heartbeat_jobs' LANGUAGE C;
COMMENT ON FUNCTION estate.heartbeat_jobs(bigint[], bigint[], interval) IS
'Extends leases, from now on. Returns the ids of the jobs that the caller still has: '
'the others were cancelled, or are somebody else''s by now';
CREATE FUNCTION estate.complete_job(id bigint, token bigint, result jsonb DEFAULT NULL) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_complete_job' LANGUAGE C;
COMMENT ON FUNCTION estate.complete_job(bigint, bigint, jsonb) IS
'A fetched job is done; together with what else the transaction has written, exactly once. False: '
'the lease is lost, and nothing has changed: roll back';
CREATE FUNCTION estate.fail_job(id bigint, token bigint, error text,
		retry_in interval DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'estate_fail_job' LANGUAGE C;
COMMENT ON FUNCTION estate.fail_job(bigint, bigint, text, interval) IS
'An attempt at a fetched job has failed; it is tried again in retry_in '
'(NULL: as its backoff says) or dead. Returns its state; NULL: the lease is lost, '
'and nothing has changed';
CREATE FUNCTION estate.snooze_job(id bigint, token bigint, delay interval) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_snooze_leased_job' LANGUAGE C;
COMMENT ON FUNCTION estate.snooze_job(bigint, bigint, interval) IS
'Gives a fetched job back, to be fetched after a delay; that is no attempt. False: '
'the lease is lost, and nothing has changed';
CREATE FUNCTION estate.release_jobs(ids bigint[], tokens bigint[]) RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_release_jobs' LANGUAGE C;
COMMENT ON FUNCTION estate.release_jobs(bigint[], bigint[]) IS
'Gives fetched jobs back, as if they had not been fetched. Returns how many; '
'the others are not the caller''s any more';
GRANT EXECUTE ON FUNCTION estate.fetch_jobs(text, int, interval, text, text),
	estate.heartbeat_jobs(bigint[], bigint[], interval),
	estate.complete_job(bigint, bigint, jsonb), estate.fail_job(bigint, bigint, text, interval),
	estate.snooze_job(bigint, bigint, interval), estate.release_jobs(bigint[], bigint[])
	TO estate_operator, estate_admin;

CREATE PROCEDURE estate.run_jobs(queue text DEFAULT NULL, INOUT done bigint DEFAULT NULL,
		INOUT failed bigint DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'estate_run_jobs' LANGUAGE C;
COMMENT ON PROCEDURE estate.run_jobs(text, bigint, bigint) IS
'Works off, here and now, all due jobs (of a queue) that were enqueued by roles the caller is a '
'member of';
GRANT EXECUTE ON PROCEDURE estate.run_jobs(text, bigint, bigint) TO estate_operator, estate_admin;

CREATE PROCEDURE estate.wait_for_job(id bigint, timeout interval DEFAULT '1 minute',
		INOUT state text DEFAULT NULL, INOUT result jsonb DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'estate_wait_for_job' LANGUAGE C;
COMMENT ON PROCEDURE estate.wait_for_job(bigint, interval, text, jsonb) IS
'Waits until a job has ended, or a time (NULL: any time) is over; returns its state, '
'which is then done, dead or cancelled, or what it is by now, and its result. '
'Not inside of a transaction block; no snapshot is held while it waits';
GRANT EXECUTE ON PROCEDURE estate.wait_for_job(bigint, interval, text, jsonb)
	TO estate_operator, estate_admin;

CREATE FUNCTION estate.running_jobs() RETURNS SETOF bigint
	AS 'MODULE_PATHNAME', 'estate_running_jobs' LANGUAGE C;
COMMENT ON FUNCTION estate.running_jobs() IS
'Internal: ids of the jobs that the workers of this database have in hand';
GRANT EXECUTE ON FUNCTION estate.running_jobs() TO estate_operator, estate_admin;

CREATE FUNCTION estate.may_see_job_of(role regrole) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_may_see_job_of' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION estate.may_see_job_of(regrole) IS
'Internal: whether the caller may see what a job of the role is asked to do and what came of it: '
'a member of the role, or of the owner of the facts';
GRANT EXECUTE ON FUNCTION estate.may_see_job_of(regrole) TO estate_operator, estate_admin;

CREATE FUNCTION estate.queue_counts(OUT queue text, OUT ready bigint, OUT open bigint,
		OUT scheduled bigint, OUT retryable bigint, OUT blocked bigint, OUT done bigint,
		OUT dead bigint, OUT cancelled bigint, OUT running bigint, OUT oldest timestamptz)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_queue_counts' LANGUAGE C ROWS 20;
COMMENT ON FUNCTION estate.queue_counts() IS
'Internal: jobs of each queue, as they are counted where workers run, else by their rows; '
'read it through estate.queue_status';
CREATE FUNCTION estate.oldest_ready(OUT queue text, OUT since timestamptz) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_oldest_ready' LANGUAGE C ROWS 20;
COMMENT ON FUNCTION estate.oldest_ready() IS
'Internal: since when the jobs wait that the workers will look at next';
CREATE FUNCTION estate.handler_metrics(OUT queue text, OUT handler text, OUT done bigint,
		OUT failed bigint, OUT dead bigint, OUT snoozed bigint, OUT cancelled bigint,
		OUT last_minute bigint, OUT latency bigint[], OUT latency_p50_ms float8,
		OUT latency_p99_ms float8, OUT run_time bigint[], OUT run_time_p50_ms float8,
		OUT run_time_p99_ms float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_handler_metrics' LANGUAGE C ROWS 20;
COMMENT ON FUNCTION estate.handler_metrics() IS
'Internal: what handlers have done since the server started; read it through estate.metrics';
CREATE FUNCTION estate.running(OUT id bigint, OUT queue text, OUT handler text, OUT role regrole,
		OUT started_at timestamptz, OUT pid int, OUT done float8, OUT total float8, OUT note text)
		RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_running' LANGUAGE C ROWS 20;
COMMENT ON FUNCTION estate.running() IS
'Internal: what the workers of this database have in hand; read it through estate.progress. '
'What handlers report is for those who may see the job''s args';
GRANT EXECUTE ON FUNCTION estate.queue_counts(), estate.oldest_ready(), estate.handler_metrics(),
	estate.running() TO estate_operator, estate_admin;

CREATE FUNCTION estate.resolve_handler(handler text) RETURNS text
	AS 'MODULE_PATHNAME', 'estate_resolve_handler' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION estate.resolve_handler(text) IS
'Internal: a handler as enqueue() stores it; an error when there is none that the caller may use';
GRANT EXECUTE ON FUNCTION estate.resolve_handler(text) TO estate_operator, estate_admin;

-- Scheduling by the calendar: pg_cron looks once a minute, src/job/cron.c says what is due
CREATE FUNCTION estate.schedule(name text, cron text, handler text, args jsonb DEFAULT '{}',
		time_zone text DEFAULT NULL, catch_up interval DEFAULT '1 day') RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_schedule' LANGUAGE C;
COMMENT ON FUNCTION estate.schedule(text, text, text, jsonb, text, interval) IS
'Enqueues a job by the calendar, as the calling role: cron is its five fields, '
'in time_zone (NULL: pg_cron''s). pg_cron has to be in this database. '
'Times of the day come exactly once on each of their days, also when the clocks change. '
'A tick that nobody saw is made good as long as it is not later than catch_up; '
'a tick adds no job while that of an earlier one waits or runs. Returns the id of the job of '
'pg_cron';
CREATE FUNCTION estate.unschedule(name text) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_unschedule' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.unschedule(text) IS
'Ends what schedule() of this name began for the calling role; tells whether there was one';
CREATE FUNCTION estate.enqueue_tick(name text, cron text, time_zone text, handler text, args jsonb,
		catch_up interval DEFAULT '1 day')
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_enqueue_tick' LANGUAGE C;
COMMENT ON FUNCTION estate.enqueue_tick(text, text, text, text, jsonb, interval) IS
'Internal: what schedule() makes pg_cron call once a minute: enqueues the job if a tick has come '
'since it did so last';
CREATE FUNCTION estate.next_ticks(cron text, time_zone text DEFAULT NULL,
		after timestamptz DEFAULT NULL, count int DEFAULT 5)
	RETURNS SETOF timestamptz
	AS 'MODULE_PATHNAME', 'estate_next_ticks' LANGUAGE C STABLE ROWS 5;
COMMENT ON FUNCTION estate.next_ticks(text, text, timestamptz, int) IS
'When a schedule of cron''s five fields comes next in a time zone (NULL: pg_cron''s), '
'after a time (NULL: now)';
GRANT EXECUTE ON FUNCTION estate.schedule(text, text, text, jsonb, text, interval),
	estate.unschedule(text), estate.enqueue_tick(text, text, text, text, jsonb, interval),
	estate.next_ticks(text, text, timestamptz, int)
	TO estate_operator, estate_admin;
