-- schedules: jobs by the calendar

CREATE OR REPLACE VIEW estate.schedule_status AS
SELECT s.name, s.role, s.cron, s.time_zone, s.handler,
	ARRAY(SELECT estate.next_ticks(s.cron, s.time_zone, NULL, 5)) AS next_ticks,
	s.last_tick, s.last_job, s.catch_up,
	CASE WHEN estate.may_see_job_of(s.role) THEN s.args END AS args
FROM estate_internal.schedule s;
COMMENT ON VIEW estate.schedule_status IS 'Jobs by the calendar, and when they come next';
COMMENT ON COLUMN estate.schedule_status.name IS 'Name of the schedule';
COMMENT ON COLUMN estate.schedule_status.role IS
'Role that made it, and whose rights its jobs have';
COMMENT ON COLUMN estate.schedule_status.cron IS
'When it comes: minute, hour, day of the month, month, day of the week';
COMMENT ON COLUMN estate.schedule_status.time_zone IS 'Whose clock that is by';
COMMENT ON COLUMN estate.schedule_status.handler IS 'What its jobs call';
COMMENT ON COLUMN estate.schedule_status.next_ticks IS 'When it comes next, five times';
COMMENT ON COLUMN estate.schedule_status.last_tick IS 'When it came last';
COMMENT ON COLUMN estate.schedule_status.last_job IS
'The job of that tick; that of an earlier one, if that had not ended';
COMMENT ON COLUMN estate.schedule_status.catch_up IS
'How late a tick is made good that nobody saw in time';
COMMENT ON COLUMN estate.schedule_status.args IS
'What its handler is called with; NULL for others than members of the role and of estate_admin';
GRANT SELECT ON estate.schedule_status TO estate_operator;
