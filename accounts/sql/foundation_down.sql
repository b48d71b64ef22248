DROP PROCEDURE app.publish(regclass);
DROP PROCEDURE app.protect(regclass);
DROP PROCEDURE app.track_updated_at(regclass);
DROP FUNCTION app.update_updated_at_column();
DROP FUNCTION app.uuid7();
DROP FUNCTION app.uid();
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
DROP SCHEMA app;
DROP EXTENSION pg_trgm;
