-- Declared trips, and the one home of what clock a member is on. Home zone and day start are the profile's.
CREATE EXTENSION IF NOT EXISTS btree_gist;

CALL app.protect('trips');
CALL app.track_updated_at('trips');
CREATE POLICY member_own ON trips FOR ALL TO nrghax_member
  USING (user_id = (SELECT app.uid())) WITH CHECK (user_id = (SELECT app.uid()));
-- The sign-in of each request asks what clock its user is on.
CREATE POLICY auth_read ON trips FOR SELECT TO nrghax_auth USING (true);
GRANT SELECT, INSERT, DELETE ON trips TO nrghax_member;
GRANT UPDATE (zone, starts_on, ends_on) ON trips TO nrghax_member;
GRANT SELECT ON trips TO nrghax_auth;
ALTER TABLE trips ADD CONSTRAINT trips_do_not_overlap
  EXCLUDE USING gist (user_id WITH =, daterange(starts_on, ends_on, '[]') WITH &&);

-- A member's clocks one after another, without a gap. A clock is left only when a day of it is over: a trip begins with
-- its first day on the clock before it, and ends when its last day is over on its own. Across the date line the next trip
-- may begin before one is over, or even has begun: the later one counts.
CREATE FUNCTION app.stays(member uuid, home text, day_start time) RETURNS TABLE (
  zone text, begins_at timestamptz, ends_at timestamptz
) LANGUAGE sql STABLE SET search_path = '' AS $$
  WITH declared AS (
    SELECT t.zone, t.starts_on,
           app.day_begins_at(t.starts_on, COALESCE(before.zone, home), day_start) AS begins_at,
           app.day_begins_at(t.ends_on + 1, t.zone, day_start) AS ends_at
    FROM public.trips t
    LEFT JOIN public.trips before ON before.user_id = t.user_id AND before.ends_on = t.starts_on - 1
    WHERE t.user_id = member
  ), begun AS (
    SELECT d.zone, d.starts_on, d.ends_at,
           min(d.begins_at) OVER (ORDER BY d.starts_on ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS begins_at
    FROM declared d
  ), ordered AS (
    SELECT b.*, lead(b.begins_at, 1, 'infinity') OVER (ORDER BY b.starts_on) AS next_at FROM begun b
  ), bounded AS (
    SELECT o.zone, o.begins_at, GREATEST(o.begins_at, LEAST(o.ends_at, o.next_at)) AS ends_at, o.next_at FROM ordered o
  )
  SELECT * FROM (
    SELECT home, '-infinity'::timestamptz AS begins_at, COALESCE(min(b.begins_at), 'infinity') AS ends_at FROM bounded b
    UNION ALL
    SELECT b.zone, b.begins_at, b.ends_at FROM bounded b
    UNION ALL
    SELECT home, b.ends_at, b.next_at FROM bounded b
  ) s WHERE s.begins_at < s.ends_at
$$;

CREATE FUNCTION app.zone_of(member uuid, moment timestamptz, home text, day_start time) RETURNS text
  LANGUAGE plpgsql STABLE SET search_path = '' AS $$
BEGIN
  -- Nearly everybody is at home nearly always.
  IF NOT EXISTS (SELECT FROM public.trips t WHERE t.user_id = member) THEN
    RETURN home;
  END IF;
  RETURN (SELECT s.zone FROM app.stays(member, home, day_start) s WHERE s.begins_at <= moment AND moment < s.ends_at);
END
$$;

CREATE FUNCTION app.guard_trip() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  -- An unknown zone would fail whatever judges a day later on; it fails here instead.
  PERFORM now() AT TIME ZONE NEW.zone;
  RETURN NEW;
END
$$;
CREATE TRIGGER trip_guard BEFORE INSERT OR UPDATE OF zone ON trips FOR EACH ROW EXECUTE FUNCTION app.guard_trip();

-- A trip judges no stored day again; it moves the end of the streak. What is still to come is in that end already, so
-- that nothing is left to do when a trip begins or is over.
CREATE FUNCTION app.restate_streak_around_trip() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM app.recompute_streak(m.id, 'infinity') FROM public.users m WHERE m.id IN (OLD.user_id, NEW.user_id);
  RETURN NULL;
END
$$;
CREATE TRIGGER trip_streak AFTER INSERT OR DELETE OR UPDATE OF user_id, zone, starts_on, ends_on ON trips
  FOR EACH ROW EXECUTE FUNCTION app.restate_streak_around_trip();

REVOKE ALL ON FUNCTION app.stays(uuid, text, time), app.zone_of(uuid, timestamptz, text, time), app.guard_trip(),
  app.restate_streak_around_trip() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.stays(uuid, text, time), app.zone_of(uuid, timestamptz, text, time)
  TO nrghax_auth, nrghax_member, nrghax_staff, nrghax_worker;
-- What clock a traveller is on is asked before it is known who they are.
GRANT EXECUTE ON FUNCTION app.day_begins_at(date, text, time) TO nrghax_auth;
