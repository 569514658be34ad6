--
-- Schedules: what cron's five fields mean, days on which the clocks change, late looks, and who may see what.
-- That pg_cron calls enqueue_tick() is seen in test/t/045_pg_cron.pl.
--
\set VERBOSITY terse
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pg_estate;
SELECT count(*) > 0 AS ready FROM estate.setup();
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';

CREATE FUNCTION ticks(cron text, zone text, day date, days int DEFAULT 1) RETURNS TABLE (n bigint, shown text)
LANGUAGE sql AS $$
	SELECT count(*), string_agg(to_char(t AT TIME ZONE zone, 'HH24:MI'), ' ' ORDER BY t)
	FROM estate.next_ticks(cron, zone, (day - 1)::timestamp AT TIME ZONE zone, 200 * (days + 1)) t
	WHERE (t AT TIME ZONE zone)::date BETWEEN day AND day + days - 1
$$;

-- fixed times, once on each day: left out, shown twice, half an hour, at midnight, across midnight, a day that was left out
SELECT what, n, shown FROM (VALUES
	(1, 'New York, spring', '30 2 * * *', 'America/New_York', '2026-03-08', 1),
	(2, 'New York, autumn', '30 1 * * *', 'America/New_York', '2026-11-01', 1),
	(3, 'Berlin, autumn, even hours', '0 */2 * * *', 'Europe/Berlin', '2026-10-25', 1),
	(4, 'Lord Howe, spring', '10 2 * * *', 'Australia/Lord_Howe', '2026-10-04', 1),
	(5, 'Lord Howe, autumn', '45 1 * * *', 'Australia/Lord_Howe', '2026-04-05', 1),
	(6, 'Santiago, spring', '0 0 * * *', 'America/Santiago', '2026-09-06', 1),
	(7, 'Santiago, autumn', '30 23 * * *', 'America/Santiago', '2026-04-04', 1),
	(8, 'Havana, autumn', '30 0 * * *', 'America/Havana', '2026-11-01', 1),
	(9, 'Nuuk, spring', '30 23 * * *', 'America/Nuuk', '2026-03-28', 2),
	(10, 'Apia, without the 30th', '30 2 * * *', 'Pacific/Apia', '2011-12-29', 3),
	(11, 'a quarter hour of one hour, spring', '*/15 2 * * *', 'Europe/Berlin', '2026-03-29', 1))
	AS c(number, what, cron, zone, day, days), ticks(cron, zone, day::date, days) ORDER BY number;

-- what is for each hour goes by the clock
SELECT what, n FROM (VALUES
	(1, 'New York, spring', '*/15 * * * *', 'America/New_York', '2026-03-08'),
	(2, 'New York, autumn', '*/15 * * * *', 'America/New_York', '2026-11-01'),
	(3, 'New York, another day', '*/15 * * * *', 'America/New_York', '2026-11-02'),
	(4, 'Lord Howe, spring', '*/15 * * * *', 'Australia/Lord_Howe', '2026-10-04'),
	(5, 'Lord Howe, autumn', '*/15 * * * *', 'Australia/Lord_Howe', '2026-04-05'),
	(6, 'New York, autumn, minute 30', '30 * * * *', 'America/New_York', '2026-11-01'))
	AS c(number, what, cron, zone, day), ticks(cron, zone, day::date) ORDER BY number;

--
-- All zones, two years and the weeks in which a day was left out.  The other computation: PostgreSQL's own AT TIME ZONE takes a
-- time that is left out by the clock of before, as it should be, and of two the second; so an earlier one is looked for.
-- (It takes names such as CET, which are both, for abbreviations of a clock that does not change: these are left out.)
--
CREATE TABLE zone AS SELECT name FROM pg_timezone_names WHERE name NOT LIKE 'posix/%' AND name NOT IN (SELECT abbrev FROM pg_timezone_abbrevs);
CREATE TABLE day AS SELECT d::date AS day FROM generate_series(timestamp '2025-01-01', '2026-12-31', '1 day') d
	UNION ALL SELECT d::date FROM generate_series(timestamp '2011-12-01', '2012-01-31', '1 day') d;
CREATE TABLE expected AS
	SELECT z.name AS zone, c.cron, coalesce(
		(SELECT min(first.at - back) FROM unnest('{3 h,2 h,1 h,30 min,1 day}'::interval[]) back
			WHERE (first.at - back) AT TIME ZONE z.name = first.shown), first.at) AS tick
	FROM zone z, (VALUES ('30 2 * * *', time '2:30'), ('15 0 * * *', '0:15'), ('45 1 * * *', '1:45')) c(cron, at), day d,
		LATERAL (SELECT (d.day + c.at) AT TIME ZONE z.name, d.day + c.at) first(at, shown);
