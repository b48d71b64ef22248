-- The streak: its only home. The trigger calls it for one member from one date, the nightly statement for all.
-- The rules in words, with their reasons: docs/decisions/ (the streak) and the docstring of practice/rules.py.

-- Days strictly between check-in a and day b that nothing protects but the stock of earned rest days.
CREATE OR REPLACE FUNCTION app.open_days(
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
  -- Days that the clocks of zone b really had: a zone that drops a date (Samoa, 2011-12-30) takes no day from anybody.
  passed := round(extract(epoch FROM b_begins - app.day_begins_at(day_a + 1, zone_b, start_b)) / 86400);
  SELECT count(*) INTO planned FROM public.rest_days r
    WHERE r.user_id = member AND r.rest_date > day_a AND r.rest_date < day_b;
  -- Both clocks are read at the same instant, so that DST is no move.
  moved_east := ((b_begins AT TIME ZONE zone_b) - start_b::interval) - ((b_begins AT TIME ZONE zone_a) - start_a::interval);
  RETURN GREATEST(0, passed - planned - GREATEST(0, ceil(extract(epoch FROM moved_east) / 86400)::integer));
END
$$;

-- What every check-in of a member from a date on should hold; is_stale where the stored row differs.
CREATE OR REPLACE FUNCTION app.streak_rows(member uuid, from_date date DEFAULT '-infinity') RETURNS TABLE (
  id uuid, streak_count integer, rest_stock smallint, strength double precision, is_stale boolean
) LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  memory CONSTANT double precision := power(0.5::double precision, 1 / 13::double precision);
  day record;
  last_date date;
  last_zone text;
  last_start time;
  missed integer;
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
  FOR day IN
    SELECT c.id, c.checkin_date, c.timezone, c.day_start, c.streak_count, c.rest_stock, c.strength
      FROM public.daily_checkins c
      WHERE c.user_id = member AND c.checkin_date >= from_date ORDER BY c.checkin_date
  LOOP
    IF day.checkin_date > last_date + 1 THEN
      missed := app.open_days(
        member, last_date, last_zone, last_start, day.checkin_date, day.timezone, day.day_start);
    ELSE
      missed := 0;
    END IF;
    IF missed <= rest_stock THEN
      rest_stock := rest_stock - missed;
      streak_count := streak_count + 1;
    ELSE
      streak_count := 1;
      -- Past a thousand days nothing is left, and power() would fail on the underflow.
      strength := strength * power(memory, LEAST(missed, 1000));
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

-- When the last day is over on which a check-in would still carry the streak on, by the member's present zone and day start.
CREATE OR REPLACE FUNCTION app.streak_ends_at(
  member uuid, last_date date, last_zone text, last_start time, stock integer, zone text, day_start time
) RETURNS timestamptz LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  -- What a move forgives may grow by a day when one of the zones changes its clocks: look that much further.
  margin CONSTANT integer := CASE WHEN zone = last_zone AND day_start = last_start THEN 0 ELSE 1 END;
  day date := last_date;
  reach date;
  missed integer;
BEGIN
  LOOP
    day := day + 1;
    missed := app.open_days(member, last_date, last_zone, last_start, day, zone, day_start);
    IF missed <= stock THEN
      reach := day;
    END IF;
    EXIT WHEN missed > stock + margin;
  END LOOP;
  RETURN app.day_begins_at(reach + 1, zone, day_start);
END
$$;

-- What the member's user_stats row should hold; no row where there is none. A streak that is over but not yet closed by
-- the hourly statement is not stale.
CREATE OR REPLACE FUNCTION app.streak_standing(member uuid) RETURNS TABLE (
  current_streak integer, longest_streak integer, rest_stock smallint, strength double precision,
  last_checkin_date date, streak_ends_at timestamptz, is_stale boolean
) LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  stored record;
  last record;
  is_over boolean;
BEGIN
  SELECT s.*, coalesce(p.timezone, 'UTC') AS zone, coalesce(p.day_start, '00:00') AS day_start INTO stored
    FROM public.user_stats s LEFT JOIN public.user_profiles p ON p.user_id = s.user_id WHERE s.user_id = member;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  SELECT c.checkin_date, c.timezone, c.day_start, c.streak_count, c.rest_stock, c.strength INTO last
    FROM public.daily_checkins c WHERE c.user_id = member ORDER BY c.checkin_date DESC LIMIT 1;
  last_checkin_date := last.checkin_date;
  rest_stock := coalesce(last.rest_stock, 0);
  strength := coalesce(last.strength, 0);
  SELECT coalesce(max(c.streak_count), 0) INTO longest_streak FROM public.daily_checkins c WHERE c.user_id = member;
  IF last_checkin_date IS NOT NULL THEN
    streak_ends_at := app.streak_ends_at(
      member, last.checkin_date, last.timezone, last.day_start, rest_stock, stored.zone, stored.day_start);
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

-- Rewrites what differs, from a date on, and the member's standing; returns the number of rows that did.
CREATE OR REPLACE FUNCTION app.recompute_streak(member uuid, from_date date DEFAULT '-infinity') RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  changed integer;
  restated integer;
BEGIN
  -- Two writes of one member take turns: the second reads what the first has committed.
  PERFORM FROM public.user_stats s WHERE s.user_id = member FOR NO KEY UPDATE;
  UPDATE public.daily_checkins c
    SET streak_count = r.streak_count, rest_stock = r.rest_stock, strength = r.strength
    FROM app.streak_rows(member, from_date) r WHERE r.is_stale AND c.id = r.id;
  GET DIAGNOSTICS changed = ROW_COUNT;
  UPDATE public.user_stats s
    SET current_streak = n.current_streak, longest_streak = n.longest_streak, rest_stock = n.rest_stock,
        strength = n.strength, last_checkin_date = n.last_checkin_date, streak_ends_at = n.streak_ends_at
    FROM app.streak_standing(member) n WHERE n.is_stale AND s.user_id = member;
  GET DIAGNOSTICS restated = ROW_COUNT;
  RETURN changed + restated;
END
$$;

-- The strength to show at a moment: every whole day since the last check-in that nothing protected has weakened it.
CREATE OR REPLACE FUNCTION app.strength_at(member uuid, moment timestamptz DEFAULT now()) RETURNS double precision
  LANGUAGE sql STABLE SET search_path = '' AS $$
  SELECT c.strength * power(power(0.5::double precision, 1 / 13::double precision),
                            CASE WHEN d.missed <= c.rest_stock THEN 0 ELSE LEAST(d.missed, 1000) END)
  FROM public.user_profiles p
  CROSS JOIN LATERAL (
    SELECT * FROM public.daily_checkins c WHERE c.user_id = p.user_id ORDER BY c.checkin_date DESC LIMIT 1
  ) c
  CROSS JOIN LATERAL app.open_days(
    p.user_id, c.checkin_date, c.timezone, c.day_start,
    app.local_date(moment, p.timezone, p.day_start), p.timezone, p.day_start
  ) AS d (missed)
  WHERE p.user_id = member
$$;

-- Triggers ---------------------------------------------------------------------------------------------------------

-- Whether the statement comes from a signed-in member; staff, workers and fixtures may write history. Members have no
-- right to change a date once it is stored, so that the guards below stand at INSERT alone.
CREATE OR REPLACE FUNCTION app.acts_as_member() RETURNS boolean LANGUAGE sql STABLE
  RETURN current_setting('role') = 'nrghax_member';

CREATE OR REPLACE FUNCTION app.guard_checkin() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  today date := app.local_date(clock_timestamp(), NEW.timezone, NEW.day_start);
BEGIN
  IF app.acts_as_member() AND NEW.checkin_date NOT BETWEEN today - 2 AND today THEN
    RAISE EXCEPTION 'A check-in is for today or one of the two days before it.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'daily_checkin_within_reach', TABLE = 'daily_checkins';
  END IF;
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION app.guard_rest_day() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  monday date := date_trunc('week', NEW.rest_date::timestamp)::date;
  today date;
BEGIN
  IF NOT app.acts_as_member() THEN
    RETURN NEW;
  END IF;
  -- The same lock as the streak's: of two plans at once for one week the second counts the first.
  PERFORM FROM public.user_stats s WHERE s.user_id = NEW.user_id FOR NO KEY UPDATE;
  SELECT app.local_date(clock_timestamp(), p.timezone, p.day_start) INTO today
    FROM public.user_profiles p WHERE p.user_id = NEW.user_id;
  IF NEW.rest_date <= today THEN
    RAISE EXCEPTION 'A rest day is planned ahead.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'rest_day_planned_ahead', TABLE = 'rest_days';
  END IF;
  IF 2 <= (SELECT count(*) FROM public.rest_days r
           WHERE r.user_id = NEW.user_id AND r.rest_date BETWEEN monday AND monday + 6) THEN
    RAISE EXCEPTION 'At most two rest days a week.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'rest_day_two_a_week', TABLE = 'rest_days';
  END IF;
  RETURN NEW;
END
$$;

-- An erased member's rows are gone with the member: nothing is left to compute, and the join finds nobody.
CREATE OR REPLACE FUNCTION app.calculate_streak() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM app.recompute_streak(m.id, LEAST(OLD.checkin_date, NEW.checkin_date))
    FROM public.users m WHERE m.id IN (OLD.user_id, NEW.user_id);
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION app.recompute_streak_around_rest_day() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM app.recompute_streak(m.id, LEAST(OLD.rest_date, NEW.rest_date))
    FROM public.users m WHERE m.id IN (OLD.user_id, NEW.user_id);
  RETURN NULL;
END
$$;

-- A new zone or day start judges no stored day again; it only moves the end of the day that is open.
CREATE OR REPLACE FUNCTION app.restate_streak() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM app.recompute_streak(NEW.user_id, 'infinity');
  RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS daily_checkin_guard ON public.daily_checkins;
CREATE TRIGGER daily_checkin_guard BEFORE INSERT ON public.daily_checkins
  FOR EACH ROW EXECUTE FUNCTION app.guard_checkin();

DROP TRIGGER IF EXISTS daily_checkin_streak ON public.daily_checkins;
CREATE TRIGGER daily_checkin_streak AFTER INSERT OR DELETE OR UPDATE OF user_id, checkin_date, timezone, day_start
  ON public.daily_checkins FOR EACH ROW EXECUTE FUNCTION app.calculate_streak();

DROP TRIGGER IF EXISTS rest_day_guard ON public.rest_days;
CREATE TRIGGER rest_day_guard BEFORE INSERT ON public.rest_days
  FOR EACH ROW EXECUTE FUNCTION app.guard_rest_day();

DROP TRIGGER IF EXISTS rest_day_streak ON public.rest_days;
CREATE TRIGGER rest_day_streak AFTER INSERT OR DELETE OR UPDATE OF user_id, rest_date
  ON public.rest_days FOR EACH ROW EXECUTE FUNCTION app.recompute_streak_around_rest_day();

DROP TRIGGER IF EXISTS user_profile_streak ON public.user_profiles;
CREATE TRIGGER user_profile_streak AFTER UPDATE OF timezone, day_start ON public.user_profiles FOR EACH ROW
  WHEN ((OLD.timezone, OLD.day_start) IS DISTINCT FROM (NEW.timezone, NEW.day_start))
  EXECUTE FUNCTION app.restate_streak();

REVOKE ALL ON FUNCTION
  app.open_days(uuid, date, text, time, date, text, time), app.streak_rows(uuid, date),
  app.streak_ends_at(uuid, date, text, time, integer, text, time), app.streak_standing(uuid),
  app.recompute_streak(uuid, date), app.strength_at(uuid, timestamptz), app.acts_as_member(), app.guard_checkin(),
  app.guard_rest_day(), app.calculate_streak(), app.recompute_streak_around_rest_day(), app.restate_streak()
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  app.open_days(uuid, date, text, time, date, text, time), app.strength_at(uuid, timestamptz)
  TO nrghax_member, nrghax_worker;
GRANT EXECUTE ON FUNCTION
  app.streak_rows(uuid, date), app.streak_ends_at(uuid, date, text, time, integer, text, time),
  app.streak_standing(uuid), app.recompute_streak(uuid, date)
  TO nrghax_worker;
