-- Step 1, job: work to do later. Local to one node, no foreign key to facts.
-- A row of job_open is a job that is not ended; the transaction that ends it moves it to job_ended.

CREATE SEQUENCE estate_internal.job_id_seq CACHE 32;

CREATE TABLE estate_internal.job_open (
	id				bigint PRIMARY KEY,
	handler			text NOT NULL,
	network			bool NOT NULL,
	queue			text NOT NULL,
	priority		smallint NOT NULL,
	run_at			timestamptz NOT NULL,
	attempt			int NOT NULL DEFAULT 0,
	max_attempts	int NOT NULL,
	role			regrole NOT NULL,
	effect_key		uuid NOT NULL,
	unique_key		text,
	enqueued_at		timestamptz NOT NULL,
	args			jsonb NOT NULL,
	errors			jsonb NOT NULL DEFAULT '[]'
);
CREATE INDEX job_open_due_idx ON estate_internal.job_open (network, priority, run_at, id);
CREATE INDEX job_open_run_at_idx ON estate_internal.job_open (network, run_at);
CREATE UNIQUE INDEX job_open_unique_idx ON estate_internal.job_open (unique_key, role) WHERE unique_key IS NOT NULL;
COMMENT ON TABLE estate_internal.job_open IS 'Jobs that are not ended; read them through estate.job';

CREATE TABLE estate_internal.job_ended (
	id				bigint NOT NULL,
	state			varchar(10) NOT NULL CHECK (state IN ('done', 'dead', 'cancelled')),
	handler			text NOT NULL,
	network			bool NOT NULL,
	queue			text NOT NULL,
	priority		smallint NOT NULL,
	run_at			timestamptz NOT NULL,
	attempt			int NOT NULL,
	max_attempts	int NOT NULL,
	role			regrole NOT NULL,
	effect_key		uuid NOT NULL,
	unique_key		text,
	enqueued_at		timestamptz NOT NULL,
	ended_at		timestamptz NOT NULL,
	args			jsonb NOT NULL,
	errors			jsonb NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX job_ended_at_idx ON estate_internal.job_ended (ended_at);
COMMENT ON TABLE estate_internal.job_ended IS 'Jobs that are ended; read them through estate.job';
