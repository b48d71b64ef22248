-- The streak is computed only here: triggers call app.recompute_streak for one member from one date, and the nightly
-- statement compares all members. docs/decisions/streak.md states the rules with their reasons.

-- Return how many days between check-in a and day b only the stock of earned rest days can protect. Planned rest days,
-- days that a move east cuts off and dates that zone b skipped are not counted.
CREATE FUNCTION app.open_days(
  member uuid, day_a date, zone_a text, start_a time, day_b date, zone_b text, start_b time
) RETURNS integer LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  b_begins timestamptz;
  passed integer;
  planned integer;
  moved_east interval;
BEGIN
  IF day_b <= day_a + 1 THEN
    RETURN 0;
  END IF;
  b_begins := app.day_begins_at(day_b, zone_b, start_b);
  -- Days that existed in zone b: a date that the zone skipped (Samoa, 2011-12-30) is not a missed day.
  passed := round(extract(epoch FROM b_begins - app.day_begins_at(day_a + 1, zone_b, start_b)) / 86400);
  SELECT count(*) INTO planned FROM public.rest_days r
    WHERE r.user_id = member AND r.rest_date > day_a AND r.rest_date < day_b;
  -- Both clocks are read at the same instant, so that a change to daylight saving time is not a move.
  moved_east := ((b_begins AT TIME ZONE zone_b) - start_b::interval) - ((b_begins AT TIME ZONE zone_a) - start_a::interval);
  RETURN GREATEST(0, passed - planned - GREATEST(0, ceil(extract(epoch FROM moved_east) / 86400)::integer));
END
$$;

-- Return the days, from `from_date` on, on which rest days that the member has won come into stock; an empty array if
-- there are none.
CREATE FUNCTION app.granted_days(member uuid, from_date date DEFAULT '-infinity') RETURNS date[]
  LANGUAGE sql STABLE SET search_path = ''
  RETURN ARRAY(
    SELECT g.granted_on FROM public.rest_day_grants g WHERE g.user_id = member AND g.granted_on >= from_date ORDER BY 1);

-- Return the stock at the beginning of day b, given the stock after check-in a. The last `unpaid` open days before day
-- b use one rest day each (a move east forgives the first ones), and each day in `granted` adds one, with at most two
-- in stock. Null if the stock is empty on a day that needs one.
CREATE FUNCTION app.stock_left(
  stock integer, unpaid integer, granted date[], member uuid, day_a date, day_b date, zone_b text, start_b time
) RETURNS integer LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  paying date[] := '{}';
  left_over integer := stock;
  turn record;
BEGIN
  IF granted = '{}' OR day_a IS NULL THEN
    RETURN CASE WHEN unpaid <= stock THEN stock - unpaid END;
  END IF;
  IF unpaid > 0 THEN
    paying := ARRAY(
      SELECT day_a + n FROM generate_series(1, day_b - day_a - 1) AS n
      WHERE app.day_begins_at(day_a + n, zone_b, start_b) < app.day_begins_at(day_a + n + 1, zone_b, start_b)
        AND NOT EXISTS (SELECT FROM public.rest_days r WHERE r.user_id = member AND r.rest_date = day_a + n)
      ORDER BY n DESC LIMIT unpaid);
  END IF;
  FOR turn IN
    SELECT count(*) FILTER (WHERE NOT e.pays) AS won, count(*) FILTER (WHERE e.pays) AS paid
    FROM (
      SELECT g.day, false AS pays FROM unnest(granted) AS g (day) WHERE g.day > day_a AND g.day < day_b
      UNION ALL
      SELECT p.day, true FROM unnest(paying) AS p (day)
    ) e
    GROUP BY e.day ORDER BY e.day
  LOOP
    left_over := LEAST(2, left_over + turn.won) - turn.paid;
    IF left_over < 0 THEN
      RETURN NULL;
    END IF;
  END LOOP;
  RETURN left_over;
END
$$;

-- Return the computed columns of each of a member's check-ins from `from_date` on; `is_stale` is true if the stored row
-- differs.
CREATE FUNCTION app.streak_rows(member uuid, from_date date DEFAULT '-infinity') RETURNS TABLE (
  id uuid, streak_count integer, rest_stock smallint, strength double precision, is_stale boolean
) LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  memory CONSTANT double precision := power(0.5::double precision, 1 / 13::double precision);
  day record;
  last_date date;
  last_zone text;
  last_start time;
  missed integer;
  left_over integer;
  granted date[];
