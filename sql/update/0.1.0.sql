-- What CREATE OR REPLACE cannot do, for a database that comes from 0.1.0: see the Makefile.

CREATE SCHEMA estate_code;
DROP FUNCTION estate.module_state();
ALTER FUNCTION estate.store_market(text, text, text, text) SET SCHEMA estate_code;
ALTER FUNCTION estate.check_feed(text, jsonb, text, text, jsonb) SET SCHEMA estate_code;
ALTER FUNCTION estate.check_feed_options(jsonb) SET SCHEMA estate_code;
ALTER FUNCTION estate.store_feed(text, text, text, text, text, jsonb, interval, jsonb) SET SCHEMA estate_code;
ALTER FUNCTION estate.change_feed(text, text, jsonb, text, interval, jsonb) SET SCHEMA estate_code;
ALTER FUNCTION estate.target_validator(text[], oid) SET SCHEMA estate_code;
ALTER FUNCTION estate.gram_in(cstring) SET SCHEMA estate_code;
ALTER FUNCTION estate.gram_out(estate.gram) SET SCHEMA estate_code;
ALTER FUNCTION estate.gram_recv(internal) SET SCHEMA estate_code;
ALTER FUNCTION estate.gram_send(estate.gram) SET SCHEMA estate_code;
ALTER FUNCTION estate.gram_add(estate.gram, double precision, double precision[]) SET SCHEMA estate_code;
ALTER FUNCTION estate.gram_combine(estate.gram, estate.gram) SET SCHEMA estate_code;
ALTER FUNCTION estate.ratio_add(double precision[], double precision, double precision) SET SCHEMA estate_code;
ALTER FUNCTION estate.ratio_finish(double precision[]) SET SCHEMA estate_code;
