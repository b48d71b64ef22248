-- Which clock a member is on: the profile's at home, and on a declared trip the trip's.

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
GRANT EXECUTE ON FUNCTION app.stays(uuid, text, time), app.zone_of(uuid, timestamptz, text, time)
  TO nrghax_auth, nrghax_member, nrghax_staff, nrghax_worker;

-- The member's date at a moment, by the clock that they are on then.
CREATE FUNCTION app.date_of(member uuid, moment timestamptz) RETURNS date
  LANGUAGE sql STABLE SET search_path = '' AS $$
  SELECT app.local_date(moment, app.zone_of(member, moment, p.timezone, p.day_start), p.day_start)
  FROM public.user_profiles p WHERE p.user_id = member
$$;
GRANT EXECUTE ON FUNCTION app.date_of(uuid, timestamptz) TO nrghax_worker;

-- A new zone or day start judges no stored day again; it only moves the end of the day that is open.
CREATE FUNCTION app.restate_streak() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM app.recompute_streak(NEW.user_id, 'infinity');
  RETURN NULL;
END
$$;
CREATE TRIGGER user_profile_streak AFTER UPDATE OF timezone, day_start ON user_profiles FOR EACH ROW
  WHEN ((OLD.timezone, OLD.day_start) IS DISTINCT FROM (NEW.timezone, NEW.day_start))
  EXECUTE FUNCTION app.restate_streak();
