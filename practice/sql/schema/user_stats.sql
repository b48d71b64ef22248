-- Members read their own totals, and those of members who show their totals and do not hide streaks. Only triggers and
-- workers write them.
CALL app.protect('user_stats');
CALL app.track_updated_at('user_stats');
CREATE POLICY member_own ON user_stats FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));

-- Return true if the member hides streaks. The policy below needs it, because other members can't read a private
-- profile.
CREATE FUNCTION app.hides_streaks(member uuid) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
  AS $$ SELECT hide_streaks FROM public.user_profiles WHERE user_id = member $$;
GRANT EXECUTE ON FUNCTION app.hides_streaks(uuid) TO nrghax_member;
CREATE POLICY member_visible ON user_stats FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = user_stats.user_id AND is_active AND privacy_settings @> '{"leaderboard_visible": true}'
  )
  AND NOT app.hides_streaks(user_id)
);
-- Columns are granted, not the table, because that excludes the system column xmax: it changes with each lock on the
-- row, and would show whose reward a worker has just written.
GRANT SELECT (user_id, current_streak, longest_streak, rest_stock, strength, last_checkin_date, streak_ends_at, updated_at)
  ON user_stats TO nrghax_member;

-- Visitors read the longest streak of a member with a public profile who shows their totals and does not hide streaks.
CREATE POLICY anon_public ON user_stats FOR SELECT TO nrghax_anon USING (
  EXISTS (
    SELECT FROM users JOIN user_profiles ON user_profiles.user_id = users.id
    WHERE users.id = user_stats.user_id AND is_active AND NOT hide_streaks
      AND privacy_settings @> '{"profile_public": true, "leaderboard_visible": true}'
  )
);
GRANT SELECT (user_id, longest_streak) ON user_stats TO nrghax_anon;

-- Make the row of totals for a new member.
CREATE FUNCTION app.welcome_member() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    BEGIN
      INSERT INTO public.user_stats (user_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
      RETURN NULL;
    END
  $$;
CREATE TRIGGER welcome_member AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION app.welcome_member();