BEGIN
  SELECT c.checkin_date, c.timezone, c.day_start, c.streak_count, c.rest_stock, c.strength
    INTO last_date, last_zone, last_start, streak_count, rest_stock, strength
    FROM public.daily_checkins c
    WHERE c.user_id = member AND c.checkin_date < from_date ORDER BY c.checkin_date DESC LIMIT 1;
  IF NOT FOUND THEN
    streak_count := 0;
    rest_stock := 0;
    strength := 0;
  END IF;
  granted := app.granted_days(member, coalesce(last_date + 1, '-infinity'));
  FOR day IN
    SELECT c.id, c.checkin_date, c.timezone, c.day_start, c.streak_count, c.rest_stock, c.strength
      FROM public.daily_checkins c
      WHERE c.user_id = member AND c.checkin_date >= from_date ORDER BY c.checkin_date
  LOOP
    missed := 0;
    left_over := rest_stock;
    IF day.checkin_date > last_date + 1 THEN
      missed := app.open_days(
        member, last_date, last_zone, last_start, day.checkin_date, day.timezone, day.day_start);
      left_over := app.stock_left(
        rest_stock, missed, granted, member, last_date, day.checkin_date, day.timezone, day.day_start);
    END IF;
    IF left_over IS NOT NULL THEN
      streak_count := streak_count + 1;
    ELSE
      streak_count := 1;
      -- After a thousand days the strength is as good as 0, and power() would fail on an underflow.
      strength := strength * power(memory, LEAST(missed, 1000));
    END IF;
    IF granted = '{}' THEN
      rest_stock := coalesce(left_over, rest_stock);
    ELSE
      -- app.stock_left has added the rest days won before this day. If the streak broke, they are added here.
      rest_stock := LEAST(2, coalesce(left_over, rest_stock) + (
        SELECT count(*) FROM unnest(granted) AS g (day)
        WHERE g.day <= day.checkin_date
          AND (last_date IS NULL OR g.day > CASE WHEN left_over IS NULL THEN last_date ELSE day.checkin_date - 1 END)));
    END IF;
    IF mod(streak_count, 7) = 0 THEN
      rest_stock := LEAST(2, rest_stock + 1);
    END IF;
    strength := strength * memory + (1 - memory);
    id := day.id;
    is_stale := day.streak_count <> streak_count OR day.rest_stock <> rest_stock
      OR abs(day.strength - strength) > 1e-9;
    RETURN NEXT;
    last_date := day.checkin_date;
    last_zone := day.timezone;
    last_start := day.day_start;
  END LOOP;
END
$$;

-- Return the end of the last day on which a check-in would continue the streak, in one zone that applies to the member
-- between two moments; null if there is no such day between them.
CREATE FUNCTION app.streak_reach(
  member uuid, last_date date, last_zone text, last_start time, stock integer, zone text, day_start time,
  holds_from timestamptz, holds_until timestamptz
) RETURNS timestamptz LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  granted CONSTANT date[] := app.granted_days(member, last_date + 1);
  -- When a zone changes its clocks, a move may forgive one day more. The search goes one day further.
  margin CONSTANT integer := CASE WHEN zone = last_zone AND day_start = last_start THEN 0 ELSE 1 END;
  day date := last_date;
  reach timestamptz;
  day_ends_at timestamptz;
  missed integer;
BEGIN
  LOOP
    day := day + 1;
    missed := app.open_days(member, last_date, last_zone, last_start, day, zone, day_start);
    day_ends_at := app.day_begins_at(day + 1, zone, day_start);
    IF app.stock_left(stock, missed, granted, member, last_date, day, zone, day_start) IS NOT NULL
       AND day_ends_at > holds_from AND app.day_begins_at(day, zone, day_start) < holds_until
    THEN
      reach := LEAST(day_ends_at, holds_until);
    END IF;
    EXIT WHEN missed > stock + cardinality(granted) + margin;
  END LOOP;
  RETURN reach;
END
$$;

