GRANT UPDATE (avatar_url) ON users TO nrghax_member;
REVOKE SELECT (user_id, bio, selected_path, hide_streaks) ON user_profiles FROM nrghax_anon;
DROP POLICY anon_public ON user_profiles;
DROP POLICY member_public ON user_profiles;
CREATE POLICY member_public ON user_profiles FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM users WHERE users.id = user_profiles.user_id AND privacy_settings @> '{"profile_public": true}'
  )
);
DROP POLICY anon_public ON users;
CREATE POLICY anon_public ON users FOR SELECT TO nrghax_anon
  USING (privacy_settings @> '{"profile_public": true}');
DROP TRIGGER withdraw_member ON accounts_user;
DROP FUNCTION app.withdraw_member();
