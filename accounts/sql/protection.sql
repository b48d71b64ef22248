-- Credentials, sessions and Django's own tables: for allauth's pages and staff only.
CALL app.protect('accounts_user');
CALL app.protect('accounts_user_groups');
CALL app.protect('accounts_user_user_permissions');
CALL app.protect('account_emailaddress');
CALL app.protect('account_emailconfirmation');
CALL app.protect('django_session');
CALL app.protect('django_admin_log');

CREATE POLICY auth_all ON accounts_user FOR ALL TO nrghax_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON accounts_user TO nrghax_auth;
GRANT UPDATE (email, password, last_login) ON accounts_user TO nrghax_auth;
CREATE POLICY auth_all ON account_emailaddress FOR ALL TO nrghax_auth USING (true) WITH CHECK (true);
CREATE POLICY auth_all ON account_emailconfirmation FOR ALL TO nrghax_auth USING (true) WITH CHECK (true);
CREATE POLICY auth_all ON django_session FOR ALL TO nrghax_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON account_emailaddress, account_emailconfirmation, django_session
  TO nrghax_auth;

-- A newcomer is never made staff by a page of allauth, whatever its form is sent.
CREATE POLICY auth_makes_no_staff ON accounts_user AS RESTRICTIVE FOR INSERT TO nrghax_auth
  WITH CHECK (NOT is_staff AND NOT is_superuser);

GRANT SELECT ON auth_permission, auth_group, auth_group_permissions, django_content_type TO nrghax_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON auth_permission, auth_group, auth_group_permissions, django_content_type
  TO nrghax_staff;
GRANT SELECT ON django_migrations TO nrghax_anon, nrghax_staff, nrghax_worker;

-- The card: everybody signed in may join to it; visitors see those who chose a public profile.
CALL app.protect('users');
CALL app.track_updated_at('users');
CREATE POLICY auth_read ON users FOR SELECT TO nrghax_auth USING (true);
CREATE POLICY member_read ON users FOR SELECT TO nrghax_member USING (true);
CREATE POLICY member_own ON users FOR UPDATE TO nrghax_member
  USING (id = (SELECT app.uid())) WITH CHECK (id = (SELECT app.uid()));
CREATE POLICY anon_public ON users FOR SELECT TO nrghax_anon
  USING (privacy_settings @> '{"profile_public": true}');
GRANT SELECT ON users TO nrghax_auth, nrghax_member, nrghax_anon;
GRANT UPDATE (username, display_name, avatar_url, privacy_settings) ON users TO nrghax_member;
ALTER TABLE users ADD CONSTRAINT users_privacy_settings_are_switches CHECK (
  jsonb_typeof(privacy_settings -> 'leaderboard_visible') = 'boolean'
  AND jsonb_typeof(privacy_settings -> 'profile_public') = 'boolean'
);

CALL app.protect('user_profiles');
CALL app.track_updated_at('user_profiles');
CREATE POLICY auth_read ON user_profiles FOR SELECT TO nrghax_auth USING (true);
CREATE POLICY member_own ON user_profiles FOR ALL TO nrghax_member
  USING (user_id = (SELECT app.uid())) WITH CHECK (user_id = (SELECT app.uid()));
CREATE POLICY member_public ON user_profiles FOR SELECT TO nrghax_member USING (
  EXISTS (
    SELECT FROM users WHERE users.id = user_profiles.user_id AND privacy_settings @> '{"profile_public": true}'
  )
);
GRANT SELECT ON user_profiles TO nrghax_auth, nrghax_member;
GRANT UPDATE (bio, timezone, day_start, selected_path, onboarding_completed) ON user_profiles TO nrghax_member;

-- Member and profile come with every user, however the user came (form, admin, createsuperuser, fixture).
CREATE FUNCTION app.welcome_user() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
  AS $$
    BEGIN
      INSERT INTO public.users (id, username, display_name, avatar_url, privacy_settings, graduation_status)
        VALUES (
          NEW.id,
          'member_' || right(replace(NEW.id::text, '-', ''), 16),
          'New member',
          '',
          '{"leaderboard_visible": false, "profile_public": false}',
          'active'
        );
      INSERT INTO public.user_profiles
          (user_id, bio, timezone, day_start, selected_path, discord_username, discord_discriminator,
           onboarding_completed)
        VALUES (NEW.id, '', 'UTC', '00:00', '', '', '', false);
      RETURN NULL;
    END
  $$;
CREATE TRIGGER welcome_user AFTER INSERT ON accounts_user FOR EACH ROW EXECUTE FUNCTION app.welcome_user();
