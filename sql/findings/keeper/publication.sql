-- Publications that have tables of the queue, which is no subscriber's affair. One FOR ALL TABLES
-- has to, and works, so it is no fault; see docs/jobs.md
WITH publishing AS (
	SELECT p.pubname, p.puballtables, concat_ws(', ',
		(SELECT 'TABLES IN SCHEMA estate_internal' FROM pg_publication_namespace s
			WHERE s.pnpubid = p.oid AND s.pnnspid = 'estate_internal'::regnamespace),
		(SELECT 'TABLE ' || string_agg(r.prrelid::regclass::text, ', '
				ORDER BY r.prrelid::regclass::text)
			FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid
			WHERE r.prpubid = p.oid
				AND c.relnamespace = 'estate_internal'::regnamespace)) AS by_name
	FROM pg_publication p
	WHERE p.pubname IN (SELECT t.pubname FROM pg_publication_tables t
		WHERE t.schemaname = 'estate_internal')
)
SELECT 'publications', count(*) FILTER (WHERE NOT puballtables) = 0,
	coalesce('tables of the queue are in '
		|| string_agg(quote_ident(pubname), ', ' ORDER BY pubname)
		|| ': a subscriber has to have tables of their names', 'none has tables of the queue'),
	string_agg(format('ALTER PUBLICATION %I DROP %s;', pubname, by_name), ' ' ORDER BY pubname)
		FILTER (WHERE NOT puballtables)
FROM publishing
