-- Publications that name the tables of the queue, which is no subscriber's affair; see docs/jobs.md
WITH publishing AS (
	SELECT p.pubname, p.puballtables, concat_ws(', ',
		(SELECT 'TABLES IN SCHEMA estate_internal' FROM pg_publication_namespace s
			WHERE s.pnpubid = p.oid AND s.pnnspid = 'estate_internal'::regnamespace),
		(SELECT 'TABLE ' || string_agg(r.prrelid::regclass::text, ', ' ORDER BY r.prrelid::regclass::text)
			FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid
			WHERE r.prpubid = p.oid AND c.relnamespace = 'estate_internal'::regnamespace)) AS by_name
	FROM pg_publication p
	WHERE p.pubname IN (SELECT t.pubname FROM pg_publication_tables t WHERE t.schemaname = 'estate_internal')
)
SELECT 'publications', count(*) = 0,
	coalesce(string_agg(format('%I names the tables of the queue', pubname), '; ' ORDER BY pubname), 'none names the tables of the queue'),
	nullif(concat_ws(' ',
		string_agg(format('ALTER PUBLICATION %I DROP %s;', pubname, by_name), ' ' ORDER BY pubname) FILTER (WHERE NOT puballtables),
		'CREATE PUBLICATION facts FOR TABLES IN SCHEMA estate; -- for subscribers to have instead of '
		|| string_agg(quote_ident(pubname), ', ' ORDER BY pubname) FILTER (WHERE puballtables)
		|| ': FOR ALL TABLES works, but they need tables of the same names, and feeds that are paused'), '')
FROM publishing
