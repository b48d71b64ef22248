-- Whoever hides streaks shows none to other members either. Answers yes or no, as profiles are not everybody's to read.
CREATE FUNCTION app.hides_streaks(member uuid) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
  AS $$ SELECT hide_streaks FROM public.user_profiles WHERE user_id = member $$;
GRANT EXECUTE ON FUNCTION app.hides_streaks(uuid) TO nrghax_member;

DROP POLICY member_visible ON user_stats;
CREATE POLICY member_visible ON user_stats FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = user_stats.user_id AND is_active AND privacy_settings @> '{"leaderboard_visible": true}'
  )
  AND NOT app.hides_streaks(user_id)
);

-- Column by column, which leaves out the system's own: a lock on the row tells whose reward a worker has just written.
REVOKE SELECT ON user_stats FROM nrghax_member;
GRANT SELECT (user_id, current_streak, longest_streak, rest_stock, strength, last_checkin_date, streak_ends_at, updated_at)
  ON user_stats TO nrghax_member;