-- Return the moment at which a streak ends: the end of the last day on which a check-in would continue it, in whatever
-- zone applies to the member then, at home or on a declared trip.
CREATE FUNCTION app.streak_ends_at(
  member uuid, last_date date, last_zone text, last_start time, stock integer, zone text, day_start time
) RETURNS timestamptz LANGUAGE plpgsql STABLE SET search_path = '' AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM public.trips t WHERE t.user_id = member) THEN
    RETURN app.streak_reach(
      member, last_date, last_zone, last_start, stock, zone, day_start, '-infinity', 'infinity');
  END IF;
  RETURN (
    SELECT max(app.streak_reach(
      member, last_date, last_zone, last_start, stock, s.zone, streak_ends_at.day_start, s.begins_at, s.ends_at))
    FROM app.stays(member, streak_ends_at.zone, streak_ends_at.day_start) s
  );
END
$$;

-- Return what a member's row in user_stats should hold; `is_stale` is true if the stored row differs. No row for an
-- unknown member. A streak that has ended but is not closed yet is not stale: close_streaks.sql closes it. `from_date`
-- is the earliest date that changed.
CREATE FUNCTION app.streak_state(member uuid, from_date date DEFAULT '-infinity') RETURNS TABLE (
  current_streak integer, longest_streak integer, rest_stock smallint, strength double precision,
  last_checkin_date date, streak_ends_at timestamptz, is_stale boolean
) LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  stored record;
  last record;
  is_over boolean;
  first_to_ask date := '-infinity';
BEGIN
  SELECT s.*, coalesce(p.timezone, 'UTC') AS zone, coalesce(p.day_start, '00:00') AS day_start INTO stored
    FROM public.user_stats s LEFT JOIN public.user_profiles p ON p.user_id = s.user_id WHERE s.user_id = member;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  SELECT c.checkin_date, c.timezone, c.day_start, c.streak_count, c.rest_stock, c.strength INTO last
    FROM public.daily_checkins c WHERE c.user_id = member ORDER BY c.checkin_date DESC LIMIT 1;
  last_checkin_date := last.checkin_date;
  rest_stock := LEAST(2, coalesce(last.rest_stock, 0) + cardinality(
    app.granted_days(member, coalesce(last.checkin_date + 1, '-infinity'))));
  strength := coalesce(last.strength, 0);
  IF stored.last_checkin_date < from_date THEN
    first_to_ask := from_date;
    longest_streak := stored.longest_streak;
  END IF;
  longest_streak := GREATEST(0, longest_streak, (
    SELECT max(c.streak_count) FROM public.daily_checkins c WHERE c.user_id = member AND c.checkin_date >= first_to_ask));
  IF last_checkin_date IS NOT NULL THEN
    streak_ends_at := app.streak_ends_at(
      member, last.checkin_date, last.timezone, last.day_start, last.rest_stock, stored.zone, stored.day_start);
  END IF;
  is_over := coalesce(streak_ends_at <= now(), true);
  current_streak := CASE WHEN is_over THEN 0 ELSE last.streak_count END;
  is_stale := abs(stored.strength - strength) > 1e-9
    OR (stored.longest_streak, stored.rest_stock, stored.last_checkin_date, stored.streak_ends_at)
      IS DISTINCT FROM (longest_streak, rest_stock, last_checkin_date, streak_ends_at)
    OR stored.current_streak <> current_streak AND NOT (is_over AND stored.current_streak = coalesce(last.streak_count, 0));
  RETURN NEXT;
END
$$;

-- Recompute a member's check-ins from `from_date` on and the member's totals, write the rows that differ and return
-- their number. It uses generic plans: planning for each date takes longer than running the plan.
CREATE FUNCTION app.recompute_streak(member uuid, from_date date DEFAULT '-infinity') RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  changed integer;
  restated integer;