CREATE TABLE found AS
	SELECT z.name AS zone, c.cron, t.tick FROM zone z,
		(SELECT DISTINCT cron FROM expected) c, (VALUES ('2011-12-01', '2012-02-01'), ('2025-01-01', '2027-01-01')) y(since, til),
		LATERAL estate.next_ticks(c.cron, z.name, y.since::timestamp AT TIME ZONE z.name - interval '1 s', 1200) t(tick)
	WHERE t.tick < y.til::timestamp AT TIME ZONE z.name;
SELECT count(*) > 400 AS zones FROM zone;
-- on the day after one that was left out its tick is that day's, too
SELECT count(*) > 1000000 AS compared FROM expected;
SELECT * FROM (TABLE expected EXCEPT TABLE found) missed LIMIT 5;
SELECT * FROM (TABLE found EXCEPT TABLE expected) invented LIMIT 5;
SELECT zone, cron, tick FROM found GROUP BY 1, 2, 3 HAVING count(*) > 1 LIMIT 5;
-- by the clock: what each minute of the days around a change shows
CREATE TABLE around AS
	SELECT DISTINCT z.name AS zone, d.day + i AS day FROM zone z, day d, generate_series(-1, 1) i
	WHERE d.day + time '12:00' - (d.day - 1 + time '12:00') <> (d.day + time '12:00') AT TIME ZONE z.name - (d.day - 1 + time '12:00') AT TIME ZONE z.name;
SELECT count(*) > 1000 AS days FROM around;
CREATE TABLE by_the_clock AS
	SELECT a.zone, t.tick FROM around a,
		LATERAL estate.next_ticks('*/20 * * * *', a.zone, a.day::timestamp AT TIME ZONE 'UTC' - interval '1 s', 100) t(tick)
	WHERE t.tick < (a.day + 1)::timestamp AT TIME ZONE 'UTC';
