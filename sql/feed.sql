-- feed: markets, feeds and their runs

CREATE FUNCTION estate.create_market(name text, currency text DEFAULT 'USD', area_unit text DEFAULT 'sqft', time_zone text DEFAULT 'UTC') RETURNS int
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	id int;
BEGIN
	PERFORM estate.check_tables();
	IF NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = time_zone) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('there is no time zone "%s"', time_zone),
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
	INSERT INTO estate.market AS m (name, currency, area_unit, time_zone)
		VALUES (create_market.name, create_market.currency, create_market.area_unit, create_market.time_zone)
		RETURNING market_id INTO id;
	RETURN id;
EXCEPTION WHEN unique_violation THEN
	RAISE EXCEPTION USING
		ERRCODE = 'duplicate_object',
		MESSAGE = format('there is a market "%s" already', create_market.name);
END
$$;
COMMENT ON FUNCTION estate.create_market(text, text, text, text) IS
'Makes a market: currency as in ISO 4217, area_unit sqft or sqm for records that name none, time_zone for timestamps without one. Returns its id';

CREATE FUNCTION estate.check_feed(preset text, mapping jsonb, url text, server text, options jsonb) RETURNS text
	AS 'MODULE_PATHNAME', 'estate_check_feed' LANGUAGE C;
COMMENT ON FUNCTION estate.check_feed(text, jsonb, text, text, jsonb) IS
'Raises an error when such a feed cannot work; else tells what its mapping fills, as far as is known without looking at the source';

CREATE FUNCTION estate.check_feed_options(options jsonb) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known CONSTANT jsonb := '{"delimiter": "string", "quote": "string", "encoding": "string", "header": "boolean",
		"media_target": "string", "conditional": "boolean", "source_system": "string"}';
	pair record;
BEGIN
	IF jsonb_typeof(options) IS DISTINCT FROM 'object' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the options of a feed must be a JSON object';
	END IF;
	FOR pair IN SELECT * FROM jsonb_each(options) LOOP
		IF known -> pair.key IS NULL THEN
			RAISE EXCEPTION USING
				ERRCODE = 'invalid_parameter_value',
				MESSAGE = format('a feed has no option "%s"', pair.key),
				HINT = 'Options are ' || (SELECT string_agg(k, ', ' ORDER BY k) FROM jsonb_object_keys(known) k) || '.';
		ELSIF jsonb_typeof(pair.value) <> known ->> pair.key THEN
			RAISE EXCEPTION USING
				ERRCODE = 'invalid_parameter_value',
				MESSAGE = format('option "%s" of a feed must be a %s', pair.key, known ->> pair.key);
		END IF;
	END LOOP;
	IF options ? 'media_target' AND NOT EXISTS (SELECT FROM pg_foreign_server WHERE srvname = options ->> 'media_target') THEN
		RAISE EXCEPTION USING
			ERRCODE = 'undefined_object',
			MESSAGE = format('server "%s" does not exist', options ->> 'media_target'),
			HINT = format('CREATE SERVER %I FOREIGN DATA WRAPPER estate_target OPTIONS (kind ''folder'', url ''file:///path'');', options ->> 'media_target');
	END IF;
END
$$;
COMMENT ON FUNCTION estate.check_feed_options(jsonb) IS 'Raises an error when an option of a feed is unknown or of the wrong type';

CREATE FUNCTION estate.create_feed(name text, url text DEFAULT NULL, preset text DEFAULT 'reso', market text DEFAULT NULL,
		mapping jsonb DEFAULT NULL, server text DEFAULT NULL, every interval DEFAULT NULL, options jsonb DEFAULT '{}') RETURNS int
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	id int;
	market_of_feed int;
	mapped text;
