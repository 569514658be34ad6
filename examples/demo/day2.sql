-- The demo's next day: the feeds bring changes; a handler of our own is run for the price cuts
-- among them.

SET client_min_messages = warning;
\pset footer off
SET SESSION AUTHORIZATION keeper;
SET client_min_messages = warning;

-- a job's handler is a function; what it writes commits together with the job's end
CREATE TABLE public.price_cut (
	listing		bigint PRIMARY KEY,
	old_price	numeric(14,2) NOT NULL,
	new_price	numeric(14,2) NOT NULL
);
CREATE FUNCTION public.note_price_cuts(args jsonb) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	INSERT INTO public.price_cut
	SELECT c.listing, c.old_value::numeric, c.new_value::numeric
	FROM estate.listing_change c
	WHERE c.field = 'list_price' AND c.new_value::numeric < c.old_value::numeric
	ON CONFLICT (listing) DO NOTHING;
END;

CALL estate.run_feed('harbor_mls') \g /dev/null
CALL estate.run_feed('prairie_export') \g /dev/null
CALL estate.run_feed('rheinau_portal') \g /dev/null

SELECT estate.enqueue('public.note_price_cuts(jsonb)') \g /dev/null
SELECT estate.enqueue('train') \g /dev/null
SELECT estate.enqueue('score') \g /dev/null
SELECT estate.schedule('retrain at night', '0 3 * * *', 'train',
	time_zone => 'America/Los_Angeles') \g /dev/null
