-- Totals that others see: of those who show themselves, and whose account is open. Visitors see the longest streak, on
-- the page of whoever has a public one and hides no streaks.
DROP POLICY member_visible ON user_stats;
CREATE POLICY member_visible ON user_stats FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = user_stats.user_id AND is_active AND privacy_settings @> '{"leaderboard_visible": true}'
  )
);
CREATE POLICY anon_public ON user_stats FOR SELECT TO nrghax_anon USING (
  EXISTS (
    SELECT FROM users JOIN user_profiles ON user_profiles.user_id = users.id
    WHERE users.id = user_stats.user_id AND is_active AND NOT hide_streaks
      AND privacy_settings @> '{"profile_public": true, "leaderboard_visible": true}'
  )
);
GRANT SELECT (user_id, longest_streak) ON user_stats TO nrghax_anon;
