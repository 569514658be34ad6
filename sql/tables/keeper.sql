-- Who may read what says who runs what; run by each setup() as the keeper (see src/rights.c), whose tables are all of estate_internal
-- and estate.feed. Nobody else may write them, put a trigger on them, or refer to them by a foreign key: that would be the right to
-- run anything as anybody. estate_admin reads them for the views that it owns.
REVOKE ALL ON ALL TABLES IN SCHEMA estate_internal FROM estate_reader, estate_operator, estate_admin;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA estate_internal FROM estate_reader, estate_operator, estate_admin;
REVOKE ALL ON estate.feed FROM estate_reader, estate_operator, estate_admin;
GRANT SELECT ON ALL TABLES IN SCHEMA estate_internal TO estate_admin;
GRANT SELECT ON estate_internal.installation TO estate_operator;
GRANT SELECT ON estate.feed TO estate_reader, estate_operator, estate_admin;
