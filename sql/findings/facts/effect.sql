-- Servers that feeds name, with the rights of those who run the feeds; photos that were given up
WITH named AS (
	SELECT f.name AS feed, f.owner, s.server, s.is_target
	FROM estate.feed f, LATERAL (VALUES
		(f.server, false), (f.options ->> 'media_target', true)) s(server, is_target)
	WHERE s.server IS NOT NULL
), faults AS (
	SELECT n.server, t.fault, t.fix, string_agg(DISTINCT n.feed, ', ' ORDER BY n.feed) AS feeds
	FROM named n, LATERAL estate_code.target_fault(n.server, n.owner::oid, n.is_target) t
	WHERE t.fault IS NOT NULL
	GROUP BY n.server, t.fault, t.fix
), given_up AS (
	SELECT count(*) AS photos, min(m.stored_error) AS example
	FROM estate.media m
	WHERE m.stored_error IS NOT NULL
)
SELECT 'servers', count(*) = 0,
	coalesce(string_agg(format('%s, of feed %s: %s', server, feeds, fault), '; ' ORDER BY server),
		'those that feeds name can be used'),
	string_agg(fix, ' ' ORDER BY server)
FROM faults
UNION ALL
SELECT 'photos', photos = 0,
	CASE photos WHEN 0 THEN 'none has failed'
		ELSE format('%s could not be copied, for example: %s', photos, example) END,
	CASE WHEN photos > 0 THEN
		'SELECT listing, media_key, media_url, stored_error FROM estate.media WHERE stored_error '
		'IS NOT NULL; -- when that is mended: SELECT estate.redrive(handler => ''media'');' END
FROM given_up