BEGIN
  -- Concurrent writes of one member take turns: the second one reads what the first has committed.
  PERFORM FROM public.user_stats s WHERE s.user_id = member FOR NO KEY UPDATE;
  UPDATE public.daily_checkins c
    SET streak_count = r.streak_count, rest_stock = r.rest_stock, strength = r.strength
    FROM app.streak_rows(member, from_date) r WHERE r.is_stale AND c.id = r.id;
  GET DIAGNOSTICS changed = ROW_COUNT;
  UPDATE public.user_stats s
    SET current_streak = n.current_streak, longest_streak = n.longest_streak, rest_stock = n.rest_stock,
        strength = n.strength, last_checkin_date = n.last_checkin_date, streak_ends_at = n.streak_ends_at
    FROM app.streak_state(member, from_date) n WHERE n.is_stale AND s.user_id = member;
  GET DIAGNOSTICS restated = ROW_COUNT;
  RETURN changed + restated;
END
$$;

-- Return the strength to show at a moment: each unprotected whole day since the last check-in weakens it. Null for a
-- member without a check-in.
CREATE FUNCTION app.strength_at(member uuid, moment timestamptz DEFAULT now()) RETURNS double precision
  LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  last record;
  place record;
  today date;
  missed integer;
  left_over integer;
BEGIN
  SELECT app.zone_of(member, moment, p.timezone, p.day_start) AS timezone, p.day_start INTO place
    FROM public.user_profiles p WHERE p.user_id = member;
  SELECT c.checkin_date, c.timezone, c.day_start, c.rest_stock, c.strength INTO last
    FROM public.daily_checkins c WHERE c.user_id = member ORDER BY c.checkin_date DESC LIMIT 1;
  today := app.local_date(moment, place.timezone, place.day_start);
  missed := app.open_days(
    member, last.checkin_date, last.timezone, last.day_start, today, place.timezone, place.day_start);
  left_over := app.stock_left(
    last.rest_stock, missed, app.granted_days(member, last.checkin_date + 1),
    member, last.checkin_date, today, place.timezone, place.day_start);
  RETURN last.strength * power(power(0.5::double precision, 1 / 13::double precision),
                               CASE WHEN left_over IS NOT NULL THEN 0 ELSE LEAST(missed, 1000) END);
END
$$;

-- Return each day between check-in a and day b with its kind: "dropped" (zone b skipped the date), "rest" (planned),
-- "travel" (forgiven for a move east), "earned" (covered by an earned rest day) or "missed". `is_alive` says that the
-- streak continues even if the stock does not suffice, because a coming move will forgive the rest.
CREATE FUNCTION app.days_without_checkin(
  member uuid, day_a date, zone_a text, start_a time, day_b date, zone_b text, start_b time, stock integer,
  is_alive boolean
) RETURNS TABLE (day date, kind text) LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  rests CONSTANT date[] := ARRAY(
    SELECT r.rest_date FROM public.rest_days r
    WHERE r.user_id = member AND r.rest_date > day_a AND r.rest_date < day_b);
  granted CONSTANT date[] := app.granted_days(member, day_a + 1);
  unpaid integer := app.open_days(member, day_a, zone_a, start_a, day_b, zone_b, start_b);
  is_broken boolean := false;
  forgiven integer;
BEGIN
  WHILE NOT is_broken AND app.stock_left(stock, unpaid, granted, member, day_a, day_b, zone_b, start_b) IS NULL LOOP
    is_broken := NOT is_alive;
    unpaid := unpaid - is_alive::integer;
  END LOOP;
  SELECT count(*) - unpaid INTO forgiven FROM generate_series(1, day_b - day_a - 1) AS n
    WHERE day_a + n <> ALL (rests)
      AND app.day_begins_at(day_a + n, zone_b, start_b) < app.day_begins_at(day_a + n + 1, zone_b, start_b);
  FOR day IN SELECT day_a + n FROM generate_series(1, day_b - day_a - 1) AS n ORDER BY n LOOP
    IF app.day_begins_at(day, zone_b, start_b) = app.day_begins_at(day + 1, zone_b, start_b) THEN
      kind := 'dropped';
    ELSIF day = ANY (rests) THEN
      kind := 'rest';
    ELSIF forgiven > 0 THEN
      forgiven := forgiven - 1;
      kind := 'travel';
    ELSE
      kind := CASE WHEN is_broken THEN 'missed' ELSE 'earned' END;
    END IF;
    RETURN NEXT;
  END LOOP;
END
$$;

