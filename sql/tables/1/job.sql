-- Step 1, job: work to do later. Local to one node, no foreign key to facts.
-- A job is one row: in job_ready while it can run now, in job_open while it waits for something, then in job_ended.

CREATE SEQUENCE estate_internal.job_id_seq CACHE 32;
-- who has leased a job later has the greater token: no cache
CREATE SEQUENCE estate_internal.job_lease_seq;

CREATE TABLE estate_internal.queue (
	number				smallint PRIMARY KEY CHECK (number BETWEEN 0 AND 63),
	name				text NOT NULL UNIQUE CHECK (octet_length(name) BETWEEN 1 AND 63),
	paused				bool NOT NULL DEFAULT false,
	concurrency			int CHECK (concurrency > 0),
	concurrency_local	int CHECK (concurrency_local > 0),
	key					text CHECK (octet_length(key) BETWEEN 1 AND 127),
	concurrency_by_key	int CHECK (concurrency_by_key > 0),
	rate				int CHECK (rate > 0),
	rate_by_key			int CHECK (rate_by_key > 0),
	rate_period			interval NOT NULL DEFAULT '1 second' CHECK (rate_period >= '1 millisecond'),
	timeout				interval CHECK (timeout > '0'),
	keep				varchar(6) NOT NULL DEFAULT 'all' CHECK (keep IN ('all', 'failed', 'none')),
	keep_for			interval DEFAULT '7 days' CHECK (keep_for > '0'),
	keep_most			bigint CHECK (keep_most >= 0)
);
COMMENT ON TABLE estate_internal.queue IS 'Queues that were created, with their limits; read them through estate.queue_status';
INSERT INTO estate_internal.queue (number, name) VALUES (0, 'default');

-- Jobs that can run now: a heap for each queue, lane of priority and segment of its ring, all children of this table, which
-- itself stays empty. They have no index; they are taken page by page, a row is deleted when its job is done, and an emptied
-- heap is truncated, so nothing here needs a vacuum. The other two tables begin with the same columns, see src/job/record.h.
CREATE TABLE estate_internal.job_ready (
	id				bigint NOT NULL,
	handler			text NOT NULL,
	queue			text NOT NULL,
	priority		smallint NOT NULL,
	max_attempts	int NOT NULL,
	role			regrole NOT NULL,
	enqueued_at		timestamptz NOT NULL,
	args			jsonb NOT NULL,
	run_at			timestamptz,
	attempt			int,
	effect_key		uuid,
	unique_key		text,
	unique_until	text,
	timeout			interval,
	backoff			interval[],
	tags			text[],
	errors			jsonb,
	alone			bool,
	waited			smallint
);
COMMENT ON TABLE estate_internal.job_ready IS 'Jobs that can run now; read them through estate.job';
DO $$
BEGIN
	FOR lane IN 0..2 LOOP
		FOR segment IN 0..2 LOOP
			EXECUTE format('CREATE TABLE estate_internal.job_ready_0_%s_%s () INHERITS (estate_internal.job_ready)
				USING heap WITH (autovacuum_enabled = off, toast.autovacuum_enabled = off)', lane, segment);
		END LOOP;
	END LOOP;
END
$$;

-- done_by: s an SQL function, n the network, x a client that has fetched it or will
CREATE TABLE estate_internal.job_open (
	LIKE estate_internal.job_ready,
	done_by			"char" NOT NULL CHECK (done_by IN ('s', 'n', 'x')),
	waits_for		varchar(4) NOT NULL CHECK (waits_for IN ('time', 'key', 'jobs')),
	held_key		text,
	blockers		int,
	lease_token		bigint,
	leased_until	timestamptz,
	leased_to		text,
	PRIMARY KEY (id)
);
ALTER TABLE estate_internal.job_open ALTER run_at SET NOT NULL, ALTER attempt SET NOT NULL, ALTER attempt SET DEFAULT 0;
CREATE INDEX job_open_due_idx ON estate_internal.job_open (run_at, id) WHERE done_by = 's' AND waits_for = 'time';
CREATE INDEX job_open_network_idx ON estate_internal.job_open (priority, run_at, id) WHERE done_by = 'n' AND waits_for = 'time';
CREATE INDEX job_open_network_due_idx ON estate_internal.job_open (run_at) WHERE done_by = 'n' AND waits_for = 'time';
CREATE INDEX job_open_key_idx ON estate_internal.job_open (queue, held_key, id) WHERE waits_for = 'key' AND done_by <> 'x';
CREATE INDEX job_open_outside_idx ON estate_internal.job_open (queue, priority, run_at, id)
	WHERE done_by = 'x' AND waits_for = 'time' AND leased_until IS NULL;
CREATE INDEX job_open_outside_key_idx ON estate_internal.job_open (queue, held_key, id) WHERE waits_for = 'key' AND done_by = 'x';
CREATE INDEX job_open_leased_idx ON estate_internal.job_open (queue, leased_until) WHERE leased_until IS NOT NULL;
COMMENT ON TABLE estate_internal.job_open IS 'Jobs that wait for a time, a limit or other jobs, those of the network and those of other programs; read them through estate.job';

CREATE VIEW estate_internal.job_waiting AS
	SELECT id FROM estate_internal.job_open UNION ALL SELECT id FROM estate_internal.job_ready;
COMMENT ON VIEW estate_internal.job_waiting IS 'All jobs that have not ended';

-- Who has a unique key: the job that was enqueued with it, until that has started or ended, or until a time
CREATE TABLE estate_internal.job_unique (
	unique_key		text,
	role			regrole,
	job				bigint NOT NULL,
	until			timestamptz,
	PRIMARY KEY (unique_key, role)
);
CREATE INDEX job_unique_until_idx ON estate_internal.job_unique (until) WHERE until IS NOT NULL;
COMMENT ON TABLE estate_internal.job_unique IS 'Unique keys that are taken';

-- Jobs that were to be cancelled while they were being run, until they have ended
CREATE TABLE estate_internal.job_cancel (job bigint PRIMARY KEY);
COMMENT ON TABLE estate_internal.job_cancel IS 'Jobs that are to be cancelled';

-- A row: the job waits until the blocker is done, or with when_ended has ended in any way. unsure: see src/job/depend.c
CREATE TABLE estate_internal.job_dependency (
	blocker			bigint,
	job				bigint,
	when_ended		bool NOT NULL,
	unsure			bool NOT NULL,
	PRIMARY KEY (blocker, job)
);
CREATE INDEX job_dependency_job_idx ON estate_internal.job_dependency (job);
CREATE INDEX job_dependency_unsure_idx ON estate_internal.job_dependency (blocker) WHERE unsure;
COMMENT ON TABLE estate_internal.job_dependency IS 'Which jobs wait for which';

CREATE TABLE estate_internal.job_ended (
	LIKE estate_internal.job_ready,
	done_by			"char" NOT NULL,
	state			varchar(10) NOT NULL CHECK (state IN ('done', 'dead', 'cancelled')),
	ended_at		timestamptz NOT NULL,
	result			jsonb
);
COMMENT ON TABLE estate_internal.job_ended IS 'Jobs that have ended; read them through estate.job';
-- It stays empty, too: the history is its children, filled one after the other, and dropped when all in them has expired;
-- src/job/history_tidy.c makes those that follow, like this one, and their indexes once they are not written any more.
CREATE TABLE estate_internal.job_ended_0 () INHERITS (estate_internal.job_ended) USING heap;
COMMENT ON TABLE estate_internal.job_ended_0 IS 'A part of the history of jobs';
