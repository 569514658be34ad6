-- What CREATE OR REPLACE cannot do, for a database that comes from 0.1.0: see the Makefile.

CREATE SCHEMA estate_code;
DROP FUNCTION estate.module_state();