CREATE TABLE by_looking AS
	SELECT a.zone, t.tick FROM around a,
		LATERAL generate_series(a.day::timestamp AT TIME ZONE 'UTC', (a.day + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 s', '5 min') t(tick)
	WHERE extract(minute FROM t.tick AT TIME ZONE a.zone)::int % 20 = 0;
SELECT count(*) > 100000 AS compared FROM by_looking;
SELECT * FROM (TABLE by_looking EXCEPT TABLE by_the_clock) missed LIMIT 5;
SELECT * FROM (TABLE by_the_clock EXCEPT TABLE by_looking) invented LIMIT 5;

-- the fields: lists, ranges, steps, names, the last day of the month
SELECT cron, array_agg(to_char(t, 'Dy DD Mon HH24:MI') ORDER BY t) AS next
FROM unnest(ARRAY['0,30 8-10/2 * * *', '5/20 * * * *', '0 12 L * *', '0 12 $ feb,JUN *', '0 12 1,L * *', '0 9 * * mon-fri', '0 9 * * fri-sun', '0 9 * * 7',
	'0 9 * * 5-7', '0 0 13 * fri', '0 0 */10 * mon', '  0   3 * *  * ', '@hourly', '@daily', '@weekly', '@monthly', '@yearly', '0 0 29 2 *']) WITH ORDINALITY c(cron, n),
	estate.next_ticks(cron, 'UTC', '2026-02-26 07:00', 3) t
GROUP BY n, cron ORDER BY n;
CREATE FUNCTION refused(cron text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM estate.next_ticks(cron, 'UTC');
	RETURN 'no';
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN sqlerrm;
END
$$;
SELECT cron, refused(cron) FROM unnest(ARRAY['* * * *', '* * * * * *', 'a * * * *', '@reboot', '1-2-3 * * * *', '* * * * mond', '', '*/0 * * * *', '60 * * * *',
	'* 24 * * *', '* * 0 * *', '* * * 13 *', '* * * * 8', '5-3 * * * *', '-1 * * * *', '1,,2 * * * *', '1, * * * *', '* * * * 5L', '* $ * * *', '10 seconds']) cron
WHERE refused(cron) NOT LIKE 'invalid schedule%';
\set VERBOSITY default
SELECT estate.next_ticks('0 3 * * frid');
SELECT estate.next_ticks('0 3 * * *', 'Mars/Olympus');
\set VERBOSITY terse
SELECT count(*) AS never FROM estate.next_ticks('0 0 30 2 *', 'UTC');

--
-- Looks: one a minute, some late, some not at all
--
CREATE TABLE effect (at timestamptz);
CREATE FUNCTION public.note(args jsonb) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.effect VALUES (estate.clock()) $$;
CREATE FUNCTION look_at(at timestamptz, cron text, zone text, catch_up interval DEFAULT '1 day') RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
	job bigint;
	done bigint;
	failed bigint;
BEGIN
	PERFORM estate.set_clock(at);
	SELECT estate.enqueue_tick('nightly', cron, zone, 'public.note', '{}', catch_up) INTO job;
	CALL estate.run_jobs(NULL, done, failed);
	RETURN job IS NOT NULL;
END
$$;
CREATE FUNCTION look(since timestamptz, til timestamptz, cron text, zone text, catch_up interval DEFAULT '1 day') RETURNS SETOF text LANGUAGE sql AS $$
	SELECT to_char(t AT TIME ZONE zone, 'DD Mon HH24:MI') FROM generate_series(since, til, '1 min') t WHERE look_at(t, cron, zone, catch_up)
$$;
SET client_min_messages = error;	-- run_jobs() runs inside of transactions here

-- each minute of the days on which the clocks change
SELECT look('2026-03-08 05:00Z', '2026-03-09 07:00Z', '30 2 * * *', 'America/New_York');
SELECT look('2026-11-01 04:00Z', '2026-11-01 09:00Z', '30 1 * * *', 'America/New_York');
SELECT look('2026-11-01 05:00Z', '2026-11-01 07:05Z', '*/30 * * * *', 'America/New_York');
-- a look that comes late, twice at the same time, and three hours after a restart
SELECT look_at('2026-12-01 02:59Z', '0 3 * * *', 'UTC'), look_at('2026-12-01 03:01:10Z', '0 3 * * *', 'UTC'), look_at('2026-12-01 03:01:10Z', '0 3 * * *', 'UTC'),
	look_at('2026-12-01 03:02Z', '0 3 * * *', 'UTC'), look_at('2026-12-02 06:00Z', '0 3 * * *', 'UTC'), look_at('2026-12-02 06:01Z', '0 3 * * *', 'UTC');
-- four ticks that nobody saw are made good by one job
SELECT look_at('2026-12-02 09:00Z', '*/15 * * * *', 'UTC'), look_at('2026-12-02 10:01Z', '*/15 * * * *', 'UTC'), look_at('2026-12-02 10:02Z', '*/15 * * * *', 'UTC');
SELECT last_tick FROM estate.schedule_status WHERE name = 'nightly';
-- not for ever: as catch_up says, and it says so
SET client_min_messages = warning;
SELECT look_at('2026-12-03 00:00Z', '0 3 * * *', 'UTC', '1 hour'), look_at('2026-12-04 02:00Z', '0 3 * * *', 'UTC', '1 hour'), look_at('2026-12-04 02:01Z', '0 3 * * *', 'UTC', '1 hour'),
	look_at('2026-12-04 04:00Z', '0 3 * * *', 'UTC', '1 hour');
SELECT look_at('2026-12-05 03:00:59Z', '0 3 * * *', 'UTC', '0'), look_at('2026-12-06 03:01:01Z', '0 3 * * *', 'UTC', '0');
-- the clock was wrong, and is set right
SELECT look_at('2040-01-01 00:00Z', '0 3 * * *', 'UTC'), look_at('2026-12-07 02:59Z', '0 3 * * *', 'UTC'), look_at('2026-12-07 03:00Z', '0 3 * * *', 'UTC');
-- it is changed: from now on
SELECT look_at('2026-12-07 12:00Z', '0 5 * * *', 'UTC'), look_at('2026-12-08 05:00Z', '0 5 * * *', 'UTC');
SELECT count(*) = 17 AS each_once FROM effect;
SELECT estate.set_clock(NULL) IS NOT NULL AS reset;

-- what the job of an earlier tick has not ended is not enqueued twice
SET client_min_messages = error;
SELECT estate.enqueue_tick(repeat('t', 257), '* * * * *', NULL, 'public.note', '{}');
SELECT estate.enqueue_tick('', '* * * * *', NULL, 'public.note', '{}');
SELECT estate.enqueue_tick('slow', '* * * * *', NULL, 'public.note', '{"secret": 1}') > 0 AS first;
SELECT estate.set_clock(now() + '5 min') IS NOT NULL AS later;
SELECT estate.enqueue_tick('slow', '* * * * *', NULL, 'public.note', '{"secret": 1}') > 0 AS second;
SELECT count(*) FROM estate.job WHERE unique_key = 'schedule:slow' AND state = 'available';

-- who sees what: all see when, the role sees with what
CREATE ROLE schedule_other;
GRANT estate_operator TO schedule_other;
SET ROLE schedule_other;
SELECT name, cron, time_zone, handler, cardinality(next_ticks) AS next, args FROM estate.schedule_status ORDER BY name;
SELECT estate.enqueue_tick('slow', '0 3 * * *', 'UTC', 'train', '{}') IS NULL AS a_schedule_of_ones_own;
RESET ROLE;
SELECT name, role, cron, args FROM estate.schedule_status ORDER BY name, cron;
DELETE FROM estate_internal.schedule;
REVOKE estate_operator FROM schedule_other;
DROP ROLE schedule_other;
