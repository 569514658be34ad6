-- What CREATE OR REPLACE cannot do, for a database that comes from 0.1.0: see the Makefile.

-- it has one argument more
DROP FUNCTION estate.create_feed(text, text, text, text, jsonb, text, interval, jsonb);
