-- The time zone that judges a member's day: the zone of a declared trip, else the profile's.

-- Return a member's zones in order, each with the period in which it applies, without gaps. A zone changes only when a
-- day ends: a trip begins when its first day begins in the zone before it, and ends when its last day is over in its
-- own zone. Across the date line the next trip may begin before this one has ended or even begun; then the later trip
-- applies.
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

-- Return the zone that applies to a member at a moment. `home` and `day_start` are the profile's.
CREATE FUNCTION app.zone_of(member uuid, moment timestamptz, home text, day_start time) RETURNS text
  LANGUAGE plpgsql STABLE SET search_path = '' AS $$
BEGIN
  -- Most members have no trips, so this spares the larger query.
  IF NOT EXISTS (SELECT FROM public.trips t WHERE t.user_id = member) THEN
    RETURN home;
  END IF;
  RETURN (SELECT s.zone FROM app.stays(member, home, day_start) s WHERE s.begins_at <= moment AND moment < s.ends_at);
END
$$;
GRANT EXECUTE ON FUNCTION app.stays(uuid, text, time), app.zone_of(uuid, timestamptz, text, time)
  TO nrghax_auth, nrghax_member, nrghax_staff, nrghax_worker;

-- Return the member's local date at a moment, in the zone that applies to them then.
CREATE FUNCTION app.date_of(member uuid, moment timestamptz) RETURNS date
  LANGUAGE sql STABLE SET search_path = '' AS $$
  SELECT app.local_date(moment, app.zone_of(member, moment, p.timezone, p.day_start), p.day_start)
  FROM public.user_profiles p WHERE p.user_id = member
$$;
GRANT EXECUTE ON FUNCTION app.date_of(uuid, timestamptz) TO nrghax_worker;

-- Recompute the end of the streak after a change of time zone or day start. Stored days keep the zone that judged them.
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
