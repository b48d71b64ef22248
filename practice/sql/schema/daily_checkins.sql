-- Staff can't read moods and notes.
CALL app.protect(
  'daily_checkins',
  'id, user_id, checkin_date, timezone, day_start, streak_count, rest_stock, strength, selected_hack_id,
   created_at, updated_at'
);
CALL app.track_updated_at('daily_checkins');
CREATE POLICY member_own ON daily_checkins FOR ALL TO nrghax_member
  USING (user_id = (SELECT app.uid())) WITH CHECK (user_id = (SELECT app.uid()));
GRANT SELECT, INSERT, DELETE ON daily_checkins TO nrghax_member;
GRANT UPDATE (selected_hack_id, mood_before, mood_after, notes) ON daily_checkins TO nrghax_member;

-- Refuse a member's check-in for a day other than today and the two days before.
CREATE FUNCTION app.guard_checkin() RETURNS trigger
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
CREATE TRIGGER daily_checkin_guard BEFORE INSERT ON daily_checkins
  FOR EACH ROW EXECUTE FUNCTION app.guard_checkin();

-- Recompute the member's streak from the earliest date that changed.
CREATE FUNCTION app.calculate_streak() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  -- The query on users finds no row, and computes nothing, when the check-in is deleted with its member.
  PERFORM app.recompute_streak(m.id, LEAST(OLD.checkin_date, NEW.checkin_date))
    FROM public.users m WHERE m.id IN (OLD.user_id, NEW.user_id);
  RETURN NULL;
END
$$;
CREATE TRIGGER daily_checkin_streak AFTER INSERT OR DELETE OR UPDATE OF user_id, checkin_date, timezone, day_start
  ON daily_checkins FOR EACH ROW EXECUTE FUNCTION app.calculate_streak();

-- Insert a member's check-in of a local day and its activity in one round trip, and return the streak after it. Return
-- no row if the day has a check-in already.
CREATE FUNCTION app.check_in(
  member uuid, day date, zone text, day_start time, checkin_id uuid, mood_before smallint, mood_after smallint,
  selected_hack_id uuid, notes text, activity_id uuid, activity text
) RETURNS TABLE (current_streak integer, streak_ends_at timestamptz)
  LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  INSERT INTO public.daily_checkins (
    id, user_id, checkin_date, timezone, day_start, streak_count, rest_stock, strength, selected_hack_id, mood_before,
    mood_after, notes
  ) VALUES (
    checkin_id, member, day, zone, day_start, 1, 0, 0, selected_hack_id, mood_before, mood_after, notes
  ) ON CONFLICT (user_id, checkin_date) DO NOTHING;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  INSERT INTO public.user_activity_logs (id, user_id, activity_type, activity_data, created_at) VALUES (
    activity_id, member, activity, jsonb_build_object('checkin_id', checkin_id, 'date', day, 'is_new', true), now());
  -- A separate statement, so that it sees the rows that the check-in's trigger has written.
  RETURN QUERY SELECT s.current_streak, s.streak_ends_at FROM public.user_stats s WHERE s.user_id = member;
END
$$;
GRANT EXECUTE ON FUNCTION app.check_in(uuid, date, text, time, uuid, smallint, smallint, uuid, text, uuid, text)
  TO nrghax_member, nrghax_worker;
