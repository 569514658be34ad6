-- Feeds that fail, and those that nobody will run again
WITH failing AS (
	SELECT f.name, c.failures, c.last_error,
		row_number() OVER (ORDER BY c.failures DESC, f.name) AS n
	FROM estate_internal.feed_cursor c JOIN estate.feed f USING (feed_id)
	WHERE c.failures > 0
), unscheduled AS (
	SELECT f.name
	FROM estate.feed f
	WHERE f.every IS NOT NULL AND f.url IS NOT NULL AND NOT f.paused
		AND NOT EXISTS (SELECT FROM estate_internal.job_unique u
			JOIN estate_internal.job_open o ON o.id = u.job
			WHERE u.unique_key = 'feed:' || f.feed_id)
)
SELECT 'feeds', count(*) = 0,
	CASE count(*) WHEN 0 THEN 'none is failing'
		ELSE format('%s failing: %s', count(*),
			string_agg(format('%s (%s times, last: %s)', name, failures, last_error),
				'; ' ORDER BY n) FILTER (WHERE n <= 5)) END,
	CASE WHEN count(*) > 0 THEN
		'SELECT name, state, failures, last_error, next_run_at FROM estate.feed_status '
		'WHERE failures > 0;' END
FROM failing
UNION ALL
SELECT 'next runs of feeds', count(*) = 0,
	coalesce('there is none of ' || string_agg(quote_literal(name), ', ' ORDER BY name),
		'each feed with an interval has one'),
	string_agg(format('SELECT estate.request_run(%L);', name), ' ' ORDER BY name)
FROM unscheduled
