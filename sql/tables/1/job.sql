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

-- Jobs to be run at once, without a unique key: lanes of priority, each a ring of three plain heaps without an index.
-- They are taken page by page and deleted when done; an emptied heap is truncated, so nothing here needs a vacuum.
DO $$
BEGIN
	FOR lane IN 0..2 LOOP
		FOR segment IN 0..2 LOOP
			EXECUTE format('CREATE TABLE estate_internal.job_ready_%s_%s (
				id				bigint NOT NULL,
				handler			text NOT NULL,
				queue			text NOT NULL,
				priority		smallint NOT NULL,
				max_attempts	int NOT NULL,
				role			regrole NOT NULL,
				enqueued_at		timestamptz NOT NULL,
				args			jsonb NOT NULL
			) USING heap WITH (autovacuum_enabled = off, toast.autovacuum_enabled = off)', lane, segment);
			EXECUTE format('COMMENT ON TABLE estate_internal.job_ready_%s_%s IS %L', lane, segment,
				'Jobs that can run now, ' || (ARRAY['urgent', 'normal', 'in the background'])[lane + 1] || '; read them through estate.job');
		END LOOP;
	END LOOP;
END
$$;
CREATE VIEW estate_internal.job_ready AS
	SELECT * FROM estate_internal.job_ready_0_0 UNION ALL SELECT * FROM estate_internal.job_ready_0_1 UNION ALL
	SELECT * FROM estate_internal.job_ready_0_2 UNION ALL SELECT * FROM estate_internal.job_ready_1_0 UNION ALL
	SELECT * FROM estate_internal.job_ready_1_1 UNION ALL SELECT * FROM estate_internal.job_ready_1_2 UNION ALL
	SELECT * FROM estate_internal.job_ready_2_0 UNION ALL SELECT * FROM estate_internal.job_ready_2_1 UNION ALL
	SELECT * FROM estate_internal.job_ready_2_2;
COMMENT ON VIEW estate_internal.job_ready IS 'All lanes of jobs that can run now';
CREATE VIEW estate_internal.job_waiting AS
	SELECT id FROM estate_internal.job_open UNION ALL SELECT id FROM estate_internal.job_ready;
COMMENT ON VIEW estate_internal.job_waiting IS 'All jobs that have not ended';

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
	effect_key		uuid,
	unique_key		text,
	enqueued_at		timestamptz NOT NULL,
	ended_at		timestamptz NOT NULL,
	args			jsonb NOT NULL,
	errors			jsonb NOT NULL
);
-- ids and times come nearly in order: a summary of each block range finds them, and costs next to nothing to keep
CREATE INDEX job_ended_id_idx ON estate_internal.job_ended USING brin (id int8_minmax_multi_ops) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX job_ended_at_idx ON estate_internal.job_ended USING brin (ended_at) WITH (pages_per_range = 32, autosummarize = on);
COMMENT ON TABLE estate_internal.job_ended IS 'Jobs that are ended; read them through estate.job';