-- Return a member's days from `first_day` to `last_day`, as known at `moment`, from the first check-in on. Each has its
-- kind ("done", "today" or one of app.days_without_checkin), the zone and day start that judge it, the rest days won on
-- it, and the streak, stock and strength after it.
CREATE FUNCTION app.streak_history(member uuid, first_day date, last_day date, moment timestamptz)
RETURNS TABLE (
  day date, kind text, zone text, day_start time, streak integer, rest_stock integer, strength double precision,
  won integer
) LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  memory CONSTANT double precision := power(0.5::double precision, 1 / 13::double precision);
  granted CONSTANT date[] := app.granted_days(member);
  here record;
  entry record;
  last_date date;
  is_alive boolean;
BEGIN
  SELECT app.zone_of(member, moment, p.timezone, p.day_start) AS zone, p.day_start,
         s.streak_ends_at > moment AS is_alive INTO here
    FROM public.user_profiles p JOIN public.user_stats s USING (user_id) WHERE p.user_id = member;
  FOR entry IN
    SELECT c.checkin_date, c.timezone, c.day_start, c.streak_count, c.rest_stock, c.strength, true AS is_done
      FROM public.daily_checkins c
      WHERE c.user_id = member
        AND c.checkin_date >= coalesce(
          (SELECT max(b.checkin_date) FROM public.daily_checkins b
            WHERE b.user_id = member AND b.checkin_date < first_day), first_day)
        AND c.checkin_date <= coalesce(
          (SELECT min(a.checkin_date) FROM public.daily_checkins a
            WHERE a.user_id = member AND a.checkin_date > last_day), last_day)
    UNION ALL
    SELECT t.day, here.zone, here.day_start, NULL, NULL, NULL, false
      FROM app.local_date(moment, here.zone, here.day_start) AS t (day)
      WHERE EXISTS (SELECT FROM public.daily_checkins c WHERE c.user_id = member) AND NOT EXISTS (
        SELECT FROM public.daily_checkins c WHERE c.user_id = member AND c.checkin_date >= LEAST(t.day, last_day + 1))
    ORDER BY 1
  LOOP
    is_alive := CASE WHEN entry.is_done THEN entry.streak_count > 1 ELSE here.is_alive END;
    IF entry.checkin_date > last_date + 1 THEN
      FOR day, kind IN
        SELECT g.day, g.kind FROM app.days_without_checkin(
          member, last_date, zone, day_start, entry.checkin_date, entry.timezone, entry.day_start, rest_stock,
          is_alive) g
      LOOP
        won := cardinality(array_positions(granted, day));
        rest_stock := LEAST(2, rest_stock + won);
        IF kind = 'earned' THEN
          rest_stock := rest_stock - 1;
        ELSIF kind = 'missed' THEN
          streak := 0;
          strength := strength * memory;
        END IF;
        CONTINUE WHEN day NOT BETWEEN first_day AND last_day;
        RETURN QUERY SELECT streak_history.day, streak_history.kind, entry.timezone::text, entry.day_start,
          streak_history.streak, streak_history.rest_stock, streak_history.strength, streak_history.won;
      END LOOP;
    END IF;
    last_date := entry.checkin_date;
    zone := entry.timezone;
    day_start := entry.day_start;
    day := last_date;
    won := cardinality(array_positions(granted, day));
    IF entry.is_done THEN
      kind := 'done';
      streak := entry.streak_count;
      rest_stock := entry.rest_stock;
      strength := entry.strength;
    ELSE
      kind := 'today';
      rest_stock := LEAST(2, rest_stock + won);
    END IF;
    IF day BETWEEN first_day AND last_day THEN
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION
  app.open_days(uuid, date, text, time, date, text, time), app.strength_at(uuid, timestamptz),
  app.granted_days(uuid, date), app.stock_left(integer, integer, date[], uuid, date, date, text, time),
  app.days_without_checkin(uuid, date, text, time, date, text, time, integer, boolean),
  app.streak_history(uuid, date, date, timestamptz)
  TO nrghax_member, nrghax_worker;
GRANT EXECUTE ON FUNCTION
  app.streak_reach(uuid, date, text, time, integer, text, time, timestamptz, timestamptz),
  app.streak_rows(uuid, date), app.streak_ends_at(uuid, date, text, time, integer, text, time),
  app.streak_state(uuid, date), app.recompute_streak(uuid, date)
  TO nrghax_worker;
