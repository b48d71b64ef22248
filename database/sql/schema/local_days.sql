-- Return the local date of a moment: the date that clocks in the zone show once they are set back by the day start.
CREATE FUNCTION app.local_date(moment timestamptz, zone text, day_start time) RETURNS date
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN ((moment AT TIME ZONE zone) - day_start::interval)::date;
GRANT EXECUTE ON FUNCTION app.local_date(timestamptz, text, time) TO nrghax_member, nrghax_staff, nrghax_worker;

-- Return the moment at which a local day begins. If daylight saving time shows that clock time twice or not at all,
-- PostgreSQL takes the later reading, so that no day is cut short.
CREATE FUNCTION app.day_begins_at(day date, zone text, day_start time) RETURNS timestamptz
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (day + day_start) AT TIME ZONE zone;
-- nrghax_auth loads the user of each request, and with it the zone of the member's trip.
GRANT EXECUTE ON FUNCTION app.day_begins_at(date, text, time)
  TO nrghax_auth, nrghax_member, nrghax_staff, nrghax_worker;
