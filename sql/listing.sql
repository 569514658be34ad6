-- listing: what views say about a listing that is not a column.
-- Views call these, so their signatures never change.

CREATE FUNCTION estate.segment(property_type text) RETURNS text
	AS 'MODULE_PATHNAME', 'estate_segment' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION estate.segment(text) IS
'Segment of a RESO PropertyType: sale or lease, then the class of property. '
'Nothing said is residential for sale; a type that RESO does not know is a class of its own';

CREATE FUNCTION estate.is_for_sale(standard_status text, property_type text) RETURNS bool
	AS 'MODULE_PATHNAME', 'estate_is_for_sale' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION estate.is_for_sale(text, text) IS
'Whether a listing of that RESO StandardStatus and PropertyType can still be bought: Active, '
'Active Under Contract or Coming Soon, and no lease';

GRANT EXECUTE ON FUNCTION estate.segment(text), estate.is_for_sale(text, text)
	TO estate_reader, estate_operator, estate_admin;
