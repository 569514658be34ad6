-- feed: markets, feeds and their runs
-- What is written in SQL here touches no table: whoever calls it, perhaps a superuser, must not run
-- the triggers and rules that others have put on them.

CREATE FUNCTION estate_code.store_market(name text, currency text, area_unit text, time_zone text)
		RETURNS int
	AS 'MODULE_PATHNAME', 'estate_store_market' LANGUAGE C;
COMMENT ON FUNCTION estate_code.store_market(text, text, text, text) IS
'What create_market() does when it has checked its arguments';

CREATE FUNCTION estate.create_market(name text, currency text DEFAULT 'USD',
		area_unit text DEFAULT 'sqft', time_zone text DEFAULT 'UTC') RETURNS int
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM estate.check_tables();
	IF NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = time_zone) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('time zone "%s" not recognized', time_zone),
			HINT = 'SELECT name FROM pg_timezone_names;';
	END IF;
	IF area_unit NOT IN ('sqft', 'sqm') THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('"%s" is not a unit of area', area_unit),
			HINT = 'It is sqft or sqm.';
	END IF;
	IF currency !~ '^[A-Z]{3}$' THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('"%s" is not a currency code of ISO 4217', currency),
			HINT = 'It has three capital letters, such as USD or EUR.';
	END IF;
	RETURN estate_code.store_market(name, currency, area_unit, time_zone);
EXCEPTION WHEN unique_violation THEN
	RAISE EXCEPTION USING
		ERRCODE = 'duplicate_object',
		MESSAGE = format('market "%s" already exists', create_market.name);
END
$$;
COMMENT ON FUNCTION estate.create_market(text, text, text, text) IS
'Makes a market: currency as in ISO 4217, area_unit sqft or sqm for records that name none, '
'time_zone for timestamps without one. Returns its id';

CREATE FUNCTION estate_code.check_feed(preset text, mapping jsonb, url text, server text,
		options jsonb) RETURNS text
	AS 'MODULE_PATHNAME', 'estate_check_feed' LANGUAGE C;
COMMENT ON FUNCTION estate_code.check_feed(text, jsonb, text, text, jsonb) IS
'Raises an error when such a feed cannot work; else tells what its mapping fills, as far as is '
'known without looking at the source';

CREATE FUNCTION estate_code.check_feed_options(options jsonb) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known CONSTANT jsonb := '{"delimiter": "string", "quote": "string", "encoding": "string",
		"header": "boolean", "media_target": "string", "conditional": "boolean",
		"source_system": "string", "strict": "boolean",
		"nothing": "array", "date_order": "string", "key": "string"}';
	pair record;
BEGIN
	IF jsonb_typeof(options) IS DISTINCT FROM 'object' THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'the options of a feed must be a JSON object';
	END IF;
	FOR pair IN SELECT * FROM jsonb_each(options) LOOP
		IF known -> pair.key IS NULL THEN
			RAISE EXCEPTION USING
				ERRCODE = 'invalid_parameter_value',
				MESSAGE = format('unrecognized feed option "%s"', pair.key),
				HINT = format('Options are %s.',
					(SELECT string_agg(k, ', ' ORDER BY k) FROM jsonb_object_keys(known) k));
		ELSIF jsonb_typeof(pair.value) <> known ->> pair.key THEN
			RAISE EXCEPTION USING
				ERRCODE = 'invalid_parameter_value',
				MESSAGE = format('option "%s" of a feed must be a %s',
					pair.key, known ->> pair.key);
		END IF;
	END LOOP;
	IF options ? 'media_target' AND NOT EXISTS (SELECT FROM pg_foreign_server
		WHERE srvname = options ->> 'media_target') THEN
		RAISE EXCEPTION USING
			ERRCODE = 'undefined_object',
			MESSAGE = format('server "%s" does not exist', options ->> 'media_target'),
			HINT = format('CREATE SERVER %I FOREIGN DATA WRAPPER estate_target '
				'OPTIONS (kind ''folder'', url ''file:///path'');', options ->> 'media_target');
	END IF;
END
$$;
COMMENT ON FUNCTION estate_code.check_feed_options(jsonb) IS
'Raises an error when an option of a feed is unknown or of the wrong type';

