-- Schedules that nobody looks at: pg_cron does not run, or does not know of them, as in a restored
-- database. Within five minutes of a start of the server it may be about to.
WITH missed AS (
	SELECT s.name, t.tick
	FROM estate_internal.schedule s
		CROSS JOIN LATERAL estate.next_ticks(s.cron, s.time_zone, s.decided, 1) t(tick)
	WHERE greatest(t.tick, pg_postmaster_start_time()) < estate.clock() - interval '5 minutes'
)
SELECT 'schedules', count(*) = 0,
	coalesce('nobody looks at '
		|| string_agg(format('%L (a tick was at %s)', name, tick), ', ' ORDER BY name),
		'each is looked at in time'),
	CASE WHEN count(*) > 0 THEN '-- as their roles: begin them anew with estate.schedule(),'
		' or end them: ' ||
		string_agg(format('SELECT estate.unschedule(%L);', name), ' ' ORDER BY name) END
FROM missed
