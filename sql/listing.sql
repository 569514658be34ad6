-- listing: what views say about a listing that is not a column.
-- Views call these, so their signatures never change. Bodies are parsed here, not at the call: no search_path matters.

CREATE FUNCTION estate.segment(property_type text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN pg_catalog.lower(property_type)
			OPERATOR(pg_catalog.~) '(lease|rental|\mlettings?\M|\mrent\M|\mto let\M)' THEN 'lease ' ELSE 'sale ' END
		OPERATOR(pg_catalog.||) CASE
			WHEN property_type IS NULL THEN 'residential'
			WHEN pg_catalog.lower(property_type) IN ('residential', 'residential lease') THEN 'residential'
			WHEN pg_catalog.lower(property_type) IN ('commercial sale', 'commercial lease') THEN 'commercial'
			WHEN pg_catalog.lower(property_type) OPERATOR(pg_catalog.=) 'manufactured in park' THEN 'manufactured'
			ELSE pg_catalog."left"(pg_catalog.lower(property_type), 40) END;
COMMENT ON FUNCTION estate.segment(text) IS
'Segment of a RESO PropertyType: sale or lease, then the class of property. Nothing said is residential for sale; a type that RESO does not know is a class of its own';

CREATE FUNCTION estate.is_for_sale(standard_status text, property_type text) RETURNS bool
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN coalesce(standard_status IN ('Active', 'Active Under Contract', 'Coming Soon'), false)
		AND estate.segment(property_type) OPERATOR(pg_catalog.~~) 'sale %';
COMMENT ON FUNCTION estate.is_for_sale(text, text) IS
'Whether a listing of that RESO StandardStatus and PropertyType can still be bought: Active, Active Under Contract or Coming Soon, and no lease';

GRANT EXECUTE ON FUNCTION estate.segment(text), estate.is_for_sale(text, text)
	TO estate_reader, estate_operator, estate_admin;
