CALL app.protect('user_profiles');
CALL app.track_updated_at('user_profiles');
CREATE POLICY auth_read ON user_profiles FOR SELECT TO nrghax_auth USING (true);
CREATE POLICY member_own ON user_profiles FOR ALL TO nrghax_member
  USING (user_id = (SELECT app.uid())) WITH CHECK (user_id = (SELECT app.uid()));
CREATE POLICY member_public ON user_profiles FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = user_profiles.user_id AND is_active AND privacy_settings @> '{"profile_public": true}'
  )
);
CREATE POLICY anon_public ON user_profiles FOR SELECT TO nrghax_anon USING (
  EXISTS (
    SELECT FROM users
    WHERE users.id = user_profiles.user_id AND is_active AND privacy_settings @> '{"profile_public": true}'
  )
);
GRANT SELECT ON user_profiles TO nrghax_auth, nrghax_member;
-- Visitors read only the columns that a public page shows. The time zone and the day start stay private.
GRANT SELECT (user_id, bio, selected_path, hide_streaks) ON user_profiles TO nrghax_anon;
GRANT UPDATE (bio, timezone, day_start, selected_path, onboarding_completed, hide_streaks) ON user_profiles
  TO nrghax_member;
-- The callback from Discord runs as nrghax_auth and copies the Discord account into the profile.
CREATE POLICY auth_discord ON user_profiles FOR UPDATE TO nrghax_auth USING (true) WITH CHECK (true);
GRANT UPDATE (discord_id, discord_username, discord_discriminator) ON user_profiles TO nrghax_auth;
