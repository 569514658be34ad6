-- Step 2, job.

-- Whose commit has to be on disk: jobs of the queue, or the job. The last column of each table, see
-- src/job/record.h.
ALTER TABLE estate_internal.queue ADD COLUMN IF NOT EXISTS durable bool NOT NULL DEFAULT false;
ALTER TABLE estate_internal.job_ready ADD COLUMN IF NOT EXISTS durable bool;
ALTER TABLE estate_internal.job_open ADD COLUMN IF NOT EXISTS durable bool;
ALTER TABLE estate_internal.job_ended ADD COLUMN IF NOT EXISTS durable bool;

-- Schedules: jobs by the calendar, of a role.
-- decided: nothing is left to do for ticks until then, see src/job/schedule.c
CREATE TABLE IF NOT EXISTS estate_internal.schedule (
	role			regrole,
	name			text CHECK (octet_length(name) BETWEEN 1 AND 256),
	cron			text NOT NULL,
	time_zone		text NOT NULL,
	handler			text NOT NULL,
	args			jsonb NOT NULL,
	catch_up		interval NOT NULL,
	decided			timestamptz NOT NULL,
	last_tick		timestamptz,
	last_job		bigint,
	PRIMARY KEY (role, name)
);
COMMENT ON TABLE estate_internal.schedule IS
'Jobs by the calendar; read them through estate.schedule_status';

-- A unique key is held while its job waits, whatever `until` says, and knows of which handler it
-- is; see src/job/unique.c. Of the keys that were taken before, those for an interval were not
-- held, and the handlers are not known: ''.
ALTER TABLE estate_internal.job_unique ADD COLUMN IF NOT EXISTS handler text NOT NULL DEFAULT '',
	ADD COLUMN IF NOT EXISTS held bool NOT NULL DEFAULT true;
UPDATE estate_internal.job_unique SET held = false WHERE handler = '' AND until IS NOT NULL;
ALTER TABLE estate_internal.job_unique ALTER handler DROP DEFAULT, ALTER held DROP DEFAULT;
