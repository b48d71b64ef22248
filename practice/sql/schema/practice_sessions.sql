-- Staff can't read notes, feedback and measurements.
CALL app.protect(
  'practice_sessions',
  'id, user_id, hack_id, started_at, ended_at, duration_seconds, is_group_session, session_type, planned_seconds,
   paused_at, paused_seconds, last_seen_at, practice_date, timezone, day_start, created_at, updated_at'
);
CALL app.track_updated_at('practice_sessions');
CREATE POLICY member_own ON practice_sessions FOR ALL TO nrghax_member
  USING (user_id = (SELECT app.uid())) WITH CHECK (user_id = (SELECT app.uid()));
GRANT SELECT, INSERT, DELETE ON practice_sessions TO nrghax_member;
GRANT UPDATE (hack_id, started_at, ended_at, duration_seconds, feedback_score, notes, session_type, biometric_data,
              planned_seconds, paused_at, paused_seconds, last_seen_at, practice_date, timezone, day_start)
  ON practice_sessions TO nrghax_member;


-- Return the mastery level for a number of practices: 0, or 1 to 5 from the 1st, 5th, 15th, 30th and 60th practice on.
CREATE FUNCTION app.mastery_level(practices bigint) RETURNS smallint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = ''
  AS $$ SELECT width_bucket(practices, ARRAY[1, 5, 15, 30, 60]::bigint[])::smallint $$;
GRANT EXECUTE ON FUNCTION app.mastery_level(bigint) TO nrghax_worker, nrghax_staff;

-- Return the totals of a member's finished sessions with a hack. The trigger and the nightly drift check share it.
CREATE FUNCTION app.practice_totals(member uuid, practised uuid)
  RETURNS TABLE (first_at timestamptz, last_at timestamptz, practices bigint, minutes bigint, days bigint)
  LANGUAGE sql STABLE SET search_path = ''
  AS $$
    SELECT min(started_at), max(started_at), count(*), COALESCE(sum(duration_seconds), 0) / 60,
           count(DISTINCT practice_date)
    FROM public.practice_sessions
    WHERE user_id = member AND hack_id = practised AND ended_at IS NOT NULL
  $$;
GRANT EXECUTE ON FUNCTION app.practice_totals(uuid, uuid) TO nrghax_worker;

-- Recompute a member's progress on a hack from the finished sessions. It does nothing if there is no progress row.
CREATE FUNCTION app.refresh_practice_progress(member uuid, practised uuid) RETURNS void
  LANGUAGE plpgsql SET search_path = ''
  AS $$
    BEGIN
      -- The lock comes before the sessions are read, so that each concurrent session is counted.
      PERFORM FROM public.user_hack_progress WHERE user_id = member AND hack_id = practised FOR NO KEY UPDATE;
      UPDATE public.user_hack_progress
        SET first_practiced_at = totals.first_at,
            last_practiced_at = totals.last_at,
            total_practice_count = totals.practices,
            total_practice_minutes = totals.minutes,
            days_active = totals.days,
            mastery_level = app.mastery_level(totals.practices)
        FROM app.practice_totals(member, practised) AS totals
        WHERE user_id = member AND hack_id = practised;
    END
  $$;
GRANT EXECUTE ON FUNCTION app.refresh_practice_progress(uuid, uuid) TO nrghax_worker;

-- Recompute the progress rows that a changed session belongs to, and make the row for a first finished session.
CREATE FUNCTION app.update_practice_progress() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    BEGIN
      IF TG_OP <> 'INSERT' AND OLD.ended_at IS NOT NULL THEN
        PERFORM app.refresh_practice_progress(OLD.user_id, OLD.hack_id);
      END IF;
      IF TG_OP <> 'DELETE' AND NEW.ended_at IS NOT NULL
         AND (TG_OP = 'INSERT' OR OLD.ended_at IS NULL OR (NEW.user_id, NEW.hack_id) <> (OLD.user_id, OLD.hack_id))
      THEN
        -- A deleted session makes no row, because its member may be deleted with it.
        INSERT INTO public.user_hack_progress (id, user_id, hack_id)
          VALUES (app.uuid7(), NEW.user_id, NEW.hack_id)
          ON CONFLICT (user_id, hack_id) DO NOTHING;
        PERFORM app.refresh_practice_progress(NEW.user_id, NEW.hack_id);
      END IF;
      RETURN NULL;
    END
  $$;
CREATE TRIGGER update_practice_progress
  AFTER INSERT OR DELETE OR UPDATE OF user_id, hack_id, started_at, ended_at, duration_seconds, practice_date
  ON practice_sessions
  FOR EACH ROW EXECUTE FUNCTION app.update_practice_progress();
