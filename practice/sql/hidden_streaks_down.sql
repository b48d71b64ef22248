REVOKE SELECT (user_id, current_streak, longest_streak, rest_stock, strength, last_checkin_date, streak_ends_at, updated_at)
  ON user_stats FROM nrghax_member;
GRANT SELECT ON user_stats TO nrghax_member;
DROP POLICY member_visible ON user_stats;
CREATE POLICY member_visible ON user_stats FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = user_stats.user_id AND is_active AND privacy_settings @> '{"leaderboard_visible": true}'
  )
);
DROP FUNCTION app.hides_streaks(uuid);