BEGIN
	PERFORM estate.check_tables();
	IF market IS NULL AND (SELECT count(*) FROM estate.market) > 1 THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'there are several markets, and the feed does not name one',
			HINT = 'SELECT estate.create_feed(.., market => ..), with one of: ' || (SELECT string_agg(m.name, ', ' ORDER BY m.name) FROM estate.market m);
	END IF;
	SELECT m.market_id INTO market_of_feed FROM estate.market m WHERE market IS NULL OR m.name = market;
	IF market_of_feed IS NULL THEN
		RAISE EXCEPTION USING
			ERRCODE = 'undefined_object',
			MESSAGE = CASE WHEN market IS NULL THEN 'there is no market yet' ELSE format('there is no market "%s"', market) END,
			HINT = format('SELECT estate.create_market(%L);', coalesce(market, 'my market'));
	END IF;
	PERFORM estate.check_feed_options(options);
	mapped := estate.check_feed(preset, mapping, url, server, options);
	INSERT INTO estate.feed AS f (name, market_id, source_system, preset, url, server, mapping, every, options, owner)
		VALUES (create_feed.name, market_of_feed, coalesce(create_feed.options ->> 'source_system', create_feed.name), create_feed.preset,
			create_feed.url, create_feed.server, create_feed.mapping, create_feed.every, create_feed.options, current_user::regrole)
		RETURNING feed_id INTO id;
	INSERT INTO estate_internal.feed_cursor (feed_id) VALUES (id);
	IF mapping IS NULL THEN
		RAISE NOTICE USING
			MESSAGE = format('feed "%s": fields are mapped by their names', create_feed.name),
			HINT = CASE WHEN url IS NOT NULL THEN format('SELECT * FROM estate.preview_feed(%L); shows what becomes of them.', create_feed.name)
				ELSE format('SELECT * FROM estate.push_feed(%L, body); fills it.', create_feed.name) END;
	ELSE
		RAISE NOTICE USING MESSAGE = format('feed "%s": %s', create_feed.name, mapped), DETAIL = 'All other fields are kept in extra.';
	END IF;
	IF every IS NOT NULL AND url IS NOT NULL THEN
		PERFORM estate.request_run(create_feed.name);
	END IF;
	RETURN id;
EXCEPTION WHEN unique_violation THEN
	RAISE EXCEPTION USING
		ERRCODE = 'duplicate_object',
		MESSAGE = format('there is a feed "%s" already', create_feed.name),
		HINT = format('SELECT estate.alter_feed(%L, ..);', create_feed.name);
END
$$;
COMMENT ON FUNCTION estate.create_feed(text, text, text, text, jsonb, text, interval, jsonb) IS
'Makes a feed. url: http, https, or a file of the server; preset: reso (OData JSON) or csv; mapping: target column -> source, NULL by names and synonyms; '
'server: whose user mapping holds the bearer token; every: run by the workers this often; '
'options: delimiter, quote, encoding, header, media_target (server that photos are copied to), conditional (ask only for what is newer), source_system. Returns its id';

CREATE FUNCTION estate.alter_feed(name text, url text DEFAULT NULL, mapping jsonb DEFAULT NULL, server text DEFAULT NULL,
		every interval DEFAULT NULL, options jsonb DEFAULT NULL) RETURNS int
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	present record;
BEGIN
	PERFORM estate.check_tables();
	SELECT * INTO present FROM estate.feed f WHERE f.name = alter_feed.name FOR UPDATE;
	IF present IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('there is no feed "%s"', alter_feed.name), HINT = 'SELECT name FROM estate.feed;';
	END IF;
	PERFORM estate.check_feed_options(coalesce(alter_feed.options, present.options));
	PERFORM estate.check_feed(present.preset, coalesce(alter_feed.mapping, present.mapping), coalesce(alter_feed.url, present.url),
		coalesce(alter_feed.server, present.server), coalesce(alter_feed.options, present.options));
	UPDATE estate.feed f SET url = coalesce(alter_feed.url, f.url), mapping = coalesce(alter_feed.mapping, f.mapping),
			server = coalesce(alter_feed.server, f.server), every = coalesce(alter_feed.every, f.every),
			options = coalesce(alter_feed.options, f.options)
		WHERE f.feed_id = present.feed_id;
	IF alter_feed.url IS DISTINCT FROM present.url AND alter_feed.url IS NOT NULL THEN
		-- another address: its pages and its watermark are its own
		UPDATE estate_internal.feed_cursor c SET next_url = NULL, watermark = NULL, pending_watermark = NULL, etag = NULL, last_modified = NULL
			WHERE c.feed_id = present.feed_id;
	END IF;
	IF coalesce(alter_feed.every, present.every) IS NOT NULL AND NOT present.paused AND coalesce(alter_feed.url, present.url) IS NOT NULL THEN
		PERFORM estate.request_run(alter_feed.name);
	END IF;
	RETURN present.feed_id;
