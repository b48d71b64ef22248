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

-- When the last day is over on which a check-in would still carry the streak on, by one clock of the member's, which
-- holds between two moments; null if no such day falls between them.
CREATE OR REPLACE FUNCTION app.streak_reach(
  member uuid, last_date date, last_zone text, last_start time, stock integer, zone text, day_start time,
  holds_from timestamptz, holds_until timestamptz
) RETURNS timestamptz LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  -- What a move forgives may grow by a day when one of the zones changes its clocks: look that much further.
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
    IF missed <= stock AND day_ends_at > holds_from AND app.day_begins_at(day, zone, day_start) < holds_until THEN
      reach := LEAST(day_ends_at, holds_until);
    END IF;
    EXIT WHEN missed > stock + margin;
  END LOOP;
  RETURN reach;
END
$$;

-- The same by all the clocks that the member is on: at home by the profile's, on each declared trip by its own.
CREATE OR REPLACE FUNCTION app.streak_ends_at(
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
  LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  last record;
  place record;
  missed integer;
BEGIN
  SELECT app.zone_of(member, moment, p.timezone, p.day_start) AS timezone, p.day_start INTO place
    FROM public.user_profiles p WHERE p.user_id = member;
  SELECT c.checkin_date, c.timezone, c.day_start, c.rest_stock, c.strength INTO last
    FROM public.daily_checkins c WHERE c.user_id = member ORDER BY c.checkin_date DESC LIMIT 1;
  missed := app.open_days(
    member, last.checkin_date, last.timezone, last.day_start,
    app.local_date(moment, place.timezone, place.day_start), place.timezone, place.day_start);
  RETURN last.strength * power(power(0.5::double precision, 1 / 13::double precision),
                               CASE WHEN missed <= last.rest_stock THEN 0 ELSE LEAST(missed, 1000) END);
END
$$;

-- The days between check-in a and check-in b that have none, each with what became of it: "dropped" by zone b's clocks,
-- a planned "rest", forgiven by "travel", paid by an "earned" rest day, or "missed". The order is that of the rules, and
-- app.open_days says how many are left for the stock. `is_alive` says that the streak goes on though the stock alone
-- would not suffice, as a move that is still to come will forgive the rest.
CREATE OR REPLACE FUNCTION app.days_without_checkin(
  member uuid, day_a date, zone_a text, start_a time, day_b date, zone_b text, start_b time, stock integer,
  is_alive boolean
) RETURNS TABLE (day date, kind text) LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  rests CONSTANT date[] := ARRAY(
    SELECT r.rest_date FROM public.rest_days r
    WHERE r.user_id = member AND r.rest_date > day_a AND r.rest_date < day_b);
  unpaid integer := app.open_days(member, day_a, zone_a, start_a, day_b, zone_b, start_b);
  is_broken CONSTANT boolean := unpaid > stock AND NOT is_alive;
  forgiven integer;
BEGIN
  IF is_alive THEN
    unpaid := LEAST(unpaid, stock);
  END IF;
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

-- The streak told day by day, for the days from `first_day` to `last_day` that a member has lived through by `moment`,
-- from the first check-in on: what counted, by what clock, and where streak, stock and strength stood after it. A day
-- with a check-in tells what its row holds. "today" has no check-in yet and is not over.
CREATE OR REPLACE FUNCTION app.streak_story(member uuid, first_day date, last_day date, moment timestamptz)
RETURNS TABLE (
  day date, kind text, zone text, day_start time, streak integer, rest_stock integer, strength double precision
) LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  memory CONSTANT double precision := power(0.5::double precision, 1 / 13::double precision);
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
        IF kind = 'earned' THEN
          rest_stock := rest_stock - 1;
        ELSIF kind = 'missed' THEN
          streak := 0;
          strength := strength * memory;
        END IF;
        CONTINUE WHEN day NOT BETWEEN first_day AND last_day;
        RETURN QUERY SELECT streak_story.day, streak_story.kind, entry.timezone::text, entry.day_start,
          streak_story.streak, streak_story.rest_stock, streak_story.strength;
      END LOOP;
    END IF;
    last_date := entry.checkin_date;
    zone := entry.timezone;
    day_start := entry.day_start;
    day := last_date;
    IF entry.is_done THEN
      kind := 'done';
      streak := entry.streak_count;
      rest_stock := entry.rest_stock;
      strength := entry.strength;
    ELSE
      kind := 'today';
    END IF;
    IF day BETWEEN first_day AND last_day THEN
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;

-- Triggers ---------------------------------------------------------------------------------------------------------

-- Whether the statement comes from a signed-in member; staff, workers and fixtures may write history. Members have no
-- right to change a date once it is stored, so that the guards below stand at INSERT alone.
CREATE OR REPLACE FUNCTION app.acts_as_member() RETURNS boolean LANGUAGE sql STABLE
  RETURN current_setting('role') = 'nrghax_member';

CREATE OR REPLACE FUNCTION app.today_of(member uuid) RETURNS date LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  moment CONSTANT timestamptz := clock_timestamp();
BEGIN
  RETURN (
    SELECT app.local_date(moment, app.zone_of(member, moment, p.timezone, p.day_start), p.day_start)
    FROM public.user_profiles p WHERE p.user_id = member
  );
END
$$;

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
  today := app.today_of(NEW.user_id);
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

-- What a rest day has protected stays protected; what is still to come may be given up.
CREATE OR REPLACE FUNCTION app.guard_rest_day_past() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF app.acts_as_member() AND OLD.rest_date <= app.today_of(OLD.user_id) THEN
    RAISE EXCEPTION 'A rest day that has begun stays.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'rest_day_past_stays', TABLE = 'rest_days';
  END IF;
  RETURN OLD;
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

DROP TRIGGER IF EXISTS rest_day_past_guard ON public.rest_days;
CREATE TRIGGER rest_day_past_guard BEFORE DELETE ON public.rest_days
  FOR EACH ROW EXECUTE FUNCTION app.guard_rest_day_past();

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
  app.streak_reach(uuid, date, text, time, integer, text, time, timestamptz, timestamptz),
  app.days_without_checkin(uuid, date, text, time, date, text, time, integer, boolean),
  app.streak_story(uuid, date, date, timestamptz), app.today_of(uuid),
  app.recompute_streak(uuid, date), app.strength_at(uuid, timestamptz), app.acts_as_member(), app.guard_checkin(),
  app.guard_rest_day(), app.guard_rest_day_past(), app.calculate_streak(), app.recompute_streak_around_rest_day(), app.restate_streak()
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  app.open_days(uuid, date, text, time, date, text, time), app.strength_at(uuid, timestamptz),
  app.days_without_checkin(uuid, date, text, time, date, text, time, integer, boolean),
  app.streak_story(uuid, date, date, timestamptz)
  TO nrghax_member, nrghax_worker;
GRANT EXECUTE ON FUNCTION
  app.streak_reach(uuid, date, text, time, integer, text, time, timestamptz, timestamptz),
  app.streak_rows(uuid, date), app.streak_ends_at(uuid, date, text, time, integer, text, time),
  app.streak_standing(uuid), app.recompute_streak(uuid, date)
  TO nrghax_worker;