CREATE FUNCTION estate_code.store_feed(name text, market text, preset text, url text, server text,
		mapping jsonb, every interval, options jsonb) RETURNS int
	AS 'MODULE_PATHNAME', 'estate_store_feed' LANGUAGE C;
COMMENT ON FUNCTION estate_code.store_feed(text, text, text, text, text, jsonb, interval, jsonb) IS
'What create_feed() does when it has checked its options';

CREATE FUNCTION estate_code.change_feed(name text, url text, mapping jsonb, server text,
		every interval, options jsonb) RETURNS int
	AS 'MODULE_PATHNAME', 'estate_change_feed' LANGUAGE C;
COMMENT ON FUNCTION estate_code.change_feed(text, text, jsonb, text, interval, jsonb) IS
'What alter_feed() does when it has checked its options';

CREATE FUNCTION estate.create_feed(name text, url text DEFAULT NULL, preset text DEFAULT 'reso',
		market text DEFAULT NULL, mapping jsonb DEFAULT NULL, server text DEFAULT NULL,
		every interval DEFAULT NULL, options jsonb DEFAULT '{}', key text DEFAULT NULL) RETURNS int
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	id int;
	mapped text;
BEGIN
	PERFORM estate.check_tables();
	IF name IS NULL THEN
		RAISE EXCEPTION USING
			ERRCODE = 'null_value_not_allowed',
			MESSAGE = 'the name of a feed must not be null';
	END IF;
	PERFORM estate_code.check_feed_options(options);
	IF key IS NOT NULL THEN
		options := options || jsonb_build_object('key', key);
	END IF;
	mapped := estate_code.check_feed(preset, mapping, url, server, options);
	id := estate_code.store_feed(name, market, preset, url, server, mapping, every, options);
	IF mapping IS NULL THEN
		RAISE NOTICE USING
			MESSAGE = format('feed "%s": fields are mapped by their names', create_feed.name),
			HINT = CASE WHEN url IS NOT NULL
				THEN format('SELECT * FROM estate.preview_feed(%L); shows what becomes of them.',
					create_feed.name)
				ELSE format('SELECT * FROM estate.push_feed(%L, body); fills it.', create_feed.name)
				END;
	ELSE
		RAISE NOTICE USING
			MESSAGE = format('feed "%s": %s', create_feed.name, mapped),
			DETAIL = 'All other fields are kept in extra.';
	END IF;
	IF every IS NOT NULL AND url IS NOT NULL THEN
		PERFORM estate.request_run(create_feed.name);
	END IF;
	RETURN id;
EXCEPTION WHEN unique_violation THEN
	RAISE EXCEPTION USING
		ERRCODE = 'duplicate_object',
		MESSAGE = format('feed "%s" already exists', create_feed.name),
		HINT = format('SELECT estate.alter_feed(%L, ..);', create_feed.name);
END
$$;
COMMENT ON FUNCTION
	estate.create_feed(text, text, text, text, jsonb, text, interval, jsonb, text) IS
'Makes a feed. url: http, https, or a file of the server; preset: reso (OData JSON) or csv; '
'mapping: target column -> source, NULL by names and synonyms; '
'server: whose user mapping holds the bearer token; every: run by the workers this often; '
'the feed is run with the rights of the caller, until somebody else alters it; '
'options: delimiter, quote, encoding, header, media_target (server that photos are copied to), '
'conditional (ask only for what is newer), source_system, '
'strict (what cannot be read rejects its record), nothing (texts that stand for no value), '
'date_order (DMY or MDY); '
'key: address or row, where no field of a record is its key. Returns its id';

CREATE FUNCTION estate.alter_feed(name text, url text DEFAULT NULL, mapping jsonb DEFAULT NULL,
		server text DEFAULT NULL, every interval DEFAULT NULL, options jsonb DEFAULT NULL)
		RETURNS int
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM estate.check_tables();
	IF options IS NOT NULL THEN
		PERFORM estate_code.check_feed_options(options);
	END IF;
	RETURN estate_code.change_feed(name, url, mapping, server, every, options);
END
$$;
COMMENT ON FUNCTION estate.alter_feed(text, text, jsonb, text, interval, jsonb) IS
'Changes what is not NULL of a feed; options are replaced as a whole. A new url begins from the '
'start. A feed has the rights of whoever created or altered it last: '
'from then on it is the caller''s, who must have the right to all of it. Returns the feed''s id';