END
$$;
COMMENT ON FUNCTION estate.alter_feed(text, text, jsonb, text, interval, jsonb) IS
'Changes what is not NULL of a feed; options are replaced as a whole. A new url begins from the start. Returns the feed''s id';

CREATE FUNCTION estate.pause_feed(name text) RETURNS bool
	LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	was bool;
BEGIN
	PERFORM estate.check_tables();
	SELECT f.paused INTO was FROM estate.feed f WHERE f.name = pause_feed.name;
	IF was IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('there is no feed "%s"', pause_feed.name), HINT = 'SELECT name FROM estate.feed;';
	END IF;
	UPDATE estate.feed f SET paused = true WHERE f.name = pause_feed.name AND NOT f.paused;
	RETURN NOT was;
END
$$;
COMMENT ON FUNCTION estate.pause_feed(text) IS 'Keeps a feed from being run; a run in progress ends by itself. Tells whether it was not paused before';

CREATE FUNCTION estate.resume_feed(name text) RETURNS bool
	LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	present record;
BEGIN
	PERFORM estate.check_tables();
	SELECT f.paused, f.every, f.url INTO present FROM estate.feed f WHERE f.name = resume_feed.name;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('there is no feed "%s"', resume_feed.name), HINT = 'SELECT name FROM estate.feed;';
	END IF;
	UPDATE estate.feed f SET paused = false WHERE f.name = resume_feed.name AND f.paused;
	IF present.paused AND present.every IS NOT NULL AND present.url IS NOT NULL THEN
		PERFORM estate.request_run(resume_feed.name);
	END IF;
	RETURN present.paused;
END
$$;
COMMENT ON FUNCTION estate.resume_feed(text) IS 'Lets a paused feed run again, at once if it has an interval. Tells whether it was paused';

CREATE FUNCTION estate.hold_feed(name text) RETURNS int
	AS 'MODULE_PATHNAME', 'estate_hold_feed' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.hold_feed(text) IS
'Keeps a feed from being run until the end of the transaction, and refuses when it is being run; returns its id';

CREATE FUNCTION estate.drop_feed(name text, purge bool DEFAULT false) RETURNS bigint
	LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	gone record;
	purged bigint := 0;
BEGIN
	PERFORM estate.hold_feed(drop_feed.name);
	DELETE FROM estate.feed f WHERE f.name = drop_feed.name RETURNING f.feed_id, f.market_id INTO gone;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('there is no feed "%s"', drop_feed.name), HINT = 'SELECT name FROM estate.feed;';
	END IF;
	IF purge THEN
		DELETE FROM estate.listing l WHERE l.market_id = gone.market_id AND l.feed_id = gone.feed_id;
		GET DIAGNOSTICS purged = ROW_COUNT;
		DELETE FROM estate.property p WHERE p.market_id = gone.market_id
			AND NOT EXISTS (SELECT FROM estate.listing l WHERE l.market_id = p.market_id AND l.property = p.id)
			AND NOT EXISTS (SELECT FROM estate.sale_record s WHERE s.market_id = p.market_id AND s.property = p.id);
	END IF;
	RETURN purged;
END
$$;
COMMENT ON FUNCTION estate.drop_feed(text, bool) IS
'Drops a feed with its runs and rejects; its listings stay, or with purge => true go too, with photos, changes and estimates (files already copied to a target stay). Returns how many listings went';

CREATE FUNCTION estate.request_run(name text) RETURNS bigint
	AS 'MODULE_PATHNAME', 'estate_request_run' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.request_run(text) IS 'Has the workers run a feed as soon as can be; returns the job. Its next run is brought forward';

