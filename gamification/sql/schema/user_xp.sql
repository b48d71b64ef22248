CALL app.protect('user_xp');
CALL app.track_updated_at('user_xp');
CREATE POLICY member_own ON user_xp FOR SELECT TO nrghax_member USING (user_id = (SELECT app.uid()));
-- Of those who show themselves, and whose account is open; what user_stats does.
CREATE POLICY member_visible ON user_xp FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = user_xp.user_id AND is_active AND privacy_settings @> '{"leaderboard_visible": true}'
  )
);
-- How much, and not since when: the hour at which a total grew would tell whose anonymous verification is rewarded then.
GRANT SELECT (user_id, category_id, xp_amount, level) ON user_xp TO nrghax_member;

-- The level beside them, where totals may be seen too; members read it already.
CREATE POLICY anon_public ON user_xp FOR SELECT TO nrghax_anon USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = user_xp.user_id AND is_active
      AND privacy_settings @> '{"profile_public": true, "leaderboard_visible": true}'
  )
);
GRANT SELECT (user_id, category_id, level) ON user_xp TO nrghax_anon;

-- What is earned comes from deeds: staff give nothing. They may erase a member, and with that the rows.
REVOKE INSERT, UPDATE ON user_xp FROM nrghax_staff;
