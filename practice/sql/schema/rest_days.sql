CALL app.protect('rest_days');
CREATE POLICY member_own ON rest_days FOR ALL TO nrghax_member
  USING (user_id = (SELECT app.uid())) WITH CHECK (user_id = (SELECT app.uid()));
GRANT SELECT, INSERT, DELETE ON rest_days TO nrghax_member;

-- Refuse a member's rest day that is not in the future, or a third one in a week from Monday to Sunday.
CREATE FUNCTION app.guard_rest_day() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  monday date := date_trunc('week', NEW.rest_date::timestamp)::date;
  today date;
BEGIN
  IF NOT app.acts_as_member() THEN
    RETURN NEW;
  END IF;
  -- The lock of app.recompute_streak: concurrent plans of one member take turns, so that each counts those before.
  PERFORM FROM public.user_stats s WHERE s.user_id = NEW.user_id FOR NO KEY UPDATE;
  today := app.date_of(NEW.user_id, clock_timestamp());
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
CREATE TRIGGER rest_day_guard BEFORE INSERT ON rest_days
  FOR EACH ROW EXECUTE FUNCTION app.guard_rest_day();

-- Refuse to let a member delete a rest day that has begun.
CREATE FUNCTION app.guard_rest_day_past() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF app.acts_as_member() AND OLD.rest_date <= app.date_of(OLD.user_id, clock_timestamp()) THEN
    RAISE EXCEPTION 'A rest day that has begun stays.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'rest_day_past_stays', TABLE = 'rest_days';
  END IF;
  RETURN OLD;
END
$$;
CREATE TRIGGER rest_day_past_guard BEFORE DELETE ON rest_days
  FOR EACH ROW EXECUTE FUNCTION app.guard_rest_day_past();

-- Recompute the member's streak from the earliest rest day that changed.
CREATE FUNCTION app.recompute_streak_around_rest_day() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM app.recompute_streak(m.id, LEAST(OLD.rest_date, NEW.rest_date))
    FROM public.users m WHERE m.id IN (OLD.user_id, NEW.user_id);
  RETURN NULL;
END
$$;
CREATE TRIGGER rest_day_streak AFTER INSERT OR DELETE OR UPDATE OF user_id, rest_date
  ON rest_days FOR EACH ROW EXECUTE FUNCTION app.recompute_streak_around_rest_day();
