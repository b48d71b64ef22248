CREATE FUNCTION app.local_date(moment timestamptz, zone text, day_start time) RETURNS date
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN ((moment AT TIME ZONE zone) - day_start::interval)::date;
GRANT EXECUTE ON FUNCTION app.local_date(timestamptz, text, time) TO nrghax_member, nrghax_staff, nrghax_worker;

-- A start that clocks show twice or never (DST) is taken at its later reading, as PostgreSQL does by itself: no day is cut short.
CREATE FUNCTION app.day_begins_at(day date, zone text, day_start time) RETURNS timestamptz
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (day + day_start) AT TIME ZONE zone;
-- The sign-in of each request asks which clock a traveller is on.
GRANT EXECUTE ON FUNCTION app.day_begins_at(date, text, time)
  TO nrghax_auth, nrghax_member, nrghax_staff, nrghax_worker;