CREATE FUNCTION estate.pause_feed(name text) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_pause_feed' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.pause_feed(text) IS
'Keeps a feed from being run; a run in progress ends by itself. Tells whether it was not paused '
'before';

CREATE FUNCTION estate.resume_feed(name text) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_resume_feed' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.resume_feed(text) IS
'Lets a paused feed run again, at once if it has an interval. Tells whether it was paused';

CREATE FUNCTION estate.drop_feed(name text, purge bool DEFAULT false) RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_drop_feed' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.drop_feed(text, bool) IS
'Drops a feed with its runs and rejects; its listings stay, or with purge => true go too, with '
'photos, changes and estimates (files already copied to a target stay). Returns how many listings '
'went';

CREATE FUNCTION estate.request_run(name text) RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_request_run' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.request_run(text) IS
'Has the workers run a feed as soon as can be; returns the job. Its next run is brought forward';

CREATE PROCEDURE estate.run_feed(name text, INOUT run_id bigint DEFAULT NULL,
		INOUT outcome text DEFAULT NULL, INOUT pages int DEFAULT NULL,
		INOUT seen bigint DEFAULT NULL, INOUT inserted bigint DEFAULT NULL,
		INOUT updated bigint DEFAULT NULL, INOUT unchanged bigint DEFAULT NULL,
		INOUT deleted bigint DEFAULT NULL, INOUT rejected bigint DEFAULT NULL,
		INOUT bytes bigint DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'estate_run_feed' LANGUAGE C;
COMMENT ON PROCEDURE estate.run_feed(text, bigint, text, int, bigint, bigint, bigint, bigint,
	bigint, bigint, bigint) IS
'Runs a feed here and now, with a commit for each page; prints the run''s row';

CREATE FUNCTION estate.push_feed(name text, body text, OUT run_id bigint, OUT outcome text,
		OUT pages int, OUT seen bigint, OUT inserted bigint, OUT updated bigint,
		OUT unchanged bigint, OUT deleted bigint, OUT rejected bigint, OUT bytes bigint)
	AS 'MODULE_PATHNAME', 'estate_push_feed' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.push_feed(text, text) IS
'Applies a text as if the feed''s source had delivered it, in this transaction; returns the '
'run''s row';

CREATE FUNCTION estate.preview_feed(name text, n int DEFAULT 5, OUT record int, OUT target text,
		OUT value text, OUT problem text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_preview_feed' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.preview_feed(text, int) IS
'What would become of the first n records of a feed''s source: a row for each column that is '
'filled, or the reason why the record would be rejected. Writes nothing';

CREATE FUNCTION estate.suggest_mapping(name text) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'estate_suggest_mapping' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.suggest_mapping(text) IS
'The mapping that NULL stands for, from the fields that the feed''s source has: a start for '
'one''s own';

CREATE FUNCTION estate.replay_rejects(name text) RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_replay_rejects' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.replay_rejects(text) IS
'Tries the rejected records of a feed again, with its present mapping; returns how many are '
'settled now';

GRANT EXECUTE ON FUNCTION
	estate.create_market(text, text, text, text),
	estate_code.store_market(text, text, text, text),
	estate_code.store_feed(text, text, text, text, text, jsonb, interval, jsonb),
	estate_code.change_feed(text, text, jsonb, text, interval, jsonb),
	estate_code.check_feed(text, jsonb, text, text, jsonb),
	estate_code.check_feed_options(jsonb),
	estate.create_feed(text, text, text, text, jsonb, text, interval, jsonb, text),
	estate.alter_feed(text, text, jsonb, text, interval, jsonb),
	estate.drop_feed(text, bool)
	TO estate_admin;
GRANT EXECUTE ON FUNCTION
	estate.pause_feed(text), estate.resume_feed(text), estate.request_run(text),
	estate.push_feed(text, text), estate.preview_feed(text, int), estate.suggest_mapping(text),
	estate.replay_rejects(text)
	TO estate_operator, estate_admin;
GRANT EXECUTE ON PROCEDURE estate.run_feed(text, bigint, text, int, bigint, bigint, bigint, bigint,
	bigint, bigint, bigint) TO estate_operator, estate_admin;
