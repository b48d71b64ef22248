CALL app.protect('user_xp');
CALL app.track_updated_at('user_xp');
CREATE POLICY member_own ON user_xp FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
-- Members read the totals of members with an open account who show them, as in user_stats.
CREATE POLICY member_visible ON user_xp FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = user_xp.user_id AND is_active AND privacy_settings @> '{"leaderboard_visible": true}'
  )
);
-- `updated_at` is not granted: the hour at which a total grew could reveal the author of an anonymous submission.
GRANT SELECT (user_id, category_id, xp_amount, level) ON user_xp TO nrghax_member;

-- Visitors read the level of a member with a public profile who shows their totals.
CREATE POLICY anon_public ON user_xp FOR SELECT TO nrghax_anon USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = user_xp.user_id AND is_active
      AND privacy_settings @> '{"profile_public": true, "leaderboard_visible": true}'
  )
);
GRANT SELECT (user_id, category_id, level) ON user_xp TO nrghax_anon;

-- Staff can't give XP. They may delete these rows, because erasing a member does.
REVOKE INSERT, UPDATE ON user_xp FROM nrghax_staff;
