-- The local day: what date a moment belongs to, and when that date begins. practice/rules.py does the same in Python.
-- Bodies are parsed when they are made (RETURN), so no search_path of a caller reaches them and the planner may inline them.

CREATE OR REPLACE FUNCTION app.local_date(moment timestamptz, zone text, day_start time) RETURNS date
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN ((moment AT TIME ZONE zone) - day_start::interval)::date;

-- A start that clocks show twice or never (DST) is taken at its later reading, as PostgreSQL does by itself: no day is cut short.
CREATE OR REPLACE FUNCTION app.day_begins_at(day date, zone text, day_start time) RETURNS timestamptz
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (day + day_start) AT TIME ZONE zone;

REVOKE ALL ON FUNCTION app.local_date(timestamptz, text, time), app.day_begins_at(date, text, time) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.local_date(timestamptz, text, time), app.day_begins_at(date, text, time)
  TO nrghax_member, nrghax_staff, nrghax_worker;