CREATE PROCEDURE estate.run_feed(name text, INOUT run_id bigint DEFAULT NULL, INOUT outcome text DEFAULT NULL, INOUT pages int DEFAULT NULL,
		INOUT seen bigint DEFAULT NULL, INOUT inserted bigint DEFAULT NULL, INOUT updated bigint DEFAULT NULL,
		INOUT unchanged bigint DEFAULT NULL, INOUT deleted bigint DEFAULT NULL, INOUT rejected bigint DEFAULT NULL,
		INOUT bytes bigint DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'estate_run_feed' LANGUAGE C;
COMMENT ON PROCEDURE estate.run_feed(text, bigint, text, int, bigint, bigint, bigint, bigint, bigint, bigint, bigint) IS
'Runs a feed here and now, with a commit for each page; prints the run''s row';

CREATE FUNCTION estate.push_feed(name text, body text, OUT run_id bigint, OUT outcome text, OUT pages int, OUT seen bigint,
		OUT inserted bigint, OUT updated bigint, OUT unchanged bigint, OUT deleted bigint, OUT rejected bigint, OUT bytes bigint)
	AS 'MODULE_PATHNAME', 'estate_push_feed' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.push_feed(text, text) IS
'Applies a text as if the feed''s source had delivered it, in this transaction; returns the run''s row';

CREATE FUNCTION estate.preview_feed(name text, n int DEFAULT 5, OUT record int, OUT target text, OUT value text, OUT problem text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'estate_preview_feed' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.preview_feed(text, int) IS
'What would become of the first n records of a feed''s source: a row for each column that is filled, or the reason why the record would be rejected. Writes nothing';

CREATE FUNCTION estate.suggest_mapping(name text) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'estate_suggest_mapping' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate.suggest_mapping(text) IS
'The mapping that NULL stands for, from the fields that the feed''s source has: a start for one''s own';

CREATE FUNCTION estate.replay_rejects(name text) RETURNS bigint
	LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	feed record;
	bodies text;
	open_before bigint;
BEGIN
	PERFORM estate.check_tables();
	SELECT f.feed_id, f.preset, c.header INTO feed
		FROM estate.feed f JOIN estate_internal.feed_cursor c USING (feed_id) WHERE f.name = replay_rejects.name;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('there is no feed "%s"', replay_rejects.name), HINT = 'SELECT name FROM estate.feed;';
	END IF;
	SELECT count(*), CASE feed.preset WHEN 'csv' THEN concat_ws(E'\n', feed.header, string_agg(r.raw, E'\n' ORDER BY r.reject_id))
			ELSE '[' || string_agg(r.raw, ',' ORDER BY r.reject_id) || ']' END
		INTO open_before, bodies FROM estate.feed_reject r
		-- of these the text is not the record any more
		WHERE r.feed_id = feed.feed_id AND r.resolved_at IS NULL AND r.reason_code NOT IN ('bad_encoding', 'malformed', 'too_large');
	IF open_before = 0 THEN
		RETURN 0;
	END IF;
	PERFORM estate.push_feed(replay_rejects.name, bodies);
	RETURN open_before - (SELECT count(*) FROM estate.feed_reject r
		WHERE r.feed_id = feed.feed_id AND r.resolved_at IS NULL AND r.reason_code NOT IN ('bad_encoding', 'malformed', 'too_large'));
END
$$;
COMMENT ON FUNCTION estate.replay_rejects(text) IS
'Tries the rejected records of a feed again, with its present mapping; returns how many are settled now';

GRANT EXECUTE ON FUNCTION estate.create_market(text, text, text, text), estate.check_feed(text, jsonb, text, text, jsonb),
	estate.check_feed_options(jsonb), estate.create_feed(text, text, text, text, jsonb, text, interval, jsonb),
	estate.alter_feed(text, text, jsonb, text, interval, jsonb), estate.drop_feed(text, bool), estate.hold_feed(text) TO estate_admin;
GRANT EXECUTE ON FUNCTION estate.pause_feed(text), estate.resume_feed(text), estate.request_run(text), estate.push_feed(text, text),
	estate.preview_feed(text, int), estate.suggest_mapping(text), estate.replay_rejects(text) TO estate_operator, estate_admin;
GRANT EXECUTE ON PROCEDURE estate.run_feed(text, bigint, text, int, bigint, bigint, bigint, bigint, bigint, bigint, bigint) TO estate_operator, estate_admin;
