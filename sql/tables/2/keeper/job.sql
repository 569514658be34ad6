-- Step 2, job.

-- A unique key is held while its job waits, whatever `until` says, and knows of which handler it is; see src/job/unique.c. Of the
-- keys that were taken before, those for an interval were not held, and the handlers are not known: ''.
ALTER TABLE estate_internal.job_unique ADD COLUMN IF NOT EXISTS handler text NOT NULL DEFAULT '',
	ADD COLUMN IF NOT EXISTS held bool NOT NULL DEFAULT true;
UPDATE estate_internal.job_unique SET held = false WHERE handler = '' AND until IS NOT NULL;
ALTER TABLE estate_internal.job_unique ALTER handler DROP DEFAULT, ALTER held DROP DEFAULT;
