DROP FUNCTION IF EXISTS app.day_begins_at(date, text, time);
DROP FUNCTION IF EXISTS app.local_date(timestamptz, text, time);
