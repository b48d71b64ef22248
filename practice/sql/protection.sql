CALL app.protect('practice_sessions');
CALL app.track_updated_at('practice_sessions');
CREATE POLICY member_own ON practice_sessions FOR ALL TO nrghax_member
  USING (user_id = (SELECT app.uid())) WITH CHECK (user_id = (SELECT app.uid()));
GRANT SELECT, INSERT, DELETE ON practice_sessions TO nrghax_member;
GRANT UPDATE (hack_id, started_at, ended_at, duration_seconds, feedback_score, notes, session_type, biometric_data,
              planned_seconds, paused_at, paused_seconds, last_seen_at, practice_date, timezone, day_start)
  ON practice_sessions TO nrghax_member;
-- Heart rate variability (RMSSD, ms). jsonb sorts every number apart from every text, list or object.
ALTER TABLE practice_sessions ADD CONSTRAINT practice_session_biometrics_known CHECK (
  biometric_data IS NULL
  OR (
    jsonb_typeof(biometric_data) = 'object'
    AND biometric_data <> '{}'
    AND biometric_data - ARRAY['hrv_before', 'hrv_after'] = '{}'
    AND COALESCE(biometric_data -> 'hrv_before', '5') BETWEEN '5'::jsonb AND '300'::jsonb
    AND COALESCE(biometric_data -> 'hrv_after', '5') BETWEEN '5'::jsonb AND '300'::jsonb
  )
);

CALL app.protect('daily_checkins');
CALL app.track_updated_at('daily_checkins');
CREATE POLICY member_own ON daily_checkins FOR ALL TO nrghax_member
  USING (user_id = (SELECT app.uid())) WITH CHECK (user_id = (SELECT app.uid()));
GRANT SELECT, INSERT, DELETE ON daily_checkins TO nrghax_member;
GRANT UPDATE (selected_hack_id, mood_before, mood_after, notes) ON daily_checkins TO nrghax_member;

CALL app.protect('rest_days');
CREATE POLICY member_own ON rest_days FOR ALL TO nrghax_member
  USING (user_id = (SELECT app.uid())) WITH CHECK (user_id = (SELECT app.uid()));
GRANT SELECT, INSERT, DELETE ON rest_days TO nrghax_member;

-- Totals: own, or of those who show themselves on leaderboards; written by triggers and workers alone.
CALL app.protect('user_stats');
CALL app.track_updated_at('user_stats');
CREATE POLICY member_own ON user_stats FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
CREATE POLICY member_visible ON user_stats FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = user_stats.user_id AND privacy_settings @> '{"leaderboard_visible": true}'
  )
);
GRANT SELECT ON user_stats TO nrghax_member;

CREATE FUNCTION app.welcome_member() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    BEGIN
      INSERT INTO public.user_stats (user_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
      RETURN NULL;
    END
  $$;
CREATE TRIGGER welcome_member AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION app.welcome_member();
INSERT INTO user_stats (user_id) SELECT id FROM users ON CONFLICT DO NOTHING;
