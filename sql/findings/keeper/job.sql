-- Jobs that have died, and queues whose jobs wait for nothing that will come by itself
WITH dead AS (
	SELECT handler, count(*) AS jobs
	FROM estate_internal.job_ended
	WHERE state = 'dead' AND ended_at > now() - interval '1 day'
	GROUP BY handler
), due AS (
	SELECT queue, min(since) AS since
	FROM (SELECT queue, since FROM estate.oldest_ready()
		-- where there are no workers, as on a standby
		UNION ALL SELECT queue, min(coalesce(run_at, enqueued_at)) FROM estate_internal.job_ready
			WHERE NOT EXISTS (SELECT FROM estate.oldest_ready()) GROUP BY queue
		UNION ALL SELECT queue, min(run_at) FROM estate_internal.job_open
			WHERE waits_for = 'time' AND done_by <> 'x' AND run_at <= now() GROUP BY queue) o
	GROUP BY queue
), queues AS (
	SELECT d.queue, d.since, coalesce(q.paused, false) AS paused
	FROM due d LEFT JOIN estate_internal.queue q ON q.name = d.queue
	WHERE d.since IS NOT NULL
), stuck AS (
	SELECT q.queue, q.since
	FROM queues q
	WHERE NOT q.paused AND q.since < now() - interval '10 minutes'
		AND NOT EXISTS (SELECT FROM estate.queue_counts() c WHERE c.queue = q.queue
			AND c.running > 0)
), unfetched AS (
	SELECT queue, handler, min(run_at) AS since
	FROM estate_internal.job_open
	WHERE done_by = 'x' AND waits_for = 'time' AND leased_until IS NULL
		AND run_at < now() - interval '10 minutes'
	GROUP BY queue, handler
)
SELECT 'dead jobs', count(*) = 0,
	CASE count(*) WHEN 0 THEN 'none in the last day'
		ELSE format('%s in the last day: %s', sum(jobs),
			string_agg(format('%s of %s', jobs, handler), ', ' ORDER BY jobs DESC, handler)) END,
	CASE WHEN count(*) > 0 THEN
		'SELECT handler, errors->-1->>''sqlstate'' AS sqlstate,'
		' errors->-1->>''message'' AS message, count(*), max(ended_at)'
		' FROM estate.job WHERE state = ''dead'' GROUP BY 1, 2, 3; -- when that is mended: '
		'SELECT estate.redrive();' END
FROM dead
UNION ALL
SELECT 'paused queues', count(*) = 0,
	coalesce(string_agg(format('%s: jobs wait since %s', queue, since), '; ' ORDER BY queue),
		'no job waits in a paused queue'),
	string_agg(format('SELECT estate.resume_queue(%L);', queue), ' ' ORDER BY queue)
FROM queues WHERE paused
UNION ALL
SELECT 'queues', count(*) = 0,
	coalesce(string_agg(format('%s: jobs wait since %s, and none runs', queue, since),
		'; ' ORDER BY queue), 'nothing that is due waits for long'),
	string_agg(format('CALL estate.run_jobs(%L);', queue), ' ' ORDER BY queue)
		|| ' -- works off here and now what workers should; see the checks above'
FROM stuck
UNION ALL
SELECT 'jobs for other programs', count(*) = 0,
	coalesce(string_agg(format('nobody fetches %s of queue %s since %s', handler, queue, since),
		'; ' ORDER BY queue, handler), 'none waits for long'),
	CASE WHEN count(*) > 0 THEN '-- start the programs that call estate.fetch_jobs() for '
		|| string_agg(DISTINCT handler, ', ') END
FROM unfetched
