-- effect: targets, as servers of a foreign data wrapper

CREATE FUNCTION estate_code.target_validator(options text[], catalog oid) RETURNS void
	AS 'MODULE_PATHNAME', 'estate_target_validator' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate_code.target_validator(text[], oid) IS
'Checks the options of targets and of their user mappings';

CREATE FOREIGN DATA WRAPPER estate_target VALIDATOR estate_code.target_validator;
COMMENT ON FOREIGN DATA WRAPPER estate_target IS
'Targets of pg_estate: CREATE SERVER .. OPTIONS (kind ''s3'' | ''folder'' | ''smtp'' | ''http'', '
'url ..); secrets are files that user mappings refer to';
GRANT USAGE ON FOREIGN DATA WRAPPER estate_target TO estate_admin;

CREATE FUNCTION estate_code.target_fault(server text, role oid, is_folder bool, OUT fault text,
		OUT fix text)
	AS 'MODULE_PATHNAME', 'estate_target_fault' LANGUAGE C STRICT;
COMMENT ON FUNCTION estate_code.target_fault(text, oid, bool) IS
'Why a role cannot use a server of estate_target, and what mends that; NULL: it can. '
'Read it through estate.doctor()';
GRANT EXECUTE ON FUNCTION estate_code.target_fault(text, oid, bool) TO estate_admin;
