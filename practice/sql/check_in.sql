-- A member's first check-in of a local day with its activity, in one round trip; returns where the streak stands after it,
-- and no row where the day has a check-in already.
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
  -- A statement of its own, which sees what the check-in's trigger has written.
  RETURN QUERY SELECT s.current_streak, s.streak_ends_at FROM public.user_stats s WHERE s.user_id = member;
END
$$;

REVOKE ALL ON FUNCTION app.check_in(uuid, date, text, time, uuid, smallint, smallint, uuid, text, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.check_in(uuid, date, text, time, uuid, smallint, smallint, uuid, text, uuid, text)
  TO nrghax_member, nrghax_worker;
