-- Step 2, installation: which server the workers were enabled on. A physical copy has the same
-- system identifier; see src/enable.c.

ALTER TABLE estate_internal.installation
	ADD COLUMN IF NOT EXISTS data_directory text,
	ADD COLUMN IF NOT EXISTS port int,
	ADD COLUMN IF NOT EXISTS cluster_name text;
