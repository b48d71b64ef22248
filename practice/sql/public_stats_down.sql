REVOKE SELECT (user_id, longest_streak) ON user_stats FROM nrghax_anon;
DROP POLICY anon_public ON user_stats;
DROP POLICY member_visible ON user_stats;
CREATE POLICY member_visible ON user_stats FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = user_stats.user_id AND privacy_settings @> '{"leaderboard_visible": true}'
  )
);
